"""From OpenTimelineIO's nested items to plain pieces of picture on one exact time axis.

Times are Fractions of a second. OpenTimelineIO's own range arithmetic is not used: it ignores time warps, counts
a dissolve at the head of a track into its length, and mixes rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import opentimelineio as otio

from ...runtime.errors import InputError
from ...runtime.rate import Rate

ZERO = Fraction(0)
ONE = Fraction(1)
MAX_DEPTH = 64
# Longer than any show; a number this large is a mistake in the file and would only exhaust memory later.
MAX_SECONDS = 60 * 60 * 100


@dataclass(frozen=True)
class Leaf:
    """One clip as it stands in the timeline: two leaves are the same clip only if they are the same object.

    `media_start` is the source time of the medium's first frame; `first` and `length` are the clip's source range.
    `overlay` marks what may let the picture below shine through: a title, or a clip with effects.
    """

    name: str
    identity: tuple[str, ...]
    url: str | None
    media_start: Fraction
    first: Fraction
    length: Fraction
    overlay: bool


@dataclass(frozen=True)
class Piece:
    """Picture from a clip on [start, end); `at` is the source time (as the file counts it) shown at `start`.

    `soft` says that the piece begins in the middle of a dissolve. `covers` and `uncovers` say whether another
    picture lies below its first and its last frame.
    """

    start: Fraction
    end: Fraction
    leaf: Leaf
    at: Fraction
    speed: Fraction
    soft: bool = False
    covers: bool = False
    uncovers: bool = False

    def cut_to(self, start: Fraction, end: Fraction) -> Piece:
        """The part of the piece inside [start, end), which must overlap it."""
        first, last = max(self.start, start), min(self.end, end)
        return replace(
            self,
            start=first,
            end=last,
            at=self.at + (first - self.start) * self.speed,
            soft=self.soft and first == self.start,
        )


@dataclass(frozen=True)
class Placed:
    """A child of a track and where it lies in the track's own time; dissolves have moved its edges to their middles."""

    item: Any
    start: Fraction
    end: Fraction
    shown_from: Fraction
    shown_to: Fraction
    soft: bool


@lru_cache(maxsize=256)
def _fps(rate: float) -> Fraction:
    return Rate.of(rate).fps


def seconds(time: Any, where: Callable[[], str]) -> Fraction:
    """An otio RationalTime in exact seconds. Raises InputError, naming the place, for NaN and rates of zero or below."""
    value, rate = time.value, time.rate
    if not (math.isfinite(value) and math.isfinite(rate)):
        raise InputError(f"{where()} has a time that is not a number ({value:g} at rate {rate:g})")
    if value == 0:
        return ZERO
    if rate <= 0:
        raise InputError(f"{where()} counts {value:g} frames at a rate of {rate:g}: a rate is above zero")
    result = Fraction(value) / _fps(rate)
    if abs(result) > MAX_SECONDS * 10:
        raise InputError(f"{where()} has a time of {float(result):.3g} seconds, beyond any timeline")
    return result


def span(time_range: Any, where: Callable[[], str]) -> tuple[Fraction, Fraction]:
    """(start, duration) of an otio TimeRange in seconds; a negative duration raises InputError."""
    duration = seconds(time_range.duration, where)
    if duration < 0:
        raise InputError(f"{where()} has a negative duration ({time_range.duration.value:g} frames)")
    if duration > MAX_SECONDS:
        raise InputError(f"{where()} is {float(duration) / 3600:.0f} hours long, beyond any timeline")
    return seconds(time_range.start_time, where), duration


def called(item: Any) -> str:
    """How a message names an item: its kind and name."""
    kind = type(item).__name__.lower()
    return f"{kind} '{item.name}'" if item.name else f"a {kind} without a name"


