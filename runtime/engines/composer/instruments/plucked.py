"""Strings that are plucked, and what sounds like them: guitar, harp, pluck, arp, the upright bass.

A string with a loop filter (Karplus and Strong) is a sum of partials, each with the fall that the filter gives it; its
colour comes from where and how hard it is plucked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .instrument import Ask, Struck
from .tone import Numbers, Pair, count_of, edges, evened, hiss, ring, spread


@dataclass(frozen=True)
class String:
    """`falls` seconds to -60 dB of middle C's fundamental, `damping` how much sooner the treble falls, `place` where
    it is plucked as a part of its length, `soft` and `hard` how steeply the partials fall, `stiff` how sharp they lie.
    """

    falls: float
    damping: float
    place: float
    soft: float
    hard: float
    stiff: float = 3e-5
    seconds: float = 4.0
    nail: float = 0.05  # the noise of the finger
    wood: tuple[tuple[float, float, float], ...] = ()  # the body's own tones: hertz, fall, size
    width: float = 0.35
    beats: float = 0.0  # how far its two planes of swinging lie apart, in cents
    rise: float = 0.0012

    def __call__(self, ask: Ask) -> Pair:
        numbers = ask.harmonics(64)
        hertz = numbers * ask.hertz * np.sqrt(1 + self.stiff * numbers**2)
        slope = self.soft + (self.hard - self.soft) * ask.strength
        shape = np.abs(np.sin(np.pi * numbers * self.place)) + 0.04
        sizes = evened(hertz, shape * numbers**-slope, ask.rate)
        falls = self.loop(ask, hertz)
        longest = min(self.seconds, 1.05 * float(falls.max()))
        count = count_of(longest, ask.rate)
        sides = self.width * np.sin(numbers * 2.4 + ask.pitch * 1.7) * np.clip(hertz / 400, 0, 1)
        apart = self.beats * hertz / 1731
        at = np.concatenate([hertz - apart / 3, hertz + 2 * apart / 3])
        both = np.concatenate([0.68 * sizes, 0.32 * sizes])
        turns = np.concatenate([0.3 * np.sin(2.1 * numbers), 0.3 * np.sin(2.1 * numbers) + 0.11 * np.sin(numbers)])
        left, right = spread(both, np.concatenate([sides, -sides]), turns)
        sound = ring(at, np.concatenate([0.8 * falls, 1.3 * falls]), left, right, count, ask.rate)
        if self.wood:
            tones, rings, much = (np.array(each) for each in zip(*self.wood, strict=True))
            size = 0.35 * much * (0.5 + 0.5 * ask.strength)
            sound += ring(tones, rings, size, size, count, ask.rate)
        if self.nail:
            short = min(count_of(0.03, ask.rate), count)
            noise = edges(hiss(short, ask.rate, 900, 3500 + 5000 * ask.strength, ask.rng), 0.001, 0.025, ask.rate)
            sound[:, :short] += np.float32(self.nail * (0.3 + 0.9 * ask.strength)) * noise
        return edges(sound, self.rise, 0.3 * longest, ask.rate)

    def loop(self, ask: Ask, hertz: Numbers) -> Numbers:
        """Seconds to -60 dB of each partial: low strings ring longer, and the loop's filter takes the treble."""
        ground = self.falls * 2 ** ((60 - ask.pitch) / 24)
        falls: Numbers = ground / (1 + self.damping * (hertz / 1000) ** 1.3 + 0.02 * self.damping * hertz / ask.hertz)
        return np.maximum(falls, 0.02)


def arp(ask: Ask) -> Pair:
    """A synthesiser's short note: two saws a little apart, behind a filter that closes."""
    numbers = ask.harmonics(70)
    hertz = numbers * ask.hertz
    sizes = evened(hertz, numbers**-1.0 / np.sqrt(1 + (hertz / (2500 + 7000 * ask.strength)) ** 4), ask.rate)
    falls = 1.9 / (1 + (hertz / (500 + 900 * ask.strength)) ** 1.15)
    count = count_of(1.6, ask.rate)
    apart = 1 + np.array([[-1], [0.0], [1]]) * 0.0042
    sides = np.repeat([-0.7, 0.0, 0.7], len(numbers))
    turns = np.repeat([0.1, 0.0, 0.47], len(numbers)) * np.tile(numbers, 3)
    left, right = spread(np.tile(sizes, 3) * 0.58, sides * np.clip(np.tile(hertz, 3) / 300, 0, 1), turns)
    sound = ring((hertz * apart).ravel(), np.tile(falls, 3), left, right, count, ask.rate)
    return edges(sound, 0.002, 0.4, ask.rate)


GUITAR = String(
    3.6, 0.55, 0.17, 1.5, 0.85, seconds=3.5, nail=0.1, beats=1.6,
    wood=((104, 0.25, 0.9), (208, 0.2, 0.7), (395, 0.12, 0.4)),
)  # fmt: skip
HARP = String(4.5, 0.65, 0.38, 1.6, 0.9, seconds=4.0, nail=0.03, beats=1.0, width=0.45)
PLUCK = String(1.9, 0.35, 0.11, 1.4, 0.75, seconds=2.2, nail=0.06, beats=2.5, width=0.5, wood=((310, 0.09, 0.35),))
UPRIGHT = String(
    2.1, 2.6, 0.24, 1.35, 0.8, seconds=2.6, nail=0.05, width=0.0, beats=1.0, rise=0.003,
    wood=((68, 0.3, 0.5), (112, 0.22, 0.5), (190, 0.15, 0.3)),
)  # fmt: skip

PLUCKED = {
    "guitar": Struck(GUITAR, damp=0.22),
    "harp": Struck(HARP, damp=1.4),
    "pluck": Struck(PLUCK, damp=0.5),
    "arp": Struck(arp, damp=0.18),
    "upright": Struck(UPRIGHT, damp=0.1),
}
