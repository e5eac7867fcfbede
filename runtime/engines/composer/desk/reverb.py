"""A room: its answer to an impulse, and the convolution with it, piece by piece."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..instruments.tone import Line, Pair, coloured, smooth_size

FIRST = 0.011  # seconds until the first reflection
DENSE = 0.028  # and until they can no longer be told apart
HEARD = 0.85  # of the time to -60 dB; the rest is not


class Reverb:
    """Answers a mono signal in chunks of a fixed even length, at half the rate: rooms are darker than that anyway."""

    def __init__(self, seconds: float, damping: float, chunk: int, rate: int) -> None:
        self._answer = _spectra(seconds, damping, chunk // 2, rate // 2)
        self._chunk = chunk // 2
        self._before: list[NDArray[np.complex64] | None] = [None] * len(self._answer)
        self._tail: Pair | None = None
        self._sent = np.zeros((1, PAST), np.float32)  # what the filters still hear of the chunk before
        self._rung = np.zeros((2, PAST), np.float32)

    def ring(self, sent: Line) -> Pair | None:
        """(2, chunk) for (chunk,); None where all is silent."""
        half = self._halved(sent)
        spectrum = None if half is None else np.fft.rfft(half, 2 * self._chunk).astype(np.complex64, copy=False)
        self._before = [spectrum, *self._before[:-1]]
        total: NDArray[np.complex64] | None = None
        for before, answer in zip(self._before, self._answer, strict=True):
            if before is not None:
                part = answer * before
                total = part if total is None else np.add(total, part, out=total)
        heard, self._tail = self._tail, None
        if total is not None:
            sound = np.fft.irfft(total, 2 * self._chunk).astype(np.float32, copy=False)
            self._tail = sound[:, self._chunk :]
            heard = sound[:, : self._chunk] if heard is None else heard + sound[:, : self._chunk]
        return self._doubled(heard)

    def _halved(self, sent: Line) -> Line | None:
        if not sent.any() and not self._sent.any():
            return None
        line = np.concatenate([self._sent[0], sent])
        self._sent = line[None, -PAST:].copy()
        count = len(sent) // 2
        even, odd = line[0::2], line[1::2].copy()
        taps = len(HALF)
        half: Line = np.float32(0.5) * even[taps : taps + count]
        for index, tap in enumerate(HALF):
            both = odd[taps + index : taps + index + count] + odd[taps - 1 - index : taps - 1 - index + count]
            both *= tap
            half += both
        return half

    def _doubled(self, half: Pair | None) -> Pair | None:
        if half is None:
            if not self._rung.any():
                return None
            half = np.zeros((2, self._chunk), np.float32)
        line = np.concatenate([self._rung, half], axis=1)
        self._rung = line[:, -PAST:].copy()
        count, taps = half.shape[1], len(HALF)
        whole = np.empty((2, count, 2), np.float32)
        whole[:, :, 0] = line[:, taps : taps + count]
        between, both = np.zeros((2, count), np.float32), np.empty((2, count), np.float32)
        for index, tap in enumerate(HALF):
            later, sooner = taps + 1 + index, taps - index
            np.add(line[:, later : later + count], line[:, sooner : sooner + count], out=both)
            both *= 2 * tap
            between += both
        whole[:, :, 1] = between
        return whole.reshape(2, -1)


def _half_band(taps: int) -> NDArray[np.float32]:
    """Every second tap of one side of a low-pass at a quarter of the rate; the ones between are nothing."""
    at = 2 * np.arange(taps) + 1
    window = np.cos(np.pi / 2 * at / (2 * taps + 1)) ** 2
    sizes = np.sin(np.pi / 2 * at) / (np.pi * at) * window
    taken: NDArray[np.float32] = (sizes * 0.25 / sizes.sum()).astype(np.float32)
    return taken


HALF = _half_band(7)
PAST = 4 * len(HALF)


def answer(seconds: float, damping: float, rate: int) -> Pair:
    """The room's answer to an impulse (2, n), each side of the energy 1. The same for every piece."""
    rng = np.random.default_rng([round(seconds * 100), round(damping * 100)])
    count = max(int(HEARD * seconds * rate), int(0.12 * rate))
    size = smooth_size(count)
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / rate), 1)
    time = np.arange(count) / rate
    late = np.zeros((2, count), np.float32)
    centres = (125, 250, 500, 1000, 2000, 4000, 8000)
    for centre in centres:
        if centre > 0.4 * rate:
            continue
        lower, upper = (0.0 if centre == 125 else centre / 1.414), (1e9 if centre == 8000 else centre * 1.414)
        band = 1 / (1 + (lower / hertz) ** 8) / (1 + (hertz / upper) ** 8)
        height = math.log2(centre / 500)
        lasts = seconds * (1.06 if height < 0 else max(0.12, 1 - (0.09 + 0.16 * damping) * height))
        share = np.sqrt(np.sum(band**2))
        late += (coloured(band, size, rng, 1.0)[:, :count] * (share * np.exp(-6.9 * time / lasts))).astype(np.float32)
    late *= np.clip((time - FIRST) / (DENSE * (0.5 + 0.25 * min(seconds, 4))), 0, 1).astype(np.float32)
    late /= np.sqrt(np.sum(late**2, axis=1, keepdims=True))
    early = np.zeros((2, count), np.float32)
    taps = FIRST + 0.075 * min(1.0, seconds / 2) * rng.random(16) ** 1.5
    for number, tap in enumerate(taps):
        early[number % 2, int(tap * rate)] += (-1) ** (number // 2) * np.exp(-tap / 0.04)
        early[1 - number % 2, int(tap * rate * 1.013)] += 0.5 * (-1) ** (number // 3) * np.exp(-tap / 0.04)
    early /= np.sqrt(np.sum(early**2, axis=1, keepdims=True))
    whole = late + np.float32(0.35) * early
    whole *= np.minimum(1, (count - np.arange(count)) / (0.15 * count)).astype(np.float32)
    spectrum = np.fft.rfft(whole, 2 * size)
    at = np.fft.rfftfreq(2 * size, 1 / rate)
    top = 11_000 * (1 - 0.62 * damping)
    shape = 1 / (1 + 160 / np.maximum(1j * at, 1e-3)) / (1 + 1j * at / top) ** 2
    whole = np.fft.irfft(spectrum * shape, 2 * size)[:, :count].astype(np.float32)
    whole /= np.sqrt(np.sum(whole**2, axis=1, keepdims=True))
    return np.ascontiguousarray(whole)


@lru_cache(maxsize=8)
def _spectra(seconds: float, damping: float, chunk: int, rate: int) -> NDArray[np.complex64]:
    """The answer in pieces (pieces, 2, chunk + 1) as spectra twice as long."""
    whole = answer(seconds, damping, rate)
    pieces = -(-whole.shape[1] // chunk)
    padded = np.zeros((2, pieces * chunk), np.float32)
    padded[:, : whole.shape[1]] = whole
    spectra: NDArray[np.complex64] = np.fft.rfft(padded.reshape(2, pieces, chunk), 2 * chunk).astype(np.complex64)
    return np.ascontiguousarray(spectra.transpose(1, 0, 2))
