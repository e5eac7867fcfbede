# SPDX-License-Identifier: GPL-3.0-or-later
"""Hitpoint processes that somebody started outside Blender and that want this Blender: `--host blender`, and the panel.

They leave a note with their address in a folder of the user's own. We look there every second, and carry out what those that
we met ask for.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path

import bpy

from . import compat
from .client import Client, Command, Refused
from .commands import Commands
from .session import TICK, carry_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOOK = 1.0  # s


def folder() -> Path:
    """As Hitpoint itself finds it (plugin/hosts/places.py)."""
    if named := os.environ.get("HITPOINT_DATA"):
        return Path(named) / "meetings"
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Application Support"
    else:
        root = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return root / "hitpoint" / "meetings"


class Guest:
    """One that we met, and what it asks for."""

    def __init__(self, client: Client) -> None:
        self.client, self._commands = client, Commands()

    def tick(self) -> bool:
        """Carries out what was asked, on Blender's own thread; False once the guest is gone."""
        while True:
            try:
                item = self.client.inbox.get_nowait()
            except queue.Empty:
                return True
            if item is None:
                self.client.close()
                return False
            if isinstance(item, Command):
                carry_out(self._commands, self.client, item)


class Meetings:
    def __init__(self) -> None:
        self.guests: list[Guest] = []
        self._seen: set[str] = set()
        self._met: queue.Queue[Client] = queue.Queue()

    def tick(self) -> float:
        self._look()
        while not self._met.empty():
            self.guests.append(Guest(self._met.get()))
        staying = [guest for guest in self.guests if guest.tick()]
        if len(staying) != len(self.guests):
            compat.redraw()
        self.guests = staying
        return TICK if self.guests else LOOK

    def close(self) -> None:
        for guest in self.guests:
            guest.client.close()
        self.guests = []

    def _look(self) -> None:
        try:
            notes = [path for path in folder().glob("blender-*.json") if path.name not in self._seen]
        except OSError:
            return
        for note in notes:
            self._seen.add(note.name)
            try:
                said = json.loads(note.read_text(encoding="utf-8"))
                port, token = int(said["port"]), str(said["token"])
            except (OSError, ValueError, TypeError, KeyError):
                continue
            who: tuple[Any, ...] = (port, token, "Blender", bpy.app.version_string)
            threading.Thread(target=self._meet, args=who, name="hitpoint-meet", daemon=True).start()

    def _meet(self, port: int, token: str, title: str, version: str) -> None:
        try:
            self._met.put(Client(port, token, title, version))
        except (OSError, ValueError, KeyError, Refused):
            pass  # another Blender was faster, or whoever left the note is gone
