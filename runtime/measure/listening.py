"""A sound, listened to: its loudness, its onsets, its beats and where it changes. Two passes, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..mix.loudness import Loudness, Meter
from ..mix.wav import Sound, read_blocks
from ..progress import Progress, part, silent
from ..rate import SAMPLE_RATE
from .beats import Beats, track
from .novelty import Novelty, novelty
from .onsets import OnsetEnvelope, pick, refine
from .spectra import Floats, Spectra

PEAK = SAMPLE_RATE // 100  # samples that one value of the outline stands for


@dataclass(frozen=True)
class Heard:
    """`onsets` in seconds, rising. `outline` is the loudest of each 10 ms, full scale 1."""

    samples: int
    loudness: Loudness
    onsets: tuple[float, ...]
    beats: Beats
    novelty: Novelty
    outline: Floats


def listen(audio: Path, expected: int, progress: Progress = silent) -> Heard:
    """Listens to a file of about `expected` samples. Raises InputError where it cannot be read."""
    meter, envelope, spectra, outline = Meter(), OnsetEnvelope(), Spectra(), _Outline()
    for block in _told(read_blocks(audio), expected, part(progress, 0.0, 0.6), "listening"):
        for ear in (meter, envelope, spectra, outline):
            ear.feed(block)
    spectra.finish()
    frames = pick(envelope.result())
    again = _told(read_blocks(audio), meter.samples, part(progress, 0.6, 0.85), "finding attacks")
    onsets = tuple(sorted(refine(again, frames)))
    progress(0.85, "finding beats")
    beats = track(spectra.rises())
    progress(0.95, "finding changes")
    return Heard(meter.samples, meter.result(), onsets, beats, novelty(spectra.slices), outline.result())


def onsets_of(audio: Path, expected: int, progress: Progress = silent) -> tuple[float, ...]:
    """Only the onsets of a file, as `listen` hears them."""
    envelope, samples = OnsetEnvelope(), 0
    for block in _told(read_blocks(audio), expected, part(progress, 0.0, 0.7), "listening to the music"):
        envelope.feed(block)
        samples += len(block)
    again = _told(read_blocks(audio), samples, part(progress, 0.7, 1.0), "finding attacks")
    return tuple(sorted(refine(again, pick(envelope.result()))))


def beats_of(audio: Path, expected: int, progress: Progress = silent) -> Beats:
    """Only the beats of a file."""
    spectra = Spectra()
    for block in _told(read_blocks(audio), expected, part(progress, 0.0, 0.9), "listening to the reference"):
        spectra.feed(block)
    spectra.finish()
    return track(spectra.rises())


class _Outline:
    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._peaks: list[Floats] = []

    def feed(self, block: Sound) -> None:
        loud = np.concatenate([self._rest, np.abs(block).max(axis=1).astype(np.float32)])
        whole = len(loud) - len(loud) % PEAK
        self._peaks.append(loud[:whole].reshape(-1, PEAK).max(axis=1))
        self._rest = loud[whole:]

    def result(self) -> Floats:
        last = [self._rest.max(keepdims=True)] if len(self._rest) else []
        return np.concatenate([np.zeros(0, np.float32), *self._peaks, *last])


def _told(blocks: Iterator[Sound], expected: int, progress: Progress, words: str) -> Iterator[Sound]:
    at = 0
    for block in blocks:
        yield block
        at += len(block)
        progress(at / max(expected, at, 1), words)
