"""Sound in files: a 24-bit WAV writer, and a reader of whatever FFmpeg can decode. All 48 kHz stereo."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..rate import SAMPLE_RATE
from .files import writing

Sound = NDArray[np.float32]  # (n, 2), full scale 1.0

CHANNELS = 2
FULL_SCALE = 2.0**23
LARGEST = FULL_SCALE - 1
FRAME_BYTES = 3 * CHANNELS
BLOCK = SAMPLE_RATE  # samples in a block that is read
RIFF_LIMIT = 0xFFFF_FFFF
DS64_BYTES = 28
BEXT_BYTES = 602  # EBU Tech 3285 version 1, without coding history


class WavWriter:
    """Writes blocks (n, 2) as 24-bit PCM. Equal samples give equal bytes: nothing of the day or the machine goes in.

    There is no start timecode, because hosts shift a clip by it; `time_reference` (samples since midnight) writes
    one as a bext chunk. Above 4 GiB the file becomes RF64 (EBU Tech 3306), in the room that a JUNK chunk holds.
    """

    def __init__(self, path: Path, *, time_reference: int | None = None) -> None:
        self.path = path
        self.samples = 0
        self._time_reference = time_reference
        with writing(path):
            self._file = path.open("wb")
            self._file.write(self._header())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.close()
        else:
            with suppress(OSError):  # the first error is the one to tell
                self._file.close()

    def write(self, block: Sound) -> None:
        with writing(self.path):
            self._file.write(pcm24(block))
        self.samples += len(block)

    def close(self) -> None:
        if self._file.closed:
            return
        with writing(self.path):
            try:
                self._file.seek(0)
                self._file.write(self._header())
            finally:
                self._file.close()

    def _header(self) -> bytes:
        data = self.samples * FRAME_BYTES
        bext = b"" if self._time_reference is None else _chunk(b"bext", _bext(self._time_reference))
        form = _chunk(
            b"fmt ", struct.pack("<HHIIHH", 1, CHANNELS, SAMPLE_RATE, SAMPLE_RATE * FRAME_BYTES, FRAME_BYTES, 24)
        )
        riff = 4 + 8 + DS64_BYTES + len(bext) + len(form) + 8 + data
        if riff <= RIFF_LIMIT:
            head = b"RIFF" + struct.pack("<I", riff) + b"WAVE" + _chunk(b"JUNK", bytes(DS64_BYTES))
            return head + bext + form + b"data" + struct.pack("<I", data)
        ds64 = _chunk(b"ds64", struct.pack("<QQQI", riff, data, self.samples, 0))
        head = b"RF64" + struct.pack("<I", RIFF_LIMIT) + b"WAVE" + ds64
        return head + bext + form + b"data" + struct.pack("<I", RIFF_LIMIT)


def on_grid(block: Sound) -> Sound:
    """The samples that a 24-bit file will hold: rounded to its steps, clipped at full scale."""
    return _steps(block) / np.float32(FULL_SCALE)


def pcm24(block: Sound) -> bytes:
    """Little-endian 24-bit steps, rounded to the nearest; above full scale clips and never wraps."""
    steps = np.ascontiguousarray(_steps(block), "<i4")
    return steps.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _steps(block: Sound) -> Sound:
    steps: Sound = np.rint(block.astype(np.float32, copy=False) * np.float32(FULL_SCALE))
    return np.clip(steps, np.float32(-FULL_SCALE), np.float32(LARGEST), out=steps)


def read_blocks(path: Path) -> Iterator[Sound]:
    """The first sound in a file, as blocks (n, 2) of a second, from the moment at which its container starts."""
    pending: list[Sound] = []
    held = 0
    for piece in _decode(path):
        pending.append(piece)
        held += len(piece)
        if held >= BLOCK:
            joined = np.concatenate(pending)
            whole = held - held % BLOCK
            for start in range(0, whole, BLOCK):
                yield joined[start : start + BLOCK]
            pending, held = [joined[whole:]], held - whole
    if held:
        yield np.concatenate(pending)


def duration_samples(path: Path) -> int:
    """How long a sound is once it is at 48 kHz: counted, because headers of compressed files only estimate it."""
    return sum(len(block) for block in read_blocks(path))


def _decode(path: Path) -> Iterator[Sound]:
    if path.is_dir():
        raise InputError(f"cannot read {path}: it is a folder, not a sound")
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise InputError(f"cannot read {path}: there is no sound in it")
            yield from _resampled(path, container)
    except (av.FFmpegError, OSError) as error:
        reason = (error.strerror or str(error)).splitlines()[0]
        raise InputError(f"cannot read {path}: {reason[:1].lower() + reason[1:]}") from error
    except ValueError as error:
        raise InputError(f"cannot read {path}: its sound cannot be converted to 48 kHz stereo ({error})") from error


def _resampled(path: Path, container: av.container.InputContainer) -> Iterator[Sound]:
    stream = container.streams.audio[0]
    # FFmpeg would lower mono by 3 dB; here it plays on both loudspeakers as it is.
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    resampler = av.AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE)
    decoded = damaged = False
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:  # one damaged packet does not spoil the rest, as in a player
            damaged = True
            continue
        for frame in frames:
            if not decoded:
                yield from _lead_in(container, frame)
                decoded = True
            frame.pts = None
            for out in resampler.resample(frame):
                yield _sound(out)
    if decoded:
        for out in resampler.resample(None):
            yield _sound(out)
    elif damaged:
        raise InputError(f"cannot read {path}: no sound in it can be decoded")


def _lead_in(container: av.container.InputContainer, first: av.AudioFrame) -> Iterator[Sound]:
    """Silence for sound that starts later than the movie around it."""
    if first.pts is None or first.time_base is None or container.start_time is None:
        return
    late = first.pts * first.time_base - Fraction(container.start_time, av.time_base)
    samples = int(late * SAMPLE_RATE + Fraction(1, 2))
    if samples > SAMPLE_RATE // 1000:  # below a millisecond it is the container's coarse clock
        while samples > 0:
            yield np.zeros((min(samples, BLOCK), CHANNELS), np.float32)
            samples -= BLOCK


def _sound(frame: av.AudioFrame) -> Sound:
    channels = frame.to_ndarray().reshape(-1, frame.layout.nb_channels).astype(np.float32, copy=False)
    return np.repeat(channels, CHANNELS, axis=1) if channels.shape[1] == 1 else channels


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body


def _bext(time_reference: int) -> bytes:
    """Description 256, originator 32 and its reference 32, date 10, time 8; then time reference, version, zeros."""
    text = b"".join(part.ljust(size, b"\0") for part, size in ((b"Hitpoint score", 256), (b"Hitpoint", 32), (b"", 50)))
    return (text + struct.pack("<QH", time_reference, 1)).ljust(BEXT_BYTES, b"\0")
