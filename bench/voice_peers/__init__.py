"""Who else sings: each in a process of its own, on the same lines and notes."""
