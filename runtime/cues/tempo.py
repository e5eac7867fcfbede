"""The tempo map of a storyboard: beats that bend a little so that as many hits as possible fall on them.

Time is counted in eighths, half beats. A hit is landed by giving it a whole number of eighths since the hit that was
landed before it, and these eighths lengths that bend smoothly. Which hits are landed, after how many eighths, and how
fast the music goes there is found by a dynamic programme over the hits, for all tempi at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .sheet import NEAR_SECONDS

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]

SWAY = 0.08  # how far the local tempo may be from the storyboard's
STEP = 0.05  # how far a beat's tempo may be from its neighbour's
HAIR = 0.0005  # stays clear of both, so that rounding breaks neither
LEVELS, COARSE_LEVELS = 17, 7  # how fast the music may go at a hit: so many steps, the tempo itself in the middle
SATURATED = 40  # eighths after which a longer stretch bends no further
WINDOW, WINDOW_SECONDS, MOST_WINDOW = 5, 1.5, 24  # how far back the hit may lie that was landed before
COUNTS = 6  # numbers of eighths tried between two hits: those nearest to the tempo

BEND_PRICE = 0.15  # for each change of tempo by a factor of e
STRAY_PRICE = 1.0  # for each beat at a tempo that is off by a factor of e, squared
FAR = 0.5  # of what it is worth to be near a beat is lost 0.1 s away from it
STUMBLE = 0.3  # of a beat: closer to the end no beat is laid


@dataclass(frozen=True)
class Bend:
    """How far beats may be from even: `sway` from the storyboard's tempo, `step` from a beat to the next."""

    sway: float = SWAY
    step: float = STEP


@dataclass(frozen=True)
class Goal:
    """A moment in seconds from the storyboard's start, and what it is worth on a beat, halfway between two beats, and
    within 0.1 s of a beat.
    """

    seconds: float
    beat: float
    offbeat: float
    near: float


@dataclass(frozen=True)
class Laid:
    """`beats` in seconds from the storyboard's start, the first 0. `landed` are the goals that were given an eighth."""

    tempo: float
    beats: tuple[float, ...]
    landed: tuple[int, ...]
    value: float


def values(goals: Sequence[Goal], end: Goal, tempi: Sequence[float], bend: Bend = Bend()) -> Numbers:
    """What the best beats in each of the tempi, in bpm, are worth. `goals` rise and lie between 0 and the end."""
    total: Numbers = _Search(goals, end, tempi, bend, fine=False).total
    return total


def lay_out(goals: Sequence[Goal], end: Goal, tempo: float, bend: Bend = Bend()) -> Laid:
    """The best beats in one tempo."""
    return _Search(goals, end, [tempo], bend, fine=True).trace(tempo)


@dataclass(frozen=True)
class Reach:
    """What a number of eighths can last together, (counts, levels, levels) by the eighth before the first of them and
    by the last of them, in even eighths of the tempo. Where there is no way between the two the least is infinite.
    """

    lengths: Numbers
    least: Numbers
    most: Numbers
    step: float

    def limits(self, counts: Counts) -> tuple[Numbers, Numbers]:
        """The least and the most for each of the counts, (..., levels, levels)."""
        known, more = np.minimum(counts, SATURATED), np.maximum(counts - SATURATED, 0)[..., None, None]
        return self.least[known] + more * self.lengths[0], self.most[known] + more * self.lengths[-1]

    def eighths(self, before: int, last: int, count: int, whole: float) -> Numbers:
        """The lengths of `count` eighths that last `whole` together: as even as the two levels allow."""
        low, high = _envelopes(self.lengths[before], self.lengths[last], count, self.lengths, self.step)
        # Each is as long as all others unless its limits forbid; the sum then rises in straight pieces with that length.
        lengths = np.unique(np.concatenate([low, high]))
        sums = np.clip(lengths[:, None], low, high).sum(axis=1)
        eighths: Numbers = np.clip(np.interp(whole, sums, lengths), low, high)
        return eighths


