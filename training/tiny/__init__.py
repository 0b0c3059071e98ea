"""How the embedded model is made: its world, its training and its evaluation. Not part of the installed package."""

import os

# Threads that wait by spinning halve the speed of a machine that has other work; read when torch is imported, so set before.
os.environ.setdefault("GOMP_SPINCOUNT", "0")
