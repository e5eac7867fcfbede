"""What a pressed mouse button does on the strip until it is let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..words import tr
from .overlay import Drag

if TYPE_CHECKING:
    from .strip import Strip

FINE = 3  # pixels between two points of a curve that is drawn


class Gesture(Protocol):
    """x counts from the axis' beginning."""

    def move(self, x: float, y: float) -> None: ...
    def finish(self) -> None: ...
    def cancel(self) -> None: ...
    def shown(self) -> Drag: ...


class SeekDrag:
    """The playhead goes where the mouse is."""

    def __init__(self, strip: Strip) -> None:
        self._strip = strip

    def move(self, x: float, y: float) -> None:
        self._strip.seek(self._strip.axis.frame(x))

    def finish(self) -> None:
        pass

    def cancel(self) -> None:
        pass

    def shown(self) -> Drag:
        return Drag()


class PanDrag(SeekDrag):
    """The strip goes along with the mouse."""

    def __init__(self, strip: Strip, x: float) -> None:
        super().__init__(strip)
        self._from = x - strip.lanes.gutter

    def move(self, x: float, y: float) -> None:
        self._strip.look(self._strip.axis.moved(self._from - x))
        self._from = x


class EdgeDrag:
    """The start of a storyboard goes to the cut that is nearest to the mouse, when it is let go."""

    def __init__(self, strip: Strip, board_id: int) -> None:
        self._strip, self._board = strip, board_id
        plan = strip.desk.state.plan
        board = plan.board(board_id) if plan else None
        self._start = self._to = board.start if board else 0
        self._targets = tuple(sorted({*strip.desk.actions.edge_targets(board_id), self._start}))

    def move(self, x: float, y: float) -> None:
        wanted = self._strip.axis.edge(x)
        self._to = min(self._targets, key=lambda frame: abs(frame - wanted))

    def finish(self) -> None:
        desk = self._strip.desk
        if self._to != self._start:
            desk.attempt(desk.actions.move_edge, self._board, self._to)
        elif len(self._targets) == 1:
            desk.say(tr("This edge cannot move: a storyboard beside it is locked, or no other cut is near."))

    def cancel(self) -> None:
        self._to = self._start

    def shown(self) -> Drag:
        return Drag(edge=(self._board, self._to), targets=self._targets)


class EnergyDrag:
    """Draws the energy from where the mouse was pressed to where it is let go."""

    def __init__(self, strip: Strip) -> None:
        self._strip = strip
        self._points: dict[int, float] = {}
        self._last: float | None = None

    def move(self, x: float, y: float) -> None:
        where = self._strip.lanes
        value = 1 - (y - where.tops["energy"] - 3) / max(1, where.talls["energy"] - 6)
        here = min(max(0.0, x), float(self._strip.axis.width))
        if self._last is not None and abs(here - self._last) < FINE and self._points:
            self._points.popitem()
        elif self._last is not None:
            low, high = sorted((self._last, here))
            first, last = self._strip.axis.frame(low), self._strip.axis.frame(high)
            self._points = {frame: v for frame, v in self._points.items() if not first < frame < last}
        self._points[self._strip.axis.frame(here)] = min(1.0, max(0.0, value))
        self._last = here

    def finish(self) -> None:
        if self._points:
            desk = self._strip.desk
            desk.attempt(desk.actions.draw_energy, sorted(self._points.items()))

    def cancel(self) -> None:
        self._points.clear()

    def shown(self) -> Drag:
        return Drag(energy=tuple(sorted(self._points.items())))
