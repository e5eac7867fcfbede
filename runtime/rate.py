"""Frame rates as exact ratios, and the way from frames to seconds, samples and timecode."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

SAMPLE_RATE = 48_000

# What an edit may be counted in: HLS lists count whole seconds, AVFoundation 24000ths.
SLOWEST, FASTEST = Fraction(1, 10), Fraction(100_000)

# SMPTE ST 12 and its common multiples.
SMPTE = tuple(
    [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120)]
    + [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)]
)
# 23.98 lies 1.7e-4 off 24000/1001 and 29.976 lies 2.0e-4 off 30000/1001; 24 lies 1e-3 off.
SNAP_TOLERANCE = Fraction(4, 10_000)


def round_half_up(value: Fraction) -> int:
    """The nearest whole number; halves go up, also below zero."""
    return math.floor(value + Fraction(1, 2))


@dataclass(frozen=True, order=True)
class Rate:
    """Frames a second, as an exact ratio above zero. Drop-frame is a way of counting and lives elsewhere."""

    fps: Fraction

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise ValueError(f"a frame rate is above zero, not {self.fps}")

    @classmethod
    def of(cls, value: float | int | str | Fraction) -> Rate:
        """The rate somebody meant: 23.976, "23.98" and "24000/1001" are one. Raises ValueError."""
        exact = _exact(value)
        if exact <= 0:
            raise ValueError(f"a frame rate is above zero, not {value}")
        return cls(snap(exact))

    def __str__(self) -> str:
        return str(self.fps)

    @property
    def nominal(self) -> int:
        """The whole number that timecode counts in: 24 for 24000/1001."""
        return max(1, round_half_up(self.fps))

    @property
    def can_drop(self) -> bool:
        """True where drop-frame timecode exists: 29.97 and its multiples."""
        return self.fps.denominator == 1001 and self.nominal % 30 == 0

    def seconds(self, frames: int | Fraction) -> Fraction:
        return Fraction(frames) / self.fps

    def samples(self, frames: int | Fraction, sample_rate: int = SAMPLE_RATE) -> int:
        """The sample on which a frame starts, rounded once."""
        return round_half_up(Fraction(frames) * sample_rate / self.fps)

    def frame_at(self, seconds: Fraction | float) -> int:
        """The nearest frame to a moment; halves go up."""
        return round_half_up(Fraction(seconds) * self.fps)

    def timecode(self, frame: int, drop_frame: bool = False) -> str:
        """HH:MM:SS:FF, with ';' before the frames when numbers are dropped."""
        n, base = frame, self.nominal
        drop = drop_frame and self.can_drop
        if drop:
            dropped = base // 15  # 2 numbers a minute at 29.97, 4 at 59.94, but for each tenth minute
            ten_minutes = base * 600 - 9 * dropped
            tens, rest = divmod(n, ten_minutes)
            n += 9 * dropped * tens
            if rest >= base * 60:
                n += dropped * ((rest - base * 60) // (base * 60 - dropped) + 1)
        sign = "-" if n < 0 else ""
        seconds, frames = divmod(abs(n), base)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{sign}{hours:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frames:02}"

    def frame_of(self, timecode: str, drop_frame: bool = False) -> int:
        """The frame number that a timecode names. ';' or '.' before the frames means drop-frame. Raises ValueError."""
        match = re.fullmatch(r"\s*(\d+):(\d{2}):(\d{2})([:;.,])(\d{2,3})\s*", timecode)
        if not match:
            raise ValueError(f"'{timecode}' is not a timecode such as 01:00:00:00")
        hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
        base = self.nominal
        if minutes > 59 or seconds > 59 or frames >= base:
            raise ValueError(f"'{timecode}' does not exist at {self} frames a second")
        total = ((hours * 60 + minutes) * 60 + seconds) * base + frames
        if self.can_drop and (drop_frame or match[4] in ";.,"):
            all_minutes = hours * 60 + minutes
            total -= base // 15 * (all_minutes - all_minutes // 10)
        return total


def snap(fps: Fraction) -> Fraction:
    """The SMPTE rate within the tolerance, or the rate as it is."""
    nearest = min(SMPTE, key=lambda rate: abs(fps - rate))
    return nearest if abs(fps - nearest) <= nearest * SNAP_TOLERANCE else fps


def _exact(value: float | int | str | Fraction) -> Fraction:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a frame rate is a number, not {value}")
        value = repr(value)
    elif isinstance(value, str) and not re.fullmatch(r"\s*\d{1,9}(\.\d{1,12})?(/\d{1,9})?\s*", value):
        raise ValueError(f"'{value[:40]}' is not a frame rate such as 25, 23.976 or 24000/1001")
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"'{value}' is not a frame rate such as 25, 23.976 or 24000/1001") from None
