"""Song challenges, which run themselves."""
