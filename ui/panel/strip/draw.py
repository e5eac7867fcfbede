"""Draws a stretch of the strip: all that stays while nothing is selected, played or dragged.

The painter's x axis is that of the whole picture in pixels; each function draws what lies between `left` and `right`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap, QPolygonF

from ....runtime.edit import Cut
from ...state.edit import ShotLook
from ...state.plan import HitMark
from ...theme.colours import blend, block, mood
from . import marks
from .axis import ticks
from .scene import Scene

Thumb = Callable[[str], QPixmap | None]

DENSE = 3  # pixels a cut or a hit needs to be drawn by itself
BIN = 6  # pixels that are drawn as one where they have less
ROOMY = 48  # pixels of a block from which its palette has more room
WORDS = 400  # pixels that a marker's name may take
LEAST_THUMB = 7  # pixels of a shot from which on its picture is drawn, not its colour
_MARKER_COLOURS = {
    "RED": "#e5484d", "ORANGE": "#f08c3c", "YELLOW": "#e5c843", "GREEN": "#46a758", "CYAN": "#3fb8d6",
    "BLUE": "#4a7cd6", "PURPLE": "#9b6bdf", "MAGENTA": "#d64fae", "PINK": "#e583b6", "WHITE": "#c9ccd4", "BLACK": "#5b606c",
}  # fmt: skip


def stretch(painter: QPainter, scene: Scene, left: float, right: float, thumb: Thumb, font: QFont) -> None:
    painter.setFont(font)
    for lane in ("boards", "picture", "marks", "energy", "hits", "music"):
        painter.fillRect(
            QRectF(left, scene.lanes.tops[lane], right - left, scene.lanes.talls[lane]), QColor(scene.colours.well)
        )
    ruler(painter, scene, left, right)
    boards(painter, scene, left, right)
    picture(painter, scene, left, right, thumb)
    cuts_and_speech(painter, scene, left, right)
    markers(painter, scene, left, right)
    energy(painter, scene, left, right)
    beats(painter, scene, left, right)
    wave(painter, scene, left, right)
    hits(painter, scene, left, right)


def ruler(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top, tall = scene.lanes.tops["ruler"], scene.lanes.talls["ruler"]
    first, last = scene.frames(left, right)
    metrics = QFontMetrics(painter.font())
    room = metrics.horizontalAdvance("00:00:00:00") + 18
    over = room / scene.axis.scale  # a label that begins in the stretch before
    here = replace(scene.axis, scroll=max(0.0, first - over), width=max(1, round(right - left + room)))
    painter.setPen(QPen(QColor(scene.colours.edge), 1))
    for frame, worded in ticks(here, scene.rate, scene.edit.start_frame, room):
        x = round(frame * scene.axis.scale) + 0.5
        painter.setPen(QColor(scene.colours.edge))
        painter.drawLine(QPointF(x, top + (2 if worded else tall - 5)), QPointF(x, top + tall))
        if worded and frame <= last and x + room - 14 <= scene.edit.frames * scene.axis.scale:
            painter.setPen(QColor(scene.colours.dim))
            painter.drawText(QPointF(x + 4, top + metrics.ascent() + 1), scene.edit.timecode(frame))


def boards(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top, tall = scene.lanes.tops["boards"], scene.lanes.talls["boards"]
    first, last = scene.frames(left, right)
    band = 7 if tall < ROOMY else 10
    for board in scene.boards_in(first, last):
        x, end = board.start * scene.axis.scale, board.end * scene.axis.scale
        wide = max(1.0, end - x - 1)
        painter.fillRect(QRectF(x, top, wide, tall), QColor(block(scene.colours, board.valence, board.energy)))
        painter.fillRect(QRectF(x, top, wide, 3), QColor(mood(scene.colours, board.valence, board.energy)))
        swatches = scene.palettes.get(board.id, ())
        total = sum(swatch.share for swatch in swatches)
        at = x
        for swatch in swatches:
            part = wide * swatch.share / total if total else 0
            painter.fillRect(QRectF(at, top + tall - band, part, band), QColor(swatch.colour))
            at += part


def picture(painter: QPainter, scene: Scene, left: float, right: float, thumb: Thumb) -> None:
    top, tall = scene.lanes.tops["picture"], scene.lanes.talls["picture"]
    first, last = scene.frames(left, right)
    drawn = -1.0
    for (start, end), look in scene.seen.shots_in(int(first), int(last) + 1):
        x, stop = start * scene.axis.scale, end * scene.axis.scale
        if stop <= drawn:
            continue
        gap = 1.0 if stop - x > 5 else 0.0
        box = QRectF(max(x, drawn), top, max(1.0, stop - max(x, drawn) - gap), tall)
        drawn = x + 1.0 if stop - x < 1.0 else stop
        image = thumb(look.thumb) if look.thumb and box.width() >= LEAST_THUMB else None
        if image is not None:
            _repeated(painter, image, box, left, right)
        elif look.known:
            painter.fillRect(box, QColor(_colour_of(look, scene.colours.grey)))
        else:
            _unseen(painter, scene, box)


def _repeated(painter: QPainter, image: QPixmap, box: QRectF, left: float, right: float) -> None:
    """The picture as often as it fits, its middle where it is wider than the box."""
    wide = box.height() * image.width() / image.height()
    if wide >= box.width():
        share = box.width() / wide
        source = QRectF(image.width() * (1 - share) / 2, 0, image.width() * share, image.height())
        painter.drawPixmap(box, image, source)
        return
    count = max(1, round(box.width() / wide))
    each = box.width() / count
    share = min(1.0, each / wide)
    source = QRectF(image.width() * (1 - share) / 2, 0, image.width() * share, image.height())
    for n in range(count):
        x = box.left() + n * each
        if x + each >= left and x <= right:
            painter.drawPixmap(QRectF(x, box.top(), each, box.height()), image, source)


def _colour_of(look: ShotLook, usual: str) -> str:
    return max(look.palette, key=lambda swatch: swatch.share).colour if look.palette else usual


def _unseen(painter: QPainter, scene: Scene, box: QRectF) -> None:
    """What stands for a picture that is not there, or not yet."""
    painter.fillRect(box, QColor(scene.colours.panel))
    if box.width() > 8:
        painter.fillRect(box, QColor(blend(scene.colours.panel, scene.colours.well, 0.35)))
        painter.setPen(QPen(QColor(scene.colours.line), 1))
        painter.save()
        painter.setClipRect(box)
        x = box.left() - box.height()
        while x < box.right():
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x + box.height(), box.top()))
            x += 9
        painter.restore()


def cuts_and_speech(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top, tall = scene.lanes.tops["marks"], scene.lanes.talls["marks"]
    first, last = scene.frames(left, right)
    inks = {"transition": scene.colours.dissolve, "detected": scene.colours.detected}
    found = scene.cuts_in(first, last)
    if len(found) * DENSE > right - left:
        _pace(painter, scene, found, left, right, top)
    else:
        for cut in found:
            at, ink = round(cut.frame * scene.axis.scale), inks.get(cut.kind, scene.colours.cut)
            painter.fillRect(QRectF(at, top, 1.5, 4 if cut.maybe_overlay else 8), QColor(ink))
    for each in scene.speech_in(first, last):
        x, end = each.start * scene.axis.scale, each.end * scene.axis.scale
        painter.fillRect(QRectF(x, top + tall - 5, max(1.5, end - x), 5), QColor(scene.colours.dialogue))


def _pace(painter: QPainter, scene: Scene, found: Sequence[Cut], left: float, right: float, top: float) -> None:
    """Where cuts stand too close to be told apart: how many there are, in full where there are twice as many as usual."""
    counts = [0] * (int(right - left) // BIN + 1)
    for cut in found:
        counts[min(len(counts) - 1, max(0, int(cut.frame * scene.axis.scale - left) // BIN))] += 1
    usual = len(scene.cuts) * BIN / max(1.0, scene.edit.frames * scene.axis.scale)
    for n, count in enumerate(counts):
        tall = min(8.0, 4 * count / usual)
        painter.fillRect(QRectF(left + n * BIN, top + 8 - tall, BIN - 1, tall), QColor(scene.colours.dim))


def _shares(painter: QPainter, scene: Scene, found: Sequence[HitMark], left: float, right: float) -> None:
    """Where hits stand too close even for bars: what became of them, bin by bin, from landed at the foot to missed."""
    top, tall = scene.lanes.tops["hits"] + 3, scene.lanes.talls["hits"] - 6
    bins: list[Counter[str]] = [Counter() for _ in range(int(right - left) // BIN + 1)]
    for mark in found:
        met = scene.met.get(mark.frame)
        place = int(mark.frame * scene.axis.scale - left) // BIN
        if 0 <= place < len(bins):
            bins[place][met.outcome if met else mark.outcome] += 1
    for n, counts in enumerate(bins):
        y, whole = float(top + tall), sum(counts.values())
        for outcome in ("landed", "near", "missed"):
            part = tall * counts[outcome] / whole if whole else 0.0
            y -= part
            painter.fillRect(QRectF(left + n * BIN, y, BIN - 1, part), QColor(getattr(scene.colours, outcome)))


def markers(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top = scene.lanes.tops["marks"] + 9
    first, last = scene.frames(left, right)
    reach = WORDS / scene.axis.scale  # equal in all stretches that a name runs through
    found = scene.markers_in(first - reach, last + reach)
    ends = scene.edit.frames * scene.axis.scale
    metrics = QFontMetrics(painter.font())
    for n, marker in enumerate(found):
        x = max(marker.frame * scene.axis.scale, 4.0)
        colour = QColor(_MARKER_COLOURS.get(marker.color.upper(), scene.colours.grey))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([QPointF(x - 4, top + 2), QPointF(x + 4, top + 2), QPointF(x, top + 9)]))
        next_at = found[n + 1].frame * scene.axis.scale if n + 1 < len(found) else ends + 7
        room = min(next_at - x - 14, WORDS)
        if room > 22 and marker.name:
            painter.setPen(QColor(scene.colours.dim))
            words = metrics.elidedText(marker.name, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(QPointF(x + 7, top + 10), words)


def energy(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top, tall = scene.lanes.tops["energy"], scene.lanes.talls["energy"]
    _motion(painter, scene, left, right, top, tall)
    points = curve_points(scene, left, right)
    if len(points) < 2:
        return
    area = QColor(scene.colours.energy)
    area.setAlphaF(0.16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(area)
    floor = top + tall
    painter.drawPolygon(QPolygonF([QPointF(points[0].x(), floor), *points, QPointF(points[-1].x(), floor)]))
    painter.setPen(QPen(QColor(scene.colours.energy), 2))
    painter.drawPolyline(QPolygonF(points))


def curve_points(scene: Scene, left: float, right: float) -> list[QPointF]:
    """The energy curve between two pixels, with one point beyond each of them."""
    first, last = scene.frames(left, right)
    inside = [n for n, (frame, _) in enumerate(scene.energy) if first <= frame <= last]
    begin = inside[0] - 1 if inside else next((n for n, (frame, _) in enumerate(scene.energy) if frame > last), 1) - 1
    end = inside[-1] + 2 if inside else begin + 2
    return [
        QPointF(frame * scene.axis.scale, energy_y(scene, value)) for frame, value in scene.energy[max(0, begin) : end]
    ]


def energy_y(scene: Scene, value: float) -> float:
    top, tall = scene.lanes.tops["energy"], scene.lanes.talls["energy"]
    return top + 3 + (1 - value) * (tall - 6)


def _motion(painter: QPainter, scene: Scene, left: float, right: float, top: float, tall: float) -> None:
    values = scene.seen.motion
    if not values:
        return
    floor, points, step = top + tall, [], 2
    per_pixel = 10 / scene.fps / scene.axis.scale
    for x in range(int(left), int(right) + step, step):
        low, high = int(x * per_pixel), max(int(x * per_pixel) + 1, int((x + step) * per_pixel))
        some = values[low:high]
        if not some:
            break
        points.append(QPointF(x, floor - max(some) * (tall - 4) * 0.9))
    if points:
        ink = QColor(scene.colours.motion)
        ink.setAlphaF(0.2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        painter.drawPolygon(QPolygonF([QPointF(points[0].x(), floor), *points, QPointF(points[-1].x(), floor)]))


def beats(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    """Bars over hits and music, beats over the music where they stand apart."""
    top, tall = scene.lanes.tops["music"], scene.lanes.talls["music"]
    over = scene.lanes.tops["hits"]
    per_second = scene.fps * scene.axis.scale
    for board in scene.music.boards:
        if board.end * scene.axis.scale < left or board.start * scene.axis.scale > right or not board.beats:
            continue
        starts = set(board.downbeats)
        apart = per_second * 60 / max(1.0, board.tempo)
        drawn = -10.0
        for n, beat in enumerate(board.beats):
            x = beat * per_second
            if x < left - 2 or x > right + 2:
                continue
            if n in starts:
                if x - drawn >= 8:
                    painter.fillRect(QRectF(x, over, 1, top + tall - over), QColor(scene.colours.bar))
                    drawn = x
            elif apart >= 6:
                painter.fillRect(QRectF(x, top, 1, tall), QColor(scene.colours.beat))


def wave(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top, tall = scene.lanes.tops["music"], scene.lanes.talls["music"]
    middle = top + tall / 2
    if scene.peaks is None:
        return
    per_second = scene.fps * scene.axis.scale
    wide = int(right - left)
    columns = scene.peaks.columns(left / per_second, right / per_second, wide)
    ink = QColor(scene.colours.music)
    if scene.music.stale:
        ink.setAlphaF(0.45)
    for n, (low, high) in enumerate(columns):
        above, below = high * (tall / 2 - 1), -low * (tall / 2 - 1)
        painter.fillRect(QRectF(left + n, middle - above, 1, max(1.0, above + below)), ink)


def shape_x(scene: Scene, x: float) -> float:
    """Where a hit's shape is drawn: whole, also on the first and the last frame."""
    return min(max(x, marks.RADIUS + 1), scene.edit.frames * scene.axis.scale - marks.RADIUS - 1)


def hits(painter: QPainter, scene: Scene, left: float, right: float) -> None:
    top, tall = scene.lanes.tops["hits"], scene.lanes.talls["hits"]
    reach = 12 / scene.axis.scale
    first, last = scene.frames(left, right)
    found = scene.hits_in(first - reach, last + reach)
    if len(found) * DENSE > right - left:
        _shares(painter, scene, found, left, right)
        found = [mark for mark in found if mark.held]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for n, mark in enumerate(found):
        x = shape_x(scene, mark.frame * scene.axis.scale)
        near = min(
            (abs(other.frame - mark.frame) for other in found[max(0, n - 1) : n + 2] if other is not mark), default=9999
        )
        met = scene.met.get(mark.frame)
        outcome = met.outcome if met else mark.outcome
        if near * scene.axis.scale < 9 and not mark.held:
            marks.tick(painter, x - 0.75, top + 3, tall - 6, outcome, scene.colours)
        else:
            marks.hit(painter, x, top + tall / 2 - 2, outcome, mark.held, scene.colours)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
