"""Piano, electric piano, bell and marimba."""

from __future__ import annotations

import numpy as np

from .instrument import Ask, Struck
from .tone import Line, Pair, band_of, count_of, edges, evened, fall, hiss, ring, seconds_of, spread


def piano(ask: Ask) -> Pair:
    """Stiff strings in threes that a felt hammer strikes: at first they swing together, then against each other."""
    numbers = ask.harmonics(56)
    stiff = 1.2e-4 * 2 ** ((ask.pitch - 60) / 9) if ask.pitch > 50 else 6e-5
    hertz = numbers * ask.hertz * np.sqrt((1 + stiff * numbers**2) / (1 + stiff))
    felt = (700 + 1.3 * ask.hertz) * (0.7 + 3.2 * ask.strength**1.4)
    sizes = (np.abs(np.sin(np.pi * numbers / 7.7)) + 0.12) * numbers**-0.62 / (1 + (hertz / felt) ** 2)
    sizes = evened(hertz, sizes, ask.rate)
    falls = 11.0 * 2 ** ((48 - ask.pitch) / 17) / (1 + 0.07 * numbers + (hertz / 3800) ** 1.5)
    longest = float(min(6.5, 0.95 * falls.max()))
    count = count_of(longest, ask.rate)
    side = np.clip((ask.pitch - 62) / 45, -0.4, 0.4)
    sides = np.clip(side + 0.3 * np.sin(numbers * 1.9 + ask.pitch), -0.8, 0.8) * np.clip(hertz / 300, 0, 1)
    apart = 2 ** (np.array([[-0.45], [0.1], [0.6]]) / 1200)
    shares = np.repeat([0.5, 0.32, 0.24], len(numbers))
    rings = np.concatenate([0.45 * falls, falls, 1.5 * falls])
    turns = np.concatenate([0.0 * numbers, 0.06 * np.sin(numbers), 0.12 * np.cos(3 * numbers)])
    left, right = spread(shares * np.tile(sizes, 3), np.tile(sides, 3), turns)
    sound = ring((hertz * apart).ravel(), rings, left, right, count, ask.rate)
    knock = np.array([0.16, 0.13, 0.08]) * (0.25 + 0.75 * ask.strength)
    sound += ring(np.array([96.0, 168, 290]), np.array([0.16, 0.12, 0.08]), knock, knock, count, ask.rate)
    short = min(count_of(0.05, ask.rate), count)
    noise = edges(hiss(short, ask.rate, 300, 1500 + 5000 * ask.strength, ask.rng), 0.001, 0.045, ask.rate)
    sound[:, :short] += np.float32(0.035 * (0.3 + ask.strength)) * noise
    return edges(sound, 0.0015, 0.3 * longest, ask.rate)


def epiano(ask: Ask) -> Pair:
    """Frequency modulation: a body that a hard blow makes growl, and a tine above it; it sways from side to side."""
    count = count_of(3.2, ask.rate)
    time = seconds_of(count, ask.rate)
    low = np.float32(min(1.0, 600 / ask.hertz))
    index = low * (0.45 + 2.2 * ask.strength**1.3) * (0.3 + 0.7 * fall(count, 1.6, ask.rate))
    rings = 3.4 * 2 ** ((60 - ask.pitch) / 30)
    body = _sine(ask.hertz, time, index * _sine(ask.hertz, time)) * fall(count, rings, ask.rate)
    wide = _sine(ask.hertz * 1.0012, time, 0.6 * index * _sine(ask.hertz * 3, time)) * fall(count, rings, ask.rate)
    tine = np.zeros(count, np.float32)
    for ratio, size in ((14.0, 0.16), (7.0, 0.07)):
        if ask.hertz * ratio < 0.6 * band_of(ask.rate):
            tone = _sine(ask.hertz * ratio, time, 0.4 * low * _sine(ask.hertz, time))
            tine += np.float32(size * (0.2 + ask.strength)) * tone * fall(count, 0.35, ask.rate)
    swaying = 0.16 * np.sin(np.float32(2 * np.pi * 4.6) * time)
    middle = 0.75 * body + 0.35 * wide
    sound = np.stack([middle * (1 + swaying) + 0.8 * tine, middle * (1 - swaying) + tine])
    return edges(sound.astype(np.float32), 0.002, 1.0, ask.rate)


