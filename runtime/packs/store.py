"""Where packs live: those built in, and the user's own; how one is opened by its name or its path."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError
from .archive import SUFFIX, peek, unpack
from .checking import check, read_manifest
from .pack import Pack, Refused
from .pack_read import NAME

BUILT_IN = Path(__file__).parent / "builtin"


@dataclass(frozen=True)
class Shelved:
    """A pack that is there; `pack` is None where `trouble` says why it cannot be used."""

    name: str
    folder: Path
    built_in: bool
    pack: Pack | None
    trouble: str = ""


def user_folder() -> Path:
    """HITPOINT_PACKS, or where this system keeps the data of programs."""
    if named := os.environ.get("HITPOINT_PACKS"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hitpoint" / "Packs"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "hitpoint" / "packs"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hitpoint" / "packs"


def shelf() -> list[Shelved]:
    """Every pack by its name, the user's own before a built-in one of that name. Files by name and size only."""
    found = {entry.name: entry for root in (BUILT_IN, user_folder()) for entry in _shelved(root)}
    return [found[name] for name in sorted(found)]


def find(name: str, *, commercial: bool = False) -> Pack:
    """The pack of that name, checked to its last byte. Raises EngineError."""
    folder = place(name)
    if folder is None:
        raise EngineError(f"there is no pack '{name}'; `hitpoint packs list` shows which there are")
    pack = open_folder(folder)
    if pack.name != name:
        raise EngineError(f"the pack {folder} is refused: it calls itself '{pack.name}'; add it again under that name")
    pack.allow(commercial)
    return pack


def place(name: str) -> Path | None:
    """The folder of the pack of that name, sound or not, the user's own first."""
    if not NAME.fullmatch(name):
        return None
    return next((root / name for root in (user_folder(), BUILT_IN) if (root / name).is_dir()), None)


@contextmanager
def opened(what: str) -> Iterator[Pack]:
    """The pack of a name, in a folder or in a .hitpack file, checked to its last byte; its files last as long."""
    path = Path(what)
    if place(what):
        yield find(what)
    elif path.is_dir():
        yield open_folder(path)
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="hitpoint-") as folder:
            yield open_file(path, Path(folder))
    else:
        raise EngineError(f"{what}: there is no such pack, folder or {SUFFIX} file; `hitpoint packs list` shows packs")


def open_folder(folder: Path, shown: Path | None = None) -> Pack:
    """The pack in a folder, checked to its last byte; messages say `shown`, where the folder is a copy of that."""
    with naming(shown or folder):
        pack = read_manifest(folder)
        check(pack)
    return pack


def open_file(path: Path, folder: Path) -> Pack:
    """The pack in a .hitpack file, unpacked into an empty folder and checked to its last byte."""
    with naming(path):
        pack = unpack(path, folder)
        check(pack)
    return pack


def glance(path: Path) -> Pack:
    """What the pack in a folder or a .hitpack file says of itself, before any of it is checked. Raises EngineError."""
    with naming(path):
        return read_manifest(path) if path.is_dir() else peek(path)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Says which pack is refused, and what to do about it."""
    try:
        yield
    except Refused as error:
        raise EngineError(f"the pack {path} is refused: {error}; get it anew from who made it") from None


def _shelved(root: Path) -> Iterator[Shelved]:
    try:
        folders = sorted(path for path in root.iterdir() if not path.name.startswith(".") and path.is_dir())
    except OSError:
        return
    for folder in folders:
        try:
            pack = read_manifest(folder)
            if pack.name != folder.name:
                raise Refused(f"it calls itself '{pack.name}'")
        except Refused as error:
            yield Shelved(folder.name, folder, root == BUILT_IN, None, str(error))
        else:
            yield Shelved(pack.name, folder, root == BUILT_IN, pack)
