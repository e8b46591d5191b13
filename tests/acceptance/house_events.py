"""What may happen to a house, how often, and with which values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from storage.claims import UNLIMITED

LEASE_MS = 50
LATER_MS = 30
MINUTE_MS = 60_000

CRASHES = (False,) * 7 + (True,)
RECENT = (0, 1, 2, 3)
PRICES = (0, 0, 5, 20)
WHO = (0, 1, 2)
LIMITS = (UNLIMITED, 1, 2)

# What may happen, how often, and with which values. The common ones come more often.
CHANCES: tuple[tuple[str, int, dict[str, tuple[Any, ...]]], ...] = (
    (
        "submit",
        5,
        {
            "who": WHO,
            "price": PRICES,
            "key": (None, None, "a", "b"),
            "priority": (0, 0, 5),
            "server": (None, "s", "s", "s", "t"),
            "parked": (False, False, False, True),
            "crash": CRASHES,
        },
    ),
    ("claim", 8, {"most": (1, 2, 3), "per_user": LIMITS, "per_server": LIMITS, "crash": CRASHES}),
    ("finish", 4, {"pick": RECENT, "crash": CRASHES}),
    ("fail", 3, {"pick": RECENT, "crash": CRASHES}),
    ("stop", 1, {"pick": RECENT, "crash": CRASHES}),
    ("postpone", 1, {"pick": RECENT, "crash": CRASHES}),
    ("hand_back", 1, {"pick": RECENT, "crash": CRASHES}),
    ("heartbeat", 2, {"pick": RECENT, "wait": (0, 10, LATER_MS), "crash": CRASHES}),
    ("rescue", 3, {"wait": (0, 0, LATER_MS, LEASE_MS), "crash": CRASHES}),
    ("cancel", 2, {"pick": RECENT, "crash": CRASHES}),
    ("retry", 3, {"pick": RECENT, "crash": CRASHES}),
    ("review", 3, {"pick": RECENT, "approved": (True, False), "crash": CRASHES}),
    ("settle_again", 1, {"pick": RECENT}),
    (
        "move",
        3,
        {
            "kind": ("grant", "gift", "gift", "revoke"),
            "who": WHO,
            "whom": (1, 2),
            "amount": (1, 7, 40),
            "key": ("k", "m", "n", "o", "p", "q"),
            "crash": CRASHES,
        },
    ),
    ("turn", 2, {"state": ("open", "open", "open", "open", "paused", "draining"), "crash": CRASHES}),
    ("jump", 1, {"by": (-10, -1, 1, 10)}),
    ("deliver", 3, {"limit": (1, 2, 3), "fate": ("sent", "sent", "lost", "later"), "crash": CRASHES}),
    ("intrude", 1, {}),
    ("restart", 1, {}),
)
VALUES = {name: values for name, _, values in CHANCES}
OFTEN = tuple(name for name, often, _ in CHANCES for _ in range(often))
Event = tuple[str, dict[str, Any]]


def _event(name: str) -> st.SearchStrategy[Event]:
    drawn = {value: st.sampled_from(choices) for value, choices in VALUES[name].items()}
    return st.tuples(st.just(name), st.fixed_dictionaries(drawn))


# One rule for all of them, because Hypothesis leaves out some rules in each run, and a house without claims, or without
# requests, has nothing to show.
EVENTS = st.sampled_from(OFTEN).flatmap(_event)
