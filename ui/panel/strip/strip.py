"""The strip: the edit, its storyboards, and the music made for it on one time axis."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QContextMenuEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ....runtime.errors import HitpointError
from ...state import waveform
from ...state.panel import Panel
from ...state.waveform import Peaks
from ...theme.theme import follow
from ..desk import Desk
from . import overlay, tips
from .axis import Axis
from .drags import EdgeDrag, EnergyDrag, Gesture, PanDrag, SeekDrag
from .lanes import Lanes, lanes, least_height
from .naming import NameField
from .overlay import Drag
from .scene import Scene, scene
from .shown import Music, Shown
from .spoken import selection
from .spots import Spot, spot
from .thumbs import Thumbs
from .tiles import Tiles

STEP = 1.25  # of one notch of the wheel
_CURSORS = {
    "edge": Qt.CursorShape.SplitHCursor, "energy": Qt.CursorShape.CrossCursor, "hit": Qt.CursorShape.PointingHandCursor,
    "board": Qt.CursorShape.ArrowCursor, "time": Qt.CursorShape.ArrowCursor,
}  # fmt: skip


class Strip(QWidget):
    """`sought` comes when a person moves the playhead here, `menu` when one asks what can be done at a spot."""

    sought = Signal(int)
    menu = Signal(object, QPoint)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self._thumbs = Thumbs(self, self.devicePixelRatioF())
        self._tiles = Tiles()
        self._shown = Shown()
        self._scene: Scene | None = None
        self._scene_from: tuple[object, ...] = ()
        self._still: tuple[object, ...] = ()
        self._peaks: tuple[str, Peaks | None] = ("", None)
        self._gesture: Gesture | None = None
        self._version = 0
        self._playhead = 0
        self._name_field = NameField(self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(least_height())
        self.setAccessibleName(self.tr("Strip: the edit and its music over time"))
        self._thumbs.arrived.connect(self._anew)
        follow(self, desk.theme, self._anew)
        desk.watch(self, "", self._changed)
        desk.watch(self, "view.playhead", self._moved)

    @property
    def axis(self) -> Axis:
        state = self.desk.state
        frames = state.edit.edit.frames if state.edit else 1
        return Axis(frames, max(1, self.width() - self.lanes.gutter), state.view.zoom, state.view.scroll)

    @property
    def lanes(self) -> Lanes:
        return lanes(self.width(), self.height(), max(1.0, self.fontMetrics().height() / 16))

    @property
    def music(self) -> Music:
        """The beats and hits that are shown, and whose they are."""
        return self._shown.music(self.desk.state)

    @property
    def tiles_drawn(self) -> int:
        return self._tiles.drawn

    def sizeHint(self) -> QSize:
        return QSize(640, least_height() + 200)

    def look(self, axis: Axis) -> None:
        """Shows another part."""
        self.desk.store.change("view", zoom=axis.zoom, scroll=axis.first)

    def zoom(self, factor: float, around: float | None = None) -> None:
        axis = self.axis
        x = axis.x(self.desk.state.view.playhead)
        middle = x if 0 <= x <= axis.width else axis.width / 2
        self.look(axis.zoomed(factor, middle if around is None else around))

    def fit(self) -> None:
        self.desk.store.change("view", zoom=0.0, scroll=0.0)

    def seek(self, frame: int) -> None:
        state = self.desk.state
        if state.edit:
            self.desk.store.set("view.playhead", min(max(0, frame), max(0, state.edit.edit.frames - 1)))
            self.sought.emit(self.desk.state.view.playhead)

    def rename(self, board_id: int) -> None:
        """Opens a field over the storyboard's name."""
        here = self.scene()
        board = next((board for board in here.boards if board.id == board_id), None) if here else None
        if here is None or board is None:
            return
        axis, where = here.axis, here.lanes
        left = where.gutter + max(0, round(axis.x(board.start)))
        right = where.gutter + min(axis.width, round(axis.x(board.end)))
        box = QRect(left, where.tops["boards"], max(120, min(260, right - left)), 30)
        box.moveRight(min(box.right(), self.width() - 1))
        self._name_field.ask(box, board.name, lambda name: self.desk.attempt(self.desk.actions.rename, board_id, name))

    def box_of(self, board_id: int) -> QRect:
        """Where a storyboard's block is."""
        here = self.scene()
        for board in here.boards if here else ():
            if here and board.id == board_id:
                x = round(here.axis.x(board.start)) + here.lanes.gutter
                wide = round(here.axis.x(board.end)) + here.lanes.gutter - x
                return QRect(x, here.lanes.tops["boards"], wide, here.lanes.talls["boards"])
        return QRect()

    def settle(self) -> None:
        """Waits for the pictures that are being read: for tests and screenshots."""
        self._thumbs.wait()

    def scene(self) -> Scene | None:
        """What is drawn; None while there is no edit."""
        state, axis, where = self.desk.state, self.axis, self.lanes
        still = (state.edit, state.plan, self.music, self._wave(), self.desk.theme.colours)
        now = (*still, axis, where.bottom, where.gutter)
        if not _same(now, self._scene_from):
            if not _same((*still, axis.scale, where.bottom), self._still):
                self._still = (*still, axis.scale, where.bottom)
                self._version += 1
            self._scene_from = now
            self._scene = scene(state, axis, where, self.desk.theme.colours, self.music, self._wave(), self._scene)
        return self._scene

    def stop(self) -> None:
        self._thumbs.stop()

    # Events

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = self.desk.theme.colours
        painter.fillRect(event.rect(), QColor(colours.panel))
        here = self.scene()
        if here is None:
            painter.end()
            return
        small = _smaller(self.font())
        painter.save()
        painter.setClipRect(here.lanes.gutter, 0, here.axis.width, here.lanes.bottom)
        painter.translate(here.lanes.gutter, 0)
        self._tiles.draw(painter, here, small, self._thumbs.get, self._version)
        state = self.desk.state
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        drag = self._gesture.shown() if self._gesture else Drag()
        overlay.over(painter, here, state.view, state.inout, drag, (bold, small))
        painter.restore()
        if here.lanes.gutter:
            overlay.gutter(painter, here, small, self.tr)
        painter.translate(here.lanes.gutter, 0)
        overlay.playhead(painter, here, state.view.playhead)
        if self.hasFocus():
            painter.resetTransform()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(colours.focus))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._name_field.hide()
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        found = self._spot(event)
        if found is None:
            return
        if event.button() == Qt.MouseButton.MiddleButton:
            self._gesture = PanDrag(self, event.position().x())
        elif event.button() == Qt.MouseButton.LeftButton:
            extend = bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))
            self._gesture = self._pressed(found, extend)
            self._drag_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._gesture:
            self._drag_to(event)
        else:
            found = self._spot(event)
            self.setCursor(_CURSORS[found.kind] if found else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._gesture:
            done, self._gesture = self._gesture, None
            done.finish()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        found = self._spot(event)
        if found and found.kind == "board":
            self.rename(found.id)
        elif found and found.kind == "hit":
            plan = self.desk.state.plan
            mark = plan.hit(found.id) if plan else None
            if mark:
                self.desk.attempt(self.desk.actions.hold, (found.id,), "" if mark.held == "pinned" else "pinned")
        else:
            self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(STEP ** (turn.y() / 120), event.position().x() - self.lanes.gutter)
        else:
            pixels = event.pixelDelta()
            along = pixels.x() or pixels.y() or (turn.x() or turn.y()) * 0.8
            self.look(self.axis.moved(-along))
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        here = self.scene()
        if here:
            found = spot(here, event.pos().x() - here.lanes.gutter, event.pos().y())
            if event.reason() == QContextMenuEvent.Reason.Keyboard:
                selected = self.desk.selected()
                found = Spot("board", self.desk.state.view.playhead, selected[0] if selected else 0)
            elif found.kind in ("board", "edge") and found.id not in self.desk.state.view.boards:
                self.desk.select(found.id)
            elif found.kind == "hit" and found.id not in self.desk.state.view.hits:
                self.desk.select_hits(found.id)
            self.menu.emit(found, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._gesture:
            self._gesture.cancel()
            self._gesture = None
            self.update()
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            here = self.scene()
            words = tips.tip(here, spot(here, event.pos().x() - here.lanes.gutter, event.pos().y())) if here else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    # What follows from them

    def _pressed(self, found: Spot, extend: bool) -> Gesture | None:
        store = self.desk.store
        if found.kind == "board":
            now = store.state.view.boards
            if not extend:
                self.desk.select(found.id)
            elif found.id in now:
                self.desk.select(*(id for id in now if id != found.id))
            else:
                self.desk.select(*now, found.id)
            return None
        if found.kind == "hit":
            self.desk.select_hits(*(*store.state.view.hits, found.id) if extend else (found.id,))
            return None
        if found.kind == "edge":
            return EdgeDrag(self, found.id)
        return EnergyDrag(self) if found.kind == "energy" else SeekDrag(self)

    def _drag_to(self, event: QMouseEvent) -> None:
        if self._gesture:
            self._gesture.move(event.position().x() - self.lanes.gutter, event.position().y())
            self.update()

    def _spot(self, event: QMouseEvent) -> Spot | None:
        here = self.scene()
        return spot(here, event.position().x() - here.lanes.gutter, event.position().y()) if here else None

    def _changed(self, state: Panel) -> None:
        before = self._scene_from
        self.scene()
        view = (state.view.boards, state.view.hits, state.view.point, state.view.loop, state.inout)
        if self._scene_from is not before or view != getattr(self, "_view", None):
            self._view = view
            self._speak()
            self.update()

    @property
    def spoken(self) -> str:
        """What is selected, in words."""
        here = self.scene()
        return selection(self.desk.state, here) if here else ""

    def _speak(self) -> None:
        """Tells who reads the screen aloud."""
        said = self.spoken
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _moved(self, frame: int) -> None:
        """Only where the playhead was and where it is now."""
        here = self.scene()
        if here:
            for each in (self._playhead, frame):
                x = round(here.axis.x(each)) + here.lanes.gutter
                self.update(QRect(x - overlay.HANDLE - 2, 0, 2 * overlay.HANDLE + 5, here.lanes.bottom))
        self._playhead = frame

    def _anew(self, *_: object) -> None:
        """The colours or a picture changed."""
        self._tiles.forget()
        self.update()

    def _wave(self) -> Peaks | None:
        """The waveform of the take that is shown."""
        state = self.desk.state
        take = self.music.take or state.current
        path = next((wave.peaks for wave in state.waves if wave.take == take), "")
        if path != self._peaks[0]:
            peaks = None
            if path:
                try:
                    peaks = waveform.load(path)
                except HitpointError:
                    pass  # drawn without; the work says why
            self._peaks = (path, peaks)
        return self._peaks[1]


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(a is b or (isinstance(a, (int, float, Axis)) and a == b)
                                          for a, b in zip(one, other, strict=True))  # fmt: skip


def _smaller(font: QFont) -> QFont:
    small = QFont(font)
    if font.pixelSize() > 0:
        small.setPixelSize(max(10, font.pixelSize() - 2))
    else:
        small.setPointSizeF(max(7.0, font.pointSizeF() * 0.86))
    return small
