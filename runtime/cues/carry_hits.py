"""What the hits and rests of an older cut become in a newer one: what a person changed follows its shot or marker."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..edit import Marker
from .agree import BETWEEN
from .follow import Stretch, Way
from .known import BEGINS
from .markers import SILENCE, word
from .sheet import CueSheet, Hit, KnownMarker, KnownShot, Rest
from .weights import CUT_WEIGHT, DISSOLVE_WEIGHT, OVERLAY_WEIGHT

MUSIC = "music"  # the hit where music comes back after a rest


@dataclass(frozen=True)
class Lost:
    """What could not be carried over; `frame` is that of the older cut."""

    what: Literal["storyboard", "hit", "rest"]
    name: str
    frame: int
    reason: str


def _is_rest(marker: KnownMarker) -> bool:
    return word(Marker(0, 0, marker.name, "", "", "timeline")) in SILENCE


def _is_hit(marker: KnownMarker) -> bool:
    return not marker.name.startswith(BEGINS) and not _is_rest(marker)


class Moments:
    """Which cut and which marker of the newer cut is which of the older one."""

    def __init__(self, old: CueSheet, new: CueSheet, way: Way) -> None:
        self.old, self.new, self.way = old, new, way
        self.old_markers: Sequence[KnownMarker] = old.markers or tuple(_told(old))
        self.new_markers = new.markers
        self.pairs = _paired(self.old_markers, self.new_markers, way)  # new to old
        self.old_cuts = {frame for shot in old.shots for frame in (shot.start, shot.end)}
        self._starts = {shot.start: shot for shot in new.shots}
        self._ends = {shot.end: shot for shot in new.shots}
        self._origin = {shot.start: origin(old.shots, shot, way) for shot in new.shots}
        self._first: dict[int, KnownShot] = {}
        self._last: dict[int, KnownShot] = {}
        for shot in new.shots:
            if found := self._origin[shot.start]:
                was, source = found
                if source.start not in self._first or was < self._was(self._first[source.start]):
                    self._first[source.start] = shot
                if source.start not in self._last or was > self._was(self._last[source.start]):
                    self._last[source.start] = shot

    def _was(self, shot: KnownShot) -> int:
        found = self._origin[shot.start]
        return found[0] if found else 0

    def cut_was(self, frame: int) -> int | None:
        """Which cut of the older edit a cut of the newer one is: that to the same shot, else that from the same one."""
        if not self.old.shots:
            return self.way.back(frame)
        shot = self._starts.get(frame)
        found = self._origin[shot.start] if shot else None
        if shot and found and self._first[found[1].start] is shot:
            return found[1].start
        shot = None if shot else self._ends.get(frame)
        found = self._origin[shot.start] if shot else None
        return found[1].end if shot and found and self._last[found[1].start] is shot else None


def origin(old: Sequence[KnownShot], shot: KnownShot, way: Way) -> tuple[int, KnownShot] | None:
    """The old shot that most of a new one is from, and the old frame that the part starts with."""
    shared = way.within(shot.start, shot.end)
    if not shared:
        return None
    most: Stretch = max(shared, key=lambda stretch: stretch.end - stretch.start)
    at = bisect_right(old, most.was, key=lambda known: known.start) - 1
    return (most.was, old[at]) if at >= 0 else None


def _told(sheet: CueSheet) -> Iterable[KnownMarker]:
    """The markers of a sheet that lists none, as far as its hits tell."""
    for hit in sheet.hits:
        names = hit.name.split(BETWEEN)
        for name in names[1:] if hit.kind == "storyboard" else names if hit.kind == "marker" else ():
            yield KnownMarker(hit.frame, name)
    for rest in sheet.rests:
        yield KnownMarker(rest.start, rest.name)
    for board in sheet.storyboards:
        yield KnownMarker(board.start, BEGINS + board.name)


def _paired(old: Sequence[KnownMarker], new: Sequence[KnownMarker], way: Way) -> dict[int, int]:
    """Markers of one name: those that went with their shot, then those that stayed on their frame, then by order."""
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    ways: tuple[Callable[[int], int | None], ...] = (way.forward, lambda frame: frame)
    for moved in ways:
        free: dict[tuple[str, int | None], list[int]] = defaultdict(list)
        for i in reversed(range(len(old))):
            if i not in taken:
                free[old[i].name, moved(old[i].frame)].append(i)
        for j, marker in enumerate(new):
            if j not in pairs and (found := free.get((marker.name, marker.frame))):
                pairs[j] = found.pop()
                taken.add(pairs[j])
    left: dict[str, list[int]] = defaultdict(list)
    for i in reversed(range(len(old))):
        if i not in taken:
            left[old[i].name].append(i)
    for j, marker in enumerate(new):
        if j not in pairs and left.get(marker.name):
            pairs[j] = left[marker.name].pop()
    return pairs


def carried_rests(moments: Moments, lost: list[Lost]) -> tuple[tuple[Rest, ...], dict[int, int]]:
    """The rests, rising, and where the end of each of the older cut is now."""
    old, new, way = moments.old, moments.new, moments.way
    now = {i: moments.new_markers[j].frame for j, i in moments.pairs.items()}
    marked = {marker.frame: i for i, marker in enumerate(moments.old_markers) if _is_rest(marker)}
    fresh = {rest.start: rest for rest in new.rests}
    rests, ends = [], {}
    for rest in old.rests:
        found = _longest(way, rest.start, rest.end)
        by = marked.get(rest.start)
        if by is not None:
            if by not in now:
                lost.append(Lost("rest", rest.name, rest.start, "its marker is not in this edit"))
                continue
            start = now[by]
            planned = fresh.get(start)
            until = found[1] if found and found[1] > start else planned.end if planned else start
            found = (start, until) if until > start else None
        if found is None:
            lost.append(Lost("rest", rest.name, rest.start, "its shots are not in this edit"))
            continue
        rests.append(Rest(*found, rest.name))
        ends[rest.end] = found[1]
    # A rest that a person took out stays out; one that is asked for now comes in.
    known = {moments.new_markers[j].frame for j in moments.pairs if _is_rest(moments.new_markers[j])}
    rests += [rest for rest in new.rests if rest.start not in known]
    joined: list[Rest] = []
    for rest in sorted(rests, key=lambda rest: rest.start):
        if joined and rest.start < joined[-1].end:
            joined[-1] = replace(joined[-1], end=max(rest.end, joined[-1].end))
        else:
            joined.append(rest)
    return tuple(joined), ends


def _longest(way: Way, start: int, end: int) -> tuple[int, int] | None:
    """The longest piece of the newer cut that shows frames [start, end) of the older one."""
    images = sorted(way.images(start, end))
    joined: list[tuple[int, int]] = []
    for first, last in images:
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return max(joined, key=lambda image: image[1] - image[0], default=None)


def carried_hits(moments: Moments, rests: Sequence[Rest], ends: dict[int, int], lost: list[Lost]) -> list[Hit]:
    """The newer cut's hits with what a person made of the older one's, rising.

    A hit that was taken out stays out, one that was put in follows its shot, and a weight, a wish or a name stays with
    its cut or marker. What the older cut did not have is as the plan has it.
    """
    old, new, way = moments.old, moments.new, moments.way
    had: dict[int, list[Hit]] = defaultdict(list)
    for hit in old.hits:
        had[hit.frame].append(hit)
    marks: dict[int, list[int]] = defaultdict(list)
    for j, marker in enumerate(moments.new_markers):
        if _is_hit(marker):
            marks[marker.frame].append(j)
    were: dict[int, set[int]] = defaultdict(set)
    for i, marker in enumerate(moments.old_markers):
        if _is_hit(marker):
            were[marker.frame].add(i)
    carried: dict[int, list[Hit]] = {}
    used: set[int] = set()
    for hit in new.hits:
        here = marks.get(hit.frame, [])
        known = [moments.pairs[j] for j in here if j in moments.pairs]
        frames = [moments.old_markers[i].frame for i in known]
        cut = moments.cut_was(hit.frame)
        frames += [cut] if cut is not None and cut not in frames else []
        was = next((frame for frame in frames if frame in had), None)
        same = len(known) == len(here)
        if was is not None:
            whole = same and were[was] <= set(known) and hit.frame not in carried
            again = [replace(one, frame=hit.frame) for one in had[was]] if whole and was not in used else None
            carried[hit.frame] = again or [replace(hit, wish=hit.wish or had[was][0].wish)]
            used.update(frames)
        elif old.shots and frames and same and all(_let_go(old, frame) for frame in frames):
            continue
        elif hit.kind == "storyboard" or not any(rest.start <= hit.frame < rest.end for rest in rests):
            carried.setdefault(hit.frame, []).append(hit)
    for frame, hits in had.items():
        if frame in used:
            continue
        for hit in hits:
            if hit.kind == "storyboard":
                continue
            if reason := _gone(hit, moments, bool(were.get(frame))):
                if hit.kind != "cut" or hit.wish or hit.weight not in (CUT_WEIGHT, DISSOLVE_WEIGHT, OVERLAY_WEIGHT):
                    lost.append(Lost("hit", hit.name, frame, reason))
                continue
            at = ends.get(frame) if hit.name == MUSIC and frame in ends else way.forward(frame)
            if at is None or at >= new.frames:
                lost.append(Lost("hit", hit.name, frame, "its shot is not in this edit"))
            elif at in carried:
                carried[at] = [replace(one, weight=max(one.weight, hit.weight)) for one in carried[at]]
            else:
                carried[at] = [replace(hit, frame=at)]
    return [hit for frame in sorted(carried) for hit in carried[frame]]


def _gone(hit: Hit, moments: Moments, marked: bool) -> str:
    """Why a hit that the newer plan does not have is not in it, where it came from the edit itself."""
    if hit.kind == "marker":
        return "no such marker is in this edit" if marked else ""
    plain = hit.frame in moments.old_cuts or not moments.old.shots
    return "its cut is not in this edit" if plain else ""


def _let_go(old: CueSheet, frame: int) -> bool:
    """Whether a person took the hit of this frame out: a plan would have had one there."""
    at = bisect_right(old.storyboards, frame, key=lambda board: board.start) - 1
    inside = at >= 0 and frame < old.storyboards[at].end
    return inside and not any(rest.start <= frame < rest.end for rest in old.rests)
