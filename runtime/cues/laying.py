"""From a storyboard's hits to its beats and bars."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..rate import Rate
from .bars import bar_lines
from .sheet import Hit
from .tempo import Goal, lay_out, values

SLOWEST, FASTEST = 60.0, 180.0  # bpm
TEMPI = tuple(float(tempo) for tempo in np.round(np.geomspace(SLOWEST, FASTEST, 21), 2))

OFFBEAT, NEAR = 0.35, 0.9  # of what a hit is worth on a beat
STRONG_OFFBEAT, STRONG_NEAR = 0.25, 0.45  # the same for what should be on a downbeat
STRONG = 0.7  # from this weight on a hit should be on a downbeat
END = 0.8  # what it is worth that a storyboard ends where a beat would be
CLOSE = 1e-3


class Extent(Protocol):
    """What storyboards are, planned or not yet: frames [start, end)."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(frozen=True)
class Span:
    """A storyboard's frames [start, end) with the hits inside, rising. `goes_on`: another storyboard follows at once."""

    start: int
    end: int
    hits: tuple[Hit, ...]
    rate: Rate
    goes_on: bool = True

    @property
    def goals(self) -> list[Goal]:
        """The hits after the first frame that weigh something."""
        wanted = []
        for hit in self.hits:
            if self.start < hit.frame < self.end and hit.weight > 0:
                at = float(self.rate.seconds(hit.frame - self.start))
                off, near = (STRONG_OFFBEAT, STRONG_NEAR) if hit.weight >= STRONG else (OFFBEAT, NEAR)
                wanted.append(Goal(at, hit.weight, off * hit.weight, near * hit.weight))
        return wanted

    @property
    def final(self) -> Goal:
        worth = END if self.goes_on else END / 2
        return Goal(float(self.rate.seconds(self.end - self.start)), worth, 0.3 * worth, 0.4 * worth)


def spans(boards: Sequence[Extent], hits: Sequence[Hit], rate: Rate) -> list[Span]:
    """Each storyboard with the hits inside, whatever their order."""
    rising = sorted(hits, key=lambda hit: hit.frame)
    frames = [hit.frame for hit in rising]
    after = [*(board.start for board in boards[1:]), None]
    return [
        Span(
            board.start,
            board.end,
            tuple(rising[bisect_left(frames, board.start) : bisect_left(frames, board.end)]),
            rate,
            goes_on=following == board.end,
        )
        for board, following in zip(boards, after, strict=False)
    ]


def worths(span: Span, tempi: Sequence[float] = TEMPI) -> tuple[float, ...]:
    """For each tempo how much of what the hits are worth it can have, from about 0 to 1."""
    goals, final = span.goals, span.final
    most = sum(goal.beat for goal in goals) + final.beat
    return tuple((values(goals, final, tempi) / most).tolist())


def beats(span: Span, tempo: float) -> tuple[float, ...]:
    """The best beats, in seconds from the timeline's start."""
    start = float(span.rate.seconds(span.start))
    laid = lay_out(span.goals, span.final, tempo)
    return tuple(np.round(start + np.array(laid.beats), 6).tolist())


def bars(span: Span, at: Sequence[float], metre: int | None = None) -> tuple[int, tuple[int, ...]]:
    """The metre and the bars over beats: strong hits that lie on a beat want to start a bar."""
    times = np.array(at)
    worth: dict[int, float] = {}
    half = float(span.rate.seconds(1)) / 2 + CLOSE
    for hit in span.hits:
        index = int(np.argmin(np.abs(times - float(span.rate.seconds(hit.frame)))))
        if abs(times[index] - float(span.rate.seconds(hit.frame))) <= half:
            wish = hit.weight if hit.weight >= STRONG else 0.12 * hit.weight
            worth[index] = max(worth.get(index, 0.0), wish)
    return bar_lines(len(times), worth, metre)
