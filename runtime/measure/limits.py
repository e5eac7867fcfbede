"""What a measure would give by chance, and the most that it can give: numbers without which it says nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .matching import SLACK, covered, iou

BEND = 0.08  # how far music may bend its beats: ceilings are those of beats that bend so far
SHIFTS = 251  # prime, so that no regular rhythm falls into step with them
STEP = 0.005  # seconds: beats are tried at each of these for a ceiling


@dataclass(frozen=True)
class Spacing:
    """Seconds between neighbouring beats, least and most."""

    least: float
    most: float

    @classmethod
    def heard(cls, beats: Sequence[float]) -> Spacing | None:
        """What beats like these may do: nearly all of their distances, and BEND on both sides."""
        if len(beats) < 2:
            return None
        low, high = np.percentile(np.diff(beats), (10, 90))
        return cls(float(low) / (1 + BEND), float(high) * (1 + BEND))

    @classmethod
    def of_tempo(cls, tempo: float) -> Spacing:
        return cls(60 / tempo / (1 + BEND), 60 / tempo * (1 + BEND))


def random_phase(tempo: float, tolerance: float) -> float:
    """The part of any moments that has a beat of a steady tempo within the tolerance, whatever the phase."""
    return min(1.0, 2 * tolerance * tempo / 60)


def anywhere(times: Sequence[float], tolerance: float, start: float, end: float) -> float | None:
    """The part of moments that would be near a time if they lay anywhere between start and end.

    It is the mean over all ways to shift moments, or times, against each other, but for what sticks out at the ends.
    """
    return covered(times, tolerance, start, end) / (end - start) if end > start else None


def shifted_iou(
    first: Sequence[float], second: Sequence[float], tolerance: float, start: float, end: float
) -> float | None:
    """The mean IoU where `second` is moved round the circle from start to end, SHIFTS evenly spaced times."""
    length = end - start
    if length <= 0 or not (first or second):
        return None
    times = np.array(second, np.float64) - start
    by = (np.arange(SHIFTS) + 0.5) / SHIFTS * length
    turned = (np.sort((times + shift) % length) + start for shift in by)
    return sum(iou(first, moved.tolist(), tolerance) or 0.0 for moved in turned) / SHIFTS


def most_near(moments: Sequence[float], count: int, tolerance: float) -> int:
    """How many moments `count` times can be near, wherever they lie."""
    if not moments or count < 1:
        return 0
    ends = np.searchsorted(moments, np.array(moments) + 2 * tolerance + SLACK, "right")
    each = ends - np.arange(len(moments))
    best = np.zeros(len(moments) + 1, np.int64)  # of the moments from each on
    for _ in range(min(count, len(moments))):
        after = np.append(np.maximum.accumulate((each + best[ends])[::-1])[::-1], 0)
        if after[0] == best[0]:
            break
        best = after
    return int(best[0])


@dataclass(frozen=True)
class Reach:
    """The most moments that beats can be near, and the most beats that can be near a moment."""

    moments: int
    beats: int


def reach(moments: Sequence[float], tolerance: float, spacing: Spacing, start: float, end: float) -> Reach:
    """What beats from start to end reach that keep to a spacing, tried everywhere on a grid of STEP seconds.

    Rounded towards more, so that nothing real exceeds it. Where two beats can be near one moment the first number is
    all of them: then none need be missed.
    """
    if end <= start or not moments:
        return Reach(0, 0)
    count = int((end - start) / STEP) + 2
    edges = np.zeros(count + 1, np.int32)
    first = np.floor((np.array(moments) - tolerance - start) / STEP).astype(int)
    last = np.ceil((np.array(moments) + tolerance - start) / STEP).astype(int)
    np.add.at(edges, np.clip(first, 0, count), 1)
    np.add.at(edges, np.clip(last + 1, 0, count), -1)
    near = np.cumsum(edges[:-1])
    overlapping = spacing.least <= 2 * tolerance + 2 * STEP
    met = len(moments) if overlapping else min(len(moments), _most(near, spacing))
    return Reach(met, _most(np.minimum(near, 1), spacing))


def _most(gains: NDArray[np.integer], spacing: Spacing) -> int:
    """The largest sum of gains at beats that keep to the spacing. The first beat may lie anywhere in the first one."""
    least, most = max(1, math.floor(spacing.least / STEP)), math.ceil(spacing.most / STEP)
    best = np.zeros(most + len(gains), np.int64)
    for at in range(0, len(gains), least):  # a stretch so short that its beats cannot follow each other
        stop = min(at + least, len(gains))
        before = sliding_window_view(best[at : stop + most - least], most - least + 1).max(axis=1)
        best[most + at : most + stop] = before + gains[at:stop]
    return int(best[-most:].max())
