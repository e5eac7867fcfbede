"""The instruments: every note as a finished piece of sound, band-limited and without a click at either end."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...rate import SAMPLE_RATE
from ..engine import Note, Sound
from .writing import BOOM, CRASH, HAT, KICK, OPEN_HAT, RIM, SNARE, TOM_HIGH, TOM_LOW, Event

BAND = 18_000.0  # Hz: no partial lies above
TABLE = 4096  # samples of one cycle; straight lines between them are exact to -110 dB for what is played here

Mono = NDArray[np.float32]


class Voices:
    """What plays the events of one piece. `seed` colours noise and strings, never time or pitch."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._warmth = float(rng.uniform(1.5, 1.9))  # how steeply the pad's partials fall
        self._pluck = float(rng.uniform(0.9, 1.5))
        self._plucks: dict[int, Sound] = {}
        self._drums = _kit(rng)

    def sound(self, event: Event) -> Sound:
        """Samples (n, 2) of the whole note with its tail, at full velocity."""
        note = event.note
        if event.voice == "pad":
            return _pad(note, self._warmth)
        if event.voice == "bass":
            return _bass(note)
        if event.voice == "pluck":
            if note.pitch not in self._plucks:
                self._plucks[note.pitch] = _pluck(note.pitch, self._pluck)
            return self._plucks[note.pitch]
        return self._drums[note.pitch]


def _pad(note: Note, warmth: float) -> Sound:
    """Strings in unison: one in the middle, one a little off to each side; slowly brighter and darker again."""
    hold = _samples(note.seconds)
    count = hold + _samples(0.7)
    dark, bright = _saw(_hertz(note.pitch), warmth + 0.5, 24), _saw(_hertz(note.pitch), warmth, 40)
    swell = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / max(count, SAMPLE_RATE))).astype(np.float32)
    lines = []
    for cents, phase in ((0.0, 0.0), (-5.0, 0.37), (5.0, 0.71)):
        at, part = _places(_hertz(note.pitch + cents / 100), count, (phase + note.pitch * 0.137) % 1.0)
        low = _look_up(dark, at, part)
        lines.append(low + swell * (_look_up(bright, at, part) - low))
    sound = np.stack([lines[0] + 0.7 * lines[1], lines[0] + 0.7 * lines[2]], axis=1)
    return _shape(sound, attack=0.09, hold=hold, release=0.7, level=0.075)


def _bass(note: Note) -> Sound:
    hold = _samples(note.seconds)
    count = hold + _samples(0.12)
    at, part = _places(_hertz(note.pitch), count, 0.0)
    pick = np.exp(-np.arange(count, dtype=np.float32) / np.float32(0.16 * SAMPLE_RATE))
    fade = np.exp(-np.arange(count, dtype=np.float32) / np.float32(3.0 * SAMPLE_RATE))
    low = _look_up(_saw(_hertz(note.pitch), 2.0, 8), at, part)
    full = _look_up(_saw(_hertz(note.pitch), 1.1, 28), at, part)
    line = (low + pick * (0.6 * full)) * fade
    return _balanced(_shape(np.stack([line, line], axis=1), attack=0.006, hold=hold, release=0.12, level=0.24))


def _pluck(pitch: int, steepness: float) -> Sound:
    """A struck string: high partials are weaker and die sooner."""
    count = _samples(1.8)
    time = np.arange(count) / SAMPLE_RATE
    line = np.zeros(count)
    for number in range(1, 13):
        # A stiff string's partials lie a little sharp.
        partial = number * _hertz(pitch) * np.sqrt(1 + 2e-4 * number * number)
        if partial < BAND:
            fall = np.exp(-time * (2.2 + 1.3 * number))
            line += number**-steepness * fall * np.sin(2 * np.pi * partial * time + number)
    side = 0.35 * np.sin(pitch * 1.7)  # each note has its place between left and right
    sound = np.stack([line * (1 - side), line * (1 + side)], axis=1).astype(np.float32)
    return _shape(sound, attack=0.003, hold=count - _samples(0.3), release=0.3, level=0.15)


def _kit(rng: np.random.Generator) -> dict[int, Sound]:
    """Percussion by its General MIDI number."""
    return {
        KICK: _drop(0.45, high=130, low=47, bend=0.035, fall=0.13, level=0.62),
        TOM_LOW: _drop(0.6, high=140, low=92, bend=0.08, fall=0.17, level=0.4),
        TOM_HIGH: _drop(0.5, high=210, low=140, bend=0.07, fall=0.14, level=0.36),
        BOOM: _drop(2.2, high=85, low=36, bend=0.18, fall=0.5, level=0.5),
        SNARE: _mixed(
            _drop(0.3, high=230, low=185, bend=0.03, fall=0.06, level=0.2),
            _noise(rng, 0.35, low=900, high=11_000, fall=0.075, level=0.32),
        ),
        RIM: _mixed(
            _drop(0.1, high=1900, low=1650, bend=0.01, fall=0.012, level=0.1),
            _noise(rng, 0.12, low=1500, high=6000, fall=0.015, level=0.12),
        ),
        HAT: _noise(rng, 0.12, low=6500, high=16_000, fall=0.022, level=0.2),
        OPEN_HAT: _noise(rng, 0.5, low=6000, high=16_000, fall=0.12, level=0.17),
        CRASH: _noise(rng, 2.6, low=2600, high=15_000, fall=0.55, level=0.28, attack=0.002),
    }


