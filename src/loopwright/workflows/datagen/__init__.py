"""Adaptive data generation: from a recipe to a dataset of accepted rows."""
