"""VidMusician's rhythm of an edit: how much each twenty-fifth of a second differs from the one before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import groupby

import numpy as np

from ..edit import Edit
from ..progress import Progress, silent
from .descriptor import RATE, OwnVision, Vision, similarities, zero_stuffed
from .frames import Picture, Source, open_frames, show
from .look import Array
from .media import FAILURES, Unreadable
from .plan import Piece, Plan
from .survey import Find, find_plainly

_BATCH = 16
_BLACK = np.zeros((72, 128, 3), np.uint8)
_Tokens = Array | None  # (k, d), None where nothing could be seen


def distance_sequence(
    edit: Edit, *, vision: Vision | None = None, progress: Progress = silent, find: Find = find_plainly
) -> Array:
    """At 50 values a second, every other of them 0; no distance where a medium cannot be seen.

    A pass of its own over the edit in its own order, for the one engine that wants it: what it looks at is exactly
    what the edit shows at each twenty-fifth of a second. What is wrong with media, parse has said.
    """
    vision = vision or OwnVision()
    plan = Plan(edit)
    count = -(-edit.frames * RATE * edit.rate.fps.denominator // edit.rate.fps.numerator) if edit.frames > 0 else 0
    similar = np.ones(max(count - 1, 0), np.float32)
    before: _Tokens = None
    place = 0

    def tick() -> None:
        progress(min(place / max(count, 1), 1.0), "comparing pictures")

    moments = ((n, Fraction(n, RATE) * edit.rate.fps) for n in range(count))
    film = _Open(edit.rate.fps, find, tick)
    try:
        for piece, run in groupby(moments, lambda moment: plan.at(moment[1])):
            frames = [frame for _, frame in run]
            backwards = piece is not None and piece.source.speed < 0
            first, last, inside = _compared(film.pictures(piece, frames, vision.side), vision)
            if backwards:
                first, last, inside = last, first, inside[::-1]
            if place:
                similar[place - 1] = _alike(before, first)
            similar[place : place + len(inside)] = inside
            before, place = last, place + len(frames)
            tick()
    finally:
        film.close()
    return zero_stuffed(similar) if count else np.zeros(0, np.float32)


def _compared(pictures: Iterator[Picture | None], vision: Vision) -> tuple[_Tokens, _Tokens, Array]:
    """The first and the last picture's tokens, and how alike neighbours are, (n - 1)."""
    first: _Tokens = None
    last: _Tokens = None
    alike: list[float] = []
    begun = False
    for tokens in _looked(pictures, vision):
        if begun:
            alike.append(1.0 if tokens is last else _alike(last, tokens))
        else:
            first, begun = tokens, True
        last = tokens
    return first, last, np.array(alike, np.float32)


def _looked(pictures: Iterator[Picture | None], vision: Vision) -> Iterator[_Tokens]:
    """The tokens of each picture, worked out some at a time; the same object where the same picture stands."""
    fresh: list[Picture] = []
    order: list[int | None] = []  # which of `fresh` each picture is; -1 is the last of the batch before
    newest: Picture | None = None
    carried: _Tokens = None

    def look() -> Iterator[_Tokens]:
        nonlocal carried
        tokens = [*vision.patches(np.stack(fresh)), carried] if fresh else [carried]
        yield from (None if number is None else tokens[number] for number in order)
        carried = tokens[-2] if fresh else carried
        fresh.clear()
        order.clear()

    for picture in pictures:
        if picture is not None and picture is not newest:
            if fresh and (len(fresh) >= _BATCH or picture.shape != fresh[0].shape):
                yield from look()
            fresh.append(picture)
            newest = picture
        order.append(None if picture is None else len(fresh) - 1)
    yield from look()


def _alike(one: _Tokens, other: _Tokens) -> float:
    if one is None or other is None or one.shape != other.shape:
        return 1.0
    return float(similarities(np.stack([one, other]))[0])


class _Open:
    """The medium that is being shown; the one before it stays open, for dialogues that cut to and fro."""

    def __init__(self, fps: Fraction, find: Find, check: Callable[[], None]) -> None:
        self._fps, self._find, self._check = fps, find, check
        self._sources: dict[str, Source | None] = {}

    def pictures(self, piece: Piece | None, frames: list[Fraction], side: int) -> Iterator[Picture | None]:
        """In the order of the medium."""
        if piece is None:
            yield from (_BLACK for _ in frames)
            return
        source = self._source(piece.media)
        if source is None:
            yield from (None for _ in frames)
            return
        for shown in show(source, sorted(piece.moment(frame) for frame in frames), side):
            yield None if shown is None else shown.picture

    def close(self) -> None:
        for name in list(self._sources):
            self._close(name)

    def _source(self, name: str) -> Source | None:
        if name not in self._sources:
            for old in list(self._sources)[:-1]:
                self._close(old)
            path = self._find(name)
            self._sources[name] = None
            if path is not None:
                with suppress(Unreadable):
                    self._sources[name] = open_frames(path, rate=self._fps, check=self._check)
        return self._sources[name]

    def _close(self, name: str) -> None:
        source = self._sources.pop(name)
        if source is not None:
            with suppress(*FAILURES):
                source.close()
