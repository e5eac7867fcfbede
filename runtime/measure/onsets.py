"""When something new starts to sound: rises of the spectrum, each traced back to its attack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..mix.wav import Sound
from ..rate import SAMPLE_RATE

Envelope = NDArray[np.float32]  # (frames,): the mean rise of all bands in dB, one value each HOP

HOP = SAMPLE_RATE // 200
WINDOW = 1024
LAG = 3  # hops: a frame is compared with what sounded 15 ms before it
MEMORY = 6  # hops: and up to 15 ms longer ago, so that a dip of a moment makes no onset
LOWEST, HIGHEST, BANDS = 60.0, 16_000.0, 28
FLOOR = 1e-8  # of full scale's power: below -80 dB in a band nothing is said to start
NEIGHBOURS = 8  # hops: the largest rise within 40 ms is the onset
SURROUNDINGS = 100  # hops: half a second on each side says what is usual
LEAST_RISE = 1.0  # dB above what is usual
UNUSUAL = 6.0  # times the median deviation

FINE_WINDOW = 256
FINE_STEP = SAMPLE_RATE // 2000
FINE_BANDS = 16
RISE_LATE = 160  # samples: how far behind an attack the frame with the largest rise is centred
SEARCH = 600  # samples: how far from there an attack is looked for


class OnsetEnvelope:
    """Takes blocks (n, 2) and keeps of them a value each 5 ms: 800 bytes a second."""

    def __init__(self) -> None:
        self._pending = np.zeros(WINDOW // 2, np.complex64)
        self._levels = np.zeros((0, BANDS), np.float32)
        self._rises: list[Envelope] = []
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._bands = _bands(WINDOW, BANDS, LOWEST) / np.float32(np.sum(self._window) ** 2)

    def feed(self, block: Sound) -> None:
        self._pending = np.concatenate([self._pending, _complex(block)])
        whole = (len(self._pending) - WINDOW) // HOP + 1
        for start in range(0, whole, 200):
            self._advance(min(200, whole - start))

    def result(self) -> Envelope:
        """The last 10 ms are not in it: a sound that breaks off there would look like one that starts."""
        return np.concatenate([np.zeros(0, np.float32), *self._rises])

    def _advance(self, frames: int) -> None:
        pieces = sliding_window_view(self._pending, WINDOW)[: frames * HOP : HOP]
        levels = _decibels(_power(pieces * self._window) @ self._bands)
        self._pending = self._pending[frames * HOP :]
        if not len(self._levels):  # before the sound there was silence
            self._levels = np.full((MEMORY, BANDS), 10 * np.log10(FLOOR), np.float32)
        levels = np.concatenate([self._levels, levels])
        before = levels[: len(levels) - MEMORY]
        for ago in range(LAG, MEMORY):
            before = np.maximum(before, levels[MEMORY - ago : len(levels) - ago])
        # The louder of a band and its neighbours before, so that vibrato is no onset (SuperFlux, Boeck 2013).
        wide = np.pad(before, ((0, 0), (1, 1)), mode="edge")
        before = np.maximum(np.maximum(wide[:, :-2], wide[:, 1:-1]), wide[:, 2:])
        self._rises.append(np.maximum(levels[MEMORY:] - before, 0).mean(axis=1))
        self._levels = levels[-MEMORY:]


def pick(envelope: Envelope) -> NDArray[np.int64]:
    """The frames of the envelope at which something starts, rising."""
    if not len(envelope):
        return np.zeros(0, np.int64)
    usual, deviation = _surroundings(envelope)
    width = 2 * NEIGHBOURS + 1
    around = sliding_window_view(np.pad(envelope, NEIGHBOURS), width)
    first_largest = around.argmax(axis=1) == NEIGHBOURS
    high = envelope > usual + np.maximum(LEAST_RISE, UNUSUAL * deviation)
    return np.flatnonzero(first_largest & high)


def refine(blocks: Iterable[Sound], frames: NDArray[np.int64]) -> list[float]:
    """Where, in seconds, the attacks behind the frames lie, in the sound drawn a second time. To half a millisecond."""
    bands = _bands(FINE_WINDOW, FINE_BANDS, SAMPLE_RATE / FINE_WINDOW) / np.float32(FINE_WINDOW**2 / 4)
    reach = FINE_WINDOW + SEARCH
    waiting = list(frames * HOP - RISE_LATE)
    found: list[float] = []
    held, at = np.zeros(reach, np.complex64), -reach
    for block in _and_silence(blocks, reach + WINDOW):
        held = np.concatenate([held, _complex(block)])
        while waiting and waiting[0] + reach <= at + len(held):
            start = max(int(waiting[0]) - reach, at)
            piece = held[start - at : int(waiting[0]) + reach - at]
            attack = start + _attack(piece, bands)
            found.append(max(0, attack) / SAMPLE_RATE)
            waiting.pop(0)
        keep = min(len(held), 2 * reach)
        held, at = held[-keep:], at + len(held) - keep
    return found


def _attack(piece: NDArray[np.complex64], bands: NDArray[np.float32]) -> int:
    """The sample of `piece` after which its spectrum is richest compared with before."""
    sharp = np.diff(piece, prepend=piece[:1])  # so that a loud bass does not hide what starts above it
    fade = (np.cos(np.arange(FINE_WINDOW) * np.pi / 2 / FINE_WINDOW) ** 2).astype(np.float32)
    pieces = sliding_window_view(sharp, FINE_WINDOW)
    first = np.arange(FINE_WINDOW, len(sharp) - FINE_WINDOW, FINE_STEP)
    after = _decibels(_power(pieces[first] * fade) @ bands)
    before = _decibels(_power(pieces[first - FINE_WINDOW] * fade[::-1]) @ bands)
    rises = (np.maximum(after - before, 0) ** 2).sum(axis=1)  # squared: one band that starts beats noise in many
    return int(first[int(rises.argmax())])


def _surroundings(envelope: Envelope) -> tuple[Envelope, Envelope]:
    """What is usual around each frame: median and median deviation, taken every tenth frame and interpolated."""
    padded = np.pad(envelope, SURROUNDINGS, mode="edge")
    windows = sliding_window_view(padded, 2 * SURROUNDINGS + 1)[::10]
    medians = np.median(windows, axis=1)
    deviations = np.concatenate(
        [
            np.median(np.abs(windows[i : i + 1000] - medians[i : i + 1000, None]), axis=1)
            for i in range(0, len(windows), 1000)
        ]
    )
    at, every = np.arange(len(envelope)), np.arange(len(windows)) * 10
    return np.interp(at, every, medians).astype(np.float32), np.interp(at, every, deviations).astype(np.float32)


def _complex(block: Sound) -> NDArray[np.complex64]:
    """Left and right as one complex signal: a single transform then gives the power of both."""
    joined: NDArray[np.complex64] = np.ascontiguousarray(block, np.float32).view(np.complex64).reshape(-1)
    return joined


def _power(pieces: NDArray[np.complex64]) -> NDArray[np.float32]:
    """(n, window) -> (n, window // 2): the power of both channels together from 0 to below half the sample rate."""
    spectrum = np.fft.fft(pieces, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    half = pieces.shape[1] // 2
    mirrored = power[:, :-half:-1]
    together: NDArray[np.float32] = power[:, :half].astype(np.float32)
    together[:, 1:] += mirrored
    return together


def _bands(window: int, count: int, lowest: float) -> NDArray[np.float32]:
    """(window // 2, count): which bins belong to which band. Evenly spaced in pitch, but for at least two bins each."""
    matrix = np.zeros((window // 2, count), np.float32)
    bin_width = SAMPLE_RATE / window
    start = max(1, round(lowest / bin_width))
    for band in range(count):
        step = (HIGHEST / (start * bin_width)) ** (1 / (count - band))
        end = max(start + 2, round(start * step))
        matrix[start:end, band] = 1
        start = end
    return matrix


def _decibels(power: NDArray[np.float32]) -> NDArray[np.float32]:
    levels: NDArray[np.float32] = 10 * np.log10(power + np.float32(FLOOR))
    return levels


def _and_silence(blocks: Iterable[Sound], samples: int) -> Iterator[Sound]:
    yield from blocks
    yield np.zeros((samples, 2), np.float32)
