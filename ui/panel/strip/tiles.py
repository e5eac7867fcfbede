"""The strip's picture in pieces that are drawn once and kept while what they show is the same."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap

from .draw import Thumb, stretch
from .scene import Scene

WIDE = 384  # pixels of a piece
MOST = 40


class Tiles:
    def __init__(self) -> None:
        self._kept: OrderedDict[int, QPixmap] = OrderedDict()
        self._key: object = None
        self.drawn = 0  # how many pieces were drawn so far

    def forget(self) -> None:
        self._kept.clear()

    def draw(self, painter: QPainter, scene: Scene, font: QFont, thumb: Thumb, key: object) -> None:
        """Draws what is in sight, the axis beginning at the painter's origin. Another `key`: all is drawn anew."""
        if key != self._key:
            self._key = key
            self._kept.clear()
        scale = painter.device().devicePixelRatioF()
        left = scene.axis.left
        for number in range(left // WIDE, (left + scene.axis.width) // WIDE + 1):
            painter.drawPixmap(number * WIDE - left, 0, self._tile(number, scene, font, thumb, scale))

    def _tile(self, number: int, scene: Scene, font: QFont, thumb: Thumb, scale: float) -> QPixmap:
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        tall = max(1, scene.lanes.bottom)
        tile = QPixmap(QSize(round(WIDE * scale), round(tall * scale)))
        tile.setDevicePixelRatio(scale)
        tile.fill(QColor(scene.colours.panel))
        painter = QPainter(tile)
        painter.translate(-number * WIDE, 0)
        end = min((number + 1) * WIDE, round(scene.edit.frames * scene.axis.scale))
        painter.setClipRect(number * WIDE, 0, max(0, end - number * WIDE), tall)
        stretch(painter, scene, number * WIDE, (number + 1) * WIDE, thumb, font)
        painter.end()
        self._kept[number] = tile
        self.drawn += 1
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return tile
