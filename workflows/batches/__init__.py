"""Batches: many commands from one file, read and judged as a whole before anything is asked for."""
