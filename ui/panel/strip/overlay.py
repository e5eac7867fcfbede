"""What moves over the strip's picture: names, what is selected, in and out points, drags, the playhead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF

from ...state.panel import InOut, View
from ...theme.icons import draw as draw_icon
from .. import words
from . import marks
from .draw import energy_y, shape_x
from .lanes import ORDER, Lane
from .scene import Scene

HANDLE = 6  # half of the playhead's
LEAST_NAME = 34  # pixels in which a name still says something


@dataclass(frozen=True)
class Drag:
    """What is being dragged: the start of a storyboard to a frame, or the energy through points."""

    edge: tuple[int, int] | None = None
    targets: tuple[int, ...] = ()
    energy: tuple[tuple[int, float], ...] = ()


def over(painter: QPainter, scene: Scene, view: View, inout: InOut, drag: Drag, fonts: tuple[QFont, QFont]) -> None:
    """`fonts`: of names, and of the lesser words below them."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _outside(painter, scene, inout)
    _chosen(painter, scene, view)
    if scene.boards:
        _names(painter, scene, fonts)
    elif not scene.seen.parsed:
        painter.setFont(fonts[1])
        painter.setPen(QColor(scene.colours.dim))
        box = QRectF(8, scene.lanes.tops["boards"], scene.axis.width - 16, scene.lanes.talls["boards"])
        said = words.tr("Storyboards come when the picture has been looked at")
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap, said)
    _chosen_hits(painter, scene, view)
    _chosen_point(painter, scene, view)
    _loop(painter, scene, view)
    if drag.edge:
        _edge(painter, scene, drag)
    if drag.energy:
        painter.setPen(QPen(QColor(scene.colours.bright), 2.5))
        painter.drawPolyline(QPolygonF([QPointF(scene.axis.x(f), energy_y(scene, value)) for f, value in drag.energy]))


def playhead(painter: QPainter, scene: Scene, frame: int) -> None:
    x = scene.axis.x(frame)
    if -HANDLE <= x <= scene.axis.width + HANDLE:
        x = round(x) + 0.5
        top = scene.lanes.talls["ruler"] - 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(scene.colours.ground), 3))
        painter.drawLine(QPointF(x, top), QPointF(x, scene.lanes.bottom))
        painter.setPen(QPen(QColor(scene.colours.playhead), 1.2))
        painter.drawLine(QPointF(x, top), QPointF(x, scene.lanes.bottom))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scene.colours.playhead))
        painter.drawPolygon(QPolygonF([QPointF(x - HANDLE, top - 11), QPointF(x + HANDLE, top - 11),
                                       QPointF(x + HANDLE, top - 5), QPointF(x, top + 1), QPointF(x - HANDLE, top - 5)]))  # fmt: skip


def gutter(painter: QPainter, scene: Scene, font: QFont, tr: Callable[[str], str]) -> None:
    """The lanes' names, left of the axis."""
    said: dict[Lane, str] = {
        "boards": tr("Storyboards"), "picture": tr("Picture"), "marks": tr("Cuts, notes"), "energy": tr("Energy"),
        "hits": tr("Hits"), "music": tr("Music"),
    }  # fmt: skip
    painter.setFont(font)
    painter.fillRect(QRectF(0, 0, scene.lanes.gutter, scene.lanes.bottom), QColor(scene.colours.panel))
    painter.setPen(QColor(scene.colours.dim))
    for lane in ORDER:
        if lane in said:
            box = QRectF(6, scene.lanes.tops[lane], scene.lanes.gutter - 8, scene.lanes.talls[lane])
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, said[lane])


def _outside(painter: QPainter, scene: Scene, inout: InOut) -> None:
    """Beyond the in and out points all is fainter."""
    if inout.start is None and inout.end is None:
        return
    start = 0 if inout.start is None else inout.start
    end = scene.edit.frames if inout.end is None else inout.end
    left, right = scene.axis.x(start), scene.axis.x(end)
    veil = QColor(scene.colours.panel)
    veil.setAlphaF(0.62)
    top = scene.lanes.talls["ruler"]
    last = scene.axis.x(scene.edit.frames)
    painter.fillRect(QRectF(0, top, max(0.0, left), scene.lanes.bottom - top), veil)
    painter.fillRect(QRectF(right, top, max(0.0, last - right), scene.lanes.bottom - top), veil)
    ink = QColor(scene.colours.accent)
    painter.fillRect(QRectF(left, top - 3, right - left, 3), ink)
    painter.setPen(QPen(ink, 2))
    for x, way in ((left + 1, 1), (right - 1, -1)):
        painter.drawPolyline(QPolygonF([QPointF(x + 5 * way, 3), QPointF(x, 3), QPointF(x, top)]))


