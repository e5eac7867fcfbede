"""Songs with known beats, edits with known cuts, and what one can count of a sound. (n, 2) at 48 kHz."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
from numpy.typing import NDArray

from hitpoint.runtime.cues.sheet import CueSheet, Hit, Storyboard
from hitpoint.runtime.rate import Rate

RATE = 48_000
FILM = Rate(Fraction(24))
CHORDS = ((57, 60, 64), (53, 57, 60), (60, 64, 67), (55, 59, 62))
Sound = NDArray[np.float32]


def steady(tempo: float, seconds: float, first: float = 0.37) -> NDArray[np.float64]:
    return first + np.arange(int((seconds - first) * tempo / 60)) * 60 / tempo


def song(beats: Sequence[float] | NDArray[np.float64], seed: int = 0) -> Sound:
    """Drums, bass and chords: a kick or a snare and a hat on each beat, a hat and a bass between, a chord a bar."""
    noise = np.random.default_rng(seed).normal(size=RATE)
    out = np.zeros((int((beats[-1] + 0.6) * RATE), 2))

    def add(at: float, sound: NDArray[np.float64], side: float = 0.0) -> None:
        start = round(at * RATE)
        piece = sound[: len(out) - start, None]
        out[start : start + len(piece)] += piece * (1 - side, 1 + side)

    def tone(pitch: float, seconds: float, partials: int, attack: float, decay: float) -> NDArray[np.float64]:
        at = np.arange(int(seconds * RATE)) / RATE
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        wave = sum(np.sin(2 * np.pi * hertz * n * at + n) / n**1.4 for n in range(1, partials + 1))
        return wave * np.minimum(at / attack, 1) * np.minimum((seconds - at) / 0.02, 1) * np.exp(-at / decay)

    short, middle = np.arange(RATE // 20) / RATE, np.arange(RATE // 4) / RATE
    hat = np.diff(noise[: len(short) + 1]) * np.exp(-short / 0.012) * 0.15
    dying = np.minimum((0.25 - middle) / 0.05, 1)
    snare = noise[: len(middle)] * np.exp(-middle / 0.05) * 0.3 * dying
    fall = 50 * middle + 1.8 * (1 - np.exp(-middle / 0.03))
    kick = 0.8 * np.sin(2 * np.pi * fall) * np.exp(-middle / 0.08) * dying
    for index, (beat, following) in enumerate(pairwise(beats)):
        chord = CHORDS[index // 4 % 4]
        add(beat, snare if index % 2 else kick, 0.1 * (index % 2))
        for at in (beat, (beat + following) / 2):
            add(at, hat, 0.3)
            add(at, 0.2 * tone(chord[0] - 24, 0.48 * (following - beat), 3, 0.005, 0.4))
        if index % 4 == 0:
            until = beats[min(index + 4, len(beats) - 1)]
            for side, pitch in zip((-0.4, 0, 0.4), chord, strict=True):
                add(beat, 0.1 * tone(pitch, until - beat, 4, 0.01, 2.0), side)
    return (out / np.abs(out).max() * 0.7).astype(np.float32)


def shots(median: float, seed: int, count: int = 30) -> list[int]:
    """The last frames but one of shots of log-normal length, in frames at 24 a second; the last is the end."""
    lengths = np.random.default_rng(seed).lognormal(np.log(median), 0.55, count)
    return np.cumsum(np.maximum(1, np.round(np.clip(lengths, 0.4, 12) * 24))).astype(int).tolist()


def sheet(ends: Sequence[int]) -> CueSheet:
    """A picture whose shots end there, as one storyboard."""
    hits = (Hit(0, "storyboard", "", 1.0), *(Hit(frame, "cut", "", 0.5) for frame in ends[:-1]))
    return CueSheet("made", FILM, ends[-1], storyboards=(Storyboard("all", 0, ends[-1], 120.0),), hits=hits)


def seconds(ends: Sequence[int]) -> NDArray[np.float64]:
    """When the cuts are."""
    return np.array(ends[:-1]) / 24


def recall(beats: Sequence[float] | NDArray[np.float64], cuts: NDArray[np.float64], within: float = 0.1) -> float:
    return float((np.abs(np.asarray(beats)[:, None] - cuts).min(axis=0) <= within).mean())


def tracked(sound: Sound) -> NDArray[np.float64]:
    """librosa's beats, in seconds."""
    import librosa

    resampler = av.AudioResampler(format="flt", layout="mono", rate=22_050)
    mono = np.ascontiguousarray(sound.mean(axis=1, dtype=np.float32)).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(mono, format="flt", layout="mono")
    frame.sample_rate = RATE
    pieces = [out.to_ndarray().reshape(-1) for out in [*resampler.resample(frame), *resampler.resample(None)]]
    return librosa.beat.beat_track(y=np.concatenate(pieces), sr=22_050, units="time")[1]


def clicks(sound: Sound, attacks: Sequence[float] | NDArray[np.float64]) -> int:
    """Broadband spikes of a millisecond or two that stand far above what is around them, away from the attacks."""
    edges = np.abs(np.diff(sound.mean(axis=1), 2))
    each = edges[: len(edges) // 48 * 48].reshape(-1, 48).max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(each, 12, mode="edge"), 25)
    spikes = np.flatnonzero((each > 8 * np.median(around, axis=1)) & (each > 0.003 * each.max())) / 1000
    starts = np.asarray(attacks)
    return int((np.abs(spikes[:, None] - starts).min(axis=1, initial=1.0) > 0.012).sum())


def cents(sound: Sound, hertz: float) -> float:
    """How far the strongest tone near `hertz` is off it."""
    mono = sound.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), 8 * len(mono)))
    frequency = np.fft.rfftfreq(8 * len(mono), 1 / RATE)
    near = np.flatnonzero((frequency > hertz * 0.97) & (frequency < hertz * 1.03))
    return float(1200 * np.log2(frequency[near[spectrum[near].argmax()]] / hertz))


def tones(hertz: Sequence[float], seconds_: float) -> Sound:
    at = np.arange(round(seconds_ * RATE)) / RATE
    mono = sum(np.sin(2 * np.pi * pitch * at) for pitch in hertz) * 0.1
    return np.stack([mono, -0.5 * mono], axis=1).astype(np.float32)
