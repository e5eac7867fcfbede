"""How much signal and how much noise there is at a time: x = alpha * clean + sigma * noise.

The level of a time is log(alpha / sigma), half the log of the signal-to-noise ratio: minus infinity where there is
nothing but noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

NO_SIGNAL = 1e-9  # an alpha below it is none

Spacing = Literal["time", "level"]


@dataclass(frozen=True)
class Point:
    """A time of a schedule, as the model is told it, and what holds there."""

    time: float
    alpha: float
    sigma: float

    @property
    def level(self) -> float:
        return math.log(self.alpha / self.sigma) if self.alpha > NO_SIGNAL else -math.inf


class Schedule(Protocol):
    def at(self, time: float) -> Point:
        """What holds at a time."""

    def time(self, level: float) -> float:
        """The time that has this level, or the nearest that there is."""

    def even(self, steps: int) -> list[float]:
        """`steps` times from the first, evenly spaced, to where a step ends without noise."""


@dataclass(frozen=True)
class Cosine:
    """Diff-V2M: alpha = cos(pi t / 2), sigma = sin(pi t / 2), t from 1 down to 0."""

    def at(self, time: float) -> Point:
        return Point(time, math.cos(math.pi * time / 2), math.sin(math.pi * time / 2))

    def time(self, level: float) -> float:
        return 2 / math.pi * math.atan(math.exp(-level))

    def even(self, steps: int) -> list[float]:
        return [float(time) for time in np.linspace(1, 0, steps + 1)[:-1]]


@dataclass(frozen=True)
class ScaledLinear:
    """AudioLDM 2: `count` discrete times whose betas are the squares of evenly spaced numbers; also between them."""

    count: int = 1000
    first: float = 0.0015
    last: float = 0.0195

    def at(self, time: float) -> Point:
        log = float(np.interp(time, self._times, self._logs))
        return Point(time, math.exp(log / 2), math.sqrt(-math.expm1(log)))

    def time(self, level: float) -> float:
        log = -float(np.logaddexp(0, -2 * level))
        return float(np.interp(-log, -self._logs, self._times))

    def even(self, steps: int) -> list[float]:
        return [float(time) for time in np.linspace(self.count - 1, 0, steps)]

    @cached_property
    def _times(self) -> NDArray[np.float64]:
        return np.arange(self.count, dtype=np.float64)

    @cached_property
    def _logs(self) -> NDArray[np.float64]:
        """The log of alpha squared at each time."""
        betas = np.linspace(math.sqrt(self.first), math.sqrt(self.last), self.count) ** 2
        return np.asarray(np.cumsum(np.log1p(-betas)))


# The levels between which few steps are spaced: t = 0.98 and t = 0.01 of Cosine. What lies outside of them is gone in
# one step each; wider or narrower costs accuracy at 30 steps (tests/benchmarks/samplers.py).
LOWEST, HIGHEST = -3.46, 4.15


def points(schedule: Schedule, steps: int, spacing: Spacing) -> list[Point]:
    """The points at which the model is asked: evenly in time, or the first time and then evenly in level."""
    if spacing == "time" or steps == 1:
        return [schedule.at(time) for time in schedule.even(steps)]
    start = schedule.at(schedule.even(1)[0])
    lowest = max(LOWEST, start.level + (HIGHEST - LOWEST) / steps)
    highest = schedule.at(schedule.time(HIGHEST)).level
    return [start, *(schedule.at(schedule.time(level)) for level in np.linspace(lowest, highest, steps - 1).tolist())]
