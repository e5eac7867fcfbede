"""The synthesised basses: the same on both sides."""

from __future__ import annotations

import numpy as np

from .instrument import Ask
from .solo import Cycle, Sung


def sub(ask: Ask) -> Cycle:
    """Round and deep, with as much above it as small loudspeakers need."""
    numbers = ask.harmonics(10)
    dark = np.where(numbers == 1, 1.0, 0.42 * (numbers / 2) ** -1.5)
    bright = np.where(numbers == 1, 0.0, 0.55 * (numbers / 2) ** -1.2)
    return Cycle(dark, bright, bloom=0.004, fades=0.9)


def synth_bass(ask: Ask) -> Cycle:
    """A saw and a square behind a filter that snaps open and closes."""
    numbers = ask.harmonics(110)
    hertz = numbers * ask.hertz
    raw = np.where(numbers % 2 == 1, 1.0, 0.7) / numbers
    dark = raw / np.sqrt(1 + (hertz / (2.5 * ask.hertz + 80)) ** 4)
    full = raw / np.sqrt(1 + (hertz / (900 + 3600 * ask.strength)) ** 4)
    return Cycle(dark, 1.3 * np.maximum(full - dark, 0), voices=3, cents=9, bloom=0.004, fades=0.75)


BASSES = {
    "sub": Sung(sub, attack=0.004, release=0.09),
    "synth_bass": Sung(synth_bass, attack=0.003, release=0.07),
}
