"""How smooth the panel is: the strip over 2,000 cuts, and how late a timer is while an edit is parsed and scored.

Times of one thread's own (CPU) do not depend on what else the machine does; lateness does, so an idle panel's stands beside it.
Run: QT_QPA_PLATFORM=offscreen python tests/benchmarks/panel.py
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import opentimelineio as otio
from machine import describe
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from hitpoint.plugin.demo.run import make_edit
from hitpoint.ui.app import build

BEAT = 5  # milliseconds between two ticks of the timer that is watched
SECONDS = 180
LIMIT = 600  # seconds that a step may take
ROOM = Path(tempfile.mkdtemp(prefix="hitpoint-panel-"))


def main() -> None:
    print(describe())
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["HITPOINT_CACHE"], os.environ["HITPOINT_SETTINGS"] = str(ROOM / "cache"), str(ROOM / "settings")
    app = QApplication([])
    scrolled(app)
    scored(app, long_demo())
    shutil.rmtree(ROOM, ignore_errors=True)


def scrolled(app: QApplication) -> None:
    spec = importlib.util.spec_from_file_location("samples", Path(__file__).parents[1] / "ui" / "panel" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    window = build(app)
    window.resize(1600, 900)
    window.show()
    window.desk.store.become(samples.two_thousand_cuts())
    for zoom in (1, 4, 12, 60):
        window.strip.fit()
        window.strip.zoom(zoom, 300.0)
        app.processEvents()
        spent = []
        for _ in range(60):
            start = time.thread_time()
            window.strip.look(window.strip.axis.moved(37))
            window.strip.repaint()
            spent.append(1000 * (time.thread_time() - start))
        print(
            f"2,000 cuts, zoom {zoom:3}: {sum(spent) / 60:5.1f} ms of CPU a scrolled frame, {max(spent):5.1f} at worst"
        )
    window.close()


def long_demo() -> Path:
    """The demo's edit over and over, for three minutes."""
    path = make_edit(ROOM / "demo")
    made = otio.adapters.read_from_file(str(path))
    times = -(-SECONDS // int(made.duration().to_seconds()))
    for track in made.tracks:
        once = [child.deepcopy() for child in track]
        for _ in range(times - 1):
            track.extend([child.deepcopy() for child in once])
    long = path.with_name("long.otio")
    otio.adapters.write_to_file(made, str(long), "otio_json")
    return long


def scored(app: QApplication, path: Path) -> None:
    window = build(app)
    window.show()
    store = window.desk.store
    late: list[float] = []
    last = time.monotonic()

    def tick() -> None:
        nonlocal last
        now = time.monotonic()
        late.append(1000 * (now - last) - BEAT)
        last = now

    timer = QTimer()
    timer.setInterval(BEAT)
    timer.timeout.connect(tick)
    timer.start()

    def watched(words: str, done: Callable[[], bool]) -> None:
        nonlocal last
        late.clear()
        last = start = time.monotonic()
        longest = 0.0
        while not done() and time.monotonic() - start < LIMIT:
            began = time.thread_time()
            app.processEvents()
            longest = max(longest, 1000 * (time.thread_time() - began))
            time.sleep(0.001)
        seconds = time.monotonic() - start
        said = f"a timer at most {max(late):4.0f} ms late, longest turn {longest:4.0f} ms of CPU"
        print(f"{words:28} {seconds:6.1f} s: {said}" + ("" if done() else " (not done)"))

    idle = time.monotonic()
    watched("idle", lambda: time.monotonic() - idle > 3)
    window.open(str(path))
    watched("three minutes, parsed", lambda: store.state.plan is not None)
    window.desk.session.score()
    watched("three minutes, scored", lambda: bool(store.state.takes) and store.state.heard is not None)
    window.close()


if __name__ == "__main__":
    main()
