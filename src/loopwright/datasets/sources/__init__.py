"""One file per source of examples."""
