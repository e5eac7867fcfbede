"""What drums are layered from, and the layers of one stroke."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .instrument import Ask
from .tone import Pair, balanced, count_of, edges, fall, hiss, ring, seconds_of, spread


class Layer(Protocol):
    def __call__(self, ask: Ask) -> Pair: ...


@dataclass(frozen=True)
class Skin:
    """A tone that falls from `high` to `low` Hz within about `bend` seconds and by 60 dB in `falls`."""

    high: float
    low: float
    bend: float
    falls: float
    level: float
    drive: float = 0.0  # how much it is overdriven

    def __call__(self, ask: Ask) -> Pair:
        count = count_of(min(1.05 * self.falls, 4.0), ask.rate)
        time = seconds_of(count, ask.rate)
        tuned = 1 + 0.012 * float(ask.rng.standard_normal())
        deep = (self.high - self.low) * (0.7 + 0.5 * ask.strength)
        turns = self.low * time + deep * self.bend * (1 - np.exp(-time / np.float32(self.bend)))
        line = np.sin(np.float32(2 * np.pi * tuned) * turns) * fall(count, self.falls, ask.rate)
        if self.drive:
            more = np.float32(1 + self.drive * ask.strength)
            line = np.tanh(more * line) / np.tanh(more)
        return edges(np.float32(self.level) * np.stack([line, line]).astype(np.float32), 0.001, 0.1, ask.rate)


@dataclass(frozen=True)
class Hiss:
    """Noise from `low` to `high` Hz; hard strokes have more of it, and higher."""

    low: float
    high: float
    falls: float
    level: float
    rise: float = 0.0006
    width: float = 0.5
    bursts: int = 1  # hands that clap, 11 ms apart
    late: float = 0.0

    def __call__(self, ask: Ask) -> Pair:
        apart, start = 0.011, count_of(self.late, ask.rate) if self.late else 0
        length = min(1.05 * self.falls, 5.0) + self.rise
        count = count_of(length, ask.rate)
        sound = np.zeros((2, start + count + count_of(apart * (self.bursts - 1), ask.rate)), np.float32)
        high = self.high * (0.55 + 0.45 * ask.strength)
        noise = hiss(count, ask.rate, self.low, high, ask.rng, self.width) * fall(count, self.falls, ask.rate)
        edges(noise, self.rise, 0.25 * length, ask.rate)
        for burst in range(self.bursts):
            last = burst == self.bursts - 1
            first = start + count_of(apart * burst, ask.rate) * (burst > 0)
            much = count if last else min(count_of(0.02, ask.rate), count)
            piece = noise if last else edges(noise[:, :much].copy(), 0.0006, 0.015, ask.rate)
            sound[:, first : first + much] += piece
        return np.float32(self.level * (0.35 + 0.65 * ask.strength)) * sound


@dataclass(frozen=True)
class Plate:
    """Metal: `count` tones between `low` and `high` Hz; those below fall in `falls` seconds, the highest sooner."""

    low: float
    high: float
    count: int
    falls: float
    level: float
    sooner: float = 0.3  # the part of `falls` that the highest tones have
    rise: float = 0.0008
    hard: bool = True  # whether hard strokes are brighter

    def __call__(self, ask: Ask) -> Pair:
        at = self.low * (self.high / self.low) ** np.sort(ask.rng.random(self.count))
        height = np.log(at / self.low) / np.log(self.high / self.low)
        falls = self.falls * (1 - (1 - self.sooner) * height) * ask.rng.uniform(0.7, 1.1, self.count)
        slope = 0.9 * (1 - ask.strength) if self.hard else 0.0
        sizes = ask.rng.uniform(0.3, 1, self.count) * np.exp(-slope * 2.5 * height) * (2 / self.count) ** 0.5
        left, right = spread(sizes, ask.rng.uniform(-0.7, 0.7, self.count), ask.rng.random(self.count))
        sound = ring(at, falls, left, right, count_of(min(self.falls, 5.0), ask.rate), ask.rate)
        return edges(np.float32(self.level * (0.4 + 0.6 * ask.strength)) * sound, self.rise, 0.3 * self.falls, ask.rate)


@dataclass(frozen=True)
class Bars:
    """A few tuned tones: rims, blocks, the shell of a drum. Hertz, falls, sizes."""

    tones: tuple[tuple[float, float, float], ...]
    level: float = 1.0

    def __call__(self, ask: Ask) -> Pair:
        hertz, falls, sizes = (np.array(each) for each in zip(*self.tones, strict=True))
        tuned = 1 + 0.006 * ask.rng.standard_normal(len(hertz))
        left, right = spread(sizes * self.level, 0.2 * np.sin(hertz), 0.0)
        count = count_of(1.05 * float(falls.max()), ask.rate)
        return edges(
            ring(hertz * tuned, falls, left, right, count, ask.rate), 0.0008, 0.3 * float(falls.max()), ask.rate
        )


@dataclass(frozen=True)
class Drum:
    """Layers that are struck together. `pan` from -1 to 1; `top` Hz above which nothing is left of an old sampler's."""

    layers: tuple[Layer, ...]
    pan: float = 0.0
    level: float = 1.0
    top: float = 0.0

    def __call__(self, ask: Ask) -> Pair:
        sounds = [layer(ask) for layer in self.layers]
        total = np.zeros((2, max(sound.shape[1] for sound in sounds)), np.float32)
        for sound in sounds:
            total[:, : sound.shape[1]] += sound
        if self.top:
            total = _below(total, self.top, ask.rate)
        total[0] *= np.float32(self.level * min(1.0, 1 - self.pan))
        total[1] *= np.float32(self.level * min(1.0, 1 + self.pan))
        return balanced(total)


def _below(sound: Pair, hertz: float, rate: int) -> Pair:
    """Dull and a little crushed, as from a sampler of the eighties; in on its first sample."""
    count = sound.shape[1]
    size = 1 << (count + 512).bit_length()
    at = np.fft.rfftfreq(size, 1 / rate)
    shut = 1 / (1 + 1j * at / hertz) ** 3 / (1 + (at / 13_000) ** 12)
    pressed = np.tanh(1.5 * sound) / np.float32(1.5)
    low = np.fft.irfft(np.fft.rfft(pressed, size) * shut, size)[:, :count].astype(np.float32)
    return edges(low, 0.0002, min(0.05, 0.2 * count / rate), rate)