class Layout:
    """Walks one timeline. `warnings` gathers what a person should know, each once."""

    def __init__(self, frame: Fraction) -> None:
        self.frame = frame
        self.warnings: dict[str, None] = {}
        self._lengths: dict[int, Fraction] = {}
        self._owners: list[Any] = []  # keeps looked-up objects alive: lengths are kept by id

    def warn(self, text: str) -> None:
        self.warnings.setdefault(text)

    # Lengths

    def source(self, item: Any) -> tuple[Fraction, Fraction]:
        """The (start, length) of an item in its own time, in seconds."""
        where = partial(called, item)
        if item.source_range is not None:
            return span(item.source_range, where)
        if isinstance(item, otio.schema.Clip):
            media = item.media_reference
            available = media.available_range if media is not None else None
            if available is None:
                self.warn(f"{called(item)} has neither a source range nor a media length: it is taken as empty")
                return ZERO, ZERO
            if available.duration.rate == 0:
                self.warn(f"{called(item)} is a still without a length: it is taken as empty")
                return ZERO, ZERO
            return span(available, where)
        if isinstance(item, otio.core.Composition):
            return ZERO, self.content_length(item)
        return ZERO, ZERO

    def content_length(self, composition: Any, depth: int = 0) -> Fraction:
        """The length of what lies inside a track or stack, trimmed by nothing."""
        key = id(composition)
        if key not in self._lengths:
            if depth > MAX_DEPTH:
                raise InputError(f"nests lie more than {MAX_DEPTH} deep at {called(composition)}")
            lengths = [self.item_length(child, depth + 1) for child in items(composition)]
            total = sum(lengths, ZERO) if isinstance(composition, otio.schema.Track) else max(lengths, default=ZERO)
            self._owners.append(composition)
            self._lengths[key] = total
        return self._lengths[key]

    def item_length(self, item: Any, depth: int = 0) -> Fraction:
        if item.source_range is None and isinstance(item, otio.core.Composition):
            return self.content_length(item, depth)
        return self.source(item)[1]

    def record_start(self, track: Any) -> Fraction | None:
        """Where a track says it starts, if that is a record time: a negative start over exactly its content.

        EDL readers leave it so; a track shifted on purpose is longer than its content.
        """
        if not isinstance(track, otio.schema.Track) or track.source_range is None:
            return None
        start, length = self.source(track)
        return -start if start < 0 and abs(length - self.content_length(track)) < self.frame / 2 else None

    # Placing

    def placed(self, track: Any) -> list[Placed]:
        """The children of a track in its own time, dissolves resolved to their middles."""
        starts: list[tuple[Any, Fraction, Fraction]] = []
        moves: dict[int, Fraction] = {}
        position = ZERO
        for child in track:
            if isinstance(child, otio.schema.Transition):
                moves[len(starts)] = self._middle(child)
                continue
            length = self.item_length(child)
            if length == 0:
                # Avid fades in from and out to a gap without length; such an item shows nothing.
                if isinstance(child, otio.schema.Gap) and len(starts) in moves and not starts:
                    moves.pop(len(starts))
                continue
            starts.append((child, position, position + length))
            position += length
        moves.pop(0, None)  # a fade at the head or the tail moves nothing
        moves.pop(len(starts), None)
        result: list[Placed] = []
        for i, (child, start, end) in enumerate(starts):
            head = _within(moves[i], starts[i - 1], (child, start, end)) if i in moves else ZERO
            tail = _within(moves[i + 1], (child, start, end), starts[i + 1]) if i + 1 in moves else ZERO
            result.append(Placed(child, start, end, start + head, end + tail, i in moves))
        return result

    def _middle(self, transition: Any) -> Fraction:
        where = partial(called, transition)
        into, out = (seconds(t, where) for t in (transition.in_offset, transition.out_offset))
        if into < 0 or out < 0:
            raise InputError(f"{called(transition)} has a negative length")
        return (out - into) / 2

    # Picture

    def picture(self, item: Any, start: Fraction, end: Fraction, depth: int = 0) -> list[Piece]:
        """What an item shows over [start, end) of its own record time (0 is its first frame), rising, without overlap.

        The window may reach outside the item where a dissolve borrows picture from beyond a cut.
        """
        if depth > MAX_DEPTH:
            raise InputError(f"nests lie more than {MAX_DEPTH} deep at {called(item)}")
        if not enabled(item) or isinstance(item, otio.schema.Gap) or end <= start:
            return []
        first, length = self.source(item)
        speed = self.speed(item)
        if isinstance(item, otio.schema.Clip):
            leaf = self.leaf(item, first, length)
            if leaf is None:
                return []
            begin = first if speed >= 0 else first - speed * length
            return [Piece(start, end, leaf, begin + start * speed, speed)]
        if not isinstance(item, otio.core.Composition):
            return []
        if opaque(item):
            self.warn(f"{called(item)} is a nested sequence whose contents the file does not hold: taken as one shot")
            leaf = Leaf(item.name, ("nest", str(id(item))), None, ZERO, first, length, False)
            self._owners.append(item)
            return [Piece(start, end, leaf, first + start, ONE)]
        if speed == 0:
            held = self._inside(item, first, first + self.frame, depth)
            return [replace(p, start=start, end=end, speed=ZERO, soft=False) for p in held[:1]]
        if speed > 0:
            inner = self._inside(item, first + start * speed, first + end * speed, depth)
            return [
                replace(p, start=(p.start - first) / speed, end=(p.end - first) / speed, speed=p.speed * speed)
                for p in inner
            ]
        last = first - speed * length  # played backwards from here
        inner = self._inside(item, last + end * speed, last + start * speed, depth)
        return [
            replace(
                p,
                start=(p.end - last) / speed,
                end=(p.start - last) / speed,
                at=p.at + (p.end - p.start) * p.speed,
                speed=p.speed * speed,
                soft=False,
            )
            for p in reversed(inner)
        ]

    def _inside(self, composition: Any, start: Fraction, end: Fraction, depth: int) -> list[Piece]:
        if isinstance(composition, otio.schema.Track):
            pieces = self.track(composition, start, end, depth)
        else:
            pieces = []
            for child in items(composition):
                if isinstance(child, otio.schema.Track) and child.kind != otio.schema.TrackKind.Video:
                    continue
                # A nest shows nothing beyond its own ends, even where its children hold more.
                shown = self.picture(child, max(start, ZERO), min(end, self.item_length(child)), depth + 1)
                pieces = overlay(pieces, shown)
        return [p.cut_to(start, end) for p in pieces if p.start < end and p.end > start]

    def track(self, track: Any, start: Fraction, end: Fraction, depth: int = 0) -> list[Piece]:
        """The picture of a track's children that touches [start, end) of the track's own time, whatever its source range."""
        pieces: list[Piece] = []
        for place in self.placed(track):
            if place.shown_to <= start or place.shown_from >= end:
                continue
            shown = self.picture(place.item, place.shown_from - place.start, place.shown_to - place.start, depth + 1)
            if isinstance(place.item, otio.core.Composition):
                shown = _held(shown, place)
            for i, piece in enumerate(shown):
                moved = replace(piece, start=piece.start + place.start, end=piece.end + place.start)
                if i == 0 and place.soft and moved.start == place.shown_from:
                    moved = replace(moved, soft=True)
                pieces.append(moved)
        return pieces

    def speed(self, item: Any) -> Fraction:
        """The product of an item's linear time warps; one that is not linear counts as 1, with a warning."""
        speed = ONE
        for effect in item.effects:
            if isinstance(effect, otio.schema.LinearTimeWarp):
                scalar = effect.time_scalar
                if not math.isfinite(scalar):
                    raise InputError(f"{called(item)} has a speed that is not a number")
                speed *= Fraction(scalar)
            elif isinstance(effect, otio.schema.TimeEffect):
                self.warn(
                    f"the speed of {called(item)} changes in a way the file does not tell: its markers are uncertain"
                )
        return speed

    def leaf(self, clip: Any, first: Fraction, length: Fraction) -> Leaf | None:
        """What a clip shows; None for placeholders that are no picture (FCP7's slug, black)."""
        media = clip.media_reference
        generator = media.generator_kind if isinstance(media, otio.schema.GeneratorReference) else None
        if generator is not None and generator.casefold() in ("slug", "black"):
            return None
        url = target(media)
        available = media.available_range if media is not None else None
        start = ZERO
        if available is not None and available.start_time.rate > 0:
            start = seconds(available.start_time, partial(called, clip))
        title = generator is not None and generator != "SolidColor"
        self._owners.append(clip)
        return Leaf(
            clip.name or (media.name if media is not None else "") or "",
            identity(clip, url, generator),
            url,
            start,
            first,
            length,
            title or has_effects(clip),
        )


