"""Picture and sound of one medium at exact moments, counted from its first frame.

Decoding runs forwards wherever it can: a seek happens at a jump, and once for each stretch played backwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from ..runtime.picture.frames import Frames, colourspace
from ..runtime.picture.media import FAILURES, Unreadable, opened, pictures
from ..runtime.rate import SAMPLE_RATE, round_half_up

Image = NDArray[np.uint8]  # (1.5 x height, width): yuv420p in video range
Sound = NDArray[np.float32]  # (2, samples) at 48 kHz

_BACKWARDS_BYTES = 64_000_000  # kept of a stretch that plays backwards


class Footage(Frames):
    """The pictures of a medium, fitted into `width` x `height` with black around. Raises Unreadable."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._scaler = VideoReformatter()
        self._shown: tuple[Fraction, Image | None] | None = None
        self._reel: deque[tuple[Fraction, Fraction | None, Image | None]] = deque()
        super().__init__(path)

    @property
    def aspect(self) -> float:
        """Width to height as it is shown."""
        width, height = self._display_size()
        return width / height

    def picture(self, seconds: Fraction, backwards: bool = False) -> Image | None:
        """The picture whose time of display holds this moment; None where the medium is damaged."""
        if backwards and not self._is_still:
            return self._from_reel(self._start + max(seconds + self._slack, Fraction(0)))
        return self._image() if self.at(seconds) else None

    def close(self) -> None:
        self._shown = None
        self._reel.clear()
        super().close()

    def _from_reel(self, moment: Fraction) -> Image | None:
        for start, end, image in self._reel:
            if start <= moment and (end is None or moment < end):
                return image
        self._reel = deque(maxlen=max(8, _BACKWARDS_BYTES // (self._width * self._height * 3 // 2)))
        self._seek(moment)
        while self._now is not None:
            self._reel.append((self._now.time, self._next.time if self._next else None, self._image()))
            if self._next is None or self._next.time > moment:
                break
            self._step()
        return self._reel[-1][2] if self._reel and self._reached(moment) else None

    def _display_size(self) -> tuple[float, float]:
        assert self._now is not None
        frame = self._now.frame
        shape = self._stream.sample_aspect_ratio
        width, height = frame.width * float(shape if shape else 1), float(frame.height)
        return (height, width) if frame.rotation % 180 else (width, height)

    def _image(self) -> Image | None:
        assert self._now is not None
        if self._shown is None or self._shown[0] != self._now.time:
            try:
                self._shown = (self._now.time, self._fitted(self._now.frame))
            except FAILURES:
                self._shown = (self._now.time, None)
        return self._shown[1]

    def _fitted(self, frame: av.VideoFrame) -> Image:
        shown_width, shown_height = self._display_size()
        scale = min(self._width / shown_width, self._height / shown_height)
        width, height = (max(2, round(side * scale / 2) * 2) for side in (shown_width, shown_height))
        turns = frame.rotation // 90 % 4
        size = (height, width) if turns % 2 else (width, height)
        small = self._scaler.reformat(
            frame,
            *size,
            "yuv420p",
            src_colorspace=colourspace(frame),
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR,
        )
        image = plain(self._width, self._height, 16)
        left, top = (self._width - width) // 4 * 2, (self._height - height) // 4 * 2
        for plane, source in zip(planes(image), planes(small.to_ndarray().astype(np.uint8, copy=False)), strict=True):
            halved = 1 if plane.shape[0] == self._height else 2
            rows, columns = slice(top // halved, None), slice(left // halved, None)
            plane[rows, columns][: height // halved, : width // halved] = np.rot90(source, turns)
        return image


class Audio:
    """The sound of a medium as 48 kHz stereo; silence before and after it. Raises Unreadable."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def read(self, start: int, count: int) -> Sound:
        """`count` samples from `start`, counted from the medium's first frame. Any order, cheap in sequence."""
        out = np.zeros((2, count), np.float32)
        if start + count <= 0:
            return out
        if start < self._at or start > self._at + self._block.shape[1] + 4 * SAMPLE_RATE:
            self._seek(start)
        while True:
            end = self._at + self._block.shape[1]
            first, last = max(start, self._at), min(start + count, end)
            if first < last:
                out[:, first - start : last - start] = self._block[:, first - self._at : last - self._at]
            if end >= start + count or not self._advance():
                return out

    def read_at(self, start: Fraction, speed: Fraction, count: int) -> Sound:
        """Like read, `speed` times as fast and as high; below zero backwards from `start`."""
        if speed == 1:
            return self.read(round_half_up(start), count)
        places = float(start) + float(speed) * np.arange(count)
        first = int(np.floor(places.min()))
        sound = self.read(first, int(np.ceil(places.max())) - first + 2)
        grid = np.arange(first, first + sound.shape[1])
        return np.stack([np.interp(places, grid, side) for side in sound]).astype(np.float32)

    def close(self) -> None:
        self._decoder.close()
        self._container.close()

    def _open(self) -> None:
        self._container = opened(self._path)
        if not self._container.streams.audio:
            self._container.close()
            raise Unreadable("has no sound")
        self._stream = self._container.streams.audio[0]
        seen = pictures(self._container)
        first = seen[0] if seen else self._stream
        self._start = Fraction(first.start_time or 0) * Fraction(first.time_base or 0)
        self._begin()

    def _begin(self) -> None:
        self._decoder = self._decode()
        self._at, self._block = next(self._decoder, (0, np.zeros((2, 0), np.float32)))

    def _advance(self) -> bool:
        found = next(self._decoder, None)
        if found is None:
            return False
        self._at, self._block = found
        return True

    def _seek(self, start: int) -> None:
        for back in (Fraction(1, 4), Fraction(2), Fraction(10)):  # a lossy codec needs a run-up
            target = self._start + Fraction(start, SAMPLE_RATE) - back
            if target <= self._start or self._stream.time_base is None:
                break
            try:
                self._container.seek(int(target / self._stream.time_base), stream=self._stream)
            except FAILURES:
                break
            self._begin()
            if self._block.size and self._at <= start:
                return
        self._decoder.close()
        self._container.close()
        self._open()

    def _decode(self) -> Generator[tuple[int, Sound], None, None]:
        at: int | None = None
        layout = "mono" if self._stream.channels == 1 else "stereo"
        resampler = av.AudioResampler("fltp", layout, SAMPLE_RATE)
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except FAILURES:
                return
            if packet is None:
                return
            try:
                for frame in packet.decode():
                    if at is None:
                        at = 0 if frame.time is None else round((frame.time - float(self._start)) * SAMPLE_RATE)
                    for piece in resampler.resample(frame):
                        block = np.broadcast_to(piece.to_ndarray().astype(np.float32, copy=False), (2, piece.samples))
                        yield at, block
                        at += piece.samples
            except FAILURES:  # broken here, or of another kind from here on
                resampler, at = av.AudioResampler("fltp", layout, SAMPLE_RATE), None


def plain(width: int, height: int, light: int, blue: int = 128, red: int = 128) -> Image:
    """One colour: 16 is black, 235 white."""
    image = np.full((height * 3 // 2, width), light, np.uint8)
    chroma = image[height:].reshape(2, -1)
    chroma[0], chroma[1] = blue, red
    return image


def planes(image: Image) -> tuple[Image, Image, Image]:
    """Views of light, blue and red; the latter two are half as wide and high."""
    height, width = image.shape[0] * 2 // 3, image.shape[1]
    chroma = image[height:].reshape(2, height // 2, width // 2)
    return image[:height], chroma[0], chroma[1]
