"""The energy over the whole piece, drawn by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..state.plan import Plan, Points
from .refused import Refused

LEAST = 0.02


def draw(plan: Plan, drawn: Iterable[tuple[int, float]]) -> Plan:
    """The plan whose curve runs through the points drawn, from the first to the last of them; beyond, it stays.

    Points outside the piece go to its edge, those in locked storyboards are left out.
    """
    new: dict[int, float] = {}
    for frame, energy in drawn:
        at = min(max(int(frame), 0), plan.frames)
        board = plan.board_at(at)
        if board is None or not board.locked:
            new[at] = round(min(1.0, max(LEAST, float(energy))), 3)
    if not new:
        raise Refused("nothing to draw here: the storyboards are locked")
    first, last = min(new), max(new)
    old = dict(plan.curve() or _from_briefs(plan))
    locked = [(board.start, board.end) for board in plan.boards if board.locked]
    kept = {
        frame: energy
        for frame, energy in old.items()
        if not first <= frame <= last or any(start <= frame < end for start, end in locked)
    }
    boards = tuple(replace(board, energy_at=board.energy) for board in plan.boards)
    return replace(plan, energy=tuple(sorted({**kept, **new}.items())), boards=boards)


def _from_briefs(plan: Plan) -> Points:
    """Where no curve is given the storyboards' own energies are one, in steps."""
    points: dict[int, float] = {}
    for board in plan.boards:
        points[board.start] = points[max(board.start, board.end - 1)] = round(board.energy, 3)
    return tuple(sorted(points.items()))
