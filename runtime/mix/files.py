"""Files that appear all together or not at all: written beside their targets, then renamed into place."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import OutputError

LOCK_SECONDS = 60.0  # a commit renames a handful of files; who holds the lock longer than this hangs


@dataclass
class _Staged:
    """One target on its way: `temporary` and `backup` lie beside `target`, so that renaming never copies."""

    shown: Path
    target: Path
    temporary: Path
    is_folder: bool
    backup: Path | None = None
    placed: bool = False


class Transaction:
    """Stages files and folders beside their targets; `commit` renames all of them into place, in order of staging.

    Leaving the `with` block without a commit removes everything that was staged, and the folders made for it.
    Stage the file that a reader opens first (the timeline) last: by then all it refers to is in place.
    """

    def __init__(self) -> None:
        self._staged: list[_Staged] = []
        self._created: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for staged in self._staged:
            _remove(staged.temporary)
        for folder in reversed(self._created):
            with suppress(OSError):
                folder.rmdir()
        self._staged, self._created = [], []

    def stage(self, target: Path) -> Path:
        """Where to write what shall become the file `target`: an empty file with the same suffix, beside it."""
        return self._stage(target, is_folder=False)

    def stage_folder(self, target: Path) -> Path:
        """Where to put what shall become the folder `target`: an empty folder; nothing of an old one is kept."""
        return self._stage(target, is_folder=True)

    @property
    def targets(self) -> tuple[Path, ...]:
        """Where everything that is staged will lie, in its order."""
        return tuple(staged.target for staged in self._staged)

    def staged(self, target: Path) -> Path:
        """Where the file or folder that was staged for `target` is being written."""
        final = Path(os.path.realpath(target))
        return next(staged.temporary for staged in self._staged if staged.target == final)

    def commit(self) -> None:
        """Puts every staged file in its place; if one cannot be placed, all targets are as they were."""
        if not self._staged:
            return
        for staged in self._staged:
            with writing(staged.shown):
                _sync(staged.temporary)
        last = self._staged[-1]
        with locked(last.target):
            try:
                for staged in self._staged:
                    with writing(staged.shown):
                        _place(staged)
            except BaseException as error:
                lost = self._roll_back()
                if lost and isinstance(error, OutputError):
                    raise OutputError(f"{error}; the old {lost[0][0]} is kept as {lost[0][1]}") from error
                raise
            for staged in self._staged:
                if staged.backup:
                    _remove(staged.backup)
        for folder in {staged.target.parent for staged in self._staged}:
            _sync_folder(folder)
        self._staged, self._created = [], []

    def _stage(self, target: Path, *, is_folder: bool) -> Path:
        with writing(target):
            final = Path(os.path.realpath(target))  # a link stays, what it points to is replaced
            if any(staged.target == final for staged in self._staged):
                raise ValueError(f"{target} is staged twice")
            _check_replaceable(target, final, is_folder)
            self._make_folders(final.parent)
            temporary = _beside(final)
            if is_folder:
                temporary.mkdir()
            else:
                temporary.open("xb").close()
                with suppress(OSError):  # a private edit stays private
                    temporary.chmod(stat.S_IMODE(final.stat().st_mode))
        self._staged.append(_Staged(target, final, temporary, is_folder))
        return temporary

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for folder in reversed(missing):
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            self._created.append(folder)

    def _roll_back(self) -> list[tuple[Path, Path]]:
        """Restores every target; the (target, backup) pairs that could not be restored."""
        lost = []
        for staged in reversed(self._staged):
            try:
                if staged.placed and (staged.is_folder or not staged.backup):
                    _remove(staged.target)
                if staged.backup and (staged.placed or not staged.target.exists()):
                    staged.backup.replace(staged.target)
                elif staged.backup:
                    _remove(staged.backup)
            except OSError:
                if staged.backup:
                    lost.append((staged.target, staged.backup))
        return lost


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the system says about writing `path` into one line for a person."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {_reason(error)}") from error


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Keeps every other process that commits to `target` waiting."""
    key = hashlib.sha256(os.fsencode(os.path.realpath(target))).hexdigest()[:24]
    path = Path(tempfile.gettempdir()) / f"hitpoint-{key}.lock"
    with writing(target):
        handle = _take_lock(path, target)
    try:
        yield
    finally:
        if sys.platform != "win32":
            with suppress(OSError):
                path.unlink()  # while it is still ours; who waits on it finds out and opens the new one
        _unlock(handle)
        os.close(handle)


def _take_lock(path: Path, target: Path) -> int:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        handle = _open_lock(path)
        try:
            while not _try_lock(handle):
                if time.monotonic() > until:
                    raise OutputError(f"cannot write {target}: another process has been writing it for a minute")
                time.sleep(0.01)
            if sys.platform == "win32" or _is_same(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its last owner removed it: it guards nothing any more


def _is_same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            os.lseek(handle, 0, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except PermissionError:  # another user made it; reading is enough to lock
        return os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))


def _check_replaceable(shown: Path, final: Path, is_folder: bool) -> None:
    try:
        mode = final.stat().st_mode
    except FileNotFoundError:
        return
    if is_folder and not stat.S_ISDIR(mode):
        raise OutputError(f"cannot write {shown}: a file is there, and a folder is to be written")
    if not is_folder and stat.S_ISDIR(mode):
        raise OutputError(f"cannot write {shown}: it is a folder")
    if not is_folder and not stat.S_ISREG(mode):
        raise OutputError(f"cannot write {shown}: it is a device, not a file")
    if not _may_write(final):
        raise OutputError(f"cannot write {shown}: it is write-protected")


def _may_write(final: Path) -> bool:
    """A bundle folder is away for a moment while another process replaces it: that is no protection."""
    for _ in range(20):
        if os.access(final, os.W_OK) or not final.exists():
            return True
        if final.is_file():
            return False
        time.sleep(0.01)
    return False


def _beside(target: Path) -> Path:
    """A hidden name in the target's folder; the suffix stays, for writers that choose a format by it."""
    suffix = target.suffix if len(target.suffix) <= 16 else ""
    return target.with_name(f".hitpoint-{os.getpid()}-{secrets.token_hex(6)}{suffix}")


def _place(staged: _Staged) -> None:
    """Renames one file over its target, keeping the old one as a backup until all are placed."""
    if staged.target.exists():
        staged.backup = _beside(staged.target)
        if staged.is_folder:
            staged.target.replace(staged.backup)
        else:
            try:
                os.link(staged.target, staged.backup)  # so that there is never a moment without the target
            except OSError:
                staged.target.replace(staged.backup)
    staged.temporary.replace(staged.target)
    staged.placed = True


def _sync(path: Path) -> None:
    files = [path] if path.is_file() else [inner for inner in sorted(path.rglob("*")) if inner.is_file()]
    for file in files:
        handle = os.open(file, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):  # some network drives cannot
                raise
        finally:
            os.close(handle)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _reason(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return f"the disk is full ({text})"
    return text[:1].lower() + text[1:]
