"""What lies on a track of an MLT document, in frames; the two playlists of a Kdenlive track as the one track they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from .mlt_xml import Mlt, Node


@dataclass(frozen=True)
class Part:
    """`frames` of a producer, from its frame `first` on, at `start` of the track. `entry` holds what is set on it there."""

    start: int
    frames: int
    producer: Node
    first: int
    entry: Node

    @property
    def end(self) -> int:
        return self.start + self.frames

    def goes_on_with(self, other: Part) -> bool:
        """Whether the other one is the same medium without a jump: a dissolve cuts a clip in two there."""
        same = self.producer is other.producer or (
            all(self.producer.get(key) == other.producer.get(key) for key in ("resource", "mlt_service"))
            and self.producer.get("resource") != ""
        )
        return same and self.end == other.start and self.first + self.frames == other.first


@dataclass(frozen=True)
class Row:
    """Parts that follow each other, and where they dissolve into one another."""

    parts: tuple[Part, ...]
    mixes: tuple[Part, ...]

    def mix_before(self, number: int) -> Part | None:
        """The dissolve across the head of a part."""
        start = self.parts[number].start
        if number == 0 or self.parts[number - 1].end != start:
            return None
        return next((mix for mix in self.mixes if mix.start < start < mix.end), None)


def joined(document: Mlt, track: Node, rows: Sequence[Row]) -> list[Row]:
    """Kdenlive's playlists in one row, if every overlap is a dissolve; else as they lie, the later one on top."""
    parts = sorted((part for row in rows for part in row.parts), key=lambda part: (part.start, part.end))
    if not parts:
        return []
    if all(before.end <= after.start for before, after in pairwise(parts)):
        return [Row(tuple(parts), tuple(mix for row in rows for mix in row.mixes))]
    spans = []
    for each in track.all("transition"):
        start, frames = document.span(each)
        if not each.get("internal_added") and frames is not None:
            spans.append((start, start + frames))
    found: list[Part] = list(parts)
    mixes: list[Part] = [mix for row in rows for mix in row.mixes]
    for number, (before, after) in enumerate(pairwise(parts)):
        if before.end <= after.start:
            continue
        over = (after.start, before.end)
        nested = before.end >= after.end or (number + 2 < len(parts) and parts[number + 2].start < before.end)
        if nested or not any(start < over[1] and end > over[0] for start, end in spans):
            return [row for row in rows if row.parts]
        cut = (over[0] + over[1]) // 2
        found[number] = replace(found[number], frames=cut - found[number].start)
        found[number + 1] = replace(after, start=cut, frames=after.end - cut, first=after.first + cut - after.start)
        mixes.append(Part(over[0], over[1] - over[0], track, 0, track))
    return [Row(tuple(found), tuple(mixes))]
