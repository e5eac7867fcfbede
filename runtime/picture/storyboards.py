"""Storyboards: neighbouring shots that belong together, the units that music is made for, each with its mood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..edit import Edit, Shot
from ..errors import UsageError
from .asked import GAP_SECONDS, by_hand, gaps, marked, names, picture
from .grouping import Feature, Lengths, Row, group
from .look import Seen
from .mood import Mood, moods
from .spans import SCALARS, Numbers, colours, meanings, scalars

BOUNDARY_PRICE = 0.65  # what parting must save: two groups of two shots each that share nothing save 1
GAP_REWARD, DIP_REWARD, DISSOLVE_REWARD, JUMP_REWARD = 1.6, 0.4, 0.25, 0.2
JUMP_SECONDS = 60  # in one medium: another part of the shooting day, or of the film

# How far apart two shots are that differ clearly, in each thing's own unit.
SCALES = {"light": 0.3, "contrast": 0.4, "saturation": 0.3, "warmth": 0.45, "motion": 0.4}
PACE_SCALE = 3.0  # octaves of shot length
COLOUR_SCALE = 0.75  # of at most 1.41
MEANING_SCALE = 0.9  # of at most 2, between vectors of length 1
USUAL_SHOT = 3.0  # seconds; such a shot weighs 1, a longer one more but less than its length
LIGHTEST, HEAVIEST = 0.4, 2.5


@dataclass(frozen=True)
class Wishes:
    """What a person wants of storyboards. `colours` of markers that start one. In seconds: between `shortest` and
    `longest` is welcome, and none is shorter than `least` unless the person's own markers make it so.
    """

    colours: tuple[str, ...] = ()
    shortest: float = 8.0
    longest: float = 45.0
    least: float = 2.0


@dataclass(frozen=True)
class Board:
    """Frames [start, end) that one piece of music is for. `named` by a person, else by its number."""

    name: str
    start: int
    end: int
    mood: Mood
    words: str = ""
    named: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "start": self.start,
            "end": self.end,
            "mood": self.mood.to_json(),
            "words": self.words,
            "named": self.named,
        }


def storyboards(
    edit: Edit, seen: Seen | None = None, *, wishes: Wishes = Wishes()
) -> tuple[tuple[Board, ...], tuple[str, ...]]:
    """The storyboards, which together are the picture, and warnings. None where there is no picture.

    Without a parsed picture only a person's markers and a second of black part storyboards. With one, markers still
    do, and between them the best grouping of the shots by what they show; see `grouping.group`.
    """
    if not 0 <= wishes.least <= wishes.shortest <= wishes.longest:
        raise UsageError(
            f"storyboards cannot be at least {wishes.least:g} s, from {wishes.shortest:g} to {wishes.longest:g} s: "
            "these must rise"
        )
    extent = picture(edit)
    if extent is None:
        return (), ()
    start, end = extent
    warnings = []
    if extent != (edit.picture_start, edit.picture_end):
        warnings.append("the picture reaches beyond the timeline; only what lies on the timeline is scored")
    given = marked(edit, start, end, wishes.colours, warnings)
    by_picture = seen is not None and any(look.known for look in seen.looks)
    found = _grouped(edit, seen, given, start, end, wishes) if seen and by_picture else _parted(edit, given, start, end)
    starts = sorted({start, *given, *found})
    called = names([given.get(frame, "") for frame in starts], warnings)
    bounds = [*starts, end]
    boards = [
        Board(name, first, last, mood, named=bool(given.get(first)))
        for name, (first, last), mood in zip(called, pairwise(bounds), moods(edit, seen, bounds), strict=True)
    ]
    return tuple(boards), tuple(warnings)


def _parted(edit: Edit, given: Mapping[int, str], start: int, end: int) -> list[int]:
    """Where picture begins anew after black, unless a marker near it says where."""
    return [back for black, back in _long_gaps(edit) if start < back < end and not by_hand((black, back), list(given))]


def _long_gaps(edit: Edit) -> list[tuple[int, int]]:
    return [gap for gap in gaps(edit.cuts) if edit.rate.seconds(gap[1] - gap[0]) >= GAP_SECONDS]


def _grouped(edit: Edit, seen: Seen, given: Mapping[int, str], start: int, end: int, wishes: Wishes) -> list[int]:
    """The frames on which groups of shots start."""
    bounds = [*_candidates(edit, given, start, end), end]
    row = _row(edit, seen, given, bounds)
    lengths = Lengths(wishes.least, wishes.shortest, wishes.longest)
    return [bounds[index] for index in group(row, lengths)]


def _candidates(edit: Edit, given: Mapping[int, str], start: int, end: int) -> list[int]:
    """Frames that may start a storyboard: cuts, shots and markers. Black belongs to what was before it, the edge of
    a title parts nothing, and where a marker speaks for a stretch of black its end does not.
    """
    no_start = {cut.frame for cut in edit.cuts if cut.maybe_overlay or cut.kind == "to_black"}
    no_start |= {gap[1] for gap in _long_gaps(edit) if by_hand(gap, list(given))}
    may = {cut.frame for cut in edit.cuts} | {shot.start for shot in edit.shots}
    return sorted({start, *given} | {frame for frame in may - no_start if start < frame < end})


def _row(edit: Edit, seen: Seen, given: Mapping[int, str], bounds: Sequence[int]) -> Row:
    looks, known = scalars(edit, seen, bounds)
    seconds = np.array([edit.seconds(last - first) for first, last in pairwise(bounds)])
    return Row(
        seconds=seconds,
        seen=known,
        weight=np.where(known > 0, np.clip(np.sqrt(known / USUAL_SHOT), LIGHTEST, HEAVIEST), 0.0),
        price=BOUNDARY_PRICE - _rewards(edit, bounds),
        hard=np.array([frame in given for frame in bounds[:-1]]),
        features=(
            Feature(looks / np.array([SCALES[key] for key in SCALARS]), known > 0, 1.0),
            Feature(np.log2(np.maximum(seconds, 1e-3))[:, None], np.ones(len(seconds), bool), PACE_SCALE),
            Feature(*colours(edit, seen, bounds), COLOUR_SCALE),
            Feature(*meanings(edit, seen, bounds), MEANING_SCALE),
        ),
    )


def _rewards(edit: Edit, bounds: Sequence[int]) -> Numbers:
    """What speaks for a boundary at each of the bounds but the last, apart from looks."""
    said: dict[int, float] = {cut.frame: DISSOLVE_REWARD for cut in edit.cuts if cut.kind == "transition"}
    for black, back in gaps(edit.cuts):
        said[back] = GAP_REWARD if edit.rate.seconds(back - black) >= GAP_SECONDS else DIP_REWARD
    for before, after in pairwise(edit.shots):
        if _jumps(before, after, edit):
            said[after.start] = said.get(after.start, 0.0) + JUMP_REWARD
    return np.array([said.get(frame, 0.0) for frame in bounds[:-1]])


def _jumps(before: Shot, after: Shot, edit: Edit) -> bool:
    """Whether one medium goes on at a moment far from where it stopped."""
    if not before.sources or not after.sources:
        return False
    ends, starts = before.sources[-1], after.sources[0]
    if ends.media is None or ends.media != starts.media or ends.at is None or starts.at is None:
        return False
    stopped = ends.at + edit.rate.seconds(ends.end - ends.start) * ends.speed
    return abs(starts.at - stopped) >= JUMP_SECONDS
