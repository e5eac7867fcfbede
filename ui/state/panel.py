"""The panel's state as one tree of frozen values. `store.Store` holds the present one and tells who watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .edit import SeenEdit
from .plan import Plan
from .take import Heard, Laid, Placed, Take, Wave, Writing

Markers = Literal["none", "storyboards", "beats"]
JobKind = Literal[
    "open",
    "parse",
    "lay",
    "score",
    "rehearse",
    "heard",
    "peaks",
    "intend",
    "write",
    "unwrite",
    "packs",
    "examine",
    "demo",
    "sweep",
]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Theme = Literal["system", "dark", "light"]


@dataclass(frozen=True)
class ScoreSettings:
    """What is asked of the whole score. `loudness` in LUFS, `peak` in dBTP; `duck` in dB, None for not at all;
    `slowest` and `fastest` in beats a minute; `soundfont` and `pack` "" for none.
    """

    engine: str = "composer"
    pack: str = ""
    seed: int = 0
    loudness: float = -16.0
    peak: float = -1.0
    duck: float | None = 10.0
    markers: Markers = "storyboards"
    stems: bool = False
    stem_tracks: bool = False
    slowest: float = 60.0
    fastest: float = 180.0
    soundfont: str = ""


@dataclass(frozen=True)
class Reading:
    """How an edit's file is read: `rate` in frames a second ("24000/1001", "23.976") and the name of the `timeline`, ""
    for what the file says; `media_roots` are folders in which media are looked for.
    """

    rate: str = ""
    timeline: str = ""
    media_roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class InOut:
    """The in and the out point, as frames [start, end); None where none is set."""

    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class View:
    """What is looked at. `boards` and `hits` are the ids selected, `point` the frame of a point of the energy; `zoom` is pixels a frame, 0 for all of it in sight;
    `scroll` the frame at the left edge. `loop` is the storyboard's id that playing repeats, 0 for none; `other` the take
    that A/B compares the current one with, 0 for none.
    """

    boards: tuple[int, ...] = ()
    hits: tuple[int, ...] = ()
    point: int | None = None
    zoom: float = 0.0
    scroll: float = 0.0
    playhead: int = 0
    loop: int = 0
    other: int = 0
    music_db: float = 0.0
    dialogue_db: float = 0.0


@dataclass(frozen=True)
class Geometry:
    """The window: place and size in pixels; None while nobody moved it."""

    x: int | None = None
    y: int | None = None
    width: int = 1100
    height: int = 760
    on_top: bool = False


@dataclass(frozen=True)
class Settings:
    """What a person set for all edits. Colours are markers' as hosts name them ("RED"), words what a marker's name starts
    with; both besides the words that always count (`hit`, `storyboard: NAME`, `silence`). Sizes in bytes.
    """

    engine: str = "composer"
    device: str = "auto"
    hit_colours: tuple[str, ...] = ()
    storyboard_colours: tuple[str, ...] = ()
    silence_colours: tuple[str, ...] = ()
    hit_words: tuple[str, ...] = ()
    storyboard_words: tuple[str, ...] = ()
    silence_words: tuple[str, ...] = ()
    loudness: float = -16.0
    peak: float = -1.0
    duck: float | None = 10.0
    markers: Markers = "storyboards"
    cache_bytes: int = 512 * 2**20
    takes_kept: int = 20
    takes_bytes: int = 4 * 2**30
    theme: Theme = "system"
    geometry: Geometry = Geometry()
    started: bool = False  # the first start is over
    recent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One piece of work. `fraction` from 0 to 1; `seconds_left` None while nobody can tell. Of a failed one `sentence`
    says what and what to do, `details` hold what is only for who mends it. What is not `shown` is housekeeping.
    """

    id: int
    kind: JobKind
    title: str
    state: JobState = "queued"
    stage: str = ""
    fraction: float = 0.0
    seconds: float = 0.0
    seconds_left: float | None = None
    sentence: str = ""
    details: str = ""
    shown: bool = True

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running")


@dataclass(frozen=True)
class Message:
    """A line for a person. `details` can be copied."""

    id: int
    kind: Literal["note", "warning", "error"]
    text: str
    details: str = ""


@dataclass(frozen=True)
class PackInfo:
    """A pack that is installed, or one that is refused, with its `trouble`."""

    name: str
    family: str = ""
    version: str = ""
    licence: str = ""
    licence_url: str = ""
    commercial: bool = True
    bytes: int = 0
    built_in: bool = False
    folder: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Machine:
    """What this machine has. `doctor` are its parts as (name, found, words, remedy)."""

    engines: tuple[str, ...] = ("composer",)
    devices: tuple[str, ...] = ("auto", "cpu")
    device_words: str = ""
    styles: tuple[str, ...] = ()
    doctor: tuple[tuple[str, bool, str, str], ...] = ()


@dataclass(frozen=True)
class HostInfo:
    """The video editor that is followed, and the timeline that was read there. `cannot` are (ability, why not), as
    `plugin.hosts.protocol` has them.
    """

    name: str
    title: str
    version: str = ""
    timeline: str = ""
    cannot: tuple[tuple[str, str], ...] = ()

    def can(self, ability: str) -> bool:
        return all(each != ability for each, _ in self.cannot)


@dataclass(frozen=True)
class Panel:
    """All of it. `plan`, `score`, `takes`, `current` and `inout` are what a person shapes, and only actions change them;
    the rest follows from work that was done, or is only how it is looked at.

    `current` is the id of the take that is shown and played, 0 for none. `unkept` says why nothing that is done to this
    edit is kept, "" where all of it is.
    """

    edit: SeenEdit | None = None
    plan: Plan | None = None
    score: ScoreSettings = ScoreSettings()
    takes: tuple[Take, ...] = ()
    current: int = 0
    inout: InOut = InOut()
    laid: Laid | None = None
    heard: Heard | None = None
    rehearsal: Heard | None = None
    waves: tuple[Wave, ...] = ()
    writing: Writing | None = None
    placed: Placed | None = None
    view: View = View()
    settings: Settings = Settings()
    jobs: tuple[Job, ...] = ()
    messages: tuple[Message, ...] = ()
    packs: tuple[PackInfo, ...] = ()
    machine: Machine = Machine()
    reading: Reading = Reading()
    host: HostInfo | None = None
    unkept: str = ""

    def take(self, id: int) -> Take | None:
        return next((take for take in self.takes if take.id == id), None)
