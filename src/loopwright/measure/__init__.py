"""Statistics without I/O: what can be said of a mean or a share from what was counted."""
