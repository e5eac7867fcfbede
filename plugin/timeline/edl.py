"""CMX 3600 EDLs: finding the rate they cannot state, and laying their events on one time axis.

They are read here and not by OpenTimelineIO's adapter: it wants source and record equally long, events in record
order and no number twice, takes black for a picture and lays each channel from its own start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from ...runtime.rate import Rate

_TIMECODE = re.compile(r"\b\d{1,2}:\d{2}:\d{2}([:;.,])(\d{2,3})\b")
_CLOCK = r"\d{1,2}:\d{2}:\d{2}[:;.,]\d{2,3}"
_TIME = rf"({_CLOCK}|\d+)"  # a timecode, or a plain frame number
_EVENT = re.compile(
    rf"\s*(?P<number>\d+)\s+(?P<reel>.*?)\s*\b(?P<how>C|D|W\d*|K\s?B|KO?)(?:\s+(?P<length>\d+))?"
    rf"\s+{_TIME}\s+{_TIME}\s+{_TIME}\s+{_TIME}\b"
)
_SPEED = re.compile(rf"M2\s+(.*?)\s*(-?\d+(?:\.\d*)?)\s+({_CLOCK})")
_NOTE = re.compile(
    r"[*\s]*(FROM|TO) (?:CLIP (NAME)\s*:?|CLIP\s*:|FILE\s*:)\s*(.*)|[*\s]*OTIO REFERENCE (FROM|TO)\s*:\s*(.*)"
)
_LOCATOR = re.compile(rf"[*\s]*LOC:?\s*({_CLOCK})\s+(\w*)(?:\s+|$)(.*)")
_STILLS = re.compile(r"(.*?)([^\\/]*)\[(\d+)-(\d+)\](\.\w+)")
_FALLBACK = Rate(Fraction(24))


@dataclass
class Reading:
    timeline: Any
    rate: Rate
    drop_frame: bool
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Event:
    """One numbered line, its times in frames, with what the lines after it say of it.

    `dissolve` is the length of the transition it comes in with. `notes` has names and files of both sides.
    """

    line: int
    number: int
    reel: str
    channels: list[str]
    dissolve: int
    kind: str
    into: int
    out: int
    start: int
    end: int
    notes: dict[str, str] = field(default_factory=dict)
    speed: Fraction = Fraction(1)
    markers: list[tuple[int, str, str]] = field(default_factory=list)  # (record frame, colour, name)

    @property
    def black(self) -> bool:
        return self.reel in ("BL", "BLACK")

    def note(self, what: str) -> str:
        """What was said of it: an event that comes in with a dissolve is the one dissolved to."""
        sides = ("TO", "FROM") if self.kind != "C" else ("FROM", "TO")
        if what == "FILE" and self.kind != "C":
            sides = ("TO", "TO")  # the file dissolved from belongs to the event before
        return self.notes.get(f"{sides[0]} {what}") or self.notes.get(f"{sides[1]} {what}") or ""


def read_edl(text: str, path: Path, rate: Rate | None) -> Reading:
    """Reads an EDL at the rate given; else at its media's, at the one its timecodes imply, or at 24 with a warning."""
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    numbered = [match for match in map(_EVENT.match, lines) if match]
    if not numbered:
        raise InputError(f"{path}: holds no event of a CMX 3600 EDL")
    if sum("|C:ResolveColor" in line for line in lines) >= len(numbered):
        raise InputError(f"{path}: is a list of DaVinci Resolve's markers, no edit; export the timeline as .otio")
    warnings: list[str] = []
    times = [time for match in numbered for time in match.groups()[-4:]]
    any_drop = _says_drop_frame(lines) or any(";" in time for time in times)
    chosen = rate or _implied_rate(times, "\n".join(lines), path, any_drop, warnings)
    # Sources may count in drop-frame where the timeline does not.
    on_record = (time for match in numbered for time in match.groups()[-2:])
    drop_frame = chosen.can_drop and (_says_drop_frame(lines) or any(";" in time for time in on_record))
    events = _events(lines, path, chosen, drop_frame, warnings)
    unequal = [event for event in events if event.speed == 1 and event.end - event.start != event.out - event.into > 0]
    for event in unequal:
        if event.end > event.start:
            event.speed = Fraction(event.out - event.into, event.end - event.start)
    if unequal:
        hint = "" if rate else "; if many differ, --rate R may be wanted"
        warnings.append(
            f"source and record are not equally long in {len(unequal)} events (the first is line {unequal[0].line}): "
            f"the record times are taken{hint}"
        )
    title = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("TITLE:")), "")
    return Reading(_timeline(title, events, chosen, warnings), chosen, drop_frame, warnings)


