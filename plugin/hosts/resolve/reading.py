"""The timeline that is open as OpenTimelineIO's JSON: by Resolve's own export, else piece by piece."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....runtime.rate import Rate
from ...timeline import score_track
from . import marking, piecing, pool, standing
from .frames import Clock
from .opened import Session

_LOOSE = {"Link Group ID"}  # numbered anew by each export: no change of the timeline


@dataclass(frozen=True)
class Text:
    """The timeline without anything of ours. `bare` is what of it counts as the timeline."""

    otio: str
    bare: str
    warnings: tuple[str, ...] = ()


def read(session: Session, clock: Clock) -> Text:
    warnings: list[str] = []
    made = _exported(session)
    if made is None:
        made = piecing.timeline(session, clock)
        warnings.append(
            "Resolve did not export its timeline: it was read clip by clip, so dissolves, speed and nests are not known"
        )
    if words := _set_rate(made, clock.rate):
        warnings.append(words)
    _take_ours_out(made, standing.tracks(session, clock), session)
    stack = made.get("tracks")
    if isinstance(stack, dict):  # as Resolve says them when asked: whether an export counts from zero is not documented
        listed = [mark for mark in marking.found(session) if not mark.ours]
        stack["markers"] = [piecing.marker(mark, clock.rate) for mark in listed]
    made["name"] = session.name
    made["global_start_time"] = piecing.time(clock.start, clock.rate)
    bare = json.dumps(_without(made, _LOOSE), sort_keys=True)
    return Text(json.dumps(made, ensure_ascii=False, indent=1), bare, tuple(warnings))


def _exported(session: Session) -> dict[str, Any] | None:
    """What Resolve exports; None where it does not: it says False, or True and writes nothing."""
    program = session.program
    if not program.offers(session.timeline, "Export"):
        return None
    resolve = program.resolve
    try:  # values of the program that runs: names are refused in silence (A1.6)
        kind, plain = resolve.EXPORT_OTIO, resolve.EXPORT_NONE
    except AttributeError:
        return None
    if kind is None:
        return None
    with tempfile.TemporaryDirectory(prefix="hitpoint-") as folder:
        path = Path(folder) / "timeline.otio"
        if not program.does(session.timeline, "Export", str(path), kind, plain):
            return None
        try:
            made = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError):
            return None
    return made if isinstance(made, dict) and str(made.get("OTIO_SCHEMA", "")).startswith("Timeline.") else None


def _set_rate(made: dict[str, Any], rate: Rate) -> str:
    """Counts times in the timeline's own rate where Resolve wrote the whole number that its timecode counts in."""
    start = made.get("global_start_time")
    stated = start.get("rate") if isinstance(start, dict) else None
    if not isinstance(stated, int | float) or stated == float(rate.fps) or stated != rate.nominal:
        return ""
    for time in _times(made):
        if time.get("rate") == stated:
            time["rate"] = float(rate.fps)
    return (
        f"Resolve wrote times at {stated:g} frames a second; its timeline runs at {float(rate.fps):.6g}, which is taken"
    )


def _times(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if str(value.get("OTIO_SCHEMA", "")).startswith("RationalTime."):
            yield value
        for inner in value.values():
            yield from _times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _times(inner)


def _take_ours_out(made: dict[str, Any], tracks: Sequence[standing.Track], session: Session) -> None:
    """Our tracks. One that holds somebody's clips too stays, with nothing in place of ours."""
    stack = made.get("tracks")
    if not isinstance(stack, dict):
        return
    names = {track.name for track in tracks}
    paths = {pool.path_of(session, each.clip) for track in tracks for each in track.ours}
    kept = []
    for track in stack.get("children") or []:
        children = track.get("children") or [] if isinstance(track, dict) else []
        mine = [_is_ours(child, paths) for child in children]
        if isinstance(track, dict) and track.get("kind") == "Audio" and track.get("name") in names and any(mine):
            if all(own or _is_gap(child) for own, child in zip(mine, children, strict=True)):
                continue
            track["children"] = [
                score_track.gap(child.get("source_range")) if own else child
                for own, child in zip(mine, children, strict=True)
            ]
        kept.append(track)
    stack["children"] = kept


def _is_ours(child: Any, paths: Collection[str]) -> bool:
    return isinstance(child, dict) and (
        score_track.our_clip(child) is not None or score_track.media_url(child) in paths
    )


def _is_gap(child: Any) -> bool:
    return isinstance(child, dict) and str(child.get("OTIO_SCHEMA", "")).startswith("Gap.")


def _without(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value
