"""What is asked of the worker that belongs to no edit: packs, and what this machine has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .state.codec import from_json
from .state.panel import Machine, PackInfo
from .state.store import Store
from .work import answers


class Shelf:
    """A part of the session, which gives what is declared here."""

    store: Store
    say: Callable[..., None]
    _order: Callable[..., None]

    def list_packs(self) -> None:
        self._packs("List the packs", {}, shown=False)

    def verify_pack(self, name: str) -> None:
        self._packs(f"Verify {name}", {"do": "verify", "pack": name})

    def add_pack(self, path: str | Path, replace: bool = False) -> None:
        self._packs(f"Add {Path(path).name}", {"do": "add", "pack": str(path), "replace": replace})

    def remove_pack(self, name: str) -> None:
        self._packs(f"Remove {name}", {"do": "remove", "pack": name})

    def examine(self) -> None:
        """What this machine has arrives in `state.machine`."""

        self._order(
            "examine",
            "Look at this machine",
            {},
            lambda machine: self.store.set("machine", machine),
            read=lambda answer: from_json(Machine, answer),
            shown=False,
            any_edit=True,
        )

    def _packs(self, title: str, given: dict[str, Any], shown: bool = True) -> None:
        def done(found: tuple[tuple[PackInfo, ...], str]) -> None:
            self.store.set("packs", found[0])
            if found[1]:
                self.say("note", found[1])

        self._order("packs", title, given, done, read=answers.packs, shown=shown, any_edit=True)
