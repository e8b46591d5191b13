"""The one client that fetches what people link to: only from the public internet, only sound, never too much of it."""

from __future__ import annotations

from workflows.fetch.client import Fetched, Fetcher

__all__ = ["Fetched", "Fetcher"]
