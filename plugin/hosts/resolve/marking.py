"""Our markers on the timeline that is open, known by their custom data; a person's are never touched."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ...timeline import score_track
from ..protocol import Mark
from .frames import Clock
from .opened import Session
from .program import mapped

COLORS = {
    "RED": "Red", "PINK": "Pink", "ORANGE": "Sand", "YELLOW": "Yellow", "GREEN": "Green", "CYAN": "Cyan",
    "BLUE": "Blue", "PURPLE": "Purple", "MAGENTA": "Fuchsia", "BLACK": "Cocoa", "WHITE": "Cream",
}  # fmt: skip
# And back, for what is read: each of Resolve's sixteen by the nearest that OpenTimelineIO knows.
FROM_RESOLVE = {
    "Blue": "BLUE", "Cyan": "CYAN", "Green": "GREEN", "Yellow": "YELLOW", "Red": "RED", "Pink": "PINK",
    "Purple": "PURPLE", "Fuchsia": "MAGENTA", "Rose": "PINK", "Lavender": "PURPLE", "Sky": "CYAN", "Mint": "GREEN",
    "Lemon": "YELLOW", "Sand": "ORANGE", "Cocoa": "BLACK", "Cream": "WHITE",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A marker of the timeline. `frame` is relative, as Resolve says it of markers; `score` is empty for a person's."""

    frame: int
    name: str
    note: str
    color: str
    frames: int
    data: str
    score: str = ""
    changed: bool = False  # ours, and a person moved it or wrote something else

    @property
    def ours(self) -> bool:
        return bool(self.score) and not self.changed


def found(session: Session) -> list[Found]:
    """Every marker of the timeline, by frame. Frames come as floats."""
    listed = []
    for frame, said in mapped(session.program.ask(session.timeline, "GetMarkers")).items():
        with suppress(TypeError, ValueError):
            listed.append(_found(round(float(frame)), mapped(said)))
    return sorted(listed, key=lambda mark: mark.frame)


def _found(frame: int, said: dict[Any, Any]) -> Found:
    name, note, data = (str(said.get(key) or "") for key in ("name", "note", "customData"))
    length = said.get("duration")
    frames = round(length) if isinstance(length, int | float) else 1
    known = score_track.from_note(data) or {}
    score = known.get("score")
    changed = bool(score) and (known.get("frame"), known.get("name"), note) != (frame, name, "")
    return Found(frame, name, note, str(said.get("color") or ""), frames, data, str(score or ""), changed)


def write(session: Session, clock: Clock, marks: Sequence[Mark], score: str) -> tuple[str, ...]:
    """Writes markers, and says which did not arrive: Resolve holds one on a frame and refuses the next in silence."""
    for number, mark in enumerate(marks):
        known = {"score": score, "number": number, "frame": mark.frame, "name": mark.name}
        data = json.dumps({score_track.KEY: known}, separators=(",", ":"), ensure_ascii=False)
        color = COLORS.get(mark.color, "Green")
        session.program.does(session.timeline, "AddMarker", mark.frame, color, mark.name, "", 1, data)
    there = {(mark.frame, mark.name) for mark in found(session) if mark.score == score}
    return tuple(
        f"the marker '{mark.name}' at {clock.timecode(mark.frame)}: Resolve did not take it; it keeps one marker on a frame"
        for mark in marks
        if (mark.frame, mark.name) not in there
    )


def take_off(session: Session, staying: Collection[str]) -> int:
    """Takes our markers off but for those of scores that stay, and says how many went. What a person changed stays."""
    going = [mark for mark in found(session) if mark.ours and mark.score not in staying]
    for mark in going:
        session.program.does(session.timeline, "DeleteMarkerByCustomData", mark.data)
    left = {mark.data for mark in found(session)}
    return sum(mark.data not in left for mark in going)


def put_back(session: Session, marks: Sequence[Found]) -> None:
    """Writes markers again as they were."""
    there = {mark.frame for mark in found(session)}
    for mark in marks:
        if mark.frame not in there:
            session.program.does(
                session.timeline, "AddMarker", mark.frame, mark.color, mark.name, mark.note, mark.frames, mark.data
            )
