"""Beats, from the sound alone: librosa's tracker with its defaults, as others measure, on any length of sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .spectra import FRAME, HOP, RATE, Floats

CLEAR = 0.35  # pulse below which nobody would tap: speech reaches 0.30, noise 0.2, beats that wander by 8 % fall to 0.8
SPAN = 344  # frames, 8 s: within it a tempo is one tempo
FASTEST, SLOWEST = 0.25, 1.5  # seconds between beats that a pulse is looked for at

_TEMPO_SPAN = 344  # what librosa looks at for the tempo: its `ac_size` of 8 s
_AT_ONCE = 2048
_OVER = 8  # beats that a tempo is read over: the tracker places one to 23 ms only
_SMOOTH = np.array([0.25, 0.5, 0.25])


@dataclass(frozen=True)
class Beats:
    """`seconds` rise. `pulse`, up to 1, says how regular the attacks are; too irregular ones give no beats.

    `tempo` is the usual one in beats a minute, None without beats.
    """

    seconds: tuple[float, ...] = ()
    tempo: float | None = None
    pulse: float = 0.0


def track(rises: Floats) -> Beats:
    """The beats behind the rises of a sound, a value each FRAME."""
    pulse = pulse_of(rises)
    if pulse < CLEAR:
        return Beats(pulse=pulse)
    import librosa

    _, found = librosa.beat.beat_track(onset_envelope=rises, sr=RATE, hop_length=HOP, bpm=_tempo(rises), units="time")
    seconds = tuple(float(beat) for beat in found)
    return Beats(seconds, tempo_of(seconds), pulse) if len(seconds) > 1 else Beats(pulse=pulse)


def tempo_of(beats: tuple[float, ...]) -> float | None:
    """The usual tempo of beats, a minute; None where there are fewer than two."""
    over = min(_OVER, len(beats) - 1)
    if over < 1:
        return None
    times = np.array(beats)
    return float(60 * over / np.median(times[over:] - times[:-over]))


def pulse_of(rises: Floats) -> float:
    """How alike the rises are to themselves a beat later, whatever the beat: the median over spans of 8 s.

    1 is a metronome, 0 is no regularity at all. Spans without a rise do not count.
    """
    smooth = np.convolve(rises.astype(np.float64), _SMOOTH, "same") if len(rises) > len(_SMOOTH) else np.zeros(0)
    starts = range(0, max(1, len(smooth) - SPAN + 1), SPAN // 2)
    found = [alike for start in starts if (alike := _alike(smooth[start : start + SPAN])) is not None]
    return max(0.0, float(np.median(found))) if found else 0.0


def _alike(span: NDArray[np.float64]) -> float | None:
    first, last = round(FASTEST / FRAME), min(round(SLOWEST / FRAME), len(span) // 2)
    span = span - span.mean() if len(span) else span
    power = float(span @ span)
    if last <= first or power < 1e-6 * len(span):
        return None
    shares = np.correlate(span, span, "full")[len(span) - 1 :] / power
    shares *= len(span) / np.arange(len(span), 0, -1)
    return float(shares[first : last + 1].max())


def _tempo(rises: Floats) -> float:
    """librosa's estimate of one tempo for the whole, without its table of the whole."""
    import librosa

    half = _TEMPO_SPAN // 2
    padded = np.pad(rises, half, mode="linear_ramp", end_values=0)
    total = np.zeros(_TEMPO_SPAN)
    for start in range(0, len(rises), _AT_ONCE):
        count = min(_AT_ONCE, len(rises) - start)
        piece = padded[start : start + count + _TEMPO_SPAN - 1]
        table = librosa.feature.tempogram(
            onset_envelope=piece, sr=RATE, hop_length=HOP, win_length=_TEMPO_SPAN, center=False
        )
        total += table[:, :count].sum(axis=1)
    tempo = librosa.feature.tempo(tg=(total / len(rises))[:, None], sr=RATE, hop_length=HOP)
    return float(tempo[0])
