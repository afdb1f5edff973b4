"""The pages: conversation, labeling desk, results."""
