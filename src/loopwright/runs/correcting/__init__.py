"""The workflow `correction` from Python, by the names that its users know: a thin door, behind which is an ordinary run."""
