# SPDX-License-Identifier: GPL-3.0-or-later
"""One piece of work: Hitpoint's process is started, its commands are carried out by a timer, and it ends.

The process does what is slow; it holds on to our end of a pipe, so it ends when Blender does, however that comes about.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import time

import bpy

from . import compat
from .client import Client, Command, Refused
from .commands import Commands
from .ours import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TICK = 0.1  # s
START_SECONDS = 60.0
QUIT_SECONDS = 10.0
# What Blender's own Python was told, and ours must not hear.
NOT_FOR_US = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__")


class Session:
    """What the sidebar shows: `state` is starting, working, done, failed or cancelled; `words` and `warnings` say more."""

    def __init__(self, python: str, wish: str, given: dict[str, Any]) -> None:
        self.state, self.words, self.fraction = "starting", "starting Hitpoint", 0.0
        self.warnings: list[str] = []
        self._wish = (wish, given)
        self._commands = Commands(one_file=True)
        self._client: Client | None = None
        self._met: queue.Queue[Client | str] = queue.Queue()
        self._cancelled = False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        command = [python, "-m", "hitpoint", "bridge", "blender", "--started"]
        self._process = _start(command, self._log)
        # Blender is asked on its own thread: who it is goes along.
        who = ("Blender", bpy.app.version_string)
        threading.Thread(target=self._meet, args=who, name="hitpoint-start", daemon=True).start()

    @property
    def active(self) -> bool:
        return self.state in ("starting", "working")

    def cancel(self) -> None:
        self._cancelled = True
        if self._client:
            self.words = "cancelling"
            self._client.ask("cancel", {})

    def tick(self) -> float | None:
        """Does what is to be done now; the seconds until the next time, None when it is over."""
        if self._client is None and not self._met.empty():
            met = self._met.get()
            if isinstance(met, str):
                self._over("failed", met)
            else:
                self._client = met
                self.state = "working"
                met.ask(*(("cancel", {}) if self._cancelled else self._wish))
        if self._client is not None:
            with contextlib.suppress(queue.Empty):
                while self.active:
                    self._take(self._client.inbox.get_nowait())
        if self.active:
            return TICK
        self.close()
        return None

    def wait(self, until: Callable[[], bool] | None = None) -> None:
        """Does all of it at once: without a window there are no timers."""
        while self.tick() is not None and not (until and until()):
            time.sleep(0.01)

    def close(self) -> None:
        """Ends the process, if it has not ended by itself. Safe to call twice."""
        if self.active:
            self._over("cancelled", "cancelled")
        if self._client:
            self._client.close()
            self._client = None
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError, ValueError):
                    pipe.close()
        threading.Thread(target=_end, args=(self._process,), name="hitpoint-end", daemon=True).start()
        self._log.close()

    def _meet(self, title: str, version: str) -> None:
        """On a thread of its own: waits until the process says where it listens."""
        try:
            assert self._process.stdin is not None and self._process.stdout is not None
            token = secrets.token_urlsafe(32)
            self._process.stdin.write(json.dumps({"token": token}).encode() + b"\n")
            self._process.stdin.flush()
            said = json.loads(self._process.stdout.readline() or b"null")
            if not isinstance(said, dict) or said.get("bridge") != 1:
                raise ValueError("no address")
            self._met.put(Client(int(said["port"]), token, title, version))
        except Refused as error:
            self._met.put(f"Hitpoint did not let Blender in: {error}")
        except (OSError, ValueError, KeyError, AssertionError):
            self._met.put(self._why())

    def _why(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        last = last_line(self._log) or "its Python is not the right one"
        return f"Hitpoint did not start: {last}; `hitpoint doctor` says more"

    def _take(self, item: Command | dict[str, Any] | None) -> None:
        if item is None:
            if self.active:
                self._over("failed", "Hitpoint ended before it was done; the sequence is as it was")
        elif isinstance(item, Command):
            if self._client is not None:
                carry_out(self._commands, self._client, item)
        elif item.get("tell") == "progress":
            self.words, self.fraction = str(item.get("words", "")), float(item.get("fraction", 0.0))
        elif item.get("tell") in ("done", "failed", "cancelled"):
            self.warnings = [str(each) for each in item.get("warnings", [])]
            self._over(str(item["tell"]), str(item.get("words", "")))
        compat.redraw()

    def _over(self, state: str, words: str) -> None:
        self.state, self.words = state, words


def carry_out(commands: Commands, client: Client, command: Command) -> None:
    """One command, answered whatever comes of it."""
    if time.monotonic() > command.until:
        client.answer(command, kind="closed", words="Blender was busy for too long: it was not done")
        return
    try:
        client.answer(command, commands.run(command.name, command.given))
    except Refusal as error:
        client.answer(command, kind=error.kind, words=" ".join(str(error).split()))
    except Exception as error:  # a fault of ours must not stop Blender's timers
        import traceback

        traceback.print_exc()
        client.answer(command, kind="fault", words=f"the add-on failed: {type(error).__name__}: {error}")


def clean() -> dict[str, str]:
    """The environment without what is for Blender's own Python."""
    return {name: value for name, value in os.environ.items() if name not in NOT_FOR_US}


def quietly() -> dict[str, Any]:
    """No console beside Blender, where a system would open one."""
    return {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)} if sys.platform == "win32" else {}


def last_line(log: Any) -> str:
    """What a process complained of last."""
    try:
        log.seek(0)
        lines = log.read().decode("utf-8", "replace").strip().splitlines()
    except (OSError, ValueError):
        return ""
    return str(lines[-1]).strip() if lines else ""


def _start(command: list[str], log: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=clean(),
        cwd=tempfile.gettempdir(),
        **quietly(),
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(QUIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
