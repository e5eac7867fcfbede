"""What is bounded on the disk: takes and the cache of small pictures."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ..state.take import Take

ABANDONED = 24 * 3600  # seconds after which an unfinished take is nobody's


def superfluous(takes: Sequence[Take], count: int, size: int, kept: Collection[int]) -> tuple[Take, ...]:
    """The takes that go so that at most `count` of them, of `size` bytes together, stay: the oldest without stars first.

    The newest stays, and those in `kept`: what is on the timeline or shown.
    """
    going: list[Take] = []
    left, held = len(takes), sum(take.bytes for take in takes)
    for take in sorted(takes, key=lambda take: take.id)[:-1]:
        if left <= count and held <= size:
            break
        if take.stars or take.id in kept:
            continue
        going.append(take)
        left, held = left - 1, held - take.bytes
    return tuple(going)


def remove_takes(folder: Path, ids: Iterable[int]) -> None:
    """Removes takes/NN; also what workers that were killed left there long ago."""
    takes = folder / "takes"
    for id in ids:
        _remove(takes / f"{id:02}")
    with suppress(OSError):
        for left in takes.glob(".hitpoint-*"):
            if time.time() - left.stat().st_mtime > ABANDONED:
                _remove(left)


def trim_cache(size: int) -> None:
    """Past `size` bytes the pictures that were used longest ago go; 0 asks for nothing."""
    from ...runtime.picture.cache import default_folder

    if size <= 0:
        return
    entries = []
    with suppress(OSError, RuntimeError):
        for path in default_folder().glob("*/**/*"):
            with suppress(OSError):
                if path.is_file() and not path.name.startswith("."):
                    status = path.stat()
                    entries.append((status.st_mtime_ns, status.st_size, path))
    total = sum(held for _, held, _ in entries)
    for _, held, path in sorted(entries):
        if total <= size:
            return
        with suppress(OSError):
            path.unlink()
            total -= held


def _remove(folder: Path) -> None:
    """Out of sight at once; what follows may be interrupted."""
    if not folder.is_dir():
        return
    gone = folder.with_name(f".hitpoint-gone-{os.getpid()}-{folder.name}")
    with suppress(OSError):
        folder.replace(gone)
        shutil.rmtree(gone, ignore_errors=True)
