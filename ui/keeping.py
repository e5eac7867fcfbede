"""What is kept of the open edit: its project, saved while it changes, and its takes, as many as there is room for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..plugin.hosts import places
from .claim import Claim, claim
from .project import DELAY, NAME, Found, Project, Saver, free_number, load, project_of
from .state.codec import from_json
from .state.edit import SeenEdit
from .state.panel import HostInfo
from .state.store import Store
from .state.take import Take
from .work import answers
from .work.room import remove_takes, superfluous

PARTS = ("plan", "score", "takes", "current", "inout", "placed", "view", "reading")


@dataclass(frozen=True)
class Opening:
    """An edit that was read, with what its folder holds. `unkept` says why nothing that is done to it is kept, "" where
    all of it is.
    """

    seen: SeenEdit
    folder: Path
    found: Found
    claim: Claim | None = None
    unkept: str = ""
    host: HostInfo | None = None
    source: Mapping[str, Any] = field(default_factory=dict)  # how later orders say what is read, where it is a host's


def opening(answer: answers.Answer, before: Keeping | None) -> Opening:
    """Of the worker's answer; `before` keeps the edit that is open now. In any thread but the interface's: it waits for the disk."""
    opened = _opening(answer, before)
    if "host" in answer:
        opened = replace(opened, host=from_json(HostInfo, answer["host"]), source=answer["source"])
    return opened


def _opening(answer: answers.Answer, before: Keeping | None) -> Opening:
    seen, folder = answers.opened(answer), Path(str(answer["folder"]))
    if before is not None:
        before.settle()  # it may be the same edit that is opened once more
    held = before.claim if before is not None and before.folder == folder else None
    if held is None:
        held, other = claim(folder)
        if held is None:
            unkept = f"this edit is open in another panel ({other}), which keeps its takes and changes"
            return Opening(seen, folder, load(folder, ours=False), None, unkept)
        if held.lock is None:
            return _elsewhere(seen, folder)
    found = load(folder)
    if found.barred:
        return Opening(seen, folder, found, None, found.barred)
    return Opening(seen, folder, found, held)


def _elsewhere(seen: SeenEdit, folder: Path) -> Opening:
    """Of an edit whose own folder cannot be written: what is made of it is kept with the user's data."""
    if (folder / NAME).exists():
        return Opening(seen, folder, load(folder, ours=False), None, f"{folder} cannot be written")
    named = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    other = places.data() / "edits" / f"{folder.stem}-{named}"
    held, who = claim(other)
    if held is None:
        unkept = f"this edit is open in another panel ({who}), which keeps its takes and changes"
        return Opening(seen, other, load(other, ours=False), None, unkept)
    found = load(other)
    if held.lock is None:
        return Opening(seen, other, found, None, f"neither {folder} nor {other} can be written")
    said = f"{folder.parent} cannot be written: takes and changes are kept in {other}"
    return Opening(seen, other, replace(found, told="; ".join(filter(None, [said, found.told]))), held)


class Keeping:
    """One edit's project in `folder`, from opening to `close`. Lives in the interface's thread; `failed` and `overtaken`
    are called in another one. Without a `claim` nothing is kept, and nothing in the folder is touched.
    """

    def __init__(
        self,
        store: Store,
        folder: Path,
        project: Project,
        failed: Callable[[str], None],
        delay: float = DELAY,
        *,
        claim: Claim | None,
        mark: str = "",
        overtaken: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.claim = folder, claim
        self._store = store
        self._made = {*(take.id for take in project.takes), *project.gone}
        self._next_take = project.next_take
        self._last: Project | None = None
        self._overtaken = False

        def lost(words: str) -> None:
            self._overtaken = True
            overtaken(words)

        self._saver = Saver(folder, failed, delay, mark=mark, overtaken=lost)
        self._stops = [store.watch(part, lambda _: self.save()) for part in PARTS]

    def new_take(self) -> int:
        """The id of a take to be; no other gets it."""
        number = max(self._next_take, free_number(self.folder))  # `score --host` makes takes there too
        self._next_take = number + 1
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
        if self.claim is None:
            return
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

    def close(self) -> Found | None:
        """Saves, and removes the takes that were deleted. Answers what is in the folder now, None where it is not ours."""
        for stop in self._stops:
            stop()
        gone = self.gone()
        self.save()
        self._saver.close()
        if self.claim is not None and not self._overtaken:
            remove_takes(self.folder, gone)
        ours = self.claim is not None and not self._overtaken
        self.claim = None
        return Found(self._last, mark=self._saver.mark, next_take=self._next_take) if ours and self._last else None
