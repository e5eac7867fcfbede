"""What a viewer sees: from pieces of picture to shots, cuts and through edits in whole frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from ...runtime.edit import Cut, CutKind, Shot, Source
from ...runtime.rate import Rate, round_half_up
from .layout import ONE, Leaf, Piece

Find = Callable[[str], tuple[str, bool]]  # a media reference -> (path or what was written, whether it is there)

# Nests end a fraction of a frame early after a speed change: that is no black flash.
SLIVER = Fraction(999, 1000)


@dataclass(frozen=True)
class Picture:
    """The visible picture of a timeline. `start` and `end` are None where there is none."""

    start: int | None
    end: int | None
    cuts: tuple[Cut, ...]
    through_edits: tuple[int, ...]
    shots: tuple[Shot, ...]
    through_edits_are_cuts: bool


@dataclass(frozen=True)
class _Seen:
    """A piece in whole frames; None for black."""

    start: int
    end: int
    piece: Piece | None


def see(pieces: list[Piece], rate: Rate, find: Find) -> Picture:
    """`pieces` rising and without overlap, in seconds from the timeline's start."""
    seen = _in_frames(pieces, rate)
    if not seen:
        return Picture(None, None, (), (), (), False)
    start, end = next(part.start for part in seen if part.piece is not None), seen[-1].end
    cuts: list[Cut] = []
    through: list[int] = []
    for before, after in pairwise(seen):
        if before.piece is None or after.piece is None or not _continues(before.piece, after.piece, rate):
            cuts.append(Cut(after.start, _kind(before.piece, after.piece), _overlaid(before.piece, after.piece)))
        elif before.piece.leaf is not after.piece.leaf:
            through.append(after.start)
    joined = len(through) > len(cuts)
    if joined:
        cuts = sorted(cuts + [Cut(frame) for frame in through], key=lambda cut: cut.frame)
    edges = {cut.frame for cut in cuts}
    return Picture(start, end, tuple(cuts), tuple(through), tuple(_shots(seen, edges, rate, find)), joined)


def _in_frames(pieces: list[Piece], rate: Rate) -> list[_Seen]:
    sliver = SLIVER / rate.fps
    result: list[_Seen] = []
    end_of_last = Fraction(0)
    for piece in pieces:
        gap = piece.start - end_of_last
        if result and 0 < gap < sliver:
            # Too short for a frame of its own: the picture before it holds on.
            result[-1] = replace(result[-1], end=round_half_up(piece.start * rate.fps))
        start, end = round_half_up(piece.start * rate.fps), round_half_up(piece.end * rate.fps)
        if result:
            start = max(start, result[-1].end)
        end_of_last = max(end_of_last, piece.end)
        if end <= start:
            continue
        if start > (result[-1].end if result else 0):
            result.append(_Seen(result[-1].end if result else 0, start, None))
        last = result[-1].piece if result else None
        if last is not None and last.leaf is piece.leaf and last.speed == piece.speed and _end(last) == piece.at:
            merged = replace(last, end=piece.end, uncovers=piece.uncovers)
            result[-1] = _Seen(result[-1].start, end, merged)
        else:
            result.append(_Seen(start, end, piece))
    return result


def _end(piece: Piece) -> Fraction:
    """The source time that a piece reaches."""
    return piece.at + (piece.end - piece.start) * piece.speed


def _continues(before: Piece, after: Piece, rate: Rate) -> bool:
    """Whether the same medium runs on without a jump: within a frame, a change of speed or a held frame allowed."""
    if before.leaf.identity != after.leaf.identity:
        return False
    frame = ONE / rate.fps
    ends, starts = [_end(before)], [after.at]
    # Programs disagree on whether a reversed clip starts at the head or at the tail of its source range.
    if before.speed < 0:
        ends.append(before.leaf.first + before.leaf.length * before.speed)
    if after.speed < 0:
        starts.append(after.leaf.first)
    return any(abs(start - end) <= frame for start in starts for end in ends)


def _kind(before: Piece | None, after: Piece | None) -> CutKind:
    if before is None:
        return "from_black"
    if after is None:
        return "to_black"
    return "transition" if after.soft else "cut"


def _overlaid(before: Piece | None, after: Piece | None) -> bool:
    """Whether the change is the edge of a title, or of a clip with effects, above a running picture."""
    enters = after is not None and after.leaf.overlay and after.covers
    leaves = before is not None and before.leaf.overlay and before.uncovers
    return enters or leaves


def _shots(seen: list[_Seen], edges: set[int], rate: Rate, find: Find) -> list[Shot]:
    shots: list[Shot] = []
    for part in seen:
        if part.piece is None:
            continue
        source = _source(part.start, part.end, part.piece, rate, find)
        if shots and shots[-1].end == part.start and part.start not in edges:
            last = shots[-1]
            shots[-1] = replace(
                last, end=part.end, sources=(*last.sources, source[0]), online=last.online and source[1]
            )
        else:
            name = _name(part.piece.leaf)
            shots.append(Shot(part.start, part.end, name, source[0].media, source[1], (source[0],)))
    return shots


def _source(start: int, end: int, piece: Piece, rate: Rate, find: Find) -> tuple[Source, bool]:
    leaf = piece.leaf
    media, online = find(leaf.url) if leaf.url else (None, False)
    # `at` belongs to the exact start of the piece; the frame that opens the shot may lie a fraction later.
    exact = piece.at + (rate.seconds(start) - piece.start) * piece.speed - leaf.media_start
    return Source(start, end, media, exact, piece.speed), online


def _name(leaf: Leaf) -> str:
    if leaf.name:
        return leaf.name
    return leaf.url.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] if leaf.url else ""


def clips(pieces: list[Piece], rate: Rate, find: Find) -> tuple[Shot, ...]:
    """Every piece of a track of sound as it lies, without looking for cuts."""
    seen = [part for part in _in_frames(pieces, rate) if part.piece is not None]
    return tuple(_shots(seen, {part.start for part in seen}, rate, find))
