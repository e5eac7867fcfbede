"""Beats and bars laid anew for storyboards that a person or another cut has changed."""

from __future__ import annotations

from dataclasses import replace

from .laying import Span, bars, beats
from .sheet import Storyboard


def laid_anew(board: Storyboard, span: Span) -> Storyboard:
    """The storyboard with the best beats for its hits in its tempo, and bars to them."""
    return barred(replace(board, beats=beats(span, board.tempo), bars=()), span)


def barred(board: Storyboard, span: Span) -> Storyboard:
    """The storyboard with bars; those that it lists stay."""
    if board.bars or not board.beats:
        return board
    return replace(board, bars=bars(span, board.beats, board.metre)[1])
