"""A real Blender, and what a person does in it."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from hitpoint.plugin.hosts import installing
from hitpoint.plugin.hosts.loopback import Loopback
from hitpoint.plugin.hosts.remote import Remote

from .contract import Cut, Deed, Lying, silent_wav

DRIVER = Path(__file__).parent / "blender_driver.py"
STILL = 3000  # frames: a shot that is longer is a still
SECONDS = 120.0
SIZE = (64, 36)


def program() -> list[str]:
    """Debian's Blender, without a window."""
    found = shutil.which("blender")
    if found:
        return [found, "-b", "--factory-startup", "--python-exit-code", "3", "--python", str(DRIVER)]
    return _without("blender is not installed: apt-get install --no-install-recommends blender")


def wheel() -> list[str]:
    """Blender as a Python module, of a later version; HITPOINT_TEST_BPY names the Python that has it."""
    found = os.environ.get("HITPOINT_TEST_BPY", "")
    if found and Path(found).is_file():
        return [found, str(DRIVER)]
    return _without("HITPOINT_TEST_BPY names no Python that has bpy")


def _without(words: str) -> list[str]:
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


def movie(path: Path, rate: str, frames: int) -> Path:
    """A film of so many frames, each of another grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=Fraction(rate))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            picture = np.full((SIZE[1], SIZE[0], 3), 40 + number * 7 % 180, np.uint8)
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))
    return path


def still(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="image2") as film:
        stream = film.add_stream("png", rate=24)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "rgb24"
        picture = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
        film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))
    return path


class Blender:
    """A running Blender with the add-on switched on, installed as a user installs it."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        scripts = folder / "scripts"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment |= {"BLENDER_USER_SCRIPTS": str(scripts), "BLENDER_USER_CONFIG": str(folder / "config")}
        environment |= {"HITPOINT_DATA": str(folder / "data"), "PYTHONDONTWRITEBYTECODE": "1"}
        if not scripts.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("HITPOINT_DATA", str(folder / "data"))
                installing.install("blender", scripts / "addons", python=Path(sys.executable))
        self.log = folder / "blender.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
            )
        self._said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.version = str(self._next()["ready"])
        self.do("enable")

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("@@"):
                self._said.put(json.loads(line[2:]))
            else:
                with self.log.open("a") as log:
                    log.write(line)
        self._said.put(None)

    def _next(self) -> dict[str, Any]:
        said = self._said.get(timeout=SECONDS)
        assert said is not None, f"Blender ended: {self.log.read_text(errors='replace')[-2000:]}"
        return said

    def do(self, deed: str, **given: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": deed, **given}) + "\n")
        self.process.stdin.flush()
        said = self._next()
        assert "error" not in said, said["error"]
        return said["answer"]

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        """Safe to call twice."""
        assert self.process.stdin is not None
        if self.runs:
            self.process.stdin.close()  # the driver goes when nobody speaks to it any more
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Room:
    """Keeps one Blender running from test to test: starting it takes seconds."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.command, self.folder = command, folder
        self._blender: Blender | None = None
        self._media: dict[tuple[str, int], Path] = {}

    @property
    def blender(self) -> Blender:
        if self._blender is None or not self._blender.runs:
            self._blender = Blender(self.command, self.folder)
        return self._blender

    def medium(self, rate: str, frames: int) -> Path:
        """A file of that length, made once."""
        key = (rate, frames)
        if key not in self._media:
            name = f"{rate.replace('/', '_')}-{frames}"
            make = self.folder / "media"
            self._media[key] = (
                still(make / f"{name}.png") if frames > STILL else movie(make / f"{name}.mp4", rate, frames)
            )
        return self._media[key]

    def close(self) -> None:
        if self._blender is not None:
            self._blender.end()


class BlenderStand:
    impossible: Mapping[Deed, str] = {"drop": "Blender counts no drop-frame timecode"}

    def __init__(self, room: Room, folder: Path) -> None:
        self._room, self._folder = room, folder
        self._path = folder / "project" / "cut.blend"
        self._services: list[Loopback] = []

    def do(self, deed: str, **given: Any) -> Any:
        return self._room.blender.do(deed, **given)

    def run(self, code: str) -> Any:
        return self.do("run", code=code)

    def make(self, cut: Cut) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        rate = Fraction(cut.rate)
        fps, base = (rate.numerator // 1000, 1.001) if rate.denominator == 1001 else (int(rate), 1.0)
        shots = []
        for number, frames in enumerate(cut.shots):  # each of a medium of its own
            shared = self._room.medium(cut.rate, frames)
            own = self._folder / "media" / f"{number + 1}{shared.suffix}"
            own.parent.mkdir(exist_ok=True)
            if not own.exists():
                shutil.copyfile(shared, own)
            shots.append((str(own), frames))
        self.do(
            "make",
            path=str(self._path),
            fps=fps,
            base=base,
            start=cut.start or 1,  # where Blender's scenes start by habit
            frames=cut.frames,
            shots=shots,
            markers=cut.markers,
            name=cut.name,
        )

    def host(self) -> Remote:
        service = Loopback(grace=0.3)
        service.start()
        self._services.append(service)
        self.do("connect", port=service.port, token=service.token)
        host = Remote(service, "blender")
        host.wait(20)
        return host

    def snapshot(self) -> Any:
        return self.do("snapshot")

    def sounds(self) -> Sequence[Lying]:
        return [Lying(track, start, frames, path and Path(path)) for track, start, frames, path in self.do("sounds")]

    def marks(self) -> Sequence[tuple[int, str]]:
        return [(frame, name) for frame, name in self.do("marks")]

    def put_foreign_on_our_track(self) -> None:
        self.do("foreign", path=str(silent_wav(self._folder / "mine.wav", 20, "24")))

    def move_ours(self) -> None:
        self.do("move", frames=5)

    def lock_ours(self) -> None:
        self.do("lock")

    def put_marker(self, frame: int, name: str) -> None:
        self.do("mark", frame=frame, name=name)

    def close_host(self) -> None:
        self.do("save")
        self._room.blender.end()

    def quit_halfway(self) -> None:
        self.do("doom")

    def reopen(self) -> None:
        blender = self._room._blender
        if blender is not None and blender.runs:
            self.do("reload")
        else:
            self.do("open", path=str(self._path))

    def quit(self) -> None:
        for service in self._services:
            service.close()
