"""Takes: scores of the edit that were made, and what is heard of the one that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...runtime.cues.sheet import Outcome, Place


@dataclass(frozen=True)
class Take:
    """One score. `id` is also its folder's number: takes/03 in the project's folder holds score.wav, cues.json,
    report.json. `stars` from 0 to 5. `target` is the loudness and the peak asked for, in LUFS and dBTP. `seconds` is its length, `bytes` what it takes on the disk.
    """

    id: int
    name: str
    folder: str
    engine: str = "composer"
    pack: str = ""
    seed: int = 0
    seeds: tuple[int, ...] = ()
    landed: int = 0
    near: int = 0
    missed: int = 0
    target: tuple[float, float] = (-16.0, -1.0)
    loudness: float | None = None
    true_peak: float | None = None
    seconds: float = 0.0
    bytes: int = 0
    stars: int = 0
    notes: str = ""
    digest: str = ""  # of the plan and seeds that it was made from: equal to the present one's where it is up to date
    warnings: tuple[str, ...] = ()

    @property
    def hits(self) -> int:
        return self.landed + self.near + self.missed


@dataclass(frozen=True)
class HeardHit:
    """How a take met a hit: `at` in seconds, None where nothing is near."""

    frame: int
    name: str
    at: float | None
    outcome: Outcome
    place: Place = ""


@dataclass(frozen=True)
class LaidBoard:
    """A storyboard's beats in seconds, and which of them start a bar."""

    start: int
    end: int
    name: str
    tempo: float
    beats: tuple[float, ...] = ()
    downbeats: tuple[int, ...] = ()


@dataclass(frozen=True)
class Heard:
    """What the files of the current take say: how its hits were met, and its beats."""

    take: int
    wav: str
    full: str = ""  # the same without dips under dialogue, "" where there are none
    hits: tuple[HeardHit, ...] = ()
    boards: tuple[LaidBoard, ...] = ()


@dataclass(frozen=True)
class Wave:
    """The file with the waveform of a take, which `waveform.load` reads."""

    take: int
    peaks: str


@dataclass(frozen=True)
class Laid:
    """The plan as it would be played now, without being played: what beats and hits a planning gives. `digest` is the
    plan's that it was made from.
    """

    digest: str
    hits: tuple[HeardHit, ...] = ()
    boards: tuple[LaidBoard, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One thing that writing does: `what` happens to `target`, a track's name, a marker or a file's path; of a step
    `target` is the sentence that says it.
    """

    what: Literal["add", "replace", "keep", "remove"]
    kind: Literal["track", "marker", "file", "step"]
    target: str
    words: str = ""


@dataclass(frozen=True)
class Placed:
    """What stands on the timeline: the take, where it was written, and what was done. `undo` says that all that was there
    before is kept; without, our tracks alone can be taken out. `earlier` is what stood there then.
    """

    take: int
    out: str
    in_place: bool = False
    changes: tuple[Change, ...] = ()
    undo: bool = True
    sha256: str = ""
    warnings: tuple[str, ...] = ()
    earlier: Placed | None = None


@dataclass(frozen=True)
class Writing:
    """What writing a take to the timeline would change, shown before it is done."""

    take: int
    out: str
    in_place: bool = False
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
