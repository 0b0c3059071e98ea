"""From what a user has (seeds, a JSON Schema, a sentence) to a recipe: what is inferred, what is asked, what is written."""
