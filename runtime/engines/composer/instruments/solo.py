"""One player whose tone bends: two waves that are read together, with vibrato, breath and friends in unison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .instrument import Ask, going_round, speaking
from .tone import Line, Numbers, Pair, balanced, band_of, coloured, count_of, evened, ramp, seconds_of

TABLE = 2048


@dataclass(frozen=True)
class Cycle:
    """One voice: its waves when soft and when strong, how many sing it how many cents apart, and its vibrato."""

    dark: Numbers
    bright: Numbers
    voices: int = 1
    cents: float = 0.0
    vibrato: float = 0.0  # cents
    breath: float = 0.0
    bloom: float = 0.05  # seconds until it is bright
    fades: float = 0.0  # seconds in which brightness falls again by 60 dB, 0: it stays


@dataclass(frozen=True)
class Sung:
    """One player whose tone bends. `spread` places its voices between left and right."""

    cycle: Callable[[Ask], Cycle]
    attack: float
    release: float
    spread: float = 0.0

    def body(self, ask: Ask) -> Pair:
        """The two waves, each with its first sample again."""
        cycle = self.cycle(ask)
        numbers = np.arange(1, len(cycle.dark) + 1)
        even = evened(numbers * ask.hertz, cycle.dark + 0.7 * cycle.bright, ask.rate)
        scale = even.sum() / max(float(np.sum((cycle.dark + 0.7 * cycle.bright) * (even > 0))), 1e-9)
        spectra = np.zeros((2, TABLE // 2 + 1), complex)
        for row, sizes in enumerate((cycle.dark, cycle.bright)):
            spectra[row, numbers] = -0.5j * TABLE * scale * np.where(even > 0, sizes, 0)
        waves = np.fft.irfft(spectra, TABLE)
        return np.concatenate([waves, waves[:, :1]], axis=1).astype(np.float32)

    def note(self, ask: Ask, body: Pair, seconds: float) -> Pair:
        cycle, rate = self.cycle(ask), ask.rate
        hold = count_of(seconds, rate)
        count = hold + count_of(self.release, rate)
        time = seconds_of(count, rate)
        bright = np.float32(0.2 + 0.8 * ask.strength) * (1 - np.exp(-time / np.float32(max(cycle.bloom, 1e-3) / 2)))
        if cycle.fades:
            bright *= 0.15 + 0.85 * np.exp(-time * np.float32(6.9 / cycle.fades))
        bend = np.zeros(1)
        if cycle.vibrato:
            turn = 2 * np.pi * ask.rng.uniform(4.9, 5.5)
            depth = cycle.vibrato / 1200 * np.log(2) * np.clip((time - 0.18) / 0.35, 0, 1)
            bend = depth * np.sin(turn * time)
        sound = np.zeros((2, count), np.float32)
        for number in range(cycle.voices):
            place = 2 * number / (cycle.voices - 1) - 1 if cycle.voices > 1 else 0.0
            tone = ask.hertz * 2 ** (place * cycle.cents / 2400)
            phase = 0.0 if place == 0 else 0.5 + 0.31 * place
            line = _wave(body, bright, tone, bend, phase, rate)
            for side, sign in enumerate((-1, 1)):
                sound[side] += np.float32(np.sqrt(1 + sign * place * self.spread)) * line
        sound *= np.float32(cycle.voices**-0.5)
        if cycle.breath:
            blown = going_round(_breath(ask), int(ask.rng.integers(8192)), count)
            sound += blown * (np.float32(cycle.breath) * (0.6 + np.exp(-time / np.float32(0.06))))
        attack = min(self.attack * (1.3 - 0.6 * ask.strength), 0.4 * seconds + 0.004)
        speaking(sound, attack, rate)
        sound[:, hold:] *= ramp(count - hold)[::-1]
        return balanced(sound)


def _breath(ask: Ask) -> Pair:
    """Air that is blown over a tone's edge: around the tone and above it."""
    size = 32_768
    at = np.maximum(np.fft.rfftfreq(size, 1 / ask.rate), 1)
    near = np.exp(-0.5 * (np.log2(at / ask.hertz) / 0.25) ** 2) + 0.5 * np.exp(-0.5 * (np.log2(at / 3200) / 0.7) ** 2)
    return coloured(near * (at < band_of(ask.rate)), size, ask.rng, 0.6)


def _wave(waves: Pair, bright: Line, hertz: float, bend: Numbers, phase: float, rate: int) -> Line:
    """A tone that reads its two waves together, `bright` of the second; `bend` in parts of the tone's height."""
    count = len(bright)
    steps = np.arange(count) if len(bend) == 1 else np.cumsum(1 + bend) - 1
    place = (phase + steps * (hertz / rate)) * TABLE
    whole = place.astype(np.int64)
    part = (place - whole).astype(np.float32)
    whole &= TABLE - 1
    line = np.zeros(count, np.float32)
    for wave, amount in ((waves[0], None), (waves[1], bright)):
        low = wave[whole]
        low += part * (wave[whole + 1] - low)
        line += low if amount is None else amount * low
    return line
