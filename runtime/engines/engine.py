"""What every engine is: a cue sheet in, stems out, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..cues.sheet import CueSheet
from ..progress import Progress

if TYPE_CHECKING:
    from ..picture.look import Seen

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Note:
    """One sounding note. Times in seconds from the timeline's start, pitch as MIDI number, velocity from 0 to 1."""

    stem: str
    start: float
    seconds: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Block:
    """A stretch of the performance: for every stem samples (n, 2) at 48 kHz, the same n for all."""

    stems: dict[str, Sound]


@dataclass(frozen=True)
class Performance:
    """What an engine is about to play.

    `blocks` follow each other without gap and together are exactly `CueSheet.samples` long, so a score of any length
    is made in bounded memory; they can be drawn once. `onsets` are the seconds at which something audible starts,
    rising, or None where the engine does not know and its sound has to be heard; `notes` is empty where the engine has
    none. `warnings` are what a person should know, complete once all blocks are drawn; `rings` is False for finished
    music, which cannot be asked to start nothing in a rest. `model` is what the report says of the model that plays.
    """

    stems: tuple[str, ...]
    blocks: Iterator[Block]
    onsets: tuple[float, ...] | None
    notes: tuple[Note, ...] = ()
    warnings: Sequence[str] = ()
    rings: bool = True
    model: Mapping[str, Any] | None = None


class Engine(Protocol):
    """Turns a cue sheet into sound. Equal sheet and seeds give equal samples on one machine, every time."""

    name: str
    version: str
    licence: str
    pack: str | None

    def perform(
        self,
        sheet: CueSheet,
        *,
        seed: int,
        seeds: Mapping[int, int] | None = None,
        seen: Seen | None = None,
        progress: Progress,
    ) -> Performance:
        """`seed` is that of the piece; storyboards named in `seeds`, by their number from 0, are made from one of their
        own. Another seed for one storyboard changes no note of the others, and no sample of theirs outside a join of
        at most one bar, or two seconds in an engine without notes, and the reverb's tail.

        `seen` is what the picture showed, for engines that look at it; None where nobody looked, or nothing could be seen.
        `progress` is called while blocks are drawn, and whatever it raises ends the performance.
        """
        ...