def _says_drop_frame(lines: list[str]) -> bool:
    return any(re.match(r"\s*FCM:\s*DROP FRAME", line, re.IGNORECASE) for line in lines)


def _implied_rate(times: list[str], text: str, path: Path, drop_frame: bool, warnings: list[str]) -> Rate:
    highest = max((int(match[2]) for match in map(_TIMECODE.match, times) if match), default=0)
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
    guess = next((Rate(Fraction(n)) for n in (24, 25, 30, 50, 60, 100, 120) if highest < n), _FALLBACK)
    if guess == _FALLBACK:
        warnings.append(
            "an EDL does not state its rate: 24 frames a second is a guess that may be wrong; give --rate R"
        )
    else:
        warnings.append(
            f"an EDL does not state its rate: its frame numbers reach {highest}, so {guess} is taken; --rate R says otherwise"
        )
    return guess


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


def _events(lines: list[str], path: Path, rate: Rate, drop_frame: bool, warnings: list[str]) -> list[_Event]:
    """The events in the order of the list, with what is noted below them. Events of one number share their notes."""
    events: list[_Event] = []
    group: list[_Event] = []
    day = rate.frame_of("24:00:00:00", drop_frame)
    midnights = 0

    def frames(time: str) -> int:
        return rate.frame_of(time, drop_frame) if ":" in time else int(time)

    for number, line in enumerate(lines, 1):
        found = _EVENT.match(line)
        if found is None:
            if re.match(r"\s*\d+\s", line) and _TIMECODE.search(line):
                warnings.append(f"line {number} looks like an event but is not understood: it is passed over")
            elif group:
                _take_note(line.strip(), group, rate, frames)
            continue
        try:
            into, out, start, end = (frames(time) for time in found.groups()[-4:])
        except ValueError as error:
            raise InputError(f"{path}: line {number}: {error}; --rate gives the rate it was made at") from None
        if events and start + midnights < events[-1].start - day // 2:
            midnights += day
        end += day if end < start - day // 2 else 0
        if end < start:
            raise InputError(f"{path}: line {number}: its record side ends before it begins")
        *reel, channel = found["reel"].split() or ["V"]
        kind = found["how"][0]
        event = _Event(
            line=number,
            number=int(found["number"]),
            reel=" ".join(reel),
            channels=_channels(channel),
            dissolve=int(found["length"] or 0) if kind in "DW" else 0,
            kind="C" if kind == "K" else kind,
            into=into,
            out=out,
            start=start + midnights,
            end=end + midnights,
        )
        before = events[-1] if events else None
        # A dissolve is a cut without length and a second line; some programs number the second on.
        paired = before is not None and event.kind != "C" and before.kind == "C" and before.start == before.end
        if not (paired or (before is not None and before.number == event.number)):
            group = []
        group.append(event)
        events.append(event)
    return events


def _take_note(line: str, group: list[_Event], rate: Rate, frames: Any) -> None:
    """What one line between events says of the group above it. Lines of no meaning to us are passed over."""
    try:
        if note := _NOTE.match(line):
            side = note[1] or note[4]
            what = "NAME" if note[2] else "FILE"
            for event in group:
                event.notes.setdefault(f"{side} {what}", (note[5] if note[4] else note[3]).strip())
        elif speed := _SPEED.match(line):
            at = frames(speed[3])
            named = [event for event in group if event.reel == speed[1]] or group
            event = next((event for event in reversed(named) if event.into == at), named[-1])
            event.speed = Fraction(speed[2]) / rate.nominal
        elif re.match(r"[*\s]*FREEZE FRAME", line):
            group[-1].speed = Fraction(0)
        elif locator := _LOCATOR.match(line):
            at = frames(locator[1])
            event = next((event for event in group if event.start <= at < event.end), group[-1])
            event.markers.append((at, locator[2], locator[3].strip()))
        elif more := re.match(r"AUD\s+([\d\s]+)$", line):
            group[-1].channels += [f"A{n}" for n in more[1].split()]
    except ValueError:
        return  # a time that does not exist at this rate: no reason to lose the edit


def _channels(code: str) -> list[str]:
    """The tracks that a channel code names: B, AA, AA/V, A2/V, V1, NONE."""
    code = code.upper()
    if code == "B":
        return ["V", "A1"]
    if code == "NONE":
        return []
    names = re.findall(r"V\d*|A\d*", code.replace("AA", "A1A2")) or [code]
    return ["A1" if name == "A" else name for name in names]


