"""What the places of the demo film sound like: quiet, so that the music is heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...runtime.rate import SAMPLE_RATE

Sound = NDArray[np.float32]  # (2, samples), from -1 to 1


def wind(seconds: float, seed: int) -> Sound:
    """Air that swells and falls."""
    return _noise(seconds, seed, 60, 700) * _swell(seconds, 0.23, 0.55) * np.float32(0.09)


def leaves(seconds: float, seed: int) -> Sound:
    """A rustle, and now and then a bird."""
    sound = _noise(seconds, seed, 1800, 6500) * _swell(seconds, 0.4, 0.6) * np.float32(0.035)
    rng = np.random.default_rng(seed)
    for start in np.arange(0.6, seconds - 0.8, 1.3):
        time = np.arange(round(0.12 * SAMPLE_RATE)) / SAMPLE_RATE
        chirp = np.sin(2 * np.pi * (2600 + 500 * rng.random() + 5000 * time) * time) * np.sin(np.pi * time / 0.12) ** 2
        for repeat in range(int(rng.integers(1, 4))):
            at = round((start + 0.17 * repeat) * SAMPLE_RATE)
            sound[:, at : at + time.size] += np.outer(rng.uniform(0.2, 1, 2), chirp).astype(np.float32) * 0.02
    return sound


def bustle(seconds: float, seed: int) -> Sound:
    """Many voices far away over a hum of motors."""
    crowd = _noise(seconds, seed, 250, 1500) * _swell(seconds, 3.1, 0.35) * np.float32(0.06)
    return crowd + _hum(seconds, 98, 0.012)


def rain(seconds: float, seed: int, strikes: tuple[float, ...]) -> Sound:
    """Rain, and thunder after each of the strikes, which are in seconds."""
    sound = _noise(seconds, seed, 1200, 9000) * np.float32(0.04)
    rumble = _noise(seconds, seed + 1, 30, 140)
    time = np.arange(sound.shape[1]) / SAMPLE_RATE
    for strike in strikes:
        since = np.clip(time - strike - 0.25, 0, None)
        sound += rumble * (0.12 * np.minimum(since * 20, 1) * np.exp(-since / 0.7)).astype(np.float32)
    return sound


def rails(seconds: float, seed: int) -> Sound:
    """A carriage: a low rumble and the beat of the joints."""
    sound = _noise(seconds, seed, 40, 400) * np.float32(0.07) + _hum(seconds, 61, 0.02)
    click = _noise(0.06, seed + 1, 300, 2400) * np.exp(-np.arange(round(0.06 * SAMPLE_RATE)) / 500).astype(np.float32)
    for start in np.arange(0.2, seconds - 0.5, 0.75):
        for joint in (0.0, 0.14):
            at = round((start + joint) * SAMPLE_RATE)
            sound[:, at : at + click.shape[1]] += click * np.float32(0.07)
    return sound


def waves(seconds: float, seed: int) -> Sound:
    """Surf that comes and goes."""
    return _noise(seconds, seed, 150, 3200) * _swell(seconds, 0.17, 0.85) ** 2 * np.float32(0.08)


def _noise(seconds: float, seed: int, low: float, high: float) -> Sound:
    """Noise between two frequencies in Hz, different on each side, with an RMS of a third."""
    count = round(seconds * SAMPLE_RATE)
    size = 1 << (count - 1).bit_length()
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((2, size)).astype(np.float32))
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    frequency[0] = 1e-3
    shape = 1 / (1 + (low / frequency) ** 4) / (1 + (frequency / high) ** 4) / np.sqrt(np.maximum(frequency, low))
    sound = np.fft.irfft(spectrum * shape, size)[:, :count]
    return np.asarray(sound / (3 * sound.std()), np.float32)


def _swell(seconds: float, rate: float, depth: float) -> NDArray[np.float32]:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    slow = 0.5 - 0.3 * np.cos(2 * np.pi * rate * time) - 0.2 * np.cos(2 * np.pi * 0.61 * rate * time)
    return (1 - depth + depth * slow).astype(np.float32)


def _hum(seconds: float, pitch: float, level: float) -> Sound:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * pitch * n * time) / n**1.4 for n in range(1, 7))
    return np.repeat((level * tone).astype(np.float32)[None], 2, axis=0)
