"""Glue: a slow, gentle compressor over the whole mix. It holds the loud stretches a little and leaves the rest alone.

It listens in steps of 10 ms that were measured while the stems were drawn, so its gain is known for the whole piece
before a sample is written, and no block's length changes it. It works from the piece's own usual level: what lies
less than 1.5 dB above that is exactly as it was.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE
from .wav import Sound

STEP = SAMPLE_RATE // 100
ABOVE, KNEE = 3.0, 3.0  # dB: the threshold above the usual level, and the width of the bend around it
SLOPE = 0.5  # dB taken for each dB above: 2:1
MOST = 2.5  # dB that are taken at most
GATES = (1e-7, 0.1)  # silence (-70 dB), then what lies 10 dB below the rest: neither counts for the usual level
# A short peak lets go quickly, what stays loud for longer lets go slowly.
FAST_ATTACK, FAST_RELEASE = 0.03, 0.15  # seconds
SLOW_ATTACK, SLOW_RELEASE = 0.3, 0.7
INAUDIBLE = 1e-3  # dB

Energies = NDArray[np.float32]  # mean square of each step, both channels together


class Listener:
    """Measures the steps of blocks of any size."""

    def __init__(self) -> None:
        self._steps: list[NDArray[np.float32]] = []
        self._rest = np.zeros((0, 2), np.float32)

    def feed(self, block: Sound) -> None:
        sound = np.concatenate([self._rest, block]) if len(self._rest) else block
        whole = len(sound) // STEP * STEP
        if whole:
            self._steps.append(_energies(sound[:whole]))
        self._rest = sound[whole:].copy()

    def result(self) -> Energies:
        if len(self._rest):
            self._steps.append(_energies(np.pad(self._rest, ((0, STEP - len(self._rest)), (0, 0)))))
            self._rest = self._rest[:0]
        return np.concatenate(self._steps) if self._steps else np.zeros(0, np.float32)


def usual_level(energies: Energies) -> float | None:
    """In dB; None for silence."""
    heard = energies[energies > GATES[0]].astype(np.float64)
    if not len(heard):
        return None
    heard = heard[heard >= GATES[1] * heard.mean()]
    return 10 * math.log10(heard.mean())


class Glue:
    """The gain for a piece whose steps have these energies, working from the level `usual`; None takes nothing."""

    def __init__(self, energies: Energies, usual: float | None) -> None:
        self._gains = np.ones(len(energies) + 1, np.float32)
        if usual is not None:
            taken = _followed(_wanted(energies, usual))
            self._gains[1:] = np.where(taken > INAUDIBLE, 10 ** (-taken / 20), 1.0)
        heard = energies > GATES[0]
        before = float(energies[heard].sum(dtype=np.float64))
        after = float((energies * self._gains[1:] ** 2)[heard].sum(dtype=np.float64))
        self.change = 10 * math.log10(after / before) if before else 0.0  # dB, of the whole piece
        self.most = -20 * math.log10(float(self._gains.min()))  # dB

    def gains(self, start: int, length: int) -> NDArray[np.float32] | None:
        """(length,) for the samples from `start` on; None where all of them are 1."""
        first, last = start // STEP, -(-(start + length) // STEP)
        here = self._gains[first : last + 1]
        if (here == 1).all():
            return None
        at = np.arange(start, start + length, dtype=np.float64)
        return np.interp(at, STEP * np.arange(first, first + len(here)), here).astype(np.float32)


def _energies(sound: Sound) -> Energies:
    steps = sound.reshape(-1, STEP * 2).astype(np.float64)
    energies: Energies = ((steps**2).sum(axis=1) / STEP).astype(np.float32)
    return energies


def _wanted(energies: Energies, usual: float) -> NDArray[np.float64]:
    """The dB to take from each step, were it to last."""
    over = 10 * np.log10(np.maximum(energies, GATES[0]).astype(np.float64)) - usual - ABOVE
    bent = np.where(over < KNEE / 2, np.clip(over + KNEE / 2, 0, None) ** 2 / (2 * KNEE), over)
    wanted: NDArray[np.float64] = MOST * (1 - np.exp(-SLOPE * bent / MOST))
    return wanted


def _followed(wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    up_fast, down_fast = _share(FAST_ATTACK), _share(FAST_RELEASE)
    up_slow, down_slow = _share(SLOW_ATTACK), _share(SLOW_RELEASE)
    taken = np.empty(len(wanted))
    fast = slow = 0.0
    for index, target in enumerate(wanted.tolist()):
        fast += (up_fast if target > fast else down_fast) * (target - fast)
        slow += (up_slow if target > slow else down_slow) * (target - slow)
        taken[index] = fast if fast > slow else slow
    return taken


def _share(seconds: float) -> float:
    """Of the way that is gone within a step."""
    return 1 - math.exp(-STEP / (seconds * SAMPLE_RATE))
