"""What gives way to what is loud: the compression of a stem and of the whole, and the harmony's to the kick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..instruments.tone import Line, product

FRAME = 1 / 375  # seconds whose power is one number
KICKS = frozenset({35, 36})
PRESS, GIVE, RETURN = 0.004, 0.012, 0.30  # seconds: before the kick, until it is down, until it is back


class Filter:
    """A mean that forgets (a one-pole low-pass) over (signals, n), exact over any pieces."""

    BLOCK = 16

    def __init__(self, keep: float, signals: int) -> None:
        self._keep = keep
        self._last = np.zeros(signals)
        lag = np.subtract.outer(np.arange(self.BLOCK), np.arange(self.BLOCK))
        self._within = ((1 - keep) * np.where(lag >= 0, keep ** np.maximum(lag, 0), 0)).T.astype(np.float32)
        self._decay = (keep ** np.arange(1, self.BLOCK + 1)).astype(np.float32)

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """n is a whole number of blocks."""
        signals, count = values.shape
        blocks = product(values.reshape(-1, self.BLOCK), self._within).reshape(signals, -1, self.BLOCK)
        carried = _carried(blocks[:, :, -1].astype(np.float64), self._keep**self.BLOCK, self._last)
        self._last = carried[:, -1]
        blocks += carried[:, :-1, None].astype(np.float32) * self._decay
        return blocks.reshape(signals, count)


def _carried(ends: NDArray[np.float64], keep: float, last: NDArray[np.float64]) -> NDArray[np.float64]:
    """(signals, n + 1): what each block starts from, and what is left after the last."""
    count, reach = ends.shape[1], 1
    out = np.concatenate([last[:, None], ends], axis=1)
    while reach <= count and keep**reach > 1e-9:  # each block hears 1, then 2, then 4 ... before it
        out[:, reach:] += keep**reach * out[:, :-reach].copy()
        reach *= 2
    return out


@dataclass(frozen=True)
class Manner:
    """From `threshold` dBFS on, what is louder by a dB becomes louder by 1 / `ratio`; seconds to react and let go."""

    threshold: float
    ratio: float
    attack: float
    release: float


MANNERS = {
    "melody": Manner(-22, 2.0, 0.02, 0.2),
    "harmony": Manner(-24, 1.8, 0.04, 0.3),
    "bass": Manner(-22, 2.5, 0.02, 0.15),
    "drums": Manner(-20, 2.0, 0.02, 0.12),
    "effects": Manner(-18, 1.8, 0.03, 0.25),
}
KNEE = 6.0  # dB


class Envelope:
    """How loud something is in dB, frame by frame: quick to rise, slow to fall."""

    def __init__(self, attack: float, release: float) -> None:
        self._quick, self._slow = (Filter(float(np.exp(-FRAME / time)), 1) for time in (attack, release))

    def __call__(self, power: Line) -> Line:
        row = power[None]
        held = np.maximum(self._quick(row), self._slow(row))[0]
        level: Line = (10 * np.log10(np.maximum(held, 1e-12))).astype(np.float32)
        return level


class Compressor:
    """The gain of one stem."""

    def __init__(self, manner: Manner, frame: int) -> None:
        self._manner, self._frame = manner, frame
        self._envelope = Envelope(manner.attack, manner.release)
        self._last = np.float32(1)

    def gain(self, power: Line) -> Line:
        """(n,) for the power of its frames."""
        over = self._envelope(power) - np.float32(self._manner.threshold)
        pressed = KNEE * np.logaddexp(0, over / KNEE) * (1 - 1 / self._manner.ratio)
        gains = (10 ** (-pressed / 20)).astype(np.float32)
        line, self._last = joined(self._last, gains, self._frame)
        return line


class Glue:
    """The gain of the whole: so many dB less where it is loud, and less of that where it is not."""

    SOFT, LOUD = -30.0, -14.0  # dBFS

    def __init__(self, frame: int) -> None:
        self._frame = frame
        self._envelope = Envelope(0.03, 0.35)
        self._last: np.float32 | None = None

    def gain(self, power: Line, depth: Line | float) -> Line:
        place = np.clip((self._envelope(power) - self.SOFT) / (self.LOUD - self.SOFT), 0, 1)
        gains = (10 ** (-depth * place * place * (3 - 2 * place) / 20)).astype(np.float32)
        line, self._last = joined(np.float32(1) if self._last is None else self._last, gains, self._frame)
        return line


def power_of(sound: NDArray[np.float32], frame: int) -> Line:
    """Of (2, n): the mean power of both sides in each frame."""
    frames = sound.reshape(2, -1, frame)
    mean: Line = np.einsum("sfn,sfn->f", frames, frames) / np.float32(2 * frame)
    return mean


def joined(last: np.float32, gains: Line, frame: int) -> tuple[Line, np.float32]:
    """Straight lines from one frame's gain to the next one's, and where they end."""
    starts = np.concatenate([[last], gains[:-1]]).astype(np.float32)
    way = (np.arange(1, frame + 1, dtype=np.float32) / np.float32(frame))[None]
    return (starts[:, None] + (gains - starts)[:, None] * way).reshape(-1), np.float32(gains[-1])


class Pump:
    """How far the harmony gives way, from 0 to 1, around kicks (second, velocity) that are known beforehand."""

    def __init__(self, kicks: Sequence[tuple[float, float]], rate: int) -> None:
        self._rate = rate
        self._at = np.array([at * rate for at, _ in kicks])
        self._force = [float(force) for _, force in kicks]
        down = np.arange(int((PRESS + GIVE) * rate)) / max(1, int((PRESS + GIVE) * rate))
        back = np.arange(int(RETURN * rate)) / (RETURN * rate)
        self._shape = np.concatenate([np.sin(np.pi / 2 * down) ** 2, np.cos(np.pi / 2 * back) ** 2]).astype(np.float32)

    def over(self, start: int, count: int) -> Line | None:
        length = len(self._shape)
        first, last = np.searchsorted(self._at, (start - length, start + count + PRESS * self._rate))
        if first == last:
            return None
        way = np.zeros(count, np.float32)
        for index in range(first, last):
            begin = int(self._at[index] - PRESS * self._rate) - start
            a, b = max(begin, 0), min(begin + length, count)
            if a < b:
                np.maximum(way[a:b], np.float32(self._force[index]) * self._shape[a - begin : b - begin], out=way[a:b])
        return way
