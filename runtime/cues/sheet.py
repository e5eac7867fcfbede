"""The cue sheet: the whole plan of a score as plain data, and as JSON that a person may edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..rate import SAMPLE_RATE, Rate

SCHEMA = "hitpoint.cues/1"

HitKind = Literal["storyboard", "marker", "cut"]
Outcome = Literal["landed", "near", "missed"]

NEAR_SECONDS = 0.1  # a hit met within this is near; within half a frame it is landed


@dataclass(frozen=True)
class Brief:
    """What a storyboard asks of the music. Valence runs from -1 (dark) to 1 (bright), energy and density from 0 to 1."""

    valence: float = 0.0
    energy: float = 0.5
    density: float = 0.5
    style: str = "cinematic"
    prompt: str = ""


@dataclass(frozen=True)
class Storyboard:
    """Consecutive shots, frames [start, end), scored at one tempo.

    `beats` are seconds from the timeline's start, rising, within the storyboard; the first of every `metre` beats
    is a downbeat.
    """

    name: str
    start: int
    end: int
    tempo: float
    metre: int = 4
    beats: tuple[float, ...] = ()
    brief: Brief = Brief()
    locked: bool = False


@dataclass(frozen=True)
class Hit:
    """A moment that the music must meet, and how the plan meets it.

    `at` is the musical event nearest to it, in seconds; None where nothing is near. Weight runs from 0 to 1.
    """

    frame: int
    kind: HitKind
    name: str = ""
    weight: float = 0.5
    at: float | None = None
    outcome: Outcome = "missed"


@dataclass(frozen=True)
class CueSheet:
    """The plan for an edit of `frames` frames. Storyboards follow each other without overlap."""

    name: str
    rate: Rate
    frames: int
    start_frame: int = 0
    drop_frame: bool = False
    storyboards: tuple[Storyboard, ...] = ()
    hits: tuple[Hit, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """How long the score is, at 48 kHz: exactly the timeline's frames."""
        return self.rate.samples(self.frames, SAMPLE_RATE)

    def seconds(self, frame: int) -> float:
        return float(self.rate.seconds(frame))


def outcome(asked: float, met: float | None, rate: Rate) -> Outcome:
    """How well a moment asked for at `asked` seconds is met at `met` seconds."""
    if met is None:
        return "missed"
    distance = abs(met - asked)
    if distance <= float(rate.seconds(1)) / 2 + 1e-9:
        return "landed"
    return "near" if distance <= NEAR_SECONDS + 1e-9 else "missed"
