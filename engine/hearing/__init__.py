"""What can be made out in sound whose score nobody has: both engines listen with it. Needs no weights."""
