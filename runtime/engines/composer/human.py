"""Hands that are not machines: notes start a few milliseconds early or late, by chance, as much as their style says."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np

from .event import EFFECTS, Event
from .scene import Scene

TIGHT = {"drums": 0.6, "bass": 0.7}  # of what a style says, by stem
CLEAR = 0.08  # seconds around a hit in which everything is exactly where it was put
LEAST = 0.03  # seconds that a note keeps


def humanised(events: Sequence[Event], scenes: Sequence[Scene], rests: Sequence[tuple[float, float]]) -> list[Event]:
    """The events, each moved by a chance of its own: no other note has a part in it. Nothing is moved into a rest or
    another storyboard, and every note ends where it did. `rests` in seconds.
    """
    if not scenes:
        return list(events)
    starts = [scene.grid.start for scene in scenes]
    hits = sorted(hit.at for scene in scenes for hit in scene.hits if hit.at is not None)
    moved = []
    for event in events:
        scene = scenes[max(0, bisect_right(starts, event.note.start + 1e-9) - 1)]
        most = 0.0 if event.voice in EFFECTS else scene.style.human / 1000 * TIGHT.get(event.note.stem, 1.0)
        start = event.note.start + most * _chance(event, scene)
        free = most > 0 and not _near(hits, event.note.start) and start >= scene.grid.start and start < scene.grid.end
        if free and not any(first <= start < last for first, last in rests):
            seconds = max(LEAST, event.note.start + event.note.seconds - start)
            event = replace(event, note=replace(event.note, start=start, seconds=seconds))
        moved.append(event)
    return sorted(moved, key=lambda each: (each.note.start, each.note.stem, each.voice, each.note.pitch))


def _chance(event: Event, scene: Scene) -> float:
    """From -1 to 1, mostly near 0."""
    place = round((event.note.start - scene.grid.start) * 1e4)
    drawn = crc32(np.array([*scene.token, place, event.note.pitch], np.uint64).tobytes() + event.voice.encode())
    return (drawn & 0xFFFF) / 0xFFFF + (drawn >> 16) / 0xFFFF - 1


def _near(hits: Sequence[float], moment: float) -> bool:
    place = bisect_left(hits, moment)
    return any(abs(hit - moment) < CLEAR for hit in hits[max(0, place - 1) : place + 1])
