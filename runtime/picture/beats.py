"""Visual beats: the peaks of movement, found by their prominence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .look import Curves, VisualBeat

PROMINENCE = 0.2  # of the range of movement; Diff-V2M's figure keeps about 17 peaks in 30 s
_LEAST_RANGE = 0.25  # of movement: below it a ripple is no beat


def visual_beats(curves: Curves) -> tuple[VisualBeat, ...]:
    """The peaks of `curves.motion`, as high as they stand in its range; cuts are no movement and no beats."""
    motion = curves.motion.astype(np.float64)
    seen = np.isfinite(motion)
    if not seen.any():
        return ()
    low, high = float(motion[seen].min()), float(motion[seen].max())
    height = (motion - low) / max(high - low, _LEAST_RANGE)
    found = []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        for peak in peaks(height[start:end], PROMINENCE):
            place = int(start) + peak
            found.append(VisualBeat(float(curves.seconds[place]), float(np.clip(height[place], 0, 1))))
    return tuple(found)


def peaks(values: NDArray[np.float64], prominence: float) -> list[int]:
    """Where a series has a peak at least this prominent, rising. A plateau counts once, at its middle, rounded down.

    A peak's prominence is its height above the higher of two valleys: the lowest points on the way to a higher value,
    or to the end, on either side. The ends are no peaks.
    """
    left, right = _valleys(values), _valleys(values[::-1])[::-1]
    found = []
    start = 0
    for place in range(1, len(values)):
        if values[place] == values[start]:
            continue
        falls = values[place] < values[start]
        if start > 0 and falls and values[start - 1] < values[start]:
            middle = (start + place - 1) // 2
            if values[middle] - max(left[middle], right[middle]) >= prominence:
                found.append(middle)
        start = place
    return found


def _valleys(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each place the lowest value on the way leftwards to a higher one."""
    lowest = np.array(values, np.float64)
    higher: list[int] = []
    for place, value in enumerate(values):
        while higher and values[higher[-1]] <= value:
            lowest[place] = min(lowest[place], lowest[higher.pop()])
        higher.append(place)
    return lowest
