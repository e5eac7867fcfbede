"""The session in a Qt program: what workers and timers say is brought to the interface's thread by a signal."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot

from ..actions.actions import Actions
from ..session import Session
from ..state.store import Store
from .jobs import Launch
from .link import Link


class QtSession(QObject):
    """Owns a `Session`. Made in the interface's thread, where everything it does to the state happens."""

    posted = Signal(object)

    def __init__(self, store: Store, actions: Actions, parent: QObject | None = None, *, launch: Launch = Link) -> None:
        super().__init__(parent)
        self.posted.connect(self._run, Qt.ConnectionType.QueuedConnection)
        self.session = Session(store, actions, self._post, launch)

    def _post(self, what: Callable[[], None]) -> None:
        """From any thread."""
        try:
            self.posted.emit(what)
        except RuntimeError:
            pass  # the window is gone, and with it whom this was for

    @Slot(object)
    def _run(self, what: Callable[[], None]) -> None:
        what()
