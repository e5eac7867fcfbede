"""What spans of an edit look like: the parsed picture, gathered between any frames."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..edit import Edit
from .look import COLOUR_BINS, Curves, Look, Seen

Numbers = NDArray[np.float64]

SCALARS = ("light", "contrast", "saturation", "warmth", "motion")
CURVES = ("light", "saturation", "warmth", "motion")
COARSE_BINS = 8  # a side of the RGB-uv histogram; finer bins part the colours of one scene


def scalars(edit: Edit, seen: Seen, bounds: Sequence[int]) -> tuple[Numbers, Numbers]:
    """The SCALARS of each span between neighbouring `bounds`, (spans, 5), and how many seconds of it could be seen.

    A shot that lies wholly in a span counts with its look, a part of one with the curves there. Black counts nothing.
    """
    if len(seen.looks) != len(edit.shots):
        raise ValueError(f"{len(seen.looks)} looks for {len(edit.shots)} shots: the picture of another edit")
    values = np.tile(_numbers(Look()), (len(bounds) - 1, 1))
    known = np.zeros(len(bounds) - 1)
    looks = [_numbers(look) for look in seen.looks]
    ends = [shot.end for shot in edit.shots]
    frame = edit.seconds(1)
    for index, (start, end) in enumerate(pairwise(bounds)):
        total = np.zeros(len(SCALARS))
        at = bisect_right(ends, start)
        while at < len(edit.shots) and edit.shots[at].start < end:
            shot, part = edit.shots[at], looks[at]
            first, last = max(start, shot.start), min(end, shot.end)
            if seen.looks[at].known:
                if (first, last) != (shot.start, shot.end):
                    within = _within(seen.curves, first * frame, last * frame)
                    part = np.where(np.isnan(within), part, within)
                total += part * ((last - first) * frame)
                known[index] += (last - first) * frame
            at += 1
        if known[index]:
            values[index] = total / known[index]
    return values, known


def meanings(edit: Edit, seen: Seen, bounds: Sequence[int]) -> tuple[Numbers, NDArray[np.bool_]]:
    """The mean meaning of each span, (spans, d) of length 1, and whether a second's middle in it is known."""
    means, known = _rows(edit, np.asarray(seen.meaning), bounds)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    known &= lengths[:, 0] > 0
    return means / np.where(lengths, lengths, 1.0), known


def colours(edit: Edit, seen: Seen, bounds: Sequence[int]) -> tuple[Numbers, NDArray[np.bool_]]:
    """The square roots of each span's coarse colour histogram, (spans, 3 * 8 * 8) of length 1, and whether known.

    The distance of two such rows is Hellinger's, times the root of two.
    """
    histograms = np.asarray(seen.colour)
    if histograms.size == 0:
        return np.zeros((len(bounds) - 1, 1)), np.zeros(len(bounds) - 1, bool)
    side = COLOUR_BINS // COARSE_BINS
    coarse = histograms.reshape(len(histograms), 3, COARSE_BINS, side, COARSE_BINS, side).sum(axis=(3, 5))
    means, known = _rows(edit, coarse.reshape(len(histograms), -1), bounds)
    mass = means.sum(axis=1, keepdims=True)
    known &= mass[:, 0] > 0
    return np.sqrt(np.maximum(means, 0.0) / np.where(mass > 0, mass, 1.0)), known


def _numbers(look: Look) -> Numbers:
    return np.array([getattr(look, key) for key in SCALARS], dtype=np.float64)


def _within(curves: Curves, start: float, end: float) -> Numbers:
    """The curves' means between two moments, by SCALARS; NaN where the curves say nothing."""
    first, last = np.searchsorted(curves.seconds, [start, end])
    found = np.full(len(SCALARS), np.nan)
    for key in CURVES:
        values = getattr(curves, key)[first:last]
        values = values[np.isfinite(values)]
        if values.size:
            found[SCALARS.index(key)] = values.mean(dtype=np.float64)
    return found


def _rows(edit: Edit, rows: NDArray[np.floating], bounds: Sequence[int]) -> tuple[Numbers, NDArray[np.bool_]]:
    """The mean of the rows, one a second, whose middles lie in each span; rows of zeros are unknown."""
    means = np.zeros((len(bounds) - 1, rows.shape[1] if rows.ndim == 2 else 1))
    known = np.zeros(len(bounds) - 1, bool)
    if rows.size == 0:
        return means, known
    middles = np.arange(len(rows)) + 0.5
    says = np.any(rows != 0, axis=1)
    edges = np.searchsorted(middles, [edit.seconds(frame) for frame in bounds])
    for index, (first, last) in enumerate(pairwise(edges.tolist())):
        inside = rows[first:last][says[first:last]]
        if len(inside):
            means[index] = inside.mean(axis=0, dtype=np.float64)
            known[index] = True
    return means, known
