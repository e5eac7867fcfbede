"""What the codec of a pack does to a sound: through it and back, block by block, and held against what went in."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np

from ..runtime.errors import InputError, UsageError
from ..runtime.mix.files import Transaction
from ..runtime.mix.wav import Sound, WavWriter, duration_samples, read_blocks
from ..runtime.packs.codec.codec import Codec
from ..runtime.packs.codec.likeness import Comparison
from ..runtime.packs.pack import Pack
from ..runtime.packs.providers import AUTO
from ..runtime.packs.session import Sessions
from ..runtime.progress import Progress, silent
from ..runtime.rate import SAMPLE_RATE

Answer = dict[str, Any]


def hear(
    pack: Pack,
    audio: Path,
    out: Path,
    *,
    device: str = AUTO,
    precision: str | None = None,
    progress: Progress = silent,
) -> Answer:
    """Writes what comes back as a WAV, as long as the sound was."""
    if out.exists() and audio.exists() and out.samefile(audio):
        raise UsageError(f"{out} is the sound itself: name another file with -o")
    sessions = Sessions(device, precision)
    codec = Codec(pack, sessions)
    total = duration_samples(audio)
    if not total:
        raise InputError(f"cannot read {audio}: its sound is empty")
    compared, waiting = Comparison(), deque[Sound]()
    heard = written = 0

    def original() -> Iterator[Sound]:
        nonlocal heard
        for block in read_blocks(audio):
            if not np.isfinite(block).all():
                raise InputError(
                    f"cannot read {audio}: its sound holds what is no number, near {heard / SAMPLE_RATE:.1f} s"
                )
            heard += len(block)
            waiting.append(block)
            yield block

    started = time.monotonic()
    with Transaction() as files:
        with WavWriter(files.stage(out)) as wav:
            latents = codec.encode_blocks(at_rate(original(), SAMPLE_RATE, codec.rate))
            for made in at_rate(codec.decode_blocks(latents), codec.rate, SAMPLE_RATE):
                block = made[: total - written]
                if len(block):
                    compared.add(block, _taken(waiting, len(block)))
                    wav.write(block)
                    written += len(block)
                    progress(written / total, "listening")
            if written < total:  # what a change of rate swallowed at the end
                rest = np.zeros((total - written, 2), np.float32)
                compared.add(rest, _taken(waiting, len(rest)))
                wav.write(rest)
        files.commit()
    return {
        "audio": str(audio),
        "out": str(out),
        "seconds": total / SAMPLE_RATE,
        **vars(compared.result()),
        "took": time.monotonic() - started,
        "device": sessions.device,
        "variant": codec.variant,
        "warnings": sessions.warnings,
    }


def at_rate(blocks: Iterable[Sound], rate: int, wanted: int) -> Iterator[Sound]:
    """The same sound at another rate."""
    if rate == wanted:
        yield from blocks
        return
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=wanted)
    for block in blocks:
        if len(block):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block).reshape(1, -1), "flt", "stereo")
            frame.sample_rate = rate
            yield from (_sound(piece) for piece in resampler.resample(frame))
    yield from (_sound(piece) for piece in resampler.resample(None))


def _sound(frame: av.AudioFrame) -> Sound:
    return np.asarray(frame.to_ndarray().reshape(-1, 2), np.float32)


def _taken(waiting: deque[Sound], samples: int) -> Sound:
    """So many samples off the front."""
    parts: list[Sound] = []
    while samples and waiting:
        first = waiting.popleft()
        parts.append(first[:samples])
        if len(first) > samples:
            waiting.appendleft(first[samples:])
        samples -= min(samples, len(first))
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)
