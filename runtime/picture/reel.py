"""A stretch of one medium, picture after picture, each small and with its exact time: what looking for cuts needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from .frames import Frames, Moment, Numbered, Source, idle, is_sequence
from .media import FAILURES

WIDTH, HEIGHT = 128, 72
SLACK = Fraction(3, 4000)  # seconds: containers round time stamps to their tick, Matroska to a millisecond


class Small(NamedTuple):
    """`time` in seconds from the medium's first frame, `picture` (HEIGHT, WIDTH, 3) in BGR, whatever its aspect."""

    time: Fraction
    picture: NDArray[np.uint8]


class Reel:
    """Every picture that is shown between two moments of a medium, forwards. Raises Unreadable.

    `check` is called every few frames and may raise to stop the work. `damaged` says after reading whether some
    pictures could not be decoded.
    """

    def __init__(self, path: Path, rate: Fraction, *, check: Callable[[], None] = idle) -> None:
        self._stills = Numbered(path, rate, check=check) if is_sequence(path) else None
        self._film = None if self._stills else Frames(path, check=check)
        self._rate, self._scaler = rate, VideoReformatter()
        self._spoilt = False

    @property
    def damaged(self) -> bool:
        return self._spoilt or self._source.damaged

    @property
    def _source(self) -> Source:
        source = self._film or self._stills
        assert source is not None
        return source

    def between(self, start: Fraction, end: Fraction) -> Iterator[Small]:
        for moment in self._moments(max(start, Fraction(0)), end):
            try:
                small = self._scaler.reformat(
                    moment.frame, WIDTH, HEIGHT, "bgr24", interpolation=Interpolation.AREA, threads=1
                )
                picture = small.to_ndarray().astype(np.uint8, copy=False)
            except FAILURES:
                self._spoilt = True
                continue
            yield Small(self._source.since(moment), picture)

    def close(self) -> None:
        self._source.close()

    def _moments(self, start: Fraction, end: Fraction) -> Iterator[Moment]:
        if self._film:
            yield from self._film.run(start, end)
            return
        number = int(start * self._rate)
        while number / self._rate < end:
            moment = self._source.at(number / self._rate)
            if moment is not None:
                yield moment._replace(time=number / self._rate)
            number += 1