@lru_cache(maxsize=8)
def reach(bend: Bend, levels: int = LEVELS) -> Reach:
    faster = np.geomspace(1 / (1 + bend.sway - HAIR), 1.0, levels // 2 + 1)
    slower = np.geomspace(1.0, 1 / (1 - bend.sway + HAIR), levels // 2 + 1)
    lengths = np.concatenate([faster, slower[1:]])
    # Two eighths make a beat: the root for each keeps the beat within the step.
    step = float(np.sqrt(1 + bend.step - HAIR))
    shape = (SATURATED + 1, levels, levels)
    least, most = np.full(shape, np.inf), np.full(shape, -np.inf)
    for count in range(1, SATURATED + 1):
        low, high = _envelopes(lengths[:, None, None], lengths[None, :, None], count, lengths, step)
        possible = (low <= high * (1 + 1e-9)).all(axis=2)
        least[count] = np.where(possible, low.sum(axis=2), np.inf)
        most[count] = np.where(possible, high.sum(axis=2), -np.inf)
    return Reach(lengths, least, most, step)


def _envelopes(
    before: Numbers | float, last: Numbers | float, count: int, lengths: Numbers, step: float
) -> tuple[Numbers, Numbers]:
    """The least and the greatest that each of `count` eighths may be."""
    since = np.arange(1, count + 1)
    rise, fall = step**since, step ** (count - since)
    low = np.maximum(np.maximum(before / rise, last / fall), lengths[0])
    high = np.minimum(np.minimum(before * rise, last * fall), lengths[-1])
    return low, high


class _Search:
    """Arrays are (hits before, tempi, counts of eighths, level before, level at the hit) or some of these; the place of
    a hit, on a beat or off it, comes last.
    """

    def __init__(self, goals: Sequence[Goal], end: Goal, tempi: Sequence[float], bend: Bend, fine: bool) -> None:
        self.goals = (*goals, end)
        self.at = np.array([0.0, *(goal.seconds for goal in self.goals)])
        self.near = np.array([0.0, *(goal.near for goal in self.goals)])
        self.eighth = 30.0 / np.asarray(tempi, np.float64)
        self.reach = reach(bend, LEVELS if fine else COARSE_LEVELS)
        self.logs = np.log(self.reach.lengths)
        self.best = np.full((len(self.at), len(self.eighth), len(self.logs), 2), -np.inf)
        self.best[0, :, :, 0] = 0.0
        for j in range(1, len(self.at)):
            self.best[j] = np.moveaxis(self._steps(j)[-1].max(axis=(1, 3)), 0, -1)
        last = len(self.at) - 1
        ends = [self.best[last], *(self._run_out(i) for i in self._before(last))]
        self.total = np.max([end.max(axis=(1, 2)) for end in ends], axis=0)

    def _before(self, j: int) -> range:
        """The hits after which j may be the next that is landed."""
        early = bisect_left(self.at, self.at[j] - WINDOW_SECONDS)
        return range(max(0, j - MOST_WINDOW, min(j - WINDOW, early)), j)

    def _steps(self, j: int) -> tuple[Counts, Numbers, Numbers]:
        """All ways from a hit before to j. The numbers of eighths (before, tempi, counts); by the place before what is had
        there by level before and level of j; and by the place of j what is reached, (places, before, tempi, counts,
        levels of j).
        """
        before = self._before(j)
        span = self.at[j] - self.at[before.start : j]
        even = span[:, None] / self.eighth
        usual = np.round(even).astype(np.int64)
        lowest = np.ceil(even / self.reach.lengths[-1] - 1e-9).astype(np.int64)
        lowest = np.maximum(np.maximum(lowest, usual - COUNTS // 2), 1)
        highest = np.floor(even / self.reach.lengths[0] + 1e-9).astype(np.int64)
        highest = np.minimum(highest, usual + COUNTS // 2)
        counts = lowest[..., None] + np.arange(max(1, int((highest - lowest).max()) + 1))
        mean = np.maximum(even, 1e-9)[..., None] / counts
        log = np.log(mean)
        least, most = self.reach.limits(counts)
        whole = even[..., None, None, None]
        way = (least <= whole + 1e-9) & (whole <= most + 1e-9) & (counts <= highest[..., None])[..., None, None]
        off = BEND_PRICE * np.abs(self.logs - log[..., None])
        costs = STRAY_PRICE * counts / 2 * log**2
        passed = self._passed(before, j, span[:, None, None] / counts)
        goal = self.goals[j - 1]
        gained = np.full((2, *counts.shape, len(self.logs)), -np.inf)
        had = []
        for place in (0, 1):
            here = self.best[before.start : j, :, None, :, place] - off
            ways = np.where(way, here[..., None], -np.inf)
            had.append(ways)
            lands = (counts + place) % 2
            worth = np.where(lands == 0, goal.beat, goal.offbeat) + passed[place] - costs
            reached = ways.max(axis=-2) + worth[..., None] - off
            for landed in (0, 1):
                np.copyto(gained[landed], reached, where=(lands == landed)[..., None])
        return counts, np.stack(had) if len(self.eighth) == 1 else gained, gained

    def _passed(self, before: range, j: int, eighth: Numbers) -> tuple[Numbers, Numbers]:
        """What the hits between are worth that even eighths come near, where the first is on a beat, and off it."""
        between = np.arange(before.start + 1, j)
        if not between.size or not self.near[between].any():
            nothing = np.zeros(eighth.shape)
            return nothing, nothing
        since = self.at[between] - self.at[before.start : before.stop, None]
        worth = np.where(since > 0, self.near[between], 0.0)
        beat = 2 * eighth[..., None]
        place = since[:, None, None, :] / beat
        sums = []
        for shift in (0.0, 0.5):
            off = (place + shift - np.rint(place + shift)) * (beat / NEAR_SECONDS)
            close = np.maximum(1 - FAR * off * off, 0.0)
            close[np.abs(off) > 1] = 0.0
            sums.append(np.einsum("itkm,im->itk", close, worth))
        return sums[0], sums[1]

    def _run_out(self, i: int) -> Numbers:
        """What is reached where i is the last hit landed and the music goes on as it goes there."""
        rest = self.at[-1] - self.at[i]
        eighth = self.eighth[:, None] * self.reach.lengths
        passed = self._passed(range(i, i + 1), len(self.at) - 1, eighth[None])
        stray = STRAY_PRICE * rest / (2 * eighth) * self.logs**2
        reached: Numbers = self.best[i] + np.stack([passed[0][0] - stray, passed[1][0] - stray], axis=-1)
        return reached

    def trace(self, tempo: float) -> Laid:
        """The beats behind the total of a search in one tempo."""
        last = len(self.at) - 1
        ends = {i: self._run_out(i) for i in self._before(last)} | {last: self.best[last]}
        at = max(sorted(ends, reverse=True), key=lambda i: float(ends[i].max()))
        _, final, place = (int(index) for index in np.unravel_index(int(ends[at].argmax()), ends[at].shape))
        value, level = float(ends[at].max()), final
        landed, legs = [at] if at else [], []
        while at:
            before, count, level_before, place = self._came(at, level, place)
            legs.append((before, at, count, level_before, level))
            at, level = before, level_before
            if at:
                landed.append(at)
        times = [0.0]
        for before, after, count, level_before, level in reversed(legs):
            whole = float(self.at[after] - self.at[before])
            lengths = self.reach.eighths(level_before, level, count, whole / float(self.eighth[0]))
            between = self.at[before] + np.cumsum(lengths)[:-1] * float(self.eighth[0])
            times += [*between.tolist(), float(self.at[after])]
        eighth = float(self.eighth[0] * self.reach.lengths[final])
        stop = float(self.at[-1]) - STUMBLE * 2 * eighth
        while times[-1] + eighth <= stop:
            times.append(times[-1] + eighth)
        beats = [time for time in times[::2] if time <= stop] or [0.0]
        inside = tuple(sorted(index - 1 for index in landed if index < last))
        return Laid(tempo, tuple(np.round(beats, 6).tolist()), inside, value)

    def _came(self, j: int, level: int, place: int) -> tuple[int, int, int, int]:
        """Where the best way to j came from: the hit before, the eighths since, the level and the place there."""
        counts, had, gained = self._steps(j)
        row, _, column = np.unravel_index(int(gained[place, ..., level].argmax()), counts.shape)
        count = int(counts[row, 0, column])
        place_before = (place + count) % 2
        level_before = int(had[place_before, row, 0, column, :, level].argmax())
        return self._before(j)[row], count, level_before, place_before