def _drop(seconds: float, high: float, low: float, bend: float, fall: float, level: float) -> Sound:
    """A skin: a tone that falls from `high` to `low` Hz within about `bend` seconds and fades in about `fall`."""
    time = np.arange(_samples(seconds)) / SAMPLE_RATE
    phase = low * time + (high - low) * bend * (1 - np.exp(-time / bend))
    line = (np.sin(2 * np.pi * phase) * np.exp(-time / fall)).astype(np.float32)
    sound = np.stack([line, line], axis=1)
    return _balanced(_shape(sound, attack=0.0015, hold=time.size // 2, release=seconds / 2, level=level))


def _noise(
    rng: np.random.Generator, seconds: float, low: float, high: float, fall: float, level: float, attack: float = 0.001
) -> Sound:
    """Noise between `low` and `high` Hz, two thirds of it the same on both sides."""
    count = _samples(seconds)
    time = np.arange(count, dtype=np.float32) / SAMPLE_RATE
    hertz = np.fft.rfftfreq(count, 1 / SAMPLE_RATE)
    band = 1 / (1 + (low / np.maximum(hertz, 1)) ** 6) / (1 + (hertz / high) ** 10)
    middle, left, right = (np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * band, count) for _ in range(3))
    sound = np.stack([middle + 0.5 * left, middle + 0.5 * right], axis=1)
    sound /= np.sqrt(np.mean(sound**2)) * 2.5
    faded = (sound * np.exp(-time / fall)[:, None]).astype(np.float32)
    return _shape(faded, attack=attack, hold=count // 2, release=seconds - count // 2 / SAMPLE_RATE, level=level)


def _mixed(first: Sound, second: Sound) -> Sound:
    sound = np.zeros((max(len(first), len(second)), 2), np.float32)
    sound[: len(first)] += first
    sound[: len(second)] += second
    return sound


def _shape(sound: Sound, attack: float, hold: int, release: float, level: float) -> Sound:
    """In and out on a raised cosine, in seconds; `hold` samples until the release begins."""
    count = len(sound)
    envelope = np.full(count, level, np.float32)
    rise = max(1, min(_samples(attack), count // 2))
    envelope[:rise] *= _ramp(rise)
    fall = max(1, min(_samples(release), count - min(hold, count)))
    envelope[count - fall :] *= _ramp(fall)[::-1]
    shaped: Sound = sound * envelope[:, None]
    return shaped


def _balanced(sound: Sound) -> Sound:
    """Without the little direct current that a tone has which is cut off between its swings."""
    bow = np.hanning(len(sound)).astype(np.float32)[:, None]
    balanced: Sound = sound - bow * (sound.mean(axis=0) / max(float(bow.mean()), 1e-9))
    return balanced


def _ramp(count: int) -> Mono:
    ramp: Mono = (0.5 - 0.5 * np.cos(np.pi * np.arange(count) / count)).astype(np.float32)
    return ramp


@lru_cache(maxsize=512)
def _saw(hertz: float, steepness: float, most: int) -> Mono:
    """One cycle, and its first sample again, of partials that fall as number^-steepness below the band's end."""
    spectrum = np.zeros(TABLE // 2 + 1, complex)
    numbers = np.arange(1, max(1, min(most, int(BAND / hertz))) + 1)
    spectrum[numbers] = -0.5j * TABLE * numbers.astype(float) ** -steepness
    cycle = np.fft.irfft(spectrum, TABLE)
    table: Mono = np.append(cycle, cycle[0]).astype(np.float32)
    return table


def _places(hertz: float, count: int, phase: float) -> tuple[NDArray[np.int64], Mono]:
    """For `count` samples the place in a table, whole and part."""
    place = (phase + np.arange(count) * (hertz / SAMPLE_RATE)) * TABLE
    whole = place.astype(np.int64)
    part: Mono = (place - whole).astype(np.float32)
    return whole & (TABLE - 1), part


def _look_up(table: Mono, at: NDArray[np.int64], part: Mono) -> Mono:
    low = table[at]
    line: Mono = low + part * (table[at + 1] - low)
    return line


def _hertz(pitch: float) -> float:
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
