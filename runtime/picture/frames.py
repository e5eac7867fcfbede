"""The frames of one medium at exact moments, counted from its first frame: a film, numbered stills, or one still.

Decoding runs forwards wherever it can; a seek happens at a jump. Times come from the frames' own time stamps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from copy import copy
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from .media import FAILURES, Unreadable, opened, pictures

Picture = NDArray[np.uint8]  # (height, width, 3): sRGB

SIDE = 144  # pixels: the longest side of a small picture; Diff-V2M takes its histogram from at most 150

_FILTERED = ("h264", "hevc")
_LEAP = 2  # seconds: a longer way forwards is sought, not decoded
_SPARSE = 600  # frames without a key frame after which a seek is given up
_INDEXED = ("mov", "mp4", "matroska", "webm")  # containers that know where their key frames are
_NEAR = 12  # seconds that may be decoded for nothing where a second reader begins
_ENOUGH = Fraction(1, 12)  # seconds between the frames that `thin` leaves
_TRIAL = Fraction(2)  # seconds of a film that show which frames it can spare
_WORTH = Fraction(6, 5)  # frames that one frame has to stand for, else nothing is gained
_STILL_RATE = Fraction(24)  # frames a second of a sequence whose rate nobody said
_SEQUENCE = re.compile(r"(.*?)(?:\[(\d+)-(\d+)\]|%(0\d+)?d)([^/\\]*)", re.DOTALL)


class Moment(NamedTuple):
    """A frame, and when it begins to be shown, in seconds of the container's own clock."""

    time: Fraction
    frame: av.VideoFrame


class Shown(NamedTuple):
    """What is shown at a moment: since when, in seconds from the medium's first frame, and the picture, made small."""

    time: Fraction
    picture: Picture
    frame: av.VideoFrame


class Source(Protocol):
    """Anything that shows a picture at a moment; `at` gives None where the medium is damaged.

    `another` reads the same medium in another thread, with so many threads of its own (0: as many as there are cores).
    `may_begin_at` tells whether it sees the same from a moment on, and without decoding much that lies before.
    """

    damaged: bool
    bad_times: bool
    ended_early: bool

    def at(self, seconds: Fraction) -> Moment | None: ...

    def since(self, moment: Moment) -> Fraction: ...

    def may_begin_at(self, seconds: Fraction) -> bool: ...

    def another(self, threads: int) -> Self: ...

    def close(self) -> None: ...


def idle() -> None:
    """The check of a caller who never stops the work."""