def _held(shown: list[Piece], place: Placed) -> list[Piece]:
    """A nest that a dissolve reaches beyond and that has too little to show there: its edge is held."""
    first, last, length = place.shown_from - place.start, place.shown_to - place.start, place.end - place.start
    if shown and first < shown[0].start <= 0:
        shown[0] = replace(shown[0], start=first, at=shown[0].at + (first - shown[0].start) * shown[0].speed)
    if shown and last > shown[-1].end >= length:
        shown[-1] = replace(shown[-1], end=last)
    return shown


def _within(move: Fraction, before: tuple[Any, Fraction, Fraction], after: tuple[Any, Fraction, Fraction]) -> Fraction:
    """A dissolve's shift of a boundary, kept inside the two items it joins."""
    return min(max(move, before[1] - before[2]), after[2] - after[1])


def items(composition: Any) -> Iterator[Any]:
    """The children of a composition that take time: transitions lie across them."""
    for child in composition:
        if not isinstance(child, otio.schema.Transition):
            yield child


def enabled(item: Any) -> bool:
    return bool(getattr(item, "enabled", True))


def opaque(item: Any) -> bool:
    """A nest that claims a length but holds nothing: picture of unknown kind, not black."""
    if len(item) or item.source_range is None:
        return False
    return isinstance(item, otio.schema.Stack)


