"""Beats and bars laid anew for storyboards that a person or another cut has changed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from ..rate import Rate
from .laying import Span, bars, beats
from .sheet import Hit, Storyboard


def spans(boards: Sequence[Storyboard], hits: Sequence[Hit], rate: Rate) -> list[Span]:
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


def laid_anew(board: Storyboard, span: Span) -> Storyboard:
    """The storyboard with the best beats for its hits in its tempo, and bars to them."""
    return barred(replace(board, beats=beats(span, board.tempo), bars=()), span)


def barred(board: Storyboard, span: Span) -> Storyboard:
    """The storyboard with bars; those that it lists stay."""
    if board.bars or not board.beats:
        return board
    return replace(board, bars=bars(span, board.beats, board.metre)[1])
