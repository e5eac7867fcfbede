"""The pitches of a tune: as near to what is wanted as the harmony, the bass and good singing allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float64]

NEAR, SHAPE, FRESH = 0.15, 1.1, 0.1  # for a semitone from the target; from the motif's interval; where a motif starts
OFF_CHORD, OFF_CHORD_WEAK, OFF_SCALE = 6.0, 0.7, 60.0
UNRESOLVED, UNRESOLVED_WEAK, PARALLEL, TOO_WIDE = 25.0, 5.0, 40.0, 60.0
SUSPENDED = -7.0  # a strong dissonance that was there before, and steps down


@dataclass(frozen=True)
class Want:
    """A note of the tune before it has its pitch: [start, until) in positions, `target` a pitch.

    `free`: its interval from the note before does not matter. `goal`: how it ends a phrase. `bass` is the bass note
    that sounds, 0 for none.
    """

    start: float
    until: float
    target: float
    strong: bool = False
    free: bool = False
    goal: Literal["", "home", "open"] = ""
    chord: frozenset[int] = frozenset()
    scale: frozenset[int] = frozenset()
    tonic: int = 0
    bass: int = 0


def solve(wanted: Sequence[Want], low: int, high: int, before: tuple[Want, int] | None = None) -> list[int]:
    """The best pitches from `low` to `high`: an exact dynamic programme. `before` is a note that stands already."""
    row = [*((before[0],) if before else ()), *wanted]
    if not wanted:
        return []
    pitches = np.arange(low, high + 1)
    best = _local(row[0], pitches, last=len(row) == 1)
    if before:
        best = np.where(pitches == before[1], 0.0, 1e6)
    came: list[NDArray[np.int64]] = []
    for index in range(1, len(row)):
        ways = best[:, None] + _steps(row[index - 1], row[index], pitches)
        came.append(np.round(ways, 6).argmin(axis=0))
        best = ways.min(axis=0) + _local(row[index], pitches, last=index + 1 == len(row))
    at = int(np.round(best, 6).argmin())
    found = [at]
    for back in reversed(came):
        at = int(back[at])
        found.append(at)
    chosen = [int(pitches[at]) for at in reversed(found)]
    return chosen[1:] if before else chosen


@lru_cache(maxsize=4096)
def _among(tones: frozenset[int], low: int, high: int) -> NDArray[np.bool_]:
    return np.array([pitch % 12 in tones for pitch in range(low, high + 1)])


def _local(want: Want, pitches: NDArray[np.int64], last: bool) -> Costs:
    low, high = int(pitches[0]), int(pitches[-1])
    inside = _among(want.chord, low, high)
    off = OFF_CHORD_WEAK + 0.8 * max(0.0, want.until - want.start - 1)
    if want.strong or want.goal:
        off = OFF_CHORD
    if last:
        off = UNRESOLVED
    cost = NEAR * np.abs(pitches - want.target) + np.where(inside, 0.0, off)
    cost += np.where(_among(want.scale, low, high), 0.0, OFF_SCALE)
    if want.goal:
        home = pitches % 12 == want.tonic
        cost -= 4.0 * home if want.goal == "home" else -3.0 * home
    return np.asarray(cost)


@lru_cache(maxsize=64)
def _singing(low: int, high: int) -> tuple[NDArray[np.int64], Costs]:
    """Intervals from any pitch to any other, and what they cost in themselves."""
    pitches = np.arange(low, high + 1)
    moved = pitches[None, :] - pitches[:, None]
    size = np.abs(moved)
    cost = 0.02 * size + 0.8 * (size == 0) + 1.5 * (size == 6) + 1.2 * (size > 7) + 2.5 * (size > 9)
    return moved, cost + 1.5 * (size == 11) + TOO_WIDE * (size > 12)


def _steps(before: Want, want: Want, pitches: NDArray[np.int64]) -> Costs:
    low, high = int(pitches[0]), int(pitches[-1])
    moved, cost = _singing(low, high)
    shape = FRESH if want.free else SHAPE
    cost = cost + shape * np.abs(moved - (want.target - before.target))
    was, inside = _among(before.chord, low, high), _among(want.chord, low, high)
    stepped = (np.abs(moved) <= 2) & (moved != 0)
    if before.strong or before.goal:
        cost += UNRESOLVED * (~was[:, None] & ~(stepped & inside[None, :]))
    else:
        cost += UNRESOLVED_WEAK * (~was[:, None] & (np.abs(moved) > 2))
    if want.strong and not want.goal:
        cost += SUSPENDED * ((moved == 0) & was[:, None] & ~inside[None, :])
    if before.bass and want.bass and before.bass != want.bass:
        up = 1 if want.bass > before.bass else -1
        first, second = (pitches - before.bass) % 12, (pitches - want.bass) % 12
        perfect = ((first == 0) | (first == 7))[:, None] & (first[:, None] == second[None, :])
        cost += PARALLEL * (perfect & (moved * up > 0))
    return np.asarray(cost)
