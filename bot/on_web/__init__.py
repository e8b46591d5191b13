"""Minstrel over HTTP: the API."""
