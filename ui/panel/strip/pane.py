"""The strip with its scroll bar, its tools, and the menu of what can be done at a spot."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QMenu, QScrollBar, QSizePolicy, QVBoxLayout, QWidget

from ....runtime.cues.sheet import Outcome
from ...state.panel import Panel
from ..board_page import merge_selected, split_at_playhead
from ..desk import Desk
from ..parts import Elided, row, tool
from . import marks
from .spots import Spot
from .strip import Strip

UNIT = 4.0  # steps of the scroll bar a pixel
ROOMY = 620  # pixels from which the legend has its place


class StripPane(QWidget):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._desk = desk
        self.strip = Strip(desk)
        self.bar = QScrollBar(Qt.Orientation.Horizontal)
        self.bar.setAccessibleName(self.tr("Scroll the strip"))
        self.bar.valueChanged.connect(self._scrolled)
        strip = self.strip
        self.tools = (
            tool(desk, "minus", self.tr("Further away"), self.tr("Show more of the edit (-)"), lambda: strip.zoom(1 / 1.4), flat=True),
            tool(desk, "fit", self.tr("All in sight"), self.tr("Show the whole edit (0)"), strip.fit, flat=True),
            tool(desk, "plus", self.tr("Closer"), self.tr("Show less of the edit, closer (+)"), lambda: strip.zoom(1.4), flat=True),
            tool(desk, "split", self.tr("Split"), self.tr("Another storyboard from the playhead on (S)"), lambda: split_at_playhead(desk), flat=True),
            tool(desk, "merge", self.tr("Merge"), self.tr("One storyboard with the next (M)"), lambda: merge_selected(desk), flat=True),
            tool(desk, "hit", self.tr("Add a hit"), self.tr("The music must meet the playhead's frame (H)"), self._add_hit, flat=True),
        )  # fmt: skip
        self._said = Elided("dim")
        self._legend = Legend(desk)
        top = row(*self.tools, self._said, self._legend, spacing=2)
        top.setStretch(len(self.tools), 1)
        body = QVBoxLayout(self)
        body.setContentsMargins(8, 5, 8, 4)
        body.setSpacing(4)
        body.addLayout(top)
        body.addWidget(self.strip, 1)
        body.addWidget(self.bar)
        strip.menu.connect(self._menu)
        desk.watch(self, "", self._changed)
        self._changed(desk.state)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._legend.setVisible(self.width() >= ROOMY)
        self._changed(self._desk.state)

    def _changed(self, state: Panel) -> None:
        axis = self.strip.axis
        whole = round(axis.frames * axis.scale * UNIT)
        with QSignalBlocker(self.bar):
            self.bar.setRange(0, max(0, whole - round(axis.width * UNIT)))
            self.bar.setPageStep(round(axis.width * UNIT))
            self.bar.setSingleStep(round(axis.width * UNIT / 10))
            self.bar.setValue(round(axis.first * axis.scale * UNIT))
            self.bar.setEnabled(self.bar.maximum() > 0)
        for button in self.tools[3:]:
            button.setEnabled(state.plan is not None)
        music = self.strip.music
        take = state.take(state.current)
        if take is None:
            said = self.tr("Beats and hits as planned; press Score to hear them") if state.plan else ""
        elif music.stale:
            said = self.tr("Changed since {name}: the beats shown are the plan's").replace("{name}", take.name)
        else:
            said = take.name
        self._said.say(self.strip.spoken or said)

    def _scrolled(self, value: int) -> None:
        axis = self.strip.axis
        self._desk.store.set("view.scroll", value / UNIT / axis.scale)

    def _add_hit(self) -> None:
        self._desk.attempt(self._desk.actions.add_hit, self._desk.state.view.playhead)

    def _menu(self, spot: Spot, where: QPoint) -> None:
        menu = self.menu_at(spot)
        if not menu.isEmpty():
            menu.popup(where)

    def menu_at(self, spot: Spot) -> QMenu:
        """What can be done there."""
        desk, menu = self._desk, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        plan, ids = desk.state.plan, desk.state.view.hits

        def entry(text: str, do: object, on: bool = True) -> None:
            action = menu.addAction(text)
            action.setEnabled(on)
            assert callable(do)
            action.triggered.connect(lambda *_: do())

        if spot.kind == "hit":
            mark = plan.hit(spot.id) if plan else None
            for text, held in (
                (self.tr("Pin"), "pinned"),
                (self.tr("Release"), "released"),
                (self.tr("As before"), ""),
            ):
                entry(
                    text, lambda held=held: desk.attempt(desk.actions.hold, ids, held), bool(mark and mark.held != held)
                )
            menu.addSeparator()
            wishes = (
                (self.tr("No wish"), ""),
                (self.tr("With an accent"), "accent"),
                (self.tr("Softly"), "soft"),
                (self.tr("Rising towards it"), "build"),
            )
            for text, wish in wishes:
                entry(
                    text,
                    lambda wish=wish: desk.attempt(desk.actions.set_wish, ids, wish),
                    bool(mark and mark.wish != wish),
                )
            menu.addSeparator()
            entry(self.tr("Remove"), lambda: desk.attempt(desk.actions.remove_hits, ids))
        elif plan and (board := plan.board(spot.id) if spot.kind in ("board", "edge") else None):
            entry(self.tr("Rename …"), lambda: self.strip.rename(board.id))
            entry(self.tr("Split at the playhead"), lambda: split_at_playhead(desk), not board.locked)
            entry(
                self.tr("Merge with the next"),
                lambda: merge_selected(desk),
                plan.index(board.id) + 1 < len(plan.boards),
            )
            entry(
                self.tr("Unlock") if board.locked else self.tr("Lock"),
                lambda: desk.attempt(desk.actions.set_lock, (board.id,), not board.locked),
            )
            menu.addSeparator()
            entry(
                self.tr("Loop"),
                lambda: desk.store.set("view.loop", 0 if desk.state.view.loop == board.id else board.id),
            )
            entry(self.tr("Rehearse"), lambda: desk.attempt(desk.session.rehearse, desk.selected()))
        elif desk.state.edit:
            frame = spot.frame
            entry(self.tr("Add a hit here"), lambda: desk.attempt(desk.actions.add_hit, frame), plan is not None)
            entry(self.tr("In point here"), lambda: desk.attempt(desk.actions.set_in, frame))
            entry(self.tr("Out point here"), lambda: desk.attempt(desk.actions.set_out, frame))
            entry(self.tr("No in and out points"), lambda: desk.attempt(desk.actions.clear_inout))
        return menu


class Legend(QWidget):
    """What the shapes mean."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.setAccessibleName(self.tr("Hits: a full diamond landed, an empty one came near, a cross was missed"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def _entries(self) -> tuple[tuple[Outcome, str], ...]:
        return (("landed", self.tr("landed")), ("near", self.tr("near")), ("missed", self.tr("missed")))

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(sum(26 + metrics.horizontalAdvance(name) for _, name in self._entries()), metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, metrics = self._desk.theme.colours, self.fontMetrics()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x = 8
        for outcome, name in self._entries():
            marks.hit(painter, x, self.height() / 2, outcome, "", colours)
            painter.setPen(colours.dim)
            painter.drawText(x + 9, (self.height() + metrics.ascent() - metrics.descent()) // 2, name)
            x += 26 + metrics.horizontalAdvance(name)
        painter.end()
