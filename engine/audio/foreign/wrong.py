"""What can be wrong with a stranger's file."""

from __future__ import annotations


class Wrong(Exception):
    """`code` is one that `engine.pool.decoding` has an error for; `length` in seconds, where it is too long."""

    def __init__(self, code: str, cause: str = "", *, length: float | None = None) -> None:
        super().__init__(f"{code}: {cause}" if cause else code)
        self.code = code
        self.cause = cause
        self.length = length
