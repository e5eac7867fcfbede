"""A recipe as the Edit that a timeline of its shots would be read as."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from ...runtime.edit import Cut, CutKind, Edit, Shot, Source
from .recipe import Recipe, ShotRecipe

HANDLE = Fraction(2, 5)  # seconds of a medium between two of its shots, which the edit does not show


def edit(recipe: Recipe, media: Mapping[int, str] | None = None) -> Edit:
    """`media` names the files of the recipe's rolls; without them the edit's shots are offline."""
    placed = layout(recipe)
    shots = []
    for number, shot in enumerate(recipe.shots):
        medium = None if media is None else media[shot.roll]
        at = None if media is None else Fraction(placed[number]) / recipe.rate.fps
        source = Source(shot.start, shot.end, medium, at, shot.speed)
        shots.append(Shot(shot.start, shot.end, f"shot {number + 1}", medium, media is not None, (source,)))
    return Edit(
        name=f"corpus {recipe.seed}",
        rate=recipe.rate,
        frames=recipe.frames,
        start_frame=recipe.start_frame,
        drop_frame=recipe.drop_frame,
        picture_start=shots[0].start,
        picture_end=shots[-1].end,
        cuts=tuple(_cuts(recipe.shots)),
        markers=recipe.markers,
        shots=tuple(shots),
    )


def layout(recipe: Recipe) -> list[int]:
    """The frame of its medium, at the edit's rate, on which each shot starts."""
    handle = max(2, recipe.rate.frame_at(HANDLE))
    ends: dict[int, int] = {}
    found = []
    for shot in recipe.shots:
        start = ends.get(shot.roll, 0) + handle
        ends[shot.roll] = start + used(shot)
        found.append(start)
    return found


def used(shot: ShotRecipe) -> int:
    """How many frames of its medium a shot runs through."""
    return math.ceil((shot.end - shot.start) * shot.speed)


def _cuts(shots: Sequence[ShotRecipe]) -> list[Cut]:
    found = []
    for before, after in pairwise(shots):
        kinds: list[tuple[int, CutKind]] = [(after.start, "cut")]
        if before.end < after.start:
            kinds = [(before.end, "to_black"), (after.start, "from_black")]
        found += [Cut(frame, kind) for frame, kind in kinds]
    return found
