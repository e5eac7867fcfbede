"""How a sound meets an edit, drawn: its outline and beats, the cuts, and which of them were met, over time in rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..runtime.edit import Edit
from ..runtime.measure.evaluate import Evaluation, Part
from ..runtime.measure.matching import near
from ..runtime.measure.rhythm import NEAR, Measure
from . import lanes
from .canvas import blend, fill
from .lanes import BRIGHT, DIM, GREY, GROUND, LINE, MARGIN, PANEL, TEXT, WELL
from .lettering import Colour, Image, width, write

WIDTH = 2400
MET, CLOSE, MISSED = (84, 172, 255), (246, 220, 110), (255, 124, 58)  # told apart by colour-blind eyes too
BEAT, WAVE, CUT = (178, 132, 246), (78, 88, 106), (226, 230, 238)

_LEFT = 118  # where time begins; before it stands what a row is
_HEAD, _BOARDS, _MARKS, _WAVE, _AXIS, _SPACE = 176, 26, 22, 104, 22, 26
TALL = _BOARDS + 4 + 2 * _MARKS + 4 + _WAVE + 4 + _AXIS + _SPACE
_ROWS = (60, 90, 120, 180, 300, 600)  # seconds that a row may show
_MOST_ROWS = 24
_SIGN = 15  # dots across
_PER_SECOND = 100  # values of the outline

Grid = NDArray[np.float64]  # from -1 to 1, upwards and to the right
Covered = NDArray[np.bool_]
Shape = Callable[[Grid, Grid], Covered]


def _disc(x: Grid, y: Grid) -> Covered:
    inside: Covered = np.less(x * x + y * y, 0.72)
    return inside


def _ring(x: Grid, y: Grid) -> Covered:
    inside: Covered = np.less(x * x + y * y, 0.3)
    return _disc(x, y) & ~inside


def _cross(x: Grid, y: Grid) -> Covered:
    bars: Covered = np.less(np.abs(np.abs(x) - np.abs(y)), 0.3)
    return bars & np.less(np.maximum(np.abs(x), np.abs(y)), 0.85)


def _triangle(x: Grid, y: Grid) -> Covered:
    return np.less(np.abs(x), (0.8 - y) * 0.6) & np.greater(y, -0.8)


def _hollow(x: Grid, y: Grid) -> Covered:
    return _triangle(x, y) & ~(np.less(np.abs(x), (0.3 - y) * 0.6) & np.greater(y, -0.5))


SIGNS: dict[str, tuple[Shape, Colour]] = {
    "met": (_disc, MET),
    "close": (_ring, CLOSE),
    "missed": (_cross, MISSED),
    "heard": (_triangle, MET),
    "unheard": (_hollow, MISSED),
}
_OF_OUTCOME = {"landed": "met", "near": "close", "missed": "missed"}


def chart(edit: Edit, evaluation: Evaluation, boards: Sequence[Part] = ()) -> Image:
    """The evaluation on one picture, (height, WIDTH, 3) in sRGB. Long edits take several rows."""
    spans = list(_spans(edit.seconds(edit.frames)))
    image = np.empty((_HEAD + len(spans) * TALL, WIDTH, 3), np.uint8)
    image[:] = GROUND
    _head(image, edit, evaluation)
    for n, span in enumerate(spans):
        _Row(image, _HEAD + n * TALL, span).draw(edit, evaluation, boards)
    return image


def _spans(seconds: float) -> Iterator[tuple[float, float]]:
    """The seconds [start, end) of each row; all rows are equally long."""
    total = max(seconds, 0.1)
    longest = next((seconds for seconds in _ROWS if total / seconds <= _MOST_ROWS), total / _MOST_ROWS)
    count = math.ceil(total / longest - 1e-9)
    for n in range(count):
        yield n * total / count, (n + 1) * total / count


class _Row:
    """A stretch of time, TALL high, from y down."""

    def __init__(self, image: Image, y: int, span: tuple[float, float]) -> None:
        self._image, self._y = image, y
        self._start, self._end = span
        self._wide = WIDTH - MARGIN - _LEFT
        self._scale = self._wide / (self._end - self._start)

    def draw(self, edit: Edit, evaluation: Evaluation, boards: Sequence[Part]) -> None:
        y = self._y
        self._boards(y, edit, evaluation, boards)
        y += _BOARDS + 4
        cuts = sorted({moment.seconds for moment in evaluation.moments if moment.kind == "cut"})
        fill(self._image, _LEFT, y, self._wide, 2 * _MARKS, WELL)
        wave = y + 2 * _MARKS + 4
        self._outline(wave, evaluation)
        for cut in self._inside(cuts):
            fill(self._image, self._at(cut) - 1, y, 2, wave + _WAVE - y, CUT, 0.5)
        met = near(cuts, evaluation.beats, NEAR)
        self._signs(y, "beat", [(cut, "met" if hit else "missed") for cut, hit in zip(cuts, met, strict=True)])
        outcomes = {moment.seconds: _OF_OUTCOME[moment.outcome] for moment in evaluation.moments}
        self._signs(y + _MARKS, "onset", list(outcomes.items()))
        self._ticks(wave + _WAVE + 4)

    def _boards(self, y: int, edit: Edit, evaluation: Evaluation, boards: Sequence[Part]) -> None:
        starts = [(edit.seconds(board.start), board.name) for board in boards]
        edges = [*starts, (edit.seconds(edit.frames), "")]
        for n, ((start, name), (end, _)) in enumerate(pairwise(edges)):
            if start >= self._end or end <= self._start:
                continue
            left, right = self._at(start), self._at(end)
            fill(self._image, left, y, max(1.0, right - left - 2), _BOARDS, PANEL if n % 2 else blend(PANEL, LINE, 0.6))
            if right - left > 64:
                write(self._image, round(left) + 22, y + 5, name, TEXT, 2, round(right - left) - 30)
        for boundary in evaluation.boundaries:
            if self._start <= boundary.seconds < self._end:
                sign = "heard" if boundary.audible else "unheard"
                stamp(self._image, round(self._at(boundary.seconds)) + 9, y + _BOARDS // 2, sign)

    def _outline(self, y: int, evaluation: Evaluation) -> None:
        """The sound as it swells, on a scale of loudness, its middle in the middle; beats stand behind it."""
        fill(self._image, _LEFT, y, self._wide, _WAVE, WELL)
        for beat in self._inside(evaluation.beats):
            fill(self._image, self._at(beat) - 1, y, 2, _WAVE, BEAT, 0.85)
        outline = evaluation.heard.outline
        edges = (self._start + np.arange(self._wide + 1) / self._scale) * _PER_SECOND
        for column, (first, last) in enumerate(
            zip(edges[:-1].astype(int), np.ceil(edges[1:]).astype(int), strict=True)
        ):
            piece = outline[first : max(last, first + 1)]
            if len(piece):
                tall = max(1.0, float(np.sqrt(piece.max())) * _WAVE * 0.86)
                fill(self._image, _LEFT + column, y + (_WAVE - tall) / 2, 1, tall, WAVE, 0.8)
        for beat in self._inside(evaluation.beats):
            fill(self._image, self._at(beat) - 1, y + _WAVE - 12, 2, 12, BEAT)
            fill(self._image, self._at(beat) - 1, y, 2, 12, BEAT)

    def _signs(self, y: int, word: str, signs: Sequence[tuple[float, str]]) -> None:
        write(self._image, _LEFT - 14 - width(word), y + 3, word, TEXT)
        for seconds, sign in signs:
            if self._start <= seconds < self._end:
                stamp(self._image, round(self._at(seconds)), y + _MARKS // 2, sign)

    def _ticks(self, y: int) -> None:
        lanes.axis(self._image[:, _LEFT - MARGIN :], y, self._start, self._end, self._scale)

    def _inside(self, times: Sequence[float]) -> Iterator[float]:
        return (time for time in times if self._start <= time < self._end)

    def _at(self, seconds: float) -> float:
        return _LEFT + (min(max(seconds, self._start), self._end) - self._start) * self._scale


def stamp(image: Image, x: int, y: int, sign: str) -> None:
    """A sign with its middle at (x, y), cut to the picture."""
    soft, colour = _soft(sign), SIGNS[sign][1]
    top, left = y - _SIGN // 2, x - _SIGN // 2
    rows, columns = slice(max(top, 0), top + _SIGN), slice(max(left, 0), left + _SIGN)
    patch = image[rows, columns]
    strength = soft[max(-top, 0) :, max(-left, 0) :][: patch.shape[0], : patch.shape[1], None]
    patch[:] = (patch * (1 - strength) + np.array(colour) * strength).round().astype(np.uint8)


@lru_cache
def _soft(sign: str) -> NDArray[np.float64]:
    """How much of each dot a sign covers."""
    fine = 4
    across = (np.arange(_SIGN * fine) + 0.5) / (_SIGN * fine) * 2 - 1
    inside = SIGNS[sign][0](across[None, :], -across[:, None])
    covered: NDArray[np.float64] = inside.reshape(_SIGN, fine, _SIGN, fine).mean(axis=(1, 3))
    return covered


def _head(image: Image, edit: Edit, evaluation: Evaluation) -> None:
    room = WIDTH - 2 * MARGIN
    write(image, MARGIN, 22, edit.name or "untitled", BRIGHT, 4, room)
    beats, loudness = evaluation.heard.beats, evaluation.loudness
    tempo = "no beats heard" if beats.tempo is None else f"{len(beats.seconds)} beats at {beats.tempo:.1f} a minute"
    facts = [
        lanes.clock(round(edit.seconds(edit.frames), 1)),
        f"{float(edit.rate.fps):.6g} fps",
        f"{len(edit.cuts)} cuts",
        tempo,
        f"{len(evaluation.onsets)} onsets",
        "no loudness" if loudness is None else f"{loudness:.1f} LUFS",
    ]
    write(image, MARGIN, 66, "   ".join(facts), TEXT, 2, room)
    rhythm = evaluation.rhythm
    x = MARGIN
    for words, measure in (
        ("cuts with a beat", rhythm.recall),
        ("cuts with an onset", rhythm.cuts_with_onset),
        ("storyboards heard", rhythm.audible),
    ):
        x = _number(image, x, 96, words, measure) + 48
    _legend(image, MARGIN, 132)


def _number(image: Image, x: int, y: int, words: str, measure: Measure) -> int:
    x = write(image, x, y, f"{words} ", TEXT)
    if measure.value is None:
        return write(image, x, y, "none to count", DIM)
    x = write(image, x, y, f"{measure.value:.2f}", BRIGHT)
    return x if measure.chance is None else write(image, x, y, f", by chance {measure.chance:.2f}", DIM)


def _legend(image: Image, x: int, y: int) -> None:
    for words, sign in (
        ("beat within 0.1 s, onset within half a frame", "met"),
        ("onset within 0.1 s", "close"),
        ("missed", "missed"),
        ("storyboard heard to begin", "heard"),
        ("not heard", "unheard"),
    ):
        stamp(image, x + _SIGN // 2, y + 8, sign)
        x = write(image, x + 24, y, words, TEXT) + 34
    for words, colour in (("beat", BEAT), ("cut", CUT)):
        fill(image, x + 6, y, 2, 17, colour)
        x = write(image, x + 18, y, words, TEXT) + 34
    fill(image, x, y + 4, 16, 9, WAVE)
    write(image, x + 24, y, "sound", TEXT)
    fill(image, MARGIN, y + 30, WIDTH - 2 * MARGIN, 1, blend(GROUND, GREY, 0.3))
