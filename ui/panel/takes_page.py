"""The takes: what was made, how well it landed, and what is done with each."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QInputDialog, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from ...runtime.cues.sheet import Outcome
from ..state.panel import Panel
from ..state.take import Take
from . import words
from .desk import Desk, named
from .parts import Column, Elided, Stars, label, row, scrolled, tool
from .strip import marks

MOST_SEEDS = 6  # that are written on a card
OUTCOMES: tuple[Outcome, ...] = ("landed", "near", "missed")


class TakesPage(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._cards: dict[int, TakeCard] = {}
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self._column = Column(8, 6)
        self._none = label(
            self.tr("No takes yet. Press Score to make the first one; earlier takes stay here and stay playable."),
            "dim",
            wrap=True,
        )
        self._column.body.addWidget(self._none)
        self._column.body.addStretch(1)
        whole.addWidget(scrolled(self._column, self.tr("Takes")))
        for part in ("takes", "current", "placed", "view.other", "plan", "score"):
            desk.watch(self, part, lambda _: self._show())
        self._show()

    def focus_first(self) -> bool:
        """The current take gets the focus, else the newest; whether there is one."""
        state = self._desk.state
        card = self._cards.get(state.current) or self._cards.get(max(self._cards, default=0))
        if card is not None:
            card.setFocus(Qt.FocusReason.TabFocusReason)
        return card is not None

    def card(self, id: int) -> TakeCard:
        return self._cards[id]

    def _show(self) -> None:
        state = self._desk.state
        there = {take.id for take in state.takes}
        for id in [id for id in self._cards if id not in there]:
            self._cards.pop(id).deleteLater()
        for take in state.takes:
            if take.id not in self._cards:
                self._cards[take.id] = TakeCard(self._desk, take.id)
                self._column.body.insertWidget(0, self._cards[take.id])
            self._cards[take.id].show_take(take, state)
        self._none.setVisible(not state.takes)


class TakeCard(QFrame):
    """A click, or Enter, makes it the current take."""

    def __init__(self, desk: Desk, id: int) -> None:
        super().__init__()
        self._desk, self._id = desk, id
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._name = label("", "title")
        self._facts = Elided("dim")
        self._tally = Tally(desk)
        self._state = label("", "accent")
        self.stars = Stars(desk)
        self.notes = named(QLineEdit(), self.tr("Notes on the take"))
        self.notes.setPlaceholderText(self.tr("Notes"))
        self.compare = tool(desk, "sound", self.tr("Compare"), self.tr("A/B: change between the current take and this one while it plays (A)"),
                            self._compare, checkable=True)  # fmt: skip
        self.put_back = tool(
            desk,
            "back",
            self.tr("Put back"),
            self.tr("The plan and seeds of this take become the plan again"),
            self._put_back,
        )
        self.write = tool(
            desk,
            "write",
            self.tr("Write to timeline"),
            self.tr("Put this take on the timeline's music track"),
            self._write,
        )
        self.delete = tool(
            desk,
            "bin",
            self.tr("Delete the take"),
            self.tr("Delete this take; undo brings it back until the panel is closed"),
            self._delete,
        )
        body = QVBoxLayout(self)
        body.setContentsMargins(9, 7, 9, 8)
        body.setSpacing(4)
        body.addLayout(row(self._name, self._state, 1, self.stars))
        lower = QHBoxLayout()
        lower.addWidget(self._tally)
        lower.addWidget(self._facts, 1)
        body.addLayout(lower)
        body.addLayout(row(self.notes, self.compare, self.put_back, self.write, self.delete, spacing=4))
        self.stars.given.connect(lambda stars: desk.attempt(desk.actions.star, id, stars))
        self.notes.editingFinished.connect(self._noted)

    def show_take(self, take: Take, state: Panel) -> None:
        current = take.id == state.current
        if self.property("chosen") != current:
            self.setProperty("chosen", current)
            self.style().polish(self)
        self._name.setText(take.name)
        self._tally.show_tally(take.landed, take.near, take.missed)
        seed = self.tr("seed {n}").replace("{n}", str(take.seed))
        if len(set(take.seeds)) > 1:
            some = " ".join(map(str, take.seeds[:MOST_SEEDS])) + (" …" if len(take.seeds) > MOST_SEEDS else "")
            seed = self.tr("seeds {n}").replace("{n}", some)
        parts = [_short(take.engine), seed]
        if take.loudness is not None:
            parts.append(f"{take.loudness:.1f} LUFS".replace("-", "−"))
        self._facts.say("  ·  ".join(parts))
        said = [self.tr("on the timeline")] if state.placed and state.placed.take == take.id else []
        if state.view.other == take.id and not current:
            said.append("B")
        self._state.setText(", ".join(said))
        self.stars.show_stars(take.stars)
        if not self.notes.hasFocus():
            self.notes.setText(take.notes)
            self.notes.setCursorPosition(0)
        self.compare.setChecked(state.view.other == take.id)
        self.compare.setEnabled(not current)
        self.setAccessibleName(
            f"{take.name}, {self._tally.accessibleName()}, {', '.join(parts)}"
            + (f", {self.tr('current')}" if current else "")
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self._choose()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        take = self._desk.state.take(self._id)
        if take:
            name, taken = QInputDialog.getText(self, self.tr("Rename the take"), self.tr("Name"), text=take.name)
            if taken:
                self._desk.attempt(self._desk.actions.rename_take, self._id, name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif event.key() == Qt.Key.Key_F2:
            self.mouseDoubleClickEvent(QMouseEvent(QEvent.Type.MouseButtonDblClick, self.rect().center(), Qt.MouseButton.LeftButton,
                                                   Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier))  # fmt: skip
        elif event.key() == Qt.Key.Key_Delete:
            self._delete()
        else:
            event.ignore()

    def _choose(self) -> None:
        self._desk.attempt(self._desk.actions.choose_take, self._id)

    def _noted(self) -> None:
        take = self._desk.state.take(self._id)
        if take and take.notes != self.notes.text():
            self._desk.attempt(self._desk.actions.note, self._id, self.notes.text())

    def _compare(self) -> None:
        other = self._desk.state.view.other
        self._desk.store.set("view.other", 0 if other == self._id else self._id)

    def _put_back(self) -> None:
        self._desk.attempt(self._desk.session.put_back, self._id)

    def _write(self) -> None:
        from .write_dialog import ask_to_write

        ask_to_write(self._desk, self._id, self.window())

    def _delete(self) -> None:
        self._desk.attempt(self._desk.actions.delete_takes, (self._id,))


class Tally(QWidget):
    """How many hits landed, came near and were missed, with their shapes."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._counts = (0, 0, 0)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_tally(self, landed: int, near: int, missed: int) -> None:
        self._counts = (landed, near, missed)
        said = self.tr("{a} hits landed, {b} near, {c} missed")
        for mark, number in zip(("{a}", "{b}", "{c}"), self._counts, strict=True):
            said = said.replace(mark, str(number))
        self.setAccessibleName(said)
        self.setToolTip(said)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(sum(18 + metrics.horizontalAdvance(str(n)) + 8 for n in self._counts), metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, metrics = self._desk.theme.colours, self.fontMetrics()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        x = 7
        for outcome, number in zip(OUTCOMES, self._counts, strict=True):
            marks.hit(painter, x, self.height() / 2, outcome, "", colours)
            painter.setPen(getattr(colours, outcome) if number else colours.dim)
            painter.drawText(x + 9, (self.height() + metrics.ascent() - metrics.descent()) // 2, str(number))
            x += 18 + metrics.horizontalAdvance(str(number)) + 8
        painter.end()


def _short(engine: str) -> str:
    return {"composer": words.tr("Composer")}.get(engine, engine)
