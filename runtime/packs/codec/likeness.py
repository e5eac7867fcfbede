"""How far one sound is from another, as an ear without regard for phase would say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]  # (samples, 2) at 48 kHz

SAMPLE_RATE = 48_000
WINDOW, HOP = 2048, 512
BANDS = 80
FLOOR = -100.0  # dB: a tone at full scale is at 0, and noise that is at -75 dBFS here
_AT_ONCE = 512  # frames


@dataclass(frozen=True)
class Likeness:
    """`log_mel` is the mean distance of 80 mel bands in dB, `convergence` the size of the difference of the magnitudes by
    the size of those meant (0 the same, 1 silence), `level` by how many dB the one is louder.
    """

    log_mel: float
    convergence: float
    level: float


class Comparison:
    """Two sounds held against each other piece by piece."""

    def __init__(self) -> None:
        self._window, self._filters = np.hanning(WINDOW + 1)[:-1], mel_filters()
        self._distance = self._off = self._size = 0.0
        self._powers = [0.0, 0.0]
        self._count = self._samples = 0

    def add(self, made: Sound, meant: Sound) -> None:
        """A piece of both, of one length."""
        for start in range(0, len(meant), HOP * _AT_ONCE):
            one, other = (_magnitudes(sound, start, self._window) for sound in (made, meant))
            self._distance += float(np.abs(_decibels(one @ self._filters.T) - _decibels(other @ self._filters.T)).sum())
            self._off += float(np.square(one - other).sum())
            self._size += float(np.square(other).sum())
            self._count += one.shape[0] * one.shape[1] * BANDS
        for number, sound in enumerate((made, meant)):
            self._powers[number] += float(np.square(sound, dtype=np.float64).mean(axis=1).sum())
        self._samples += len(meant)

    def result(self) -> Likeness:
        one, other = (power / max(1, self._samples) for power in self._powers)
        return Likeness(
            log_mel=self._distance / max(1, self._count),
            convergence=float(np.sqrt(self._off / self._size)) if self._size else float(self._off > 0),
            level=float(10 * np.log10((one + 1e-12) / (other + 1e-12))),
        )


def likeness(made: Sound, meant: Sound) -> Likeness:
    """Two sounds of one length. Bands below -100 dB count as silent."""
    compared = Comparison()
    compared.add(made, meant)
    return compared.result()


def mel_filters() -> NDArray[np.float64]:
    """(bands, bins): triangles evenly spaced in mel, each with a sum of 1."""
    top = 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    bins = np.arange(WINDOW // 2 + 1) * SAMPLE_RATE / WINDOW
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rise, fall))
    return np.asarray(filters / filters.sum(axis=1, keepdims=True))


def _magnitudes(sound: Sound, start: int, window: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, frames, bins): a tone at full scale has 1."""
    stop = min(len(sound), start + HOP * _AT_ONCE)
    frames = -(-(stop - start) // HOP)
    piece = np.asarray(sound[start : start + (frames - 1) * HOP + WINDOW], np.float64)
    piece = np.pad(piece, ((0, (frames - 1) * HOP + WINDOW - len(piece)), (0, 0)))
    cut = np.lib.stride_tricks.sliding_window_view(piece, WINDOW, axis=0)[::HOP]  # (frames, 2, window)
    bins = np.fft.rfft(cut * window, axis=-1).transpose(1, 0, 2)
    return np.asarray(np.abs(bins) * (2 / window.sum()))


def _decibels(magnitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(20 * np.log10(magnitudes + 1e-12), FLOOR))
