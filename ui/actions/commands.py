"""What the undo stack holds: changes of the state, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtGui import QUndoCommand

from ..state.store import Store
from ..state.take import Take


@dataclass(frozen=True)
class Key:
    """Which changes are one: the same action on the same things in one drag. Drag 0 is none, and never one."""

    action: str
    things: tuple[int, ...] = ()
    drag: int = 0


class Change(QUndoCommand):
    """Parts of the state, each (before, after). Only for parts that nothing but actions changes."""

    def __init__(self, words: str, store: Store, key: Key, parts: Mapping[str, tuple[Any, Any]]) -> None:
        super().__init__(words)
        self._store, self._key, self._parts = store, key, dict(parts)

    def id(self) -> int:
        return self._key.drag if self._key.drag else -1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802
        if not isinstance(other, Change) or other._key != self._key or not self._key.drag:
            return False
        for part, (before, after) in other._parts.items():
            self._parts[part] = (self._parts[part][0] if part in self._parts else before, after)
        self.setObsolete(all(before == after for before, after in self._parts.values()))
        return True

    def redo(self) -> None:
        self._become(1)

    def undo(self) -> None:
        self._become(0)

    def _become(self, side: int) -> None:
        with self._store.together():
            for part, values in self._parts.items():
                value = values[side]
                if part == "current" and self._store.state.take(value) is None:
                    value = 0  # it was taken away for room
                self._store.set(part, value)


class TakeFields(QUndoCommand):
    """What a person says of one take: its name, stars or notes. New takes may come in between."""

    def __init__(
        self, words: str, store: Store, key: Key, id: int, before: Mapping[str, Any], after: Mapping[str, Any]
    ):
        super().__init__(words)
        self._store, self._key, self._take = store, key, id
        self._sides = [dict(before), dict(after)]

    def id(self) -> int:
        return self._key.drag if self._key.drag else -1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802
        if not isinstance(other, TakeFields) or other._key != self._key or not self._key.drag:
            return False
        self._sides[1] = other._sides[1]
        self.setObsolete(self._sides[0] == self._sides[1])
        return True

    def redo(self) -> None:
        self._become(1)

    def undo(self) -> None:
        self._become(0)

    def _become(self, side: int) -> None:
        takes = self._store.state.takes
        fields = self._sides[side]
        self._store.set("takes", tuple(replace(t, **fields) if t.id == self._take else t for t in takes))


class TakesDeleted(QUndoCommand):
    """Takes leave the list; their folders stay until the project is closed."""

    def __init__(self, words: str, store: Store, ids: tuple[int, ...]) -> None:
        super().__init__(words)
        self._store, self._ids = store, ids
        self._gone: list[tuple[int, Take]] = []
        self._current = 0

    def redo(self) -> None:
        state = self._store.state
        self._gone = [(index, take) for index, take in enumerate(state.takes) if take.id in self._ids]
        self._current = state.current
        left = tuple(take for take in state.takes if take.id not in self._ids)
        with self._store.together():
            self._store.set("takes", left)
            if self._current in self._ids:
                self._store.set("current", left[-1].id if left else 0)

    def undo(self) -> None:
        takes = list(self._store.state.takes)
        for index, take in self._gone:
            takes.insert(min(index, len(takes)), take)
        with self._store.together():
            self._store.set("takes", tuple(takes))
            if self._current in self._ids:
                self._store.set("current", self._current)
