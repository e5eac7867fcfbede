"""Icons, drawn on a grid of 16 by 16 in the theme's colours: no files, sharp at any size."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from .colours import Colours

Lines = tuple[QPainterPath, QPainterPath]  # what is drawn as a line, what is filled

GRID = 16
STROKE = 1.5
SIZES = (16, 24, 32, 48)


def icon(name: str, colours: Colours, ink: str = "") -> QIcon:
    """`ink` is #rrggbb, the text's colour where it is not given; fainter where the control is off."""
    found = QIcon()
    for size in SIZES:
        found.addPixmap(pixmap(name, size, ink or colours.text), QIcon.Mode.Normal)
        found.addPixmap(pixmap(name, size, colours.edge), QIcon.Mode.Disabled)
    return found


def pixmap(name: str, size: int, ink: str) -> QPixmap:
    picture = QPixmap(QSize(size, size))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / GRID, size / GRID)
    draw(painter, name, ink)
    painter.end()
    return picture


def draw(painter: QPainter, name: str, ink: str) -> None:
    """At the painter's origin, 16 by 16."""
    lines, filled = _DRAWN[name]()
    colour = QColor(ink)
    painter.setPen(QPen(colour, STROKE, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(lines)
    painter.fillPath(filled, colour)


def _path(*strokes: tuple[tuple[float, float], ...]) -> QPainterPath:
    path = QPainterPath()
    for stroke in strokes:
        path.moveTo(*stroke[0])
        for point in stroke[1:]:
            path.lineTo(*point)
    return path


def _only_lines(*strokes: tuple[tuple[float, float], ...]) -> Lines:
    return _path(*strokes), QPainterPath()


def _polygon(*points: tuple[float, float]) -> QPainterPath:
    path = _path(points)
    path.closeSubpath()
    return path


def _box(x: float, y: float, wide: float, tall: float, round_: float = 1.5) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(x, y, wide, tall), round_, round_)
    return path


def _disc(x: float, y: float, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(x, y), radius, radius)
    return path


def _arc(x: float, y: float, radius: float, start: float, sweep: float) -> QPainterPath:
    path = QPainterPath()
    box = QRectF(x - radius, y - radius, 2 * radius, 2 * radius)
    path.arcMoveTo(box, start)
    path.arcTo(box, start, sweep)
    return path


def _play() -> Lines:
    return QPainterPath(), _polygon((4, 2.5), (13.5, 8), (4, 13.5))


def _pause() -> Lines:
    filled = _box(3.5, 2.5, 3.2, 11, 0.8)
    filled.addPath(_box(9.3, 2.5, 3.2, 11, 0.8))
    return QPainterPath(), filled


def _to_start() -> Lines:
    filled = _polygon((13, 3), (6, 8), (13, 13))
    filled.addPath(_box(3, 3, 1.8, 10, 0.5))
    return QPainterPath(), filled


def _undo() -> Lines:
    lines = _path(((6, 2.5), (2.5, 6), (6, 9.5)), ((2.5, 6), (9.5, 6)))
    lines.addPath(_arc(9.5, 9.75, 3.75, 90, -180))
    lines.addPath(_path(((9.5, 13.5), (6, 13.5))))
    return lines, QPainterPath()


def _redo() -> Lines:
    lines = _path(((10, 2.5), (13.5, 6), (10, 9.5)), ((13.5, 6), (6.5, 6)))
    lines.addPath(_arc(6.5, 9.75, 3.75, 90, 180))
    lines.addPath(_path(((6.5, 13.5), (10, 13.5))))
    return lines, QPainterPath()


def _open() -> Lines:
    return _only_lines(((1.8, 13), (1.8, 3.2), (6, 3.2), (7.6, 5.2), (13, 5.2), (13, 7.2)),
                       ((1.8, 13), (4, 7.2), (15, 7.2), (12.6, 13), (1.8, 13)))  # fmt: skip


def _score() -> Lines:
    """A note whose stem stands on a cut."""
    filled = _disc(5, 12, 2.5)
    return _path(((7.3, 12), (7.3, 2.2), (12.8, 4.2), (12.8, 7))), filled


def _rehearse() -> Lines:
    lines = _arc(8, 8, 6, 60, 240)
    return lines, _polygon((6.2, 5), (11.6, 8), (6.2, 11))


def _again() -> Lines:
    lines = _arc(8, 8, 5.4, 30, 260)
    return lines, _polygon((9.4, 5.9), (14.6, 6.6), (13.6, 1.4))


def _write() -> Lines:
    return _only_lines(((8, 1.8), (8, 9.6)), ((4.8, 6.6), (8, 9.8), (11.2, 6.6)), ((2, 13.4), (14, 13.4)))


def _settings() -> Lines:
    lines = _path(((2, 4.2), (7, 4.2)), ((11.4, 4.2), (14, 4.2)), ((2, 11.8), (4, 11.8)), ((8.6, 11.8), (14, 11.8)))
    lines.addPath(_disc(9.2, 4.2, 2))
    lines.addPath(_disc(6.2, 11.8, 2))
    return lines, QPainterPath()


def _help() -> Lines:
    lines = _disc(8, 8, 6.4)
    lines.addPath(_arc(8, 6.4, 2, 170, -210))
    lines.addPath(_path(((8.9, 8.2), (8, 9.2))))
    return lines, _disc(8, 11.6, 0.95)


def _on_top() -> Lines:
    return _only_lines(((5.4, 2), (10.6, 2)), ((6.2, 2), (6.2, 7), (4, 9.4), (12, 9.4), (9.8, 7), (9.8, 2)),
                       ((8, 9.4), (8, 14)))  # fmt: skip


def _plus() -> Lines:
    return _only_lines(((8, 3), (8, 13)), ((3, 8), (13, 8)))


def _minus() -> Lines:
    return _only_lines(((3, 8), (13, 8)))


def _fit() -> Lines:
    return _only_lines(((1.8, 3), (1.8, 13)), ((14.2, 3), (14.2, 13)), ((4, 8), (12, 8)), ((6, 5.8), (4, 8), (6, 10.2)),
                       ((10, 5.8), (12, 8), (10, 10.2)))  # fmt: skip


def _loop() -> Lines:
    return _only_lines(((3, 9), (3, 5), (13, 5)), ((10.6, 2.6), (13, 5), (10.6, 7.4)), ((13, 7.6), (13, 11), (3, 11)),
                       ((5.4, 8.6), (3, 11), (5.4, 13.4)))  # fmt: skip


def _lock() -> Lines:
    lines = _box(3, 7, 10, 7)
    lines.addPath(_path(((5, 7), (5, 5))))
    lines.addPath(_arc(8, 5, 3, 180, -180))
    lines.addPath(_path(((11, 5), (11, 7))))
    return lines, _disc(8, 10.5, 1.2)


def _unlock() -> Lines:
    lines = _box(3, 7, 10, 7)
    lines.addPath(_path(((5, 7), (5, 4.6))))
    lines.addPath(_arc(8, 4.6, 3, 180, -160))
    return lines, QPainterPath()


def _close() -> Lines:
    return _only_lines(((4, 4), (12, 12)), ((12, 4), (4, 12)))


def _copy() -> Lines:
    lines = _box(5.5, 5.5, 8, 8.5)
    lines.addPath(_path(((3, 10.6), (2.4, 10.6), (2.4, 2), (10.6, 2), (10.6, 3))))
    return lines, QPainterPath()


def _bin() -> Lines:
    return _only_lines(((2.5, 4), (13.5, 4)), ((6, 4), (6, 2.2), (10, 2.2), (10, 4)),
                       ((4, 4), (4.7, 14), (11.3, 14), (12, 4)), ((6.7, 6.8), (6.9, 11.4)), ((9.3, 6.8), (9.1, 11.4)))  # fmt: skip


def _star() -> Lines:
    return QPainterPath(), _star_path()


def _no_star() -> Lines:
    return _star_path(), QPainterPath()


def _star_path() -> QPainterPath:
    points = []
    for n in range(10):
        radius, angle = (6.4 if n % 2 == 0 else 2.7), math.pi * n / 5
        points.append((8 + radius * math.sin(angle), 8.4 - radius * math.cos(angle)))
    return _polygon(*points)


def _split() -> Lines:
    return _only_lines(((8, 1.5), (8, 14.5)), ((5, 5), (2, 8), (5, 11)), ((11, 5), (14, 8), (11, 11)))


def _merge() -> Lines:
    return _only_lines(((2, 5), (5, 8), (2, 11)), ((14, 5), (11, 8), (14, 11)), ((7, 8), (9, 8)))


def _hit() -> Lines:
    return QPainterPath(), _polygon((8, 2.4), (13.6, 8), (8, 13.6), (2.4, 8))


def _back() -> Lines:
    return _only_lines(((7, 3), (2.5, 8), (7, 13)), ((2.5, 8), (13.5, 8)))


def _more() -> Lines:
    filled = QPainterPath()
    for x in (3.2, 8, 12.8):
        filled.addPath(_disc(x, 8, 1.4))
    return QPainterPath(), filled


def _sound() -> Lines:
    lines = _arc(8.5, 8, 3, -45, 90)
    lines.addPath(_arc(8.5, 8, 5.6, -45, 90))
    return lines, _polygon((1.6, 6), (4.4, 6), (8, 2.8), (8, 13.2), (4.4, 10), (1.6, 10))


def _down() -> Lines:
    return _only_lines(((4.5, 6.5), (8, 10), (11.5, 6.5)))


def _up() -> Lines:
    return _only_lines(((4.5, 9.5), (8, 6), (11.5, 9.5)))


def _tick() -> Lines:
    return _only_lines(((3.4, 8.4), (6.8, 11.8), (12.8, 4.6)))


_DRAWN: dict[str, Callable[[], Lines]] = {
    "play": _play, "pause": _pause, "to_start": _to_start, "undo": _undo, "redo": _redo, "open": _open,
    "score": _score, "rehearse": _rehearse, "again": _again, "write": _write, "settings": _settings, "help": _help,
    "on_top": _on_top, "plus": _plus, "minus": _minus, "fit": _fit, "loop": _loop, "lock": _lock, "unlock": _unlock,
    "close": _close, "copy": _copy, "bin": _bin, "star": _star, "no_star": _no_star, "split": _split, "merge": _merge,
    "hit": _hit, "back": _back, "more": _more, "sound": _sound, "down": _down, "up": _up, "tick": _tick,
}  # fmt: skip
NAMES = tuple(_DRAWN)
