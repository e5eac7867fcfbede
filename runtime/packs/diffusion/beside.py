"""Two answers worked out at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def both(one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
    """What the two give, the first of them on this thread and the other on one that ends with this call.

    What either raises comes through when both have ended; where both raise, the first one's.
    """
    with ThreadPoolExecutor(1, "beside") as thread:
        later = thread.submit(other)
        return one(), later.result()
