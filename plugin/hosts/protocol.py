"""What a bridge to a video editor does: read the timeline that is open, put a score on it, take it off again.

Frames are relative to the timeline's first frame, everywhere. A score lies on tracks of its own; what was there before is
never overwritten, moved or cut. All that a host refuses is said: by `cannot` before, by an error that leaves the project as
it was, or by `missing` where only a part arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from ...runtime.errors import InputError, OutputError, UsageError
from ..timeline.score_track import NAME as TRACK

# What a host may be unable to do.
Ability = Literal["read", "place", "replace", "remove", "markers", "playhead", "move", "stems", "duck", "undo"]


@dataclass(frozen=True)
class About:
    """A host as it is at hand. `cannot` says for each thing that it cannot do, why, in a sentence a user can read."""

    name: str
    title: str
    version: str
    cannot: Mapping[Ability, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Opened:
    """The timeline that is open. `otio` is it as OpenTimelineIO's JSON; `project` the file that holds it, None where it was
    never saved. `revision` is another one after every change to the timeline that is not of our making, and the same after
    placing or removing a score. `drop_frame` says how its timecode is counted, which OpenTimelineIO cannot; `warnings`, what
    of the timeline could not be read.
    """

    name: str
    otio: str
    project: Path | None
    revision: str
    drop_frame: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sound:
    """A WAV as long as the timeline. `stem` is empty for the whole score."""

    path: Path
    stem: str = ""


@dataclass(frozen=True)
class Mark:
    """A marker to write."""

    frame: int
    name: str
    color: str = "GREEN"


@dataclass(frozen=True)
class Music:
    """A score to be placed, from the timeline's first frame on: one track a sound. `frames` at `rate` ("24000/1001") is its
    length; `provenance` goes with it, so that it is known again. `duck` lists (frame, gain in dB) for hosts that can lower
    the level themselves; the sounds are not ducked then.
    """

    sounds: tuple[Sound, ...]
    frames: int
    rate: str
    provenance: Mapping[str, Any]
    marks: tuple[Mark, ...] = ()
    duck: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Plan:
    """What placing a score would do. `track` is the name it gets: `Hitpoint Score`, or `Hitpoint Score 2` where the earlier
    one stays, because somebody moved or cut it or laid something on its track. `steps` are sentences for a person.
    """

    track: str
    replaces: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """What is on the timeline after placing, as the host says when asked again. `missing` says what did not arrive."""

    tracks: tuple[str, ...]
    marks: int = 0
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Removed:
    """The tracks of ours that are gone; `warnings` says what stayed, and why."""

    tracks: tuple[str, ...]
    marks: int = 0
    warnings: tuple[str, ...] = ()


class Host(Protocol):
    """A video editor, reached. Every method raises HostClosed where the host is not there (any more)."""

    def about(self) -> About: ...

    def read(self) -> Opened:
        """Raises InputError where no timeline is open."""
        ...

    def playhead(self) -> int: ...

    def move(self, frame: int) -> None: ...

    def plan(self, music: Music) -> Plan:
        """Raises InputError where a sound is missing, UsageError or OutputError where it could not be placed otherwise: a
        locked track, something that the host cannot.
        """
        ...

    def place(self, music: Music) -> Placed:
        """Plans, applies, reads back and compares. An earlier score of ours that nobody touched is replaced. Markers that
        the host cannot write are no reason to refuse the music: `missing` says so.

        Raises what `plan` raises, and HostRefused where the host did otherwise than it said; the project is as it was then.
        """
        ...

    def remove(self) -> Removed:
        """Takes every score of ours off that nobody touched, with its markers, and nothing else. A locked track stays and is
        said, or refuses the whole.
        """
        ...

    def close(self) -> None:
        """Lets go of the host; the host itself goes on."""
        ...


def unable(about: About, ability: Ability) -> UsageError:
    """What a method raises for something that is in `cannot`, in the same words."""
    return UsageError(f"{about.title}: {about.cannot[ability]}")


class HostClosed(InputError):
    """The host is not running, has no project open, or went away."""


class HostRefused(OutputError):
    """The host did not do what it was asked; the project is as it was before."""


def track_names(first: str, sounds: tuple[Sound, ...]) -> tuple[str, ...]:
    """What the tracks of a score are called: "Hitpoint Score", or one a stem, "Hitpoint Score: bass"."""
    return tuple(f"{first}: {sound.stem}" if sound.stem else first for sound in sounds)


def free_name(taken: set[str]) -> str:
    """The name of a new score where those in `taken` stay: "Hitpoint Score", "Hitpoint Score 2"."""
    firsts = {name.partition(":")[0] for name in taken}
    number = 1
    while (TRACK if number == 1 else f"{TRACK} {number}") in firsts:
        number += 1
    return TRACK if number == 1 else f"{TRACK} {number}"
