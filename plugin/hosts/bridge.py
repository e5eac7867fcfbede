"""`hitpoint bridge HOST`: serves the piece of ours inside an editor, as long as the editor is there.

The first line on standard output says where: {"bridge": 1, "port": 40123}. With --started, by that piece itself, the first
line of standard input is {"token": "..."}, and the end of standard input is the end of the editor; else the answer names a
token that the service made up. A piece that cannot start us finds the same in a note, or is told by a person.
"""

from __future__ import annotations

import json
import os
import queue
import re
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...runtime.errors import Cancelled, HitpointError, UsageError
from .known import known
from .loopback import Loopback
from .remote import ORIGINS, PORTS, Remote, leave, note_for

if TYPE_CHECKING:
    from pathlib import Path

    from ..scoring import Wish
    from .protocol import Host

ARRIVAL_SECONDS = 120.0  # so long a host that started us may take to connect
GOODBYE_SECONDS = 20.0  # for what is at work to notice that it is cancelled
STEP = 0.005  # of the whole: finer progress is not told
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,200}")
DUCK = ("sound", "keys", "off")
BY_NOTE = ("premiere",)  # a UXP panel starts no process


def run(name: str, started: bool = False) -> dict[str, Any]:
    """Serves one client until it is gone. Raises UsageError, and OutputError where nobody may listen here."""
    host = known(name)
    if host.kind != "live":
        raise UsageError(f"no bridge runs in {host.title}: {host.how}")
    token = _token() if started else None
    work = Work(host.name)
    origins, ports = ORIGINS.get(host.name, ()), PORTS.get(host.name, ())
    with Loopback(token, origins=origins, ports=ports, asked=work.wish) as service:
        work.serve(service)
        if started:
            threading.Thread(target=_until_the_end, args=(service,), name="hitpoint-parent", daemon=True).start()
        said: dict[str, Any] = {"bridge": 1, "port": service.port}
        if token is None:
            said["token"] = service.token
        note = note_for(host.name, service) if token is None and host.name in BY_NOTE else None
        try:
            if note is not None:
                leave(note, said)
                print(f"the folder to show to the panel: {note.parent}", file=sys.stderr, flush=True)
            print(json.dumps(said), flush=True)
            if service.met.wait(ARRIVAL_SECONDS if started else None):
                _withdraw(note)
                service.ended.wait()
        finally:
            _withdraw(note)
            work.stop()
    return {"host": host.name, "warnings": []}


def _withdraw(note: Path | None) -> None:
    if note is not None:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _token() -> str:
    """From the first line of standard input: what is among the arguments or in the environment, others can read."""
    line = b""
    while not line.endswith(b"\n") and len(line) < 1000:
        more = os.read(0, 1)
        if not more:
            break
        line += more
    try:
        said = json.loads(line)
        token = str(said["token"])
    except (ValueError, TypeError, KeyError):
        token = ""
    if not _TOKEN.fullmatch(token):
        raise UsageError('--started: the first line of standard input says {"token": "..."}')
    return token


