"""What the picture showed, second by second, as the model is told it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...cues.sheet import CueSheet
from ...picture.look import Seen

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

MEANING, COLOUR = 512, 3072  # numbers of a second's meaning and of its histogram


@dataclass(frozen=True)
class Sight:
    """Rows are whole seconds of the edit: `meaning` (seconds, 512), `colour` (seconds, 3072), `seen` (seconds,).

    The piece begins at second `begin` of the edit; `cuts` and the visual `beats` are in seconds of the piece.
    """

    begin: float
    meaning: Array
    colour: Array
    seen: NDArray[np.bool_]
    cuts: Floats
    beats: Floats
    strengths: Array
    warnings: tuple[str, ...] = ()

    def rows(self, first: int, count: int) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Meaning, colour and what was seen of `count` seconds of the edit from second `first` on."""
        meaning, colour = np.zeros((count, MEANING), np.float32), np.zeros((count, COLOUR), np.float32)
        seen = np.zeros(count, np.bool_)
        start, stop = max(first, 0), min(first + count, len(self.seen))
        if start < stop:
            here = slice(start - first, stop - first)
            meaning[here], colour[here], seen[here] = (
                self.meaning[start:stop],
                self.colour[start:stop],
                self.seen[start:stop],
            )
        return meaning, colour, seen


def sight(sheet: CueSheet, seen: Seen | None, descriptor: str) -> Sight:
    """`descriptor` is what the model knows pictures by; "" for any. The sheet has a storyboard or more."""
    begin = sheet.seconds(sheet.storyboards[0].start)
    cuts = np.array(sorted(_cuts(sheet)), np.float64) - begin
    warnings = _unseen(seen, descriptor)
    if seen is None or warnings:
        nothing = np.zeros((0, MEANING), np.float32), np.zeros((0, COLOUR), np.float32), np.zeros(0, np.bool_)
        return Sight(begin, *nothing, cuts, np.zeros(0), np.zeros(0, np.float32), warnings)
    return Sight(
        begin,
        seen.meaning.astype(np.float32),
        seen.colour.reshape(len(seen.colour), -1).astype(np.float32),
        np.asarray(np.abs(seen.meaning).max(axis=1, initial=0) > 0),
        cuts,
        np.array([beat.seconds for beat in seen.beats], np.float64) - begin,
        np.array([beat.strength for beat in seen.beats], np.float32),
    )


def _unseen(seen: Seen | None, descriptor: str) -> tuple[str, ...]:
    """Why the model cannot be told what was seen."""
    if seen is None:
        return ("the picture was not looked at: the music knows the plan alone",)
    if descriptor and seen.descriptor != descriptor:
        told = f"the model knows pictures by '{descriptor}', and this one was described by '{seen.descriptor}'"
        return (f"{told}: the music knows the plan alone",)
    if seen.meaning.any() and seen.meaning.shape[1] != MEANING:
        told = f"the model takes {MEANING} numbers a second, and '{seen.descriptor}' has {seen.meaning.shape[1]}"
        return (f"{told}: the music knows the plan alone",)
    if not seen.meaning.any():
        return ("nothing of the picture could be seen: the music knows the plan alone",)
    return ()


def _cuts(sheet: CueSheet) -> set[float]:
    """In seconds of the edit: where shots meet; of a sheet that knows no shots, the hits that are cuts."""
    if sheet.shots:
        return {sheet.seconds(shot.start) for shot in sheet.shots if shot.start > sheet.shots[0].start}
    return {sheet.seconds(hit.frame) for hit in sheet.hits if hit.kind == "cut"}