class Frames:
    """The frames of a film. Raises Unreadable.

    `thin` passes over frames that no other needs, where at least ten a second remain: then a moment may be answered
    with a frame up to a tenth of a second early. `check` is called every few frames and may raise to stop the work.
    """

    _now: Moment | None  # the frame at the last moment asked for, and the one after it
    _next: Moment | None

    def __init__(self, path: Path, *, thin: bool = False, check: Callable[[], None] = idle) -> None:
        self._path, self._threads, self._check = path, 0, check
        self._skip, self._lattice = False, False
        self.damaged = False
        self.bad_times = False
        self.ended_early = False  # True once a picture after the last one was asked for
        self._open()
        self._begin()
        if self._now is None:
            self.close()
            raise Unreadable("holds no readable picture")
        self._start = self._now.time
        self._is_still = self._next is None
        self._frame_length = 1 / self._rate()
        # Containers round time stamps to their tick: Matroska's millisecond is the coarse one.
        tick = Fraction(self._stream.time_base or 0)
        self._slack = min(max(tick * 3 / 4, Fraction(1, 10_000)), self._frame_length / 4)
        if thin and not self._is_still:
            self._make_thin()

    @property
    def is_thin(self) -> bool:
        return self._skip or self._lattice

    def at(self, seconds: Fraction) -> Moment | None:
        """The frame whose time of display holds this moment; None where the medium is damaged."""
        moment = self._start + max(seconds + self._slack, Fraction(0))
        self._go(moment)
        return self._now if self._reached(moment) else None

    def run(self, start: Fraction, end: Fraction) -> Iterator[Moment]:
        """Every frame from the one on show at `start` to the last one that begins before `end`."""
        self._go(self._start + start + self._slack)
        while self._now is not None and self._now.time - self._start < end - self._slack:
            yield self._now
            self._step()

    def since(self, moment: Moment) -> Fraction:
        return moment.time - self._start

    def may_begin_at(self, seconds: Fraction) -> bool:
        base = self._stream.time_base
        if self._is_still or not base or not set(self._container.format.name.split(",")) & {*_INDEXED}:
            return False
        moment = self._start + seconds
        self._halt()
        try:
            self._container.seek(int(moment / base), stream=self._stream)
            packet = next(self._container.demux(self._stream))
        except (*FAILURES, StopIteration):
            packet = None
        return (
            packet is not None
            and packet.is_keyframe
            and packet.pts is not None
            and moment - _NEAR <= packet.pts * base <= moment
        )

    def another(self, threads: int) -> Self:
        twin = copy(self)
        twin._threads = threads
        twin.damaged = twin.bad_times = twin.ended_early = False
        twin._open()
        return twin

    def close(self) -> None:
        """Lets go of everything at once: a decoder holds a good many pictures."""
        self._decoder.close()
        self._now = self._next = None
        self._container.close()

    def _open(self) -> None:
        self._container = opened(self._path)
        streams = pictures(self._container)
        if not streams:
            self._container.close()
            raise Unreadable("has no picture")
        self._stream = streams[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self._threads
        if self._skip:
            self._stream.codec_context.skip_frame = "NONREF"
            if self._stream.codec_context.name in _FILTERED:  # blocks vanish in a small picture anyway
                self._stream.codec_context.options = {"skip_loop_filter": "all"}
        self._stale, self._decoder = False, self._decode()
        self._halt()

    def _halt(self) -> None:
        """Nowhere in the film: the next moment is sought."""
        self._decoder.close()
        self._now = self._next = None

    def _begin(self) -> None:
        self._decoder = self._decode()
        self._now = next(self._decoder, None)
        self._next = next(self._decoder, None)

    def _decode(self) -> Generator[Moment, None, None]:
        length = 1 / self._rate()
        time: Fraction | None = None
        place = -1
        try:
            packets = self._container.demux(self._stream)
        except FAILURES:
            self.damaged = True
            return
        while True:
            self._check()
            try:
                packet = next(packets, None)
            except FAILURES:
                self.damaged = True
                return
            if packet is None:
                return
            if self._lattice and packet.pts is not None:
                before, place = place, int(packet.pts * Fraction(packet.time_base or 0) / _ENOUGH)
                if place == before:
                    continue
            try:
                frames = packet.decode()
            except FAILURES:
                self.damaged = True
                continue
            for frame in frames:
                self.damaged |= bool(frame.is_corrupt)
                stamp = frame.pts if frame.pts is not None else frame.dts
                base = Fraction(frame.time_base or 0)
                if stamp is None or not base or (time is not None and stamp * base <= time):
                    # A frame always comes after the one before it, whatever its stamp says.
                    self.bad_times |= time is not None
                    time = Fraction(0) if time is None else time + length
                else:
                    time = stamp * base
                yield Moment(time, frame)

    def _rate(self) -> Fraction:
        rate = self._stream.guessed_rate or self._stream.average_rate
        return Fraction(rate) if rate and 0 < rate <= 1000 else _STILL_RATE

    def _step(self) -> None:
        self._now, self._next = self._next, next(self._decoder, None)

    def _go(self, moment: Fraction) -> None:
        """Make `_now` the frame at this moment."""
        if self._stale:
            self._reopen()
        now = self._now
        if now is None or moment < now.time or (self._next is not None and moment > self._next.time + _LEAP):
            self._seek(moment)
        while self._next is not None and self._next.time <= moment:
            self._step()

    def _seek(self, moment: Fraction) -> None:
        for back in (0, 1, 4, 16):
            target = max(moment - back, self._start)
            if self._stream.time_base is None:
                break
            try:
                self._container.seek(int(target / self._stream.time_base), stream=self._stream)
            except FAILURES:
                break
            if self._begin_at_key(moment):
                return
            if target == self._start:
                break
        self._reopen()

    def _reopen(self) -> None:
        self._decoder.close()
        self._container.close()
        self._open()
        self._begin()

    def _begin_at_key(self, moment: Fraction) -> bool:
        """False where decoding would start after the moment. Frames before the first key frame may be broken."""
        self._begin()
        for _ in range(_SPARSE):
            if self._now is None or self._now.time > moment:
                return False
            if self._now.frame.key_frame:
                return True
            self._step()
        return False

    def _reached(self, moment: Fraction) -> bool:
        """False where the medium breaks off before a moment that it should have. Past its end the last frame holds."""
        if self._now is None:
            return False
        over = moment - self._now.time - self._frame_length * (4 if self.is_thin else 1)
        if self._next is not None or self._is_still or over < self._slack:
            return True
        declared = Fraction(0)
        if self._stream.duration is not None and self._stream.time_base is not None:
            declared = self._start + self._stream.duration * self._stream.time_base
        elif self._container.duration is not None:
            declared = self._start + Fraction(self._container.duration, 1_000_000)
        if self.damaged or (declared - self._now.time > 1 and moment < declared):
            return False
        self.ended_early = True
        return True

    def _make_thin(self) -> None:
        """Skip what may be skipped. Only the medium decides, never the part that is used: the same frames every time."""
        rate = self._stream.average_rate or self._rate()
        if rate * _ENOUGH <= 1:
            return
        if self._stream.codec_context.codec.intra_only:
            self._lattice = self._stale = True
            return
        times = self._needed() or self._decoded()
        gaps = [after - before for before, after in pairwise(times)]
        # Nine gaps of ten: an encoder leaves a long one here and there.
        enough = bool(gaps) and sorted(gaps)[len(gaps) * 9 // 10] <= _ENOUGH + self._slack
        self._skip = enough and sum(gaps) * rate > len(gaps) * _WORTH
        self._stale = True

    def _needed(self) -> list[Fraction]:
        """The times of the film's first frames that others need, as far as packets tell."""
        codec, extra = self._stream.codec_context, self._stream.codec_context.extradata
        place = {"h264": 4, "hevc": 21}.get(codec.name)
        if place is None or not extra or extra[0] != 1 or len(extra) <= place:
            return []
        size = (extra[place] & 3) + 1
        base = Fraction(self._stream.time_base or 0)
        times = []
        self._halt()
        try:
            self._container.seek(int(self._start / base), stream=self._stream)
            for packet in self._container.demux(self._stream):
                if packet.pts is None or packet.pts * base > self._start + 2 * _TRIAL:
                    break
                if not is_spare(bytes(packet), codec.name, size):
                    times.append(packet.pts * base)
        except (*FAILURES, ZeroDivisionError):
            return []
        return sorted(time for time in times if self._start <= time < self._start + _TRIAL)

    def _decoded(self) -> list[Fraction]:
        """The times of the film's first frames that the decoder leaves when it skips."""
        was = self.damaged, self.bad_times
        self._reopen()
        self._stream.codec_context.skip_frame = "NONREF"
        times = []
        while self._now and self._next and self._now.time < self._start + _TRIAL:
            if self._now.time > self._start + _TRIAL / 4:  # before it frames that were under way already
                times.append(self._now.time)
            self._step()
        self.damaged, self.bad_times = was
        return times


def is_spare(packet: bytes, codec: str, size: int) -> bool:
    """Whether no other frame needs the one in a packet of H.264 or HEVC, whose parts begin with lengths of `size` bytes."""
    at = 0
    while at + size < len(packet):
        head = packet[at + size]
        if codec == "h264" and head & 31 in (1, 2, 5):
            return head >> 5 & 3 == 0
        if codec == "hevc" and head >> 1 & 63 < 32:
            return head >> 1 & 63 in (0, 2, 4, 6, 8, 10, 12, 14)
        at += size + int.from_bytes(packet[at : at + size], "big")
    return False


class Numbered:
    """Stills that count, `x.%04d.png` or `x.[1001-1020].png`, one frame each. Raises Unreadable.

    A still that is not there holds the one before it, as an editor shows it.
    """

    def __init__(self, path: Path, rate: Fraction = _STILL_RATE, *, check: Callable[[], None] = idle) -> None:
        self._rate, self._check = rate, check
        self._files = numbered(path)
        if not self._files:
            raise Unreadable("not found")
        self._first = min(self._files)
        self._order = sorted(self._files)
        self._shown: tuple[int, Moment | None] | None = None
        self.damaged = self.bad_times = self.ended_early = False

    def at(self, seconds: Fraction) -> Moment | None:
        self._check()
        asked = self._first + int(max(seconds, Fraction(0)) * self._rate + Fraction(1, 1000))
        number = asked if asked in self._files else max((n for n in self._order if n < asked), default=self._first)
        if self._shown is None or self._shown[0] != number:
            self._shown = (number, self._load(number))
        return self._shown[1]

    def since(self, moment: Moment) -> Fraction:
        return moment.time

    def may_begin_at(self, seconds: Fraction) -> bool:  # noqa: ARG002
        return True

    def another(self, threads: int) -> Self:  # noqa: ARG002
        twin = copy(self)
        twin._shown = None
        twin.damaged = False
        return twin

    def close(self) -> None:
        self._shown = None

    def _load(self, number: int) -> Moment | None:
        try:
            still = Frames(self._files[number])
        except Unreadable:
            self.damaged = True
            return None
        try:
            moment = still.at(Fraction(0))
            return moment and Moment((number - self._first) / self._rate, moment.frame)
        finally:
            still.close()


def open_frames(path: Path, *, rate: Fraction, thin: bool = False, check: Callable[[], None] = idle) -> Source:
    """The frames of any medium; `rate` is that of a sequence of stills. Raises Unreadable."""
    return Numbered(path, rate, check=check) if is_sequence(path) else Frames(path, thin=thin, check=check)


def show(source: Source, moments: Iterable[Fraction], side: int = SIDE) -> Iterator[Shown | None]:
    """What is shown at each of the rising moments; the same object as long as the same frame stands."""
    scaler = Scaler(side)
    last: tuple[Moment, Shown | None] | None = None
    for seconds in moments:
        moment = source.at(seconds)
        if moment is None:
            yield None
            continue
        if last is None or last[0] is not moment:
            try:
                last = (moment, Shown(source.since(moment), scaler(moment.frame), moment.frame))
            except FAILURES:
                source.damaged = True
                last = (moment, None)
        yield last[1]


class Scaler:
    """Turns frames upright and makes them small: the longest side `side`, never larger than the frame."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._scaler = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Picture:
        width, height = _size(frame, self._side)
        small = self._scaler.reformat(
            frame,
            width,
            height,
            "rgb24",
            src_colorspace=colourspace(frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.AREA if frame.width > width else Interpolation.BILINEAR,
            threads=1,  # more cost more than they save
        )
        return np.ascontiguousarray(np.rot90(small.to_ndarray().astype(np.uint8, copy=False), frame.rotation // 90 % 4))


def _size(frame: Any, side: int) -> tuple[int, int]:
    """Of the small frame before it is turned; pixels that are not square become square."""
    shape = getattr(frame, "sample_aspect_ratio", None)
    width, height = frame.width * float(shape if shape and shape > 0 else 1), float(frame.height)
    scale = min(1.0, side / max(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))


def colourspace(frame: av.VideoFrame) -> Colorspace | None:
    """What a frame that does not say its colours is taken for: BT.709 from 720 lines on, as everybody does."""
    return Colorspace.ITU709 if frame.height >= 720 and frame.colorspace == 2 else None


def is_sequence(path: Path | str) -> bool:
    name = Path(path).name
    return (match := _SEQUENCE.fullmatch(name)) is not None and not (match[2] is None and Path(path).is_file())


def numbered(path: Path) -> dict[int, Path]:
    """The files of a sequence that exist, by their numbers."""
    match = _SEQUENCE.fullmatch(path.name)
    if match is None:
        return {}
    head, first, last, pad, tail = match.groups()
    width = len(first) if first else int(pad) if pad else 1
    found: dict[int, Path] = {}
    try:
        entries = sorted(entry.name for entry in path.parent.iterdir())
    except (OSError, ValueError):
        return {}
    for name in entries:
        digits = name[len(head) : len(name) - len(tail)]
        if not (name.startswith(head) and name.endswith(tail) and re.fullmatch(r"[0-9]+", digits)):
            continue
        number = int(digits)
        if digits == str(number).zfill(width) and (first is None or int(first) <= number <= int(last)):
            found[number] = path.with_name(name)
    return found
