"""The clients for what people link to: only on the public internet, and never too much of it."""

from __future__ import annotations

from workflows.fetch.client import Fetched, Fetcher
from workflows.fetch.post import Poster

__all__ = ["Fetched", "Fetcher", "Poster"]
