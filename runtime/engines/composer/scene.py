"""One storyboard as its writers need it: its time, key, style, energy, and chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from ...cues.sheet import Hit, Role
from ..engine import Note
from .event import Event
from .grid import Grid
from .keys import Key
from .style import Style

PHRASE = 4  # bars
LONGEST = 12.0  # seconds that any note may sound
CALMER = 0.08  # of energy: by so much less, a storyboard is a calmer one than the one before


@dataclass(frozen=True)
class Phrase:
    """Bars [first, last). An answer ends what a question left open; two phrases are a section."""

    first: int
    last: int
    number: int

    @property
    def answer(self) -> bool:
        return self.number % 2 == 1

    @property
    def section(self) -> int:
        return self.number // 2


@dataclass(frozen=True)
class Scene:
    """`after` is the key of the storyboard that follows at once, `lift` how much the energy rises into it; `came` is how
    much it rose into this one, where another led here. `close` is where the piece's last chord starts, in its last
    storyboard; `token` is where its chance comes from.
    """

    name: str
    role: Role
    style: Style
    grid: Grid
    key: Key
    density: float
    hits: tuple[Hit, ...]
    level: Callable[[float], float]
    token: tuple[int, ...]
    after: Key | None
    lift: float
    came: float = 0.0
    close: float | None = None

    def chance(self, part: str, number: int = 0) -> np.random.Generator:
        """Chance for one part of the music alone: no other part changes with it."""
        return np.random.default_rng([*self.token, crc32(part.encode()), number])

    def energy(self, position: float) -> float:
        """How much goes on, from 0 to 1."""
        return self.level(self.grid.seconds(position))

    def busy(self, position: float) -> float:
        """How much is played, from 0 to 1: by energy, by how fast it is cut, by style."""
        return min(1.0, max(0.0, 0.65 * self.energy(position) + 0.35 * self.density + 0.3 * self.style.density))

    def plays(self, layer: str, position: float) -> bool:
        return self.energy(position) >= self.style.layers[layer]

    @property
    def calmer(self) -> bool:
        """Whether it follows a livelier storyboard at once."""
        return self.came <= -CALMER

    @property
    def calms(self) -> bool:
        """Whether a calmer storyboard follows at once."""
        return self.after is not None and self.lift <= -CALMER

    @property
    def stop(self) -> float:
        """The position at which nothing but the last chord sounds any more."""
        return float(self.grid.beats) if self.close is None else self.close

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Phrases of four bars; what is left over at the end is a phrase, or a single bar more of the last."""
        count = max(1, sum(bar.first < self.stop for bar in self.grid.bars))
        edges = list(range(0, count, PHRASE))
        if len(edges) > 1 and count - edges[-1] < 2:
            edges.pop()
        lasts = [*edges[1:], count]
        return tuple(Phrase(first, last, n) for n, (first, last) in enumerate(zip(edges, lasts, strict=True)))

    def event(
        self,
        stem: str,
        voice: str,
        position: float,
        until: float,
        pitch: int,
        velocity: float,
        pan: float = 0.0,
    ) -> Event:
        seconds = min(LONGEST, self.grid.lasting(position, until))
        start = self.grid.seconds(position)
        loud = min(1.0, max(0.05, velocity))
        return Event(Note(stem, start, seconds, pitch, loud), voice, position == int(position), pan)


def lively(rng: np.random.Generator, velocity: float, by: float = 0.08) -> float:
    return velocity * (1 - by * float(rng.random()))
