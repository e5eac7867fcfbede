"""Where a sound becomes another: a checkerboard kernel over its likeness to itself, and the peaks of that curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .spectra import FRAME, PITCHES, SLICE, Floats

COLUMN = SLICE * FRAME  # seconds
SIDE = 4.0  # seconds that are compared on either side of a moment
APART = 1.5  # seconds: of two peaks nearer than this only the higher counts
LEAST = 0.02  # of 1: below it nothing changed
USUAL = 1.0  # times the mean novelty of the whole sound

_QUIETEST = -60.0  # dB below the loudest column: what lies lower is silence
_TIMBRE, _HARMONY = (
    12.0,
    0.9,
)  # dB, and length of a chord's vector: a change that is clear, of chords less than of sound

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Novelty:
    """`curve` from 0 to 1, a value each COLUMN seconds from 0 on; `peaks` in seconds."""

    curve: Doubles
    peaks: tuple[float, ...]


def novelty(slices: Floats) -> Novelty:
    """How much what follows each moment differs from what came before it, in timbre, loudness and harmony."""
    curve = _curve(_features(slices))
    return Novelty(curve, tuple(_peaks(curve)))


def _features(slices: Floats) -> Doubles:
    """Power in bands and pitch classes -> rows whose distance is 1 where they differ clearly."""
    power = np.maximum(slices.astype(np.float64), 1e-12)
    bands, pitches = power[:, :-PITCHES], power[:, -PITCHES:]
    loudest = bands.max(initial=1e-12)
    levels = np.maximum(10 * np.log10(bands / loudest), _QUIETEST)
    sounding = 1 / (1 + 1e-6 * loudest / bands.max(axis=1, keepdims=True, initial=1e-12))
    chords = np.sqrt(pitches / pitches.sum(axis=1, keepdims=True)) * sounding
    return np.concatenate([levels / (_TIMBRE * np.sqrt(levels.shape[1])), chords / _HARMONY / np.sqrt(2)], axis=1)


def _curve(rows: Doubles) -> Doubles:
    """The likeness within either side of each moment less the likeness across it; near moments weigh most."""
    side = round(SIDE / COLUMN)
    if len(rows) < 4:
        return np.zeros(len(rows))
    # The first and the last column hear the sound begin and break off: their neighbours stand for them.
    padded = np.concatenate([np.repeat(rows[1:2], side + 1, 0), rows[1:-1], np.repeat(rows[-2:-1], side + 1, 0)])
    at = (np.arange(2 * side) + 0.5 - side) / side
    taper = np.exp(-2 * at**2)
    after = at > 0
    alike, weight = np.zeros((2, len(rows))), np.zeros(2)  # inside either side, and across
    for lag in range(1, 2 * side):
        likeness = np.exp(-((padded[lag:] - padded[:-lag]) ** 2).sum(axis=1))
        weights = taper[lag:] * taper[:-lag]
        over = after[lag:] != after[:-lag]
        windows = sliding_window_view(likeness, len(weights))[: len(rows)]
        for n, chosen in enumerate((weights * ~over, weights * over)):
            alike[n] += windows @ chosen
            weight[n] += chosen.sum()
    return np.asarray(np.clip(alike[0] / weight[0] - alike[1] / weight[1], 0, 1))


def _peaks(curve: Doubles) -> list[float]:
    reach = round(APART / COLUMN)
    if not len(curve):
        return []
    around = sliding_window_view(np.pad(curve, reach), 2 * reach + 1)
    highest = around.argmax(axis=1) == reach
    found = np.flatnonzero(highest & (curve > max(LEAST, USUAL * float(curve.mean()))))
    return [float((index + _between(curve, index)) * COLUMN) for index in found.tolist()]


def _between(curve: Doubles, index: int) -> float:
    """Where between its neighbours a peak lies, by the parabola through them."""
    if not 0 < index < len(curve) - 1:
        return 0.0
    before, top, after = curve[index - 1 : index + 2]
    bend = before - 2 * top + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / 2 / bend, -0.5, 0.5))
