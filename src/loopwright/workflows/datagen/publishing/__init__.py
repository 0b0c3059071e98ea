"""A dataset as others want it: a folder for the Hugging Face Hub with its card, conversations to fine-tune on, provenance."""
