"""The cue sheet while a person shapes it. Beats that no longer fit are laid anew when it is scored."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from ...runtime.cues.sheet import HitKind, KnownMarker, KnownShot, Outcome, Place, Relation, Rest, Role, Wish
from ...runtime.rate import Rate

Held = Literal["", "pinned", "released"]
Points = tuple[tuple[int, float], ...]

PINNED, RELEASED = 1.0, 0.0  # what such hits weigh


@dataclass(frozen=True)
class Board:
    """A storyboard, frames [start, end). `id` stays the same whatever is done to it.

    Valence runs from -1 (dark) to 1 (bright), energy and density from 0 to 1. `seed` is None where the score's own
    counts. `beats_at`, `bars_at` and `energy_at` are the tempo, metre and energy that `beats`, `bars` and the curve were made
    for; `name_at` is the name that it had first, by which its music is chosen, "" where that is `name`.
    """

    id: int
    name: str
    start: int
    end: int
    tempo: float
    metre: int = 4
    role: Role = "theme"
    key: Relation = "home"
    valence: float = 0.0
    energy: float = 0.5
    density: float = 0.5
    style: str = "cinematic"
    prompt: str = ""
    seed: int | None = None
    locked: bool = False
    beats: tuple[float, ...] = ()
    bars: tuple[int, ...] = ()
    beats_at: float = 0.0
    bars_at: int = 0
    energy_at: float = 0.5
    name_at: str = ""


@dataclass(frozen=True)
class HitMark:
    """A moment that the music must meet. `weight` is what it weighs where it is neither pinned nor released.

    `laid` is the weight that the beats were laid for, None for a hit that a person `added` since. `at`, `outcome` and
    `place` are the plan's; what a take made of it stands in `Heard`.
    """

    id: int
    frame: int
    kind: HitKind = "marker"
    name: str = ""
    weight: float = 0.5
    wish: Wish = ""
    held: Held = ""
    added: bool = False
    laid: float | None = None
    at: float | None = None
    outcome: Outcome = "missed"
    place: Place = ""

    @property
    def weighs(self) -> float:
        """What the plan is told: 1 for a pinned hit, 0 for a released one."""
        return {"pinned": PINNED, "released": RELEASED}.get(self.held, self.weight)


@dataclass(frozen=True)
class Plan:
    """The cue sheet being shaped, for an edit of `frames` frames at `rate`; boards and hits rise.

    `energy` are points (frame, energy) joined by straight lines; see `curve`. `next_id` is the next new board's or hit's.
    """

    name: str
    rate: Rate
    frames: int
    start_frame: int = 0
    drop_frame: bool = False
    boards: tuple[Board, ...] = ()
    hits: tuple[HitMark, ...] = ()
    energy: Points = ()
    rests: tuple[Rest, ...] = ()
    shots: tuple[KnownShot, ...] = ()
    markers: tuple[KnownMarker, ...] = ()
    warnings: tuple[str, ...] = ()
    next_id: int = 1

    def board(self, id: int) -> Board | None:
        return next((board for board in self.boards if board.id == id), None)

    def hit(self, id: int) -> HitMark | None:
        return next((hit for hit in self.hits if hit.id == id), None)

    def index(self, id: int) -> int:
        """The number of a storyboard from 0; -1 where there is none."""
        return next((index for index, board in enumerate(self.boards) if board.id == id), -1)

    def board_at(self, frame: int) -> Board | None:
        index = bisect_right(self.boards, frame, key=lambda board: board.start) - 1
        return self.boards[index] if index >= 0 and frame < self.boards[index].end else None

    def seconds(self, frame: int) -> float:
        return float(self.rate.seconds(frame))

    def curve(self) -> Points:
        """The energy as it will be played: the points, moved with the storyboards whose energy is another by now."""
        if not self.energy:
            return ()
        moved = dict(self.energy)
        for board in self.boards:
            if board.energy == board.energy_at:
                continue
            factor = board.energy / max(board.energy_at, 0.02)
            for frame, energy in self.energy:
                if board.start <= frame < board.end:
                    moved[frame] = round(min(1.0, energy * factor), 3)
        return tuple(sorted(moved.items()))
