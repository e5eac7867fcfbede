"""Reconform: a cue sheet made for an older cut of a show is carried over to a newer one by following its shots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, pairwise
from typing import Any, Literal

from ..edit import Edit
from ..rate import Rate
from . import form
from .agree import agree
from .beats import meet
from .carry_boards import NEW, Run, runs
from .carry_hits import Lost, Moments, carried_hits, carried_rests
from .follow import Stretch, Way, follow
from .known import BEGINS, known_markers
from .laying import spans
from .relay import laid_anew
from .sheet import CueSheet, Hit, KnownShot, Storyboard

LEAST_SECONDS = 2.0  # a plan's storyboard that would be shorter goes with the one before it
MOST_TOLD = 12  # losses that are said one by one


@dataclass(frozen=True)
class Place:
    """Where a storyboard is in the newer cut. `beats`: they are the old ones, moved in time, or were laid anew."""

    name: str
    start: int
    end: int
    beats: Literal["kept", "laid anew"]


@dataclass(frozen=True)
class Carry:
    """A storyboard of the older cut and where it is now: nowhere, in one place, or in several."""

    name: str
    start: int
    end: int
    locked: bool
    to: tuple[Place, ...]


@dataclass(frozen=True)
class Carried:
    """The newer cut's sheet, where each storyboard of the older one went, and what could not be carried over."""

    sheet: CueSheet
    carried: tuple[Carry, ...] = ()
    lost: tuple[Lost, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "carried": [{**vars(carry), "to": [vars(place) for place in carry.to]} for carry in self.carried],
            "lost": [vars(lost) for lost in self.lost],
        }


@dataclass(frozen=True)
class _Part:
    """A storyboard to be: `owner` is that of the older cut which it continues, or NEW. `kept`: its shots are the same."""

    board: Storyboard
    owner: int
    kept: bool = False


def reconform(old: CueSheet, plan: CueSheet, edit: Edit) -> Carried:
    """Carries `old` over to `edit`, of which `plan` is a fresh sheet.

    Storyboards go where the most of their shots went, with name, brief, role, key, lock, metre and tempo. Where the
    shots are the same the beats are too, moved in time; where they are not, beats are laid anew in the same tempo. Hits,
    rests and energy follow shots and markers. What is new is as the plan has it.
    """
    plan = replace(plan, markers=plan.markers or known_markers(edit))
    said: list[str] = []
    if old.rate != plan.rate:
        said.append(f"the cue sheet was made at {old.rate} frames a second: carried over to {plan.rate}")
        old = _at_rate(old, plan.rate)
    if _same(old, plan):
        kept = tuple(_carry(board, [Place(board.name, board.start, board.end, "kept")]) for board in old.storyboards)
        return Carried(replace(old, name=plan.name, markers=plan.markers, warnings=tuple(said)), kept)
    if old.shots:
        way = follow(old.shots, plan.shots, plan.rate)
    else:
        said.append(
            "the cue sheet lists no shots: it is carried over by time alone, and does not follow what has moved"
        )
        together = min(old.frames, plan.frames)
        way = Way([Stretch(0, together, 0, together)])
    if not way.stretches or not old.storyboards:
        said.append("nothing of the cue sheet is in this edit: it is planned anew")
        gone = tuple(
            Lost("storyboard", board.name, board.start, "its shots are not in this edit") for board in old.storyboards
        )
        carries = tuple(_carry(board, []) for board in old.storyboards)
        return Carried(replace(plan, warnings=tuple(dict.fromkeys([*said, *plan.warnings]))), carries, gone)
    lost: list[Lost] = []
    moments = Moments(old, plan, way)
    parts = _parts(old, plan, way, moments)
    rests, ends = carried_rests(moments, lost)
    found = carried_hits(moments, rests, ends, lost)
    always = any(hit.kind == "storyboard" for hit in old.hits)
    hits = agree(found, [part.board for part in parts], edit, always=always)
    laid, kept_beats = _laid(parts, old, hits, plan.rate)
    to: dict[int, list[Place]] = defaultdict(list)
    for part, board, kept_one in zip(parts, laid, kept_beats, strict=True):
        to[part.owner].append(Place(board.name, board.start, board.end, "kept" if kept_one else "laid anew"))
    carried = tuple(_carry(board, to[owner]) for owner, board in enumerate(old.storyboards))
    lost += [
        Lost("storyboard", board.name, board.start, "too little of it is in this edit")
        for owner, board in enumerate(old.storyboards)
        if not to[owner]
    ]
    lost.sort(key=lambda one: one.frame)
    sheet = replace(
        plan,
        storyboards=tuple(laid),
        hits=meet(hits, laid, plan.rate),
        rests=rests,
        energy=_energy(old, plan, parts, way),
        warnings=tuple(dict.fromkeys([*said, *_told(carried, lost, old), *_strays(moments, parts, edit)])),
    )
    return Carried(sheet, carried, tuple(lost))


def _carry(board: Storyboard, to: Sequence[Place]) -> Carry:
    return Carry(board.name, board.start, board.end, board.locked, tuple(to))


