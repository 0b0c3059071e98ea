"""Predicts, from a question and the answers so far, how the last one fares: its error mode, and how surely it is right."""
