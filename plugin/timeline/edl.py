"""CMX 3600 EDLs: finding the rate they cannot state, and putting their tracks on one time axis."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from ...runtime.rate import Rate

_TIMECODE = re.compile(r"\b(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2})\b")
_EVENT = re.compile(r"^\s*(\d+)(\s+.*)$")
_TRANSITION = re.compile(r"^\s*\d+\s+\S+\s+\S+\s+(D|W\d*|KB?|KO)\b")
_FALLBACK = Rate(Fraction(24))


@dataclass
class Reading:
    timeline: Any
    rate: Rate
    drop_frame: bool
    warnings: list[str] = field(default_factory=list)


def read_edl(text: str, path: Path, rate: Rate | None) -> Reading:
    """Reads an EDL at the rate given; else at its media's, at the one its timecodes imply, or at 24 with a warning."""
    text = text.removeprefix("\ufeff")
    if not any(_EVENT.match(line) and _TIMECODE.search(line) for line in text.splitlines()):
        raise InputError(f"{path}: holds no event of a CMX 3600 EDL")
    warnings: list[str] = []
    drop_frame = _counts_drop_frame(text)
    chosen = rate or _implied_rate(text, path, drop_frame, warnings)
    drop_frame = drop_frame and chosen.can_drop
    body = _numbered_as_the_adapter_expects(text)
    if drop_frame:
        # Many programs say FCM: DROP FRAME and write colons all the same.
        body = _TIMECODE.sub(r"\1:\2:\3;\5", body)
    try:
        root = otio.adapters.read_from_string(body, "cmx_3600", rate=float(chosen.fps))
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "" if rate else "; --rate gives the rate it was made at"
        raise InputError(f"{path}: not readable as an EDL at {chosen} frames a second: {first}{hint}") from None
    if isinstance(root, otio.schema.Timeline):
        _register(root, chosen)
    return Reading(root, chosen, drop_frame, warnings)


def _counts_drop_frame(text: str) -> bool:
    if re.search(r"^\s*FCM:\s*DROP FRAME", text, re.MULTILINE | re.IGNORECASE):
        return True
    return any(match[4] == ";" for match in _TIMECODE.finditer(text))


def _implied_rate(text: str, path: Path, drop_frame: bool, warnings: list[str]) -> Rate:
    highest = max((int(match[5]) for match in _TIMECODE.finditer(_events(text))), default=0)
    media = _rate_of_media(text, path)
    if media is not None and highest < media.nominal:
        warnings.append(f"an EDL does not state its rate: {media} frames a second were taken from its media")
        return media
    if drop_frame:
        guess = Rate(Fraction(30000, 1001)) if highest < 30 else Rate(Fraction(60000, 1001))
        warnings.append(
            f"an EDL does not state its rate: its drop-frame timecodes say {guess}; --rate R says otherwise"
        )
        return guess
    guess = next((Rate(Fraction(n)) for n in (24, 25, 30, 50, 60) if highest < n), _FALLBACK)
    if guess == _FALLBACK:
        warnings.append(
            "an EDL does not state its rate: 24 frames a second is a guess that may be wrong; give --rate R"
        )
    else:
        warnings.append(
            f"an EDL does not state its rate: its frame numbers reach {highest}, so {guess} is taken; --rate R says otherwise"
        )
    return guess


def _events(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if _EVENT.match(line))


def _rate_of_media(text: str, path: Path) -> Rate | None:
    """The rate of the first video file named in the EDL's comments that lies where it says, or beside the EDL."""
    seen: set[str] = set()
    folder = path.absolute().parent
    for match in re.finditer(
        r"^\*?\s*(?:SOURCE FILE|MEDIA FILE|FROM FILE|FROM CLIP NAME|FROM CLIP):\s*(.+?)\s*$", text, re.MULTILINE
    ):
        name = match[1]
        if name in seen or len(seen) > 50:
            continue
        seen.add(name)
        for candidate in (Path(name), folder / name, folder / re.split(r"[\\/]", name)[-1]):
            rate = _rate_of_file(candidate)
            if rate is not None:
                return rate
    return None


def _rate_of_file(path: Path) -> Rate | None:
    try:
        if not path.is_absolute() or not path.is_file():
            return None
    except (OSError, ValueError):
        return None
    import av

    try:
        with av.open(str(path)) as container:
            rate = container.streams.video[0].average_rate
            return Rate.of(rate) if rate else None
    except (OSError, IndexError, ValueError, av.FFmpegError):
        return None


def _numbered_as_the_adapter_expects(text: str) -> str:
    """A dissolve is a cut without length and a transition line. CMX gives both one number; programs that count on are
    numbered anew, so that exactly those two share one."""
    lines = text.splitlines()
    events = [i for i, line in enumerate(lines) if _EVENT.match(line)]
    pairs = {
        later
        for earlier, later in pairwise(events)
        if _TRANSITION.match(lines[later]) and _has_no_length(lines[earlier])
    }
    if all(_number(lines[a]) == _number(lines[b]) for a, b in pairwise(events) if b in pairs):
        return text
    number = 0
    for i in events:
        number += i not in pairs
        lines[i] = re.sub(r"^\s*\d+", f"{number:03}", lines[i])
    return "\n".join(lines) + "\n"


def _has_no_length(line: str) -> bool:
    times = [match[0] for match in _TIMECODE.finditer(line)]
    return len(times) >= 4 and times[-4] == times[-3] and times[-2] == times[-1]


def _number(line: str) -> int:
    match = _EVENT.match(line)
    return int(match[1]) if match else -1


def _register(timeline: Any, rate: Rate) -> None:
    """Puts tracks in register and markers into source time, in place.

    The adapter leaves the record timecode as a negative track start and in the markers of clips.
    """
    fps = float(rate.fps)
    tracks = list(timeline.tracks)
    starts = [-track.source_range.start_time.value if track.source_range else 0.0 for track in tracks]
    first = min(starts, default=0.0)
    for track, start in zip(tracks, starts, strict=True):
        record = start
        for item in track:
            if isinstance(item, otio.schema.Transition):
                continue
            for marker in item.markers:
                into = marker.marked_range.start_time.value_rescaled_to(fps) - record
                at = otio.opentime.RationalTime(item.source_range.start_time.value + into, fps)
                marker.marked_range = otio.opentime.TimeRange(at, marker.marked_range.duration.rescaled_to(fps))
            record += item.source_range.duration.value
        track.source_range = None
        if start > first:
            length = otio.opentime.RationalTime(start - first, fps)
            track.insert(0, otio.schema.Gap(duration=length))
    if first:
        timeline.global_start_time = otio.opentime.RationalTime(first, fps)
