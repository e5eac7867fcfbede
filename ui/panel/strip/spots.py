"""What lies under a point of the strip. Plain numbers, no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .scene import Scene

Kind = Literal["edge", "board", "hit", "energy", "time"]

EDGE_REACH, HIT_REACH = 5, 8  # pixels


@dataclass(frozen=True)
class Spot:
    """`id` is the storyboard's (of an edge: the one that starts there) or the hit's."""

    kind: Kind
    frame: int
    id: int = 0


def spot(scene: Scene, x: float, y: float) -> Spot:
    """x counts from the axis' beginning."""
    lane, frame = scene.lanes.at(y), scene.axis.frame(x)
    if lane == "boards":
        for n, board in enumerate(scene.boards):
            if n and scene.boards[n - 1].end == board.start and abs(scene.axis.x(board.start) - x) <= EDGE_REACH:
                return Spot("edge", board.start, board.id)
        here = next((board for board in scene.boards_in(frame, frame + 1) if board.start <= frame < board.end), None)
        if here:
            return Spot("board", frame, here.id)
    if lane == "hits":
        reach = HIT_REACH / scene.axis.scale
        at = (x + scene.axis.left) / scene.axis.scale
        near = min(scene.hits_in(at - reach, at + reach), key=lambda hit: abs(hit.frame - at), default=None)
        if near:
            return Spot("hit", near.frame, near.id)
    if lane == "energy" and scene.boards:
        return Spot("energy", frame)
    return Spot("time", frame)
