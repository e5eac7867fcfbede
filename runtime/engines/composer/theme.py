"""The theme of a piece: a motif of two bars, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Where notes start in a bar of four beats, and in one of three: equally many, so that a motif is one in any metre.
OPENINGS = (
    ((0, 1, 2), (0, 1, 2)),
    ((0, 1.5, 2), (0, 1.5, 2)),
    ((0, 2, 3), (0, 1, 2)),
    ((0, 1.5, 2, 3), (0, 1, 1.5, 2)),
    ((0, 1, 2, 3), (0, 1, 2, 2.5)),
    ((0, 0.5, 1, 2), (0, 0.5, 1, 2)),
    ((0, 1, 1.5, 2), (0, 0.5, 1, 2)),
    ((0, 1.5, 3), (0, 1.5, 2)),
    ((0, 0.5, 2, 3), (0, 0.5, 1, 2)),
    ((0.5, 1, 2, 3), (0.5, 1, 1.5, 2)),
)
ENDINGS = (
    ((0,), (0,)),
    ((0, 2), (0, 2)),
    ((0, 1), (0, 1)),
    ((0, 1, 2), (0, 1, 2)),
    ((0, 1.5), (0, 1)),
)
TINT = 0.12  # of valence

Onsets = tuple[float, ...]


@dataclass(frozen=True)
class Theme:
    """`opening` and `ending` are the rhythms of its bars, `degrees` steps of the scale above the tonic.

    `sequence` is by how many steps the motif is repeated elsewhere, `tonic` the home key's pitch class,
    `tint` how much brighter or darker than asked this piece is.
    """

    opening: int
    ending: int
    degrees: tuple[int, ...]
    sequence: int
    tonic: int
    tint: float = 0.0

    def onsets(self, bar: int, beats: int) -> Onsets:
        """Where the notes of one of the motif's bars start in a bar of some beats."""
        four, three = (OPENINGS[self.opening], ENDINGS[self.ending])[bar]
        if beats == 3:
            return three
        return tuple(at for at in four if at < beats)

    def bar(self, bar: int) -> tuple[int, ...]:
        """The degrees of one of the motif's bars."""
        first = len(OPENINGS[self.opening][0])
        return self.degrees[:first] if bar == 0 else self.degrees[first:]


def theme(seed: int) -> Theme:
    """Depends on the seed alone."""
    rng = np.random.default_rng([seed % 2**64, 0])
    tonic = int(rng.integers(12))
    opening, ending = int(rng.integers(len(OPENINGS))), int(rng.integers(len(ENDINGS)))
    count = len(OPENINGS[opening][0]) + len(ENDINGS[ending][0])
    return Theme(
        opening, ending, _contour(rng, count), int(rng.choice([-2, -1, 1, 2])), tonic, float(rng.uniform(-TINT, TINT))
    )


def _contour(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    """Mostly steps, one leap that makes it known, and an end on the triad. Never three times the same note."""
    leap_at = int(rng.integers(1, count - 1))
    leap = int(rng.choice([3, 4, 5, -3, -4]))
    way = -1 if leap > 0 else 1
    found = [int(rng.choice([0, 2, 4]))]
    for place in range(1, count):
        if place == leap_at:
            step = leap
        elif place == leap_at + 1:
            step = way * int(rng.choice([1, 1, 2]))
        else:
            step = int(rng.choice([-2, -1, -1, 0, 1, 1, 2]))
            if found[-1] + step > 6 or found[-1] + step < -3:
                step = -step
        if step == 0 and len(found) > 1 and found[-1] == found[-2]:
            step = way
        found.append(found[-1] + step)
    last = found[-1]
    found[-1] = min((goal for goal in (-3, 0, 2, 4, 7) if abs(goal - found[-2]) <= 4), key=lambda g: (abs(g - last), g))
    return tuple(found)


def inverted(degrees: Sequence[int]) -> tuple[int, ...]:
    """Upside down around its first note."""
    return tuple(2 * degrees[0] - degree for degree in degrees)
