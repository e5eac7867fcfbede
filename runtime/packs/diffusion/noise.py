"""Noise that belongs to its place: windows, lengths and the order of work do not change it.

Places come in rows of 64; the Philox generator (Salmon et al. 2011) counts to any row without making the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .prediction import Latents

ROW = 64  # places


def noise(seed: int, channels: int, start: int, stop: int, layer: int = 0) -> Latents:
    """(channels, stop - start) of mean 0 and spread 1 for the places from `start` on; `layer` gives other noise."""
    first = start // ROW
    rows = [_row(seed, channels, row, layer) for row in range(first, -(-stop // ROW))]
    whole = np.concatenate(rows) if rows else np.zeros((0, channels), np.float32)
    return np.ascontiguousarray(whole[start - first * ROW : stop - first * ROW].T)


def _row(seed: int, channels: int, row: int, layer: int) -> NDArray[np.float32]:
    """(ROW, channels), by Box and Muller's way, so that a new numpy does not change the music."""
    counter, key = np.array([0, 0, 0, row], np.uint64), np.array([seed % 2**64, layer], np.uint64)
    pairs = -(-ROW * channels // 2)
    drawn = np.random.Philox(key=key, counter=counter).random_raw(2 * pairs)
    even = ((drawn >> np.uint64(11)) + 0.5) * 2.0**-53  # between 0 and 1, neither of them
    radius, angle = np.sqrt(-2 * np.log(even[:pairs])), 2 * np.pi * even[pairs:]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return normal[: ROW * channels].astype(np.float32).reshape(ROW, channels)
