"""A host at the other end of the service keeps the contract, whatever editor it is; and its bridge is not believed blindly."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from hitpoint.plugin.hosts import known, remote
from hitpoint.plugin.hosts.bridge import Work, asked
from hitpoint.plugin.hosts.loopback import Loopback
from hitpoint.plugin.hosts.protocol import HostClosed, HostRefused, Mark, Music, Sound
from hitpoint.plugin.hosts.remote import Remote
from hitpoint.runtime.errors import InputError, OutputError, UsageError

from .contract import Contract
from .fake import FakeStand
from .test_fake import CANNOT

KINDS = ((HostClosed, "closed"), (HostRefused, "refused"), (UsageError, "usage"), (InputError, "input"), (OutputError, "output"))  # fmt: skip


class Piece:
    """The piece inside an editor, for any host: one thread, one kept connection, as a small script has it."""

    def __init__(self, host, port, token, answer=None):
        self._host, self._token, self._answer = host, token, answer or self._real
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._session = ""
        self._session = self.call("POST", "/hello", {"protocol": 1, "host": "fake", "title": "A fake", "version": "1.0"})["session"]  # fmt: skip
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def call(self, method, path, said=None):
        headers = {"Authorization": f"Bearer {self._token}"}
        headers |= {"Hitpoint-Session": self._session} if self._session else {}
        self._line.request(method, path, None if said is None else json.dumps(said), headers)
        answer = self._line.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise ConnectionError(text)
        return json.loads(text) if text else {}

    def _serve(self):
        try:
            while (said := self.call("GET", "/next")).get("tell") != "bye":
                if "do" in said:
                    self.call("POST", "/done", {"id": said["id"], **self._answer(said)})
        except (OSError, http.client.HTTPException):
            pass
        self._line.close()

    def _real(self, said):
        try:
            return {"result": self._done(said["do"], said["with"])}
        except (InputError, OutputError, UsageError) as error:
            kind = next(kind for each, kind in KINDS if isinstance(error, each))
            return {"error": {"kind": kind, "message": str(error)}}

    def _done(self, do, given):
        if do == "playhead":
            return {"frame": self._host.playhead()}
        if do == "move":
            return self._host.move(given["frame"]) or {}
        if do in ("plan", "place"):
            sounds = tuple(Sound(Path(each["path"]), each["stem"]) for each in given["sounds"])
            marks = tuple(Mark(**each) for each in given["marks"])
            duck = tuple((frame, gain) for frame, gain in given["duck"])
            music = Music(sounds, given["frames"], given["rate"], given["provenance"], marks, duck)
            return asdict(getattr(self._host, do)(music))
        said = asdict(getattr(self._host, do)())
        return {**said, "project": str(said["project"])} if said.get("project") else said


class RemoteStand(FakeStand):
    """The fake editor, with its host at the far end of a service."""

    def __init__(self, cannot=None):
        super().__init__(cannot=cannot)
        self.services = []

    def host(self):
        service = Loopback(grace=0.2, poll=5)
        service.start()
        self.services.append(service)
        Piece(super().host(), service.port, service.token)
        host = Remote(service, "fake")
        host.wait(10)
        return host

    def quit(self):
        for service in self.services:
            service.close()


class TestRemote(Contract):
    @pytest.fixture
    def stand(self):
        stand = RemoteStand()
        yield stand
        stand.quit()


class TestRemoteThatCannotMuch(Contract):
    @pytest.fixture
    def stand(self):
        stand = RemoteStand(CANNOT)
        yield stand
        stand.quit()


@pytest.fixture
def answering():
    """A host whose piece answers what the test says."""
    services = []

    def make(answer):
        service = Loopback(grace=0.2, poll=5)
        service.start()
        services.append(service)
        Piece(None, service.port, service.token, answer)
        return Remote(service, "fake", patience=0.02)

    yield make
    for service in services:
        service.close()


ABOUT = {"title": "A fake", "version": "1", "cannot": {"duck": "it knows\nno volume", "fly": "no wings"}}


def after_about(result):
    return lambda said: {"result": ABOUT if said["do"] == "about" else result}


def test_what_it_cannot_is_told_in_one_line_and_unknown_abilities_are_left_out(answering):
    assert answering(after_about({})).about().cannot == {"duck": "it knows no volume"}


@pytest.mark.parametrize("result", [None, 1, [], {}, {"name": 1}, {"name": "a", "otio": None}, {"name": "a", "otio": "", "revision": 2}])  # fmt: skip
def test_an_answer_of_the_wrong_shape_is_refused_in_one_line(answering, result):
    host = answering(after_about(result))
    with pytest.raises(HostRefused, match="install it anew"):
        host.read()


@pytest.mark.parametrize(
    ("kind", "error"),
    [("closed", HostClosed), ("input", InputError), ("usage", UsageError), ("output", OutputError), ("refused", HostRefused), ("fault", HostRefused), ("odd", HostRefused)],
)  # fmt: skip
def test_what_went_wrong_there_is_raised_here(answering, kind, error):
    host = answering(lambda said: {"result": ABOUT} if said["do"] == "about" else {"error": {"kind": kind, "message": "no\nway"}})  # fmt: skip
    with pytest.raises(error, match="no way"):
        host.remove()


def test_a_host_that_does_not_answer_is_closed(answering):
    hold = threading.Event()
    host = answering(lambda said: {"result": ABOUT} if said["do"] == "about" else {"result": hold.wait(20)})
    with pytest.raises(HostClosed, match=r"within 0\.4 seconds: it may still be at it"):
        host.playhead()
    hold.set()


def test_a_host_that_is_not_there_is_said_soon_and_nothing_is_left(monkeypatch, tmp_path):
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path))
    with pytest.raises(HostClosed, match="hitpoint install blender"):
        remote.reach(known.Where("blender"), seconds=0.1)
    assert list((tmp_path / "meetings").iterdir()) == []


def test_a_note_for_a_meeting_is_for_the_user_alone_and_forgotten_ones_go(monkeypatch, tmp_path):
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path))
    folder = tmp_path / "meetings"
    folder.mkdir()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (folder / f"blender-{gone.pid}-4000.json").write_text("{}")
    seen = {}

    def meet():
        while not (notes := [*folder.glob(f"blender-{os.getpid()}-*.json")]):
            threading.Event().wait(0.01)
        seen["modes"] = (notes[0].stat().st_mode & 0o777, folder.stat().st_mode & 0o777)
        said = json.loads(notes[0].read_text())
        Piece(None, said["port"], said["token"], after_about({}))

    thread = threading.Thread(target=meet)
    thread.start()
    host = remote.reach(known.Where("blender"), seconds=10)
    thread.join()
    assert host.about().title == "A fake"
    assert os.name != "posix" or seen["modes"] == (0o600, 0o700)
    assert list(folder.iterdir()) == []
    host.close()


# The bridge's own process


def bridge(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "hitpoint", "bridge", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_the_bridge_says_where_it_is_and_ends_with_whoever_started_it(tmp_path):
    process = bridge("blender", "--started", cwd=tmp_path)
    process.stdin.write('{"token": "a-token-from-the-first-line"}\n')
    process.stdin.flush()
    said = json.loads(process.stdout.readline())
    assert set(said) == {"bridge", "port"}  # not the token
    piece = Piece(None, said["port"], "a-token-from-the-first-line", lambda _: {"result": ABOUT})
    with pytest.raises(ConnectionError, match="of another version"):
        Piece.call(_second(piece), "POST", "/ask", {"ask": "fly", "with": {}})
    process.stdin.close()
    assert process.wait(60) == 0
    piece.thread.join(20)
    assert not piece.thread.is_alive()
    process.stdout.close()
    process.stderr.close()


def _second(piece):
    """The same client on a line of its own."""
    other = object.__new__(Piece)
    other._token, other._session = piece._token, piece._session
    other._line = http.client.HTTPConnection("127.0.0.1", piece._line.port, timeout=30)
    return other


@pytest.mark.parametrize(
    ("arguments", "line", "words"),
    [
        (("blender", "--started"), "", "the first line of standard input"),
        (("blender", "--started"), "[]\n", "the first line of standard input"),
        (("blender", "--started"), '{"token": "short"}\n', "the first line of standard input"),
        (("files",), "", "no bridge runs in Timeline files"),
        (("nobody",), "", "there is no host 'nobody'"),
    ],
)
def test_a_bridge_that_was_asked_for_wrongly_says_so_in_one_line(tmp_path, arguments, line, words):
    process = bridge(*arguments, cwd=tmp_path)
    out, error = process.communicate(line, timeout=60)
    assert (process.returncode, out) == (2, "")
    assert words in error and len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "given", [{"seed": -1}, {"seed": True}, {"seed": "1"}, {"style": 3}, {"markers": "all"}, {"duck": "much"}, {"look": 1}, {"path": "/"}]
)  # fmt: skip
def test_a_wish_that_makes_no_sense_is_refused(given):
    with pytest.raises(UsageError):
        asked(given)
    work = Work("blender")
    with pytest.raises(UsageError):
        work.wish("score", given)
    assert work.wish("score", {}) == {}  # and the next one is taken
    with pytest.raises(UsageError, match="at work already"):
        work.wish("score", {})


def test_a_wish_is_what_the_command_line_would_have_been_asked():
    wish = asked({"seed": 7, "style": "jazz", "markers": "beats", "stem_tracks": True, "duck": "off"})
    assert (wish.seed, wish.asked.style, wish.markers, wish.stem_tracks, wish.duck) == (7, "jazz", "beats", True, None)
    assert asked({"duck": "keys"}).duck == asked({}).duck == 10.0
