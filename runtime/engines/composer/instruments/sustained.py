"""Strings, choir, pads, brass, flute, lead: what their tones are made of."""

from __future__ import annotations

import numpy as np

from .crowd import Bowed, Colour
from .instrument import Ask
from .solo import Cycle, Sung
from .tone import Numbers

STRINGS = ((280, 0.5, 0.8), (460, 0.35, 0.9), (1000, 0.4, 0.7), (2600, 0.3, 1.1))  # hertz, octaves wide, how much
AH = ((730, 0.22, 2.2), (1130, 0.18, 1.5), (2600, 0.14, 0.8), (3300, 0.12, 0.6))
OO = ((320, 0.3, 2.0), (800, 0.22, 0.8), (2400, 0.2, 0.12))
BRASS = ((480, 0.6, 0.8), (1250, 0.5, 0.9), (2300, 0.4, 0.5))


def _body(hertz: Numbers, formants: tuple[tuple[float, float, float], ...], floor: float) -> Numbers:
    """What a body or a mouth lets through."""
    total = np.full(hertz.shape, floor)
    for centre, octaves, much in formants:
        total += much * np.exp(-0.5 * (np.log2(hertz / centre) / octaves) ** 2)
    return total


def _beyond(hertz: Numbers, corner: float, order: float) -> Numbers:
    """A filter that closes above `corner` Hz."""
    closed: Numbers = 1 / np.sqrt(1 + (hertz / corner) ** (2 * order))
    return closed


def _parts(dark: Numbers, full: Numbers) -> tuple[Numbers, Numbers]:
    """The dark tone and what is missing to the full one."""
    return dark, np.maximum(full - dark, 0)


def strings(ask: Ask) -> Colour:
    numbers = ask.harmonics(60)
    hertz = numbers * ask.hertz
    raw = numbers**-1.05 * _body(hertz, STRINGS, 0.55)
    dark, bright = _parts(raw * _beyond(hertz, 1400, 1.2), raw * 1.35 * _beyond(hertz, 4200 + 4200 * ask.strength, 1.6))
    return Colour(hertz, dark, bright, cents=13, breath=0.012)


def warm_pad(ask: Ask) -> Colour:
    numbers = np.concatenate([[0.5], ask.harmonics(40)])
    hertz = numbers * ask.hertz
    raw = np.where(numbers < 1, 0.35 * (ask.pitch > 45), np.maximum(numbers, 1) ** -1.1)
    dark, bright = _parts(raw * _beyond(hertz, 600, 1.4), raw * 1.3 * _beyond(hertz, 2100 + 3000 * ask.strength, 1.6))
    return Colour(hertz, dark, bright, cents=17, breath=0.006)


def glass_pad(ask: Ask) -> Colour:
    numbers = np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24], float)
    stretched = numbers * (1 + 0.0004 * numbers)
    sizes = np.array([1, 0.55, 0.3, 0.42, 0.1, 0.22, 0.25, 0.08, 0.14, 0.12, 0.05, 0.06])
    hertz = stretched * ask.hertz
    dark, bright = _parts(sizes * _beyond(hertz, 1500, 1.2), sizes * _beyond(hertz, 6000 + 2500 * ask.strength, 3))
    return Colour(hertz, dark, 1.6 * bright, cents=6, breath=0.03)


def choir(ask: Ask) -> Colour:
    numbers = ask.harmonics(48)
    hertz = numbers * ask.hertz
    dark = numbers**-1.0 * _body(hertz, OO, 0.06)
    bright = numbers**-0.9 * _body(hertz, AH, 0.05) * 1.3 * _beyond(hertz, 4000 + 3000 * ask.strength, 2)
    return Colour(hertz, dark, bright, cents=19, breath=0.03)


def brass(ask: Ask) -> Colour:
    numbers = ask.harmonics(50)
    hertz = numbers * ask.hertz
    raw = numbers**-0.75 * _body(hertz, BRASS, 0.5)
    corner = max(900.0, 2.2 * ask.hertz)
    full = raw * _beyond(hertz, 1600 + 5200 * ask.strength**1.5, 1.8)
    dark, bright = _parts(raw * _beyond(hertz, corner, 1.8), full)
    return Colour(hertz, dark, bright, cents=7, breath=0.004)


def flute(ask: Ask) -> Cycle:
    numbers = ask.harmonics(14)
    hertz = numbers * ask.hertz
    sizes = np.concatenate([[1, 0.42, 0.26, 0.09, 0.06, 0.03], 0.03 * np.arange(1, 9.0) ** -1.2])[: len(numbers)]
    dark = sizes * _beyond(hertz, 1.7 * ask.hertz, 1.3)
    bright = np.maximum(sizes * _beyond(hertz, 5200, 1) - dark, 0) * 1.3
    return Cycle(dark, bright, vibrato=11, breath=0.075, bloom=0.12)


def lead(ask: Ask) -> Cycle:
    numbers = ask.harmonics(80)
    hertz = numbers * ask.hertz
    odd = np.where(numbers % 2 == 1, 1.0, 0.55)
    raw = odd / numbers
    dark, bright = _parts(raw * _beyond(hertz, 1.8 * ask.hertz + 500, 1.5), raw * _beyond(hertz, 7500, 1.5))
    return Cycle(dark, bright, voices=5, cents=13, vibrato=7, bloom=0.09, fades=1.6)


BOWED = {
    "strings": Bowed(strings, attack=0.11, release=0.45, opening=0.5, sway=0.2),
    "warm_pad": Bowed(warm_pad, attack=0.32, release=1.1, opening=2.0, sway=0.35),
    "glass_pad": Bowed(glass_pad, attack=0.22, release=1.3, opening=1.2, sway=0.45, width=1.0),
    "choir": Bowed(choir, attack=0.2, release=0.6, opening=0.9, sway=0.25),
    "brass": Bowed(brass, attack=0.05, release=0.22, opening=0.12, settle=0.6, sway=0.12, width=0.6),
}
SUNG = {
    "flute": Sung(flute, attack=0.045, release=0.14),
    "lead": Sung(lead, attack=0.006, release=0.16, spread=0.7),
}
