"""Peaks between the samples, as BS.1770 annex 2 has them: at four times the rate.

No peak between samples is above a certain multiple of the samples around it, so only where those are large is anything
computed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE
from .wav import Sound

OVERSAMPLING = 4  # at least 192 kHz
TAPS = 32  # of the interpolator, for each of its phases
ARM = TAPS // 2  # samples that it needs before and after a stretch

_RUN = 32  # samples that are looked at, or not, together
_ALONE = 32  # runs in one matrix product: so few that no linear algebra library starts threads for it


def peaks(sound: Sound, above: float) -> NDArray[np.float32]:
    """(n,): the larger side at each sample, and between it and the next one, where that can exceed `above`.

    Where it cannot, the sample's own. `sound` is (ARM + n + ARM, 2).
    """
    count = len(sound) - 2 * ARM
    largest = np.maximum(np.abs(sound[:, 0]), np.abs(sound[:, 1]))
    found: NDArray[np.float32] = largest[ARM : ARM + count].copy()
    if not count or float(largest.max()) * _MOST <= above:
        return found
    runs = -(-count // _RUN)
    rest = runs * _RUN - count
    arms = np.pad(largest, (0, rest)).reshape(-1, ARM).max(axis=1)  # run r needs the arms 2r to 2r + 3
    near = np.maximum(arms[:-1], arms[1:])
    places = np.flatnonzero(np.maximum(near[0:-1:2], near[2::2]) * np.float32(_MOST) > above)
    lines = np.pad(sound, ((0, rest), (0, 0))).T.copy()
    windows = np.lib.stride_tricks.sliding_window_view(lines, _RUN + 2 * ARM, axis=1)[:, ::_RUN]
    found = np.pad(found, (0, rest)).reshape(runs, _RUN)
    for first in range(0, len(places), _BATCH):
        here = places[first : first + _BATCH]
        rows = np.zeros((-(-2 * len(here) // _ALONE) * _ALONE, _RUN + 2 * ARM), np.float32)
        rows[: 2 * len(here)] = windows[:, here].reshape(2 * len(here), -1)
        fine = np.matmul(rows.reshape(-1, _ALONE, rows.shape[1]), _MATRIX).reshape(len(rows), OVERSAMPLING - 1, _RUN)
        sides = np.abs(fine, out=fine).max(axis=1)
        found[here] = np.maximum(found[here], np.maximum(sides[: len(here)], sides[len(here) : 2 * len(here)]))
    return found.reshape(-1)[:count]


class TruePeak:
    """The largest peak of blocks (n, 2) of any size, as a ratio."""

    def __init__(self) -> None:
        self._largest = 0.0
        self._held: list[Sound] = [np.zeros((ARM, 2), np.float32)]
        self._count = ARM

    def feed(self, block: Sound) -> None:
        self._held.append(block)
        self._count += len(block)
        if self._count >= _PIECE + 2 * ARM:
            line = np.concatenate(self._held)
            while len(line) >= _PIECE + 2 * ARM:
                self._measure(line[: _PIECE + 2 * ARM])
                line = line[_PIECE:]
            self._held, self._count = [line.copy()], len(line)

    def result(self) -> float:
        """Ends the measurement."""
        self._measure(np.concatenate([*self._held, np.zeros((2 * ARM, 2), np.float32)]))
        return self._largest

    def _measure(self, sound: Sound) -> None:
        self._largest = max(self._largest, float(peaks(sound, self._largest).max(initial=0.0)))


_PIECE = SAMPLE_RATE  # samples that are measured at once, whatever the blocks' length
_BATCH = 2048  # runs whose windows are laid out at once


def _interpolator() -> NDArray[np.float32]:
    """(OVERSAMPLING - 1, TAPS): the windowed sinc at each fraction of a sample between taps ARM - 1 and ARM."""
    centre = ARM - 1
    rows = []
    for phase in range(1, OVERSAMPLING):
        at = np.arange(TAPS) - centre - phase / OVERSAMPLING
        inside = np.clip(1 - (at / ARM) ** 2, 0, None)
        row = np.sinc(at) * np.i0(5.0 * np.sqrt(inside)) / np.i0(5.0)
        rows.append(row / row.sum())
    return np.array(rows, np.float32)


def _matrix(phases: NDArray[np.float32]) -> NDArray[np.float32]:
    """(ARM + run + ARM, phases * run): from a window of samples to all that lies between those of its run."""
    whole = np.zeros((_RUN + 2 * ARM, len(phases), _RUN), np.float32)
    for number, row in enumerate(phases):
        for place in range(_RUN):
            first = ARM + place - (ARM - 1)
            whole[first : first + TAPS, number, place] = row
    return whole.reshape(_RUN + 2 * ARM, -1)


_PHASES = _interpolator()
_MATRIX = _matrix(_PHASES)
_MOST = max(1.0, float(np.abs(_PHASES).sum(axis=1).max()) * 1.0001)  # no peak is above this times the samples around
