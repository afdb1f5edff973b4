"""Does the agent do what people ask for: user stories, judged by what stands in the database and what was said."""
