"""Recipes: plans of several songs, written as YAML by whoever runs the house."""
