"""Hitpoint in DaVinci Resolve's menu: starts Hitpoint's own process, and carries out here what it asks of Resolve.

Runs in the Python that Resolve picked, 3.6 or later, with nothing but its standard library. The process speaks HTTP on this
machine alone, under a token that only its standard output says; docs/bridge.md has the wire format, resolve/far.py what goes
over it.
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PYTHON = "@HITPOINT_PYTHON@"
VERB = "@HITPOINT_VERB@"  # score, remove or panel
PROTOCOL = 1
POLL_SECONDS = 60.0  # longer than the other side lets a poll wait
CALLS = "@HITPOINT_CALLS@"
ALLOWED = frozenset(CALLS.split())
VALUES = ("EXPORT_NONE", "EXPORT_OTIO")
# What Resolve's own Python was told, and ours must not hear.
NOT_FOR_US = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONEXECUTABLE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Refused(Exception):
    """The other side said no; the words are for a person."""


class Things:
    """Resolve's objects by number; 0 is Resolve itself."""

    def __init__(self, resolve: Any) -> None:
        self._held = {0: resolve}
        self._last = 0

    def carried_out(self, what: str, given: Any) -> Any:
        """What a command comes to. Raises an error in words."""
        for number in given.get("drop", []):
            self._held.pop(number, None)
        thing, name = self._held.get(given["on"]), str(given.get("name", ""))
        if what == "names":
            return self.out([] if thing is None else [each for each in dir(thing) if each in ALLOWED])
        if what == "value" and name in VALUES:
            return self.out(getattr(thing, name, None))
        if what != "call" or name not in ALLOWED:
            raise ValueError(f"'{what} {name}' is not carried out: hitpoint install resolve")
        method = getattr(thing, name, None)
        return None if method is None else self.out(method(*[self.taken(each) for each in given["given"]]))

    def out(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if value - value == 0 else None  # JSON has no infinity
        if isinstance(value, dict):
            return {"map": [[key, self.out(inner)] for key, inner in value.items()]}
        if isinstance(value, (list, tuple)):
            return {"list": [self.out(inner) for inner in value]}
        self._last += 1
        self._held[self._last] = value
        return {"ref": self._last}

    def taken(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if "ref" in value:
            return self._held.get(value["ref"])
        if "list" in value:
            return [self.taken(each) for each in value["list"]]
        return {key: self.taken(each) for key, each in value.get("map", [])}


class Service:
    """One process of ours, by where it listens."""

    def __init__(self, port: int, token: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=POLL_SECONDS)
        self._fields = {"Authorization": "Bearer " + token, "Connection": "keep-alive"}

    def hello(self, resolve: Any) -> None:
        title, version = resolve.GetProductName() or "DaVinci Resolve", resolve.GetVersionString() or "unknown"
        said = {"protocol": PROTOCOL, "host": "resolve", "title": str(title), "version": str(version)}
        self._fields["Hitpoint-Session"] = self.exchange("POST", "/hello", said)["session"]

    def exchange(self, method: str, path: str, said: Any = None) -> Any:
        """What was answered, empty where nothing was said."""
        body = None if said is None else json.dumps(said).encode("ascii")
        fields = dict(self._fields)
        if body is not None:
            fields["Content-Type"] = "application/json"
        self._line.request(method, path, body, fields)
        answer = self._line.getresponse()
        text = answer.read()
        told = json.loads(text.decode("utf-8")) if text else {}
        if answer.status >= 400:
            raise Refused(str(told.get("error", answer.status)))
        return told

    def close(self) -> None:
        self._line.close()


def serve(service: Service, resolve: Any, wish: str) -> None:
    """Serves one process until it says goodbye, or until what was wished for is done."""
    things, told = Things(resolve), -1
    service.hello(resolve)
    if wish:
        service.exchange("POST", "/ask", {"ask": wish, "with": {}})
    while True:
        message = service.exchange("GET", "/next")
        if "do" in message:
            answer = {"id": message["id"]}
            try:
                answer["result"] = things.carried_out(message["do"], message["with"])
            except Exception as error:
                answer["error"] = {"kind": "fault", "message": f"{type(error).__name__}: {error}"}
            service.exchange("POST", "/done", answer)
        elif message.get("tell") == "bye":
            return
        elif message.get("tell") == "progress":
            tenth = int(float(message.get("fraction", 0)) * 10)
            if tenth > told:
                told = tenth
                say(f"{tenth * 10} %, {message.get('words', '')}")
        elif "tell" in message:
            say(str(message.get("words", "")))
            for words in message.get("warnings", []):
                say(str(words))
            if wish:
                service.exchange("POST", "/bye", {})
                return


def say(words: str) -> None:
    print("Hitpoint: " + words)
    sys.stdout.flush()


def found() -> Any:
    """Resolve, which its menu gives to a script as a global."""
    known = globals().get("resolve")
    if known is None and globals().get("bmd") is not None:
        known = globals()["bmd"].scriptapp("Resolve")
    return known


def main() -> None:
    resolve = found()
    if resolve is None:
        say("run it from Workspace > Scripts: there is no Resolve here")
        return
    if not Path(PYTHON).is_file():
        say(f"its Python is gone ({PYTHON}): hitpoint install resolve")
        return
    panel = VERB == "panel"
    command = ["-m", "hitpoint.plugin.hosts.resolve.door"] if panel else ["-m", "hitpoint", "bridge", "resolve"]
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_US}
    no_console = 0x08000000 if os.name == "nt" else 0
    process = subprocess.Popen(
        [PYTHON, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=tempfile.gettempdir(),
        creationflags=no_console,
    )
    assert process.stdout is not None
    silent = True
    for line in process.stdout:
        silent = False
        try:
            said = json.loads(line.decode("utf-8"))
            where = (int(said["port"]), str(said["token"])) if "port" in said else None
        except (ValueError, TypeError, KeyError):
            continue
        if where is None:
            say(str(said.get("words", "")))
            continue
        service = Service(*where)
        try:
            serve(service, resolve, "" if panel else VERB)
        except (OSError, http.client.HTTPException, ValueError, Refused) as error:
            if not panel:  # else: it went away, and there may be another
                say(str(error) or type(error).__name__)
        finally:
            service.close()
        if not panel:
            break
    process.stdout.close()
    process.wait()
    if silent and not panel:
        say(f"{PYTHON} does not start; this puts it right: hitpoint install resolve")


main()
