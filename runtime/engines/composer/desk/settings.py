"""What the desks of a piece's storyboards say at every sample, crossing over where one storyboard follows another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ....cues.sheet import CueSheet
from ..desk_settings import Desk
from ..event import STEMS

CROSS = 0.12  # seconds that end where the new storyboard starts
LOUDEST, QUIETEST = 24.0, -90.0  # dB that a level may have
ROOMS, DAMPINGS = (0.2, 8.0), (0.0, 1.0)
SHORTEST_DELAY, LONGEST_DELAY = 0.06, 2.0

Gain = float | NDArray[np.float32]  # the same over a stretch, or (n,)


@dataclass(frozen=True)
class Course:
    """A value over time: points (sample, value), joined by straight lines."""

    at: NDArray[np.float64]
    values: NDArray[np.float64]

    def over(self, start: int, count: int) -> Gain:
        first, last = np.searchsorted(self.at, (start, start + count))
        near = self.values[max(0, first - 1) : last + 1]
        if near.min() == near.max():
            return float(near[0])
        line: NDArray[np.float32] = np.interp(np.arange(start, start + count), self.at, self.values).astype(np.float32)
        return line

    @property
    def most(self) -> float:
        return float(np.abs(self.values).max())


class Settings:
    """The courses of all settings, in samples of `rate`. Odd numbers are brought into what a desk can do."""

    def __init__(self, sheet: CueSheet, desks: Sequence[Desk], rate: int) -> None:
        boards = sheet.storyboards
        if len(desks) != len(boards):
            raise ValueError(f"{len(desks)} desks for {len(boards)} storyboards")
        self._starts = [sheet.rate.samples(board.start, rate) for board in boards]
        self._cross = CROSS * rate
        self._desks = desks
        self.level = self._by_stem(
            lambda desk, stem: 10 ** (_within(desk.level.get(stem, 0.0), QUIETEST, LOUDEST) / 20)
        )
        self.reverb = self._by_stem(lambda desk, stem: _within(desk.reverb.get(stem, 0.0), 0.0, 1.0))
        self.delay = self._by_stem(lambda desk, stem: _within(desk.delay.get(stem, 0.0), 0.0, 1.0))
        self.chorus = self._by_stem(lambda desk, stem: _within(desk.chorus.get(stem, 0.0), 0.0, 1.0))
        self.pump = self._course([_within(desk.pump, 0.0, 24.0) for desk in desks])
        self.glue = self._course([_within(desk.glue, 0.0, 12.0) for desk in desks])
        self.width = self._course([_within(desk.width, 0.0, 1.5) for desk in desks])
        self.warmth = self._course([_within(desk.warmth, -1.0, 1.0) for desk in desks])
        rooms = [(round(_within(d.room, *ROOMS), 2), round(_within(d.damping, *DAMPINGS), 2)) for d in desks]
        self.rooms = {room: self._course([float(room == each) for each in rooms]) for room in dict.fromkeys(rooms)}
        delays = [
            round(rate * _within(d.delay_beats * 60 / board.tempo, SHORTEST_DELAY, LONGEST_DELAY))
            for d, board in zip(desks, boards, strict=True)
        ]
        self.delays = {
            delay: self._course([float(delay == each) for each in delays]) for delay in dict.fromkeys(delays)
        }

    def _by_stem(self, value: Callable[[Desk, str], float]) -> dict[str, Course]:
        return {stem: self._course([value(desk, stem) for desk in self._desks]) for stem in STEMS}

    def _course(self, values: Sequence[float]) -> Course:
        """Constant in each storyboard, on its value from the storyboard's very start."""
        if not values:
            return Course(np.zeros(1), np.zeros(1))
        at, points = [float(self._starts[0])], [values[0]]
        for start, before, value in zip(self._starts[1:], values, values[1:], strict=False):
            if value != before:
                at += [max(at[-1], start - self._cross), float(start)]
                points += [before, value]
        return Course(np.array(at), np.array(points, float))


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high) if math.isfinite(value) else low
