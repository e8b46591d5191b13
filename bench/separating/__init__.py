"""Mixtures with known parts, and the fit of `engine.separation`'s exponents to them."""
