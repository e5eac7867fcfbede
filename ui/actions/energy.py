"""The energy over the whole piece, drawn by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from ..state.plan import Plan, Points
from .refused import Refused

LEAST = 0.02
FEWEST = 2  # points of a curve


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


def move_point(plan: Plan, frame: int, to: int, energy: float) -> Plan:
    """The plan whose point at `frame` lies at the frame `to`, with another energy; never past the points beside it."""
    points, n = _points(plan, frame)
    low = points[n - 1][0] + 1 if n else 0
    high = points[n + 1][0] - 1 if n + 1 < len(points) else plan.frames
    to = frame if low > high else min(max(to, low), high)
    for each in (frame, to):
        _unlocked(plan, each)
    return _with(plan, (*points[:n], (to, round(min(1.0, max(LEAST, energy)), 3)), *points[n + 1 :]))


def add_point(plan: Plan, frame: int) -> Plan:
    """The plan with a point on the curve, as it runs, at `frame`."""
    points = points_of(plan)
    frame = min(max(frame, 0), plan.frames)
    _unlocked(plan, frame)
    if any(at == frame for at, _ in points):
        raise Refused("the energy has a point on this frame already")
    return _with(plan, tuple(sorted([*points, (frame, round(_between(points, frame), 3))])))


def remove_point(plan: Plan, frame: int) -> Plan:
    points, n = _points(plan, frame)
    _unlocked(plan, frame)
    if len(points) <= FEWEST:
        raise Refused("the energy needs two points")
    return _with(plan, (*points[:n], *points[n + 1 :]))


def points_of(plan: Plan) -> Points:
    """The points that can be shaped."""
    return plan.curve() or _from_briefs(plan)


def _points(plan: Plan, frame: int) -> tuple[Points, int]:
    points = points_of(plan)
    for n, (at, _) in enumerate(points):
        if at == frame:
            return points, n
    raise Refused("this point of the energy is not there any more")


def _between(points: Points, frame: int) -> float:
    """The energy on the straight line that runs over a frame; beyond the ends as there."""
    for (start, low), (end, high) in pairwise(points):
        if start <= frame <= end:
            return low + (high - low) * (frame - start) / (end - start)
    return points[0][1] if frame < points[0][0] else points[-1][1]


def _unlocked(plan: Plan, frame: int) -> None:
    board = plan.board_at(frame)
    if board is not None and board.locked:
        raise Refused(f"'{board.name}' is locked, so its energy stays; unlock it first")


def _with(plan: Plan, points: Points) -> Plan:
    if points == plan.energy:
        return plan
    return replace(plan, energy=points, boards=tuple(replace(board, energy_at=board.energy) for board in plan.boards))


def _from_briefs(plan: Plan) -> Points:
    """Where no curve is given the storyboards' own energies are one, in steps."""
    points: dict[int, float] = {}
    for board in plan.boards:
        points[board.start] = points[max(board.start, board.end - 1)] = round(board.energy, 3)
    return tuple(sorted(points.items()))
