"""A launcher put where its editor looks, and taken away again: exactly what was put there, and nothing of anybody else's."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ... import __version__
from ...runtime.errors import InputError, OutputError, UsageError
from ...runtime.mix.files import Transaction, writing
from . import known, launchers, places
from .launchers import Launcher, System

SCHEMA = "hitpoint.installed/1"

# "write": not there yet; "replace": ours of an earlier version; "same": as it shall be. "remove": ours; "keep": somebody
# changed it; "gone": it was ours, and is not there any more.
What = Literal["write", "replace", "same", "remove", "keep", "gone"]


@dataclass(frozen=True)
class File:
    """A file that was written, with the SHA-256 of its bytes."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Receipt:
    """What was put on this machine for a host. `folders` were made for it, and go when they are empty."""

    host: str
    version: str
    python: Path
    files: tuple[File, ...] = ()
    folders: tuple[Path, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "host": self.host,
            "version": self.version,
            "python": str(self.python),
            "files": [{"path": str(file.path), "sha256": file.sha256} for file in self.files],
            "folders": [str(folder) for folder in self.folders],
        }


@dataclass(frozen=True)
class Step:
    what: What
    path: Path


@dataclass(frozen=True)
class Done:
    """What was done, or would be. `after` is what a person does next."""

    host: str
    steps: tuple[Step, ...]
    after: str = ""
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        listed = [{"what": step.what, "path": str(step.path)} for step in self.steps]
        return {**asdict(self), "steps": listed, "warnings": list(self.warnings)}


def has_launcher(host: str) -> bool:
    return launchers.launcher(host) is not None


def install(
    host: str,
    folder: Path | None = None,
    *,
    dry_run: bool = False,
    system: System | None = None,
    python: Path | None = None,
) -> Done:
    """Puts a host's launcher where it looks, or in `folder`. All or nothing; again, it changes nothing.

    Raises OutputError where a file would be written over that is not ours, or that somebody changed since.
    """
    name = known.known(host).name
    launcher = _launcher(name)
    roots = _roots(launcher, folder, system or System.here())
    pieces = launcher.pieces(python or Path(sys.executable), __version__)
    if not pieces:
        raise OutputError(
            f"the files for {name} are missing from this installation: pip install --force-reinstall hitpoint"
        )
    wanted = {root / piece.target: piece.data for root in roots for piece in pieces}
    before = installed(name) or Receipt(name, "", Path())
    steps = [Step(_standing(path, data, before), path) for path, data in wanted.items()]
    stale = [file for file in before.files if file.path not in wanted and _under(file.path, roots)]
    steps += [Step("remove" if _digest(file.path) == file.sha256 else "keep", file.path) for file in stale]
    steps = [step for step in steps if step.what != "keep" or step.path.exists()]
    warnings = tuple(
        f"{step.path}: was changed since it was put there, and stays" for step in steps if step.what == "keep"
    )
    if dry_run:
        return Done(name, tuple(steps), launcher.after, warnings)
    made = _missing_folders(wanted)
    kept = [file for file in before.files if file not in stale and file.path not in wanted]
    files = [*kept, *(File(path, hashlib.sha256(data).hexdigest()) for path, data in wanted.items())]
    folders = tuple(dict.fromkeys([*before.folders, *made]))
    receipt = Receipt(name, __version__, python or Path(sys.executable), tuple(files), folders)
    with Transaction() as changes:
        for step in steps:
            if step.what in ("write", "replace"):
                staged = changes.stage(step.path)
                with writing(step.path):
                    staged.write_bytes(wanted[step.path])
        _write(changes, receipt)
        changes.commit()
    for step in steps:
        if step.what == "remove":
            _remove(step.path)
    _prune(before.folders, [file.path for file in stale])
    return Done(name, tuple(steps), launcher.after, warnings)


def uninstall(host: str, folder: Path | None = None, *, dry_run: bool = False) -> Done:
    """Takes away what `install` put there, all of it or what lies in `folder`. What somebody changed since stays."""
    name = known.known(host).name
    receipt = installed(name)
    if receipt is None:
        if not has_launcher(name):
            _launcher(name)
        return Done(name, (), warnings=(f"nothing is installed for {name}",))
    roots = [folder.absolute()] if folder else []
    going = [file for file in receipt.files if not roots or _under(file.path, roots)]
    steps: list[Step] = []
    for file in going:
        now = _digest(file.path)
        there = file.path.exists() or file.path.is_symlink()
        steps.append(Step("remove" if now == file.sha256 else "keep" if there else "gone", file.path))
    warnings = [f"{step.path}: was changed since it was put there, and stays" for step in steps if step.what == "keep"]
    if not going:
        warnings.append(f"nothing is installed for {name}" + (f" in {folder}" if folder else ""))
    if dry_run:
        return Done(name, tuple(steps), warnings=tuple(warnings))
    staying = tuple(file for file in receipt.files if file not in going)
    for step in steps:
        if step.what == "remove":
            with writing(step.path):
                _remove(step.path)
    _prune(receipt.folders, [step.path for step in steps])
    place = places.receipts() / f"{name}.json"
    if staying:
        folders = tuple(made for made in receipt.folders if made.exists())
        with Transaction() as changes:
            _write(changes, Receipt(name, receipt.version, receipt.python, staying, folders))
            changes.commit()
    else:
        with writing(place):
            place.unlink(missing_ok=True)
    return Done(name, tuple(steps), warnings=tuple(warnings))


