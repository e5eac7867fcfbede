"""The keys, over the window, until one is pressed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ..theme.theme import follow
from . import words
from .commands import COMMANDS, GROUPS
from .desk import Desk
from .parts import Column, label, push, row, scrolled

WIDE = 820  # pixels from which two columns stand side by side
PLACES: dict[int, tuple[tuple[str, ...], ...]] = {  # which groups stand below each other, by how many columns there are
    1: (("edit", "boards", "energy", "hits", "play", "look"), (), ()),
    2: (("edit", "boards", "energy", "hits"), ("play", "look"), ()),
    3: (("edit", "hits"), ("boards", "energy", "look"), ("play",)),
}


class KeysOverlay(QWidget):
    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._columns = 0
        self.setAccessibleName(self.tr("The keys"))
        self.close_button = push(self.tr("Close"), self.tr("Close this list (Esc)"), self.hide)
        self._page = Column(16, 10)
        self._area = scrolled(self._page, self.tr("The keys"))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 16, 20, 16)
        whole.addLayout(row(label(self.tr("The keys"), "title"), 1, self.close_button))
        whole.addWidget(self._area, 1)
        self._blocks = {group: self._block(group, name) for group, name in GROUPS}
        self._rows = [QVBoxLayout() for _ in range(3)]
        beside = QHBoxLayout()
        beside.setSpacing(28)
        for each in self._rows:
            each.setSpacing(14)
            beside.addLayout(each, 1)
        self._page.body.addLayout(beside)
        self._page.body.addWidget(
            label(
                self.tr("Ctrl and the wheel zoom, the wheel alone scrolls. Tab goes from one control to the next."),
                "dim",
                wrap=True,
            )
        )
        self._page.body.addStretch(1)
        parent.installEventFilter(self)
        follow(self, desk.theme, self.update)
        self.hide()

    def open(self) -> None:
        self._place()
        self.show()
        self.raise_()
        self.close_button.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._desk.theme.colours.panel))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape or event.text() == "?" or event.key() == Qt.Key.Key_F1:
            self.hide()
        else:
            event.accept()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab stays here: what lies below cannot be seen."""
        (self._area if self.close_button.hasFocus() else self.close_button).setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def hide(self) -> None:
        super().hide()
        parent = self.parentWidget()
        if parent and parent.isVisible():
            parent.setFocus()

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        self.setGeometry(parent.rect())
        columns = 3 if self.width() >= 1.5 * WIDE else 2 if self.width() >= WIDE else 1
        if columns != self._columns:
            self._columns = columns
            for column, groups in zip(self._rows, PLACES[columns], strict=True):
                while column.takeAt(0) is not None:
                    pass
                for group in groups:
                    column.addWidget(self._blocks[group])
                column.addStretch(1)

    def _block(self, group: str, name: str) -> QWidget:
        block = QWidget()
        grid = QGridLayout(block)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(words.tr(name), "accent"), 0, 0, 1, 2)
        for number, command in enumerate((each for each in COMMANDS if each.group == group), 1):
            keys = label(command.shown_keys(), "title")
            keys.setMinimumWidth(150)
            grid.addWidget(keys, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label(command.said(), "", wrap=True), number, 1)
        return block
