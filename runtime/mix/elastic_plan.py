"""When each beat of a song is to be heard, so that as many hits as possible have one, within what a song can be bent.

An exact dynamic programme over the song's beats: a state is a moment and how fast the music passes there. Nothing else
of the music counts here than where its beats lie and which of them start a bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..cues.sheet import Hit
from ..progress import Progress, silent
from ..rate import Rate

Floats = NDArray[np.float64]

MOST = 0.06  # how far a beat may be from the length that it has in the song, as a part of it
STEP = 4  # speeds that a beat may be away from its neighbour
SPEEDS = 13
GRID = 0.005  # seconds
NEAR = 0.08  # seconds within which a beat meets a hit: trackers and ears need what is left of a tenth
UNEVEN = 0.05  # of a hit's weight, that it loses where its beat is off by half a frame
BESIDE = 0.85  # of a hit's weight, for a beat that is off it by more than half a frame
JUST = 0.65  # and for one that only just meets it
OFFBEAT = 0.1  # of the same, for the middle between two beats where the song has something there
DOWNBEAT = 0.25  # of a hit's weight, that it gains on a downbeat where it should have one
STRONG = 0.7  # from this weight on a hit should be on a downbeat
BEND_PRICE = 0.003  # for each speed that a beat is away from its neighbour
STRAY_PRICE = 0.5  # for each beat, times the square of how far it is bent
DRIFT = 6.0  # seconds that the music may get ahead of itself or behind, at most
MOST_STATES = 50_000_000
SWEEPS = 4  # in which beats between hits are evened out
STEEPEST = 0.048  # by which a beat's tempo may differ from its neighbour's, as a natural logarithm


@dataclass(frozen=True)
class Goals:
    """What it is worth that a beat, or a downbeat besides, or the middle between two beats falls on each moment of the
    grid, from `start` on.
    """

    start: float
    beat: Floats
    downbeat: Floats
    offbeat: Floats


def goals(hits: Sequence[Hit], rate: Rate, start: float, end: float, *, halves: bool = False) -> Goals:
    """`halves`: the song has something to hear between its beats."""
    size = int((end - start) / GRID) + 2
    beat, downbeat = np.zeros(size), np.zeros(size)
    reach, half = int(NEAR / GRID), float(rate.seconds(1)) / 2 / GRID
    for hit in hits:
        at = (float(rate.seconds(hit.frame)) - start) / GRID
        places = np.arange(max(0, int(np.ceil(at - reach))), min(size, int(np.floor(at + reach)) + 1))
        off = np.abs(places - at)
        near = hit.weight * np.where(off <= half, 1 - UNEVEN * off / half, BESIDE - (BESIDE - JUST) * off / reach)
        np.maximum.at(beat, places, near)
        if hit.weight >= STRONG:
            np.maximum.at(downbeat, places, DOWNBEAT * near)
    return Goals(start, beat, downbeat, OFFBEAT * beat if halves else np.zeros(size))


@dataclass(frozen=True)
class Way:
    """Seconds at which the beats are to be heard, and what that is worth."""

    beats: tuple[float, ...]
    value: float


def bend(
    lengths: Sequence[float] | Floats,
    starts_bar: Sequence[bool],
    wanted: Goals,
    *,
    most: float = MOST,
    drift: float = DRIFT,
    end: float | None = None,
    progress: Progress = silent,
) -> Way:
    """The best beats: the first at the goals' start, then one for each of the lengths in seconds.

    With `end` the last one is heard then, to half a step of the grid; what is worth nothing, -inf, cannot be.
    """
    search = _Search(np.asarray(lengths), starts_bar, wanted, most, drift)
    for index in range(len(lengths)):
        progress(index / len(lengths), "laying the beats")
        search.advance(index)
    return search.trace(end)


class _Search:
    """Arrays are (speeds, moments); moments are grid steps from `self.first[beat]` on."""

    def __init__(
        self, lengths: Floats, starts_bar: Sequence[bool], wanted: Goals, most: float, drift: float = DRIFT
    ) -> None:
        self.lengths, self.starts_bar, self.wanted, self.most = lengths, starts_bar, wanted, most
        count = max(len(lengths), 1)
        # Half a step of the grid stays clear of the limit, so that rounding does not break it.
        self.speeds = np.geomspace(1 - most, 1 + most, SPEEDS)
        low, high = lengths[:, None] * (1 - most) / GRID, lengths[:, None] * (1 + most) / GRID
        self.steps = np.clip(
            np.round(lengths[:, None] * self.speeds / GRID), np.ceil(low - 1e-9), np.floor(high + 1e-9)
        ).astype(np.int64)
        drift = min(drift, MOST_STATES / (count * SPEEDS) * GRID / 2)
        self.middle = np.concatenate([[0.0], np.cumsum(lengths)]) / GRID
        self.reach = int(np.ceil(min(drift, most * float(lengths.sum()) + GRID) / GRID)) + 1
        self.first = np.round(self.middle).astype(np.int64) - self.reach
        self.size = 2 * self.reach + 1
        self.best = np.full((SPEEDS, self.size), -np.inf)
        self.best[:, self.reach] = self._gain(0)[self.reach]
        self.came: list[NDArray[np.int8]] = []

    def _gain(self, beat: int) -> Floats:
        whole = self._worth(self.wanted.beat, int(self.first[beat]))
        return whole + self._worth(self.wanted.downbeat, int(self.first[beat])) if self.starts_bar[beat] else whole

    def _worth(self, of: Floats, first: int) -> Floats:
        """That of the moments from the first on, as many as there are states."""
        found = np.zeros(self.size)
        start, stop = max(first, 0), min(first + self.size, len(of))
        if start < stop:
            found[start - first : stop - first] = of[start:stop]
        return found

    def advance(self, index: int) -> None:
        best = np.full_like(self.best, -np.inf)
        came = np.zeros(self.best.shape, np.int8)
        order = sorted(range(-STEP, STEP + 1), key=abs)
        for by in order if index else [0]:
            there = slice(max(0, by), SPEEDS + min(0, by))
            here = slice(max(0, -by), SPEEDS + min(0, -by))
            found = self.best[here] - BEND_PRICE * abs(by)
            better = found > best[there]
            np.copyto(best[there], found, where=better)
            np.copyto(came[there], np.int8(-by), where=better)
        gain = self._gain(index + 1)
        moved = np.full_like(best, -np.inf)
        origin = np.zeros(best.shape, np.int8)
        for speed, step in enumerate(self.steps[index]):
            # What lies at moment m of the old window lies at m + shift of the new one.
            shift = int(self.first[index] + step - self.first[index + 1])
            if abs(shift) >= self.size:  # so long a beat at this speed would leave all that there is
                continue
            new = slice(max(0, shift), min(self.size, self.size + shift))
            old = slice(max(0, -shift), min(self.size, self.size - shift))
            bent = float(step * GRID / self.lengths[index]) - 1
            between = self._worth(self.wanted.offbeat, int(self.first[index + 1]) - int(step) // 2)
            moved[speed, new] = best[speed, old] - STRAY_PRICE * bent**2 + between[new]
            origin[speed, new] = came[speed, old]
        self.best = moved + gain
        self.came.append(origin)

    def trace(self, end: float | None = None) -> Way:
        if end is not None:
            last = round((end - self.wanted.start) / GRID) - int(self.first[len(self.lengths)])
            self.best[:, np.arange(self.size) != last] = -np.inf
        speed, at = divmod(int(self.best.argmax()), self.size)
        value = float(self.best[speed, at])
        moment = at + int(self.first[len(self.lengths)])
        moments = [moment]
        for index in reversed(range(len(self.lengths))):
            place = moment - int(self.first[index + 1])
            moment -= int(self.steps[index, speed])
            speed += int(self.came[index][speed, place])
            moments.append(moment)
        beats = self._evened(np.array(moments[::-1]) * GRID)
        return Way(tuple((self.wanted.start + beats).tolist()), value)

    def _evened(self, beats: Floats) -> Floats:
        """Beats that meet no hit are laid between their neighbours; none is bent more than before."""
        if len(beats) < 3:
            return beats
        places = np.minimum(np.round(beats / GRID).astype(np.int64), len(self.wanted.beat) - 1)
        held = self.wanted.beat[places] > 0
        before, after = self.lengths[:-1], self.lengths[1:]
        odd = np.arange(1, len(beats) - 1) % 2
        even = beats.copy()
        for sweep in range(2 * SWEEPS):
            between = (even[:-2] * after + even[2:] * before) / (before + after)
            even[1:-1] = np.where(~held[1:-1] & (odd == sweep % 2), between, even[1:-1])
        while True:
            bent = np.diff(even) / self.lengths
            back = np.zeros(len(beats), np.bool_)
            for bad in (np.abs(bent - 1) > self.most + 1e-9, np.abs(np.diff(np.log(bent))) > STEEPEST):
                for by in range(len(beats) - len(bad) + 1):
                    back[by : by + len(bad)] |= bad
            if not (back & (even != beats)).any():
                return even
            even = np.where(back, beats, even)
