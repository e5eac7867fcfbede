"""Blender: an add-on, where each version that was started keeps what its user added (hosts.md A2)."""

from __future__ import annotations

import re
from pathlib import Path

from . import HOSTS, Launcher, Piece, System, folder_of, settings

NAME = "hitpoint_score"  # an extension's folder is called as its manifest calls it
SOURCE = HOSTS / "blender" / "addon"
OLDEST, EXTENSIONS = (3, 4), (4, 2)  # from when on there are extensions
_VERSION = re.compile(r"(\d+)\.(\d+)")


def places(system: System) -> list[Path]:
    if system.platform == "win32":
        root = system.folder("APPDATA", "AppData", "Roaming") / "Blender Foundation" / "Blender"
    elif system.platform == "darwin":
        root = system.home / "Library" / "Application Support" / "Blender"
    else:
        root = system.folder("XDG_CONFIG_HOME", ".config") / "blender"
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        named = _VERSION.fullmatch(folder.name)
        version = (int(named[1]), int(named[2])) if named else (0, 0)
        if folder.is_dir() and version >= OLDEST:
            where = ("extensions", "user_default") if version >= EXTENSIONS else ("scripts", "addons")
            found.append(folder.joinpath(*where))
    return found


def pieces(python: Path, version: str) -> list[Piece]:
    return [*folder_of(SOURCE, NAME, python, version), settings(NAME, python, version)]


LAUNCHER = Launcher(
    "blender",
    places,
    pieces,
    "start Blender, and switch 'Hitpoint' on in Edit > Preferences > Add-ons",
    "start Blender once, so that it makes its folder, or name one with --dir",
)
