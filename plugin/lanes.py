"""The edit over time: storyboards, a strip of pictures, cuts, movement and light, dialogue and markers, in lanes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..runtime.edit import CutKind, Edit
from ..runtime.picture.look import Seen
from .canvas import blend, curve, fill
from .lettering import Colour, Image, width, write

GROUND, PANEL, WELL, LINE = (17, 18, 22), (26, 28, 34), (21, 22, 27), (52, 55, 64)
BRIGHT, TEXT, DIM = (242, 243, 246), (176, 181, 192), (112, 117, 130)
COLD, WARM, GREY = (74, 124, 214), (240, 160, 60), (134, 138, 150)
MOTION, LIGHT, DIALOGUE = (236, 104, 92), (246, 222, 150), (96, 186, 168)
CUTS: dict[CutKind, Colour] = {
    "cut": (216, 220, 230),
    "transition": (180, 140, 250),
    "to_black": (120, 130, 150),
    "from_black": (120, 130, 150),
    "detected": (96, 214, 240),
}
MARGIN = 40
TILE, TILE_TALL = 92, 52  # of the strip of pictures

_BOARDS, _TICKS, _CURVES, _SPEECH, _MARKS, _AXIS, _SPACE = 24, 14, 62, 9, 20, 20, 22
TALL = _BOARDS + 4 + TILE_TALL + 4 + _TICKS + 4 + _CURVES + 4 + _SPEECH + 4 + _MARKS + _AXIS + _SPACE
_LENGTHS = (120, 180, 300, 600, 900, 1200, 1800, 3600, 7200)  # seconds that a lane may show
_ONE_LANE, _MOST_LANES = 180, 10
_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200)
_MARKERS = {
    "RED": (232, 84, 84), "PINK": (240, 130, 190), "ORANGE": (244, 150, 60), "YELLOW": (240, 214, 80),
    "GREEN": (110, 206, 110), "CYAN": (90, 210, 224), "BLUE": (96, 140, 244), "PURPLE": (170, 120, 240),
    "MAGENTA": (226, 96, 214), "WHITE": (240, 240, 240), "BLACK": (130, 130, 130),
}  # fmt: skip


class MoodLike(Protocol):
    @property
    def valence(self) -> float: ...
    @property
    def energy(self) -> float: ...
    @property
    def reasons(self) -> Sequence[str]: ...


class BoardLike(Protocol):
    """What is drawn of a storyboard: frames [start, end)."""

    @property
    def name(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def mood(self) -> MoodLike: ...


class Tiles(Protocol):
    def add(self, frame: int, x: int, y: int, wide: int, tall: int) -> None: ...


def mood_colour(mood: MoodLike) -> Colour:
    """Cold blue to warm amber with the valence, stronger with the energy."""
    hue = blend(GREY, WARM if mood.valence > 0 else COLD, abs(mood.valence) ** 0.5)
    return blend(blend(GROUND, hue, 0.5), hue, mood.energy)


def lanes_of(edit: Edit) -> list[tuple[float, float]]:
    """The seconds [start, end) that each lane shows; all lanes are equally long."""
    total = max(edit.seconds(edit.frames), 1e-3)
    if total <= _ONE_LANE:
        return [(0.0, total)]
    length = next((n for n in _LENGTHS if total / n <= _MOST_LANES), total / _MOST_LANES)
    count = math.ceil(total / length - 1e-9)
    length = total / count
    return [(n * length, (n + 1) * length) for n in range(count)]


def legend(image: Image, x: int, y: int) -> None:
    """What the colours of a lane mean, ending at x."""
    words = [("cut", CUTS["cut"]), ("dissolve", CUTS["transition"]), ("detected", CUTS["detected"]), ("motion", MOTION),
             ("light", LIGHT), ("dialogue", DIALOGUE)]  # fmt: skip
    x -= sum(width(word) + 44 for word, _ in words) - 20
    for word, colour in words:
        fill(image, x, y + 3, 12, 8, colour)
        x = write(image, x + 18, y, word, TEXT) + 24


def draw(
    image: Image,
    y: int,
    edit: Edit,
    boards: Sequence[BoardLike],
    seen: Seen,
    dialogue: Sequence[tuple[float, float]],
    lane: tuple[float, float],
    tiles: Tiles,
) -> None:
    """One lane, TALL high."""
    wide = int(image.shape[1]) - 2 * MARGIN
    start, end = lane
    scale = float(wide / (end - start))

    def at(seconds: float) -> float:
        return MARGIN + (min(max(seconds, start), end) - start) * scale

    def inside(first: float, last: float) -> bool:
        return last > start and first < end

    _boards(image, y, [(at(edit.seconds(b.start)), at(edit.seconds(b.end)), b) for b in boards
                       if inside(edit.seconds(b.start), edit.seconds(b.end))])  # fmt: skip
    y += _BOARDS + 4
    _strip(image, y, edit, lane, tiles)
    y += TILE_TALL + 4
    fill(image, MARGIN, y, wide, _TICKS, WELL)
    for cut in edit.cuts:
        if start <= edit.seconds(cut.frame) < end:
            tall = _TICKS // 2 if cut.maybe_overlay else _TICKS
            faint = 1.0 if cut.confidence is None else 0.45 + 0.55 * cut.confidence
            fill(image, at(edit.seconds(cut.frame)), y + _TICKS - tall, 2, tall, CUTS[cut.kind], faint)
    y += _TICKS + 4
    fill(image, MARGIN, y, wide, _CURVES, WELL)
    moments = start + (np.arange(wide, dtype=np.float64) + 0.5) / scale
    curve(image, MARGIN, y + 2, _sampled(seen.curves.seconds, seen.curves.motion, moments), _CURVES - 4, MOTION, 0.28)
    curve(image, MARGIN, y + 2, _sampled(seen.curves.seconds, seen.curves.light, moments), _CURVES - 4, LIGHT)
    y += _CURVES + 4
    fill(image, MARGIN, y, wide, _SPEECH, WELL)
    for first, last in dialogue:
        if inside(first, last):
            fill(image, at(first), y, max(2.0, at(last) - at(first)), _SPEECH, DIALOGUE)
    y += _SPEECH + 4
    _markers(image, y, [(at(edit.seconds(m.frame)), m.name, _MARKERS.get(m.color.upper(), GREY)) for m in edit.markers
                        if m.visible and start <= edit.seconds(m.frame) < end])  # fmt: skip
    axis(image, y + _MARKS, start, end, scale)


def _boards(image: Image, y: int, spans: Sequence[tuple[float, float, BoardLike]]) -> None:
    for left, right, board in spans:
        colour = mood_colour(board.mood)
        fill(image, left, y, max(1.0, right - left - 2), _BOARDS, blend(GROUND, colour, 0.55))
        fill(image, left, y, max(1.0, right - left - 2), 4, colour)
        if right - left > 48:
            write(image, round(left) + 8, y + 6, board.name, BRIGHT, 2, round(right - left) - 18)


def _strip(image: Image, y: int, edit: Edit, lane: tuple[float, float], tiles: Tiles) -> None:
    wide = image.shape[1] - 2 * MARGIN
    fill(image, MARGIN, y, wide, TILE_TALL, WELL)
    count = max(1, wide // TILE)
    edges = [MARGIN + round(n * wide / count) for n in range(count + 1)]
    for n in range(count):
        seconds = lane[0] + (n + 0.5) / count * (lane[1] - lane[0])
        frame = int(seconds * edit.rate.fps)
        if any(shot.start <= frame < shot.end for shot in edit.shots):
            tiles.add(frame, edges[n], y, edges[n + 1] - edges[n] - 1, TILE_TALL)


def _markers(image: Image, y: int, marks: Sequence[tuple[float, str, Colour]]) -> None:
    marks = sorted(marks)
    for n, (x, name, colour) in enumerate(marks):
        end = marks[n + 1][0] if n + 1 < len(marks) else image.shape[1] - MARGIN
        left = round(x)
        for row in range(6):
            fill(image, left - 5 + row, y + row, 11 - 2 * row, 1, colour)
        room = round(end) - left - 20
        if name and room >= width("mm.."):
            write(image, left + 10, y - 3, name, TEXT, 2, room)


def axis(image: Image, y: int, start: float, end: float, scale: float) -> None:
    """Ticks and clock times between the margins of a picture."""
    step = next((s for s in _STEPS if s * scale >= 110), _STEPS[-1])
    fill(image, MARGIN, y - 2, image.shape[1] - 2 * MARGIN, 1, LINE)
    for n in _counted(math.ceil(start / step - 1e-9), end, step):
        x = MARGIN + (n * step - start) * scale
        fill(image, x, y - 2, 1, 7, GREY)
        label = clock(n * step)
        if x + 6 + width(label) < image.shape[1] - MARGIN:
            write(image, round(x) + 6, y + 1, label, DIM)


def clock(seconds: float) -> str:
    whole = int(seconds)
    tenth = f".{round(10 * (seconds - whole))}" if seconds != whole else ""
    hours, minutes = whole // 3600, whole // 60 % 60
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{whole % 60:02}{tenth}"


def _counted(n: int, end: float, step: float) -> Iterator[int]:
    while n * step < end:
        yield n
        n += 1


def _sampled(
    seconds: NDArray[np.float32], values: NDArray[np.float32], moments: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The curve at each moment, the mean where several values fall on one; NaN outside and where nothing was seen."""
    if not len(seconds):
        return np.full(len(moments), np.nan)
    half = (moments[1] - moments[0]) / 2 if len(moments) > 1 else 0.5
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 1.0
    first = np.searchsorted(seconds, moments - half)
    last = np.searchsorted(seconds, moments + half)
    known = np.isfinite(values)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (total[last] - total[first]) / (count[last] - count[first])
    near = np.clip(np.searchsorted(seconds, moments - step / 2), 0, len(seconds) - 1)
    single = np.where(np.abs(seconds[near] - moments) <= step, values[near], np.nan)
    return np.where(last > first, mean, single)
