"""Runs: songs that are asked for together, as a batch or by a recipe, and finished together."""
