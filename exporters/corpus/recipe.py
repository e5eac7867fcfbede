"""What an edit of the corpus is to be: its rate, storyboards, shots, looks, markers and style, all from one seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...runtime.edit import Marker
from ...runtime.rate import Rate
from .reading import STYLES

Chance = np.random.Generator

# What each of STYLES is at home in: valence, energy.
_HOMES = ((0.0, 0.15), (-0.15, 0.55), (0.2, 0.4), (0.05, 0.75), (0.35, 0.5), (0.1, 0.3), (0.65, 0.7), (-0.5, 0.9))
_AT_HOME, _ANYWHERE = 0.4, 0.12  # how near a mood must be, and the odds of a style that is not at home

RATES = (("24", 4.0), ("24000/1001", 4.0), ("25", 5.0), ("30000/1001", 3.0), ("30", 2.0), ("50", 1.0), ("60", 1.0))
VERSION = 1  # another one where equal seeds give other edits or other pictures
SHORTEST_EDIT, LONGEST_EDIT = 12.0, 60.0  # seconds
SHORTEST_BOARD = 6.0
SHORTEST_SHOT = 0.3
KINDS = ("clouds", "waves", "shapes", "tiles", "hills", "rain", "tunnel", "rooms")
CAMERAS = ("still", "pan", "tilt", "push", "pull", "shake", "turn")


@dataclass(frozen=True)
class Look:
    """What a shot is to look like: `light`, `saturation` and `motion` from 0 to 1, `warmth` from -1 to 1, `contrast`
    from 0 to 1, `bumps`: how often a second its movement surges, 0 for never, and `tint`, from 0 to 1, which of the hues.
    """

    light: float
    contrast: float
    saturation: float
    warmth: float
    motion: float
    bumps: float
    tint: float


@dataclass(frozen=True)
class ShotRecipe:
    """Frames [start, end) of the edit. `roll` numbers the medium it comes from; `seed` draws its details.

    `speed` is seconds of the medium a second of the edit.
    """

    start: int
    end: int
    roll: int
    kind: str
    camera: str
    look: Look
    seed: int
    speed: Fraction = Fraction(1)


@dataclass(frozen=True)
class BoardRecipe:
    """Frames [start, end) of one mood. `black` frames at its end show nothing."""

    start: int
    end: int
    valence: float
    energy: float
    style: str
    shots: tuple[ShotRecipe, ...]
    black: int = 0


@dataclass(frozen=True)
class Recipe:
    """An edit of `frames` frames. `music` is the seed that it is scored with."""

    seed: int
    rate: Rate
    frames: int
    start_frame: int
    drop_frame: bool
    boards: tuple[BoardRecipe, ...]
    markers: tuple[Marker, ...]
    music: int

    @property
    def seconds(self) -> float:
        return float(self.rate.seconds(self.frames))

    @property
    def shots(self) -> tuple[ShotRecipe, ...]:
        return tuple(shot for board in self.boards for shot in board.shots)


def recipe(seed: int) -> Recipe:
    """The edit of a seed, the same everywhere and always."""
    chance = np.random.Generator(np.random.PCG64([seed, 6]))
    names, odds = zip(*RATES, strict=True)
    rate = Rate.of(str(chance.choice(names, p=np.array(odds) / sum(odds))))
    seconds = float(np.clip(np.exp(chance.normal(np.log(30), 0.4)), SHORTEST_EDIT, LONGEST_EDIT))
    frames = rate.frame_at(seconds)
    count = int(np.clip(1 + chance.poisson(seconds / 16), 1, min(6, seconds // SHORTEST_BOARD)))
    moods = _moods(count, chance)
    bounds = _bounds(count, frames, rate, chance)
    style = _style(moods, chance)
    strict = chance.uniform(0.3, 1.0)  # how closely this film's looks follow its moods
    pace = chance.normal(0, 0.35)  # whether its editor cuts faster or slower than usual
    usual = str(chance.choice(KINDS))
    rolls = int(chance.integers(1, 4))
    tints = np.random.Generator(np.random.PCG64([seed, 7])).uniform(size=count).tolist()
    boards = []
    for index, (valence, energy) in enumerate(moods):
        start, end = bounds[index], bounds[index + 1]
        black = rate.frame_at(chance.uniform(1.0, 1.8)) if index + 1 < count and chance.random() < 0.06 else 0
        lengths = _lengths(end - start - black, energy, pace, rate, chance)
        family = _look(valence, energy, strict, tints[index], chance)
        kind = usual if chance.random() < 0.4 else str(chance.choice(KINDS))
        shots, at = [], start
        for length in lengths:
            shots.append(_shot(at, at + length, rolls, kind, family, chance))
            at += length
        other = count > 1 and chance.random() < 0.15
        asked = _style([(valence, energy)], chance) if other else style
        boards.append(BoardRecipe(start, end, valence, energy, asked, tuple(shots), black))
    hour = int(chance.choice([0, 1, 10]))
    return Recipe(
        seed,
        rate,
        frames,
        rate.frame_of(f"{hour:02}:00:00:00"),
        rate.can_drop and bool(chance.random() < 0.5),
        tuple(boards),
        _markers(boards, rate, chance),
        int(chance.integers(2**31)),
    )


def _moods(count: int, chance: Chance) -> list[tuple[float, float]]:
    """Spread over the whole plane, its edges included; in one film either near each other or far apart."""
    first = _anywhere(chance)
    spread = float(chance.choice([0.15, 0.5, 2.0]))
    found = [first]
    while len(found) < count:
        other = _anywhere(chance)
        share = min(1.0, spread * chance.uniform(0.5, 1.0))
        found.append((first[0] + share * (other[0] - first[0]), first[1] + share * (other[1] - first[1])))
    return [(round(valence, 3), round(energy, 3)) for valence, energy in found]


def _anywhere(chance: Chance) -> tuple[float, float]:
    valence, energy = chance.beta(0.7, 0.7, 2)
    return float(2 * valence - 1), float(energy)


def _bounds(count: int, frames: int, rate: Rate, chance: Chance) -> list[int]:
    """Where storyboards start, and the end; none shorter than SHORTEST_BOARD."""
    shares = chance.dirichlet(np.full(count, 4.0))
    least = rate.frame_at(SHORTEST_BOARD)
    spare = max(frames - count * least, 0)
    lengths = np.floor(shares * spare).astype(int) + min(least, frames // count)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1], [frames]])
    return [int(start) for start in starts]


def _style(moods: Sequence[tuple[float, float]], chance: Chance) -> str:
    valence, energy = np.mean(np.array(moods), axis=0)
    apart = np.array([((valence - v) / 2) ** 2 + (energy - e) ** 2 for v, e in _HOMES])
    odds = _ANYWHERE + np.exp(-apart / (2 * (_AT_HOME / 2) ** 2))
    return STYLES[int(chance.choice(len(STYLES), p=odds / odds.sum()))]


def _lengths(frames: int, energy: float, pace: float, rate: Rate, chance: Chance) -> list[int]:
    """Lengths of shots that together are `frames`: from about 8.5 s where it is calm to 0.55 s where much goes on."""
    middle = math.log(8.5) - energy * math.log(8.5 / 0.55) + pace
    sway = chance.uniform(0.15, 0.6)
    shortest = max(1, rate.frame_at(SHORTEST_SHOT))
    found: list[int] = []
    left = frames
    while left > 0:
        length = max(shortest, rate.frame_at(float(np.exp(chance.normal(middle, sway)))))
        if left - length < shortest:
            length = left
        found.append(length)
        left -= length
    return found


def _look(valence: float, energy: float, strict: float, tint: float, chance: Chance) -> Look:
    """A storyboard's look: what its mood suggests, as far as this film is strict about it."""
    stray = chance.normal(0, 1, 5) * (1.15 - strict)
    saturation = float(np.clip(0.42 + 0.25 * valence + 0.1 * energy + 0.25 * stray[2], 0.02, 0.95))
    # Mostly orange or blue, which are as warm or cold as they are saturated; green and magenta lie between.
    lean = float(np.clip(2.5 * valence + 0.8 * stray[3], -1, 1))
    return Look(
        light=float(np.clip(0.42 + 0.44 * valence + 0.16 * stray[0], 0.03, 0.93)),
        contrast=float(np.clip(0.45 + 0.2 * stray[1] + 0.15 * energy, 0.12, 0.9)),
        saturation=saturation,
        warmth=saturation * lean,
        motion=float(np.clip(0.95 * energy - 0.02 + 0.2 * stray[4], 0.0, 0.88)),
        bumps=float(chance.choice([0.0, 0.4, 0.8, 1.5, 2.5])),
        tint=tint,
    )


