"""The playhead of a video editor and ours follow each other, asked for and answered outside the interface's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .state.store import Store
from .work.jobs import Jobs, Post
from .work.protocol import Message

EVERY = 0.25  # seconds between two looks
MOST_FAILURES = 8  # in a row, until it is given up


class Following:
    """From `begin` to `end`. Lives in the interface's thread; what both moved since the last look becomes ours."""

    def __init__(self, store: Store, jobs: Jobs, post: Post, say: Callable[[str], None], every: float = EVERY) -> None:
        self._store, self._jobs, self._post, self._say, self._every = store, jobs, post, say, every
        self._source: dict[str, Any] | None = None
        self._timer: threading.Timer | None = None
        self._there: int | None = None  # where the host's was last
        self._ours = 0  # and ours, when both were the same
        self._failures = self._number = 0
        self._reads = self._moves = False

    def begin(self, source: dict[str, Any]) -> None:
        """Does nothing where no host is open, or none that has a playhead."""
        self.end()
        host = self._store.state.host
        if host is None or not (host.can("playhead") or host.can("move")):
            return
        self._source, self._there, self._failures = source, None, 0
        self._reads, self._moves = host.can("playhead"), host.can("move")
        self._ours = self._store.state.view.playhead
        self._wait()

    def end(self) -> None:
        self._number += 1
        self._source = None
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        number = self._number

        def look() -> None:
            if number == self._number:
                self._look()

        self._timer = threading.Timer(self._every, lambda: self._post(look))
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        ours, number = self._store.state.view.playhead, self._number
        moving = self._moves and ours != self._ours
        if self._source is None:
            return
        if not moving and not self._reads:
            self._wait()
            return

        def heard(message: Message) -> None:
            if number == self._number:
                self._heard(message, ours, moving)
                if self._source is not None:
                    self._wait()

        given = {"source": self._source, "move": ours if moving else None}
        if not self._jobs.aside("playhead", given, heard):
            self._wait()  # it has something better to do

    def _heard(self, message: Message, asked_at: int, moved: bool) -> None:
        if "done" not in message:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                why = str(message.get("failed", "")) or "it does not answer"
                self.end()
                self._say(f"the editor's playhead is not followed any more: {why}")
            return
        self._failures = 0
        frame = int(message["done"]["frame"])
        changed, self._there = frame != self._there, frame
        if moved:
            self._ours = asked_at
        elif changed and self._store.state.view.playhead == asked_at:
            self._ours = self._inside(frame)
            self._store.set("view.playhead", self._ours)

    def _inside(self, frame: int) -> int:
        seen = self._store.state.edit
        return min(max(frame, 0), max(0, seen.edit.frames - 1)) if seen else 0
