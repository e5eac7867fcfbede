"""A scored project in the real Kdenlive, on a display that nobody sees: it opens, has our track, and saves it unharmed."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
import wave

import pytest

from hitpoint.plugin.timeline import mlt_score, mlt_writing
from hitpoint.plugin.timeline.mlt_marks import Guide
from hitpoint.plugin.timeline.reading import read_edit

from .mlt_projects import Clip, kdenlive

PATIENCE = 60  # s, for a machine that is busy; it takes about eight
INSIDE = r"""
Xvfb -displayfd 3 -screen 0 1400x900x24 3>"$ROOM/display" >/dev/null 2>&1 &
screen=$!
until [ -s "$ROOM/display" ]; do sleep 0.1; done
export DISPLAY=":$(cat "$ROOM/display")"
kdenlive "$1" >"$ROOM/said" 2>&1 &
editor=$!
echo "$screen $editor" >"$ROOM/running"
wait $editor
kill $screen
"""


@pytest.fixture
def room(tmp_path, program):
    """A home and a bus of Kdenlive's own; `ask` calls it, None while it does not answer."""
    for name, package in (
        ("kdenlive", "kdenlive"), ("Xvfb", "xvfb"), ("dbus-run-session", "dbus"), ("dbus-send", "dbus"), ("mediainfo", "mediainfo"),
    ):  # fmt: skip
        program(name, package)
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True, mode=0o700)
    return home


class Kdenlive:
    def __init__(self, home, project):
        env = {
            key: value for key, value in os.environ.items() if not key.startswith(("DISPLAY", "WAYLAND", "DBUS", "QT_"))
        }
        self.home = home
        self.env = {
            **env, "HOME": str(home), "ROOM": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "XDG_CONFIG_HOME": str(home / "config"),
            "TMPDIR": str(home / "run"), "XDG_CACHE_HOME": str(home / "cache"), "XDG_DATA_HOME": str(home / "data"), "QT_QPA_PLATFORM": "xcb",
            "SDL_AUDIODRIVER": "dummy", "LIBGL_ALWAYS_SOFTWARE": "1", "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        script = 'echo "$DBUS_SESSION_BUS_ADDRESS" >"$ROOM/bus"\n' + INSIDE
        self.running = subprocess.Popen(
            ["dbus-run-session", "--", "bash", "-c", script, "kdenlive", str(project)],
            env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.name = self.wait(lambda: (re.findall(r"org\.kde\.kdenlive[\w-]*", self.ask_bus() or "") or [None])[0])

    def wait(self, found):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.running.poll() is not None:
                break
            if answer := found():
                return answer
            time.sleep(0.2)
        said = (self.home / "said").read_text(errors="replace")[-2000:] if (self.home / "said").exists() else ""
        raise AssertionError(f"Kdenlive did not get there:\n{said}")

    def send(self, name, path, method, *more):
        with contextlib.suppress(OSError):
            bus = (self.home / "bus").read_text().strip()
            done = subprocess.run(
                ["dbus-send", f"--bus={bus}", "--print-reply", f"--dest={name}", path, method, *more],
                capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            return done.stdout if done.returncode == 0 else None
        return None

    def ask_bus(self):
        return self.send("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames")

    def act(self, action):
        window = "/kdenlive/MainWindow_1"
        answer = self.send(self.name, window, "org.kde.KMainWindow.activateAction", f"string:{action}")
        return answer is not None and "true" in answer

    def title(self):
        """Of its window; the project's name is in it when it is open."""
        what = ("string:org.qtproject.Qt.QWidget", "string:windowTitle")
        return self.send(self.name, "/kdenlive/MainWindow_1", "org.freedesktop.DBus.Properties.Get", *what) or ""

    def quit(self):
        with contextlib.suppress(OSError, ValueError):
            for number in map(int, reversed((self.home / "running").read_text().split())):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, 9)
        self.running.kill()
        self.running.wait(PATIENCE)


def silent(path, seconds):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(48000)
        file.writeframes(bytes(round(seconds * 48000) * 6))
    return path


def test_kdenlive_opens_and_saves_a_scored_project(room, tmp_path):
    voice = silent(tmp_path / "voice.wav", 6)
    colors = [
        Clip(color, frames, service="color", length=125, more=(("mlt_image_format", "rgb"),))
        for color, frames in (("0xff0000ff", 50), ("0x00ff00ff", 40), ("0x0000ffff", 35))
    ]
    text = kdenlive([colors], [[Clip(str(voice), 120, length=150)]], modern=False, guides=[(50, "door")])
    path = tmp_path / "cut.kdenlive"
    (tmp_path / "cut.hitpoint").mkdir()
    wav = silent(tmp_path / "cut.hitpoint" / "score.wav", 5)
    sound = mlt_writing.Sound(wav, wav)
    marks = [Guide(90, "bar 3")]
    scored = mlt_writing.scored(text.encode(), 0, path, path, [sound], 125, provenance={"seed": 5}, markers=marks)
    path.write_bytes(scored.data)

    editor = Kdenlive(room, path)
    try:
        editor.wait(lambda: "cut" in editor.title())
        # Dialogs hold actions back: an action that is done, and a file that is written, say there is none.
        editor.wait(lambda: editor.act("file_save") and path.read_bytes() != scored.data)
        editor.wait(lambda: path.read_bytes().rstrip().endswith(b"</mlt>"))
    finally:
        editor.quit()

    saved = path.read_bytes()
    assert b"kdenliveversion" in saved and b"Hitpoint Score" in saved
    edit, _ = read_edit(path)
    before = read_edit(_written(tmp_path / "before.kdenlive", text))[0]
    assert [cut.frame for cut in edit.cuts] == [50, 90]
    assert (edit.frames, [t.name for t in edit.audio_tracks]) == (125, [t.name for t in before.audio_tracks])
    assert [(m.frame, m.name) for m in edit.markers] == [(50, "door")]  # ours are known, after Kdenlive wrote them anew
    planned = mlt_score.plan(saved, 0)
    assert (planned.name, len(planned.going)) == ("Hitpoint Score", 1)
    bare = mlt_score.remove(saved)
    assert (bare.names, bare.guides, bare.warnings) == (["Hitpoint Score"], 1, [])
    assert b"itpoint" not in bare.data.replace(str(tmp_path).encode(), b"")
    again = read_edit(_written(tmp_path / "bare.kdenlive", bare.data.decode()))[0]
    assert (again.cuts, again.frames, again.markers) == (before.cuts, before.frames, before.markers)


def _written(path, text):
    path.write_text(text, encoding="utf-8")
    return path
