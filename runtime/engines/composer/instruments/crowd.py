"""Many players together: strings, choirs, pads, brass. Loops in which the players nearly agree, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .instrument import Ask, going_round, speaking
from .tone import Line, Numbers, Pair, band_of, count_of, evened, joined, phasors, ramp

SLOWLY = 128  # samples between two values of what moves slowly
LOOP = 131_072  # samples of a loop at 48 kHz, 2.7 seconds


@dataclass(frozen=True)
class Colour:
    """A section's harmonics: sizes when dark and what is added when bright, and how wide each lies in cents."""

    hertz: Numbers
    dark: Numbers
    bright: Numbers
    cents: float
    breath: float = 0.0  # noise between the harmonics


@dataclass(frozen=True)
class Bowed:
    """Many players together. `opening` seconds until it is bright, `sway` how much it moves, `width` between sides."""

    colour: Callable[[Ask], Colour]
    attack: float
    release: float
    opening: float = 0.5
    settle: float = 1.0  # how bright it stays, of how bright it gets
    sway: float = 0.2
    width: float = 0.8

    def body(self, ask: Ask) -> Pair:
        """Two loops of two sides: dark, and what makes it bright."""
        colour = self.colour(ask)
        size = loop_size(ask.hertz, ask.rate)
        scale = evened(colour.hertz, colour.dark + 0.7 * colour.bright, ask.rate).sum()
        scale /= max(float(np.sum((colour.dark + 0.7 * colour.bright) * (colour.hertz < band_of(ask.rate)))), 1e-9)
        return _crowds(ask, colour, np.stack([colour.dark, colour.bright]) * scale, size, self.width)

    def note(self, ask: Ask, body: Pair, seconds: float) -> Pair:
        rate = ask.rate
        hold = count_of(seconds, rate)
        count = hold + count_of(self.release, rate)
        first = int(ask.rng.integers(body.shape[1]))
        sound, bright = going_round(body[:2], first, count), going_round(body[2:], first, count)
        # Soft players take their time, but a short note must speak too.
        attack = min(self.attack * (1.4 - 0.8 * ask.strength), 0.4 * seconds + 0.01)
        bright *= self._brightness(ask, count, attack)
        sound += bright
        speaking(sound, attack, rate)
        down = ramp(count - hold)[::-1]
        sound[:, hold:] *= down * down
        return sound

    def _brightness(self, ask: Ask, count: int, attack: float) -> Line:
        """What opens after the attack, settles, and then goes slowly up and down. Computed now and then, and joined."""
        time = np.arange(count // SLOWLY + 2) * (SLOWLY / ask.rate)
        opened = 1 - np.exp(-(time + 0.3 * attack) / max(self.opening * 0.4, 1e-3))
        settled = self.settle + (1 - self.settle) * np.exp(-2.2 * time)
        turn = 2 * np.pi * ask.rng.uniform(0.16, 0.24)
        swaying = 1 + self.sway * np.sin(time * turn + ask.rng.uniform(0, 6.28))
        shape = (0.25 + 0.75 * ask.strength) * opened * settled * swaying
        return joined(shape, SLOWLY)[:count]


def loop_size(hertz: float, rate: int) -> int:
    """A length near the loop's with a fast transform, in which the tone goes round nearly whole."""
    about = LOOP * rate // 48_000
    found = np.array([size for size in _SMOOTH if 0.8 * about <= size <= 1.1 * about])
    off = found * hertz / rate
    return int(found[np.argmin(np.abs(off - np.round(off)) / found)])


_SMOOTH = tuple(
    sorted(
        2**a * 3**b * 5**c * 7**d
        for a in range(4, 18)
        for b in range(5)
        for c in range(4)
        for d in range(3)
        if 40_000 < 2**a * 3**b * 5**c * 7**d < 150_000
    )
)


def _crowds(ask: Ask, colour: Colour, sizes: Numbers, size: int, width: float) -> Pair:
    """Loops in which every harmonic is a line and a hill of random phases around it: many who nearly agree.

    For each row of `sizes` two of them, left and right; the breath is in the last row's.
    """
    step, top = ask.rate / size, band_of(ask.rate)
    power = np.zeros((len(sizes), size // 2 + 1), np.float32)
    lines = []
    for hertz, amounts in zip(colour.hertz, sizes.T, strict=True):
        if amounts.max() < 1e-5 or hertz >= 0.97 * top:
            continue
        narrow = max(hertz * (2 ** (colour.cents / 1200) - 1), 0.35)
        reach = int(3 * narrow / step) + 1
        centre = round(hertz / step)
        first, last = max(1, centre - reach), min(centre + reach + 1, int(top / step))
        hill = np.exp(-(((np.arange(first, last) * step - hertz) / narrow) ** 2)).astype(np.float32)
        power[:, first:last] += hill * (0.36 * amounts**2 / hill.sum()).astype(np.float32)[:, None]
        lines.append((centre, 0.8 * amounts * np.exp(2j * np.pi * ask.rng.random())))
    if colour.breath:
        at = np.maximum(np.arange(size // 2 + 1) * step, 1)
        band = 1 / (1 + (1500 / at) ** 8) / (1 + (at / 6500) ** 8) * (at < top)
        power[-1] += band * (colour.breath**2 / np.sum(band))
    # The same players play dark and bright, so both rows share their chance.
    spectra = np.sqrt(power)[:, None] * phasors(ask.rng, (2, size // 2 + 1))
    for centre, amounts in lines:
        spectra[:, 0, centre] += amounts
    wide = np.float32(0.8 * width * min(1.0, ask.hertz / 180))
    spectra[:, 1] *= wide
    middle, side = np.fft.irfft(spectra, size).astype(np.float32).transpose(1, 0, 2) * np.float32(size / 2)
    return np.stack([middle + side, middle - side], axis=1).reshape(2 * len(sizes), size)
