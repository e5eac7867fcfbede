"""The project: what a person shaped and made for one edit, kept in project.json beside the edit's score."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from ..runtime.errors import HitpointError, OutputError
from ..runtime.mix.files import writing
from .state.codec import from_json, to_json
from .state.panel import InOut, Panel, Reading, ScoreSettings, Settings, View
from .state.plan import Plan
from .state.take import Placed, Take

NAME = "project.json"
SCHEMA = "hitpoint.project/"
VERSION = 1
MOST_BYTES = 256 * 2**20
DELAY = 0.8  # seconds after the last change before it is saved
PATIENCE = 6  # such delays at most, while changes go on


@dataclass(frozen=True)
class Project:
    """`gone` are the ids of takes that were deleted, whose folders go when the project is closed; `next_take` is the id
    of the next one.
    """

    plan: Plan | None = None
    score: ScoreSettings = field(default_factory=ScoreSettings)
    takes: tuple[Take, ...] = ()
    current: int = 0
    inout: InOut = field(default_factory=InOut)
    placed: Placed | None = None
    view: View = field(default_factory=View)
    gone: tuple[int, ...] = ()
    next_take: int = 1
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class Found:
    """What a folder held: `project` None where there was none to go on with, `told` what to say of that. `mark` tells the
    bytes apart, "" for no file. `barred` says why nothing may be written over what is there, "" where it may.
    """

    project: Project | None = None
    told: str = ""
    mark: str = ""
    barred: str = ""
    next_take: int = 1


class Newer(HitpointError):
    """A project of a Hitpoint that is newer than this one."""


def fresh(settings: Settings) -> Project:
    """That of an edit which was never open, with what a person set for all edits."""
    score = ScoreSettings(
        engine=settings.engine,
        loudness=settings.loudness,
        peak=settings.peak,
        duck=settings.duck,
        markers=settings.markers,
    )
    return Project(score=score)


def project_of(panel: Panel, gone: tuple[int, ...], next_take: int) -> Project:
    return Project(
        panel.plan,
        panel.score,
        panel.takes,
        panel.current,
        panel.inout,
        panel.placed,
        panel.view,
        gone,
        next_take,
        panel.reading,
    )


def dumps(project: Project) -> bytes:
    text = json.dumps({"schema": f"{SCHEMA}{VERSION}", **to_json(project)}, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def loads(data: bytes) -> Project:
    """Raises HitpointError where the bytes are no project, or one of a newer version."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        raise HitpointError("is not JSON") from None
    schema = said.get("schema") if isinstance(said, dict) else None
    version = schema.removeprefix(SCHEMA) if isinstance(schema, str) and schema.startswith(SCHEMA) else ""
    if not version.isdecimal():
        raise HitpointError("is no project of Hitpoint's")
    if int(version) > VERSION:
        raise Newer("was written by a newer Hitpoint")
    return from_json(Project, said)


def load(folder: Path, *, ours: bool = True) -> Found:
    """The project in a folder. What is damaged is kept aside; what this Hitpoint may not understand stays where it is, and
    where the folder is not `ours`, all of it.
    """
    path = folder / NAME
    with suppress(OSError):
        for left in folder.glob(f".{NAME}.*") if ours else ():  # of a panel that was killed while it saved
            left.unlink()
    number = free_number(folder)
    try:
        data = _bytes(path)
    except FileNotFoundError:
        return Found(next_take=number)
    except OSError as error:
        return Found(barred=f"{path} cannot be read ({(error.strerror or str(error)).lower()})", next_take=number)
    try:
        if len(data) > MOST_BYTES:
            raise HitpointError("is too large")
        project = _sound(loads(data), folder)
        return Found(project, mark=mark_of(data), next_take=max(number, project.next_take))
    except Newer as error:
        return Found(barred=f"{path} {error}", next_take=number)
    except HitpointError as error:
        aside = _aside(path) if ours else None
        if aside is None:
            return Found(barred=f"{path} {_reason(error)}", next_take=number)
        told = f"{path} {_reason(error)}: this edit starts afresh, it is kept as {aside.name}"
        if number > 1:
            told += f", and earlier takes stay in {folder.name}/takes"
        return Found(told=told, next_take=number)


