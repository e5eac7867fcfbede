# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection to Hitpoint's own process: HTTP on this machine, from two threads that never touch bpy."""

from __future__ import annotations

import http.client
import json
import queue
import threading
import time
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROTOCOL = 1
POLL_SECONDS = 40.0  # longer than the other side lets a poll wait
PATIENCE = 3  # failed attempts, and the other side is gone


@dataclass(frozen=True)
class Command:
    """To be answered by `Client.answer`; not to be begun after `until`, by time.monotonic()."""

    id: int
    name: str
    given: dict[str, Any]
    until: float


class Refused(Exception):
    """The other side said no; the words are for a person."""


class Client:
    """`inbox` holds what arrived: Commands, news (dicts with "tell"), and None at the end."""

    def __init__(self, port: int, token: str, title: str, version: str) -> None:
        self.inbox: queue.Queue[Command | dict[str, Any] | None] = queue.Queue()
        self._outbox: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._port, self._token = port, token
        self._session = ""
        self.ended = threading.Event()
        with self._connected(10.0) as line:
            hello = {"protocol": PROTOCOL, "host": "blender", "title": title, "version": version}
            self._session = str(self._exchange(line, "POST", "/hello", hello)["session"])
        for work in (self._poll, self._send):
            threading.Thread(target=work, name="hitpoint", daemon=True).start()

    def answer(self, command: Command, result: Any = None, kind: str = "", words: str = "") -> None:
        said: dict[str, Any] = {"id": command.id}
        said |= {"error": {"kind": kind, "message": words}} if kind else {"result": result}
        self._outbox.put(("/done", said))

    def ask(self, what: str, given: dict[str, Any]) -> None:
        """Sends a wish of the user; a refusal of it arrives as news."""
        self._outbox.put(("/ask", {"ask": what, "with": given}))

    def close(self) -> None:
        """Says goodbye, as far as there is somebody to hear it."""
        if not self.ended.is_set():
            self._outbox.put(("/bye", {}))
        self._outbox.put(None)

    def _connected(self, seconds: float) -> _Line:
        return _Line(self._port, seconds)

    def _exchange(self, line: _Line, method: str, path: str, said: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Connection": "keep-alive"}
        if self._session:
            headers["Hitpoint-Session"] = self._session
        body = None
        if said is not None:
            body = json.dumps(said, allow_nan=False).encode("utf-8", "backslashreplace")
            headers["Content-Type"] = "application/json"
        line.connection.request(method, path, body, headers)
        answer = line.connection.getresponse()
        text = answer.read()
        told = json.loads(text) if text else {}
        if answer.status >= 400:
            raise Refused(str(told.get("error", f"status {answer.status}")))
        return told if isinstance(told, dict) else {}

    def _poll(self) -> None:
        failed = 0
        while not self.ended.is_set() and failed < PATIENCE:
            try:
                with self._connected(POLL_SECONDS) as line:
                    while not self.ended.is_set():
                        told = self._exchange(line, "GET", "/next", None)
                        failed = 0
                        if told:
                            self._arrived(told)
            except Refused:
                break  # not ours any more
            except (OSError, http.client.HTTPException, ValueError):
                failed += 1
                time.sleep(0.2 * failed)
        self._end()

    def _arrived(self, told: dict[str, Any]) -> None:
        if told.get("tell") == "bye":
            self._end()
        elif "do" in told:
            until = time.monotonic() + float(told.get("within", 60.0))
            self.inbox.put(Command(int(told["id"]), str(told["do"]), dict(told.get("with") or {}), until))
        else:
            self.inbox.put(told)

    def _send(self) -> None:
        line = self._connected(60.0)
        while True:
            item = self._outbox.get()
            if item is None:
                break
            for attempt in range(PATIENCE):
                try:
                    self._exchange(line, "POST", item[0], item[1])
                    break
                except Refused as error:
                    if item[0] == "/ask":
                        self.inbox.put({"tell": "failed", "words": str(error)})
                    break
                except (OSError, http.client.HTTPException, ValueError):
                    line.close()
                    line = self._connected(60.0)
                    time.sleep(0.1 * attempt)
            if item[0] == "/bye":
                break
        line.close()
        self._end()

    def _end(self) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self.inbox.put(None)
            self._outbox.put(None)


class _Line:
    def __init__(self, port: int, seconds: float) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
