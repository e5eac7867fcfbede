"""The shots' small pictures, read by threads of their own and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

MOST = 600  # pictures kept
TALL = 120  # pixels of the tallest that is drawn, times the screen's scale


class Thumbs(QObject):
    """`arrived` carries the path of each picture that can be drawn from now on."""

    arrived = Signal(str)
    _read = Signal(str, QImage)

    def __init__(self, parent: QObject | None = None, scale: float = 1.0) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._asked: set[str] = set()
        self._tall = round(TALL * scale)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._read.connect(self._keep, Qt.ConnectionType.QueuedConnection)

    def get(self, path: str) -> QPixmap | None:
        """The picture, or None while it is being read."""
        if path in self._kept:
            self._kept.move_to_end(path)
            picture = self._kept[path]
            return None if picture.isNull() else picture
        if path and path not in self._asked:
            self._asked.add(path)
            self._pool.start(_Reading(self, path, self._tall))
        return None

    def wait(self) -> None:
        """Until nothing is being read any more."""
        self._pool.waitForDone()

    def stop(self) -> None:
        self._pool.clear()
        self._pool.waitForDone()

    def _keep(self, path: str, image: QImage) -> None:
        self._asked.discard(path)
        self._kept[path] = QPixmap.fromImage(image)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        self.arrived.emit(path)


class _Reading(QRunnable):
    def __init__(self, thumbs: Thumbs, path: str, tall: int) -> None:
        super().__init__()
        self._thumbs, self._path, self._tall = thumbs, path, tall

    def run(self) -> None:
        image = QImage(self._path)
        if not image.isNull() and image.height() > self._tall:
            image = image.scaledToHeight(self._tall, Qt.TransformationMode.SmoothTransformation)
        self._thumbs._read.emit(self._path, image)
