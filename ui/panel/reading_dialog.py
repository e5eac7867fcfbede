"""How the edit's file is read, where the file does not say it, or says it wrongly."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QFormLayout, QLineEdit, QListWidget, QVBoxLayout, QWidget

from ...runtime.rate import Rate
from ..state.panel import Reading
from .desk import Desk, named
from .parts import label, push, row

RATES = ("23.976", "24", "25", "29.97", "30", "50", "59.94", "60")
LEAST, MOST = 1, 1000  # frames a second, as the command line has them


class ReadingDialog(QDialog):
    """`again` is called with how the edit is to be read."""

    def __init__(self, desk: Desk, again: Callable[[Reading], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._again, now = again, desk.state.reading
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Read the edit another way"))
        self.rate = named(
            QComboBox(), self.tr("Frames a second"), self.tr("For files that do not say it, as EDLs, or say it wrongly")
        )
        self.rate.setEditable(True)
        self.rate.addItem(self.tr("as the file says"), "")
        for each in RATES:
            self.rate.addItem(each, each)
        if now.rate:
            self.rate.setEditText(now.rate)
        self.timeline = named(
            QLineEdit(now.timeline), self.tr("Timeline"), self.tr("Its name, where the file holds several")
        )
        self.timeline.setPlaceholderText(self.tr("the first one"))
        self.folders = named(QListWidget(), self.tr("Folders"), self.tr("Where media are looked for, and below"))
        self.folders.addItems(list(now.media_roots))
        self.folders.setMaximumHeight(90)
        self.add = push(self.tr("Add a folder …"), self.tr("Media are looked for in there too"), self._add)
        self.remove = push(self.tr("Remove"), self.tr("Take the selected folder off the list"), self._remove)
        self._trouble = label("", "bad", wrap=True)
        self._trouble.hide()
        self.read = push(self.tr("Read"), self.tr("Read the edit this way"), self._read, primary=True)
        self.close_button = push(self.tr("Cancel"), self.tr("Close, and leave all as it is"), self.reject)
        form = QFormLayout()
        form.addRow(self.tr("Frames a second"), self.rate)
        form.addRow(self.tr("Timeline"), self.timeline)
        form.addRow(self.tr("Media in"), self.folders)
        form.addRow("", row(self.add, self.remove, 1))
        body = QVBoxLayout(self)
        body.setContentsMargins(14, 14, 14, 14)
        body.addLayout(form)
        body.addWidget(
            label(self.tr("Takes stay. Where the cuts come to lie elsewhere, the storyboards are carried over."), "dim", wrap=True)
        )  # fmt: skip
        body.addWidget(self._trouble)
        body.addLayout(row(1, self.close_button, self.read))
        self.resize(max(320, min(480, parent.width() - 20) if parent else 480), self.sizeHint().height())
        self.read.setDefault(True)
        self.rate.setFocus()

    def _add(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Where are the media?"))
        if folder:
            self.folders.addItem(folder)

    def _remove(self) -> None:
        self.folders.takeItem(self.folders.currentRow())

    def _read(self) -> None:
        said = self.rate.currentText().strip()
        rate = "" if said == self.rate.itemText(0) else said
        if rate and not _is_rate(rate):
            self._trouble.setText(
                self.tr("{rate} is no number of frames a second: 25, 23.976 or 24000/1001 are").replace("{rate}", rate)
            )
            self._trouble.show()
            self.rate.setFocus()
            return
        roots = tuple(self.folders.item(n).text() for n in range(self.folders.count()))
        self.accept()
        self._again(Reading(rate, self.timeline.text().strip(), roots))


def _is_rate(said: str) -> bool:
    try:
        return LEAST <= Rate.of(said).fps <= MOST
    except (ValueError, ZeroDivisionError):
        return False