def bell(ask: Ask) -> Pair:
    """Frequency modulation at a ratio that no string has, a strike that fades, a hum that stays."""
    rings = float(np.clip(4.2 * 2 ** ((72 - ask.pitch) / 26), 1.6, 5.0))
    count = count_of(rings, ask.rate)
    time = seconds_of(count, ask.rate)
    # The sidebands stay within the band: the higher the bell, the fewer it has.
    most = max(0.0, (0.85 * band_of(ask.rate) / ask.hertz - 1) / 3.5 - 1.2)
    index = min(0.35 + 1.5 * ask.strength, 0.55 * most) * (0.12 + 0.88 * fall(count, 0.9, ask.rate))
    strike = _sine(ask.hertz, time, index * _sine(ask.hertz * 3.5, time)) * fall(count, 0.75 * rings, ask.rate)
    sides = []
    for apart in (-0.0007, 0.0008):
        hum = _sine(ask.hertz * (1 + apart), time) * fall(count, rings, ask.rate)
        over = _sine(ask.hertz * 2 * (1 - apart), time) * fall(count, 0.5 * rings, ask.rate)
        sides.append(0.6 * strike + 0.5 * hum + 0.22 * over)
    sound = np.stack(sides)
    partials = np.array([5.43, 8.2, 11.1]) * ask.hertz
    sizes = np.array([0.16, 0.1, 0.06]) * (0.2 + ask.strength) * (partials < band_of(ask.rate))
    left, right = spread(sizes, np.array([-0.5, 0.5, 0.1]), 0.1)
    sound += ring(partials, [0.5, 0.3, 0.2], left, right, count, ask.rate)
    return edges(sound.astype(np.float32), 0.0015, 0.5 * rings, ask.rate)


def marimba(ask: Ask) -> Pair:
    """A wooden bar over its tube: the tuned fourth and tenth partial fall quickly, the mallet is heard."""
    ratios = np.array([1, 1.002, 3.99, 9.6, 16.2, 2.0])
    hertz = ratios * ask.hertz
    hard = 0.35 + 0.9 * ask.strength
    sizes = evened(hertz, np.array([0.6, 0.4, 0.34 * hard, 0.16 * hard**2, 0.08 * hard**2, 0.05]), ask.rate)
    rings = float(np.clip(1.5 * 2 ** ((60 - ask.pitch) / 20), 0.35, 2.4))
    falls = rings * np.array([1, 0.8, 0.35, 0.14, 0.08, 0.5])
    count = count_of(1.05 * rings, ask.rate)
    left, right = spread(sizes, np.array([-0.3, 0.3, 0.4, -0.5, 0.5, 0]), [0, 0.02, 0.1, 0.2, 0.3, 0])
    sound = ring(hertz, falls, left, right, count, ask.rate)
    short = min(count_of(0.02, ask.rate), count)
    noise = edges(hiss(short, ask.rate, 250, 1200 + 3000 * ask.strength, ask.rng), 0.001, 0.018, ask.rate)
    sound[:, :short] += np.float32(0.07 * hard) * noise
    return edges(sound, 0.0012, 0.3 * rings, ask.rate)


def _sine(hertz: float, time: Line, more: Line | None = None) -> Line:
    """A sine, its phase moved by `more` radians. The turns are counted in double precision."""
    turns = time.astype(np.float64) * hertz
    phase = ((turns - np.floor(turns)) * (2 * np.pi)).astype(np.float32)
    line: Line = np.sin(phase if more is None else phase + more)
    return line


KEYS = {
    "piano": Struck(piano, damp=0.25),
    "epiano": Struck(epiano, damp=0.3),
    "bell": Struck(bell),
    "marimba": Struck(marimba),
}
