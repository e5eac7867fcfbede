"""Write to timeline: what will change, doing it, what was done, and taking it out again."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QDialog, QFileDialog, QRadioButton, QVBoxLayout, QWidget

from ..state.panel import Job
from ..state.take import Change
from . import words
from .desk import Desk, named
from .parts import Column, label, push, row, scrolled

WORK = ("intend", "write", "unwrite")


def ask_to_write(desk: Desk, take_id: int, parent: QWidget) -> WriteDialog | None:
    """Opens the dialog for a take; says why not where there is none."""
    if desk.state.take(take_id) is None:
        desk.say(words.tr("There is no take yet: press Score first."))
        return None
    dialog = WriteDialog(desk, take_id, parent)
    dialog.open()
    return dialog


class WriteDialog(QDialog):
    def __init__(self, desk: Desk, take_id: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._take = desk, take_id
        self._done = self._asked_for_focus = False
        self._before = desk.state.placed
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        take = desk.state.take(take_id)
        self.setWindowTitle(self.tr("Write to timeline"))
        self._wish = self.tr("Write {name} to the timeline").replace("{name}", take.name if take else "")
        self._title = label(self._wish, "title", wrap=True)
        self.copy = named(QRadioButton(self.tr("Into a copy beside the edit")), self.tr("Into a copy"),
                          self.tr("The edit itself stays as it is: open the copy in your editor"))  # fmt: skip
        self.in_place = named(QRadioButton(self.tr("Into the edit itself")), self.tr("Into the edit itself"),
                              self.tr("The file is changed: only our track is added, and it can be taken out again"))  # fmt: skip
        self.copy.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(self.copy)
        group.addButton(self.in_place)
        self._where = label("", "dim", wrap=True)
        self._changes = Column(8, 4)
        self._warnings = label("", "", wrap=True)
        self.write = push(self.tr("Write"), self.tr("Do what is listed above"), self._write, primary=True)
        self.elsewhere = push(
            self.tr("Elsewhere …"), self.tr("Choose the file to write; the edit itself stays as it is"), self._choose
        )
        self.take_out = push(
            self.tr("Take it out again"),
            self.tr("The timeline becomes what it was before"),
            lambda: desk.attempt(desk.session.unwrite),
        )
        self.close_button = push(self.tr("Cancel"), self.tr("Close without writing"), self.reject)
        body = QVBoxLayout(self)
        body.setContentsMargins(14, 14, 14, 14)
        body.addWidget(self._title)
        body.addWidget(self.copy)
        body.addWidget(self.in_place)
        body.addWidget(self._where)
        self._area = scrolled(self._changes, self.tr("What changes"))
        self._area.setMinimumHeight(120)
        body.addWidget(self._area, 1)
        body.addWidget(self._warnings)
        body.addLayout(row(self.take_out, self.elsewhere, 1, self.close_button, self.write))
        wide = min(520, parent.width() - 20) if parent else 520
        self.resize(max(320, wide), 380)
        self.write.setDefault(True)  # only now that it is in the dialog
        self.copy.setFocus()
        self.copy.toggled.connect(lambda _: self._look())
        for part in ("writing", "placed", "jobs"):
            desk.watch(self, part, lambda _: self._show())
        self._look()

    def _look(self, out: str | None = None) -> None:
        self._desk.store.set("writing", None)
        self._done = self._asked_for_focus = False
        self._desk.attempt(self._desk.session.plan_writing, self._take, out=out, in_place=self.in_place.isChecked())
        self._show()

    def _choose(self) -> None:
        seen = self._desk.state.edit
        before = self._desk.state.writing.out if self._desk.state.writing else seen.path if seen else ""
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Write to"), before)
        if path:
            self.copy.setChecked(True)
            self._look(path)

    def _write(self) -> None:
        self._before = self._desk.state.placed
        self._desk.attempt(self._desk.session.write)

    def _show(self) -> None:
        state = self._desk.state
        writing, placed = state.writing, state.placed
        if placed is not None and placed is not self._before and placed.take == self._take:
            self._done = True
        if placed is None and self._done:
            self._look()  # it was taken out: as before
            return
        if self._done and placed is not None:
            self._title.setText(self.tr("Done: this is on the timeline now"))
            self._where.setText(placed.out)
            self._list(placed.changes, done=True)
            self._warnings.setText("\n".join(placed.warnings))
        elif writing is not None:
            self._title.setText(self._wish)
            self._where.setText(writing.out)
            self._list(writing.changes, done=False)
            self._warnings.setText("\n".join(writing.warnings))
        else:
            self._title.setText(self._wish)
            self._where.setText(self._waiting(state.jobs))
            self._list((), done=False)
            self._warnings.setText("")
        self._warnings.setVisible(bool(self._warnings.text()))
        busy = any(job.active and job.kind in ("write", "unwrite") for job in state.jobs)
        self.write.setVisible(not self._done)
        self.write.setEnabled(writing is not None and not busy)
        file = not self._done and state.host is None  # a video editor's timeline is what it is
        self.copy.setVisible(file)
        self.in_place.setVisible(file)
        self.elsewhere.setVisible(file)
        self.take_out.setVisible(placed is not None and placed.undo)
        self.take_out.setEnabled(not busy)
        self.close_button.setText(self.tr("Close") if self._done else self.tr("Cancel"))
        self.close_button.setAccessibleName(self.close_button.text())
        if state.host is not None and self.write.isEnabled() and not self._asked_for_focus:
            self._asked_for_focus = True
            self.write.setFocus()  # where there is nothing to choose
        if self._done and not self.close_button.hasFocus():
            self.close_button.setFocus()

    def _waiting(self, jobs: tuple[Job, ...]) -> str:
        last = next((job for job in reversed(jobs) if job.kind in WORK), None)
        if last and last.state == "failed":
            return last.sentence
        return self.tr("Looking at the timeline …")

    def _list(self, changes: tuple[Change, ...], done: bool) -> None:
        while (item := self._changes.body.takeAt(0)) is not None:
            widget = item.widget()
            if widget:
                widget.hide()
                widget.deleteLater()
        for change in changes:
            self._changes.body.addWidget(label(self._said(change, done), "", wrap=True))
        self._changes.body.addStretch(1)

    def _said(self, change: Change, done: bool) -> str:
        verb = {
            "add": self.tr("added") if done else self.tr("Add"),
            "replace": self.tr("replaced") if done else self.tr("Replace"),
            "keep": self.tr("kept") if done else self.tr("Keep"),
            "remove": self.tr("removed") if done else self.tr("Remove"),
        }[change.what]
        if change.kind == "step":
            return f"✓  {change.target}" if done else f"+  {change.target}"
        if change.kind == "marker":  # its target is how many
            what = self.tr("one marker") if change.target == "1" else self.tr("{} markers").format(change.target)
        else:
            kind = {"track": self.tr("track"), "file": self.tr("file")}[change.kind]
            what = f"{kind} “{Path(change.target).name if change.kind == 'file' else change.target}”"
        more = f": {change.words}" if change.words else ""
        sign = {"add": "+", "replace": "↻", "keep": "=", "remove": "−"}[change.what]
        return f"✓  {what} {verb}{more}" if done else f"{sign}  {verb} {what}{more}"
