"""One file per way to check answers."""
