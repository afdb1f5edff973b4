"""The templates of the report and of the model card, shipped as package data."""
