"""Tables, migrations and queries, one module for each noun; and the store that keeps audio files."""
