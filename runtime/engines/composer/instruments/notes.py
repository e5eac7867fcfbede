"""Lays notes into stems, stretch by stretch; the next stretch is played while this one is mixed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..event import STEMS, Event
from .tone import Line, Pair

WORKERS = min(4, os.cpu_count() or 1)


class Source(Protocol):
    """What plays events: a rack of instruments, or a SoundFont."""

    @property
    def rate(self) -> int: ...

    def draw(self, events: Sequence[Event], chunk: int, chunks: int) -> Iterator[Mapping[str, Pair]]:
        """For each chunk the stems (2, chunk), dry. `events` are sorted by start."""
        ...


class Instruments(Protocol):
    """What plays one event: samples (2, n) from its start on, and the gains of both sides."""

    @property
    def rate(self) -> int: ...

    def take(self, event: Event) -> tuple[Pair, float, float]: ...


@dataclass
class _Sounding:
    stem: str
    start: int
    sound: Pair
    left: np.float32
    right: np.float32


def draw(rack: Instruments, events: Sequence[Event], chunk: int, chunks: int) -> Iterator[dict[str, Pair]]:
    """The dry stems of `chunks` chunks."""
    starts = [math.floor(event.note.start * rack.rate + 0.5) for event in events]
    sounding: list[_Sounding] = []
    pool = ThreadPoolExecutor(WORKERS)
    following = 0
    room = np.empty(chunk, np.float32)

    def ahead(stop: int) -> list[tuple[int, Event, Future[tuple[Pair, float, float]]]]:
        nonlocal following
        first = following
        while following < len(events) and starts[following] < stop:
            following += 1
        return [(starts[at], events[at], pool.submit(rack.take, events[at])) for at in range(first, following)]

    try:
        waiting = ahead(chunk)
        for number in range(chunks):
            begin = number * chunk
            coming, waiting = waiting, ahead(begin + 2 * chunk)
            for at, event, future in coming:
                sound, left, right = future.result()
                sounding.append(_Sounding(event.note.stem, at, sound, np.float32(left), np.float32(right)))
            stems = {stem: np.zeros((2, chunk), np.float32) for stem in STEMS}
            for voice in sounding:
                _add(voice, stems[voice.stem], begin, room)
            sounding = [voice for voice in sounding if voice.start + voice.sound.shape[1] > begin + chunk]
            yield stems
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _add(voice: _Sounding, stem: Pair, begin: int, room: Line) -> None:
    """Adds what falls on the stem, whose first sample is `begin` of the whole. `room` is written over."""
    first = max(voice.start, begin)
    last = min(voice.start + voice.sound.shape[1], begin + stem.shape[1])
    if first < last:
        piece = voice.sound[:, first - voice.start : last - voice.start]
        for side, gain in enumerate((voice.left, voice.right)):
            scaled = np.multiply(piece[side], gain, out=room[: last - first])
            stem[side, first - begin : last - begin] += scaled