def _same(old: CueSheet, plan: CueSheet) -> bool:
    """Whether the cut is the one that the sheet was made for."""
    fields = ("frames", "start_frame", "drop_frame", "shots", "markers")
    return bool(old.shots) and all(getattr(old, name) == getattr(plan, name) for name in fields)


def _at_rate(sheet: CueSheet, rate: Rate) -> CueSheet:
    """The sheet in another rate's frames, every moment on the nearest one."""

    def at(frame: int) -> int:
        return rate.frame_at(sheet.rate.seconds(frame))

    boards: list[Storyboard] = []
    for board in sheet.storyboards:
        start, end = at(board.start), at(board.end)
        if start < end:
            boards.append(replace(board, start=start, end=end))
    return replace(
        sheet,
        rate=rate,
        frames=max(1, at(sheet.frames)),
        storyboards=tuple(boards),
        hits=tuple(replace(hit, frame=at(hit.frame)) for hit in sheet.hits),
        energy=tuple(sorted({at(frame): energy for frame, energy in sheet.energy}.items())),
        rests=tuple(replace(r, start=at(r.start), end=at(r.end)) for r in sheet.rests if at(r.start) < at(r.end)),
        shots=tuple(replace(s, start=at(s.start), end=at(s.end)) for s in sheet.shots if at(s.start) < at(s.end)),
        markers=tuple(replace(marker, frame=at(marker.frame)) for marker in sheet.markers),
    )


def _parts(old: CueSheet, plan: CueSheet, way: Way, moments: Moments) -> list[_Part]:
    """The storyboards to be, rising, no two of one name."""
    first, last = plan.storyboards[0].start, plan.storyboards[-1].end
    shots = plan.shots if old.shots else (KnownShot(0, plan.frames),)
    shots = tuple(
        replace(shot, start=max(first, shot.start), end=min(last, shot.end))
        for shot in shots
        if shot.start < last and shot.end > first
    )
    found = runs(old.storyboards, shots, way, plan.rate, last)
    begun = {
        marker.frame: marker.name.removeprefix(BEGINS)
        for j, marker in enumerate(plan.markers)
        if marker.name.startswith(BEGINS) and j not in moments.pairs
    }
    longest = {run.owner: run for run in sorted(found, key=lambda run: run.frames)}
    parts: list[tuple[_Part, bool]] = []  # with whether the name is its own
    for run in found:
        starts = [frame for frame in sorted(begun) if run.start < frame < run.end]
        owned = replace(run, end=min([run.end, *starts]))
        if run.owner >= 0:
            name = begun.get(run.start, "")
            board = replace(old.storyboards[run.owner], start=run.start, end=owned.end)
            board = replace(board, name=name or board.name)
            is_same = _unchanged(old, plan, way, owned)
            parts.append((_Part(board, run.owner, is_same), bool(name) or longest[run.owner] is run))
        elif run.owner == NEW:
            parts += [(part, False) for part in _planned(plan, owned)]
        for start, end in pairwise([*starts, run.end]):
            asked = max(plan.storyboards, key=lambda board: min(board.end, end) - max(board.start, start))
            board = replace(asked, name=begun[start] or asked.name, start=start, end=end, beats=(), bars=())
            parts.append((_Part(board, NEW), bool(begun[start])))
    return _named(parts)


def _planned(plan: CueSheet, run: Run) -> list[_Part]:
    """What the plan has for frames that are new."""
    least = LEAST_SECONDS * float(plan.rate.fps)
    inside = [board for board in plan.storyboards if board.start < run.end and board.end > run.start]
    starts = [run.start]
    for board in inside:
        if board.start - starts[-1] >= least and run.end - board.start >= least:
            starts.append(board.start)
    parts = []
    for start, end in pairwise([*starts, run.end]):
        most = max(inside, key=lambda board: min(board.end, end) - max(board.start, start), default=plan.storyboards[0])
        role = most.role if most.role in ("theme", "build") else "theme"
        parts.append(_Part(replace(most, start=start, end=end, role=role, beats=(), bars=()), NEW))
    return parts


def _named(parts: Sequence[tuple[_Part, bool]]) -> list[_Part]:
    """A name that is a part's own stays with the first that has it; the others get what is free."""
    taken: set[str] = set()
    names: dict[int, str] = {}
    for n, (part, own) in enumerate(parts):
        if own and part.board.name not in taken:
            names[n] = part.board.name
            taken.add(part.board.name)
    for n, (part, _) in enumerate(parts):
        if n not in names:
            wanted = part.board.name
            others = (f"{wanted} ({k})" for k in count(2))
            names[n] = next(name for name in chain([wanted], others) if name not in taken)
            taken.add(names[n])
    return [replace(part, board=replace(part.board, name=names[n])) for n, (part, _) in enumerate(parts)]


