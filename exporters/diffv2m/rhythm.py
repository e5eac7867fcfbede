"""The rhythm of a sound as a model is told it: at the rate of the latents, or a row a second as released."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...runtime.picture.beats import peaks

Floats = NDArray[np.float32]

PROMINENCE = 0.05  # of a peak, in standard deviations of the curve (Diff-V2M)
STRONG = 95  # the percentile of a piece's peaks that counts as 1
FAINT = 0.1  # what is weaker is none
LATE = 0.0175  # seconds: the curve's peak after the sound's beginning, the median of 3,000 onsets of the composer
LONGEST = 30  # rows that the released model knows


def accents(curve: Floats, rate: float) -> tuple[Floats, Floats]:
    """The peaks of an onset curve of `rate` values a second: seconds, and strengths from 0.1 to 1, where 1 is a strong
    accent of this very piece. Seconds are those at which the sounds begin.
    """
    if len(curve) < 3 or float(np.ptp(curve)) <= 0:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    usual = (curve.astype(np.float64) - curve.mean()) / (curve.std() + 1e-6)
    found = np.array(peaks(usual, PROMINENCE), np.int64)
    heights = usual[found]
    strong = float(np.percentile(heights[heights > 0], STRONG)) if (heights > 0).any() else 1.0
    strengths = np.clip(heights / max(strong, 1e-6), 0, 1)
    kept = strengths >= FAINT
    times = np.maximum(found[kept] / rate - LATE, 0)
    return times.astype(np.float32), strengths[kept].astype(np.float32)


def low_resolution(
    by_second: Floats, rows: int = LONGEST, *, released: bool = False
) -> tuple[Floats, NDArray[np.bool_]]:
    """(seconds,) or (seconds, d), one row a second -> (rows, d) of mean 0 and spread 1 with padding, and which rows there are.

    A clip a little longer than `rows` seconds has one row too many. Released code leaves the first out, which moves all
    others by a second; otherwise the last.
    """
    values = by_second if by_second.ndim == 2 else by_second[:, None]
    if len(values) > rows:
        values = values[-rows:] if released else values[:rows]
    told = np.arange(rows) < len(values)
    padded = np.zeros((rows, values.shape[1]), np.float32)
    padded[: len(values)] = values
    spread = padded.std(ddof=1) + 1e-6
    return ((padded - padded.mean()) / spread).astype(np.float32), told


def block_means(values: Floats, rows: int) -> Floats:
    """(n, d) -> (rows, d): means of blocks of equal lengths, with nothing left over at the end."""
    edges = np.linspace(0, len(values), rows + 1).round().astype(np.int64)
    return np.stack([values[a : max(b, a + 1)].mean(axis=0) for a, b in pairwise(edges)])
