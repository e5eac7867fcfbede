"""Sound that is bent in time: its pitch stays, its attacks stay as they were played, and its knots land on the sample.

A phase vocoder that turns the phases of each frame so that it continues the frame before, group of partials by group of
partials, both sides alike. Around an attack nothing is stretched, and what begins there starts with the phases it had:
so it is the recorded attack, not one that is smeared over a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE
from .wav import Sound

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Spectra = NDArray[np.complex64]

WINDOW, HOP = 4096, 1024
KEPT = WINDOW // 2  # samples on either side of an attack that are not stretched, where there is room
STEEPEST = 1.5  # how fast and how slow the sound between two attacks may pass to make up for them
AT_ONCE = 64  # frames
RISE = 4.0  # times the power before an attack: what grows by more begins with it

_SHORT, _STEP = 512, 128  # samples of a frame, and between two, where attacks are looked for
_NEAREST = SAMPLE_RATE // 16  # samples between attacks: of two that are nearer the stronger counts
_FLOOR = 1e-2  # of a band's loudest power: what is below makes no attack
_LEAST_JUMP = 0.25  # nepers by which the bands must rise on average
_WEAKEST = 0.3  # of the clear ones: what rises less is no attack


@dataclass(frozen=True)
class TimeMap:
    """Which sample of a sound is heard at which sample of the result: straight lines between knots that rise."""

    source: Floats
    target: Floats

    def at(self, target: Floats) -> Floats:
        """Outside the knots the sound plays as it is."""
        found = np.interp(target, self.target, self.source)
        found = np.where(target < self.target[0], target - self.target[0] + self.source[0], found)
        return np.where(target > self.target[-1], target - self.target[-1] + self.source[-1], found)

    def of(self, source: Floats) -> Floats:
        return TimeMap(self.target, self.source).at(source)

    def around(self, attacks: Floats) -> TimeMap:
        """The same for attacks and knots, but straight through every attack: what is stretched lies between them."""
        inside = attacks[(attacks > self.source[0]) & (attacks < self.source[-1])]
        source = np.concatenate([self.source[:1], inside, self.source[-1:]])
        target = self.of(source)
        gaps, spaces = np.diff(source), np.diff(target)
        # Of a gap g that must fill a space s, k at each end stays as it is: (s - 2k) / (g - 2k) within STEEPEST.
        slack = np.minimum(STEEPEST * gaps - spaces, STEEPEST * spaces - gaps) / (2 * (STEEPEST - 1))
        room = np.clip(np.minimum(slack, np.minimum(gaps, spaces) / 2 - 1), 0, KEPT)
        before, after = np.append(0, room), np.append(room, 0)
        knots = [(source - before, target - before), (source + after, target + after)]
        # Knots that are no attacks bend what lies between two attacks, where they can.
        points: dict[float, float] = {}
        for at, to in knots:
            points |= dict(zip(np.round(to, 3).tolist(), at.tolist(), strict=True))
        low, high = target + after, np.append(target[1:] - before[1:], np.inf)
        for at, to in zip(self.source.tolist(), self.target.tolist(), strict=True):
            index = int(np.searchsorted(low, to)) - 1
            if 0 <= index < len(target) - 1 and low[index] + _STEP < to < high[index] - _STEP:
                points[round(to, 3)] = at
        rising = sorted(points.items())
        return TimeMap(*_strictly(np.array([at for _, at in rising]), np.array([to for to, _ in rising])))


def _strictly(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    keep = [0]
    for index in range(1, len(source)):
        if source[index] > source[keep[-1]] + 0.5 and target[index] > target[keep[-1]] + 0.5:
            keep.append(index)
    return source[keep], target[keep]


def attacks(sound: Sound, check: Callable[[float], None] = lambda _: None) -> tuple[Floats, Floats]:
    """Where something begins, in samples, and how clearly: by how much louder the bands get within a few milliseconds."""
    count = max(0, (len(sound) - _SHORT) // _STEP + 1)
    if count < 4:
        return np.zeros(0), np.zeros(0)
    window = np.hanning(_SHORT).astype(np.float32)
    edges = np.unique(np.round(np.geomspace(1, _SHORT // 2, 17)).astype(int))
    bands = np.empty((count, len(edges) - 1), np.float32)
    for start in range(0, count, 4096):
        check(start / count)
        stop = min(start + 4096, count)
        mono = sound[start * _STEP : (stop - 1) * _STEP + _SHORT].mean(axis=1, dtype=np.float32)
        power = np.abs(np.fft.rfft(sliding_window_view(mono, _SHORT)[::_STEP] * window)) ** 2
        bands[start:stop] = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    loud = np.log(bands + _FLOOR * np.maximum(np.percentile(bands, 98, axis=0), 1e-9))
    rise = np.zeros(count)
    rise[2:-1] = np.maximum(loud[3:] - loud[:-3], 0).mean(axis=1)
    reach = _NEAREST // _STEP
    around = sliding_window_view(np.pad(rise, reach), 2 * reach + 1)
    usual = np.array([np.median(around[i]) for i in range(0, count, reach)])
    floor = np.interp(np.arange(count), np.arange(0, count, reach), usual)
    found = np.flatnonzero((around.argmax(axis=1) == reach) & (rise > floor + _LEAST_JUMP))
    if len(found):
        found = found[rise[found] > _WEAKEST * np.percentile(rise[found], 90)]
    # The steepest step lies where the attack reaches the middle of the window.
    left, top, right = (rise[np.clip(found + by, 0, count - 1)] for by in (-1, 0, 1))
    between = (left - right) / (2 * np.minimum(left - 2 * top + right, -1e-9))
    places = (found + np.clip(between, -0.5, 0.5)) * _STEP + _SHORT / 2
    return np.asarray(places, np.float64), rise[found]


def stretch(
    sound: Sound, time_map: TimeMap, length: int, starts: Sequence[float] | Floats = (), *, block: int = SAMPLE_RATE
) -> Iterator[Sound]:
    """`length` samples of the sound, bent, in blocks. `starts` are the attacks to keep, in samples of the sound."""
    kept = np.asarray(starts, np.float64)
    bent = time_map.around(kept)
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    level = np.float32((window**2).sum() / HOP)
    frames = -(-length // HOP) + WINDOW // HOP
    centres = np.arange(frames) * HOP - WINDOW // 2 + HOP  # in samples of the result
    places = np.round(bent.at(centres.astype(np.float64))).astype(np.int64)
    resets = _Resets(sound, kept, window)
    ready: list[Sound] = []
    tail = np.zeros((WINDOW, sound.shape[1]), np.float32)
    before: Spectra | None = None
    skip = WINDOW // 2 + WINDOW // 2 - HOP  # the first frame begins so far before the first sample
    held = given = 0
    for start in range(0, frames, AT_ONCE):
        at = places[start : start + AT_ONCE]
        here = _spectra(sound, at, window)
        past = _spectra(sound, at - HOP, window)
        for index in range(len(at)):
            before = here[index] if before is None else _continued(here[index], past[index], before, resets, at[index])
            here[index] = before
        waves = np.fft.irfft(here, WINDOW, axis=1).astype(np.float32) * (window / level)[:, None]
        for wave in waves:
            tail += wave
            piece, tail = tail[:HOP], np.concatenate([tail[HOP:], np.zeros((HOP, sound.shape[1]), np.float32)])
            if skip >= HOP:
                skip -= HOP
                continue
            ready.append(piece[skip:])
            held += len(ready[-1])
            skip = 0
        while held >= block and given + block <= length:
            joined = np.concatenate(ready)
            yield joined[:block]
            ready, held, given = [joined[block:]], held - block, given + block
    if given < length:
        yield np.concatenate(ready)[: length - given]


def _spectra(sound: Sound, centres: Whole, window: NDArray[np.float32]) -> Spectra:
    """(frames, bins, sides) around the centres; silence outside the sound."""
    first, last = int(centres.min()) - WINDOW // 2, int(centres.max()) + WINDOW // 2
    inside = sound[max(first, 0) : max(last, 0)]
    piece = np.pad(inside, ((max(0, -first) if last > 0 else last - first, 0), (0, 0)))
    piece = np.pad(piece, ((0, max(0, last - first - len(piece))), (0, 0)))[: last - first]
    frames = sliding_window_view(piece, WINDOW, axis=0)[centres - WINDOW // 2 - first]
    return np.fft.rfft(frames * window, axis=2).astype(np.complex64).transpose(0, 2, 1)


def _continued(here: Spectra, past: Spectra, before: Spectra, resets: _Resets, at: int) -> Spectra:
    """`here`, turned so that it follows `before` as it follows `past` in the sound."""
    power = (here.real**2 + here.imag**2).sum(axis=1)
    inner = power[2:-2]
    peaks = np.flatnonzero(
        (inner > power[1:-3]) & (inner >= power[3:-1]) & (inner > power[:-4]) & (inner >= power[4:])
    ) + 2  # fmt: skip
    turned = (before * past.conj()).sum(axis=1)
    if len(peaks) < 2:
        starts = np.zeros(1, np.int64)
    else:
        starts = np.concatenate([[0], (peaks[1:] + peaks[:-1] + 1) // 2])
    sums = np.add.reduceat(turned, starts)
    sizes = np.abs(sums)
    turns = np.where(sizes > 1e-20, sums / np.maximum(sizes, 1e-20), 1).astype(np.complex64)
    turn = np.repeat(turns, np.diff(np.append(starts, len(turned))))
    begins = resets.at(at)
    if begins is not None:
        turn[begins] = 1
    return here * turn[:, None]


class _Resets:
    """Which bins begin with an attack, for the frames that hold one."""

    def __init__(self, sound: Sound, starts: Floats, window: NDArray[np.float32]) -> None:
        self._sound, self._starts, self._window = sound, starts, window
        self._known: tuple[int, NDArray[np.bool_]] | None = None

    def at(self, centre: int) -> NDArray[np.bool_] | None:
        """The bins that a frame around `centre` starts anew; None where no attack lies in it ahead of its middle."""
        if not len(self._starts):
            return None
        index = int(np.searchsorted(self._starts, centre - 1))
        if index >= len(self._starts) or self._starts[index] - centre >= WINDOW // 2:
            return None
        if self._known is None or self._known[0] != index:
            attack = round(float(self._starts[index]))
            around = np.array([attack - WINDOW // 2, attack + WINDOW // 4])
            before, after = (np.abs(_spectra(self._sound, around, self._window)) ** 2).sum(axis=2)
            smooth = np.ones(5)
            grown = np.convolve(after, smooth, "same") > RISE * np.convolve(before, smooth, "same")
            self._known = index, grown
        return self._known[1]
