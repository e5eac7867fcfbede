"""What is kept of the open edit: its project, saved while it changes, and its takes, as many as there is room for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .project import DELAY, Project, Saver, project_of
from .state.store import Store
from .state.take import Take
from .work.room import remove_takes, superfluous

PARTS = ("plan", "score", "takes", "current", "inout", "placed", "view")


class Keeping:
    """One edit's project in `folder`, from opening to `close`. Lives in the interface's thread; `failed` is called in
    another one.
    """

    def __init__(
        self, store: Store, folder: Path, project: Project, failed: Callable[[str], None], delay: float = DELAY
    ) -> None:
        self.folder = folder
        self._store = store
        self._made = {*(take.id for take in project.takes), *project.gone}
        self._next_take = project.next_take
        self._last: Project | None = None
        self._saver = Saver(folder, failed, delay)
        self._stops = [store.watch(part, lambda _: self.save()) for part in PARTS]

    def new_take(self) -> int:
        """The id of a take to be; no other gets it."""
        number = self._next_take
        self._next_take += 1
        return number

    def took(self, id: int) -> None:
        """The take has been made."""
        self._made.add(id)

    def gone(self) -> tuple[int, ...]:
        """The takes that were made or kept here and are not in the list any more."""
        return tuple(sorted(self._made - {take.id for take in self._store.state.takes}))

    def swept(self, ids: tuple[int, ...]) -> None:
        """The folders of these takes are gone as well."""
        self._made -= set(ids)
        self.save()

    def save(self) -> None:
        """Soon, where something is another than when it was last saved."""
        project = project_of(self._store.state, self.gone(), self._next_take)
        if project != self._last:
            self._last = project
            self._saver.put(project)

    def flush(self) -> bool:
        """Now, and whether it worked."""
        self.save()
        return self._saver.flush()

    def settle(self) -> bool:
        """Waits until what was asked for is on the disk; from any thread."""
        return self._saver.flush()

    def superfluous(self) -> tuple[Take, ...]:
        """The takes for which there is no room any more."""
        state = self._store.state
        kept = {state.current, state.view.other, state.placed.take if state.placed else 0}
        return superfluous(state.takes, state.settings.takes_kept, state.settings.takes_bytes, kept)

    def close(self) -> None:
        """Saves, and removes the takes that were deleted."""
        for stop in self._stops:
            stop()
        gone = self.gone()
        self.save()
        self._saver.close()
        remove_takes(self.folder, gone)
