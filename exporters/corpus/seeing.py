"""What an edit of the corpus shows, found as `inspect` and `score` find it in a real one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...runtime.edit import Edit, with_detected
from ...runtime.picture.by_second import seconds_of, strongest
from ...runtime.picture.detect import detect
from ...runtime.picture.look import Array, Seen
from ...runtime.picture.parse import parse
from ...runtime.picture.rhythm import distance_sequence
from ...runtime.picture.storyboards import Board, storyboards
from ...runtime.progress import Progress, part, silent
from .edit import edit as edit_of
from .film import film, names
from .reading import COLUMNS, Values
from .recipe import Recipe


@dataclass(frozen=True)
class Sight:
    """`distance` is VidMusician's rhythm of the picture, 50 values a second; None where nobody asked for it."""

    edit: Edit
    seen: Seen
    boards: tuple[Board, ...]
    distance: Array | None

    def arrays(self) -> Mapping[str, Values]:
        """Those of an item that come from its film; see `reading.Item`."""
        seen, at = self.seen, self.edit.seconds
        columns = [beat.seconds for beat in seen.beats], [beat.strength for beat in seen.beats]
        looks = [
            (at(shot.start), at(shot.end), look.light, look.contrast, look.saturation, look.warmth, look.motion)
            for shot, look in zip(self.edit.shots, seen.looks, strict=True)
        ]
        curves = [getattr(seen.curves, name) for name in COLUMNS["curves"]]
        return {
            "meaning": seen.meaning.astype(np.float16),
            "colour": seen.colour.reshape(len(seen.colour), -1).astype(np.float16),
            "visual_beats": strongest(*columns, seconds_of(self.edit)),
            "visual_peaks": np.array(columns, np.float64).T,
            "looks": np.array(looks, np.float64).reshape(-1, len(COLUMNS["looks"])),
            "curves": np.stack(curves, axis=1).astype(np.float16),
            "density": seen.density,
            **({} if self.distance is None else {"distance": self.distance}),
        }


def see(recipe: Recipe, *, distance: bool = True, progress: Progress = silent) -> Sight:
    """Films the recipe, looks at it and forgets the film. `distance` takes half of the time."""
    with tempfile.TemporaryDirectory(prefix="hitpoint-corpus-") as room:
        film(recipe, Path(room), part(progress, 0.0, 0.4))
        return look(recipe, Path(room), distance=distance, progress=part(progress, 0.4, 1.0))


def look(recipe: Recipe, folder: Path, *, distance: bool = True, progress: Progress = silent) -> Sight:
    """The same calls in the same order as `inspect`, but for the cache; `folder` has the films."""
    edit = edit_of(recipe, names(recipe))

    def find(name: str) -> Path:
        return folder / name

    edit = with_detected(edit, detect(edit, find=find, progress=part(progress, 0.0, 0.1)))
    seen = parse(edit, cache=None, find=find, progress=part(progress, 0.1, 0.5))
    boards, _ = storyboards(edit, seen)
    moved = distance_sequence(edit, find=find, progress=part(progress, 0.5, 1.0)) if distance else None
    return Sight(edit, seen, boards, moved)
