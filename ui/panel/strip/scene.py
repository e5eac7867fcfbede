"""What the strip shows, ready to be drawn: taken from the state once for many tiles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ....runtime.edit import Cut, Edit, Marker
from ....runtime.rate import Rate
from ...state.edit import SeenEdit, Speech, Swatch
from ...state.panel import Panel
from ...state.plan import Board, HitMark, Plan, Points
from ...state.waveform import Peaks
from ...theme.colours import Colours
from .axis import Axis
from .lanes import Lanes
from .shown import Met, Music


@dataclass(frozen=True)
class Scene:
    """`thumbs` answers the picture of a path. `hits` are with how they are met; `palettes` by storyboard's id."""

    seen: SeenEdit
    axis: Axis
    lanes: Lanes
    colours: Colours
    music: Music
    plan: Plan | None = None
    boards: tuple[Board, ...] = ()
    hits: tuple[HitMark, ...] = ()
    met: dict[int, Met] = field(default_factory=dict)
    energy: Points = ()
    cuts: tuple[Cut, ...] = ()
    markers: tuple[Marker, ...] = ()
    palettes: dict[int, tuple[Swatch, ...]] = field(default_factory=dict)
    peaks: Peaks | None = None

    @property
    def edit(self) -> Edit:
        return self.seen.edit

    @property
    def rate(self) -> Rate:
        return self.seen.edit.rate

    @property
    def fps(self) -> float:
        return float(self.seen.edit.rate.fps)

    def frames(self, left: float, right: float) -> tuple[float, float]:
        """The frames between two pixels of the whole picture."""
        return left / self.axis.scale, right / self.axis.scale

    def boards_in(self, first: float, last: float) -> Sequence[Board]:
        start = max(0, bisect_right(self.boards, first, key=lambda board: board.start) - 1)
        return self.boards[start : bisect_left(self.boards, last, key=lambda board: board.start)]

    def hits_in(self, first: float, last: float) -> Sequence[HitMark]:
        return self.hits[bisect_left(self.hits, first, key=_at) : bisect_right(self.hits, last, key=_at)]

    def cuts_in(self, first: float, last: float) -> Sequence[Cut]:
        return self.cuts[bisect_left(self.cuts, first, key=_at) : bisect_right(self.cuts, last, key=_at)]

    def markers_in(self, first: float, last: float) -> Sequence[Marker]:
        return self.markers[bisect_left(self.markers, first, key=_at) : bisect_right(self.markers, last, key=_at)]

    def speech_in(self, first: float, last: float) -> Sequence[Speech]:
        return [each for each in self.seen.speech if each.end > first and each.start < last]


def scene(
    panel: Panel,
    axis: Axis,
    lanes: Lanes,
    colours: Colours,
    music: Music,
    peaks: Peaks | None,
    before: Scene | None = None,
) -> Scene | None:
    """`before` is the one that was drawn last: what did not change is taken from there."""
    seen, plan = panel.edit, panel.plan
    if seen is None:
        return None
    boards = plan.boards if plan else ()
    if before and before.seen is seen and before.boards is boards and before.music is music:
        hits = plan.hits if plan else ()
        energy = before.energy if hits is before.hits and plan is before.plan else plan.curve() if plan else ()
        return replace(
            before, axis=axis, lanes=lanes, colours=colours, hits=hits, energy=energy, peaks=peaks, plan=plan
        )
    same = before is not None and before.seen is seen and before.boards is boards
    return Scene(
        seen, axis, lanes, colours, music,
        plan=plan,
        boards=boards,
        hits=plan.hits if plan else (),
        met=dict(music.met),
        energy=plan.curve() if plan else (),
        cuts=tuple(sorted(seen.edit.cuts, key=_at)),
        markers=tuple(sorted((marker for marker in seen.edit.markers if marker.visible), key=_at)),
        palettes=before.palettes if before and same else {b.id: seen.palette(b.start, b.end) for b in boards},
        peaks=peaks,
    )  # fmt: skip


def _at(thing: HitMark | Cut | Marker) -> int:
    return thing.frame
