"""The first start, and whenever no edit is open: what this is, and two ways in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from .desk import Desk
from .parts import label, push, row


class FirstPage(QWidget):
    def __init__(
        self,
        desk: Desk,
        open_edit: Callable[[], object],
        open_path: Callable[[str], object],
        demo: Callable[[], object],
    ) -> None:
        super().__init__()
        self._desk, self._open_path = desk, open_path
        self.setObjectName("panel")
        self._lines = [
            label(self.tr("Hitpoint makes music for your edit that lands on its cuts."), "title", wrap=True),
            label(self.tr("Open a timeline: the shots become storyboards, each with a mood that you can change, and Score plays them as one piece."), "", wrap=True),
            label(self.tr("Listen, pin the hits that matter, keep the takes you like, and write one to the timeline as a track; undo takes it out again."), "", wrap=True),
        ]  # fmt: skip
        self.demo = push(
            self.tr("Load the demo edit"),
            self.tr("Makes a small film of 28 seconds and opens its edit; nothing is downloaded"),
            demo,
            primary=True,
        )
        self.open = push(
            self.tr("Open an edit …"),
            self.tr("OTIO, FCP7 XML, FCPXML, AAF, EDL and what else OpenTimelineIO reads"),
            open_edit,
        )
        self._recent = QVBoxLayout()
        self._recent.setSpacing(4)
        inner = self._inner = QWidget()
        body = QVBoxLayout(inner)
        body.setSpacing(10)
        for line in self._lines:
            body.addWidget(line)
        body.addSpacing(8)
        body.addWidget(self.demo, 0, Qt.AlignmentFlag.AlignLeft)
        body.addWidget(self.open, 0, Qt.AlignmentFlag.AlignLeft)
        body.addLayout(self._recent)
        font = self._lines[0].font()
        font.setPointSizeF(font.pointSizeF() * 1.35)
        self._lines[0].setFont(font)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(22, 18, 22, 18)
        whole.addStretch(2)
        whole.addLayout(row(1, inner, 1))
        whole.addStretch(3)
        desk.watch(self, "settings.recent", self._show_recent)
        self._show_recent(desk.state.settings.recent)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._inner.setFixedWidth(max(260, min(560, self.width() - 44)))

    def _show_recent(self, recent: tuple[str, ...]) -> None:
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget:
                widget.hide()
                widget.deleteLater()
        there = recent[:4]
        if there:
            self._recent.addWidget(label(self.tr("Lately"), "dim"))
        for path in there:
            alike = [each for each in there if Path(each).name == Path(path).name]
            name = Path(path).name if len(alike) == 1 else f"{Path(path).name}  ·  {Path(path).parent.name}"
            button = push(name, path, partial(self._open_path, path))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
