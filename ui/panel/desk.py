"""What every widget is given: the state, the actions, the work that can be asked for, and the theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from ...runtime.errors import HitpointError
from ..actions.actions import Actions
from ..actions.energy import points_of
from ..session import Session
from ..state.panel import Message, Panel
from ..state.store import Store
from ..theme.theme import Theme

W = TypeVar("W", bound=QWidget)
MOST_MESSAGES = 40


@dataclass(frozen=True)
class Desk:
    store: Store
    actions: Actions
    session: Session
    theme: Theme

    @property
    def state(self) -> Panel:
        return self.store.state

    def attempt(self, do: Callable[..., Any], *args: Any, **named: Any) -> bool:
        """Does it, or shows the sentence that says why not; whether it was done."""
        try:
            do(*args, **named)
        except HitpointError as error:
            self.say(str(error), "warning")
            return False
        return True

    def say(self, text: str, kind: str = "note", details: str = "") -> None:
        """Our own messages have ids below 0: those of the work count upwards."""
        messages = self.state.messages
        if messages and messages[-1].text == text:
            return
        id = min([0, *(message.id for message in messages)]) - 1
        said = Message(id, "warning" if kind == "warning" else "error" if kind == "error" else "note", text, details)
        self.store.set("messages", (*messages[-MOST_MESSAGES:], said))

    def watch(self, owner: QObject, part: str, callback: Callable[[Any], None]) -> None:
        """For as long as the owner lives. The callback is not called at once."""
        stop = self.store.watch(part, callback)
        owner.destroyed.connect(lambda: stop())

    def select(self, *ids: int) -> None:
        """These storyboards, and nothing else."""
        self.store.change("view", boards=ids, hits=(), point=None)

    def select_hits(self, *ids: int) -> None:
        """These hits, and the storyboards that were selected before."""
        self.store.change("view", hits=ids, point=None)

    def select_point(self, frame: int) -> None:
        """A point of the energy, and nothing else."""
        self.store.change("view", boards=(), hits=(), point=frame)

    def select_nothing(self) -> None:
        self.store.change("view", boards=(), hits=(), point=None)

    def point(self) -> int | None:
        """The frame of the point of the energy that is selected and still there."""
        plan, frame = self.state.plan, self.state.view.point
        there = plan is not None and frame is not None and any(at == frame for at, _ in points_of(plan))
        return frame if there else None

    def selected(self) -> tuple[int, ...]:
        """The storyboards that are selected and still there."""
        plan = self.state.plan
        return tuple(id for id in self.state.view.boards if plan and plan.board(id)) if plan else ()


def named(widget: W, name: str, tip: str = "") -> W:
    """Gives a control its accessible name, and a tooltip that says what it does."""
    widget.setAccessibleName(name)
    if isinstance(widget, QAbstractSpinBox):
        widget.lineEdit().setTextMargins(5, 0, 0, 0)  # a style sheet cannot
    if tip:
        widget.setToolTip(tip)
        widget.setAccessibleDescription(tip)
    return widget
