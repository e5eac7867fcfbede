"""The contact sheet: an edit on one picture, as an editor would rather look at it than read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ..runtime.edit import Edit, Shot
from ..runtime.picture.look import Look, Seen, Swatch
from . import lanes
from .canvas import blend, fill, fitted, paste, write_png
from .lanes import BRIGHT, CUTS, DIM, GROUND, LINE, MARGIN, PANEL, TEXT, WELL, BoardLike, mood_colour
from .lettering import Colour, Image, width, wrapped, write

__all__ = ["contact_sheet", "write_png"]

Thumbs = Callable[[int], Image | None]

NARROWEST = 900
_HEAD = 96
_GAP = 14
_LEFT = 348  # the words of a storyboard
_CAPTION = 20
_LONG_SHOT = 4.0  # seconds from which a shot may be shown by more than one picture
_FEW, _MANY, _MOST = 6, 24, 120  # storyboards: up to so many get three rows of pictures, one row, a cell of three
_SWATCHES = 7
_NEAR = 48  # levels within which two colours are one


def contact_sheet(
    edit: Edit,
    boards: Sequence[BoardLike],
    seen: Seen,
    thumbs: Thumbs,
    dialogue: Sequence[tuple[float, float]] = (),
    *,
    width: int = 1920,
) -> Image:
    """Everything that is known of an edit, (height, width, 3) in sRGB.

    `thumbs` gives the picture at a frame, of any size, or None; it is asked for in rising order, a bounded number of
    times. `dialogue` are seconds (start, end).
    """
    width = max(width, NARROWEST)
    spans = lanes.lanes_of(edit)
    blocks = [_Block(edit, board, seen, len(boards)) for board in boards]
    rows = _rows(blocks, width)
    tall = _HEAD + len(spans) * lanes.TALL + sum(max(b.tall(w) for b, w in row) + _GAP for row in rows) + MARGIN // 2
    image = np.empty((tall, width, 3), np.uint8)
    image[:] = GROUND
    tiles = _Tiles()
    _head(image, edit, len(boards))
    y = _HEAD
    for span in spans:
        lanes.draw(image, y, edit, boards, seen, dialogue, span, tiles)
        y += lanes.TALL
    for row in rows:
        x = MARGIN
        high = max(block.tall(wide) for block, wide in row)
        for block, wide in row:
            block.draw(image, x, y, wide, high, tiles)
            x += wide + _GAP
        y += high + _GAP
    tiles.draw(image, thumbs)
    return image


def _head(image: Image, edit: Edit, boards: int) -> None:
    room = image.shape[1] - 2 * MARGIN
    write(image, MARGIN, 22, edit.name or "untitled", BRIGHT, 4, room)
    facts = [
        lanes.clock(round(edit.seconds(edit.frames), 1)),
        f"{float(edit.rate.fps):.6g} fps",
        f"from {edit.timecode(0)}",
        _count(len(edit.shots), "shot"),
        _count(len(edit.cuts), "cut"),
        _count(boards, "storyboard"),
    ]
    end = write(image, MARGIN, 66, "   ".join(facts), TEXT, 2, room)
    if end + 700 < image.shape[1] - MARGIN:
        lanes.legend(image, image.shape[1] - MARGIN, 66)


@dataclass
class _Tiles:
    """Pictures that are wanted, fetched at the end in the order of their frames: decoding runs forwards."""

    _jobs: list[tuple[int, int, int, int, int]] = field(default_factory=list)

    def add(self, frame: int, x: int, y: int, wide: int, tall: int) -> None:
        self._jobs.append((frame, x, y, wide, tall))

    def draw(self, image: Image, thumbs: Thumbs) -> None:
        last: tuple[int, Image | None] = (-1, None)
        for frame, x, y, wide, tall in sorted(self._jobs):
            if last[0] != frame:
                last = (frame, thumbs(frame))
            if last[1] is None or not last[1].size:
                _blank(image, x, y, wide, tall)
            else:
                paste(image, x, y, fitted(last[1], wide, tall, (8, 8, 10)))


def _blank(image: Image, x: int, y: int, wide: int, tall: int) -> None:
    """What stands for a picture that is not there."""
    fill(image, x, y, wide, tall, PANEL)
    row, column = np.mgrid[:tall, :wide]
    patch = image[y : y + tall, x : x + wide]
    patch[(row + column) % 12 < 2] = blend(PANEL, LINE, 0.6)
    words = "no picture"
    if wide > width(words) + 16:
        left, top = x + (wide - width(words)) // 2, y + tall // 2 - 9
        fill(image, left - 8, top - 6, width(words) + 16, 28, PANEL)
        write(image, left, top, words, DIM)


class _Block:
    """A storyboard: its words, its colours, and pictures of its shots."""

    def __init__(self, edit: Edit, board: BoardLike, seen: Seen, among: int) -> None:
        self._edit, self._board, self._among = edit, board, among
        inside = [n for n, shot in enumerate(edit.shots) if shot.start < board.end and shot.end > board.start]
        self._shots = [edit.shots[n] for n in inside]
        looks = [(seen.looks[n], edit.shots[n]) for n in inside if n < len(seen.looks)]
        self._colours = _colours(looks)
        self._kinds = {cut.frame: cut.kind for cut in edit.cuts}

    @property
    def across(self) -> int:
        """How many of these stand side by side."""
        return 1 if self._among <= _MANY else 3 if self._among <= _MOST else 5

    @property
    def pictures(self) -> int:
        """How many pictures stand in a row."""
        return 6 if self._among <= _FEW else 8

    def tall(self, wide: int) -> int:
        if self.across == 1:
            rows = max(1, -(-len(self._frames()) // self.pictures))
            return max(294 if self._among <= _FEW else 254, rows * (self._tile(wide)[1] + _CAPTION + 8) + 20)
        return 74 + self._cell(wide)[1] + 26 if self.across == 3 else 92

    def draw(self, image: Image, x: int, y: int, wide: int, tall: int, tiles: _Tiles) -> None:
        fill(image, x, y, wide, tall, PANEL)
        fill(image, x, y, 5, tall, mood_colour(self._board.mood))
        if self.across == 1:
            self._large(image, x, y, wide, tall, tiles)
        elif self.across == 3:
            self._middle(image, x, y, wide, tiles)
        else:
            self._small(image, x, y, wide, tiles)

    def _large(self, image: Image, x: int, y: int, wide: int, tall: int, tiles: _Tiles) -> None:
        frames = self._frames()
        left, room = x + 22, _LEFT - 44
        large = width(self._board.name, 3) <= room
        write(image, left, y + (16 if large else 22), self._board.name, BRIGHT, 3 if large else 2, room)
        write(image, left, y + 52, self._times(), TEXT, 2, room)
        shown = len({shot.start for _, shot in frames})
        shots = _count(len(self._shots), "shot")
        write(image, left, y + 74, shots if shown == len(self._shots) else f"{shots}, {shown} shown", DIM, 2, room)
        _mood(image, left, y + 102, room, self._board)
        below = y + 150
        lines = [line for reason in self._board.mood.reasons for line in wrapped(reason, room)]
        fits = max(0, (y + tall - 44 - below) // 20)
        for line in lines[:fits]:
            write(image, left, below, line, DIM)
            below += 20
        _swatches(image, left, y + tall - 34, room, 18, self._colours)
        tile, high = self._tile(wide)
        for n, (frame, shot) in enumerate(frames):
            tx, ty = x + _LEFT + n % self.pictures * (tile + 8), y + 14 + n // self.pictures * (high + _CAPTION + 8)
            tiles.add(frame, tx, ty, tile, high)
            begins = n == 0 or frames[n - 1][1] is not shot
            if begins:
                fill(image, tx, ty + high + 3, tile, 2, CUTS[self._kinds.get(shot.start, "cut")])
            at = shot.start if begins else frame
            write(image, tx, ty + high + 8, self._edit.timecode(at), TEXT if begins else DIM, _scale(tile), tile)

    def _middle(self, image: Image, x: int, y: int, wide: int, tiles: _Tiles) -> None:
        room = wide - 34
        write(image, x + 18, y + 12, self._board.name, BRIGHT, 2, room)
        write(image, x + 18, y + 36, f"{self._times()}  {_count(len(self._shots), 'shot')}", DIM, 2, room)
        _meters(image, x + 18, y + 60, room, self._board)
        tile, high = self._cell(wide)
        for n, frame in enumerate(self._sampled(3)):
            tiles.add(frame, x + 18 + n * (tile + 6), y + 72, tile, high)
        _swatches(image, x + 18, y + 78 + high, room, 10, self._colours)

    def _small(self, image: Image, x: int, y: int, wide: int, tiles: _Tiles) -> None:
        for frame in self._sampled(1):
            tiles.add(frame, x + 14, y + 10, 128, 72)
        left, room = x + 152, wide - 160
        write(image, left, y + 10, self._board.name, BRIGHT, 2, room)
        write(image, left, y + 32, lanes.clock(int(self._edit.seconds(self._board.start))), DIM, 2, room)
        _meters(image, left, y + 56, room, self._board)
        _swatches(image, left, y + 70, room, 10, self._colours)

    def _times(self) -> str:
        start, end = self._edit.seconds(self._board.start), self._edit.seconds(self._board.end)
        return f"{lanes.clock(int(start))} to {lanes.clock(int(end))}"

    def _tile(self, wide: int) -> tuple[int, int]:
        tile = (wide - _LEFT - 12) // self.pictures - 8
        return tile, tile * 9 // 16

    def _cell(self, wide: int) -> tuple[int, int]:
        tile = (wide - 34 - 12) // 3
        return tile, tile * 9 // 16

    def _frames(self) -> list[tuple[int, Shot]]:
        """Pictures in order: one a shot, more of long ones where there is room, a choice of shots where there is not."""
        shots, most = self._shots, (3 if self._among <= _FEW else 1) * self.pictures
        if len(shots) > most:
            shots = [shots[round(n * (len(shots) - 1) / (most - 1))] for n in range(most)]
        counts = [1] * len(shots)
        lengths = [self._edit.seconds(shot.end - shot.start) for shot in shots]
        while shots and sum(counts) < self.pictures:
            n = max(range(len(shots)), key=lambda n: lengths[n] / counts[n])
            if lengths[n] / (counts[n] + 1) < _LONG_SHOT / 2:
                break
            counts[n] += 1
        found = []
        for shot, count in zip(shots, counts, strict=True):
            first, last = max(shot.start, self._board.start), min(shot.end, self._board.end)
            found += [(first + int((k + 0.5) * (last - first) / count), shot) for k in range(count)]
        return found

    def _sampled(self, count: int) -> list[int]:
        first, last = self._board.start, self._board.end
        if not self._shots:
            return []
        return [first + int((k + 0.5) * (last - first) / count) for k in range(count)]


def _rows(blocks: Sequence[_Block], width: int) -> list[list[tuple[_Block, int]]]:
    """Blocks side by side, each with how wide it is."""
    if not blocks:
        return []
    across = blocks[0].across
    wide = (width - 2 * MARGIN - (across - 1) * _GAP) // across
    return [[(block, wide) for block in blocks[n : n + across]] for n in range(0, len(blocks), across)]


def _mood(image: Image, x: int, y: int, room: int, board: BoardLike) -> None:
    """Two meters with their words."""
    for n, (word, value) in enumerate((("valence", board.mood.valence), ("energy", board.mood.energy))):
        row = y + n * 22
        write(image, x, row, word, TEXT)
        bar = x + 100
        long = room - 100 - 62
        _meter(image, bar, row + 4, long, board, word)
        write(image, bar + long + 10, row, f"{value:+.2f}" if word == "valence" else f"{value:.2f}", TEXT)


def _meters(image: Image, x: int, y: int, room: int, board: BoardLike) -> None:
    _meter(image, x, y, room // 2 - 4, board, "valence")
    _meter(image, x + room // 2 + 4, y, room - room // 2 - 4, board, "energy")


def _meter(image: Image, x: int, y: int, long: int, board: BoardLike, word: str) -> None:
    """Valence from its middle, energy from the left."""
    fill(image, x, y, long, 6, LINE)
    if word == "energy":
        fill(image, x, y, long * board.mood.energy, 6, lanes.MOTION)
        return
    middle, reach = x + long / 2, board.mood.valence * long / 2
    colour = lanes.WARM if reach > 0 else lanes.COLD
    fill(image, min(middle, middle + reach), y, abs(reach), 6, colour)
    fill(image, middle - 1, y - 2, 2, 10, TEXT)


def _swatches(image: Image, x: int, y: int, room: int, tall: int, colours: Sequence[tuple[Colour, float]]) -> None:
    total = sum(share for _, share in colours)
    if not total:
        fill(image, x, y, room, tall, WELL)
        return
    fill(image, x - 1, y - 1, room + 1, tall + 2, LINE)
    edges = np.cumsum([0.0, *(share / total for _, share in colours)]) * room
    for (colour, _), (left, right) in zip(colours, pairwise(edges), strict=True):
        fill(image, x + left, y, max(1.0, right - left - 1), tall, colour)


def _colours(looks: Sequence[tuple[Look, Shot]]) -> list[tuple[Colour, float]]:
    """The palettes of some shots as one: near colours joined, the most seen first."""
    found: list[tuple[Colour, float]] = []
    shares: defaultdict[Swatch, float] = defaultdict(float)
    for look, shot in looks:
        for swatch in look.palette if look.known else ():
            shares[swatch] += swatch.share * (shot.end - shot.start)
    for swatch, share in sorted(shares.items(), key=lambda pair: -pair[1]):
        colour = (swatch.red, swatch.green, swatch.blue)
        for n, (other, before) in enumerate(found):
            if sum(abs(a - b) for a, b in zip(colour, other, strict=True)) < _NEAR:
                found[n] = (other, before + share)
                break
        else:
            found.append((colour, share))
    return sorted(found, key=lambda pair: -pair[1])[:_SWATCHES]


def _scale(tile: int) -> int:
    return 2 if tile >= width("00:00:00:00") else 1


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
