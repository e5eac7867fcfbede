"""What there is to know of a song before it is bent: its beats to the millisecond, its bars, its colour beat by beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE
from .wav import Sound

Floats = NDArray[np.float64]

METRES = (4, 3)  # beats a bar that a song may have, the usual one first
UNUSUAL = 0.25  # by which bars of the less usual length must be clearer
LEAD = SAMPLE_RATE // 500  # samples by which an attack is heard before it is at its steepest

_REACH, _LIKELY = 0.06, 0.03  # seconds that an attack may be off a tracked beat, and that it usually is
_AROUND, _STRAY = 4, 0.025  # beats on either side, seconds: a beat further off what these say goes with them
_OVER = 8  # beats that a tempo is read over
_OFTEN = 0.6  # of the middles between beats: with attacks on so many there is something on them
_SHORT, _LONG = 2048, 16384  # samples of a spectrum for colours, and of one for harmony
_BASS = 160.0  # Hz
_LOWEST, _HIGHEST = 60.0, 2000.0  # Hz, of notes
_BANDS = 16
_HARMONY = 3.0  # how much a difference in harmony counts beside one in colour


@dataclass(frozen=True)
class Heard:
    """`beats` in samples, rising; bars of `metre` beats start at beat `first`. `colours` say how each beat sounds, a
    row each, and `levels` how loud it is, in dB. `halves`: as a rule something begins between two beats too.
    """

    beats: Floats
    metre: int
    first: int
    colours: Floats
    levels: Floats
    halves: bool = False

    @property
    def lengths(self) -> Floats:
        """Seconds from each beat to the next."""
        return np.diff(self.beats) / SAMPLE_RATE

    @property
    def tempo(self) -> float:
        over = min(_OVER, len(self.beats) - 1)
        return 60 * over * SAMPLE_RATE / float(np.median(self.beats[over:] - self.beats[:-over]))

    def starts_bar(self, beat: int) -> bool:
        return (beat - self.first) % self.metre == 0


def hear(sound: Sound, tracked: Sequence[float], attacks: Floats, clear: Floats) -> Heard:
    """`tracked` are two beats or more in seconds, as a tracker places them; `attacks` in samples, as clear as that."""
    beats = placed(np.asarray(tracked) * SAMPLE_RATE, attacks, clear)
    colours, harmony, bass, levels = _beat_by_beat(sound, beats)
    metre, first = _bars(harmony, bass)
    colours = np.concatenate([colours, _HARMONY * harmony], axis=1)
    return Heard(beats, metre, first, colours, levels, _halves(beats, attacks))


def placed(tracked: Floats, attacks: Floats, clear: Floats) -> Floats:
    """The beats, moved onto the attacks that they stand for; where there is none, as their neighbours are moved."""
    off = np.full(len(tracked), np.nan)
    for index, beat in enumerate(tracked):
        first, last = np.searchsorted(attacks, (beat - _REACH * SAMPLE_RATE, beat + _REACH * SAMPLE_RATE))
        if first < last:
            near = attacks[first:last] - beat
            likely = clear[first:last] * np.exp(-((near / (_LIKELY * SAMPLE_RATE)) ** 2))
            off[index] = near[likely.argmax()]
    if np.isnan(off).all():
        return np.maximum(tracked, 0.0)
    usual = float(np.nanmedian(off))
    moved = np.empty(len(tracked))
    for index in range(len(tracked)):
        around = off[max(0, index - _AROUND) : index + _AROUND + 1]
        here = usual if np.isnan(around).all() else float(np.nanmedian(around))
        trusted = abs(off[index] - here) <= _STRAY * SAMPLE_RATE  # False where there is no attack
        moved[index] = tracked[index] + (off[index] if trusted else here)
    return np.maximum.accumulate(np.maximum(moved - LEAD, 0.0))


def _halves(beats: Floats, attacks: Floats) -> bool:
    middles = (beats[1:] + beats[:-1]) / 2 + LEAD
    if not len(attacks) or not len(middles):
        return False
    after = np.clip(np.searchsorted(attacks, middles), 1, max(1, len(attacks) - 1))
    off = np.minimum(
        np.abs(attacks[after - 1] - middles), np.abs(attacks[np.minimum(after, len(attacks) - 1)] - middles)
    )
    return bool((off < _STRAY * SAMPLE_RATE).mean() > _OFTEN)


def _beat_by_beat(sound: Sound, beats: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """For each beat its bands, its pitch classes, how much bass begins with it, and how loud it is in dB."""
    short, long = np.hanning(_SHORT), np.hanning(_LONG)
    edges = np.unique(np.round(np.geomspace(1, _SHORT // 2, _BANDS + 1)).astype(int))
    low = int(_BASS * _SHORT / SAMPLE_RATE) + 1
    frequency = np.fft.rfftfreq(_LONG, 1 / SAMPLE_RATE)
    notes = np.flatnonzero((frequency >= _LOWEST) & (frequency <= _HIGHEST))
    classes = np.round(12 * np.log2(frequency[notes] / 440)).astype(int) % 12
    colours, harmony, bass, levels = [], [], [], []
    for beat in np.round(beats).astype(int):
        after = _piece(sound, beat, _LONG)
        before = _piece(sound, beat - _SHORT, _SHORT)
        frames = after[: 4 * _SHORT].reshape(4, _SHORT)
        power = np.abs(np.fft.rfft(frames * short, axis=1)) ** 2
        earlier = np.abs(np.fft.rfft(before * short)) ** 2
        bands = np.add.reduceat(power.mean(axis=0)[: edges[-1]], edges[:-1])
        colours.append(np.log10(bands + 1e-6) / np.sqrt(len(bands)))
        spectrum = np.abs(np.fft.rfft(after * long))[notes]
        chord = np.bincount(classes, spectrum, 12)
        harmony.append(chord / (np.sqrt(chord @ chord) + 1e-6))
        bass.append(np.log10((power[:2, :low].sum() / 2 + 1e-3) / (earlier[:low].sum() + 1e-3)))
        levels.append(10 * np.log10(float(np.mean(after**2)) + 1e-10))
    return np.array(colours), np.array(harmony), np.array(bass), np.array(levels)


def _piece(sound: Sound, start: int, length: int) -> Floats:
    piece = sound[max(0, start) : max(0, start + length)].mean(axis=1, dtype=np.float64)
    front = min(length, max(0, -start))
    return np.pad(piece, (front, max(0, length - len(piece) - front)))


def _bars(harmony: Floats, bass: Floats) -> tuple[int, int]:
    """The beats of a bar, and which beat starts one: where chords change and where bass begins."""
    change = np.append(0.0, 1 - (harmony[1:] * harmony[:-1]).sum(axis=1))
    weight = _even(change) + 0.5 * _even(bass)
    found = []
    for order, metre in enumerate(METRES):
        means = [float(weight[first::metre].mean()) for first in range(min(metre, len(weight)))]
        best = int(np.argmax(means))
        found.append((means[best] - UNUSUAL * order, -order, metre, best))
    _, _, metre, first = max(found)
    return metre, first


def _even(values: Floats) -> Floats:
    return np.asarray((values - values.mean()) / (values.std() + 1e-6))
