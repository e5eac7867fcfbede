"""The present state, and who is told when a part of it becomes another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from .panel import Panel

Callback = Callable[[Any], None]

LOOPS = 100  # rounds of callbacks that change what others watch, before somebody is going in a circle


class Store:
    """Holds a Panel. Callbacks are called after the change with the new value of what they watch, in the order in which
    they came; what they change in turn is told when all of them have heard the first change. One thread only.
    """

    def __init__(self, state: Panel | None = None) -> None:
        self._state = self._told = state or Panel()
        self._watched: dict[int, tuple[tuple[str, ...], Callback]] = {}
        self._next = 0
        self._held = 0
        self._telling = False

    @property
    def state(self) -> Panel:
        return self._state

    def watch(self, part: str, callback: Callback) -> Callable[[], None]:
        """Calls back when `part` is another value than before: `"takes"`, `"view.playhead"`, or `""` for all. Answers
        what ends the watch.
        """
        path = tuple(part.split(".")) if part else ()
        at(self._state, path)
        self._next += 1
        number = self._next
        self._watched[number] = (path, callback)

        def stop() -> None:
            self._watched.pop(number, None)

        return stop

    def set(self, part: str, value: Any) -> None:
        """Puts a value in its place: `set("view.zoom", 2.0)`."""
        self.become(with_part(self._state, tuple(part.split(".")), value))

    def change(self, part: str, **fields: Any) -> None:
        """Changes fields of a part, `change("view", zoom=2.0, scroll=0.0)`, or of the whole, `change("", plan=plan)`."""
        path = tuple(part.split(".")) if part else ()
        self.become(with_part(self._state, path, replace(at(self._state, path), **fields)))

    def become(self, state: Panel) -> None:
        self._state = state
        if not self._held and not self._telling:
            self._tell()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Several changes that are told as one, at the end."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if not self._held and not self._telling:
                self._tell()

    def _tell(self) -> None:
        self._telling = True
        try:
            for _ in range(LOOPS):
                before, after = self._told, self._state
                if before is after:
                    return
                self._told = after
                for number, (path, callback) in list(self._watched.items()):
                    value = at(after, path)
                    if number in self._watched and differs(at(before, path), value):
                        callback(value)
            raise RuntimeError("what watches the state changes it without end")
        finally:
            self._telling = False


def at(state: Any, path: tuple[str, ...]) -> Any:
    """The value at a path; None below what is None."""
    for name in path:
        if state is None:
            return None
        state = getattr(state, name)
    return state


def with_part(state: Any, path: tuple[str, ...], value: Any) -> Any:
    """The state with another value at a path; the same state where the value is equal."""
    if not path:
        return value
    old = getattr(state, path[0])
    new = with_part(old, path[1:], value)
    return state if not differs(old, new) else replace(state, **{path[0]: new})


def differs(old: Any, new: Any) -> bool:
    return old is not new and bool(old != new)
