"""Our tracks on the timeline that is open: which they are, and whether somebody changed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...timeline import score_track
from . import pool
from .frames import Clock
from .opened import Session

NEW = " (new)"  # after the name of a track that is not finished yet
_FEW = 8  # a renamed track of ours is looked for among tracks with no more items than that


@dataclass(frozen=True)
class Lying:
    """An item on a track of sound. `known` is what is written down of it where it is ours, else None."""

    item: Any
    clip: Any
    known: Mapping[str, Any] | None
    start: int  # relative to the timeline's first frame
    frames: int
    skipped: float  # of the file, before it plays


@dataclass(frozen=True)
class Track:
    """A track with something of ours on it. `index` counts from 1, as Resolve does, and changes when a track goes."""

    index: int
    name: str
    locked: bool
    lying: tuple[Lying, ...]
    marked: bool = False  # a person's markers lie on our item

    @property
    def ours(self) -> list[Lying]:
        return [each for each in self.lying if each.known is not None]

    @property
    def unfinished(self) -> bool:
        """Left by a placing that was not ended: nothing but our sound under a name that we give for a moment."""
        return self.name.endswith(NEW) and len(self.ours) == len(self.lying)

    @property
    def in_place(self) -> bool:
        """Where and as long as we laid it."""
        if len(self.ours) != 1:
            return False
        (lies,) = self.ours
        known = lies.known or {}
        wanted = (known.get("start", 0), known.get("frames", lies.frames))
        return (lies.start, lies.frames) == wanted and abs(lies.skipped) < 0.5 and not self.marked

    @property
    def state(self) -> score_track.State:
        if len(self.ours) < len(self.lying):
            return "foreign clips"
        named = score_track.TRACK_NAME.fullmatch(self.name) is not None
        return "untouched" if named and self.in_place else "moved"

    @property
    def standing(self) -> score_track.Standing:
        known = self.ours[0].known or {}
        media = tuple(str(each.known.get("path", "")) for each in self.ours if each.known)
        return score_track.Standing(self.index, self.state, self.in_place, self.name, known, media)

    @property
    def score(self) -> str:
        return self.standing.belongs[0]


def tracks(session: Session, clock: Clock) -> list[Track]:
    """Every track with something of ours on it, in the timeline's order."""
    return list(_tracks(session, clock))


def _tracks(session: Session, clock: Clock) -> Iterator[Track]:
    for index in session.tracks("audio"):
        name = session.track_name(index)
        items = session.items(index)
        named = score_track.TRACK_NAME.fullmatch(name.removesuffix(NEW)) is not None
        if not items or (not named and len(items) > _FEW):
            continue
        lying = look(session, clock, items)
        found = [each for each in lying if each.known is not None]
        if found:
            marked = any(session.program.ask(each.item, "GetMarkers") for each in found)
            yield Track(index, name, session.locked(index), tuple(lying), marked)


def look(session: Session, clock: Clock, items: Sequence[Any]) -> list[Lying]:
    """What items are, asked anew: what Resolve gave back when they were appended is not to be believed (A1.7)."""
    program = session.program
    found = []
    for item in items:
        clip = program.ask(item, "GetMediaPoolItem")
        start, frames = program.number(item, "GetStart"), program.number(item, "GetDuration")
        if start is None or frames is None:
            start, frames = clock.start, 0.0
        skipped = program.number(item, "GetLeftOffset") or 0.0
        found.append(Lying(item, clip, pool.known_of(session, clip), clock.relative(start), round(frames), skipped))
    return found
