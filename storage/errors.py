"""What can go wrong beneath every query."""

from __future__ import annotations


class DatabaseBusy(Exception):
    """Somebody else kept the database locked for too long; nothing was written, and the same call may work later."""


class StorageFull(Exception):
    """The disk is full; nothing was written."""
