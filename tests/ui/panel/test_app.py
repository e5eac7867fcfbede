"""`hitpoint panel`: what it takes, and what it says where it cannot be shown."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.ui import COMMANDS
from hitpoint.ui.app import run


def parser():
    return argparse.ArgumentParser(prog="hitpoint")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--host", "moviola"], "no host 'moviola'; there are .*blender"),
        (["--host", "kdenlive"], "reached by a file: name it"),
        (["--host", "blender", "cut.otio"], "asked what it has open: leave cut.otio out"),
    ],
)
def test_a_host_that_cannot_be_followed_so_is_said_before_a_window_opens(asked, words):
    with pytest.raises(UsageError, match=words):
        run(["panel", *asked], parser())


def test_an_edit_that_is_not_there_is_said_before_a_window_opens(tmp_path):
    with pytest.raises(InputError, match=r"gone\.otio: there is no such file"):
        run(["panel", str(tmp_path / "gone.otio")], parser())


def test_without_a_screen_it_says_so(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UsageError, match="there is no screen"):
        run(["panel"], parser())


def test_help_lists_the_panel_and_loads_no_qt():
    code = (
        "import sys; sys.argv = ['hitpoint', '--help']\n"
        "from hitpoint.__main__ import main\n"
        "main()\n"
        "assert not [name for name in sys.modules if name.startswith(('PySide6', 'numpy', 'av'))]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert COMMANDS["panel"].split()[0] in done.stdout
    assert "panel" in done.stdout


def test_building_the_window_loads_neither_numpy_nor_media_nor_timelines():
    code = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from hitpoint.ui.app import build\n"
        "app = QApplication([])\n"
        "window = build(app)\n"
        "window.show(); app.processEvents()\n"
        "assert window.grab().width() > 0\n"
        "slow = {'numpy', 'av', 'opentimelineio', 'librosa', 'onnxruntime', 'PySide6.QtMultimedia'} & set(sys.modules)\n"
        "window.close()\n"
        "assert not slow, slow\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
