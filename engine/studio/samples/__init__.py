"""Loops and single hits."""

from engine.studio.samples.order import idle_in, plan, render, settled, with_idle

__all__ = ["idle_in", "plan", "render", "settled", "with_idle"]
