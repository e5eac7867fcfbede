"""The cue sheet: the whole plan of a score as plain data, and as JSON that a person may edit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from typing import Literal

from ..rate import SAMPLE_RATE, Rate

SCHEMA = "hitpoint.cues/1"

HitKind = Literal["storyboard", "marker", "cut"]
Outcome = Literal["landed", "near", "missed"]
Place = Literal["downbeat", "beat", "offbeat", "free", ""]  # free: by an accent between the beats; "": not landed
Wish = Literal["", "accent", "soft", "build"]  # how a hit is to be met; build: music that rises towards it
Role = Literal["intro", "theme", "build", "climax", "ending"]
Relation = Literal["home", "dominant", "subdominant", "relative", "parallel"]

NEAR_SECONDS = 0.1  # a hit met within this is near; within half a frame it is landed


@dataclass(frozen=True)
class Brief:
    """What a storyboard asks of the music. Valence runs from -1 (dark) to 1 (bright), energy and density from 0 to 1.

    `key` is how the storyboard's key belongs to that of the whole piece.
    """

    valence: float = 0.0
    energy: float = 0.5
    density: float = 0.5
    style: str = "cinematic"
    prompt: str = ""
    key: Relation = "home"


@dataclass(frozen=True)
class Storyboard:
    """Consecutive shots, frames [start, end), scored at one tempo that bends a little.

    `beats` are seconds from the timeline's start, rising, within the storyboard. `bars` are the beats of each bar, the
    first bar starting on the first beat; where it is empty or too short, bars of `metre` beats follow. `origin` is the
    name that it had first, by which its music is chosen; empty where that is `name`.
    """

    name: str
    start: int
    end: int
    tempo: float
    metre: int = 4
    beats: tuple[float, ...] = ()
    brief: Brief = Brief()
    locked: bool = False
    bars: tuple[int, ...] = ()
    role: Role = "theme"
    origin: str = ""

    def downbeats(self, beats: int | None = None) -> list[int]:
        """Which of the beats start a bar."""
        count = len(self.beats) if beats is None else beats
        starts: list[int] = []
        at = 0
        for bar in chain(self.bars, repeat(self.metre)):
            if at >= count:
                return starts
            starts.append(at)
            at += bar
        raise AssertionError("bars without end end nowhere")


@dataclass(frozen=True)
class Hit:
    """A moment that the music must meet, and how the plan meets it.

    `at` is the musical event nearest to it, in seconds; None where nothing is near. Weight runs from 0 to 1, and what
    weighs nothing is let go.
    """

    frame: int
    kind: HitKind
    name: str = ""
    weight: float = 0.5
    at: float | None = None
    outcome: Outcome = "missed"
    place: Place = ""
    wish: Wish = ""


@dataclass(frozen=True)
class Rest:
    """Frames [start, end) in which no music sounds, because somebody asked for it."""

    start: int
    end: int
    name: str = ""


@dataclass(frozen=True)
class KnownShot:
    """A shot as the edit had it when the sheet was made, so that the sheet can follow it into another cut.

    `at` is the second of the medium that frame `start` shows, `speed` the medium's seconds a second of the edit.
    """

    start: int
    end: int
    name: str = ""
    media: str = ""
    at: float | None = None
    speed: float = 1.0


@dataclass(frozen=True)
class KnownMarker:
    """A marker as the edit had it when the sheet was made; `frame` is the moment that it means."""

    frame: int
    name: str = ""


@dataclass(frozen=True)
class CueSheet:
    """The plan for an edit of `frames` frames. Storyboards follow each other without overlap.

    `energy` says over the whole piece how much goes on, from 0 to 1, as points (frame, energy) joined by straight
    lines; where it is empty the briefs say it.
    """

    name: str
    rate: Rate
    frames: int
    start_frame: int = 0
    drop_frame: bool = False
    storyboards: tuple[Storyboard, ...] = ()
    hits: tuple[Hit, ...] = ()
    warnings: tuple[str, ...] = ()
    energy: tuple[tuple[int, float], ...] = ()
    rests: tuple[Rest, ...] = ()
    shots: tuple[KnownShot, ...] = ()
    markers: tuple[KnownMarker, ...] = ()

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
