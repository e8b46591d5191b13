"""The writer: lyrics for a request that brings none."""