def installed(host: str) -> Receipt | None:
    """What was put on this machine for a host. Raises InputError where the receipt cannot be read."""
    path = places.receipts() / f"{host}.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["schema"] != SCHEMA or said["host"] != host:
            raise ValueError
        files = tuple(File(_absolute(each["path"]), str(each["sha256"])) for each in said["files"])
        folders = tuple(_absolute(each) for each in said["folders"])
        return Receipt(host, str(said["version"]), Path(str(said["python"])), files, folders)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise InputError(
            f"{path}: what was installed for {host} is not known any more: remove its files and this one"
        ) from None


def trouble(receipt: Receipt) -> str:
    """Why a launcher that was installed would not start; "" where it would."""
    if not receipt.python.exists():
        return f"its Python is gone ({receipt.python}): hitpoint install {receipt.host}"
    wrong = [file for file in receipt.files if _digest(file.path) != file.sha256]
    if wrong:
        return f"{wrong[0].path} is gone or was changed: hitpoint install {receipt.host}"
    if receipt.version != __version__:
        return f"of version {receipt.version}, and this is {__version__}: hitpoint install {receipt.host}"
    return ""


def _launcher(name: str) -> Launcher:
    found = launchers.launcher(name)
    if found is None:
        raise UsageError(f"{name} needs nothing installed: {known.known(name).how}")
    return found


def _roots(launcher: Launcher, folder: Path | None, system: System) -> list[Path]:
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"--dir {folder}: is no folder")
        return [folder.absolute()]
    found = launcher.places(system)
    if not found:
        raise UsageError(f"no folder of {launcher.host} is found on this machine: {launcher.remedy}")
    return found


def _standing(path: Path, data: bytes, before: Receipt) -> What:
    """What is to be done about one file. Raises OutputError where it is not ours to write."""
    if not path.exists() and not path.is_symlink():
        return "write"
    now = _digest(path)
    if now == hashlib.sha256(data).hexdigest():
        return "same"
    ours = next((file.sha256 for file in before.files if file.path == path), None)
    if ours is None:
        raise OutputError(f"{path} is there already and is not ours: move it away, or name a folder with --dir")
    if now != ours:
        raise OutputError(f"{path} was changed since it was put there: move it away, and install again")
    return "replace"


def _digest(path: Path) -> str | None:
    """Of a plain file; None for anything else: what a link leads to is not what we wrote."""
    if path.is_symlink():
        return None
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _under(path: Path, roots: Iterable[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _missing_folders(files: Iterable[Path]) -> list[Path]:
    """The folders that will have to be made, outermost first."""
    found: dict[Path, None] = {}
    for path in files:
        chain = []
        folder = path.parent
        while not folder.exists():
            chain.append(folder)
            folder = folder.parent
        found |= dict.fromkeys(reversed(chain))
    return sorted(found)


def _write(changes: Transaction, receipt: Receipt) -> None:
    path = places.receipts() / f"{receipt.host}.json"
    staged = changes.stage(path)
    with writing(path):
        staged.write_text(json.dumps(receipt.to_json(), indent=1) + "\n", encoding="utf-8", errors="surrogateescape")


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.suffix == ".py":  # and what Python made of it
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            with suppress(OSError):
                compiled.unlink()
        with suppress(OSError):
            (path.parent / "__pycache__").rmdir()


def _prune(folders: Iterable[Path], files: Iterable[Path]) -> None:
    """Takes away the folders that were made for these files, deepest first, where nothing is left in them."""
    ours = sorted({*folders}, key=lambda folder: len(folder.parts), reverse=True)
    above = {parent for path in files for parent in path.parents}
    for folder in ours:
        if folder in above:
            with suppress(OSError):
                folder.rmdir()


def _absolute(text: Any) -> Path:
    path = Path(str(text))
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{text} is no place")
    return path