def mark_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(folder: Path, data: bytes, name: str = NAME) -> None:
    """In place of the old one by a rename, so that at every moment a whole one is there. Raises OutputError."""
    path = folder / name
    fresh = folder / f".{NAME}.{os.getpid()}"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)


class Saver:
    """Saves in a thread of its own, a moment after the last change. `failed` is called there, once for a row of failures,
    with a sentence; what is newest is tried again with the next change. `mark` is that of the file as it was read: where
    somebody else wrote it since, theirs stays and ours is kept beside it, which `overtaken` is told, once, with a sentence.
    """

    def __init__(
        self,
        folder: Path,
        failed: Callable[[str], None],
        delay: float = DELAY,
        *,
        mark: str = "",
        overtaken: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._folder, self._failed, self._delay = folder, failed, delay
        self._mark, self._overtaken, self._name = mark, overtaken, NAME
        self._wake = threading.Condition()
        self._waiting: Project | None = None
        self._now = self._busy = self._ended = False
        self._said = False
        self._thread: threading.Thread | None = None

    @property
    def mark(self) -> str:
        """That of the file as it was last read or written here."""
        return self._mark

    def put(self, project: Project) -> None:
        with self._wake:
            self._waiting = project
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def flush(self, timeout: float = 10.0) -> bool:
        """Whether everything is on the disk."""
        with self._wake:
            self._now = True
            self._wake.notify_all()
            done = self._wake.wait_for(lambda: self._waiting is None and not self._busy, timeout)
            self._now = False
            return done and not self._said

    def close(self) -> bool:
        done = self.flush()
        with self._wake:
            self._ended = True
            self._wake.notify_all()
        return done

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting is not None or self._ended)
                if self._waiting is None:
                    return
                for _ in range(PATIENCE):  # until nothing has changed for a moment
                    latest = self._waiting
                    self._wake.wait_for(lambda: self._now or self._ended, self._delay)
                    if latest is self._waiting or self._now:
                        break
                project, self._waiting, self._busy = self._waiting, None, True
            try:
                self._write(dumps(project))
                self._said = False
            except OutputError as error:
                if not self._said:
                    self._failed(f"{error}: the panel goes on, and tries again with the next change")
                self._said = True
            finally:
                with self._wake:
                    self._busy = False
                    self._wake.notify_all()

    def _write(self, data: bytes) -> None:
        if self._name == NAME and not self._is_ours():
            ours = _unused(self._folder, "project.other")
            self._name = ours.name
            write(self._folder, data, self._name)
            self._overtaken(
                f"{self._folder / NAME} was changed by another program since it was opened here: that one stays, and "
                f"what you do here is kept as {self._name}; open the edit again to see theirs"
            )
            return
        write(self._folder, data, self._name)
        if self._name == NAME:
            self._mark = mark_of(data)

    def _is_ours(self) -> bool:
        """Whether the file is as it was when this panel last read or wrote it. One that is gone may be written anew."""
        try:
            return mark_of(_bytes(self._folder / NAME)) == self._mark
        except FileNotFoundError:
            return True
        except OSError:
            return False


def _sound(project: Project, folder: Path) -> Project:
    """Without takes whose sound is not there any more; their folders are where the project is."""
    takes = []
    for take in project.takes:
        own = folder / "takes" / f"{take.id:02}"
        if (own / "score.wav").is_file():
            takes.append(take if take.folder == str(own) else replace(take, folder=str(own)))
    highest = max([project.next_take, *(take.id + 1 for take in project.takes), *(id + 1 for id in project.gone)])
    current = project.current if any(take.id == project.current for take in takes) else 0
    return replace(project, takes=tuple(takes), current=current, next_take=highest)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def free_number(folder: Path) -> int:
    """The number after that of every take that lies in a folder, whoever made it."""
    with suppress(OSError):
        numbers = [int(path.name) for path in (folder / "takes").iterdir() if path.name.isdecimal()]
        return 1 + max(numbers, default=0)
    return 1


def _unused(folder: Path, stem: str) -> Path:
    return next(path for number in count(1) if not (path := folder / f"{stem}-{number}.json").exists())


def _aside(path: Path) -> Path | None:
    try:
        return path.replace(_unused(path.parent, "project.damaged"))
    except OSError:
        return None


def _reason(error: HitpointError) -> str:
    said = str(error)
    return said if said.startswith(("is ", "was ")) else f"cannot be understood ({said})"
