"""What tests of the widgets share: a state with pictures, beats and takes, a session that only listens, a window."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtGui import QColor, QImage

from hitpoint.runtime.edit import Cut, Edit, Shot
from hitpoint.runtime.mix.wav import WavWriter
from hitpoint.runtime.rate import Rate
from hitpoint.ui.actions.actions import Actions
from hitpoint.ui.panel.desk import Desk
from hitpoint.ui.panel.window import Window
from hitpoint.ui.state import waveform
from hitpoint.ui.state.edit import Reasons, SeenEdit, ShotLook, Speech, Swatch
from hitpoint.ui.state.panel import Panel
from hitpoint.ui.state.plan import Board, HitMark, Plan
from hitpoint.ui.state.seeds import digest_of
from hitpoint.ui.state.store import Store
from hitpoint.ui.state.take import Heard, HeardHit, LaidBoard, Take, Wave
from hitpoint.ui.theme.theme import Theme

INKS = ("#28406e", "#3c6478", "#8c503c", "#c87828", "#46283c", "#5a8c50", "#b4aa78", "#1e2837", "#96b4c8")


class Listening:
    """A session that notes what it is asked for, and does nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *values, **more: self.asked.append((name, *values, *([more] if more else [])))

    def names(self) -> list[str]:
        return [each[0] for each in self.asked]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """One small JPEG a shot, and the waveform and sound of a take of 20 seconds."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for n, ink in enumerate(INKS):
        image = QImage(160, 90, QImage.Format.Format_RGB32)
        image.fill(QColor(ink))
        for x in range(20 + 12 * n % 120, 60 + 12 * n % 120):
            for y in range(30, 70):
                image.setPixelColor(x % 160, y, QColor(ink).lighter(150))
        path = folder / f"{n}.jpg"
        image.save(str(path), "JPG")
        paths.append(str(path))
    low_high = []
    for n in range(20 * 48000 // waveform.FINEST):
        loud = int(30 + 60 * abs(math.sin(n / 90)) * (1 - n % 94 / 130))
        low_high += [-loud, loud]
    peaks = folder / "peaks.bin"
    peaks.write_bytes(waveform.encode(20 * 48000, 48000, low_high))
    return SimpleNamespace(folder=folder, shots=paths, peaks=str(peaks))


@pytest.fixture(scope="session")
def takes_folder(tmp_path_factory):
    """Two takes of 20 s: a quiet tone, and a louder one."""
    import numpy as np

    folder = tmp_path_factory.mktemp("takes")
    moments = np.arange(20 * 48000) / 48000
    for number, level in ((1, 0.25), (2, 0.5)):
        (folder / f"{number:02}").mkdir()
        tone = (level * np.sin(2 * np.pi * 441 * moments)).astype(np.float32)
        with WavWriter(folder / f"{number:02}" / "score.wav") as file:
            file.write(np.stack([tone, tone], axis=1))
    return folder


@pytest.fixture
def shown(panel: Panel, pictures, takes_folder) -> Panel:
    """The small edit, looked at and scored twice; its second hit only near, its third missed."""
    assert panel.edit and panel.plan
    looks = tuple(
        ShotLook(0.4, 0.1, 0.2 + 0.08 * n, (Swatch(INKS[n], 0.7), Swatch("#10141c", 0.3)), True, pictures.shots[n])
        for n in range(len(panel.edit.edit.shots))
    )
    motion = tuple(0.5 + 0.4 * math.sin(n / 7) for n in range(200))
    found = replace(panel.edit.edit, shots=tuple(replace(shot, online=True) for shot in panel.edit.edit.shots))
    seen = replace(
        panel.edit, edit=found, looks=looks, speech=(Speech(50, 110), Speech(310, 350)), motion=motion,
        reasons=(Reasons(0, 130, ("cold colours", "little movement")), Reasons(130, 300, ("warm colours",))),
    )  # fmt: skip
    plan = panel.plan
    hits = tuple(HeardHit(hit.frame, hit.name, float(plan.seconds(hit.frame)), "landed", "beat") for hit in plan.hits)
    hits = (
        hits[0],
        replace(hits[1], outcome="near", place=""),
        replace(hits[2], outcome="missed", at=None, place=""),
        *hits[3:],
    )
    boards = tuple(
        LaidBoard(b.start, b.end, b.name, b.tempo, b.beats, tuple(range(0, len(b.beats), b.metre))) for b in plan.boards
    )
    digest = digest_of(plan, panel.score)
    first = Take(
        1,
        "Take 1",
        str(takes_folder / "01"),
        landed=len(hits) - 2,
        near=1,
        missed=1,
        loudness=-16.0,
        digest=digest,
        seconds=20.0,
    )
    second = replace(
        first,
        id=2,
        name="Take 2",
        folder=str(takes_folder / "02"),
        seed=7,
        digest="older",
        stars=2,
        notes="a calmer start",
    )
    heard = Heard(1, str(takes_folder / "01" / "score.wav"), "", hits, boards)
    return replace(
        panel, edit=seen, takes=(first, second), current=1, heard=heard,
        waves=(Wave(1, pictures.peaks), Wave(2, pictures.peaks)),
    )  # fmt: skip


@pytest.fixture(scope="session")
def theme(qapp):
    return Theme(qapp, "dark")


@pytest.fixture
def make_desk(theme):
    def make(state: Panel, colours: str = "dark"):
        theme.want(colours)
        store = Store(state)
        return Desk(store, Actions(store), Listening(), theme)

    return make


@pytest.fixture
def desk(make_desk, shown):
    return make_desk(shown)


@pytest.fixture
def make_window(make_desk, qtbot, tmp_path):
    made = []

    def make(state: Panel, width: int = 1100, height: int = 760, colours: str = "dark", find_device=lambda: None):
        window = Window(make_desk(state, colours), settings_file=tmp_path / "panel.json", find_device=find_device)
        window.resize(width, height)
        window.show()
        qtbot.waitExposed(window)
        made.append(window)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(make_window, shown):
    return make_window(shown)


@pytest.fixture(scope="session")
def many() -> Panel:
    return two_thousand_cuts()


def two_thousand_cuts() -> Panel:
    """2,000 cuts in an hour and more at 25 frames a second, forty storyboards, a hit on each cut."""
    edges = range(0, 100_051, 50)
    shots = tuple(Shot(a, b, f"shot {a}", f"{a}.mov", True, ()) for a, b in pairwise(edges))
    edit = Edit(
        "long", Rate.of(25), edges[-1], 90000, False, 0, edges[-1], tuple(Cut(f) for f in edges[1:-1]), (), (), shots
    )
    inks = [Swatch(INKS[n % len(INKS)], 1.0) for n in range(len(shots))]
    seen = SeenEdit("/edits/long.otio", edit, True, tuple(ShotLook(palette=(ink,), known=True) for ink in inks))
    starts = range(0, edges[-1], 2500)
    boards = tuple(
        Board(n + 1, f"Part {n + 1}", a, min(a + 2500, edges[-1]), 120.0, valence=math.sin(n), energy=0.5 + 0.4 * math.cos(n),
              beats=tuple(a / 25 + k * 0.5 for k in range(200)), beats_at=120.0)
        for n, a in enumerate(starts)
    )  # fmt: skip
    outcomes = ("landed", "landed", "near", "landed", "missed")
    hits = tuple(
        HitMark(1000 + n, frame, "cut", at=frame / 25, outcome=outcomes[n % 5]) for n, frame in enumerate(edges[1:-1])
    )
    curve = tuple((a, 0.5 + 0.4 * math.sin(a / 9000)) for a in range(0, edges[-1], 500))
    return Panel(
        edit=seen,
        plan=Plan("long", edit.rate, edit.frames, 90000, boards=boards, hits=hits, energy=curve, next_id=9000),
    )


@pytest.fixture(autouse=True)
def settled(qapp):
    """Nothing of one test is left for the next."""
    yield
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    qapp.processEvents()
