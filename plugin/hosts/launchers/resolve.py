"""DaVinci Resolve: scripts for every page's menu (hosts.md A1.2). Its menu reads the folder anew each time."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..resolve.program import CALLED
from . import HOSTS, Launcher, Piece, System, filled

SOURCE = HOSTS / "resolve" / "scripts"
VERBS = ("score", "panel", "remove")
SCRIPTS = {"menu.lua": "Hitpoint {}.lua", "menu.py": "Hitpoint {} (Python).py"}
VERB, CALLS = b'"@HITPOINT_VERB@"', b'"@HITPOINT_CALLS@"'


def places(system: System) -> list[Path]:
    if system.platform == "win32":
        roaming = system.folder("APPDATA", "AppData", "Roaming")
        root = roaming / "Blackmagic Design" / "DaVinci Resolve" / "Support"
    elif system.platform == "darwin":
        root = system.home / "Library" / "Application Support" / "Blackmagic Design" / "DaVinci Resolve"
    else:
        root = system.folder("XDG_DATA_HOME", ".local", "share") / "DaVinciResolve"
    return [root / "Fusion" / "Scripts" / "Utility"]


def pieces(python: Path, version: str) -> list[Piece]:
    """A script a verb: in Lua, which every edition runs, and in Python, for a Resolve whose Lua has no sockets."""
    found = []
    for verb in VERBS:
        for source, title in SCRIPTS.items():
            data = (SOURCE / source).read_bytes().replace(CALLS, b'"' + " ".join(sorted(CALLED)).encode() + b'"')
            data = filled(data.replace(VERB, f'"{verb}"'.encode()), python, version)
            found.append(Piece(PurePosixPath(title.format(verb.title())), data))
    return found


LAUNCHER = Launcher("resolve", places, pieces, "in Resolve: Workspace > Scripts > Hitpoint Score, Panel or Remove")
