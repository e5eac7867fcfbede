"""Where a pack may be put: nothing of somebody's is replaced by one."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from ...runtime.errors import UsageError
from ...runtime.packs import archive, checking
from ...runtime.packs.pack import MANIFEST
from ...runtime.packs.pack_read import DATA_SUFFIXES, GRAPH_SUFFIX, TEXT_SUFFIXES


def check_target(target: Path) -> None:
    """Raises UsageError where something lies there that is no pack, sound or not, and not nothing either."""
    if target.is_dir() and target.suffix == archive.SUFFIX:
        raise UsageError(f"{target} is a folder, and a {archive.SUFFIX} file is to be written")
    if target.is_dir() and not _is_pack(target):
        raise UsageError(f"{target} is a folder that is no pack: choose another place")
    if target.is_file() and target.suffix != archive.SUFFIX:
        raise UsageError(f"{target} is a file: name a folder, or a file that ends in {archive.SUFFIX}")
    if target.is_file() and target.stat().st_size and not _is_packed(target):
        raise UsageError(f"{target} is no pack, though it is called so: choose another place")


def _is_pack(folder: Path) -> bool:
    """A pack, sound or not, or nothing at all."""
    inside = [path for path in folder.iterdir() if path.name.lower() not in checking.DROPPINGS]
    known = (GRAPH_SUFFIX, *DATA_SUFFIXES, *TEXT_SUFFIXES)
    if not inside:
        return True
    if any(path.is_dir() or (path.suffix not in known and path.name != MANIFEST) for path in inside):
        return False
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and str(said.get("schema", "")).startswith("hitpoint.pack/")


def _is_packed(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as packed:
            return MANIFEST in packed.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
