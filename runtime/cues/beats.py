"""Beats: laid evenly where nothing else is known, and how the hits meet them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..rate import Rate
from .sheet import Hit, Place, Storyboard, outcome

# A last beat closer to the end than this part of a beat would stumble into the next storyboard's first.
STUMBLE = 0.125
FREE_WEIGHT = 0.3  # from this weight on a hit that no beat meets gets an accent of its own
APART = 0.11  # seconds between two accents, that they are heard as two


def lay(start: float, end: float, tempo: float) -> tuple[float, ...]:
    """Even beats in seconds, the first on `start`, rounded to microseconds as the JSON has them; one at least."""
    beat = 60.0 / tempo
    count = max(1, int((end - start) / beat - STUMBLE) + 1)
    return tuple(np.round(start + np.arange(count) * beat, 6).tolist())


def laid(storyboard: Storyboard, rate: Rate) -> tuple[float, ...]:
    """The storyboard's beats, or even ones where it lists none."""
    if storyboard.beats:
        return storyboard.beats
    return lay(float(rate.seconds(storyboard.start)), float(rate.seconds(storyboard.end)), storyboard.tempo)


def meet(hits: Sequence[Hit], storyboards: Iterable[Storyboard], rate: Rate) -> tuple[Hit, ...]:
    """The hits with where the music meets them, and the outcome that follows.

    A hit lies on a beat, halfway between two, or, where it weighs enough and no stronger one is too close, on an accent
    of its own. Else `at` is the musical event nearest to it. What weighs nothing is let go: it is met where it happens
    to be met.
    """
    boards = list(storyboards)
    beats, places = _grid(boards)
    if not hits or not beats.size:
        return tuple(replace(hit, at=None, outcome="missed", place="") for hit in hits)
    asked = np.array([float(rate.seconds(hit.frame)) for hit in hits])
    nearest = _nearest(beats, asked)
    met = {
        index: replace(hit, at=at, outcome="landed", place=places[beat])
        for index, (hit, wish, beat, at) in enumerate(
            zip(hits, asked.tolist(), nearest.tolist(), beats[nearest].tolist(), strict=True)
        )
        if outcome(wish, at, rate) == "landed"
    }
    events = sorted({hit.at for hit in met.values() if hit.at is not None})
    others = [index for index in range(len(hits)) if index not in met]
    for index in sorted(others, key=lambda i: (-hits[i].weight, i)):
        wish, hit = float(asked[index]), hits[index]
        if hit.weight >= FREE_WEIGHT and _apart(events, wish) and _within(boards, hit):
            met[index] = replace(hit, at=round(wish, 6), outcome="landed", place="free")
            insort(events, wish)
    beat_times = beats[[place != "offbeat" for place in places]]
    sounding = np.union1d(beat_times, np.array(events))
    for index in (i for i in others if i not in met):
        at = float(sounding[_nearest(sounding, asked[index : index + 1])[0]])
        met[index] = replace(hits[index], at=at, outcome=outcome(float(asked[index]), at, rate), place="")
    return tuple(met[index] for index in range(len(hits)))


def _grid(storyboards: Iterable[Storyboard]) -> tuple[NDArray[np.float64], list[Place]]:
    """All beats and the middles between two, rising, and what each is."""
    times: list[float] = []
    places: list[Place] = []
    for board in storyboards:
        down = set(board.downbeats())
        for index, beat in enumerate(board.beats):
            if index:
                times.append((board.beats[index - 1] + beat) / 2)
                places.append("offbeat")
            times.append(beat)
            places.append("downbeat" if index in down else "beat")
    return np.array(times), places


def _nearest(times: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.int64]:
    after = np.clip(np.searchsorted(times, asked), 0, times.size - 1)
    before = np.maximum(after - 1, 0)
    return np.where(asked - times[before] <= np.abs(times[after] - asked), before, after)


def _apart(events: Sequence[float], at: float) -> bool:
    place = bisect_left(events, at)
    return all(abs(events[k] - at) >= APART for k in (place - 1, place) if 0 <= k < len(events))


def _within(boards: Sequence[Storyboard], hit: Hit) -> bool:
    at = bisect_right(boards, hit.frame, key=lambda board: board.start) - 1
    return at >= 0 and hit.frame < boards[at].end
