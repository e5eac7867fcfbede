"""A part of a medium's sound as mono lines at a low rate: what somebody who listens for a voice listens to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Discard
from numpy.typing import NDArray

from ..rate import round_half_up
from .media import FAILURES, Unreadable, opened, pictures

Array = NDArray[np.float32]

STREAMS = 16  # of one medium; more than that is no film's sound
_RUN_UP = (Fraction(1, 4), Fraction(2), Fraction(10))  # seconds that a lossy codec may need before it sounds right
_LEAP = Fraction(1, 20)  # seconds: where time stamps part from the count of samples by more, they are right
_OUT_OF_STEP = 5  # seconds between streams that belong together, at most
_LOUDEST = 8.0  # full scales that a float file may hold and still mean it
_OPPOSED = -0.5  # correlation of two sides below which one of them is upside down


class Ear:
    """One medium, open for listening. `damaged` is True once something in it could not be decoded."""

    def __init__(self, path: Path) -> None:
        self._container = opened(path, metadata_errors="ignore")
        self.damaged = False
        self._streams = self._container.streams.audio[:STREAMS]
        if not self._streams:
            self._container.close()
            raise Unreadable("has no sound")
        for stream in self._container.streams:
            if stream not in self._streams:
                stream.discard = Discard.all  # pictures are not even read from the disk
        seen = pictures(self._container)
        first = seen[0] if seen else self._streams[0]
        self._start = Fraction(first.start_time or 0) * Fraction(first.time_base or 0)

    def close(self) -> None:
        self._container.close()

    def listen(self, start: Fraction, count: int, rate: int, check: Callable[[], None]) -> list[Array]:
        """Mono lines of `count` samples from `start`, seconds from the medium's first frame; silence where it has none.

        Each stream gives one line, and a second where it has a centre channel: the centre, and the others without it.
        `check` is called after each packet; what it raises ends the listening.
        """
        parts = [_Part(self._start + start, count, rate) for _ in self._streams]
        for back in (*(back for back in _RUN_UP if back < start), None):
            self._seek(None if back is None else self._start + start - back)
            for part in parts:
                part.clear()
            if not self._fill(parts, check, retry=back is not None):
                break
        return [line for part in parts for line in part.lines()]

    def _seek(self, moment: Fraction | None) -> None:
        stream = self._streams[0]
        try:
            if moment is None or stream.time_base is None:
                self._container.seek(min(0, int(self._start * 1_000_000)))
            else:
                self._container.seek(int(moment / stream.time_base), stream=stream)
        except FAILURES:  # not seekable: decoded from where it stands
            pass

    def _fill(self, parts: Sequence[_Part], check: Callable[[], None], retry: bool) -> bool:
        """True where the seek went past the beginning and an earlier one may do better."""
        by_index = {stream.index: part for stream, part in zip(self._streams, parts, strict=True)}
        open_parts = len(parts)
        packets = self._container.demux(self._streams)
        failures = 0
        while open_parts:
            check()
            try:
                packet = next(packets, None)
            except FAILURES:
                self.damaged = True
                return False
            if packet is None:
                return False
            part = by_index[packet.stream.index]
            if part.full:
                if part.is_past(packet):  # the other streams have ended
                    return False
                continue
            try:
                for frame in packet.decode():
                    if part.late(frame) and retry:
                        return True
                    part.add(frame)
            except FAILURES:
                part.lost()
                self.damaged = True
                failures += 1
                if failures > 2000:
                    return False
            open_parts -= part.full
        return False


class _Part:
    """The stretch of one stream that is wanted."""

    def __init__(self, start: Fraction, count: int, rate: int) -> None:
        self._start, self._count, self._rate = start, count, rate
        self.clear()

    def clear(self) -> None:
        self._channels: Array | None = None
        self._names: list[str] = []
        self._resampler: av.AudioResampler | None = None
        self._at: int | None = None  # where the next sample goes
        self._expected = 0.0  # where time stamps should say the next frame is
        self.full = False

    def late(self, frame: av.AudioFrame) -> bool:
        """True for a first frame that starts after the beginning of the part, and not with the medium itself."""
        return self._at is None and self._place(frame) > self._rate // 100

    def is_past(self, packet: av.Packet[Any]) -> bool:
        """True well after the end of the part."""
        if packet.pts is None or packet.time_base is None:
            return False
        return packet.pts * Fraction(packet.time_base) - self._start > Fraction(self._count, self._rate) + _OUT_OF_STEP

    def lost(self) -> None:
        self._resampler = None

    def add(self, frame: av.AudioFrame) -> None:
        names = [channel.name for channel in frame.layout.channels]
        if self._channels is None or names != self._names:
            if self._channels is None or len(names) != len(self._names):
                self._channels = np.zeros((len(names), self._count), np.float32)
            self._names, self._resampler = names, None
        place = self._place(frame)
        if self._resampler is None or self._at is None or abs(place - self._expected) > _LEAP * self._rate:
            self._resampler = av.AudioResampler("fltp", frame.layout, self._rate)
            self._at, self._expected = place, float(place)
        self._expected += frame.samples * self._rate / frame.sample_rate
        frame.pts = None
        for piece in self._resampler.resample(frame):
            self._write(np.asarray(piece.to_ndarray(), np.float32))

    def _place(self, frame: av.AudioFrame) -> int:
        if frame.pts is None or frame.time_base is None:
            return self._at or 0
        return round_half_up((frame.pts * Fraction(frame.time_base) - self._start) * self._rate)

    def _write(self, sound: Array) -> None:
        assert self._channels is not None and self._at is not None
        first, last = max(self._at, 0), min(self._at + sound.shape[1], self._count)
        if first < last:
            heard = np.nan_to_num(sound[:, first - self._at : last - self._at], posinf=0.0, neginf=0.0)
            self._channels[:, first:last] = np.clip(heard, -_LOUDEST, _LOUDEST)
        self._at += sound.shape[1]
        self.full = self._at >= self._count

    def lines(self) -> list[Array]:
        if self._channels is None:
            return []
        return mono(self._channels, self._names)


def mono(channels: Array, names: Sequence[str]) -> list[Array]:
    """The lines to listen to in (channels, n): one, or the centre and what is around it.

    A voice in one of many channels is not made quieter by all that are silent.
    """
    if len(channels) == 2:
        left, right = channels
        both = float(left @ right)
        opposed = both < _OPPOSED * float(np.sqrt((left @ left) * (right @ right))) - 1e-12
        return [(left - right if opposed else left + right) / 2]
    centre = [n for n, name in enumerate(names) if name == "FC"] if len(channels) > 1 else []
    rest = [n for n in range(len(channels)) if n not in centre]
    groups = [group for group in (centre, rest) if group]
    return [channels[group].sum(axis=0, dtype=np.float32) / np.float32(len(group) ** 0.5) for group in groups]