def _unchanged(old: CueSheet, plan: CueSheet, way: Way, run: Run) -> bool:
    """Whether a run is its whole storyboard with the same shots, in the same order, of the same lengths."""
    board = old.storyboards[run.owner]
    if run.end - run.start != board.end - board.start:
        return False
    if not old.shots:
        return run.start == board.start
    before = _inside(old.shots, board.start, board.end)
    after = _inside(plan.shots, run.start, run.end)
    if [(a - board.start, b - board.start) for a, b in before] != [(a - run.start, b - run.start) for a, b in after]:
        return False
    shift = run.start - board.start
    return all(way.back(a) == a - shift and way.back(b - 1) == b - 1 - shift for a, b in after)


def _inside(shots: Sequence[KnownShot], start: int, end: int) -> list[tuple[int, int]]:
    return [(max(s.start, start), min(s.end, end)) for s in shots if s.start < end and s.end > start]


def _laid(
    parts: Sequence[_Part], old: CueSheet, hits: Sequence[Hit], rate: Rate
) -> tuple[list[Storyboard], list[bool]]:
    """The storyboards with their beats, and whether these are the old ones."""
    asked = spans([part.board for part in parts], hits, rate)
    before = spans(old.storyboards, old.hits, old.rate)
    boards, kept = [], []
    for part, span in zip(parts, asked, strict=True):
        was = old.storyboards[part.owner] if part.owner >= 0 else None
        stays = part.kept and was is not None and bool(was.beats)
        if stays and was is not None and not was.locked:
            wanted = [(hit.frame - span.start, hit.weight) for hit in span.hits]
            stays = wanted == [(hit.frame - was.start, hit.weight) for hit in before[part.owner].hits]
        kept.append(stays)
        if not stays or was is None:
            boards.append(laid_anew(part.board, span))
            continue
        moved = float(rate.seconds(part.board.start)) - float(rate.seconds(was.start))
        boards.append(replace(part.board, beats=tuple(round(beat + moved, 6) for beat in was.beats)))
    return boards, kept


def _energy(old: CueSheet, plan: CueSheet, parts: Sequence[_Part], way: Way) -> form.Energy:
    """The points of the older cut where its frames are now, the plan's in storyboards that are new."""
    if not old.energy:
        return ()
    new = [part.board for part in parts if part.owner == NEW]
    points = {frame: energy for frame, energy in plan.energy if any(board.start <= frame < board.end for board in new)}
    for frame, energy in old.energy:
        now = way.forward(frame) if frame < old.frames else plan.frames
        if now is not None:
            points[now] = energy
    for part in parts:
        if part.kept:
            continue
        # Between two storyboards the energy steps: both edges of one that changed have a point.
        for frame in (part.board.start, part.board.end - 1):
            was = None if part.owner == NEW else _nearest(way, frame, part.board)
            value = form.at(plan.energy, frame) if was is None else form.at(old.energy, was)
            if value is not None:
                points.setdefault(frame, round(value, 3))
    return tuple(sorted((frame, energy) for frame, energy in points.items() if frame <= plan.frames))


def _nearest(way: Way, frame: int, board: Storyboard) -> int | None:
    """Where a frame of a storyboard was, or where that which is not new and nearest to it was."""
    if (was := way.back(frame)) is not None:
        return was
    known = way.within(board.start, board.end)
    if not known:
        return None
    nearest = min(known, key=lambda stretch: min(abs(stretch.start - frame), abs(stretch.end - 1 - frame)))
    return nearest.was if frame < nearest.start else nearest.was_end - 1


def _strays(moments: Moments, parts: Sequence[_Part], edit: Edit) -> list[str]:
    """Markers of storyboards that are elsewhere than their first shot, which is what counts."""
    starts = {part.board.start for part in parts}
    begun = {board.start for board in moments.old.storyboards}
    return [
        f"marker '{moments.new_markers[j].name}' at {edit.timecode(moments.new_markers[j].frame)} starts no storyboard: "
        "those of the older cut went with their shots"
        for j, i in moments.pairs.items()
        if moments.new_markers[j].name.startswith(BEGINS)
        and moments.old_markers[i].frame in begun
        and moments.new_markers[j].frame not in starts
    ]


def _told(carried: Sequence[Carry], lost: Sequence[Lost], old: CueSheet) -> list[str]:
    said = []
    for carry in carried:
        if len(carry.to) > 1:
            now = ", ".join(f"'{place.name}'" for place in carry.to)
            said.append(f"'{carry.name}' is in {len(carry.to)} places now: {now}")
        if carry.locked and any(place.beats == "laid anew" for place in carry.to):
            said.append(f"locked '{carry.name}' has other shots or lengths now: it keeps its tempo, its beats are new")
    for one in lost[:MOST_TOLD]:
        named = f" '{one.name}'" if one.name else ""
        timecode = old.rate.timecode(old.start_frame + one.frame, old.drop_frame)
        said.append(f"not carried over: {one.what}{named}, {timecode} in the older cut: {one.reason}")
    if len(lost) > MOST_TOLD:
        said.append(f"not carried over: {len(lost) - MOST_TOLD} more, all of them in `lost`")
    return said
