"""Whether a failed attempt is tried again, and when: a decision, not an action."""

from __future__ import annotations

from workflows.limits import Limits


def decide(limits: Limits, *, code: str, permanent: bool, attempt: int) -> int | None:
    """Milliseconds to wait before the next attempt, or None to give up. `attempt` counts from 1.

    How long depends on what went wrong: an engine that crashed may work at once, a full disk takes somebody's help.
    """
    if permanent or attempt >= limits.attempts:
        return None
    waits = limits.back_off.get(code, limits.back_off_s)
    return int(waits[min(attempt, len(waits)) - 1] * 1000)
