# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenTimelineIO's objects as plain JSON: Blender has no such library, and needs a handful of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fractions import Fraction
    from typing import Any


def time(value: float, rate: float | Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(value), "rate": float(rate)}


def span(start: dict[str, Any], duration: dict[str, Any]) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": start, "duration": duration}


def clip(name: str, media: dict[str, Any] | None, known: dict[str, Any]) -> dict[str, Any]:
    return {
        **_item("Clip.2", name, known),
        "media_references": {"DEFAULT_MEDIA": media or missing()},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def gap(frames: int, rate: Fraction) -> dict[str, Any]:
    return {**_item("Gap.1", "", {}), "source_range": span(time(0, rate), time(frames, rate))}


def stack(name: str, children: list[dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    return {**_item("Stack.1", name, known), "children": children}


def track(name: str, kind: str, children: list[dict[str, Any]], known: dict[str, Any]) -> dict[str, Any]:
    return {**_item("Track.1", name, known), "kind": kind, "children": children}


def _item(schema: str, name: str, known: dict[str, Any]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "name": name,
        "metadata": {"blender": known} if known else {},
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def dissolve(before: int, after: int, rate: Fraction) -> dict[str, Any]:
    """So many frames before and after the cut that it lies on."""
    return {
        "OTIO_SCHEMA": "Transition.1",
        "name": "",
        "metadata": {},
        "transition_type": "SMPTE_Dissolve",
        "in_offset": time(before, rate),
        "out_offset": time(after, rate),
    }


def speed(factor: float) -> dict[str, Any]:
    frozen = factor == 0
    return {
        "OTIO_SCHEMA": "FreezeFrame.1" if frozen else "LinearTimeWarp.1",
        "name": "",
        "effect_name": "FreezeFrame" if frozen else "LinearTimeWarp",
        "metadata": {},
        "time_scalar": factor,
    }


def effect(name: str, *, of_time: bool = False) -> dict[str, Any]:
    schema = "TimeEffect.1" if of_time else "Effect.1"
    return {"OTIO_SCHEMA": schema, "name": name, "effect_name": name, "metadata": {}}


def missing() -> dict[str, Any]:
    return _media("MissingReference.1", None)


def file(path: str, available: dict[str, Any] | None) -> dict[str, Any]:
    return {**_media("ExternalReference.1", available), "target_url": path}


def generator(kind: str) -> dict[str, Any]:
    return {**_media("GeneratorReference.1", None), "generator_kind": kind, "parameters": {}}


def images(
    folder: str, prefix: str, suffix: str, first: int, digits: int, rate: Fraction, count: int
) -> dict[str, Any]:
    """A numbered sequence: `folder`/`prefix`0001`suffix`, counted from `first`."""
    return {
        **_media("ImageSequenceReference.1", span(time(0, rate), time(count, rate))),
        "target_url_base": folder,
        "name_prefix": prefix,
        "name_suffix": suffix,
        "start_frame": first,
        "frame_step": 1,
        "rate": float(rate),
        "frame_zero_padding": digits,
        "missing_frame_policy": "error",
    }


def _media(schema: str, available: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "name": "",
        "metadata": {},
        "available_range": available,
        "available_image_bounds": None,
    }


def marker(name: str, frame: int, rate: Fraction) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": name,
        "metadata": {},
        "color": "GREEN",
        "comment": "",
        "marked_range": span(time(frame, rate), time(0, rate)),
    }


def timeline(
    name: str, start: int, rate: Fraction, tracks: list[dict[str, Any]], markers: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": name,
        "metadata": {},
        "global_start_time": time(start, rate),
        "tracks": {**stack("tracks", tracks, {}), "markers": markers},
    }
