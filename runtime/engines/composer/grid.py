"""Musical time of one storyboard: from beats that bend to seconds and back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...cues.beats import laid
from ...cues.sheet import CueSheet, Hit, Storyboard

STUMBLE = 0.06  # seconds before a storyboard's end in which nothing starts any more
SWUNG = 1 / 6  # of a beat: how late a fully swung off-beat comes


@dataclass(frozen=True)
class Bar:
    """`first` is the position of its first beat; `beats` how many it has."""

    first: int
    beats: int

    @property
    def last(self) -> int:
        return self.first + self.beats

    def strong(self, at: float) -> bool:
        """Whether a position within the bar is a strong beat: the first, and the middle of an even bar from four on."""
        inside = at - self.first
        return inside == 0 or (self.beats >= 4 and self.beats % 2 == 0 and inside == self.beats // 2)


class Grid:
    """Positions are counted in beats from the storyboard's first. Beats that meet a hit lie on its very frame."""

    def __init__(self, sheet: CueSheet, board: Storyboard, hits: Sequence[Hit], swing: float) -> None:
        beats = list(laid(board, sheet.rate))
        self.start, self.end = sheet.seconds(board.start), sheet.seconds(board.end)
        self.usual = 60.0 / board.tempo
        edges = [*board.downbeats(len(beats)), len(beats)]
        self.bars = tuple(Bar(first, last - first) for first, last in pairwise(edges))
        self.beats = len(beats)
        frame = sheet.seconds(1)
        halves: list[tuple[float, float]] = []
        for hit in hits:
            at = sheet.seconds(hit.frame)
            near = min(max(bisect_right(beats, at) - 1, 0), len(beats) - 1)
            for index in (near, near + 1):
                if hit.place in ("downbeat", "beat") and index < len(beats) and abs(beats[index] - at) <= 0.6 * frame:
                    beats[index] = at
                    break
            else:
                if hit.place == "offbeat" and beats[near] < at:
                    halves.append((near + 0.5, at))
        last = min(beats[-1] - beats[-2], 1.5 * self.usual) if len(beats) > 1 else self.usual
        knots = [(float(index), at) for index, at in enumerate(beats)]
        knots.append((float(len(beats)), beats[-1] + max(last, 0.05)))
        self._straight = {int(position) for position, _ in halves}
        knots = _rising(sorted(knots + halves))
        self._positions = [position for position, _ in knots]
        self._seconds = [at for _, at in knots]
        self._swing = swing * SWUNG

    def seconds(self, position: float) -> float:
        beat = int(position // 1)
        part = position - beat
        if self._swing and part and beat not in self._straight:
            late = 0.5 + self._swing
            part = part / 0.5 * late if part < 0.5 else late + (part - 0.5) / 0.5 * (1 - late)
            position = beat + part
        index = min(max(bisect_right(self._positions, position) - 1, 0), len(self._positions) - 2)
        left, right = self._positions[index], self._positions[index + 1]
        before, after = self._seconds[index], self._seconds[index + 1]
        return before + (position - left) * (after - before) / (right - left)

    def position(self, seconds: float) -> float:
        """Where a moment lies, as if nothing swung; 0 at the least."""
        index = min(max(bisect_right(self._seconds, seconds) - 1, 0), len(self._seconds) - 2)
        before, after = self._seconds[index], self._seconds[index + 1]
        part = (seconds - before) / (after - before)
        return max(0.0, self._positions[index] + part * (self._positions[index + 1] - self._positions[index]))

    def bar_at(self, position: float) -> int:
        """The number of the bar that a position lies in."""
        return max(0, bisect_right(self.bars, position, key=lambda bar: bar.first) - 1)

    def playable(self, position: float) -> bool:
        """Whether something may still start there."""
        return position < self.beats and self.seconds(position) < self.end - min(STUMBLE, 0.25 * self.usual)

    def lasting(self, start: float, until: float) -> float:
        """Seconds from one position to another, or to the storyboard's end."""
        last = self.end if until >= self.beats else min(self.seconds(until), self.end)
        return max(0.03, last - self.seconds(start))


def _rising(knots: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without what would make time stand still or run backwards."""
    kept = [knots[0]]
    for position, at in knots[1:]:
        if at > kept[-1][1] + 1e-4:
            kept.append((position, at))
    if len(kept) < 2:
        kept.append((kept[0][0] + 1, kept[0][1] + 0.05))
    return kept
