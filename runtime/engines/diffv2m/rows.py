"""Moments as rows of what a model is told; training and playing lay them out by the same two functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Times = NDArray[np.floating[Any]]


def drawn(times: Times, strengths: Array, rows: int, rate: float) -> Array:
    """(rows,) at `rate` a second, row i standing at (i + 0.5) / rate: each onset is shared between the two rows that it
    lies between; where several meet, the strongest counts.
    """
    out = np.zeros(rows + 2, np.float32)
    at = np.asarray(times, np.float64) * rate - 0.5
    inside = (at > -1) & (at < rows)
    at, strengths = at[inside], np.asarray(strengths, np.float32)[inside]
    first = np.floor(at).astype(np.int64)
    share = (at - first).astype(np.float32)
    np.maximum.at(out, first + 1, (1 - share) * strengths)
    np.maximum.at(out, first + 2, share * strengths)
    return out[1:-1]


def strongest(times: Times, strengths: Array, steps: int, rate: float) -> Array:
    """(steps,): the strongest of what lies in each step, which lasts from k / rate to (k + 1) / rate."""
    out = np.zeros(steps, np.float32)
    at = np.floor(np.asarray(times, np.float64) * rate + 1e-6).astype(np.int64)
    inside = (at >= 0) & (at < steps)
    np.maximum.at(out, at[inside], np.asarray(strengths, np.float32)[inside])
    return out