def _chosen(painter: QPainter, scene: Scene, view: View) -> None:
    for board in scene.boards:
        if board.id in view.boards:
            left, right = scene.axis.x(board.start), scene.axis.x(board.end) - 1
            if right < 0 or left > scene.axis.width:
                continue
            tint = QColor(scene.colours.accent)
            tint.setAlphaF(0.10)
            top = scene.lanes.tops["energy"]
            painter.fillRect(QRectF(left, top, right - left, scene.lanes.bottom - top), tint)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(scene.colours.accent), 2))
            painter.drawRect(
                QRectF(left + 1, scene.lanes.tops["boards"] + 1, right - left - 2, scene.lanes.talls["boards"] - 2)
            )


def _names(painter: QPainter, scene: Scene, fonts: tuple[QFont, QFont]) -> None:
    large, small = QFontMetrics(fonts[0]), QFontMetrics(fonts[1])
    top, tall = scene.lanes.tops["boards"], scene.lanes.talls["boards"]
    two = tall >= large.height() + small.height() + 11  # and the palette below them
    first = top + 4 + large.ascent() if two else top + (tall - 2) / 2 + large.ascent() / 2 - 1
    for board in scene.boards_in(scene.axis.first, scene.axis.first + scene.axis.span):
        left, right = max(0.0, scene.axis.x(board.start)), min(float(scene.axis.width), scene.axis.x(board.end))
        room = right - left - 14
        if room < LEAST_NAME:
            continue
        x = left + 7
        if board.locked:
            painter.save()
            painter.translate(x - 2, first - large.ascent())
            painter.scale(0.8, 0.8)
            draw_icon(painter, "lock", scene.colours.bright)
            painter.restore()
            x, room = x + 14, room - 14
        painter.setFont(fonts[0])
        painter.setPen(QColor(scene.colours.bright))
        painter.drawText(
            QPointF(x, first), large.elidedText(board.name, Qt.TextElideMode.ElideRight, max(0, int(room)))
        )
        if two and room > 40:
            said = f"{words.mood(board.valence, board.energy)} · {words.style(board)} · {round(board.tempo)} bpm"
            painter.setFont(fonts[1])
            painter.setPen(QColor(scene.colours.text))
            line = small.elidedText(said, Qt.TextElideMode.ElideRight, int(right - left - 14))
            painter.drawText(QPointF(left + 7, first + large.descent() + small.ascent() + 1), line)


def _chosen_hits(painter: QPainter, scene: Scene, view: View) -> None:
    if not view.hits:
        return
    top, tall = scene.lanes.tops["hits"], scene.lanes.talls["hits"]
    for mark in scene.hits:
        if mark.id not in view.hits:
            continue
        x = scene.axis.x(mark.frame)
        painter.setPen(QPen(QColor(scene.colours.focus), 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, scene.lanes.tops["picture"]), QPointF(x, scene.lanes.bottom))
        x = shape_x(scene, mark.frame * scene.axis.scale) - scene.axis.left
        met = scene.met.get(mark.frame)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scene.colours.well))
        painter.drawEllipse(QPointF(x, top + tall / 2 - 2), 10, 10)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(scene.colours.focus), 1.6))
        painter.drawEllipse(QPointF(x, top + tall / 2 - 2), 9, 9)
        marks.hit(painter, x, top + tall / 2 - 2, met.outcome if met else mark.outcome, mark.held, scene.colours, 0.9)


def _chosen_point(painter: QPainter, scene: Scene, view: View) -> None:
    """The points of the energy, once one of them is selected, and that one larger."""
    if view.point is None:
        return
    painter.setPen(QPen(QColor(scene.colours.energy), 1.4))
    painter.setBrush(QColor(scene.colours.well))
    for frame, value in scene.energy:
        x = scene.axis.x(frame)
        if -8 <= x <= scene.axis.width + 8 and frame != view.point:
            painter.drawEllipse(QPointF(x, energy_y(scene, value)), 2.6, 2.6)
    for frame, value in scene.energy:
        if frame == view.point:
            painter.setPen(QPen(QColor(scene.colours.focus), 2))
            painter.setBrush(QColor(scene.colours.energy))
            painter.drawEllipse(QPointF(scene.axis.x(frame), energy_y(scene, value)), 5.5, 5.5)


def _loop(painter: QPainter, scene: Scene, view: View) -> None:
    for board in scene.boards:
        if board.id == view.loop:
            left, right = scene.axis.x(board.start), scene.axis.x(board.end)
            painter.setPen(QPen(QColor(scene.colours.focus), 2))
            y = scene.lanes.talls["ruler"] - 1
            painter.drawLine(QPointF(left + 1, y), QPointF(right - 2, y))


def _edge(painter: QPainter, scene: Scene, drag: Drag) -> None:
    assert drag.edge is not None
    top, bottom = scene.lanes.tops["boards"], scene.lanes.bottom
    faint = QColor(scene.colours.accent)
    faint.setAlphaF(0.45)
    painter.setPen(QPen(faint, 1, Qt.PenStyle.DotLine))
    for frame in drag.targets:
        x = scene.axis.x(frame)
        if 0 <= x <= scene.axis.width:
            painter.drawLine(QPointF(x, top), QPointF(x, scene.lanes.tops["marks"]))
    x = scene.axis.x(drag.edge[1])
    painter.setPen(QPen(QColor(scene.colours.accent), 3))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