def target(media: Any) -> str | None:
    """Where a media reference says its file is."""
    if isinstance(media, otio.schema.ImageSequenceReference):
        digits = f"%0{media.frame_zero_padding}d" if media.frame_zero_padding else "%d"
        base = media.target_url_base or ""
        join = "" if not base or base.endswith(("/", "\\")) else "/"
        return f"{base}{join}{media.name_prefix}{digits}{media.name_suffix}"
    url = getattr(media, "target_url", None)
    return url or None


def identity(clip: Any, url: str | None, generator: str | None) -> tuple[str, ...]:
    """What makes two clips the same medium. EDLs cut reels to eight characters, so a reel alone is none."""
    if url:
        return ("file", url)
    if generator is not None:
        return ("generator", generator, str(id(clip)))
    name = clip.name.removesuffix(" FF")
    if name.endswith(" FPS)") and " (" in name:
        name = name[: name.rindex(" (")]
    edl = clip.metadata.get("cmx_3600", {})
    return ("clip", name, str(edl.get("reel", "")), clip.media_reference.name if clip.media_reference else "")


def has_effects(clip: Any) -> bool:
    """Whether an effect other than time touches the picture. Resolve lists every effect of a clip, most off or at defaults."""
    for effect in clip.effects:
        if isinstance(effect, otio.schema.TimeEffect):
            continue
        resolve = effect.metadata.get("Resolve_OTIO")
        if resolve is None:
            return True
        if not resolve.get("Enabled", True):
            continue
        for parameter in resolve.get("Parameters", []):
            if parameter.get("Parameter Value") != parameter.get("Default Parameter Value"):
                return True
            if parameter.get("Key Frames"):
                return True
    return False


def overlay(below: list[Piece], above: list[Piece]) -> list[Piece]:
    """Both lists as a viewer sees them: pieces above hide what lies below. Both rising, without overlap."""
    if not below or not above:
        return above or below
    result: list[Piece] = []
    rest = iter(below)
    under = next(rest, None)
    for piece in above:
        while under is not None and under.end <= piece.start:
            result.append(under)
            under = next(rest, None)
        covers = under is not None and under.start <= piece.start
        if under is not None and under.start < piece.start:
            result.append(under.cut_to(under.start, piece.start))
        uncovers = False
        while under is not None and under.start < piece.end:
            uncovers = under.end >= piece.end
            if under.end > piece.end:
                under = under.cut_to(piece.end, under.end)
                break
            under = next(rest, None)
        result.append(replace(piece, covers=piece.covers or covers, uncovers=piece.uncovers or uncovers))
    if under is not None:
        result.append(under)
    result.extend(rest)
    return result
