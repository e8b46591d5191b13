"""Benchmarks. Each file prints a table; with `--json` the last line is one JSON object."""
