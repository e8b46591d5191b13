"""The HTTP API, in the words of the two reference APIs (rows A to E and G of the reference)."""
