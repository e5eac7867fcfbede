"""Keys, modes and chords: which notes belong to what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...cues.sheet import Relation

MODES: dict[str, tuple[int, ...]] = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
MINOR = ("dorian", "aeolian", "phrygian")
BRIGHTEST_FIRST = ((0.85, "lydian"), (0.15, "ionian"), (0.0, "mixolydian"), (-0.2, "dorian"), (-0.85, "aeolian"))

# A degree of the scale; `b` lowers its root and makes it major; M or m say the third, s leaves it for a fourth;
# ^ has the third in the bass.
SYMBOL = re.compile(r"(b?)([1-7])([Mms]?)(\^?)")


@dataclass(frozen=True)
class Key:
    """`tonic` is a pitch class, 0 for C."""

    tonic: int
    mode: str

    @property
    def scale(self) -> tuple[int, ...]:
        """The pitch classes from the tonic up."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    @property
    def minor(self) -> bool:
        return MODES[self.mode][2] == 3

    def pitch(self, step: int) -> int:
        """The pitch `step` scale steps above the tonic of octave 0."""
        return self.tonic + 12 * (step // 7) + MODES[self.mode][step % 7]


@dataclass(frozen=True)
class Chord:
    """`tones` are pitch classes: root, third (or fourth), fifth, and where it has them seventh and ninth."""

    symbol: str
    tones: tuple[int, ...]
    bass: int

    @property
    def root(self) -> int:
        return self.tones[0]


def mode_for(valence: float) -> str:
    """From phrygian, the darkest, to lydian."""
    return next((mode for least, mode in BRIGHTEST_FIRST if valence >= least), "phrygian")


def key_for(home: int, home_minor: bool, relation: Relation, valence: float) -> Key:
    """A storyboard's key. The mood says the mode; where a relative key would be of the same gender as home, the
    subdominant is the near neighbour instead.
    """
    mode = mode_for(valence)
    minor = MODES[mode][2] == 3
    step = {"home": 0, "parallel": 0, "dominant": 7, "subdominant": 5}.get(relation)
    if step is None:
        step = 5 if minor == home_minor else 9 if minor else 3
    return Key((home + step) % 12, mode)


def chord(key: Key, symbol: str, size: int = 3) -> Chord:
    """The chord of `size` notes that a symbol means in a key. What would be a diminished triad gives way to the triad a
    third below, which has two of its notes, unless it has a seventh and is the second degree. The tonic has a ninth
    and no seventh, so that nobody takes it for the chord a third above.
    """
    read = SYMBOL.fullmatch(symbol)
    if read is None:
        raise ValueError(f"'{symbol}' is no chord")
    flat, number, third, first_inversion = read.groups()
    degree = int(number) - 1
    scale = MODES[key.mode]
    if not flat and not third and _diminished(scale, degree) and not (size > 3 and degree == 1):
        degree = (degree - 2) % 7
    root = scale[degree] - (1 if flat else 0)
    steps = [(scale[(degree + up) % 7] - scale[degree]) % 12 for up in (2, 4, 6, 1)]
    if flat or third == "M":
        steps[:2] = [4, 7]
        steps[2] = 11 if flat else 10
        steps[3] = 2
    elif third == "m":
        steps[:3] = [3, 7, 10]
    elif third == "s":
        steps[:2] = [5, 7]
    if steps[3] == 1:  # a minor ninth is no colour
        steps[3] = 2 if degree else 0
    if degree == 0 and not flat and size > 3:
        del steps[2]
        size = 4
    tones = [0, *steps][: max(3, size)]
    found = tuple(dict.fromkeys((key.tonic + root + step) % 12 for step in tones))
    return Chord(symbol, found, found[1] if first_inversion else found[0])


def dominant(key: Key, size: int = 3, suspended: bool = False) -> Chord:
    """The chord that leads to a key's tonic."""
    return chord(key, "5s" if suspended else "5M", size)


def pivot(key: Key, after: Key) -> Chord | None:
    """A triad that both keys have, the best to go on to the second's dominant."""
    for number in "2461357":
        here = chord(after, number)
        if not _diminished(MODES[after.mode], int(number) - 1) and set(here.tones) <= set(key.scale):
            return here
    return None


def fitting(key: Key, over: Chord) -> frozenset[int]:
    """The pitch classes that melodies may use over a chord: the scale, without what rubs against a foreign note."""
    foreign = [tone for tone in over.tones if tone not in key.scale]
    kept = {tone for tone in key.scale if all((tone - other) % 12 not in (1, 11) for other in foreign)}
    return frozenset(kept | set(over.tones))


def _diminished(scale: tuple[int, ...], degree: int) -> bool:
    return (scale[(degree + 4) % 7] - scale[degree]) % 12 == 6
