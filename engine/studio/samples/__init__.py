"""Loops and single hits."""

from engine.studio.samples.order import plan, render

__all__ = ["plan", "render"]
