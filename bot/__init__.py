"""The surfaces: they parse a command, call one use case, and render one outcome. They hold no rule."""
