"""How much a sound is like speech: numbers that tell a voice from music, noise and machines, step by step.

A voice opens and closes two to eight times a second in all bands at once, its pitch slides and never rests on a note,
and hisses alternate with vowels. Music holds its notes and returns to them, noise has none, machines repeat themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array = NDArray[np.float32]

RATE = 16_000
LIMIT = 2.0  # standard deviations beyond which a feature says no more
NOTHING = -30.0  # the log odds of speech where there is no sound
HOP = 160  # samples from one short frame to the next
STEP = 800  # samples from one answer to the next: 50 ms
_PER_STEP = STEP // HOP
_SHORT, _LONG = 512, 1024  # samples of a spectrum for levels, and of one for pitch
_QUIETEST = -80.0  # dB of full scale: levels are not told apart below
_SILENT = -66.0  # dB of full scale: nobody speaks as softly

_BANDS = (150, 500, 1200, 2500, 4500, 7500)  # Hz, edges
_MEL = 20
_PER_OCTAVE, _LOWEST, _OCTAVES = 36, 200.0, 4
_SHIFTS = 4  # thirds of a semitone, up and down
_ALIKE = 40  # frames of 20 ms on either side that are compared with others
_SOON, _LATER = (10, 60), (60, 150)  # the same, how far off: a beat or two, a bar

FEATURES = (
    *(f"rise {n}" for n in range(5)),
    *(f"peak {n}" for n in range(5)),
    *(f"syllables {n}" for n in range(5)),
    *(f"flutter {n}" for n in range(5)),
    *(f"drift {n}" for n in range(5)),
    "together", "vad strict", "vad loose", "vad strict wide", "vad loose wide",
    "harmonic", "harmonic spread", "gliding", "steady", "jumping",
    "held 60", "held 120", "held 300", "shifted", "moving",
    "flux", "flux spread", "flux crest", "regular",
    "again soon", "again later",
    "flatness", "flatness spread", "centre spread", "hiss spread", "quiet share",
    *(f"timbre {n}" for n in range(1, 7)),
)  # fmt: skip


# Stretches from log odds, in steps.
_CHANGE = 2.5  # log odds that must come together before speech begins or ends
_CERTAIN = 3.0  # log odds of one step that count, at most
_EDGE, _REACH = -1.2, 3  # a stretch grows while the odds are above this, by so much
_PAUSE, _LEAST = 5, 5  # the longest gap inside a stretch, the shortest stretch


def evidence(sound: Array, check: Callable[[], None] = lambda: None) -> Array:
    """The natural log of the odds of speech for each 50 ms of mono sound at 16 kHz; NOTHING where it is silent.

    `check` is called several times a second; what it raises ends the work.
    """
    from .gate import CONSTANT, GATE

    steps = len(sound) // STEP
    odds = np.full(steps, NOTHING, np.float32)
    if not steps:
        return odds
    power = np.mean(sound[: steps * STEP].reshape(steps, STEP).astype(np.float64) ** 2, axis=1)
    audible = power > 10 ** (_SILENT / 10)
    if audible.any():
        middle, spread, weight = (np.array(column, np.float32) for column in zip(*GATE.values(), strict=True))
        rows = np.clip((features(sound, check) - middle) / spread, -LIMIT, LIMIT)
        odds[audible] = (rows @ weight + np.float32(CONSTANT))[audible]
    return odds


def spoken(odds: Array) -> list[tuple[int, int]]:
    """Where somebody speaks, as steps [first, last), from the odds of each step: rising, without overlap.

    The likeliest sequence of speech and no speech where each change has a price; then edges and pauses are given to it.
    """
    runs: list[tuple[int, int]] = []
    for first, last in _likeliest(np.clip(odds, -_CERTAIN, _CERTAIN)):
        before, after = max(0, first - _REACH), min(len(odds), last + _REACH)
        while first > before and odds[first - 1] > _EDGE:
            first -= 1
        while last < after and odds[last] > _EDGE:
            last += 1
        if runs and first - runs[-1][1] <= _PAUSE:
            first = runs.pop()[0]
        runs.append((first, last))
    return [run for run in runs if run[1] - run[0] >= _LEAST]


def _likeliest(odds: Array) -> list[tuple[int, int]]:
    """Viterbi with two states. Silent stands at 0, speaking gathers the odds."""
    still, speaking = 0.0, -_CHANGE
    came = []
    for value in odds.tolist():
        starts, stops = still - _CHANGE > speaking, speaking - _CHANGE > still
        still, speaking = (speaking - _CHANGE if stops else still), (still - _CHANGE if starts else speaking) + value
        came.append((stops, starts))
    runs, end = [], len(came) if speaking > still else None
    for n in range(len(came) - 1, -1, -1):
        stops, starts = came[n]
        if end is None:
            end = n if stops else None
        elif starts:
            runs.append((n, end))
            end = None
    if end:
        runs.append((0, end))
    return runs[::-1]


def features(sound: Array, check: Callable[[], None] = lambda: None) -> Array:
    """(steps, features) of mono sound at 16 kHz, one row for each 50 ms."""
    steps = len(sound) // STEP
    padded = np.pad(sound[: steps * STEP].astype(np.float32), _LONG)[_LONG // 2 :]
    short = _power(padded[(_LONG - _SHORT) // 2 :], _SHORT, steps * _PER_STEP, HOP)
    bands = _decibel(short @ _band_matrix(_SHORT))
    mel = _decibel(short @ _mel_matrix(_SHORT))
    flat = _flatness(short)
    del short
    long = _power(padded, _LONG, -(-steps * _PER_STEP // 2), 2 * HOP)
    groups: tuple[Callable[[], list[Array]], ...] = (
        lambda: _levels(bands),
        lambda: _modulation(bands),
        lambda: _vad(sound, steps),
        lambda: _pitch(long, steps),
        lambda: _notes(long, steps),
        lambda: _flux(mel),
        lambda: [_pairs(one, steps) for one in _again(mel)],
        lambda: _variety(bands, mel, flat),
    )
    columns: list[Array] = []
    for group in groups:
        check()
        columns += group()
    return np.stack(columns, axis=1).astype(np.float32)


def _power(sound: Array, size: int, count: int, hop: int) -> Array:
    frames = sliding_window_view(sound, size)[::hop][:count]
    window = np.hanning(size).astype(np.float32)
    out = np.empty((count, size // 2 + 1), np.float32)
    for first in range(0, count, 1024):
        spectrum = np.fft.rfft(frames[first : first + 1024] * window)
        out[first : first + 1024] = (spectrum.real**2 + spectrum.imag**2) / (np.sum(window) ** 2 / 4)
    return out


def _decibel(power: Array) -> Array:
    return (10 * np.log10(np.maximum(power, 10 ** (_QUIETEST / 10)))).astype(np.float32)


def _band_matrix(size: int) -> Array:
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    inside = [(frequency >= low) & (frequency < high) for low, high in pairwise(_BANDS)]
    return np.stack(inside, axis=1).astype(np.float32)


def _mel_matrix(size: int) -> Array:
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    mel = 2595 * np.log10(1 + frequency / 700)
    edges = np.linspace(2595 * np.log10(1 + 120 / 700), 2595 * np.log10(1 + 7600 / 700), _MEL + 2)
    rising = (mel[:, None] - edges[None, :-2]) / np.diff(edges)[:-1]
    falling = (edges[None, 2:] - mel[:, None]) / np.diff(edges)[1:]
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None), np.float32)


def _windows(values: Array, around: int) -> NDArray[Any]:
    """(n, ..., 2 around + 1): the neighbours of each row, the edges repeated."""
    padded = np.pad(values, [(around, around)] + [(0, 0)] * (values.ndim - 1), mode="edge")
    return sliding_window_view(padded, 2 * around + 1, axis=0)


def _mean(values: Array, around: int) -> Array:
    sums = np.cumsum(
        np.pad(values.astype(np.float64), [(around + 1, around)] + [(0, 0)] * (values.ndim - 1), mode="edge"), axis=0
    )
    size = 2 * around + 1
    return ((sums[size:] - sums[:-size]) / size).astype(np.float32)


def _spread(values: Array, around: int) -> Array:
    mean = _mean(values, around)
    return np.sqrt(np.maximum(_mean(values * values, around) - mean * mean, 0))


def _steps(values: Array) -> Array:
    """Short frames -> steps, by their mean."""
    return np.asarray(values.reshape(-1, _PER_STEP, *values.shape[1:]).mean(axis=1), np.float32)


def _levels(bands: Array) -> list[Array]:
    """How far each band stands above its own floor of four seconds, now and at its best within half a second."""
    level = _steps(bands)
    floor = np.percentile(_windows(level, 40), 12, axis=-1)
    loud = np.percentile(_windows(level, 8), 85, axis=-1)
    now = np.clip(_mean(level, 1) - floor, 0, 40)
    best = np.clip(loud - floor, 0, 40)
    return [*now.T, *best.T]


def _modulation(bands: Array) -> list[Array]:
    """How much each band's level moves as syllables do (2 to 8 Hz), faster, slower; and how alike the bands move."""
    around = _windows(np.clip(bands, np.percentile(bands, 2, axis=0), None), 50)[_PER_STEP // 2 :: _PER_STEP]
    around = around - around.mean(axis=-1, keepdims=True)
    window = np.hanning(101).astype(np.float32)
    moved = around * window
    spectrum = np.abs(np.fft.rfft(moved, axis=-1)) ** 2
    syllables, fast, slow = spectrum[..., 2:9].sum(-1), spectrum[..., 11:30].sum(-1), spectrum[..., 1]
    size = np.sqrt((moved**2).sum(-1)) + 3
    alike = np.mean(
        [(moved[:, a] * moved[:, b]).sum(-1) / (size[:, a] * size[:, b]) for a in range(4) for b in range(a)], axis=0
    )
    logs = [np.log10(np.maximum(values, 10)) for values in (syllables, fast, slow)]
    return [*logs[0].T, *(logs[1] - logs[0]).T, *(logs[2] - logs[0]).T, alike]


def _vad(sound: Array, steps: int) -> list[Array]:
    """WebRTC's detector, strict and loose, over a tenth and over a whole second."""
    import webrtcvad  # type: ignore[import-untyped]

    level = np.sqrt(np.mean(sound[: steps * STEP].reshape(steps, STEP).astype(np.float64) ** 2, axis=1))
    loud = float(np.percentile(level, 95)) if steps else 0.0
    gain = np.clip(0.07 / max(loud, 1e-9), 0.1, 10)
    samples = np.clip(sound * (gain * 32768), -32768, 32767).astype("<i2").tobytes()
    out = []
    for mode in (3, 1):
        detector = webrtcvad.Vad(mode)
        size = 2 * STEP // 5 * 2  # 20 ms in bytes
        heard = [
            detector.is_speech(samples[at : at + size], RATE) for at in range(0, 2 * STEP * steps - size + 1, size)
        ]
        share = np.repeat(np.array(heard, np.float32), 2)
        share = np.pad(share, (0, max(0, steps * _PER_STEP - share.size)), mode="edge")[: steps * _PER_STEP]
        out.append(_steps(share))
    return [*(_mean(share, 2) for share in out), *(_mean(share, 10) for share in out)]


def _pairs(values: Array, steps: int) -> Array:
    """Frames of 20 ms -> steps of 50 ms."""
    return _steps(np.repeat(values, 2, axis=0)[: steps * _PER_STEP])


def _pitch(power: Array, steps: int) -> list[Array]:
    """Harmonicity of what rises above the floor, and whether its pitch glides, rests or jumps."""
    count = power.shape[0]
    blocks = np.pad(power, ((0, -count % 10), (0, 0)), mode="edge").reshape(-1, 10, power.shape[1]).mean(axis=1)
    floor = np.percentile(_windows(blocks, 7), 20, axis=-1).astype(np.float32)
    floor = np.repeat(floor, 10, axis=0)[:count]
    frequency = np.fft.rfftfreq(_LONG, 1 / RATE)
    heard = np.sqrt(np.maximum(power - 2 * floor, 0)) * ((frequency > 80) & (frequency < 3500))
    wave = np.fft.irfft(heard, axis=1).astype(np.float32)
    shortest, longest = RATE // 400, RATE // 70
    strength = wave[:, shortest - 1 : longest + 2] / (wave[:, :1] + 1e-6)
    best = strength[:, 1:-1].argmax(axis=1) + 1
    row = np.arange(count)
    left, top, right = (strength[row, best + d] for d in (-1, 0, 1))
    bend = (left - right) / (2 * (left - 2 * top + right) - 1e-9)
    pitch = -12 * np.log2((best + shortest - 1 + np.clip(bend, -0.5, 0.5)) / RATE)
    change = np.abs(np.diff(pitch, append=pitch[-1:]))
    voiced = (top > 0.35) & (np.append(top[1:], 0) > 0.35)
    gliding = voiced & (change > 0.08) & (change < 1.2)
    steady = voiced & (change <= 0.08)
    jumping = voiced & (change >= 1.2)
    kinds = [_mean(_pairs(kind.astype(np.float32), steps), 6) for kind in (gliding, steady, jumping)]
    clear = _pairs(top, steps)
    return [_mean(clear, 2), _spread(clear, 8), *kinds]


def _notes(power: Array, steps: int) -> list[Array]:
    """Whether spectral lines stay where they are (notes) or move together along a log frequency axis (a voice)."""
    frequency = _LOWEST * 2 ** (np.arange(_OCTAVES * _PER_OCTAVE) / _PER_OCTAVE)
    place = frequency * _LONG / RATE
    lower = place.astype(int)
    level = _decibel(power)
    lines = level[:, lower] * (1 - (place - lower)) + level[:, lower + 1] * (place - lower)
    lines = lines.astype(np.float32)
    smooth = _mean(lines.T, 9).T
    lines = np.maximum(lines - smooth, 0)
    lines = lines - lines.mean(axis=1, keepdims=True)
    lines /= np.sqrt((lines**2).sum(axis=1, keepdims=True)) + 5

    def alike(lag: int, shift: int = 0) -> Array:
        a, b = lines[:-lag] if lag else lines, lines[lag:]
        if shift > 0:
            a, b = a[:, :-shift], b[:, shift:]
        elif shift < 0:
            a, b = a[:, -shift:], b[:, :shift]
        value = (a * b).sum(axis=1)
        return np.pad(value, (lag // 2, lag - lag // 2), mode="edge").astype(np.float32)

    held = [alike(lag) for lag in (3, 6, 15)]
    moved = np.max([alike(3, shift) for shift in range(-_SHIFTS, _SHIFTS + 1) if shift], axis=0)
    gain = moved - held[0]
    shifted = (gain > 0.03).astype(np.float32)
    return [
        *(_mean(_pairs(value, steps), 5) for value in held),
        _mean(_pairs(shifted, steps), 6),
        _mean(_pairs(gain, steps), 6),
    ]


def _flux(mel: Array) -> list[Array]:
    """New energy: how much, how it is spread, how single its peaks are, and how regularly they return."""
    rise = np.maximum(mel[2:] - mel[:-2], 0).mean(axis=1)
    rise = np.pad(rise, (1, 1), mode="edge")
    mean = _mean(rise, 50)
    best = _windows(rise, 50)[_PER_STEP // 2 :: _PER_STEP].max(axis=-1)
    coarse = _steps(rise)
    centred = coarse - _mean(coarse, 20)
    around = _windows(centred, 40)
    size = (around**2).sum(axis=-1) + 1e-3
    returns = np.max([(around[:, lag:] * around[:, :-lag]).sum(axis=-1) / size for lag in range(4, 25)], axis=0)
    at = slice(_PER_STEP // 2, None, _PER_STEP)
    return [_mean(_steps(rise), 5), _spread(rise, 50)[at], best / (mean[at] + 0.3), returns]


def _again(mel: Array) -> list[Array]:
    """How alike what sounds around a moment is to what sounds soon before or after it, and further off.

    Music comes back note for note and bar for bar; nobody says the same twice in the same voice. Only the colour of
    the sound counts, for loudness comes and goes alike in many things.
    """
    lines = np.pad(mel, ((0, len(mel) % 2), (0, 0)), mode="edge").reshape(-1, 2, _MEL).mean(axis=1)  # each 20 ms
    loud = 10 * np.log10((10 ** (lines / 10)).sum(axis=1))
    heard = np.clip((loud - _windows(loud, 2 * _ALIKE).max(axis=-1) + 50) / 20, 0, 1)[:, None]  # silence has no colour
    lines = lines - lines.mean(axis=1, keepdims=True)
    lines = heard * (lines - _mean(heard * lines, _ALIKE) / (_mean(heard, _ALIKE) + 1e-3))
    size = _mean((lines**2).sum(axis=1), _ALIKE) + _MEL
    best = []
    for lags in (_SOON, _LATER):
        most = np.zeros(len(lines), np.float32)
        for lag in range(lags[0], min(lags[1], len(lines))):
            both = np.pad((lines[lag:] * lines[:-lag]).sum(axis=1), (0, lag))
            alike = _mean(both, _ALIKE)[:-lag] / np.sqrt(size[:-lag] * size[lag:])
            most[:-lag] = np.maximum(most[:-lag], alike)
            most[lag:] = np.maximum(most[lag:], alike)
        best.append(most)
    return best


def _flatness(power: Array) -> Array:
    inside = np.maximum(power[:, 10:129], 1e-12)  # 300 to 4000 Hz
    return np.asarray(10 * np.log10(inside).mean(axis=1) - 10 * np.log10(inside.mean(axis=1)), np.float32)


def _variety(bands: Array, mel: Array, flat: Array) -> list[Array]:
    """How much the colour of the sound changes within a second, as vowels and hisses alternate."""
    at = slice(_PER_STEP // 2, None, _PER_STEP)
    power = 10 ** (mel / 10)
    centre = (power @ np.arange(_MEL, dtype=np.float32)) / power.sum(axis=1)
    hiss = bands[:, 4] - bands[:, 0]
    total = 10 * np.log10(power.sum(axis=1))
    around = _windows(total.astype(np.float32), 50)[at]
    quiet = (around < 10 * np.log10(np.mean(10 ** (around / 10), axis=-1, keepdims=True)) - 6).mean(axis=-1)
    n = np.arange(_MEL)
    cosines = np.stack([np.cos(np.pi * k * (n + 0.5) / _MEL) for k in range(1, 7)], axis=1).astype(np.float32)
    timbre = _spread(np.asarray(mel @ cosines / _MEL, np.float32), 30)[at]
    return [
        _mean(flat, 15)[at],
        _spread(flat, 40)[at],
        _spread(centre, 40)[at],
        _spread(hiss, 40)[at],
        quiet,
        *timbre.T,
    ]
