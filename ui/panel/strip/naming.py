"""The field in which a storyboard is renamed, over its block."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class NameField(QLineEdit):
    """Enter takes the name, Escape leaves it as it was; so does going elsewhere."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._taken: Callable[[str], object] | None = None
        self.setAccessibleName(self.tr("Name of the storyboard"))
        self.hide()
        self.returnPressed.connect(self._take)

    def ask(self, box: QRect, name: str, taken: Callable[[str], object]) -> None:
        self._taken = taken
        self.setText(name)
        self.selectAll()
        self.setGeometry(box)
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._close()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hide()

    def _take(self) -> None:
        if self._taken:
            self._taken(self.text())
        self._close()

    def _close(self) -> None:
        self._taken = None
        self.hide()
        parent = self.parentWidget()
        if parent:
            parent.setFocus()