def _timeline(title: str, events: list[_Event], rate: Rate, warnings: list[str]) -> Any:
    """One track a channel, video from the bottom up and then sound, all counted from the first event's start."""
    fps = float(rate.fps)
    lasting = [event for event in events if event.end > event.start]
    first = min((event.start for event in lasting), default=0)
    timeline = otio.schema.Timeline(title)
    if first:
        timeline.global_start_time = otio.opentime.RationalTime(first, fps)
    names = {name for event in lasting for name in event.channels}
    over = 0

    def order(name: str) -> tuple[bool, int, str]:
        return name.startswith("A"), int(re.sub(r"\D", "", name) or 0), name

    for name in sorted(names, key=order):
        sound = name.startswith("A")
        track = otio.schema.Track(name, kind=otio.schema.TrackKind.Audio if sound else otio.schema.TrackKind.Video)
        laid, covered = _laid([event for event in lasting if name in event.channels])
        over += covered
        position = first
        for event in laid:
            if event.start > position:
                track.append(otio.schema.Gap(duration=otio.opentime.RationalTime(event.start - position, fps)))
            if event.dissolve and len(track):
                zero, length = (otio.opentime.RationalTime(value, fps) for value in (0, event.dissolve))
                kind = otio.schema.TransitionTypes.SMPTE_Dissolve if event.kind == "D" else "SMPTE_Wipe"
                track.append(otio.schema.Transition(event.note("NAME"), kind, zero, length))
            track.append(_item(event, fps, track, first, with_markers=name == event.channels[0]))
            position = event.end
        timeline.tracks.append(track)
    if over:
        warnings.append(f"{over} events lie over earlier ones of their channel: what stands later in the list is shown")
    return timeline


def _laid(events: list[_Event]) -> tuple[list[_Event], int]:
    """Events as they lie on one track, rising: a later one records over an earlier. Says how many did."""
    laid: list[_Event] = []
    over = 0
    for event in events:
        if laid and event.start < laid[-1].end:
            rest: list[_Event] = []
            for other in laid:
                if other.end <= event.start or other.start >= event.end:
                    rest.append(other)
                    continue
                over += 1
                if other.start < event.start:
                    rest.append(replace(other, end=event.start))
                if other.end > event.end:
                    into = other.into + round((event.end - other.start) * other.speed)
                    rest.append(replace(other, start=event.end, into=into, dissolve=0, markers=[]))
            laid = sorted([*rest, event], key=lambda each: each.start)
        else:
            laid.append(event)
    return laid, over


def _item(event: _Event, fps: float, track: Any, first: int, *, with_markers: bool) -> Any:
    """The clip of an event, or the gap of a black one."""
    length = event.end - event.start
    span = otio.opentime.TimeRange(otio.opentime.RationalTime(event.into, fps), otio.opentime.RationalTime(length, fps))
    if event.black:
        item = otio.schema.Gap(source_range=span)
    else:
        named = event.note("NAME").removesuffix(" FF") or _stem(event.note("FILE"))
        reel = "" if event.reel == "AX" else event.reel
        item = otio.schema.Clip(named or reel or str(event.number), _media(event, span), span)
        if reel:
            item.metadata["cmx_3600"] = {"reel": reel}
        if event.speed == 0:
            item.effects.append(otio.schema.FreezeFrame())
        elif event.speed != 1:
            item.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(event.speed)))
    for at, color, name in event.markers if with_markers else ():
        # Locators name a moment of the record; a clip's markers count in its source, which a held frame has none of.
        held = event.speed == 0 and not event.black
        speed = Fraction(1) if event.black else event.speed
        begin = length if speed < 0 else 0
        moment = at - first if held else float(event.into + (at - event.start - begin) * speed)
        known = color.upper() if hasattr(otio.schema.MarkerColor, color.upper()) else otio.schema.MarkerColor.RED
        marked = otio.opentime.TimeRange(otio.opentime.RationalTime(moment, fps), otio.opentime.RationalTime(0, fps))
        (track if held else item).markers.append(otio.schema.Marker(name, marked, known))
    return item


def _stem(file: str) -> str:
    name = re.split(r"[\\/]", file)[-1]
    return re.sub(r"\.\w+$", "", name)


def _media(event: _Event, span: Any) -> Any:
    if event.reel == "BARS":
        return otio.schema.GeneratorReference(generator_kind="SMPTEBars")
    file = event.note("FILE")
    if not file:
        return otio.schema.MissingReference()
    stills = _STILLS.fullmatch(file)
    if stills is None:
        return otio.schema.ExternalReference(file)
    return otio.schema.ImageSequenceReference(
        target_url_base=stills[1],
        name_prefix=stills[2],
        name_suffix=stills[5],
        rate=span.duration.rate,
        start_frame=int(stills[3]),
        frame_zero_padding=len(stills[3]),
        available_range=span,
    )
