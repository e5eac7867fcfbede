"""Reverberation that can be heard block by block: a feedback delay network."""

from __future__ import annotations

import numpy as np

from ...rate import SAMPLE_RATE
from ..engine import Sound

# Eight delays in samples, primes between 31 and 68 ms, so that echoes do not meet.
DELAYS = (1499, 1733, 1949, 2131, 2399, 2671, 2903, 3251)
INAUDIBLE = np.float32(1e-12)  # smaller numbers become nothing: processors are slow with the smallest


class Room:
    """Keeps what still rings between blocks: blocks of any length give the same samples."""

    def __init__(self, seconds: float) -> None:
        """`seconds` until a sound has fallen by 60 dB."""
        self._gains = np.array([[10 ** (-3 * delay / SAMPLE_RATE / seconds)] for delay in DELAYS], np.float32)
        self._before = max(DELAYS) + 1
        self._lines = np.zeros((len(DELAYS), self._before), np.float32)

    def ring(self, dry: Sound) -> Sound:
        """The room's answer (n, 2) to `dry` (n, 2), without the dry sound."""
        count, chunk = len(dry), min(DELAYS)
        lines = np.concatenate([self._lines, np.zeros((len(DELAYS), count), np.float32)], axis=1)
        wet = np.empty((count, 2), np.float32)
        out = np.empty((len(DELAYS), chunk + 1), np.float32)
        for start in range(0, count, chunk):
            size = min(chunk, count - start)
            here = self._before + start
            for index, delay in enumerate(DELAYS):
                out[index, : size + 1] = lines[index, here - delay - 1 : here - delay + size]
            # Walls take the treble first: a mean over two samples at each echo.
            heard = np.float32(0.7) * out[:, 1 : size + 1] + np.float32(0.3) * out[:, :size]
            wet[start : start + size, 0] = heard[0] - heard[2] + heard[4] - heard[6]
            wet[start : start + size, 1] = heard[1] - heard[3] + heard[5] - heard[7]
            back = _spread(heard * self._gains)
            back *= np.abs(back) > INAUDIBLE
            back[0::2] += dry[start : start + size, 0]
            back[1::2] += dry[start : start + size, 1]
            lines[:, here : here + size] = back
        self._lines = lines[:, count:]
        return wet


def _spread(lines: Sound) -> Sound:
    """Hadamard's matrix times the eight lines (8, n): every echo goes everywhere, and no energy is made."""
    for width in (1, 2, 4):
        pairs = lines.reshape(-1, 2, width, lines.shape[1])
        lines = np.concatenate([pairs[:, :1] + pairs[:, 1:], pairs[:, :1] - pairs[:, 1:]], axis=1)
        lines = lines.reshape(len(DELAYS), -1)
    return lines * np.float32(8**-0.5)
