"""Who keeps an edit's project: of several panels that have the same edit open, only the first."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile

NAME = ".panel.lock"


@dataclass(frozen=True)
class Claim:
    """Holds as long as it lives. `lock` is None in a folder that nothing can be written to, which nobody else claims either."""

    folder: Path
    lock: QLockFile | None = None


def claim(folder: Path) -> tuple[Claim | None, str]:
    """The claim; or None, and who has it. The claim of a panel that was killed counts no more."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    lock = QLockFile(str(folder / NAME))
    lock.setStaleLockTime(0)  # however old: an edit stays open for days
    if lock.tryLock(0):
        return Claim(folder, lock), ""
    if lock.error() is not QLockFile.LockError.LockFailedError:
        return Claim(folder), ""
    process, host, _ = lock.getLockInfo()[-3:]
    return None, f"process {process} on {host}" if host else f"process {process}"
