"""The run store: one SQLite file per run, one writer, any number of readers, and what is derived from it."""
