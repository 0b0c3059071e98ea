"""The numbered steps that bring a store of any earlier version up to date; each is applied in one transaction."""
