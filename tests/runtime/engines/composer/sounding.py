"""What the tests of sound share: events to play, and what one hears of a sound."""

from fractions import Fraction
from itertools import pairwise

import numpy as np

from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.composer.event import Event
from hitpoint.runtime.engines.engine import Note
from hitpoint.runtime.rate import Rate

RATE = 48_000

# What each pitched instrument is written for: the lowest, a middle and the highest pitch.
RANGES = {
    "strings": (36, 60, 91), "warm_pad": (36, 60, 84), "glass_pad": (48, 60, 90), "choir": (45, 60, 84),
    "piano": (24, 60, 100), "epiano": (36, 60, 90), "bell": (60, 79, 96), "pluck": (45, 69, 90),
    "guitar": (40, 60, 84), "harp": (36, 67, 96), "lead": (48, 67, 90), "flute": (60, 74, 96),
    "brass": (40, 58, 77), "marimba": (45, 67, 96), "arp": (36, 67, 90), "sub": (24, 36, 48),
    "upright": (28, 40, 55), "synth_bass": (24, 36, 60),
}  # fmt: skip
STRUCK = (
    "piano",
    "epiano",
    "bell",
    "pluck",
    "guitar",
    "harp",
    "marimba",
    "arp",
    "upright",
    "sub",
    "synth_bass",
    "lead",
)
DRUMS = (*range(35, 60), 70, 75, 76, 81)


def event(voice, pitch=60, velocity=0.7, seconds=0.8, start=1.0, stem="melody", pan=0.0):
    return Event(Note(stem, start, seconds, pitch, velocity), voice, True, pan)


def weighted(sound):
    """As the ear hears it, roughly: BS.1770's weighting. (n, 2) -> (n, 2)."""
    size = 1 << (len(sound) + 4800).bit_length()
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1)
    weight = 1 / (1 + (60 / hertz) ** 2) * (1 + (10 ** (4 / 20) - 1) / (1 + (1500 / hertz) ** 4))
    return np.fft.irfft(np.fft.rfft(sound.astype(float), size, axis=0) * weight[:, None], size, axis=0)[: len(sound)]


def loudness(sound, window=0.4):
    """The loudest stretch of so many seconds, in LUFS or nearly."""
    power = (weighted(sound) ** 2).sum(axis=1)
    span = int(window * RATE)
    sums = np.concatenate([[0.0], np.cumsum(np.pad(power, (0, max(0, span - len(power)))))])
    return -0.691 + 10 * np.log10((sums[span:] - sums[:-span]).max() / span + 1e-15)


def above(sound, hertz):
    """The part of the energy above a frequency, in dB."""
    power = np.abs(np.fft.rfft(sound.astype(float), axis=0)) ** 2
    at = np.fft.rfftfreq(len(sound), 1 / RATE)
    return 10 * np.log10(power[at > hertz].sum() / max(power.sum(), 1e-30) + 1e-20)


def direct_current(sound):
    """In dB of the largest sample."""
    return 20 * np.log10(np.abs(sound.mean(axis=0)).max() / max(np.abs(sound).max(), 1e-9) + 1e-9)


def cents_off(sound, pitch):
    """How far the sound lies from a pitch: the middle of what is around its first partials."""
    size = 1 << 20
    line = sound.mean(axis=1)
    power = np.abs(np.fft.rfft(line * np.hanning(len(line)), size)) ** 2
    found, weights = [], []
    for number in (1, 2, 3, 4):
        hertz = number * 440 * 2 ** ((pitch - 69) / 12)
        bins = np.arange(int(hertz * 2 ** (-35 / 1200) * size / RATE), int(hertz * 2 ** (35 / 1200) * size / RATE) + 2)
        if bins[-1] < size // 2 and number * hertz < 8000:
            found.append(1200 * np.log2((bins * power[bins]).sum() / power[bins].sum() * RATE / size / hertz))
            weights.append(power[bins].sum())
    return np.average(found, weights=weights)


def rise(sound, part=0.5):
    """Seconds until the sound first reaches a part of the highest level of its first tenth of a second."""
    level = np.abs(sound[: RATE // 10]).max(axis=1)
    return np.argmax(level >= part * level.max()) / RATE


def a_sheet(seconds=8.0, boards=2, tempo=120.0, rate=24, start=0):
    edges = [start + round(number * (seconds * rate - start) / boards) for number in range(boards + 1)]
    storyboards = tuple(Storyboard(f"S{number}", a, b, tempo) for number, (a, b) in enumerate(pairwise(edges)))
    return CueSheet("film", Rate(Fraction(rate)), edges[-1], storyboards=storyboards)


def a_piece(seconds=8.0, tempo=120.0, seed=0):
    """Four chords again and again, with bass, drums, an arpeggio, a tune and effects."""
    rng = np.random.default_rng(seed)
    beat = 60 / tempo
    chords = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))
    made = []
    for index in range(int(seconds / beat)):
        at, chord = index * beat, chords[index // 4 % 4]
        if index % 4 == 0:
            made += [
                event("strings", pitch, 0.5, 4 * beat, at, "harmony", pan)
                for pitch, pan in zip(chord, (-0.4, 0, 0.4), strict=True)
            ]
        if index % 8 == 0:
            made += [
                event("impact", 35, 0.7, 1.0, at, "effects"),
                event("riser", 60, 0.6, 2 * beat, at + 6 * beat, "effects"),
            ]
        made += [event("synth_bass", chord[0] - 24, 0.7, 0.4 * beat, at + part * beat / 2, "bass") for part in (0, 1)]
        made += [
            event("harp", chord[part % 3] + 12, 0.5, beat / 4, at + part * beat / 4, "harmony") for part in range(4)
        ]
        made += [event("kit_acoustic", 36 if index % 2 == 0 else 38, 0.8, 0.1, at, "drums")]
        made += [event("kit_acoustic", 42, 0.5, 0.1, at + part * beat / 2, "drums") for part in (0, 1)]
        if rng.random() < 0.7:
            made.append(event("piano", chord[int(rng.integers(3))] + 12, 0.7, beat, at, "melody", 0.2))
    return sorted(made, key=lambda each: each.note.start)


def joined(blocks):
    """By stem all samples of blocks."""
    pieces = [block.stems for block in blocks]
    return {stem: np.concatenate([piece[stem] for piece in pieces]) for stem in pieces[0]}
