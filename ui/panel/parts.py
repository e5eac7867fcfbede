"""Small parts that several pages are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..theme.icons import pixmap
from ..theme.theme import follow
from .desk import Desk, named


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """`role` is one of the style sheet's: title, dim, bad, good, accent."""
    made = QLabel(text)
    made.setProperty("role", role)
    made.setTextFormat(Qt.TextFormat.PlainText)
    if wrap:
        made.setWordWrap(True)
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made


class Elided(QLabel):
    """One line that ends in an ellipsis where there is no room; the whole of it as tooltip."""

    def __init__(self, role: str = "", tip: bool = True) -> None:
        super().__init__()
        self._whole, self._tip = "", tip
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def say(self, text: str) -> None:
        self._whole = text
        if self._tip:
            self.setToolTip(text)
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(0, self.width() - 2)))


def tool(desk: Desk, icon: str, name: str, tip: str, do: Callable[[], object] | None = None, *, flat: bool = False,
         checkable: bool = False, ink: str = "") -> QToolButton:  # fmt: skip
    """A button with an icon alone."""
    button = named(QToolButton(), name, tip)
    desk.theme.wear(button, icon, ink)
    button.setProperty("flat", flat)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if do:
        button.clicked.connect(lambda *_: do())
    return button


def push(words: str, tip: str, do: Callable[[], object], *, primary: bool = False) -> QPushButton:
    button = named(QPushButton(words), words, tip)
    button.setProperty("primary", primary)
    button.setAutoDefault(False)
    button.clicked.connect(lambda *_: do())
    return button


def row(*widgets: QWidget | int, spacing: int = 6) -> QHBoxLayout:
    """Widgets side by side; a number is room that grows by so much."""
    made = QHBoxLayout()
    made.setSpacing(spacing)
    made.setContentsMargins(0, 0, 0, 0)
    for each in widgets:
        if isinstance(each, int):
            made.addStretch(each)
        else:
            made.addWidget(each)
    return made


def scrolled(page: QWidget, name: str) -> QScrollArea:
    area = QScrollArea()
    area.setProperty("role", "panel")
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(name)
    return area


def line() -> QFrame:
    made = QFrame()
    made.setObjectName("line")
    made.setFixedHeight(1)
    return made


def copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def choose(box: QComboBox, values: Sequence[tuple[str, object]], now: object) -> None:
    """Puts (words, value) into the box, where they are others than before, and shows `now` without telling anyone."""
    with QSignalBlocker(box):
        if [(box.itemText(n), box.itemData(n)) for n in range(box.count())] != list(values):
            box.clear()
            for words, value in values:
                box.addItem(words, value)
        box.setCurrentIndex(next((n for n in range(box.count()) if box.itemData(n) == now), -1))


class Level(QSlider):
    """A slider over numbers from `low` to `high`; `moved` tells each value, a drag is one step of undo."""

    moved = Signal(float)

    def __init__(self, desk: Desk, low: float, high: float, steps: int = 100) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._low, self._high, self._steps = low, high, steps
        self.setRange(0, steps)
        self.setPageStep(max(1, steps // 10))
        self.setMinimumWidth(60)
        self.sliderPressed.connect(desk.actions.begin_drag)
        self.sliderReleased.connect(desk.actions.end_drag)
        self.valueChanged.connect(lambda value: self.moved.emit(low + (high - low) * value / steps))

    def show_value(self, value: float) -> None:
        """Without telling anyone."""
        with QSignalBlocker(self):
            self.setValue(round((value - self._low) / (self._high - self._low) * self._steps))


class Stars(QWidget):
    """One to five stars; the same star again takes it away. Arrow keys and numbers do too."""

    given = Signal(int)
    SIDE = 15

    def __init__(self, desk: Desk, most: int = 5) -> None:
        super().__init__()
        self._desk, self._most, self._stars = desk, most, 0
        self.setFixedSize(self.SIDE * most + 4, self.SIDE + 4)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip(self.tr("Stars keep a take when old ones make room for new"))
        follow(self, desk.theme, self.update)

    def show_stars(self, stars: int) -> None:
        self._stars = stars
        self.setAccessibleName(self.tr("{n} of 5 stars").replace("{n}", str(stars)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = self._desk.theme.colours
        painter = QPainter(self)
        scale = self.devicePixelRatioF()
        for n in range(self._most):
            full = n < self._stars
            picture = pixmap(
                "star" if full else "no_star", round((self.SIDE - 2) * scale), colours.accent if full else colours.edge
            )
            picture.setDevicePixelRatio(scale)
            painter.drawPixmap(2 + n * self.SIDE, 3, picture)
        if self.hasFocus():
            painter.setPen(colours.focus)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        stars = min(self._most, int((event.position().x() - 2) // self.SIDE) + 1)
        self.given.emit(stars - 1 if stars == self._stars else stars)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        if step:
            self.given.emit(min(self._most, max(0, self._stars + step)))
        elif event.text().isdigit() and int(event.text()) <= self._most:
            self.given.emit(int(event.text()))
        else:
            event.ignore()


class Column(QWidget):
    """A page: widgets from top to bottom, with room below."""

    def __init__(self, margin: int = 10, spacing: int = 7) -> None:
        super().__init__()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(spacing)
