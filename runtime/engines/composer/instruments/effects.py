"""What marks moments of the picture: impacts, drops, cymbals, and what leads up to them and ends on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .drums import Drum, Hiss, Plate, Skin
from .instrument import Ask
from .kits import ACOUSTIC
from .tone import Line, Pair, balanced, count_of, edges, fall, hiss, ring, seconds_of, spread, swept

SHORTEST = 0.05  # seconds
LET_GO = 0.012  # seconds in which a lead-up ends; they are its last

IMPACT = Drum(
    (
        Skin(130, 43, 0.08, 2.2, 0.8, drive=1.4), Skin(210, 74, 0.05, 0.8, 0.5, drive=0.8),
        Hiss(60, 900, 1.1, 0.5, width=0.9), Hiss(700, 6000, 0.4, 0.45, width=0.9), Hiss(3000, 14_000, 0.05, 0.3),
        Plate(240, 6500, 120, 3.4, 0.3, 0.2),
    )
)  # fmt: skip


def impact(ask: Ask, _: float) -> Pair:
    return IMPACT(ask)


def cymbal(ask: Ask, _: float) -> Pair:
    return ACOUSTIC[49](ask)


def sub_drop(ask: Ask, seconds: float) -> Pair:
    """A deep tone that sinks for as long as the note and a little more."""
    length = max(0.8, seconds) + 0.5
    count = count_of(length, ask.rate)
    time = seconds_of(count, ask.rate)
    hertz = 34 + 62 * np.exp(-time * np.float32(2.6 / length))
    turns = np.cumsum(hertz.astype(np.float64)) / ask.rate
    line = np.sin(2 * np.pi * turns).astype(np.float32) * fall(count, 1.5 * length, ask.rate)
    line = np.tanh((1.2 + 1.2 * ask.strength) * line) + 0.07 * np.sin(6 * np.pi * turns).astype(np.float32) * line
    sound = 0.8 * np.stack([line, line]).astype(np.float32)
    short = count_of(0.05, ask.rate)
    knock = hiss(short, ask.rate, 150, 2500, ask.rng) * fall(short, 0.05, ask.rate)
    sound[:, :short] += np.float32(0.2) * edges(knock, 0.001, 0.02, ask.rate)
    return edges(sound, 0.003, 0.4 * length, ask.rate)


def riser(ask: Ask, seconds: float) -> Pair:
    """Noise and a cluster that climb two octaves, faster and faster, and stop."""
    count = count_of(seconds, ask.rate)
    along = np.linspace(0, 1, 200).astype(np.float32)
    air = swept(count, ask.rate, 300 * 30 ** (along**1.4), 0.55, ask.rng)
    place = np.arange(count, dtype=np.float32) / np.float32(count)
    pulse = 1 - 0.35 * place * (0.5 + 0.5 * np.cos(2 * np.pi * np.cumsum(3 + 13 * place.astype(float) ** 2) / ask.rate))
    sound = air * (0.06 + place**1.6) * pulse.astype(np.float32)
    climb = 2 ** (2.0 * place.astype(np.float64) ** 1.5)
    turns = np.cumsum(climb) / ask.rate
    for root, side in ((110.0, 0.0), (110.8, -0.7), (164.6, 0.6), (220.9, -0.3), (329.0, 0.3)):
        line = _buzz(turns * root, 4 * root, ask.rate) * (0.02 + place**2)
        sound[0] += np.float32(0.22 * np.sqrt(1 - side)) * line
        sound[1] += np.float32(0.22 * np.sqrt(1 + side)) * line
    return edges(sound, min(0.3, 0.3 * seconds), min(LET_GO, 0.2 * seconds), ask.rate)


def reverse(ask: Ask, seconds: float) -> Pair:
    """A cymbal that swells backwards."""
    count = count_of(seconds, ask.rate)
    rings = float(np.clip(1.4 * seconds, 0.3, 9.0))
    at = 420 * 34 ** np.sort(ask.rng.random(160))
    left, right = spread(ask.rng.uniform(0.3, 1, 160) * 0.11, ask.rng.uniform(-0.8, 0.8, 160), ask.rng.random(160))
    height = np.log(at / 420) / np.log(34)
    sound = ring(at, rings * (1 - 0.55 * height), left, right, count, ask.rate)
    sound += 0.4 * hiss(count, ask.rate, 2500, 15_000, ask.rng, 0.9) * fall(count, 0.8 * rings, ask.rate)
    backwards = np.ascontiguousarray(sound[:, ::-1])
    return edges(backwards, min(0.25, 0.4 * seconds), min(LET_GO, 0.2 * seconds), ask.rate)


def whoosh(ask: Ask, seconds: float) -> Pair:
    """Air that rushes past, from one side to the other."""
    count = count_of(seconds, ask.rate)
    along = np.linspace(0, 1, 200).astype(np.float32)
    sound = swept(count, ask.rate, 250 + 2400 * np.sin(np.pi / 2 * along**1.5) ** 2, 0.8, ask.rng, 0.9)
    place = np.arange(count, dtype=np.float32) / np.float32(count)
    sound *= np.where(place < 0.88, (place / 0.88) ** 2.2, 1 - 0.5 * (place - 0.88) / 0.12).astype(np.float32)
    way = np.float32(1 if ask.rng.random() < 0.5 else -1) * (place - 0.5)
    sound[0] *= 1 - way
    sound[1] *= 1 + way
    return edges(sound, min(0.1, 0.3 * seconds), min(0.025, 0.2 * seconds), ask.rate)


def _buzz(turns: np.ndarray, highest: float, rate: int) -> Line:
    """A saw of few partials whose highest fundamental is `highest` Hz."""
    most = max(1, min(7, int(0.3 * rate / highest)))
    phase = (2 * np.pi * (turns - np.floor(turns))).astype(np.float32)
    line = np.zeros(len(turns), np.float32)
    for number in range(1, most + 1):
        line += np.sin(np.float32(number) * phase) * np.float32(number**-1.2)
    return line


@dataclass(frozen=True)
class Effect:
    """What leads up is as long as its note, to the sample; the rest rings out."""

    play: Callable[[Ask, float], Pair]
    leads: bool = False

    def __call__(self, ask: Ask, seconds: float) -> Pair:
        sound = balanced(self.play(ask, max(seconds, SHORTEST)))
        return edges(sound, 0.0, LET_GO / 2, ask.rate) if self.leads else sound


EFFECTS = {
    "impact": Effect(impact),
    "sub_drop": Effect(sub_drop),
    "cymbal": Effect(cymbal),
    "riser": Effect(riser, leads=True),
    "reverse": Effect(reverse, leads=True),
    "whoosh": Effect(whoosh, leads=True),
}
