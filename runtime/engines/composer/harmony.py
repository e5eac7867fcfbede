"""Keys, progressions, and chords that move as little as they can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Pitches = tuple[int, ...]

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
DOMINANT = 4  # degrees count from 0

# Four-chord progressions of common practice, by degree.
PROGRESSIONS: dict[bool, tuple[Pitches, ...]] = {
    False: ((0, 4, 5, 3), (0, 3, 5, 4), (0, 2, 3, 4), (0, 5, 3, 4), (0, 5, 1, 4)),
    True: ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (0, 3, 0, 6), (0, 5, 3, 4)),
}

LOWEST, HIGHEST, CENTRE = 50, 79, 63  # MIDI numbers between which the four voices stay


@dataclass(frozen=True)
class Key:
    """`tonic` is a pitch class, 0 for C."""

    tonic: int
    minor: bool

    @property
    def relative(self) -> Key:
        """The key of the other mode with the same notes."""
        return Key((self.tonic + (3 if self.minor else 9)) % 12, not self.minor)

    def triad(self, degree: int) -> tuple[int, int, int]:
        """Pitch classes of root, third and fifth. The dominant is major in minor too: its third leads home."""
        scale = MINOR if self.minor else MAJOR
        root, third, fifth = ((self.tonic + scale[(degree + step) % 7]) % 12 for step in (0, 2, 4))
        if self.minor and degree == DOMINANT:
            third = (third + 1) % 12
        return root, third, fifth


def key_of_piece(rng: np.random.Generator) -> Key:
    return Key(int(rng.integers(12)), bool(rng.integers(2)))


def key_for(home: Key, valence: float) -> Key:
    """The piece's own key, or its relative where the storyboard is clearly bright or dark."""
    if abs(valence) < 0.15 or home.minor == (valence < 0):
        return home
    return home.relative


def lead(chord: tuple[int, int, int], before: Pitches | None) -> Pitches:
    """Four voices, rising, of the chord's pitch classes: those that move least from `before`."""

    def cost(voicing: Pitches) -> float:
        drift = abs(sum(voicing) / 4 - CENTRE)
        moved = sum(abs(a - b) for a, b in zip(voicing, before, strict=True)) if before else 0
        return moved + 0.4 * drift

    return min(_voicings(chord), key=lambda voicing: (cost(voicing), voicing))


def _voicings(chord: tuple[int, int, int]) -> list[Pitches]:
    """Close and open positions of the chord that lie in range."""
    tones = [pitch for pitch in range(LOWEST, HIGHEST + 1) if pitch % 12 in chord]
    shapes = [(0, 1, 2, 3), (0, 2, 3, 4), (0, 1, 3, 5), (0, 2, 4, 6)]
    found = []
    for low in range(len(tones)):
        for shape in shapes:
            if low + shape[-1] < len(tones):
                voicing = tuple(tones[low + step] for step in shape)
                if {pitch % 12 for pitch in voicing} == set(chord):
                    found.append(voicing)
    return found
