"""Which beats and hits are shown: what the current take did, or what the plan would do now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....runtime.cues.sheet import Outcome, Place
from ...state.panel import Panel
from ...state.seeds import digest_of
from ...state.take import HeardHit, LaidBoard


@dataclass(frozen=True)
class Met:
    """How a hit is met: `at` in seconds, None where nothing is near."""

    at: float | None
    outcome: Outcome
    place: Place


@dataclass(frozen=True)
class Music:
    """`boards` carry beats in seconds. `met` is by frame. `take` is the take that was heard, 0 for the plan. `stale`
    where the plan is another by now than the one that the current take was made from.
    """

    boards: tuple[LaidBoard, ...] = ()
    met: tuple[tuple[int, Met], ...] = ()
    take: int = 0
    stale: bool = False


class Shown:
    """Remembers the answer while what it follows from is the same."""

    def __init__(self) -> None:
        self._from: tuple[Any, ...] = ()
        self._digest_from: tuple[Any, ...] = ()
        self._digest = ""
        self._music = Music()

    def music(self, panel: Panel) -> Music:
        take = panel.take(panel.current)
        now = (panel.plan, panel.score, panel.heard, panel.laid, take)
        if len(self._from) != len(now) or any(a is not b for a, b in zip(self._from, now, strict=True)):
            self._from, self._music = now, self._found(panel)
        return self._music

    def _found(self, panel: Panel) -> Music:
        plan, heard, take = panel.plan, panel.heard, panel.take(panel.current)
        if plan is None:
            return Music()
        stale = bool(take and take.digest and take.digest != self._digest_of(panel))
        if heard is not None and heard.take == panel.current and not stale:
            return Music(heard.boards, _by_frame(heard.hits), heard.take, stale)
        if panel.laid is not None:
            return Music(panel.laid.boards, _by_frame(panel.laid.hits), 0, stale)
        boards = tuple(LaidBoard(b.start, b.end, b.name, b.tempo, b.beats, _downbeats(b.bars, b.metre, len(b.beats)))
                       for b in plan.boards)  # fmt: skip
        return Music(boards, tuple((hit.frame, Met(hit.at, hit.outcome, hit.place)) for hit in plan.hits), 0, stale)

    def _digest_of(self, panel: Panel) -> str:
        now = (panel.plan, panel.score)
        if len(self._digest_from) != 2 or any(a is not b for a, b in zip(self._digest_from, now, strict=True)):
            assert panel.plan is not None
            self._digest_from, self._digest = now, digest_of(panel.plan, panel.score)
        return self._digest


def _by_frame(hits: Sequence[HeardHit]) -> tuple[tuple[int, Met], ...]:
    return tuple((hit.frame, Met(hit.at, hit.outcome, hit.place)) for hit in hits)


def _downbeats(bars: tuple[int, ...], metre: int, count: int) -> tuple[int, ...]:
    starts, at, number = [], 0, 0
    while at < count:
        starts.append(at)
        at += max(1, bars[number] if number < len(bars) else metre)
        number += 1
    return tuple(starts)
