"""The terminal: a person or a script at a shell. Its channel is a folder."""
