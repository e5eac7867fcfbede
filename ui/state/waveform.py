"""A sound's outline for drawing: the lowest and highest sample of each stretch, at several finenesses, in a file."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...runtime.errors import InputError

MAGIC = b"HPWAVE1\n"
FINEST = 256  # samples in a stretch of the first level
COARSER = 4  # stretches of one level in one of the next
FULL = 127
_HEAD = struct.Struct("<QII")  # samples, samples a second, levels
_COUNT = struct.Struct("<I")
_MOST = 1 << 28


@dataclass(frozen=True)
class Peaks:
    """`levels` hold low, high, low, high... from -127 to 127; level n has stretches of FINEST * COARSER ** n samples."""

    samples: int
    rate: int
    levels: tuple[array[int], ...]

    def columns(self, first: float, last: float, width: int) -> list[tuple[float, float]]:
        """Lowest and highest from -1 to 1 for `width` columns that share the seconds [first, last)."""
        if width <= 0 or last <= first or not self.levels:
            return []
        step = (last - first) * self.rate / width
        level, stretch = 0, FINEST
        while level + 1 < len(self.levels) and stretch * COARSER <= step:
            level, stretch = level + 1, stretch * COARSER
        values = self.levels[level]
        count = len(values) // 2
        out = []
        for column in range(width):
            start = first * self.rate + column * step
            low = max(0, int(start // stretch))
            high = min(count, max(low + 1, -int(-(start + step) // stretch)))
            part = values[2 * low : 2 * high] if start + step > 0 else values[:0]
            out.append((min(part[::2]) / FULL, max(part[1::2]) / FULL) if part else (0.0, 0.0))
        return out


def encode(samples: int, rate: int, finest: Sequence[int]) -> bytes:
    """The file's bytes; `finest` is low, high, ... of stretches of FINEST samples."""
    levels = [array("b", finest)]
    while len(levels[-1]) > 2 * 512:
        fine = levels[-1]
        lows, highs = fine[::2], fine[1::2]
        coarse = array("b")
        for at in range(0, len(lows), COARSER):
            coarse.append(min(lows[at : at + COARSER]))
            coarse.append(max(highs[at : at + COARSER]))
        levels.append(coarse)
    parts = [MAGIC, _HEAD.pack(samples, rate, len(levels))]
    for level in levels:
        parts += [_COUNT.pack(len(level)), level.tobytes()]
    return b"".join(parts)


def load(path: str | Path) -> Peaks:
    """Raises InputError where the file is not one of ours."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the waveform cannot be read: {error.strerror}") from None
    try:
        return decode(data)
    except (ValueError, struct.error):
        raise InputError(f"{path}: is no waveform") from None


def decode(data: bytes) -> Peaks:
    """Raises ValueError or struct.error where the bytes are not ours."""
    if not data.startswith(MAGIC):
        raise ValueError("no waveform")
    at = len(MAGIC)
    samples, rate, count = _HEAD.unpack_from(data, at)
    at += _HEAD.size
    if not 0 < rate <= 10**6 or count > 32:
        raise ValueError("no waveform")
    levels = []
    for _ in range(count):
        (length,) = _COUNT.unpack_from(data, at)
        at += _COUNT.size
        if length % 2 or length > _MOST or at + length > len(data):
            raise ValueError("cut off")
        level = array("b")
        level.frombytes(data[at : at + length])
        levels.append(level)
        at += length
    return Peaks(samples, rate, tuple(levels))
