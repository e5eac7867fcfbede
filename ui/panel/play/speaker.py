"""The loudspeaker as a clock. QtMultimedia is loaded once the panel stands."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from ....runtime.rate import SAMPLE_RATE
from .feeding import Feed
from .transport import Route, Steady

if TYPE_CHECKING:
    from PySide6.QtCore import QIODevice
    from PySide6.QtMultimedia import QAudioSink

FRAME_BYTES = 4
BUFFER = SAMPLE_RATE // 10  # samples that the device holds
REFILL = 15  # milliseconds


def device() -> Any | None:
    """The system's sound output; None where there is none, or where QtMultimedia cannot be loaded."""
    try:
        from PySide6.QtMultimedia import QMediaDevices
    except ImportError:
        return None
    found = QMediaDevices.defaultAudioOutput()
    return None if found.isNull() else found


def load() -> None:
    """Loads QtMultimedia in a thread, so that nobody waits for it when play is pressed."""

    def import_() -> None:
        with suppress(ImportError):
            import_module("PySide6.QtMultimedia")

    threading.Thread(target=import_, name="hitpoint multimedia", daemon=True).start()


class Speaker(QObject):
    """Plays what a feed has mixed."""

    def __init__(self, feed: Feed, output: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        from PySide6.QtMultimedia import QAudioFormat, QAudioSink

        sound = QAudioFormat()
        sound.setSampleRate(SAMPLE_RATE)
        sound.setChannelCount(2)
        sound.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._feed = feed
        self._sink: QAudioSink = QAudioSink(output, sound, self)
        self._sink.setBufferSize(BUFFER * FRAME_BYTES)
        self._door: QIODevice | None = None
        self._steady = Steady(time.monotonic)
        self._left = b""
        self._timer = QTimer(self)
        self._timer.setInterval(REFILL)
        self._timer.timeout.connect(self._fill)

    def start(self, route: Route) -> None:
        self._feed.aim(route)
        self._left = b""
        self._steady.restart()
        self._door = self._sink.start()
        self._fill()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        self._sink.reset()
        self._sink.stop()
        self._door = None

    def heard(self) -> float:
        return self._steady.heard(self._sink.processedUSecs() / 1e6 if self._door else 0.0)

    def _fill(self) -> None:
        while self._door is not None and (free := self._sink.bytesFree()) >= FRAME_BYTES:
            if not self._left:
                block = self._feed.take(free // FRAME_BYTES)
                if block is None or not len(block):
                    return
                self._left = (block * 32767).astype("<i2").tobytes()
            written = self._door.write(self._left[:free])
            if written <= 0:
                return
            self._left = self._left[written:]
