"""A sound with some silence after it: Resolve cuts fractions of a frame off where rates differ (hosts.md A1.5)."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from ....runtime.errors import InputError, OutputError
from ....runtime.mix.files import Transaction, writing
from ....runtime.rate import Rate

_BLOCK = 1 << 20
_MOST = 0xFFFF_FFF0  # bytes that a RIFF file can count


@dataclass(frozen=True)
class _Samples:
    """Where a WAV's samples start, how many bytes they are, their rate, and the bytes of one moment of all channels."""

    at: int
    length: int
    rate: int
    block: int


def whole_frames(sound: Path, rate: Rate) -> int:
    """How many frames the sound fills to their end."""
    with _opened(sound) as (_, samples):
        return math.floor(Fraction(samples.length // samples.block, samples.rate) * rate.fps)


def padded(sound: Path, seconds: Fraction) -> Path:
    """A copy of a WAV beside it, at least `seconds` long. Its name is one that only our sounds have."""
    with _opened(sound) as (source, samples):
        count = samples.length // samples.block
        frames = max(count, math.ceil(seconds * samples.rate))
        length = frames * samples.block
        out = sound.with_name(f"{sound.stem}-{frames}{sound.suffix}")
        if samples.at + length > _MOST:
            raise OutputError(f"{sound}: no room for the silence that Resolve needs after it")
        source.seek(samples.at + samples.length + samples.length % 2)
        after = source.read()  # what else the file says, a few lines at most
        with Transaction() as files:
            staged = files.stage(out)
            with writing(out), staged.open("wb") as target:
                source.seek(0)
                target.write(source.read(samples.at))
                _copy(source, target, samples.length)
                target.write(bytes(length - samples.length + length % 2) + after)
                whole = target.tell()
                for place, number in ((4, whole - 8), (samples.at - 4, length)):
                    target.seek(place)
                    target.write(struct.pack("<I", number))
            files.commit()
    return out


def _copy(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length > 0 and (block := source.read(min(length, _BLOCK))):
        target.write(block)
        length -= len(block)


@contextmanager
def _opened(sound: Path) -> Iterator[tuple[BinaryIO, _Samples]]:
    try:
        file = sound.open("rb")
    except OSError as error:
        raise InputError(f"{sound}: cannot be read ({error.strerror})") from None
    with file:
        yield file, _samples(sound, file)


def _samples(sound: Path, file: BinaryIO) -> _Samples:
    rate = block = 0
    head = file.read(12)
    while head[:4] == b"RIFF" and head[8:] == b"WAVE" and len(chunk := file.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data" and rate and block:
            return _Samples(file.tell(), length, rate, block)
        said = file.read(min(length, 64))
        if name == b"fmt " and len(said) >= 16:
            rate, block = struct.unpack_from("<I", said, 4)[0], struct.unpack_from("<H", said, 12)[0]
        file.seek(length - len(said) + length % 2, 1)
    raise InputError(f"{sound}: is no WAV file of samples")
