"""A strip: what is kept of a stretch of one medium, after one pass over it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from .colour import histogram, luma, tones
from .descriptor import Vision
from .frames import SIDE, Picture, Scaler, Shown, Source, show
from .look import COLOUR_BINS, Array

RATE = 10  # looks a second, by time stamp
CHUNK = 15  # seconds: the longest strip
PIXELS = (18, 32)  # of a picture, kept for palettes

_LEAD = Fraction(3, RATE)  # decoded before a strip for its first movement
_BLUR = 4  # movement is seen on blocks of so many pixels a side: grain is no movement
_BATCH = 16
_SCALE = 3 * COLOUR_BINS * COLOUR_BINS  # a histogram's mean becomes 1, within half precision

Times = NDArray[np.float64]
Chunk = tuple[Fraction, Fraction]  # from when to when
Strides = tuple[Fraction, Array]  # when the last look was shown, and its blurred light


@dataclass(frozen=True)
class Strip:
    """Of [start, end) of a medium, in seconds from its first frame.

    Looks, ten a second: `times` when their frames begin, `tones` (n, 4) as colour.Tones, `change` the mean absolute
    difference of blurred light to the frame that began at `since` (NaN where there is none). A frame counts once.
    `blind` are tenths of a second at which nothing could be shown.

    Views, at moments somebody asked for: `asked`, `view_times`, `view_tones`, `colours` (m, 3, 32, 32) histograms
    times 3072, `meanings` (m, d), `pixels` (m, 18, 32, 3), and JPEGs one after the other, ending at `jpeg_ends`.
    `missed` are moments asked for at which nothing could be shown.
    """

    times: Times
    tones: Array
    change: Array
    since: Times
    blind: NDArray[np.int64]
    asked: Times
    view_times: Times
    view_tones: Array
    colours: NDArray[np.float16]
    meanings: Array
    pixels: NDArray[np.uint8]
    jpegs: NDArray[np.uint8]
    jpeg_ends: NDArray[np.int64]
    missed: Times
    flags: NDArray[np.bool_]  # damaged, bad times, ended early

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> Strip | None:
        """None where the arrays are not those of a strip."""
        if set(arrays) != {field.name for field in fields(cls)}:
            return None
        return cls(**arrays)

    def answers(self, wanted: Iterable[Fraction]) -> bool:
        """Whether every moment wanted was asked for."""
        known = {*self.asked.tolist(), *self.missed.tolist()}
        return all(float(moment) in known for moment in wanted)

    def histograms(self) -> Array:
        """(m, 3, 32, 32), each with the sum 1."""
        full = self.colours.astype(np.float32)
        return np.asarray(full / full.sum(axis=(1, 2, 3), keepdims=True), np.float32)

    def light(self, pictures: bool) -> Strip:
        """Without what was handed on already, and without the pictures where nobody wants them."""
        # Copies: a view of nothing would keep the whole array.
        thin = replace(self, colours=self.colours[:0].copy(), meanings=self.meanings[:0].copy())
        return thin if pictures else replace(thin, jpegs=self.jpegs[:0].copy())


def chunks(start: Fraction, end: Fraction) -> list[Chunk]:
    """A range in pieces that end at whole quarters of a minute of the medium."""
    edges = [start, *(Fraction(n * CHUNK) for n in range(int(start // CHUNK) + 1, math.ceil(end / CHUNK))), end]
    return list(pairwise(edges))


def record(
    source: Source,
    start: Fraction,
    end: Fraction,
    wanted: Sequence[Fraction],
    vision: Vision,
    before: Strides | None,
    tick: Callable[[Fraction], None],
) -> tuple[Strip, Strides | None]:
    """One pass over [start, end). `before` is what the strip that ended at `start` gave back; without it the pass
    begins a little earlier, and sees the same.
    """
    first, last = math.ceil(start * RATE), math.ceil(end * RATE)
    lead = 0 if before else min(first, int(_LEAD * RATE))
    grid = [Fraction(n, RATE) for n in range(first - lead, last)]
    moments = sorted({*grid, *wanted})
    on_grid, asked = set(grid), set(wanted)
    looks, views = _Looks(before), _Views(vision)
    for moment, shown in zip(moments, show(source, moments), strict=True):
        tick(moment)
        if moment in on_grid:
            looks.add(moment, shown, keep=moment * RATE >= first)
        if moment in asked:
            views.add(moment, shown)
    flags = np.array([source.damaged, source.bad_times, source.ended_early])
    return Strip(**looks.arrays(), **views.arrays(), flags=flags), looks.last


class _Looks:
    def __init__(self, before: Strides | None) -> None:
        self.last = before
        self._rows: list[tuple[float, float, float, float, float, float, float]] = []
        self._blind: list[int] = []

    def add(self, moment: Fraction, shown: Shown | None, keep: bool) -> None:
        if shown is None:
            self.last = None
            if keep:
                self._blind.append(int(moment * RATE))
            return
        same = self.last is not None and self.last[0] >= shown.time
        if same and (self._rows or not keep):
            return
        light = luma(shown.picture)
        small = _blurred(light)
        since, change = math.nan, 0.0
        if self.last is not None and not same and self.last[1].shape == small.shape:
            since, change = float(self.last[0]), float(np.abs(small - self.last[1]).mean())
        self.last = (shown.time, small)
        if keep:
            self._rows.append((float(shown.time), *tones(shown.picture, light), change, since))

    def arrays(self) -> dict[str, NDArray[Any]]:
        table = np.array(self._rows, np.float64).reshape(-1, 7)
        return {
            "times": table[:, 0].copy(),
            "tones": table[:, 1:5].astype(np.float32),
            "change": table[:, 5].astype(np.float32),
            "since": table[:, 6].copy(),
            "blind": np.array(self._blind, np.int64),
        }


class _Views:
    def __init__(self, vision: Vision) -> None:
        self._vision = vision
        self._scaler = None if vision.side == SIDE else Scaler(vision.side)
        self._missed: list[Fraction] = []
        self._asked: list[Fraction] = []
        self._which: list[int] = []  # the picture of each view: a frame that stands is worked out once
        self._time: Fraction | None = None
        self._rows: list[tuple[float, float, float, float, float]] = []
        self._colours: list[Array] = []
        self._pixels: list[Picture] = []
        self._jpegs: list[bytes] = []
        self._waiting: list[Picture] = []
        self._meanings: list[Array] = []

    def add(self, moment: Fraction, shown: Shown | None) -> None:
        if shown is None:
            self._missed.append(moment)
            return
        if self._time is None or shown.time != self._time:
            self._time = shown.time
            picture = shown.picture
            self._rows.append((float(shown.time), *tones(picture)))
            self._colours.append((histogram(picture[::2, ::2]) * _SCALE).astype(np.float16))
            self._pixels.append(_few(picture))
            self._jpegs.append(to_jpeg(picture))
            seen = self._scaler(shown.frame) if self._scaler else picture
            if self._waiting and (seen.shape != self._waiting[0].shape or len(self._waiting) >= _BATCH):
                self._look()
            self._waiting.append(seen)
        self._asked.append(moment)
        self._which.append(len(self._rows) - 1)

    def arrays(self) -> dict[str, NDArray[Any]]:
        if self._waiting:
            self._look()
        which = np.array(self._which, np.intp)
        rows = np.array(self._rows, np.float64).reshape(-1, 5)[which]
        jpegs = [self._jpegs[n] for n in self._which]
        bins = (0, 3, COLOUR_BINS, COLOUR_BINS)
        return {
            "asked": np.array([float(moment) for moment in self._asked], np.float64),
            "view_times": rows[:, 0].copy(),
            "view_tones": rows[:, 1:].astype(np.float32),
            "colours": np.stack(self._colours)[which] if which.size else np.zeros(bins, np.float16),
            "meanings": np.concatenate(self._meanings)[which] if which.size else np.zeros((0, 0), np.float32),
            "pixels": np.stack(self._pixels)[which] if which.size else np.zeros((0, *PIXELS, 3), np.uint8),
            "jpegs": np.frombuffer(b"".join(jpegs), np.uint8),
            "jpeg_ends": np.cumsum([len(jpeg) for jpeg in jpegs], dtype=np.int64),
            "missed": np.array([float(moment) for moment in self._missed], np.float64),
        }

    def _look(self) -> None:
        self._meanings.append(np.asarray(self._vision.cls(np.stack(self._waiting)), np.float32))
        self._waiting = []


def _blurred(light: Array) -> Array:
    height, width = (max(side // _BLUR, 1) for side in light.shape)
    tall, wide = (min(_BLUR, side) for side in light.shape)
    blocks = light[: height * tall, : width * wide].reshape(height, tall, width, wide)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _few(picture: Picture) -> Picture:
    """Pixels as they are, evenly taken."""
    rows = ((np.arange(PIXELS[0]) + 0.5) * picture.shape[0] / PIXELS[0]).astype(int)
    columns = ((np.arange(PIXELS[1]) + 0.5) * picture.shape[1] / PIXELS[1]).astype(int)
    few: Picture = picture[rows[:, None], columns]
    return few


def to_jpeg(picture: Picture) -> bytes:
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.height, codec.width = picture.shape[:2]
    codec.pix_fmt, codec.time_base, codec.thread_count = "yuvj444p", Fraction(1, 25), 1
    codec.options = {"qmin": "3", "qmax": "3"}
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuvj444p")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def from_jpeg(data: bytes) -> Picture:
    codec: Any = av.CodecContext.create("mjpeg", "r")
    codec.thread_count = 1
    frame = [*codec.decode(av.Packet(data)), *codec.decode(None)][0]
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
