"""What was seen of a medium, kept on disk between runs: bounded, shared by processes, never needed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import av
import numpy as np
from numpy.typing import NDArray

from .frames import is_sequence, numbered

Arrays = Mapping[str, NDArray[Any]]

LIMIT = 512 * 1024 * 1024
_EDGE = 64 * 1024  # bytes of a file's head and tail that tell it from another of the same name, size and time
_ABANDONED = 3600  # seconds after which an unfinished file is nobody's
# A damaged entry comes out of numpy and zipfile as any of these.
_FAILURES = (OSError, ValueError, KeyError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile)


def default_folder() -> Path:
    """HITPOINT_CACHE, or where this system keeps caches."""
    if named := os.environ.get("HITPOINT_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hitpoint" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "hitpoint"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hitpoint"


@dataclass(frozen=True)
class Cache:
    """Named arrays by key. Past `limit` bytes the entries that were used longest ago go. No method raises.

    `folder` is default_folder()'s where it is None.
    """

    folder: Path | None = None
    limit: int = LIMIT

    def knows(self, key: str) -> bool:
        """Whether there is an entry, good or bad."""
        try:
            return self._path(key).exists()
        except (OSError, RuntimeError):
            return False

    def get(self, key: str) -> dict[str, NDArray[Any]] | None:
        """The arrays, or None where there are none, or damaged ones."""
        try:
            path = self._path(key)
            data = path.read_bytes()
        except (OSError, RuntimeError):
            return None
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as entry:
                arrays = {name: entry[name] for name in entry.files}
        except _FAILURES:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return arrays

    def put(self, key: str, arrays: Arrays) -> bool:
        """Whether it is kept."""
        unfinished: Path | None = None
        try:
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
            if buffer.tell() > self.limit:
                return False
            unfinished = path.with_name(f".{uuid4().hex}.part")
            unfinished.write_bytes(buffer.getbuffer())
            unfinished.replace(path)
        except (OSError, RuntimeError):
            if unfinished is not None:
                with suppress(OSError):
                    unfinished.unlink()
            return False
        self._prune(path)
        return True

    def _path(self, key: str) -> Path:
        return (self.folder or default_folder()) / "picture" / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"

    def _prune(self, newest: Path) -> None:
        entries = []
        try:
            with os.scandir(newest.parent) as listing:
                for entry in listing:
                    with suppress(OSError):
                        entries.append((entry.stat().st_mtime_ns, entry.stat().st_size, Path(entry.path)))
        except OSError:
            return
        now = newest.stat().st_mtime_ns if newest.exists() else 0
        total = sum(size for _, size, _ in entries)
        for time, size, path in sorted(entries):
            part = path.suffix == ".part"
            if part and now - time < _ABANDONED * 10**9:
                continue
            if not part and (total <= self.limit or path == newest):
                continue
            with suppress(OSError):
                path.unlink()
                total -= size


def key(medium: str, *more: object) -> str:
    """The name of what was seen of a medium by this code, with whatever else decides it."""
    return json.dumps([medium, _code(), av.__version__, *map(str, more)])


def identity(path: Path) -> str:
    """A medium told from any other: path, size, time of change, first and last bytes. Raises OSError."""
    files: Iterable[Path] = [file for _, file in sorted(numbered(path).items())] if is_sequence(path) else [path]
    hashed = hashlib.sha256(str(path.absolute()).encode(errors="surrogateescape"))
    single = not is_sequence(path)
    for file in files:
        status = file.stat()
        hashed.update(f"\0{file.name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
        if single:
            with file.open("rb") as opened:
                hashed.update(opened.read(_EDGE))
                opened.seek(max(0, status.st_size - _EDGE))
                hashed.update(opened.read(_EDGE))
    return hashed.hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    """Changes with every line that decides what a picture looks like."""
    hashed = hashlib.sha256()
    for name in ("media", "frames", "strip", "colour", "descriptor", "vision_pack"):
        with suppress(OSError):
            hashed.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return hashed.hexdigest()
