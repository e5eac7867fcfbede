"""Which moments of which media an edit shows: record time -> media time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from ..edit import Edit, Source

_INSTANT = Fraction(1, 100)  # seconds: how much of a medium a held frame uses
_GAP = Fraction(1, 10)  # seconds: ranges closer than this are one


@dataclass(frozen=True)
class Piece:
    """A source that has a medium, and the seconds [low, high) of it that are shown."""

    source: Source
    shot: int
    media: str
    fps: Fraction
    low: Fraction
    high: Fraction

    def moment(self, frame: Fraction | int) -> Fraction:
        """The medium's time at a frame of the edit, or between two."""
        source = self.source
        return max((source.at or Fraction(0)) + (frame - source.start) * source.speed / self.fps, Fraction(0))


@dataclass
class MediaPlan:
    """What is used of one medium: ranges that rise and do not touch, and the moments to look at closely, each with
    the seconds of the edit that it stands for.
    """

    name: str
    ranges: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    wanted: dict[Fraction, list[int]] = field(default_factory=dict)

    @property
    def seconds(self) -> Fraction:
        return sum((end - start for start, end in self.ranges), Fraction(0))


class Plan:
    """Every piece of an edit in order; `seconds` is the edit's length in whole seconds, rounded up."""

    def __init__(self, edit: Edit) -> None:
        self._fps = edit.rate.fps
        self.pieces = sorted(_pieces(edit), key=lambda piece: piece.source.start)
        self._starts = [piece.source.start for piece in self.pieces]
        self.seconds = -(-edit.frames * self._fps.denominator // self._fps.numerator) if edit.frames > 0 else 0
        self.media: dict[str, MediaPlan] = {}
        self._frames = edit.frames
        looked_at: set[int] = set()
        for second in range(self.seconds):
            number = self._index(frame := self.middle_frame(second))
            if number is not None:
                looked_at.add(number)
                self._want(self.pieces[number], frame).append(second)
        for number, piece in enumerate(self.pieces):
            if number not in looked_at:
                self._want(piece, (piece.source.start + piece.source.end - 1) // 2)
        shown: dict[str, list[tuple[Fraction, Fraction]]] = {}
        self._shots: dict[int, list[Piece]] = {}
        for piece in self.pieces:
            self._shots.setdefault(piece.shot, []).append(piece)
            shown.setdefault(piece.media, []).append((piece.low, piece.high))
        for name, plan in self.media.items():
            plan.ranges = _merged(sorted(shown[name]))

    def middle_frame(self, second: int) -> int:
        """The frame that stands for a second of the edit; the last second may be a short one."""
        start, end = second * self._fps, min((second + 1) * self._fps, Fraction(self._frames))
        return min(int((start + end) / 2), self._frames - 1)

    def at(self, frame: Fraction | int) -> Piece | None:
        number = self._index(frame)
        return None if number is None else self.pieces[number]

    def of_shot(self, number: int) -> list[Piece]:
        return self._shots.get(number, [])

    def _index(self, frame: Fraction | int) -> int | None:
        number = bisect_right(self._starts, frame) - 1
        return number if number >= 0 and frame < self.pieces[number].source.end else None

    def _want(self, piece: Piece, frame: int) -> list[int]:
        plan = self.media.setdefault(piece.media, MediaPlan(piece.media))
        return plan.wanted.setdefault(piece.moment(frame), [])


def _pieces(edit: Edit) -> Iterator[Piece]:
    fps = edit.rate.fps
    for number, shot in enumerate(edit.shots):
        for source in shot.sources:
            if source.media is None or source.end <= source.start:
                continue
            at = source.at or Fraction(0)
            away = at + (source.end - source.start) * source.speed / fps
            low, high = max(min(at, away), Fraction(0)), max(at, away)
            if source.speed <= 0:
                high += _INSTANT
            yield Piece(source, number, source.media, fps, low, max(high, low + _INSTANT))


def _merged(ranges: list[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
    out: list[tuple[Fraction, Fraction]] = []
    for start, end in ranges:
        if out and start <= out[-1][1] + _GAP:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out
