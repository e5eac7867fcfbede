"""Chords as voices: each moves as little as it can, and the outer ones never in parallel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, pairwise

from .harmonise import Span
from .ranges import BASS_HIGH, BASS_LOW

Pitches = tuple[int, ...]

LOWEST, HIGHEST = 48, 84
DRIFT, PARALLEL, CLUSTER = 0.45, 30.0, 2.5


def roots(spans: Sequence[Span]) -> list[int]:
    """The bass's pitch for every chord: near the one before, in the lower half of what a bass plays."""
    found: list[int] = []
    for span in spans:
        choices = range(BASS_LOW, BASS_HIGH - 4)
        before = found[-1] if found else 36
        near = [pitch for pitch in choices if pitch % 12 == span.chord.bass]
        found.append(min(near, key=lambda pitch: (abs(pitch - before) + 0.8 * abs(pitch - 35), pitch)))
    return found


def voice(spans: Sequence[Span], basses: Sequence[int], centres: Sequence[float]) -> list[Pitches]:
    """Four voices, rising, for every chord. `centres` is where each should lie."""
    found: list[Pitches] = []
    for index, (span, centre) in enumerate(zip(spans, centres, strict=True)):
        choices = _voicings(_wanted(span.chord.tones))
        if not found:
            found.append(min(choices, key=lambda v: (abs(sum(v) / 4 - centre), v)))
            continue
        before, bass, bass_before = found[-1], basses[index], basses[index - 1]

        def cost(
            v: Pitches, before: Pitches = before, bass: int = bass, earlier: int = bass_before, centre: float = centre
        ) -> float:
            moved = sum(abs(a - b) for a, b in zip(v, before, strict=True))
            drift = abs(v[0] + v[1] + v[2] + v[3] - 4 * centre) / 4
            wrong = parallel(before[3], v[3], earlier, bass)
            return moved + DRIFT * drift * drift / 4 + PARALLEL * wrong + CLUSTER * (v[1] - v[0] < 3)

        found.append(min(choices, key=lambda v: (cost(v), v)))
    return found


def parallel(upper: int, upper_after: int, lower: int, lower_after: int) -> bool:
    """Whether two voices move the same way in fifths or octaves."""
    if upper == upper_after or lower == lower_after or (upper_after > upper) != (lower_after > lower):
        return False
    between = (upper - lower) % 12
    return between in (0, 7) and (upper_after - lower_after) % 12 == between


def _wanted(tones: Pitches) -> Pitches:
    """What the four voices play: of five tones not the root, which the bass has."""
    return tones[1:] if len(tones) > 4 else tones


@lru_cache(maxsize=512)
def _voicings(tones: Pitches) -> tuple[Pitches, ...]:
    """Close and open positions with every tone, no more than an octave between neighbours."""
    pitches = [pitch for pitch in range(LOWEST, HIGHEST + 1) if pitch % 12 in tones]
    found = []
    for low in range(len(pitches)):
        for others in combinations(range(low + 1, min(low + 8, len(pitches))), 3):
            chosen = tuple(pitches[k] for k in (low, *others))
            if len({pitch % 12 for pitch in chosen}) < min(4, len(tones)) or chosen[-1] - chosen[0] > 24:
                continue
            gaps = [b - a for a, b in pairwise(chosen)]
            if max(gaps) <= 12 and gaps.count(1) + gaps.count(2) <= 1:
                found.append(chosen)
    return tuple(found)
