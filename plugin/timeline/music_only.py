"""A new OpenTimelineIO timeline that holds our music alone, for edits whose own format would lose something."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


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
