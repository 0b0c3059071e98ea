"""The kinds of validators, one file each."""
