"""From an edit file to the Edit: the one reader that the command line, the panel and batch all use."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...runtime.edit import AudioTrack, Edit
from ...runtime.errors import InputError, UsageError
from ...runtime.rate import FASTEST, SLOWEST, SMPTE, Rate, round_half_up
from . import media_path, score_track
from .document import Document, open_document
from .layout import MAX_SECONDS, ZERO, Layout, Piece, called, enabled, items, overlay, seconds, span, target
from .marks import Collector
from .visible import Picture, clips, see

# Beyond these a "rate" is a timescale or a file of one picture a second, not frames.
_PLAUSIBLE = (Fraction(5), Fraction(1000))


@dataclass(frozen=True)
class Source:
    """An edit file and how to read it. `start` and `end` are timecodes of the part that is wanted."""

    path: Path
    rate: Rate | None = None
    timeline: str | None = None
    media_roots: tuple[Path, ...] = ()
    start: str | None = None
    end: str | None = None

    def read(self) -> tuple[Edit, Document]:
        edit, document = read_edit(self.path, rate=self.rate, timeline=self.timeline, media_roots=self.media_roots)
        if self.start is not None or self.end is not None:
            edit = _part(edit, self.start, self.end)
        return edit, document


def _part(edit: Edit, start: str | None, end: str | None) -> Edit:
    frames: list[int | None] = []
    for word, timecode in (("--start", start), ("--end", end)):
        try:
            frame = None if timecode is None else edit.rate.frame_of(timecode, edit.drop_frame) - edit.start_frame
        except ValueError as error:
            raise UsageError(f"{word}: {error}") from None
        if frame is not None and not 0 <= frame <= edit.frames:
            lasts = f"from {edit.timecode(0)} to {edit.timecode(edit.frames)}"
            raise UsageError(f"{word} {timecode} lies outside the timeline, which lasts {lasts}")
        frames.append(frame)
    first, last = frames
    if (first or 0) >= (edit.frames if last is None else last):
        raise UsageError(f"--start {start} is not before --end {end}")
    return edit.part(first, last)


def read_edit(
    path: Path, *, rate: Rate | None = None, timeline: str | None = None, media_roots: Sequence[Path] = ()
) -> tuple[Edit, Document]:
    """Reads an edit of any known format. `rate` serves formats that state none and overrules those that do."""
    document = open_document(path, rate=rate, timeline=timeline)
    try:
        edit = edit_of(document, rate=rate, media_roots=media_roots)
    except InputError as error:
        if str(error).startswith(str(path)):
            raise
        raise InputError(f"{path}: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: its items lie too deep inside each other to be read") from None
    return edit, document


def edit_of(document: Document, *, rate: Rate | None = None, media_roots: Sequence[Path] = ()) -> Edit:
    """The Edit of an opened document."""
    warnings = list(document.warnings)
    timeline = document.timeline
    stack = timeline.tracks
    fps = rate or document.rate or frame_rate(timeline, warnings)
    if rate is not None and document.format != "edl":
        stated = frame_rate(timeline, [])
        if stated != rate:
            warnings.append(f"the timeline states {stated} frames a second; {rate} is used as asked")
    frame = 1 / fps.fps
    layout = Layout(frame)
    finder = media_path.MediaFinder(document.folder, media_roots)
    found: dict[str, tuple[str, bool]] = {}

    def find(url: str) -> tuple[str, bool]:
        if url not in found:
            file = finder.find(url)
            found[url] = (str(file), True) if file is not None else (url, url in document.members)
        return found[url]

    tracks = [track for track in items(stack) if not is_ours(track)]
    if layout.speed(stack) != 1:
        layout.warn("the timeline as a whole has a speed, which is not applied")
    offsets = _record_starts(tracks, layout)
    length = max((layout.item_length(t) + o for t, o in zip(tracks, offsets, strict=True)), default=ZERO)
    start = ZERO
    if stack.source_range is not None:
        start, length = span(stack.source_range, partial(called, stack))
    if length > MAX_SECONDS:
        raise InputError(f"the timeline is {float(length) / 3600:.0f} hours long, beyond what can be scored")

    def window(pieces: list[Piece]) -> list[Piece]:
        inside = [p.cut_to(start, start + length) for p in pieces if p.start < start + length and p.end > start]
        return [replace(p, start=p.start - start, end=p.end - start) for p in inside] if start else inside

    seen: list[Piece] = []
    audio: list[AudioTrack] = []
    for track, offset in zip(tracks, offsets, strict=True):
        if not enabled(track):
            continue
        if getattr(track, "kind", otio.schema.TrackKind.Video) == otio.schema.TrackKind.Video:
            seen = overlay(seen, _pieces(layout, track, offset))
        elif track.kind == otio.schema.TrackKind.Audio:
            sound = window(_pieces(layout, track, offset))
            audio.append(AudioTrack(track.name, clips(sound, fps, find)))
    seen = window(seen)
    picture = see(seen, fps, find)

    frames = round_half_up(length * fps.fps)
    if picture.end is not None:
        frames = max(frames, picture.end)
    first = _start_frame(timeline, fps)
    warnings += _remarks(picture, seen)
    warnings += list(layout.warnings)
    missing = sorted(url for url, (_, online) in found.items() if not online)
    if missing:
        named = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        warnings.append(
            f"{len(missing)} of {len(found)} media not found: {named}; --media-root DIR looks for them there"
        )
    warnings += finder.notes
    return Edit(
        name=timeline.name or document.path.stem,
        rate=fps,
        frames=frames,
        start_frame=first,
        drop_frame=bool(document.drop_frame) and fps.can_drop,
        picture_start=picture.start,
        picture_end=picture.end,
        cuts=picture.cuts,
        through_edits=picture.through_edits,
        markers=_markers(stack, tracks, offsets, layout, fps, start, length),
        shots=picture.shots,
        audio_tracks=tuple(audio),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def is_ours(track: Any) -> bool:
    """Whether a track is our score: by its provenance, or by name and medium where a host dropped that."""
    if track.metadata.get("hitpoint") is not None:
        return True
    if getattr(track, "kind", None) != otio.schema.TrackKind.Audio:
        return False
    ours = [_our_clip(item) for item in track if isinstance(item, otio.schema.Clip)]
    name = track.name or str(track.metadata.get("fcp_xml", {}).get("@MZ.TrackName", ""))
    return bool(ours) and (all(ours) or (score_track.TRACK_NAME.fullmatch(name) is not None and any(ours)))


def _our_clip(clip: Any) -> bool:
    if clip.metadata.get("hitpoint") is not None:
        return True
    comments = clip.metadata.get("fcp_xml", {}).get("comments")
    note = comments.get("mastercomment1") if isinstance(comments, Mapping | otio._otio.AnyDictionary) else None
    if note and score_track.from_note(str(note)) is not None:
        return True
    url = target(clip.media_reference)
    found = media_path.parse(url) if url else None
    return found is not None and score_track.is_score_media(found.text)


def frame_rate(timeline: Any, warnings: list[str]) -> Rate:
    """The rate the timeline is cut at: its start timecode's, else the one most of its picture is counted in.

    Never that of its duration: one sound clip counted in samples would make it 48000.
    """
    votes: list[float] = []
    start = timeline.global_start_time
    if start is not None and _plausible(start.rate):
        votes = [start.rate]
    else:
        for kinds in ((otio.schema.TrackKind.Video,), None):
            stated = list(stated_rates(timeline, kinds))
            votes = [rate for rate in stated if _plausible(rate)] or votes
            if votes:
                break
        if not votes:
            votes = [rate for rate in stated_rates(timeline) if rate > 0]
            if votes:
                warnings.append(
                    f"the timeline counts in units of 1/{votes[0]:g} s, which is no frame rate; --rate R gives the one it plays at"
                )
            else:
                warnings.append("the timeline states no frame rate: 24 is taken; --rate R says otherwise")
                votes = [24.0]
    try:
        rates = Counter(Rate.of(vote) for vote in votes)
    except ValueError as error:
        raise InputError(f"the timeline's rate: {error}") from None
    rate = rates.most_common(1)[0][0]
    if not SLOWEST <= rate.fps <= FASTEST:
        raise InputError(
            f"the timeline states {votes[0]:g} frames a second, which nothing plays; --rate R says otherwise"
        )
    if len(rates) > 1:
        others = ", ".join(str(other) for other in rates if other != rate)
        warnings.append(f"clips are counted at several rates ({rate} and {others}): {rate} is taken for the timeline")
    if rate.fps not in SMPTE and _plausible(float(rate.fps)):
        warnings.append(f"{float(rate.fps):g} frames a second is no SMPTE rate: it is kept as it stands")
    return rate


def _plausible(rate: float) -> bool:
    if not math.isfinite(rate):
        raise InputError(f"the timeline has a rate that is not a number ({rate})")
    return _PLAUSIBLE[0] <= rate < _PLAUSIBLE[1]


def stated_rates(timeline: Any, kinds: tuple[str, ...] | None = None) -> Iterator[float]:
    """The rates that the clips on the tracks of some kinds, or of all, are counted in, as the file writes them."""
    for track in items(timeline.tracks):
        if kinds is not None and getattr(track, "kind", otio.schema.TrackKind.Video) not in kinds:
            continue
        if is_ours(track):
            continue
        for item in items(track) if isinstance(track, otio.core.Composition) else (track,):
            yield from _rates_of(item)


def _rates_of(item: Any) -> Iterator[float]:
    stated = item.source_range
    if stated is None and isinstance(item, otio.schema.Clip) and item.media_reference is not None:
        stated = item.media_reference.available_range
    if stated is not None:
        yield stated.duration.rate
    elif isinstance(item, otio.core.Composition):
        for child in items(item):
            yield from _rates_of(child)


def _record_starts(tracks: list[Any], layout: Layout) -> list[Fraction]:
    """Where each track begins, relative to the one that is recorded first."""
    starts = [layout.record_start(track) for track in tracks]
    first = min((start for start in starts if start is not None), default=ZERO)
    return [ZERO if start is None else start - first for start in starts]


def _pieces(layout: Layout, track: Any, offset: Fraction) -> list[Piece]:
    if layout.record_start(track) is not None:
        whole = layout.content_length(track)
        pieces = layout.track(track, ZERO, whole)
        return [replace(p, start=p.start + offset, end=p.end + offset) for p in pieces]
    return layout.picture(track, ZERO, layout.item_length(track))


def _start_frame(timeline: Any, rate: Rate) -> int:
    start = timeline.global_start_time
    if start is None or start.value == 0:
        return 0
    if _plausible(start.rate) and Rate.of(start.rate) == rate:
        return round_half_up(Fraction(start.value))
    return round_half_up(seconds(start, lambda: "the timeline's start timecode") * rate.fps)


def _markers(
    stack: Any,
    tracks: list[Any],
    offsets: list[Fraction],
    layout: Layout,
    rate: Rate,
    start: Fraction,
    length: Fraction,
) -> Any:
    collector = Collector(layout, rate)
    window = (start, start + length)
    collector.of(stack, "timeline", lambda moment: moment - start, window)
    for track, offset in zip(tracks, offsets, strict=True):
        collector.track(track, offset - start, (start - offset, start + length - offset))
    return collector.found()


def _remarks(picture: Picture, pieces: list[Piece]) -> Iterator[str]:
    if picture.through_edits_are_cuts:
        yield (
            f"{len(picture.through_edits)} through edits are most of the edits here (a scene-detected master?): they count as cuts"
        )
    above = sum(1 for piece in pieces if piece.covers or piece.uncovers)
    if above:
        yield (
            f"{above} items lie above a running picture: the file does not tell an adjustment layer or a transparent "
            "title from an opaque shot; edges of titles and of items with effects are marked maybe_overlay"
        )