def _shot(start: int, end: int, rolls: int, kind: str, family: Look, chance: Chance) -> ShotRecipe:
    small = chance.normal(0, 0.04, 5)
    look = Look(
        light=float(np.clip(family.light + small[0], 0.02, 0.95)),
        contrast=float(np.clip(family.contrast + small[1], 0.1, 0.95)),
        saturation=float(np.clip(family.saturation + small[2], 0, 1)),
        warmth=float(np.clip(family.warmth + small[3], -1, 1)),
        motion=float(np.clip(family.motion * (1 + 3 * small[4]), 0, 0.9)),
        bumps=family.bumps,
        tint=float(np.clip(family.tint + 2 * small[0], 0, 1)),
    )
    own = kind if chance.random() < 0.75 else str(chance.choice(KINDS))
    speed = Fraction(1) if chance.random() < 0.93 else Fraction(str(chance.choice(["1/2", "2"])))
    return ShotRecipe(
        start,
        end,
        int(chance.integers(rolls)),
        own,
        str(chance.choice(CAMERAS)),
        look,
        int(chance.integers(2**31)),
        speed,
    )


def _markers(boards: Sequence[BoardRecipe], rate: Rate, chance: Chance) -> tuple[Marker, ...]:
    """In two edits of five some: named hits, soft ones, builds; now and then a silence, or a storyboard's name."""
    if chance.random() > 0.4:
        return ()
    end = boards[-1].end
    found: dict[int, Marker] = {}

    def mark(frame: int, name: str, frames: int = 1) -> None:
        found[frame] = Marker(frame, frames, name, "", "RED", "timeline")

    for _ in range(int(chance.integers(1, 6))):
        frame = int(chance.integers(rate.frame_at(1.0), max(end - rate.frame_at(1.0), rate.frame_at(1.0) + 1)))
        mark(frame, str(chance.choice(["hit", "accent", "the door", "look up", "soft", "logo"])))
    if chance.random() < 0.25:
        length = rate.frame_at(chance.uniform(1.5, 4.0))
        if end > 3 * length:
            mark(int(chance.integers(1, end - 2 * length)), "build", length)
    if chance.random() < 0.12:
        length = rate.frame_at(chance.uniform(1.0, 2.5))
        if end > 4 * length:
            mark(int(chance.integers(length, end - 3 * length)), "silence", length)
    if len(boards) > 1 and chance.random() < 0.2:
        for number, board in enumerate(boards[1:], start=2):
            mark(board.start, f"storyboard: part {number}")
    return tuple(found[frame] for frame in sorted(found))
