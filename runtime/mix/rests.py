"""Silence where somebody asked for it: the music stops, rings out for a moment, and comes back at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..cues.sheet import CueSheet
from ..rate import SAMPLE_RATE

RING_OUT = SAMPLE_RATE * 250 // 1000
COME_BACK = SAMPLE_RATE * 2 // 1000
CLOSE = SAMPLE_RATE * 15 // 1000


class Rests:
    """The gain that a sheet's rests ask for, sample by sample.

    Music that starts nothing in a rest may ring out into it; finished music, which goes on, closes on its first frame.
    """

    def __init__(self, sheet: CueSheet, rings: bool = True) -> None:
        self._rings = rings
        self._spans = [(sheet.rate.samples(rest.start), sheet.rate.samples(rest.end)) for rest in sheet.rests]

    def gains(self, start: int, length: int) -> NDArray[np.float32] | None:
        """(length, 1) for the samples from `start` on; None where nothing rests."""
        near = [
            (first, last) for first, last in self._spans if first - CLOSE < start + length and start < last + COME_BACK
        ]
        if not near:
            return None
        at = np.arange(start, start + length)
        gain = np.ones(length)
        for first, last in near:
            # A rest that is shorter than the ringing lets the music ring through its first half.
            ring = max(1, min(RING_OUT, (last - first) // 2)) if self._rings else CLOSE
            away = np.clip((at - first + (0 if self._rings else CLOSE)) / ring, 0, 1)
            back = np.clip((at - last + 1) / COME_BACK, 0, 1)
            gain *= np.sin(np.pi / 2 * (1 - away)) ** 2 * (at < last) + np.sin(np.pi / 2 * back) ** 2 * (at >= last)
        return gain.astype(np.float32)[:, None]
