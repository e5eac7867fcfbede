# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of picture or sound on Blender's channels, and how they become tracks. Knows nothing of bpy."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from . import otio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SAME = 1e-6  # speeds that differ by less are one: rates come as single-precision numbers


@dataclass(frozen=True)
class Piece:
    """What lies on [start, end), in frames of the scene.

    `item` is a clip or a stack without times. `at` counts the medium's own frames, `media_rate` a second, to what is shown
    at `start`; played backwards, to what is shown last. `step` is how many of them one frame of the scene takes, None where
    that changes on the way. `dissolve` is how far one reaches before and after `start`.
    """

    start: int
    end: int
    channel: int
    item: dict[str, Any]
    at: float
    media_rate: float | Fraction
    step: float | None = 1.0
    effects: tuple[str, ...] = ()
    enabled: bool = True
    dissolve: tuple[int, int] | None = None

    def cut_to(self, start: int, end: int) -> Piece:
        """The part on [start, end), which may reach further than the piece: there is more of its medium then."""
        step = 1.0 if self.step is None else self.step
        moved = (start - self.start) * step if step >= 0 else (end - self.end) * step
        kept = self.dissolve if start == self.start else None
        return replace(self, start=start, end=end, at=self.at + moved, dissolve=kept)

    def meets(self, other: Piece) -> bool:
        return self.start < other.end and other.start < self.end

    def to_otio(self, rate: Fraction) -> dict[str, Any]:
        effects = [otio.effect(name) for name in self.effects]
        if self.step is None:
            effects.append(otio.effect("Retiming", of_time=True))
        else:
            speed = self.step * float(rate) / float(self.media_rate)
            effects += [] if abs(speed - 1) < _SAME else [otio.speed(speed)]
        duration = otio.time(self.end - self.start, rate)
        source = otio.span(otio.time(self.at, self.media_rate), duration)
        return {**self.item, "source_range": source, "effects": effects, "enabled": self.enabled}


@dataclass
class Layers:
    """The pieces of one sequence, and the dissolves between some of them."""

    pieces: list[Piece] = field(default_factory=list)

    def join(self, first: int, second: int, start: int, end: int) -> bool:
        """Two pieces, by index, that a dissolve over [start, end) joins: the cut is its middle.

        A dissolve lies within one track, so one of the two moves to the other's channel. False where something lies in
        its way: then they meet in a plain cut, and the layers stay as they are.
        """
        middle = start + (end - start) // 2
        a, b = self.pieces[first], self.pieces[second]
        if not a.start < middle < b.end:
            return False
        self.pieces[first] = a = a.cut_to(a.start, middle)
        self.pieces[second] = b = b.cut_to(middle, b.end)
        if self._free(second, a.channel):
            b = replace(b, channel=a.channel)
        elif a.dissolve is None and self._free(first, b.channel):
            self.pieces[first] = replace(a, channel=b.channel)
        else:
            return False
        self.pieces[second] = replace(b, dissolve=(middle - start, end - middle))
        return True

    def _free(self, index: int, channel: int) -> bool:
        """Whether a piece may change to a channel without passing above or below another, or lying over one."""
        piece = self.pieces[index]
        low, high = sorted((piece.channel, channel))
        return not any(
            low <= other.channel <= high and other.meets(piece)
            for number, other in enumerate(self.pieces)
            if number != index
        )

    def tracks(self, window: tuple[int, int], rate: Fraction, kind: str, names: dict[int, str]) -> list[dict[str, Any]]:
        """The pieces as tracks, from the lowest channel up, clipped to the window; the first is as long as that."""
        first, last = window
        inside = [
            piece.cut_to(max(piece.start, first), min(piece.end, last))
            for piece in self.pieces
            if piece.start < last and piece.end > first and piece.start < piece.end
        ]
        rows: list[tuple[int, list[Piece]]] = []
        for piece in sorted(inside, key=lambda piece: (piece.channel, piece.start)):
            # Blender keeps the strips of a channel apart; should two overlap after all, the later one lies above.
            row = next((row for channel, row in rows if channel == piece.channel and row[-1].end <= piece.start), None)
            if row is None:
                rows.append((piece.channel, [piece]))
            else:
                row.append(piece)
        if not rows:
            return []
        made = []
        for number, (channel, row) in enumerate(rows):
            children = list(_row(row, first, rate))
            if number == 0 and row[-1].end < last:
                children.append(otio.gap(last - row[-1].end, rate))
            made.append(otio.track(names.get(channel, f"Channel {channel}"), kind, children, {"channel": channel}))
        return made


def _row(row: list[Piece], first: int, rate: Fraction) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = []
    reached = first
    for piece in row:
        if piece.start > reached:
            children.append(otio.gap(piece.start - reached, rate))
        elif piece.dissolve and children:
            children.append(otio.dissolve(*piece.dissolve, rate))
        children.append(piece.to_otio(rate))
        reached = piece.end
    return children
