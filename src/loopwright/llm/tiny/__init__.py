"""The embedded model: a very small language model of our own, run in numpy. It knows its own little world, nothing else."""
