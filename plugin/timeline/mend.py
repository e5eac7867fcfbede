"""What adapters leave wrong, put right on the timeline they read (facts: OpenTimelineIO 0.18.1, otio-fcp-adapter 1.0.0)."""

from __future__ import annotations

import re
import xml.etree.ElementTree
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError

# What stands in for an object of a kind we do not know, by the place that holds it.
_STAND_INS = {
    "effects": "Effect.1",
    "media_reference": "ExternalReference.1",
    "media_references": "ExternalReference.1",
}


def lower_schemas(raw: Any, place: str = "") -> Any:
    """The same JSON in schemas we know. OTIO's next version writes Marker.3, whose colour is an object, and Timeline.2;
    studios put effects and media of their own kinds where OTIO refuses the whole file for one it does not know."""
    if isinstance(raw, list):
        return [lower_schemas(item, place) for item in raw]
    if not isinstance(raw, dict):
        return raw
    schema = raw.get("OTIO_SCHEMA")
    outer = place if schema is None else ""  # media_references is a plain object that holds the references
    result = {key: lower_schemas(item, key if key in _STAND_INS else outer) for key, item in raw.items()}
    if schema == "Marker.3":
        result["OTIO_SCHEMA"] = "Marker.2"
        color = result.get("color")
        if isinstance(color, dict):
            result["color"] = str(color.get("name") or "RED").upper()
    elif schema == "Timeline.2":
        result["OTIO_SCHEMA"] = "Timeline.1"
    elif place and isinstance(schema, str) and schema.rpartition(".")[0] not in otio.core.type_version_map():
        result["OTIO_SCHEMA"] = _STAND_INS[place]
    return result


def newer_schema(raw: Any) -> str | None:
    """The first schema in the JSON that is newer than the OpenTimelineIO we have, such as Clip.9."""
    known = dict(otio.core.type_version_map())
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            schema = value.get("OTIO_SCHEMA")
            if isinstance(schema, str):
                name, _, version = schema.rpartition(".")
                if name in known and version.isdigit() and int(version) > known[name]:
                    return schema
            waiting.extend(reversed(value.values()))
    return None


def read_fcp7(text: str, path: Path) -> Any:
    """FCP7 XML through its adapter, with XML's own complaints made readable."""
    _no_entities(text, path)
    try:
        return otio.adapters.read_from_string(text.removeprefix("\ufeff"), "fcp_xml")
    except xml.etree.ElementTree.ParseError as error:
        raise _damaged(path, error) from None


def _no_entities(text: str, path: Path) -> None:
    if re.search(r"<!ENTITY", text[:65536]):
        raise InputError(f"{path}: defines XML entities of its own, which an edit has no use for")


def _damaged(path: Path, error: xml.etree.ElementTree.ParseError) -> InputError:
    line, column = error.position
    return InputError(f"{path}: the XML breaks off or is damaged at line {line}, column {column + 1}")


def mend_fcp7(timeline: Any) -> bool:
    """Applies the enabled flags that the adapter only keeps, and moves clip markers to source time, in place.

    Says whether the sequence counts in drop-frame.
    """
    tracks = timeline.tracks
    for track in tracks:
        if _flag_off(track):
            track.enabled = False
        for item in track:
            if _flag_off(item) and hasattr(item, "enabled"):
                item.enabled = False
            if isinstance(item, otio.schema.Clip):
                _markers_to_source_time(item)
    timecode = timeline.metadata.get("fcp_xml", {}).get("timecode", {})
    return str(timecode.get("displayformat", "")).upper() == "DF"


def _flag_off(item: Any) -> bool:
    return str(item.metadata.get("fcp_xml", {}).get("enabled", "TRUE")).strip().upper() == "FALSE"


def _markers_to_source_time(clip: Any) -> None:
    """The file counts clip markers from the medium's first frame, source ranges from its timecode."""
    media = clip.media_reference
    available = media.available_range if media is not None else None
    if available is None or available.start_time.value == 0:
        return
    for marker in clip.markers:
        marked = marker.marked_range
        marker.marked_range = otio.opentime.TimeRange(marked.start_time + available.start_time, marked.duration)
