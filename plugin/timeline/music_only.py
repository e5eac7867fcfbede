"""Timelines that hold our music alone, for edits whose own format would lose something: OpenTimelineIO, and an EDL for Avid."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...runtime.rate import Rate

MOST_FRAMES = 60  # a second: an EDL counts frames with two digits, and no program counts further
_TITLE = 70  # characters


def otio_json(name: str, rate: float, start_frame: int, *tracks: Mapping[str, Any]) -> str:
    """`start_frame` is the frame number of the timeline's start timecode at `rate`; `tracks` are `score_track`s."""
    stack: dict[str, Any] = {
        "OTIO_SCHEMA": "Stack.1",
        "metadata": {},
        "name": "tracks",
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": list(tracks),
    }
    # Always a start: without one the FCP7 XML writer fails and hosts take theirs.
    start = {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(start_frame)}
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {},
        "name": name,
        "global_start_time": start,
        "tracks": stack,
    }
    return json.dumps(timeline, indent=4) + "\n"


def edl(
    name: str, rate: Rate, drop_frame: bool, start_frame: int, frames: int, wav: str, *, timed: bool = False
) -> str | None:
    """A CMX 3600 list with one event: the WAV as a stereo pair, from the start timecode on. None at rates that it cannot count.

    `timed`: the WAV starts at the timeline's own start timecode, not at zero (see `is_timed`).
    """
    if rate.nominal > MOST_FRAMES:
        return None
    day = rate.frame_of("24:00:00:00", drop_frame)
    source = start_frame if timed else 0
    ends = (source, source + frames, start_frame, start_frame + frames)
    times = " ".join(rate.timecode(frame % day, drop_frame) for frame in ends)
    lines = [
        f"TITLE: {' '.join(name.split())[:_TITLE]}",
        f"FCM: {'DROP FRAME' if drop_frame and rate.can_drop else 'NON-DROP FRAME'}",
        f"001  AX       AA    C        {times}",
        f"* FROM CLIP NAME: {wav}",
    ]
    return "".join(f"{line}\r\n" for line in lines)


def is_timed(wav: Path) -> bool:
    """Whether a WAV says at which timecode it starts: whether it has a bext chunk before its samples."""
    with wav.open("rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            kind, size = struct.unpack("<4sI", head)
            if kind in (b"bext", b"data"):
                return bool(kind == b"bext")
            file.seek(size + size % 2, 1)
    return False
