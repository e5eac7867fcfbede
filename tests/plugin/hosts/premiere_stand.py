"""The panel for Premiere at work in Node on a stand-in of Premiere's scripting interface, and what a person does there."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from hitpoint.plugin.hosts.launchers import premiere
from hitpoint.plugin.hosts.loopback import Loopback
from hitpoint.plugin.hosts.remote import Remote

from .contract import Cut, Deed, Lying, silent_wav

DRIVER = Path(__file__).parent / "premiere_driver.js"
SECONDS = 30.0
TICKS = 254_016_000_000  # a second, by Adobe's documentation
# Adobe's numbers for what a sequence's display shows.
DISPLAYS = {
    ("30000/1001", True): 102,
    ("60000/1001", True): 106,
    ("30000/1001", False): 103,
    ("24000/1001", False): 110,
}


def node() -> str:
    for name in ("node", "nodejs"):
        if found := shutil.which(name):
            return found
    words = "node is not installed: apt-get install --no-install-recommends nodejs"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


class Premiere:
    """The stand-in at work, with the panel as `hitpoint install premiere` writes it."""

    def __init__(self, program: str, folder: Path, version: str) -> None:
        panel, data = folder / "panel", folder / "plugin data"
        data.mkdir(parents=True, exist_ok=True)
        for piece in premiere.pieces(Path("/our/python"), "1.2.3"):
            place = panel / piece.target
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(piece.data)
        self.version = version
        self.process = subprocess.Popen(
            [program, str(DRIVER), str(panel / premiere.NAME), str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    def do(self, deed: str, **given: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": deed, **given}) + "\n")
        self.process.stdin.flush()
        said = self._said.get(timeout=SECONDS)
        assert said is not None, "the stand-in ended"
        assert "error" not in said, said["error"]
        return said["answer"]

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Safe to call twice."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(SECONDS)


class PremiereStand:
    impossible: Mapping[Deed, str] = {"lock": "its interface tells no plugin which tracks are locked"}

    def __init__(self, program: str, folder: Path, version: str = "26.3.0") -> None:
        self._program, self._folder, self._version = program, folder, version
        self.path = folder / "a film" / "cut #1.prproj"
        self._premiere: Premiere | None = None
        self._services: list[Loopback] = []

    @property
    def premiere(self) -> Premiere:
        if self._premiere is None or not self._premiere.runs:
            self._premiere = Premiere(self._program, self._folder, self._version)
        return self._premiere

    def do(self, deed: str, **given: Any) -> Any:
        return self.premiere.do(deed, **given)

    def make(self, cut: Cut) -> None:
        per_frame = TICKS / Fraction(cut.rate)
        assert per_frame.denominator == 1
        ids = iter(range(1, 1000))
        items: list[dict[str, Any]] = []

        def laid(name: str, start: int, frames: int) -> dict[str, Any]:
            source = {"id": next(ids), "parent": 0, "name": name, "path": f"/f/{name}"}
            items.append(source | {"ticks": str(frames * per_frame)})
            ends = {"start": str(start * per_frame), "end": str((start + frames) * per_frame), "first": "0"}
            return {"id": next(ids), "source": source["id"], "name": name, **ends}

        starts = [0, *cut.cuts]
        shots = [laid(f"shot {n}.mov", *place) for n, place in enumerate(zip(starts, cut.shots, strict=True), 1)]
        sequence = {
            "guid": "11111111-aaaa",
            "name": cut.name,
            "perFrame": str(per_frame),
            "zero": str(cut.start * per_frame),
            "display": DISPLAYS.get((cut.rate, cut.drop), 101),
            "playhead": "0",
            "video": [{"id": next(ids), "name": "Video 1", "items": shots}],
            "audio": [{"id": next(ids), "name": "Audio 1", "locked": False, "items": [laid("voice.wav", 3, 20)]}],
            "markers": [
                {"id": next(ids), "name": name, "start": str(frame * per_frame), "comments": "", "color": 0}
                for frame, name in cut.markers
            ],
        }
        project = {"guid": "99999999-ffff", "path": str(self.path), "items": items, "last": 1000}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({**project, "sequences": [sequence], "active": sequence["guid"]}))
        self.do("open", version=self._version, file=str(self.path))

    def host(self) -> Remote:
        service = Loopback(grace=0.3)
        service.start()
        self._services.append(service)
        self.do("connect", port=service.port, token=service.token)
        host = Remote(service, "premiere")
        host.wait(SECONDS)
        return host

    def snapshot(self) -> Any:
        """The project, without the numbers that it counts by and without empty tracks: none can be deleted by a plugin."""
        project = self.do("project")
        for sequence in project["sequences"]:
            sequence["audio"] = [track for track in sequence["audio"] if track["items"]]
        return {name: value for name, value in project.items() if name != "last"}

    def sounds(self) -> Sequence[Lying]:
        return [Lying(track, start, frames, Path(path)) for track, start, frames, path in self.do("sounds")]

    def marks(self) -> Sequence[tuple[int, str]]:
        return [(frame, name) for frame, name, _ in self.do("marks")]

    def put_foreign_on_our_track(self) -> None:
        self.do("foreign", file=str(silent_wav(self._folder / "door.wav", 24, "24")))

    def move_ours(self) -> None:
        self.do("move")

    def lock_ours(self) -> None:
        self.do("lock")

    def put_marker(self, frame: int, name: str) -> None:
        self.do("mark", frame=frame, name=name)

    def close_host(self) -> None:
        self.do("save")
        self.premiere.end()

    def quit_halfway(self) -> None:
        self.do("silence", diesAfter=2)

    def reopen(self) -> None:
        if self.premiere.runs and self._opened():
            self.do("save")
        self.do("open", version=self._version, file=str(self.path))

    def _opened(self) -> bool:
        try:
            return self.do("project") is not None
        except AssertionError:
            return False

    def quit(self) -> None:
        for service in self._services:
            service.close()
        if self._premiere is not None:
            self._premiere.end()
