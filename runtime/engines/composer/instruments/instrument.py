"""What every instrument is: asked for a pitch and a strength, it makes the sound that its notes share, and the notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .tone import Numbers, Pair, balanced, band_of, count_of, hertz_of, ramp


@dataclass(frozen=True)
class Ask:
    """A pitch to sound with a strength from 0 to 1, which is its colour, at a sample rate."""

    pitch: float
    strength: float
    rate: int
    rng: np.random.Generator

    @property
    def hertz(self) -> float:
        return hertz_of(self.pitch)

    def harmonics(self, most: int) -> Numbers:
        """The numbers of those within the band."""
        return np.arange(1, max(1, min(most, int(band_of(self.rate) / self.hertz))) + 1, dtype=float)


class Instrument(Protocol):
    """`body` is what all notes of one pitch and strength share, `note` one of them with its tail, both (2, n)."""

    def body(self, ask: Ask) -> Pair: ...

    def note(self, ask: Ask, body: Pair, seconds: float) -> Pair: ...


@dataclass(frozen=True)
class Struck:
    """`strike` makes the whole sound; `damp` is how long it rings on after the note's end, None: as long as it does."""

    strike: Callable[[Ask], Pair]
    damp: float | None = None

    def body(self, ask: Ask) -> Pair:
        return balanced(self.strike(ask))

    def note(self, ask: Ask, body: Pair, seconds: float) -> Pair:
        if self.damp is None:
            return body
        down = count_of(self.damp, ask.rate)
        hold = max(count_of(seconds, ask.rate), down // 4)
        if hold + down >= body.shape[1]:
            return body
        sound = body[:, : hold + down].copy()
        sound[:, hold:] *= ramp(down)[::-1] ** 2
        return balanced(sound)


def going_round(loop: Pair, first: int, count: int) -> Pair:
    """`count` samples of a loop from `first` on."""
    size = loop.shape[1]
    first %= size
    pieces = [loop[:, first : first + count]]
    left = count - pieces[0].shape[1]
    while left > 0:
        pieces.append(loop[:, : min(left, size)])
        left -= pieces[-1].shape[1]
    return np.concatenate(pieces, axis=1)


def speaking(sound: Pair, attack: float, rate: int) -> None:
    """How a sustained tone starts: something is there at once, the rest follows. Changes `sound`."""
    slow = min(count_of(attack, rate), sound.shape[1])
    quick = min(count_of(min(attack, 0.025), rate), slow)
    shape = 0.35 + 0.65 * ramp(slow)
    shape[:quick] -= 0.35 * (1 - ramp(quick))
    sound[:, :slow] *= shape
