"""Echoes in time with the music, and the chorus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..instruments.tone import Pair, joined

Signals = NDArray[np.float32]  # (signals, 2, n)

BACK = 0.36  # of an echo that comes again
QUIET = 1e-5
DEEPEST = 0.02  # seconds that the chorus looks back at most
SLOWLY = 64  # samples between two values of what swings slowly
DELAY, SWING, TURN = 0.0125, 0.0042, 0.55  # seconds, seconds, hertz


class Echo:
    """Echoes from side to side, each duller than the one before. Silent until something is sent."""

    def __init__(self, delay: int, signals: int) -> None:
        self._delay, self._signals = delay, signals
        self._line: Signals | None = None  # what comes back within the next `delay` samples, and one sample before

    def echo(self, sent: Signals) -> Signals | None:
        """What comes back of (signals, 2, n); None where all is silent."""
        if self._line is None:
            if not sent.any():
                return None
            self._line = np.zeros((self._signals, 2, self._delay + 1), np.float32)
        delay, count = self._delay, sent.shape[2]
        line = np.concatenate([self._line, np.zeros((self._signals, 2, count), np.float32)], axis=2)
        heard = np.empty_like(sent)
        for start in range(0, count, delay):
            stop = min(start + delay, count)
            now = np.float32(0.62) * line[:, :, start + 1 : stop + 1] + np.float32(0.38) * line[:, :, start:stop]
            heard[:, :, start:stop] = now
            line[:, :, delay + 1 + start : delay + 1 + stop] = sent[:, :, start:stop] + np.float32(BACK) * now[:, ::-1]
        self._line = line[:, :, count:]
        if not sent.any() and float(np.abs(self._line).max()) < QUIET:
            # What is left fades within this piece, so that nothing breaks off.
            heard *= np.linspace(1, 0, count, dtype=np.float32)
            self._line = None
        return heard


class Chorus:
    """A second player a little late and never quite in tune, on each side another."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._past = np.zeros((2, int(DEEPEST * rate) + 2), np.float32)

    def sound(self, dry: Pair, start: int, needed: bool) -> Pair | None:
        """Its voice alone, for `dry` whose first sample is `start` of the piece."""
        past = self._past.shape[1]
        line = np.concatenate([self._past, dry], axis=1)
        self._past = line[:, -past:].copy()
        if not needed or not line.any():
            return None
        count = dry.shape[1]
        steps = np.arange(start, start + count + 2 * SLOWLY, SLOWLY) * (2 * np.pi * TURN / self._rate)
        wet = np.empty_like(dry)
        here = np.arange(past, past + count)
        for side, phase in enumerate((0.0, 2.1)):
            back = joined(self._rate * (DELAY + SWING * np.sin(steps + phase)), SLOWLY)[:count]
            whole = back.astype(np.int64)
            part = back - whole
            at = here - whole
            wet[side] = line[side][at]
            wet[side] += part * (line[side][at - 1] - wet[side])
        return wet
