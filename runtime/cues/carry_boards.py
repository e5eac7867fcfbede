"""Where the storyboards of an older cut are in a newer one: each goes where the most of its shots went."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from ..rate import Rate
from .follow import Way
from .sheet import KnownShot, Storyboard

NEW, SILENT = -1, -2  # owners of what is not from the older cut, and of what had no music there
PARTS = 3  # a third of a storyboard is still one
LONG_SECONDS, LEAST_SECONDS = 8.0, 2.0  # what lasts as long is a storyboard of its own; what is shorter never is


@dataclass(frozen=True)
class Run:
    """Frames [start, end) of the new cut that go with one storyboard of the old one: `owner` is its number."""

    start: int
    end: int
    owner: int

    @property
    def frames(self) -> int:
        return self.end - self.start


def runs(boards: Sequence[Storyboard], shots: Sequence[KnownShot], way: Way, rate: Rate, end: int) -> list[Run]:
    """The runs that together are the new cut's picture, up to frame `end`. `shots` are the new cut's, `boards` the old's.

    A few shots that are new, or strayed into another storyboard, go with their neighbours: with the run before them, for
    a storyboard keeps the shot that it starts with.
    """
    fps = float(rate.fps)
    found = _closed(_joined(_pieces(boards, shots, way, end)), boards, fps)
    if not found:
        return []
    strong = _strong(found, boards, fps)
    places = [k for k, held in enumerate(strong) if held]
    joined = []
    for k, run in enumerate(found):
        owner = run.owner
        if not strong[k]:
            at = bisect_left(places, k)
            before = found[places[at - 1]].owner if at else None
            after = found[places[at]].owner if at < len(places) else None
            owner = next(owner for owner in (before, after) if owner is not None)
            if before == SILENT and after is not None:
                owner = after
        joined.append(replace(run, owner=owner))
    return _joined(joined)


def _closed(found: Sequence[Run], boards: Sequence[Storyboard], fps: float) -> list[Run]:
    """The runs without what lies inside a storyboard and is shorter than what is around it."""
    closed: list[Run] = []
    for run in found:
        closed.append(run)
        while len(closed) > 2 and closed[-3].owner == closed[-1].owner != NEW:
            before, inside, after = closed[-3:]
            own = inside.owner != NEW and _stands(inside, boards, fps)
            if own or inside.frames >= before.frames + after.frames:
                break
            closed[-3:] = [replace(before, end=after.end)]
    return closed


def _stands(run: Run, boards: Sequence[Storyboard], fps: float) -> bool:
    """Whether a run is long enough, for itself or of what it belongs to, to be apart from its neighbours."""
    if run.owner == SILENT:
        return run.frames >= LEAST_SECONDS * fps
    if run.frames >= LONG_SECONDS * fps:
        return True
    return run.owner != NEW and PARTS * run.frames >= boards[run.owner].end - boards[run.owner].start


def _strong(found: Sequence[Run], boards: Sequence[Storyboard], fps: float) -> list[bool]:
    """Which runs are storyboards of their own: those that stand, and the largest part of what would else be gone."""
    largest: dict[int, Run] = {}
    for run in found:
        if run.owner not in largest or run.frames > largest[run.owner].frames:
            largest[run.owner] = run
    rest = [run.owner >= 0 and largest[run.owner] is run and run.frames >= LEAST_SECONDS * fps for run in found]
    strong = [_stands(run, boards, fps) or left for run, left in zip(found, rest, strict=True)]
    if not any(strong):
        strong[max(range(len(found)), key=lambda k: found[k].frames)] = True
    return strong


def _pieces(boards: Sequence[Storyboard], shots: Sequence[KnownShot], way: Way, end: int) -> list[Run]:
    """Each shot, parted where a storyboard began inside it. Black belongs to what was before it."""
    edges = sorted({edge for board in boards for edge in (board.start, board.end)})
    found: list[Run] = []
    for shot, after in pairwise(chain(shots, [None])):
        assert shot is not None
        parts: list[tuple[int, int]] = []
        for stretch in way.within(shot.start, shot.end):
            inside = edges[bisect_right(edges, stretch.was) : bisect_left(edges, stretch.was_end)]
            for was in (stretch.was, *inside):
                parts.append((max(shot.start, stretch.forward(was)), _owner(boards, was)))
        parts = parts or [(shot.start, NEW)]
        parts[0] = (shot.start, parts[0][1])
        last = end if after is None else after.start
        for (start, owner), (until, _) in pairwise([*parts, (last, NEW)]):
            if start < until:
                found.append(Run(start, until, owner))
    return found


def _owner(boards: Sequence[Storyboard], frame: int) -> int:
    at = bisect_right(boards, frame, key=lambda board: board.start) - 1
    return at if at >= 0 and frame < boards[at].end else SILENT


def _joined(found: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in found:
        if joined and joined[-1].owner == run.owner:
            joined[-1] = replace(joined[-1], end=run.end)
        else:
            joined.append(run)
    return joined
