"""The project: what a person shaped and made for one edit, kept in project.json beside the edit's score."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..runtime.errors import HitpointError, OutputError
from ..runtime.mix.files import writing
from .state.codec import from_json, to_json
from .state.panel import InOut, Panel, ScoreSettings, Settings, View
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
        raise HitpointError("was written by a newer Hitpoint")
    return from_json(Project, said)


def load(folder: Path) -> tuple[Project | None, str]:
    """The project in a folder, None where there is none, and what to say. What cannot be read is kept aside."""
    path = folder / NAME
    with suppress(OSError):
        for left in folder.glob(f".{NAME}.*"):  # of a panel that was killed while it saved
            left.unlink()
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, f"{path} cannot be read ({(error.strerror or str(error)).lower()}): this edit starts afresh"
    try:
        if len(data) > MOST_BYTES:
            raise HitpointError("is too large")
        return _sound(loads(data), folder), ""
    except HitpointError as error:
        aside = _aside(path)
        kept = f"it is kept as {aside.name}" if aside else "it could not be kept aside"
        return None, f"{path} {_reason(error)}: this edit starts afresh, {kept}"


def write(folder: Path, data: bytes) -> None:
    """In place of the old one by a rename, so that at every moment a whole one is there. Raises OutputError."""
    path = folder / NAME
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
    with a sentence; what is newest is tried again with the next change.
    """

    def __init__(self, folder: Path, failed: Callable[[str], None], delay: float = DELAY) -> None:
        self._folder, self._failed, self._delay = folder, failed, delay
        self._wake = threading.Condition()
        self._waiting: Project | None = None
        self._now = self._busy = self._ended = False
        self._said = False
        self._thread: threading.Thread | None = None

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
                write(self._folder, dumps(project))
                self._said = False
            except OutputError as error:
                if not self._said:
                    self._failed(f"{error}: the panel goes on, and tries again with the next change")
                self._said = True
            finally:
                with self._wake:
                    self._busy = False
                    self._wake.notify_all()


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


def _aside(path: Path) -> Path | None:
    for number in range(1, 1000):
        aside = path.with_name(f"project.damaged-{number}.json")
        if not aside.exists():
            try:
                return path.replace(aside)
            except OSError:
                return None
    return None


def _reason(error: HitpointError) -> str:
    said = str(error)
    return said if said.startswith(("is ", "was ")) else f"cannot be understood ({said})"
