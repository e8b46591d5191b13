"""The tasks of the network behind the GPU engine, by the names that it was trained with."""

from __future__ import annotations

from typing import Literal

ModelTask = Literal["text2music", "cover", "repaint", "extract", "lego", "complete"]
