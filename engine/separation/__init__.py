"""Stems of sound that was mixed elsewhere: estimates, and how good they are is said with them."""
