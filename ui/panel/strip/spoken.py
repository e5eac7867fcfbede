"""What is selected on the strip, in words: for who cannot see it, and for who wants to know exactly."""

from __future__ import annotations

from ...actions.energy import points_of
from ...state.panel import Panel
from .. import words
from ..words import tr
from .scene import Scene
from .spots import Spot
from .tips import tip


def selection(panel: Panel, scene: Scene) -> str:
    """ "" where nothing is selected. A hit or a point of the energy comes before the storyboard that it lies in."""
    plan, view, edit = panel.plan, panel.view, scene.edit
    if plan is None:
        return ""
    if view.point is not None:
        points = points_of(plan)
        for n, (frame, value) in enumerate(points):
            if frame == view.point:
                said = tr("Energy {value} at {time}, point {n} of {all}")
                for word, each in (
                    ("{value}", f"{value:.2f}"),
                    ("{time}", edit.timecode(frame)),
                    ("{n}", str(n + 1)),
                    ("{all}", str(len(points))),
                ):
                    said = said.replace(word, each)
                return said
    marks = [mark for id in view.hits if (mark := plan.hit(id))]
    if len(marks) > 1:
        return words.count(len(marks), "hit")
    for mark in marks:
        return tip(scene, Spot("hit", mark.frame, mark.id)).replace("\n", "; ")
    found = [board for id in view.boards if (board := plan.board(id))]
    if len(found) > 1:
        return words.count(len(found), "storyboard")
    for board in found:
        ends = f"{edit.timecode(board.start)} – {edit.timecode(board.end)}"
        lock = tr("; locked") if board.locked else ""
        return f"{board.name}, {ends}; {words.mood(board.valence, board.energy)}{lock}"
    return ""
