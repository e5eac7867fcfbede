"""The built-in engine: no model, no download, any length, every hit met."""

from __future__ import annotations

from ...cues.sheet import CueSheet
from ...progress import Progress
from ...rate import SAMPLE_RATE
from ..engine import Performance
from .stream import play, sample_of
from .voices import Voices
from .writing import STEMS, rng_of, write

BLOCK_SECONDS = 5.0
SOUND = 2**32 - 1  # the part of chance that belongs to instruments, beyond any storyboard


class Composer:
    name = "composer"
    version = "1"
    licence = "Apache-2.0, no model"
    pack: str | None = None

    def __init__(self, block_seconds: float = BLOCK_SECONDS) -> None:
        """`block_seconds` trades memory for calls of progress; the music is the same."""
        self._block = max(1, round(block_seconds * SAMPLE_RATE))

    def perform(self, sheet: CueSheet, *, seed: int, progress: Progress) -> Performance:
        """`progress` runs to 1 once while composing, here, and once while blocks are drawn."""
        events = write(sheet, seed, progress)
        starts = sorted({sample_of(event.note.start) for event in events if event.onset})
        return Performance(
            stems=STEMS,
            blocks=play(sheet, events, Voices(rng_of(seed, SOUND)), self._block, progress),
            onsets=tuple(start / SAMPLE_RATE for start in starts),
            notes=tuple(event.note for event in events),
        )
