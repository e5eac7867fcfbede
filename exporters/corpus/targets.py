"""What rhythm a finished sound has, as the models are taught it: onset strength, mel bands, tempogram.

The numbers are those of librosa's `onset_strength`, `melspectrogram` and `tempogram`, in numpy alone. At 48 kHz a hop
of 512 samples gives 93.75 values a second: four to a latent of 2048 samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...runtime.picture.beats import peaks
from ...runtime.picture.by_second import strongest
from ...runtime.rate import SAMPLE_RATE

Floats = NDArray[np.float32]

WINDOW, HOP, BANDS = 2048, 512, 128
RATE = SAMPLE_RATE / HOP  # values a second
TEMPO_HOP, TEMPO_WINDOW = 128, 384  # models.md: librosa's tempogram with hop 128 and a window of 384 values
LOW_BANDS = 16
LOW_STEP = 8  # values that are one of the low ones: 11.72 a second, two latents of 2048 samples
LOW_RATE = RATE / LOW_STEP
PROMINENCE = 0.05  # of a peak of the curve, in standard deviations (Diff-V2M)

_LEAST_POWER, _RANGE = 1e-10, 80.0  # dB below the loudest, where librosa stops
_AT_ONCE = 512  # frames


def mono(audio: NDArray[np.int16] | Floats) -> Floats:
    """(n, 2) or (n,), whole numbers or not -> (n,) with full scale 1."""
    scale = np.float32(1 / 32768 if audio.dtype == np.int16 else 1)
    wide = audio if audio.ndim == 2 else audio[:, None]
    return np.asarray(wide.astype(np.float32).mean(axis=1) * scale, np.float32)


def mel(sound: Floats, hop: int = HOP) -> Floats:
    """(n,) -> (1 + n // hop, 128): power in mel bands, frames centred on multiples of `hop`."""
    padded = np.pad(sound, WINDOW // 2)
    frames = sliding_window_view(padded, WINDOW)[::hop]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    out = np.zeros((len(frames), BANDS), np.float32)
    bands = _bands().T
    for start in range(0, len(frames), _AT_ONCE):
        spectrum = np.fft.rfft(frames[start : start + _AT_ONCE] * window, axis=1)
        out[start : start + _AT_ONCE] = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ bands
    return out


def decibels(power: Floats) -> Floats:
    """At most 80 below the loudest."""
    levels = 10 * np.log10(np.maximum(power, np.float32(_LEAST_POWER)))
    return np.asarray(np.maximum(levels, levels.max() - _RANGE) if levels.size else levels, np.float32)


def onset_strength(levels: Floats, hop: int = HOP) -> Floats:
    """(frames, bands) in dB -> (frames,): the mean rise of all bands, centred as the frames are."""
    rise = np.maximum(np.diff(levels, axis=0), 0).mean(axis=1)
    late = np.concatenate([np.zeros(1 + WINDOW // (2 * hop)), rise])
    return np.asarray(late[: len(levels)], np.float32)


def odf(audio: NDArray[np.int16] | Floats) -> Floats:
    """The onset curve of a sound, 93.75 values a second, as it is: nothing is normalised."""
    return onset_strength(decibels(mel(mono(audio))))


def odf_by_second(curve: Floats, seconds: int, rate: float = RATE) -> Floats:
    """Diff-V2M's target: for each second the highest peak of the curve, in standard deviations above its mean, at
    least 0. Second s reaches from s - 0.5 to s + 0.5.
    """
    usual = (curve.astype(np.float64) - curve.mean()) / (curve.std() + 1e-6)
    found = np.array(peaks(usual, PROMINENCE), np.int64)
    return strongest(found / rate, usual[found], seconds)


def mel_low(levels: Floats) -> Floats:
    """(frames, 128) in dB -> (frames // 8, 16): Diff-V2M's mel in low resolution, 11.72 values a second."""
    return pooled(levels, LOW_STEP, LOW_BANDS)


def tempogram_low(audio: NDArray[np.int16] | Floats) -> Floats:
    """(n // 4096, 16): the local tempogram, pooled over lags and time: 11.72 values a second."""
    curve = onset_strength(decibels(mel(mono(audio), TEMPO_HOP)), TEMPO_HOP)
    step = HOP * LOW_STEP // TEMPO_HOP
    rows = [pooled(part, step, LOW_BANDS) for part in _tempogram(curve, step * 8)]
    return np.concatenate(rows) if rows else np.zeros((0, LOW_BANDS), np.float32)


def tempogram(curve: Floats) -> Floats:
    """(n,) -> (n, 384): how alike each stretch of an onset curve is to itself some values later; 1 for none later."""
    rows = list(_tempogram(curve, _AT_ONCE))
    return np.concatenate(rows) if rows else np.zeros((0, TEMPO_WINDOW), np.float32)


def pooled(values: Floats, step: int, bands: int) -> Floats:
    """(n, b) -> (n // step, bands): means of blocks; what is left over at the end is left out."""
    count = len(values) // step
    blocks = values[: count * step].reshape(count, step, bands, values.shape[1] // bands)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _tempogram(curve: Floats, at_once: int) -> Iterator[Floats]:
    half = TEMPO_WINDOW // 2
    # As librosa pads: down to nothing at both ends.
    padded = np.pad(curve.astype(np.float64), half, mode="linear_ramp", end_values=0)
    frames = sliding_window_view(padded, TEMPO_WINDOW)[: len(curve)]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(TEMPO_WINDOW) / TEMPO_WINDOW)
    for start in range(0, len(curve), at_once):
        spectrum = np.fft.rfft(frames[start : start + at_once] * window, 2 * TEMPO_WINDOW, axis=1)
        alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, axis=1)[:, :TEMPO_WINDOW]
        largest = np.abs(alike).max(axis=1, keepdims=True)
        yield np.asarray(alike / np.where(largest > np.finfo(np.float64).tiny, largest, 1), np.float32)


@lru_cache(maxsize=1)
def _bands() -> Floats:
    """(128, 1025): triangles evenly spaced on Slaney's mel scale up to half the sample rate, each of area one."""
    edges = _hertz(np.linspace(0, _mels(SAMPLE_RATE / 2), BANDS + 2))
    bins = np.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    ramps = edges[:, None] - bins
    widths = np.diff(edges)
    rising, falling = -ramps[:-2] / widths[:-1, None], ramps[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2]))[:, None], np.float32)


# Slaney's scale (Auditory Toolbox): straight up to 1000 Hz, logarithmic above.
_STRAIGHT = 200 / 3
_BEND = 1000 / _STRAIGHT
_STEP = np.log(6.4) / 27


def _mels(hertz: float) -> float:
    return float(_BEND + np.log(hertz / 1000) / _STEP) if hertz >= 1000 else hertz / _STRAIGHT


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mels >= _BEND, 1000 * np.exp(_STEP * (mels - _BEND)), _STRAIGHT * mels)
