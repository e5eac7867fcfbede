"""From an edit of the corpus to its cue sheet: what `score` does between looking and playing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...runtime.cues.sheet import CueSheet
from ...runtime.cues.spot import Wishes, plan
from ...runtime.edit import Edit
from ...runtime.engines.composer.style import load
from ...runtime.picture.look import Seen
from ...runtime.picture.mood import Mood
from ...runtime.picture.storyboards import Board
from .recipe import BoardRecipe, Recipe


def sheet(recipe: Recipe, edit: Edit, boards: Sequence[Board], seen: Seen | None = None) -> CueSheet:
    """The cue sheet for these storyboards, played in the styles that the recipe asks for."""
    usual = _usual(recipe)
    made = plan(edit, seen, boards=boards, wishes=wishes(usual))
    styled = [
        replace(board, brief=replace(board.brief, style=_nearest(recipe.boards, board.start, board.end).style))
        for board in made.storyboards
    ]
    return replace(made, storyboards=tuple(styled))


def wishes(style: str) -> Wishes:
    return Wishes().in_style(style, load(style).tempo)


def intended(recipe: Recipe) -> tuple[Board, ...]:
    """The storyboards that the recipe means, with its own moods, where no picture is looked at."""
    return tuple(
        Board(f"Storyboard {number}", board.start, board.end - (board.black if board is recipe.boards[-1] else 0), mood)
        for number, board in enumerate(recipe.boards, start=1)
        for mood in (Mood(board.valence, board.energy),)
    )


def _usual(recipe: Recipe) -> str:
    """The style that most of the edit is in."""
    seconds: dict[str, int] = {}
    for board in recipe.boards:
        seconds[board.style] = seconds.get(board.style, 0) + board.end - board.start
    return max(seconds, key=lambda style: (seconds[style], style))


def _nearest(boards: Sequence[BoardRecipe], start: int, end: int) -> BoardRecipe:
    """The one that shares most frames with [start, end)."""
    return max(boards, key=lambda board: min(board.end, end) - max(board.start, start))
