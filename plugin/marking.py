"""The markers that a score puts on the timeline."""

from __future__ import annotations

from typing import Literal

from ..runtime.cues.sheet import CueSheet
from .timeline.writing import Mark

Markers = Literal["none", "storyboards", "beats"]


def marks(sheet: CueSheet, wanted: Markers) -> list[Mark]:
    if wanted == "none":
        return []
    marks = {board.start: Mark(board.start, board.name, "PURPLE") for board in sheet.storyboards}
    bar = place = 0
    for board in sheet.storyboards if wanted == "beats" else ():
        downbeats = set(board.downbeats())
        for i, beat in enumerate(board.beats):
            bar, place = (bar + 1, 1) if i in downbeats else (bar, place + 1)
            frame = sheet.rate.frame_at(beat)
            name = f"bar {bar}" if place == 1 else f"{bar}.{place}"
            if frame < sheet.frames:
                marks.setdefault(frame, Mark(frame, name, "CYAN" if place == 1 else "WHITE"))
    return [marks[frame] for frame in sorted(marks)]
