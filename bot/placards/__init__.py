"""The bulletins in words: one module for each thing they are about."""
