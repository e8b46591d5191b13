"""The same samples whatever the number of threads."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")


def steady(work: Callable[P, T]) -> Callable[P, T]:
    """`work` on one thread.

    Where threads cut an array apart, the last numbers of each part are worked out without wide registers: on some
    processors those round the last bit otherwise.
    """

    @wraps(work)
    def alone(*args: P.args, **kwargs: P.kwargs) -> T:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return work(*args, **kwargs)
        finally:
            torch.set_num_threads(before)

    return alone
