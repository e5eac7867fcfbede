"""How long steps tell where they are, and how they are stopped."""

from __future__ import annotations

from collections.abc import Callable

# Called with a fraction from 0 to 1 and a few words. It may raise errors.Cancelled.
Progress = Callable[[float, str], None]


def silent(fraction: float, words: str) -> None:
    """The progress of a caller who does not want to know."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """A progress that runs from 0 to 1 while `progress` runs from start to end."""

    def inner(fraction: float, words: str) -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), words)

    return inner


def forward(progress: Progress) -> Progress:
    """A progress that never runs backwards, where two steps at once report to it."""
    reached = 0.0

    def inner(fraction: float, words: str) -> None:
        nonlocal reached
        reached = max(reached, fraction)
        progress(reached, words)

    return inner
