"""A host that our piece inside it speaks for: Blender's add-on, Premiere's panel, Resolve's Lua script."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ...runtime.errors import HitpointError, InputError, OutputError, UsageError
from . import places
from .loopback import PROTOCOL, Failed, Gone, Loopback
from .protocol import Ability, About, HostClosed, HostRefused, Music, Opened, Placed, Plan, Removed, unable

if TYPE_CHECKING:
    from .known import Where

# The web origins that are allowed to call: UXP's, which are no web pages.
ORIGINS: Mapping[str, tuple[str, ...]] = {}
# The ports that are tried first: a UXP panel's manifest names every port that it may call.
PORTS: Mapping[str, tuple[int, ...]] = {"premiere": (47141, 47142, 47143, 47144)}
MEETING_SECONDS = 10.0  # a host looks every second

# Seconds that a host may take. A long timeline is read and a long sound is taken in while nothing else goes on there.
QUICK = 20.0
READING = 120.0
PLACING = 300.0

_ERRORS: Mapping[str, type[HitpointError]] = {
    "closed": HostClosed,
    "input": InputError,
    "usage": UsageError,
    "output": OutputError,
    "refused": HostRefused,
    "fault": HostRefused,
}


class Remote:
    """The host at the other end of a service. `patience` stretches or shortens how long it may take over anything."""

    def __init__(self, service: Loopback, name: str, patience: float = 1.0) -> None:
        self._service, self._name, self._patience = service, name, patience
        self._about: About | None = None

    @property
    def service(self) -> Loopback:
        return self._service

    def wait(self, seconds: float | None = None) -> None:
        """Until the host has come. Raises HostClosed where it does not."""
        if not self._service.met.wait(seconds) or self._service.client is None:
            raise HostClosed(f"{self._name} did not connect")

    def about(self) -> About:
        if self._about is None:
            said = _Said(self._name, self._do("about", {}, QUICK))
            told = said.mapping("cannot")
            abilities: tuple[Ability, ...] = get_args(Ability)
            cannot = {ability: " ".join(str(told[ability]).split()) for ability in abilities if ability in told}
            self._about = About(self._name, said.text("title"), said.text("version"), cannot)
        return self._about

    def read(self) -> Opened:
        self._may("read")
        said = _Said(self._name, self._do("read", {}, READING))
        project = said.value.get("project")
        return Opened(
            name=said.text("name"),
            otio=said.text("otio"),
            project=Path(project) if isinstance(project, str) and project else None,
            revision=said.text("revision"),
            drop_frame=said.value.get("drop_frame") is True,
            warnings=said.texts("warnings"),
        )

    def playhead(self) -> int:
        self._may("playhead")
        return _Said(self._name, self._do("playhead", {}, QUICK)).number("frame")

    def move(self, frame: int) -> None:
        self._may("move")
        self._do("move", {"frame": frame}, QUICK)

    def plan(self, music: Music) -> Plan:
        self._allowed(music)
        said = _Said(self._name, self._do("plan", self._sent(music), READING))
        return Plan(said.text("track"), said.texts("replaces"), said.texts("steps"), said.texts("warnings"))

    def place(self, music: Music) -> Placed:
        self._allowed(music)
        said = _Said(self._name, self._do("place", self._sent(music), PLACING))
        missing = list(said.texts("missing"))
        if music.marks and "markers" in self.about().cannot:
            missing.append(f"{len(music.marks)} markers: {self.about().cannot['markers']}")
        return Placed(said.texts("tracks"), said.number("marks"), tuple(missing), said.texts("warnings"))

    def remove(self) -> Removed:
        self._may("remove")
        said = _Said(self._name, self._do("remove", {}, PLACING))
        return Removed(said.texts("tracks"), said.number("marks"), said.texts("warnings"))

    def close(self) -> None:
        self._service.close()

    def _may(self, ability: Ability) -> None:
        about = self.about()
        if ability in about.cannot:
            self._there()
            raise unable(about, ability)

    def _there(self) -> None:
        """A host that is closed says so before anything else."""
        self._do("about", {}, QUICK)

    def _allowed(self, music: Music) -> None:
        self._may("place")
        if music.duck:
            self._may("duck")
        if any(sound.stem for sound in music.sounds):
            self._may("stems")
        for sound in music.sounds:
            if not sound.path.is_file():
                self._there()
                raise InputError(f"{sound.path}: there is no such file to put on the timeline")

    def _sent(self, music: Music) -> dict[str, Any]:
        marks = () if "markers" in self.about().cannot else music.marks
        return {
            "sounds": [{"path": str(sound.path.absolute()), "stem": sound.stem} for sound in music.sounds],
            "frames": music.frames,
            "rate": music.rate,
            "provenance": dict(music.provenance),
            "marks": [{"frame": mark.frame, "name": mark.name, "color": mark.color} for mark in marks],
            "duck": [[frame, gain] for frame, gain in music.duck],
        }

    def _do(self, command: str, given: Mapping[str, Any], seconds: float) -> Any:
        try:
            return self._service.command(command, given, seconds * self._patience)
        except Gone as error:
            raise HostClosed(f"{self._title()} is not there: {error}") from None
        except Failed as error:
            raise _ERRORS.get(error.kind, HostRefused)(str(error)) from None

    def _title(self) -> str:
        client = self._service.client
        return client.title if client is not None else self._name


class Met(Remote):
    """A host that was asked, by a file in a folder that only the user may read, to connect to us."""

    def __init__(self, service: Loopback, name: str, note: Path) -> None:
        super().__init__(service, name)
        self._note = note

    def close(self) -> None:
        super().close()
        with suppress(OSError):
            self._note.unlink(missing_ok=True)


def reach(where: Where, seconds: float = MEETING_SECONDS) -> Remote:
    """The host as it runs, if our piece is at work inside it. Raises HostClosed."""
    service = Loopback(origins=ORIGINS.get(where.name, ()), ports=PORTS.get(where.name, ()))
    service.start()
    note = note_for(where.name, service)
    host = Met(service, where.name, note)
    try:
        leave(note, {"protocol": PROTOCOL, "port": service.port, "token": service.token})
        if not service.met.wait(seconds) or service.client is None:
            raise HostClosed(
                f"{where.name} does not answer: start it, with what `hitpoint install {where.name}` put there switched on"
            )
    except BaseException:
        host.close()
        raise
    with suppress(OSError):
        note.unlink(missing_ok=True)
    return host


def meetings() -> Path:
    """Where hosts look for somebody who wants them: one file each, gone as soon as they met."""
    return places.data() / "meetings"


def note_for(name: str, service: Loopback) -> Path:
    return meetings() / f"{name}-{os.getpid()}-{service.port}.json"


def leave(note: Path, said: Mapping[str, Any]) -> None:
    """Writes a note that nobody but the user may read. Raises OutputError."""
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.parent.chmod(0o700)
        for other in note.parent.glob("*.json"):  # of a process that was killed
            if not _alive(other):
                other.unlink(missing_ok=True)
        staged = note.with_suffix(".part")
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(said, file)
        staged.replace(note)
    except OSError as error:
        raise OutputError(f"cannot write {note}: {(error.strerror or str(error)).lower()}") from None


def _alive(note: Path) -> bool:
    """Whether the process is there that left a note; taken to be where the system does not say."""
    number = note.stem.split("-")[-2:-1]
    if os.name != "posix" or not number or not number[0].isdecimal():
        return True
    try:
        os.kill(int(number[0]), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


class _Said:
    """An answer of a host's bridge, which may be of any version: believed only as far as it has the right shape."""

    def __init__(self, host: str, value: Any) -> None:
        self._host = host
        self.value: Mapping[str, Any] = value if isinstance(value, Mapping) else {}

    def text(self, name: str) -> str:
        value = self.value.get(name)
        if not isinstance(value, str):
            raise self._wrong(name)
        return value

    def number(self, name: str) -> int:
        value = self.value.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.value.get(name, [])
        if not isinstance(value, Iterable) or isinstance(value, str | Mapping):
            raise self._wrong(name)
        return tuple(" ".join(str(each).split()) for each in value)

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self.value.get(name, {})
        if not isinstance(value, Mapping):
            raise self._wrong(name)
        return value

    def _wrong(self, name: str) -> HostRefused:
        return HostRefused(f"the bridge in {self._host} answered without '{name}': install it anew")
