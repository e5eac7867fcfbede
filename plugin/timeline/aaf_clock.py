"""Whether the timecode of an AAF drops frame numbers, which OpenTimelineIO's adapter leaves out."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def drops_frames(path: Path, name: str, start: int) -> bool:
    """Of the composition of that name, whose timecode track starts at the frame number `start`."""
    aaf2: Any = import_module("aaf2")  # slow to load, and without types
    try:
        with aaf2.open(str(path)) as file:
            marked = [
                bool(clock["Drop"].value)
                for composition in file.content.toplevel()
                if str(composition.name or "") == name
                for clock in _clocks(composition)
                if int(clock.start) == start and "Drop" in clock
            ]
    except Exception:  # whatever pyaaf2 falls over: the adapter has read the file, and this is a remark on it
        return False
    return bool(marked) and marked[0]


def _clocks(composition: Any) -> list[Any]:
    found = []
    for slot in composition.slots:
        parts = [slot.segment, *(getattr(slot.segment, "components", None) or ())]
        found += [part for part in parts if type(part).__name__ == "Timecode"]
    return found
