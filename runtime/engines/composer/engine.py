"""The built-in engine: no model, no download, any length, every hit met."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from ...cues.sheet import CueSheet
from ...picture.look import Seen
from ...progress import Progress
from ...rate import SAMPLE_RATE
from ..engine import Performance
from .desk.play import play
from .event import STEMS
from .fluid import SoundFont
from .instruments.rack import Rack
from .piece import compose

BLOCK_SECONDS = 5.0


class Composer:
    name = "composer"
    version = "4"
    licence = "Apache-2.0, no model"
    pack: str | None = None

    def __init__(
        self, *, soundfont: Path | None = None, draft: bool = False, block_seconds: float = BLOCK_SECONDS
    ) -> None:
        """`soundfont` plays with a SoundFont's instruments instead of ours; `draft` plays the same notes coarsely, for a
        first listen. `block_seconds` trades memory for calls of progress; the music is the same.
        """
        self._soundfont, self._draft = soundfont, draft
        if soundfont is not None:
            self.version = f"{self.version} with {soundfont.name}"
            self.licence = f"{self.licence}; {soundfont.name} under its own"
        self._block = max(1, round(block_seconds * SAMPLE_RATE))
        self._racks: dict[int, Rack] = {}

    def perform(
        self,
        sheet: CueSheet,
        *,
        seed: int,
        seeds: Mapping[int, int] | None = None,
        seen: Seen | None = None,
        progress: Progress,
    ) -> Performance:
        """`progress` runs to 1 once while composing, here, and once while blocks are drawn."""
        del seen  # the cue sheet says it all
        piece = compose(sheet, seed, progress, seeds=seeds)
        starts = sorted({_sample_of(event.note.start) for event in piece.events if event.onset})
        return Performance(
            stems=STEMS,
            blocks=play(sheet, piece.events, piece.desks, self._source(seed), self._block, progress),
            onsets=tuple(start / SAMPLE_RATE for start in starts),
            notes=tuple(event.note for event in piece.events),
            warnings=piece.warnings,
        )

    def _source(self, seed: int) -> Rack | SoundFont:
        """What plays. One rack a seed is kept: its sounds make a second performance quicker."""
        if self._soundfont is not None:
            return SoundFont(self._soundfont, seed, self._draft)
        if seed not in self._racks:
            self._racks = {seed: Rack(seed, self._draft)}
        return self._racks[seed]


def _sample_of(seconds: float) -> int:
    return math.floor(seconds * SAMPLE_RATE + 0.5)
