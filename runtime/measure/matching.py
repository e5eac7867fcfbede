"""Times held against times. All lists rise; all are seconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

SLACK = 1e-9  # seconds: a distance that is the tolerance counts as met


def nearest(moment: float, times: Sequence[float]) -> float | None:
    if not len(times):
        return None
    at = bisect_left(times, moment)
    return min(times[max(at - 1, 0) : at + 1], key=lambda time: abs(time - moment))


def near(moments: Sequence[float], times: Sequence[float], tolerance: float) -> list[bool]:
    """Of each moment whether a time lies within the tolerance. One time may serve many moments."""
    distances = ((moment, nearest(moment, times)) for moment in moments)
    return [time is not None and abs(time - moment) <= tolerance + SLACK for moment, time in distances]


def pairs(first: Sequence[float], second: Sequence[float], tolerance: float) -> list[tuple[int, int]]:
    """As many pairs as can be made of times within the tolerance, none used twice: indices into both.

    Giving the earliest time the earliest partner in reach is never worse than any other choice, because all reaches
    are equally wide: whoever else could take that partner can reach every later one that the first could take.
    """
    found = []
    i = j = 0
    while i < len(first) and j < len(second):
        late = second[j] - first[i]
        if abs(late) <= tolerance + SLACK:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif late > 0:
            i += 1
        else:
            j += 1
    return found


def iou(first: Sequence[float], second: Sequence[float], tolerance: float) -> float | None:
    """Pairs by all there is: |match| / (|first| + |second| - |match|). None where both are empty."""
    return shared(len(pairs(first, second, tolerance)), len(first), len(second))


def shared(matched: int, first: int, second: int) -> float | None:
    together = first + second - matched
    return matched / together if together else None


def covered(times: Sequence[float], tolerance: float, start: float, end: float) -> float:
    """How many of the seconds from start to end lie within the tolerance of a time; overlaps count once."""
    seconds, reached = 0.0, start
    for time in times:
        begin, stop = max(time - tolerance, reached), min(time + tolerance, end)
        if stop > begin:
            seconds += stop - begin
            reached = stop
    return seconds


def within(times: Sequence[float], start: float, end: float) -> list[float]:
    return [time for time in times if start - SLACK <= time <= end + SLACK]
