"""The picture at a frame, decoded by a thread of its own: of what is wanted only the newest counts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from ....runtime.edit import Edit
from .mixing import source_at

if TYPE_CHECKING:
    from ....plugin.footage import Footage

OPEN = 4  # media
SIZES = ((640, 360), (960, 540))


class Pictures(QObject):
    """`shown` carries the frame and its picture; a null picture where there is none to see."""

    shown = Signal(int, QImage)

    def __init__(self, edit: Edit, find: Callable[[str], Path | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._edit, self._find = edit, find
        self._lock = threading.Condition()
        self._wanted: int | None = None
        self._size = SIZES[0]
        self._ended = False
        self._open: OrderedDict[tuple[str, tuple[int, int]], Footage | None] = OrderedDict()
        self._thread = threading.Thread(target=self._run, name="hitpoint picture", daemon=True)
        self._thread.start()

    def want(self, frame: int, width: int) -> None:
        """`width` in pixels of the screen: larger where it pays."""
        with self._lock:
            self._wanted = frame
            self._size = next((size for size in SIZES if size[0] >= width), SIZES[-1])
            self._lock.notify()

    def close(self) -> None:
        """Answers at once; the thread goes when it has finished the picture that it is at."""
        with self._lock:
            self._ended = True
            self._lock.notify()

    def wait(self) -> None:
        """After close: until the thread is gone."""
        self._thread.join(3.0)

    def _run(self) -> None:
        while True:
            with self._lock:
                while self._wanted is None and not self._ended:
                    self._lock.wait()
                if self._ended:
                    break
                frame, size = self._wanted, self._size
                self._wanted = None
            assert frame is not None
            image = self._picture(frame, size)
            if not self._ended:
                self.shown.emit(frame, image)
        for footage in self._open.values():
            if footage:
                footage.close()

    def _picture(self, frame: int, size: tuple[int, int]) -> QImage:
        found = source_at(self._edit, frame)
        footage = self._footage(found[0].media, size) if found and found[0].media else None
        if found is None or footage is None:
            return QImage()
        import av

        source = found[0]
        moment = (source.at or Fraction(0)) + (frame - source.start) * source.speed / self._edit.rate.fps
        try:
            planes = footage.picture(moment, backwards=source.speed < 0)
            if planes is None:
                return QImage()
            picture = av.VideoFrame.from_ndarray(planes, "yuv420p").to_ndarray(format="rgb24")
        except (OSError, ValueError, av.FFmpegError):
            return QImage()
        height, width = picture.shape[:2]
        return QImage(picture.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()

    def _footage(self, name: str, size: tuple[int, int]) -> Footage | None:
        from ....plugin.footage import Footage
        from ....runtime.picture.media import Unreadable

        key = (name, size)
        if key not in self._open:
            path = self._find(name)
            try:
                self._open[key] = Footage(path, *size) if path else None
            except Unreadable:
                self._open[key] = None
            while len(self._open) > OPEN:
                _, old = self._open.popitem(last=False)
                if old:
                    old.close()
        self._open.move_to_end(key)
        return self._open[key]
