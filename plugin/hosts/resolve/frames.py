"""Resolve counts frames in five ways; here, and nowhere else, one becomes another (hosts.md A1.4).

| what Resolve says or wants                                  | counted from                     | at the rate of |
| ------------------------------------------------------------ | -------------------------------- | -------------- |
| markers' frameId                                             | the timeline's first frame       | the timeline   |
| GetStart and GetEnd of items and timelines, recordFrame      | timecode zero                    | the timeline   |
| GetCurrentTimecode, SetCurrentTimecode                       | timecode zero, as text           | the timeline   |
| startFrame and endFrame of what is appended (end exclusive)  | the file's first frame           | the medium     |
| GetLeftOffset of an audio item                               | the file's first frame           | the timeline   |
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ....runtime.errors import InputError
from ....runtime.rate import Rate

_DAY = 24 * 60 * 60
_DROP = " DF"


@dataclass(frozen=True)
class Clock:
    """How one timeline counts. `start` is its first frame, counted from timecode zero."""

    rate: Rate
    drop: bool
    start: int

    def absolute(self, frame: int) -> int:
        """What recordFrame wants, of a frame relative to the timeline's first."""
        return self.start + frame

    def relative(self, absolute: float) -> int:
        return round(absolute) - self.start

    def timecode(self, frame: int) -> str:
        return self.rate.timecode((self.start + frame) % self._day, self.drop)

    def frame(self, timecode: str) -> int:
        """The relative frame that a timecode of this timeline names; past midnight it goes on. Raises ValueError."""
        return (self.rate.frame_of(timecode, self.drop) - self.start) % self._day

    def media(self, frames: int, media: Rate) -> int:
        """How many of a medium's frames fill that many of the timeline's, where Resolve cuts fractions off."""
        return math.ceil(Fraction(frames) * media.fps / self.rate.fps)

    @property
    def _day(self) -> int:
        """Frame numbers in a day."""
        return (
            self.rate.frame_of("23:59:59:00", self.drop) + self.rate.nominal if self.drop else _DAY * self.rate.nominal
        )


def clock(rate: Any, dropping: Any, start_timecode: Any, start_frame: Any) -> Clock:
    """The clock of a timeline by what Resolve says of it: "29.97 DF" or "23.976", a drop-frame setting, its start."""
    counted = rate_of(rate)
    drop = counted.can_drop and (str(rate).upper().rstrip().endswith(_DROP) or str(dropping) in ("1", "1.0", "True"))
    text = str(start_timecode or "")
    drop = drop or (counted.can_drop and ";" in text)
    if isinstance(start_frame, int | float) and not isinstance(start_frame, bool):
        return Clock(counted, drop, round(start_frame))
    try:
        return Clock(counted, drop, counted.frame_of(text, drop))
    except ValueError as error:
        raise InputError(f"DaVinci Resolve does not say where its timeline starts: {error}") from None


def rate_of(said: Any) -> Rate:
    """The rate that Resolve means by "24", "23.976", "29.97 DF" or 25.0. Raises InputError."""
    words = str(said).split()
    try:
        return Rate.of(words[0] if words else "")
    except ValueError:
        raise InputError(f"DaVinci Resolve says that its timeline runs at '{said}', which is no frame rate") from None
