# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other side may ask of Blender. Runs on Blender's own thread, each command whole before the next."""

from __future__ import annotations

import hashlib
import json

import bpy

from . import compat, placing, timeline
from .ours import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_projects = 0  # how many files were opened since the add-on was


def opened_another(*_: object) -> None:
    """Called by Blender after it opened a file."""
    global _projects
    _projects += 1


class Commands:
    """The commands of one connection. What was read is what is written to: not another file, nor another scene."""

    def __init__(self, one_file: bool = False) -> None:
        """With `one_file` no other file than the first that was read is read again, either."""
        self._one_file = one_file
        self._read: tuple[int, str] | None = None

    def run(self, name: str, given: dict[str, Any]) -> Any:
        """Raises Refusal for what is not done."""
        known: dict[str, Callable[[dict[str, Any]], Any]] = {
            "about": self._about,
            "read": self._reading,
            "playhead": self._playhead,
            "move": self._move,
            "plan": self._plan,
            "place": self._place,
            "remove": self._remove,
        }
        if name not in known:
            raise Refusal("usage", f"Blender's add-on knows no command '{name}': it is of another version")
        return known[name](given)

    def _scene(self) -> Any:
        if self._read is None:
            return compat.scene_now()
        project, name = self._read
        if project != _projects:
            raise Refusal("refused", "another file was opened in Blender meanwhile: nothing was changed")
        scene = bpy.data.scenes.get(name)
        if scene is None:
            raise Refusal("refused", f"the scene '{name}' is not there any more: nothing was changed")
        return scene

    def _about(self, _: dict[str, Any]) -> Any:
        return {"title": "Blender", "version": bpy.app.version_string, "cannot": {}}

    def _reading(self, _: dict[str, Any]) -> Any:
        scene = self._scene() if self._one_file else compat.scene_now()
        self._read = (_projects, scene.name)
        told, warnings = timeline.to_otio(scene)
        text = json.dumps(told, allow_nan=False)
        return {
            "name": scene.name,
            "otio": text,
            "project": bpy.data.filepath or None,
            "revision": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            "warnings": warnings,
        }

    def _playhead(self, _: dict[str, Any]) -> Any:
        scene = self._scene()
        return {"frame": scene.frame_current - scene.frame_start}

    def _move(self, given: dict[str, Any]) -> Any:
        scene = self._scene()
        scene.frame_set(scene.frame_start + int(given["frame"]))
        return {}

    def _plan(self, given: dict[str, Any]) -> Any:
        return placing.plan(self._scene(), given).to_json()

    def _place(self, given: dict[str, Any]) -> Any:
        placed = placing.place(self._scene(), given)
        compat.undo_step("Hitpoint: place the score")
        compat.redraw()
        return placed

    def _remove(self, _: dict[str, Any]) -> Any:
        removed = placing.remove(self._scene())
        if removed["tracks"] or removed["marks"]:
            compat.undo_step("Hitpoint: remove the score")
            compat.redraw()
        return removed
