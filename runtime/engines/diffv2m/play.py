"""Latents as sound: decoded in pieces, at our rate, in its place on the timeline, silent where no music belongs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...cues.sheet import CueSheet
from ...packs.codec.codec import Codec
from ...packs.diffusion.prediction import Latents
from ...packs.resample import resampled
from ...progress import Progress
from ...rate import SAMPLE_RATE
from ..engine import Sound
from .rhythm import Span, silences_of
from .settings import Settings

BLOCK = SAMPLE_RATE
RING_OUT = SAMPLE_RATE // 4  # over which music goes that is asked to end
COME_BACK = SAMPLE_RATE // 500
AT_ONCE = 256  # latent frames that are handed to the decoder


def play(sheet: CueSheet, latents: Latents, settings: Settings, codec: Codec, progress: Progress) -> Iterator[Sound]:
    """(n, 2) at 48 kHz, together exactly as long as the timeline. In rests and between storyboards nothing sounds."""
    first = sheet.rate.samples(sheet.storyboards[0].start)
    last = min(sheet.rate.samples(sheet.storyboards[-1].end), sheet.samples)
    first = min(first, last)
    yield from silence_of(first)
    at = 0
    ends = [*silences_of(sheet), ((last - first) / SAMPLE_RATE, np.inf)]
    for sound in resampled(_decoded(latents, settings, codec), codec.rate, SAMPLE_RATE):
        for start in range(0, len(sound), BLOCK):
            piece = sound[start : min(start + BLOCK, start + last - first - at)]
            if len(piece):
                yield piece * _gain(at, len(piece), ends)
                at += len(piece)
                progress(at / max(1, last - first), "decoding the music")
    yield from silence_of(sheet.samples - first - at)


def silence_of(samples: int) -> Iterator[Sound]:
    """(n, 2) in blocks."""
    for start in range(0, samples, BLOCK):
        yield np.zeros((min(BLOCK, samples - start), 2), np.float32)


def _decoded(latents: Latents, settings: Settings, codec: Codec) -> Iterator[Sound]:
    blocks = (latents[:, start : start + AT_ONCE] for start in range(0, latents.shape[1], AT_ONCE))
    for sound in codec.decode_blocks(block * settings.spread + settings.mean for block in blocks):
        yield sound * np.float32(settings.gain)


def _gain(start: int, length: int, silences: list[Span]) -> NDArray[np.float32]:
    """(length, 1): away by where each silence begins, and back where it ends."""
    at = np.arange(start, start + length)
    gain = np.ones(length)
    for begin, end in silences:
        low, high = begin * SAMPLE_RATE, end * SAMPLE_RATE
        if low - RING_OUT < start + length and start < high + COME_BACK:
            away = np.sin(np.pi / 2 * np.clip((low - at) / RING_OUT, 0, 1)) ** 2
            back = np.sin(np.pi / 2 * np.clip((at - high) / COME_BACK, 0, 1)) ** 2
            gain *= np.maximum(away, back)
    return gain.astype(np.float32)[:, None]
