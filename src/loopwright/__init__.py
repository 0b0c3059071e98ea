"""LLM loops that learn while they run."""
