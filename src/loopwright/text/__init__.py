"""What can be seen of texts without asking a model: words, near duplicates, embeddings, how diverse many of them are."""
