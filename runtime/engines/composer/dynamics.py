"""How loud the music is from phrase to phrase: it swells, the more the more goes on, and where storyboards meet one side
is soft: a storyboard steps back before the next one begins; where that is calmer it goes on to the last beat instead, and
the calmer one begins hushed. What hits get is not touched: they are as strong as they were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from .event import Event
from .groove import TIMEKEEPERS, fill_beats
from .scene import Scene
from .style import DRUMS

SWELL = 9.5  # dB that a section may step back at full energy
RISING = 0.12  # of energy: a section in which it rises so much swells by that alone
BACK, BACK_MORE = 7.0, 4.0  # the same before another storyboard, or at the beginning of a calmer one
HELD = 3.0  # dB more where a build-up holds its breath
STEP_BACK = 4.5  # seconds before another storyboard from which on a bar line may start that; and until it ends the hush
GAIN_OF_VELOCITY = 1.5  # an instrument's gain is its velocity to this power
SHARES = {"melody": 0.7, "harmony": 1.0, "bass": 0.8, "drums": 1.0, "effects": 0.0}  # of the dB, by stem
SHAPES = (  # over a section of two phrases: (where, how far back)
    ((0.0, 0.0), (0.22, 0.0), (0.3, 1.0), (0.9, 0.0), (1.0, 0.0)),  # a statement, then softly on and up again
    ((0.0, 0.0), (0.25, 0.3), (0.5, 0.0), (0.53, 1.0), (0.75, 0.8), (1.0, 0.2)),  # an answer like an echo
    ((0.0, 0.2), (0.25, 0.0), (0.5, 0.9), (0.62, 1.0), (1.0, 0.0)),  # a hollow in the middle
)
KEPT = frozenset(DRUMS[name] for name in (*TIMEKEEPERS, "kick", "boom"))  # the drums that go on where it is soft


class Dynamics:
    """How far back, in dB, what starts at a position is."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        phrases = scene.phrases
        bars = scene.grid.bars
        self._sections: list[tuple[float, float, Sequence[tuple[float, float]]]] = []
        self._depths: list[float] = []
        for first in range(0, len(phrases), 2):
            start, end = bars[phrases[first].first], bars[phrases[min(first + 1, len(phrases) - 1)].last - 1]
            shape = SHAPES[int(scene.chance("swell", first // 2).integers(len(SHAPES)))]
            rises = scene.energy(end.last) - scene.energy(start.first)
            self._depths.append(SWELL * min(1.0, max(0.0, 1 - rises / RISING)))
            self._sections.append((float(start.first), float(end.last), shape))
        self.back = _step_back(scene)
        self.hush = _hush(scene)

    def db(self, position: float) -> float:
        scene = self._scene
        if position >= scene.stop and scene.close is not None:
            return 0.0
        energy = scene.energy(position)
        number = next((n for n, each in enumerate(self._sections) if position < each[1]), len(self._sections) - 1)
        start, end, shape = self._sections[number]
        found = self._depths[number] * energy * _between(shape, (position - start) / max(end - start, 1e-9))
        if self.back is not None and position >= self.back:
            way = (position - self.back) / max(scene.grid.beats - self.back, 1e-9)
            held = HELD if scene.role == "build" else 0.0
            found = max(found, (BACK + BACK_MORE * energy + held) * min(1.0, 0.5 + way))
        if scene.calms:
            found *= min(1.0, max(0.0, scene.grid.end - scene.grid.seconds(position)) / STEP_BACK)
        if position < self.hush:
            found = max(found, (BACK + BACK_MORE * energy) * min(1.0, 1.5 - position / self.hush))
        return found

    def soft(self, position: float) -> bool:
        """Whether it is stepped back, or hushed."""
        return position < self.hush or (self.back is not None and position >= self.back)


def shaped(scene: Scene, events: Sequence[Event]) -> list[Event]:
    """The events with the dynamics of their storyboard; where it is soft without the drums that only decorate."""
    dynamics, grid = Dynamics(scene), scene.grid
    last = grid.bars[-1]
    fill = last.last - fill_beats(scene, len(grid.bars) - 1, last)
    found = []
    for event in events:
        note = event.note
        position = grid.position(note.start)
        filling = note.stem == "drums" and position >= fill - 1e-6
        if not filling and dynamics.soft(position) and note.stem == "drums" and note.pitch not in KEPT:
            continue
        by = SHARES[note.stem] * dynamics.db(position)
        if filling:  # it grows out of what is left
            by *= 0.8 * (last.last - position) / (last.last - fill)
        velocity = max(0.05, note.velocity * 10 ** (-by / 20 / GAIN_OF_VELOCITY))
        found.append(replace(event, note=replace(note, velocity=velocity)))
    return found


def _step_back(scene: Scene) -> float | None:
    """The position from which on a storyboard steps back, where another one follows at once that is not calmer."""
    grid = scene.grid
    if scene.after is None or scene.calms:
        return None
    bar = 1.1 * grid.bars[-1].beats * grid.usual
    latest = bar if scene.role == "build" else max(STEP_BACK, bar)  # what builds up holds its breath just once
    lines = [bar.first for bar in grid.bars if bar.first and grid.end - grid.seconds(bar.first) <= latest]
    if not lines or lines[0] < 0.5 * grid.beats:
        lines = [line for line in lines if line >= 0.5 * grid.beats]
    return float(lines[0]) if lines else None


def _hush(scene: Scene) -> float:
    """The position up to which a storyboard is hushed, because the one before was livelier; 0 where it is not."""
    grid = scene.grid
    if not scene.calmer:
        return 0.0
    longest = max(STEP_BACK, 1.1 * grid.bars[0].beats * grid.usual)
    lines = [bar.last for bar in grid.bars if grid.seconds(bar.last) - grid.start <= longest]
    return min(float(max(lines, default=grid.bars[0].last)), 0.5 * grid.beats)


def _between(points: Sequence[tuple[float, float]], at: float) -> float:
    for (left, low), (right, high) in pairwise(points):
        if at < right:
            return low + (high - low) * max(0.0, at - left) / (right - left)
    return points[-1][1]