def _until_the_end(service: Loopback) -> None:
    """Standard input ends when whoever started us does, in whatever way."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    service.close()


class Work:
    """What the client may wish for, one thing at a time, on a thread of its own. News of it go to the client."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._service: Loopback | None = None
        self._wishes: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._busy = threading.Event()
        self._cancelled = threading.Event()
        self._over = threading.Event()
        self._told = -1.0
        self._words = ""
        self._thread: threading.Thread | None = None

    def serve(self, service: Loopback) -> None:
        self._service = service
        self._thread = threading.Thread(target=self._work, name="hitpoint-work", daemon=True)
        self._thread.start()

    def wish(self, what: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """On the service's thread: begins or cancels. Raises UsageError."""
        if what == "cancel":
            self._cancelled.set()
            if not self._busy.is_set() and self._service is not None:
                self._service.tell("cancelled", words="cancelled")
            return {}
        if what not in ("score", "remove"):
            raise UsageError(f"there is no '{what}' to ask for: the bridge is of another version")
        if self._busy.is_set():
            raise UsageError("Hitpoint is at work already: cancel that first")
        if what == "score":
            _check(given)
        self._cancelled.clear()
        self._busy.set()
        self._wishes.put((what, dict(given)))
        return {}

    def stop(self) -> None:
        """The client is gone: what is at work ends at its next step, before it has changed anything."""
        self._over.set()
        self._cancelled.set()
        self._wishes.put(None)
        if self._thread is not None:
            self._thread.join(GOODBYE_SECONDS)
            if self._thread.is_alive():  # a library that does not come back
                sys.stdout.flush()
                os._exit(130)

    def _work(self) -> None:
        while True:
            item = self._wishes.get()
            if item is None or self._service is None:
                return
            self._told = -1.0
            news: dict[str, Any]
            try:
                news = self._do(self._service, *item)
            except Cancelled:
                news = {"tell": "cancelled", "words": "cancelled; the timeline is as it was"}
            except HitpointError as error:
                news = {"tell": "failed", "words": " ".join(str(error).split())}
            except Exception as error:
                news = {"tell": "failed", "words": _fault(error)}
            self._busy.clear()
            if not self._over.is_set():
                self._service.tell(news.pop("tell"), **news)

    def _do(self, service: Loopback, what: str, given: Mapping[str, Any]) -> dict[str, Any]:
        from .. import hosting

        host = _at(service, self._host)
        if what == "remove":
            bare = hosting.take_off(host)
            words = f"removed {', '.join(bare.tracks)}" if bare.tracks else "nothing was removed"
            return {"tell": "done", "words": words, "warnings": list(bare.warnings)}
        self._progress(0.0, "reading the timeline")
        session = hosting.opened(host)
        duck_there = given.get("duck") == "keys" and not given.get("stem_tracks")
        done = hosting.score(session, asked(given), duck_there=duck_there, progress=self._progress)
        hits = sum(done.report[word] for word in ("landed", "near", "missed"))
        words = f"{done.report['landed']} of {hits} hits landed: '{done.report['track']}'"
        warnings = [*(f"not there: {each}" for each in done.placed.missing), *done.report["warnings"]]
        return {"tell": "done", "words": words, "warnings": warnings, "folder": str(done.take)}

    def _progress(self, fraction: float, words: str) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        if self._service is not None and (abs(fraction - self._told) >= STEP or words != self._words):
            self._told, self._words = fraction, words
            self._service.tell("progress", fraction=round(fraction, 4), words=words)


def _at(service: Loopback, name: str) -> Host:
    """The host at the other end: Resolve's scripts hand over its objects, the others carry out commands."""
    if name == "resolve":
        from .resolve import through

        return through(service)
    return Remote(service, name)


def asked(given: Mapping[str, Any]) -> Wish:
    """What the client's settings come to. Raises UsageError."""
    from ...runtime.mix.ducking import DEPTH
    from .. import looking, scoring, spotting

    _check(given)
    look = looking.USUAL if given.get("look", True) else looking.Wanted(picture=False)
    return scoring.Wish(
        engine=str(given.get("engine", "composer")),
        seed=int(given.get("seed", 0)),
        duck=None if given.get("duck") == "off" else DEPTH,
        stem_tracks=bool(given.get("stem_tracks", False)),
        markers=given.get("markers", "none"),
        look=look,
        asked=spotting.Asked(style=given.get("style")),
    )


_KINDS: Mapping[str, type] = {
    "engine": str,
    "style": str,
    "markers": str,
    "duck": str,
    "seed": int,
    "stem_tracks": bool,
    "look": bool,
}


def _check(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        kind = _KINDS.get(name)
        if kind is None:
            raise UsageError(f"a score has no '{name}': the bridge is of another version")
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise UsageError(f"'{name}' is not {value!r}")
    if given.get("markers", "none") not in ("none", "storyboards", "beats"):
        raise UsageError("'markers' is none, storyboards or beats")
    if given.get("duck", "sound") not in DUCK:
        raise UsageError(f"'duck' is {', '.join(DUCK)}")
    if not 0 <= given.get("seed", 0) < 2**63:
        raise UsageError("'seed' is a whole number from 0 on")


def _fault(error: Exception) -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="hitpoint-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    return f"this is a fault of ours ({type(error).__name__}); the details are in {log.name}"
