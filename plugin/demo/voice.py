"""A voice that says nothing: vowels, consonants and pauses in the rhythm of speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...runtime.rate import SAMPLE_RATE

Sound = NDArray[np.float32]

# The first three formants of English vowels in Hz (Peterson and Barney 1952, men).
_VOWELS = (
    (730, 1090, 2440),
    (660, 1720, 2410),
    (530, 1840, 2480),
    (270, 2290, 3010),
    (570, 840, 2410),
    (490, 1350, 1690),
)
_WIDTHS = (80.0, 110.0, 170.0)  # Hz
_WEIGHTS = (1.0, 0.5, 0.22)
_STEP = 240  # samples from one control value to the next
_HIGHEST = 4200.0  # Hz


def babble(seconds: float, seed: int = 7) -> Sound:
    """Speech-like sound, mono at 48 kHz, from -1 to 1: phrases of four to nine syllables with pauses between."""
    rng = np.random.default_rng(seed)
    length = round(seconds * SAMPLE_RATE)
    out = np.zeros(length, np.float32)
    at = round(0.3 * SAMPLE_RATE)
    while True:
        phrase = _phrase(rng, int(rng.integers(4, 10)))
        if at + phrase.size > length:
            break
        out[at : at + phrase.size] += phrase
        at += phrase.size + round(rng.uniform(0.3, 0.75) * SAMPLE_RATE)
    for delay, gain in ((613, 0.12), (1193, 0.08), (2111, 0.05)):  # a small room
        out[delay:] += np.float32(gain) * out[:-delay]
    peak = float(np.abs(out).max()) if length else 0.0
    return out * np.float32(0.5 / peak) if peak else out


def _phrase(rng: np.random.Generator, syllables: int) -> Sound:
    lengths = rng.uniform(0.13, 0.21, syllables)
    lengths[-1] *= 1.5  # speakers slow down at the end
    ends = np.cumsum(lengths)
    starts = ends - lengths
    count = int(ends[-1] * SAMPLE_RATE)
    time = np.arange(0, count + _STEP, _STEP) / SAMPLE_RATE

    stress = rng.uniform(0.6, 1.0, syllables)
    middles = (starts + ends) / 2
    melody = np.interp(time, middles, 104 + 34 * stress)
    pitch = melody * np.linspace(1.08, 0.84, time.size) * (1 + 0.006 * np.sin(2 * np.pi * 5.1 * time))
    # Each vowel is held for a while and slides into the next one.
    vowels = np.array(_VOWELS)[rng.integers(0, len(_VOWELS), syllables)]
    held = np.sort(np.concatenate([starts + 0.35 * lengths, ends - 0.2 * lengths]))
    formants = [np.interp(time, held, np.repeat(vowels[:, n], 2)) for n in range(3)]
    open_mouth = np.zeros(time.size)
    for start, length, loud in zip(starts, lengths, stress, strict=True):
        place = np.clip((time - start) / length, 0, 1)
        open_mouth = np.maximum(open_mouth, loud * np.minimum(1, 3.2 * np.sin(np.pi * place)) * (place < 1))

    samples = np.arange(count)
    control = time * SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(np.interp(samples, control, pitch)) / SAMPLE_RATE
    out = np.zeros(count)
    for harmonic in range(1, int(_HIGHEST / pitch.min()) + 1):
        frequency = harmonic * pitch
        level = sum(
            weight / (1 + ((frequency - formant) / width) ** 2)
            for formant, width, weight in zip(formants, _WIDTHS, _WEIGHTS, strict=True)
        )
        level = (level + 0.02) * open_mouth / harmonic**0.35 * (frequency < _HIGHEST)
        out += np.interp(samples, control, level) * np.sin(harmonic * phase)
    for start in starts:
        if rng.random() < 0.6:
            _consonant(out, int(start * SAMPLE_RATE), rng)
    return out.astype(np.float32)


def _consonant(out: NDArray[np.float64], at: int, rng: np.random.Generator) -> None:
    """A hiss such as s or f, or a short burst such as t or k, before the vowel."""
    hiss = rng.random() < 0.5
    count = min(round((rng.uniform(0.05, 0.09) if hiss else 0.018) * SAMPLE_RATE), out.size - at)
    if count < 8:
        return
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    centre, width = (rng.uniform(4200, 6500), 1700) if hiss else (rng.uniform(1600, 3600), 1100)
    noise = np.fft.irfft(spectrum * np.exp(-(((frequency - centre) / width) ** 2)), count)
    shape = np.sin(np.pi * np.arange(count) / count) if hiss else np.exp(-np.arange(count) / (0.25 * count))
    out[at : at + count] += noise / (np.abs(noise).max() + 1e-9) * shape * (0.16 if hiss else 0.3)
