"""The shapes of hits: what became of one is told by shape and by colour, what was decided by what surrounds it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from ....runtime.cues.sheet import Outcome
from ...state.plan import Held
from ...theme.colours import Colours

RADIUS = 5.0


def hit(
    painter: QPainter, x: float, y: float, outcome: Outcome, held: Held, colours: Colours, big: float = 1.0
) -> None:
    """Landed: a full diamond. Near: an empty one. Missed: a cross. Pinned: on a foot. Released: a small ring."""
    radius = RADIUS * big
    if held == "released":
        painter.setPen(QPen(QColor(colours.dim), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y), radius * 0.55, radius * 0.55)
        return
    ink = QColor(getattr(colours, outcome))
    if held == "pinned":
        painter.setPen(QPen(ink, 2.0))
        painter.drawLine(QPointF(x, y + radius), QPointF(x, y + radius + 4.5))
        painter.drawLine(QPointF(x - 3.5, y + radius + 4.5), QPointF(x + 3.5, y + radius + 4.5))
    painter.setPen(QPen(ink, 1.7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    if outcome == "missed":
        reach = radius * 0.72
        painter.drawLine(QPointF(x - reach, y - reach), QPointF(x + reach, y + reach))
        painter.drawLine(QPointF(x - reach, y + reach), QPointF(x + reach, y - reach))
        return
    painter.setBrush(ink if outcome == "landed" else Qt.BrushStyle.NoBrush)
    reach = radius if outcome == "landed" else radius - 0.4
    painter.drawPolygon(
        QPolygonF([QPointF(x, y - reach), QPointF(x + reach, y), QPointF(x, y + reach), QPointF(x - reach, y)])
    )


def tick(painter: QPainter, x: float, top: float, tall: float, outcome: Outcome, colours: Colours) -> None:
    """Where hits stand too close for shapes: a full bar, its upper half, or its foot."""
    part = {"landed": (0.0, 1.0), "near": (0.0, 0.5), "missed": (0.7, 0.3)}[outcome]
    box = QRectF(x, top + tall * part[0], 1.5, tall * part[1])
    painter.fillRect(box, QColor(getattr(colours, outcome)))
