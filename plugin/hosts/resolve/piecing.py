"""A timeline as OpenTimelineIO's JSON, made of what Resolve says of each item: for where it does not export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ....runtime.rate import Rate
from ...timeline import score_track
from . import pool
from .frames import Clock
from .marking import FROM_RESOLVE, Found
from .opened import Session

_KINDS = {"video": "Video", "audio": "Audio"}


def time(frames: float, rate: Rate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate.fps), "value": float(frames)}


def span(start: float, frames: float, rate: Rate) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start, rate), "duration": time(frames, rate)}


def marker(mark: Found, rate: Rate) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {},
        "name": mark.name,
        "color": FROM_RESOLVE.get(mark.color, "RED"),
        "comment": mark.note,
        "marked_range": span(mark.frame, mark.frames, rate),
    }


def timeline(session: Session, clock: Clock) -> dict[str, Any]:
    """Pictures and sounds in their places. What Resolve does not tell (dissolves, speed, what is nested) is not in it."""
    tracks = [_track(session, clock, kind, index) for kind in _KINDS for index in session.tracks(kind)]
    stack: dict[str, Any] = {
        "OTIO_SCHEMA": "Stack.1",
        "metadata": {},
        "name": "tracks",
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": tracks,
    }
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": session.name,
        "global_start_time": time(clock.start, clock.rate),
        "tracks": stack,
    }


def _track(session: Session, clock: Clock, kind: str, index: int) -> dict[str, Any]:
    shown = session.program.ask(session.timeline, "GetIsTrackEnabled", kind, index)
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {},
        "name": session.track_name(index, kind),
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": shown is not False,
        "children": list(_children(session, clock, session.items(index, kind))),
        "kind": _KINDS[kind],
    }


def _children(session: Session, clock: Clock, items: Sequence[Any]) -> Iterator[dict[str, Any]]:
    program, at = session.program, 0
    placed = []
    for item in items:
        start, frames = program.number(item, "GetStart"), program.number(item, "GetDuration")
        if start is not None and frames is not None and frames >= 1:
            placed.append((clock.relative(start), round(frames), item))
    for start, frames, item in sorted(placed, key=lambda each: each[:2]):
        clip = program.ask(item, "GetMediaPoolItem")
        if clip is None and start < at:
            continue  # a transition lies over the cut between two clips; a title or generator does not
        frames -= max(0, at - start)
        start = max(start, at)
        if frames < 1:
            continue
        if start > at:
            yield score_track.gap(span(0, start - at, clock.rate))
        yield _clip(session, clock, item, clip, frames)
        at = start + frames


def _clip(session: Session, clock: Clock, item: Any, clip: Any, frames: int) -> dict[str, Any]:
    program = session.program
    path = pool.path_of(session, clip)
    shown = program.ask(item, "GetClipEnabled") if program.offers(item, "GetClipEnabled") else True
    media: dict[str, Any] = {"OTIO_SCHEMA": "MissingReference.1", "metadata": {}, "name": "", "available_range": None}
    if path:
        media |= {"OTIO_SCHEMA": "ExternalReference.1", "target_url": path}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {},
        "name": program.text(item, "GetName"),
        "source_range": span(program.number(item, "GetLeftOffset") or 0, frames, clock.rate),
        "effects": [],
        "markers": [],
        "enabled": shown is not False,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }
