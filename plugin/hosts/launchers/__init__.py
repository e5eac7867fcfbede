"""What is put where an editor looks for it: one module a host, which says where that is and what lies there.

A module has `LAUNCHER`, a `Launcher`. Its files are those of the host's own folder under `plugin/hosts/`; where one of them
says `"@HITPOINT_PYTHON@"` or `"@HITPOINT_VERSION@"`, quotes and all, a string with the real one takes its place.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

HOSTS = Path(__file__).parent.parent
PYTHON, VERSION = b'"@HITPOINT_PYTHON@"', b'"@HITPOINT_VERSION@"'
SETTINGS = "hitpoint.json"
_NEVER = ("__pycache__", SETTINGS)


@dataclass(frozen=True)
class System:
    """The machine and its user, as far as it matters where editors look. `platform` is sys.platform."""

    platform: str
    home: Path
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> System:
        return cls(sys.platform, Path.home(), dict(os.environ))

    def folder(self, variable: str, *otherwise: str) -> Path:
        """What the environment names, or a folder in the user's home."""
        named = self.environment.get(variable)
        return Path(named) if named else self.home.joinpath(*otherwise)


@dataclass(frozen=True)
class Piece:
    """A file: where it goes in the folder, and its bytes."""

    target: PurePosixPath
    data: bytes


@dataclass(frozen=True)
class Launcher:
    """`places` are the folders where this editor looks on a system, for this user; empty where it was never started.
    `pieces` are what lies there, for a Python and a version of ours. `remedy` says what to do where there is no place,
    `after` what a person does when all is put there.
    """

    host: str
    places: Callable[[System], list[Path]]
    pieces: Callable[[Path, str], list[Piece]]
    after: str
    remedy: str = ""


def launcher(host: str) -> Launcher | None:
    """The launcher of a host; None where it has none."""
    if importlib.util.find_spec(f"{__name__}.{host}") is None:
        return None
    found: Launcher = importlib.import_module(f".{host}", __name__).LAUNCHER
    return found


def folder_of(source: Path, into: str, python: Path, version: str) -> list[Piece]:
    """Every file of a folder, as pieces that lie in the folder `into` ("." for right where the editor looks)."""
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not {*path.parts} & {*_NEVER}]
    return [
        Piece(PurePosixPath(into) / path.relative_to(source).as_posix(), filled(path.read_bytes(), python, version))
        for path in files
    ]


def settings(into: str, python: Path, version: str) -> Piece:
    """hitpoint.json, for launchers that read where our Python is from a file of their own."""
    said = json.dumps({"python": str(python), "version": version}, indent=1)
    return Piece(PurePosixPath(into) / SETTINGS, f"{said}\n".encode())


def filled(data: bytes, python: Path, version: str) -> bytes:
    """The file for this machine. JSON's strings are those of Python, Lua 5.2 on and JavaScript too, but for \\u: so none."""
    said = {PYTHON: str(python), VERSION: version}
    for word, text in said.items():
        data = data.replace(word, json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogateescape"))
    return data
