"""The mood as a point: dark to bright from left to right, calm to intense upwards."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ..theme.colours import block, parts
from ..theme.theme import follow
from . import words
from .desk import Desk

STEP = 0.05
_GRID = 24


class MoodPad(QWidget):
    """`asked` carries valence and energy; `begun` and `ended` are around a drag."""

    asked = Signal(float, float)
    begun = Signal()
    ended = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._mood: tuple[float, float] | None = None
        self._others: tuple[tuple[float, float], ...] = ()
        self._field: QImage | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(120, 116)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip(
            self.tr("Left to right: minor and dark to major and bright.\nUpwards: louder, fuller and busier.")
        )
        follow(self, desk.theme, self._anew)
        self.show_mood(None)

    def sizeHint(self) -> QSize:
        return QSize(180, 116)

    def show_mood(self, mood: tuple[float, float] | None, others: tuple[tuple[float, float], ...] = ()) -> None:
        """The mood to change, and where other storyboards lie."""
        self._mood, self._others = mood, others
        self.setEnabled(mood is not None)
        said = words.mood(*mood) if mood else self.tr("nothing selected")
        self.setAccessibleName(self.tr("Mood: {mood}").replace("{mood}", said))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._desk.theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._field is None:
            self._field = _field(self._desk)
        if self.isEnabled():
            painter.drawImage(QRectF(self.rect()), self._field)
        else:
            painter.fillRect(self.rect(), QColor(colours.panel))
        painter.setPen(QPen(QColor(colours.line), 1))
        middle = QPointF(self.width() / 2, self.height() / 2)
        painter.drawLine(QPointF(middle.x(), 0), QPointF(middle.x(), self.height()))
        painter.drawLine(QPointF(0, middle.y()), QPointF(self.width(), middle.y()))
        painter.setPen(QColor(colours.text if self.isEnabled() else colours.dim))
        small = self.font()
        small.setPointSizeF(max(7.0, small.pointSizeF() * 0.86))
        painter.setFont(small)
        box = self.rect().adjusted(6, 3, -6, -3)
        side = Qt.AlignmentFlag
        for align, text in (
            (side.AlignLeft | side.AlignVCenter, self.tr("dark")), (side.AlignRight | side.AlignVCenter, self.tr("bright")),
            (side.AlignHCenter | side.AlignTop, self.tr("intense")), (side.AlignHCenter | side.AlignBottom, self.tr("calm")),
        ):  # fmt: skip
            painter.drawText(box, align, text)
        for each in self._others:
            painter.setPen(QPen(QColor(colours.dim), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self._point(*each), 3, 3)
        if self._mood:
            painter.setPen(QPen(QColor(colours.ground), 2))
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(self._point(*self._mood), 7, 7)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colours.focus if self.hasFocus() else colours.edge), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.begun.emit()
        self._ask(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.ended.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (-2, 0), Qt.Key.Key_Right: (2, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        step = steps.get(Qt.Key(event.key()))
        if step and self._mood and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self._emit(self._mood[0] + step[0] * STEP, self._mood[1] + step[1] * STEP)
        else:
            event.ignore()

    def _ask(self, event: QMouseEvent) -> None:
        x = event.position().x() / max(1, self.width())
        self._emit(2 * x - 1, 1 - event.position().y() / max(1, self.height()))

    def _emit(self, valence: float, energy: float) -> None:
        self.asked.emit(min(1.0, max(-1.0, valence)), min(1.0, max(0.0, energy)))

    def _point(self, valence: float, energy: float) -> QPointF:
        return QPointF((valence + 1) / 2 * self.width(), (1 - energy) * self.height())

    def _anew(self) -> None:
        self._field = None
        self.update()


def _field(desk: Desk) -> QImage:
    """The colours that storyboards of each mood wear."""
    image = QImage(_GRID, _GRID, QImage.Format.Format_RGB32)
    for y in range(_GRID):
        for x in range(_GRID):
            colour = block(desk.theme.colours, 2 * (x + 0.5) / _GRID - 1, 1 - (y + 0.5) / _GRID)
            image.setPixelColor(x, y, QColor(*parts(colour)))
    return image
