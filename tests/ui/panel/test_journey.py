"""From a fresh start to a written track by keys alone, with the real worker; then the same edit again."""

from __future__ import annotations

import av
import numpy as np
import opentimelineio as otio
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from hitpoint.ui.actions.actions import Actions
from hitpoint.ui.panel.desk import Desk
from hitpoint.ui.panel.window import Window
from hitpoint.ui.panel.write_dialog import WriteDialog
from hitpoint.ui.state.panel import Panel
from hitpoint.ui.state.store import Store
from hitpoint.ui.work.qt_bridge import QtSession

LONG = 60_000  # milliseconds that the slowest machine may take for a step


@pytest.fixture
def cut(make, tmp_path):
    """Six seconds of four shots, with their media."""
    for number, name in enumerate(("a", "b")):
        with av.open(str(tmp_path / f"{name}.mp4"), "w") as container:
            stream = container.add_stream("mpeg4", rate=24)
            stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
            for n in range(96):
                picture = np.full((36, 64, 3), (40 + 150 * number, 90, 200 - 150 * number), np.uint8)
                picture[:, n % 64] = 255
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            container.mux(stream.encode(None))
    clips = [
        make.clip(name, 36, 0 if n < 2 else 40, url=str(tmp_path / f"{name}.mp4")) for n, name in enumerate("abab")
    ]
    made = make.timeline(make.track(*clips), start=86400)
    path = tmp_path / "short.otio"
    path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")
    return path


@pytest.fixture
def open_panel(qapp, theme, tmp_path):
    made = []

    def start():
        store = Store(Panel())
        actions = Actions(store)
        bridge = QtSession(store, actions, qapp)
        window = Window(
            Desk(store, actions, bridge.session, theme), settings_file=tmp_path / "panel.json", find_device=lambda: None
        )
        window.resize(900, 700)
        window.show()
        made.append((window, bridge))
        return window

    yield start
    for window, bridge in made:
        window.close()
        bridge.deleteLater()


def key(window, code, modifiers=Qt.KeyboardModifier.NoModifier):
    """To whatever has the focus, as a keyboard does."""
    from PySide6.QtTest import QTest

    top = QApplication.activeModalWidget() or window
    QTest.keyClick(top.focusWidget() or top, code, modifiers)


CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def test_by_keys_alone_from_a_fresh_start_to_a_written_track_and_back(qtbot, open_panel, cut, monkeypatch):
    before = cut.read_bytes()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(cut), ""))
    window = open_panel()
    store = window.desk.store
    errors = lambda: [message.text for message in store.state.messages if message.kind == "error"]

    key(window, Qt.Key.Key_O, CTRL)
    qtbot.waitUntil(lambda: store.state.plan is not None, timeout=LONG)
    assert store.state.edit.parsed

    # Shaped, and undone.
    key(window, Qt.Key.Key_BracketRight)
    energy = store.state.plan.boards[0].energy
    key(window, Qt.Key.Key_Up, ALT)
    assert store.state.plan.boards[0].energy > energy
    key(window, Qt.Key.Key_Z, CTRL)
    assert store.state.plan.boards[0].energy == energy
    key(window, Qt.Key.Key_Down)
    key(window, Qt.Key.Key_H)  # a cut is a hit already: refused in a sentence
    assert store.state.messages

    # Scored, cancelled half-way, scored again.
    key(window, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(
        lambda: any(job.kind == "score" and job.state == "running" for job in store.state.jobs), timeout=LONG
    )
    key(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not any(job.active for job in store.state.jobs), timeout=LONG)
    assert store.state.takes == () or store.state.jobs[-1].state == "done"
    key(window, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: store.state.heard is not None and bool(store.state.waves), timeout=LONG)
    assert errors() == []
    takes = store.state.takes

    # Written, seen, and taken out again.
    key(window, Qt.Key.Key_W, CTRL)
    dialog = window.findChild(WriteDialog)
    qtbot.waitUntil(lambda: store.state.writing is not None, timeout=LONG)
    key(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: store.state.placed is not None, timeout=LONG)
    scored = otio.adapters.read_from_file(store.state.placed.out)
    assert "Hitpoint Score" in [track.name for track in scored.audio_tracks()]
    assert cut.read_bytes() == before
    while dialog.focusWidget() is not dialog.take_out:
        dialog.focusNextPrevChild(True)
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: store.state.placed is None, timeout=LONG)
    key(window, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert errors() == []

    # Closed, and opened again: what was made is there.
    plan = store.state.plan
    window.close()
    again = open_panel()
    key(again, Qt.Key.Key_O, CTRL)
    qtbot.waitUntil(lambda: again.desk.state.edit is not None and again.desk.state.edit.parsed, timeout=LONG)
    assert [take.id for take in again.desk.state.takes] == [take.id for take in takes]
    assert again.desk.state.plan == plan
