"""Sounds with known beats, changes and nothing at all, (n, 2) at 48 kHz."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Sound = NDArray[np.float32]


def stereo(mono: NDArray[np.floating]) -> Sound:
    return np.repeat(np.asarray(mono, np.float32)[:, None], 2, axis=1)


def ticks(times: Sequence[float], seconds: float, seed: int = 0) -> Sound:
    """A short burst of noise at each time, over very faint noise."""
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal(round(seconds * RATE)) * 1e-4
    for time in times:
        start = round(time * RATE)
        length = min(6000, len(sound) - start)
        sound[start : start + length] += 0.3 * rng.standard_normal(length) * np.exp(-np.arange(length) / 1500)
    return stereo(sound)


def grid(tempo: float, seconds: float, first: float = 0.3) -> list[float]:
    return list(np.arange(first, seconds - 0.2, 60 / tempo))


def noise(seconds: float, level: float = 0.1) -> Sound:
    return stereo(np.random.default_rng(5).standard_normal(round(seconds * RATE)) * level)


def drone(seconds: float) -> Sound:
    at = np.arange(round(seconds * RATE)) / RATE
    return stereo(sum(0.1 * np.sin(2 * np.pi * pitch * at + pitch) for pitch in (110, 110.4, 165, 220.7, 330)))


def babble(seconds: float, seed: int = 0) -> Sound:
    """Syllables as a person speaks them: voiced and unvoiced, of uneven length, with pauses between phrases."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE) + RATE)
    at = 0.2
    while at < seconds:
        for _ in range(rng.integers(4, 12)):
            length = rng.uniform(0.09, 0.32)
            time = np.arange(round(length * RATE)) / RATE
            pitch = rng.uniform(100, 180) * np.exp(rng.uniform(-0.2, 0.2) * time)
            voiced = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 12))
            swell = np.sin(np.pi * time / length) ** rng.uniform(0.5, 2)
            hiss = rng.standard_normal(len(time)) * rng.uniform(0, 0.6)
            start = round(at * RATE)
            piece = sound[start : start + len(time)]
            piece += ((0.2 * voiced + hiss * (rng.random() < 0.4)) * swell * rng.uniform(0.1, 0.4))[: len(piece)]
            at += length * rng.uniform(0.85, 1.25)
        at += rng.uniform(0.15, 0.9)
    return stereo(sound[: round(seconds * RATE)])


_LOOP = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (-3, 0, 4))


def sections(seconds: float, bounds: Sequence[float], seed: int, changing: bool = True) -> Sound:
    """A loop of four chords, played from each bound on in another way: instrument, key, pace, drums or none."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE) + RATE)
    edges = [0.0, *bounds, seconds]
    for n, (start, end) in enumerate(pairwise(edges)):
        if n == 0 or changing:
            partials = [1.0, *rng.uniform(0, 1, 5) ** 2]
            key, pitch, pace = rng.integers(-5, 7), rng.choice([110, 220, 440]), rng.choice([0.25, 0.5, 1.0])
            decay, drums = rng.choice([0.15, 0.4, 1.0]), rng.random() < 0.5
        at = start
        while at < end - 1e-6:
            time = np.arange(round(min(1.0, end - at + 0.3) * RATE)) / RATE
            piece = sound[round(at * RATE) : round(at * RATE) + len(time)]
            for note in _LOOP[int((at - start) // 2) % 4]:
                voice = sum(a * np.sin(2 * np.pi * pitch * 2 ** ((note + key) / 12) * (k + 1) * time)
                            for k, a in enumerate(partials))  # fmt: skip
                piece += 0.1 * (np.minimum(1, time / 0.01) * np.exp(-time / decay) * voice)[: len(piece)]
            if drums:
                piece[:6000] += 0.2 * rng.standard_normal(len(piece[:6000])) * np.exp(-np.arange(6000) / 1200)
            at += pace
    return stereo(sound[: round(seconds * RATE)])
