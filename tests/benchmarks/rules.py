"""How well what the composer writes keeps the rules of good writing: violations per 100 bars, by style.

`.venv/bin/python tests/benchmarks/rules.py [seeds]` composes edits of random cuts in every style and mood. Counted are
parallel fifths and octaves between melody and bass, leaps over an octave that are not answered by a step back, notes
that an instrument cannot play, strong beats against the harmony that do not resolve, and bars that are the same more
than eight times in a row. Beside the rules: how alike the motifs of one piece are, and how those of others, and how
pitch, density and loudness rise with the energy.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from hitpoint.runtime.cues.sheet import CueSheet
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.engines.composer import style
from hitpoint.runtime.engines.composer.event import Event
from hitpoint.runtime.engines.composer.piece import Piece, Plan, compose
from hitpoint.runtime.engines.composer.ranges import BASS_HIGH, BASS_LOW, RANGES
from hitpoint.runtime.engines.engine import Note
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

RULES = ("parallels", "leaps", "ranges", "strong beats", "same bars")
MOODS = ((0.8, 0.8), (0.5, 0.3), (0.0, 0.5), (-0.3, 0.9), (-0.6, 0.4), (-0.95, 0.6), (0.95, 0.5))
ON_BEAT = 0.012  # seconds
TOGETHER = 0.025  # seconds between notes that hands play at once
ENERGIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
PATTERN = 3  # intervals of a motif that are compared at a time


def film(seed: int, seconds: float = 90, median: float = 2.2, storyboards: int = 3) -> CueSheet:
    """The cue sheet of an edit of random cuts at 24 frames a second."""
    rng = np.random.default_rng(seed)
    frames, cuts = round(24 * seconds), list[int]()
    while True:
        length = np.clip(np.exp(np.log(median) + 0.55 * rng.standard_normal()), 0.4, 12)
        if (cuts[-1] if cuts else 0) + length * 24 > frames - 12:
            break
        cuts.append((cuts[-1] if cuts else 0) + round(24 * length))
    starts = [cuts[len(cuts) * k // storyboards] for k in range(1, storyboards)]
    markers = tuple(Marker(at, 0, f"storyboard: S{n}", "", "", "timeline") for n, at in enumerate(starts))
    return plan(Edit("film", Rate.of(24), frames, 0, False, 0, frames, cuts=tuple(map(Cut, cuts)), markers=markers))


def with_mood(sheet: CueSheet, valence: float, energy: float, density: float | None = None) -> CueSheet:
    boards = tuple(
        replace(
            board,
            brief=replace(
                board.brief, valence=valence, energy=energy, density=board.brief.density if density is None else density
            ),
        )
        for board in sheet.storyboards
    )
    usual = np.mean([point[1] for point in sheet.energy]) if sheet.energy else 1.0
    points = tuple((frame, float(np.clip(level / usual * energy, 0.02, 1.0))) for frame, level in sheet.energy)
    return replace(sheet, storyboards=boards, energy=points)


def violations(piece: Piece) -> Counter[str]:
    """How often each rule is broken."""
    found: Counter[str] = Counter(dict.fromkeys(RULES, 0))
    found["ranges"] += sum(not _playable(event) for event in piece.events)
    for planned in piece.plans:
        here = [event for event in piece.events if planned.start <= event.note.start < planned.end]
        melody = [event.note for event in here if event.note.stem == "melody"]
        bass = [event.note for event in here if event.note.stem == "bass"]
        found["parallels"] += parallels(melody, bass)
        found["leaps"] += leaps(melody)
        found["strong beats"] += strong_beats(melody, planned)
        found["same bars"] += same_bars(here, planned)
    return found


def _playable(event: Event) -> bool:
    note = event.note
    if event.voice not in RANGES:
        return True
    low, high = (BASS_LOW, BASS_HIGH) if note.stem == "bass" else RANGES[event.voice]
    return low <= note.pitch <= high


def parallels(melody: Sequence[Note], bass: Sequence[Note]) -> int:
    starts = [note.start for note in bass]
    count = 0
    for first, second in pairwise(melody):
        below = [bisect_right(starts, note.start + TOGETHER) - 1 for note in (first, second)]
        if min(below) < 0:
            continue
        low, low_after = bass[below[0]].pitch, bass[below[1]].pitch
        up, down = second.pitch - first.pitch, low_after - low
        same = (first.pitch - low) % 12 == (second.pitch - low_after) % 12
        count += up * down > 0 and same and (first.pitch - low) % 12 in (0, 7)
    return count


def leaps(melody: Sequence[Note]) -> int:
    pitches = [note.pitch for note in melody]
    count = 0
    for index, (first, second) in enumerate(pairwise(pitches)):
        if abs(second - first) > 12:
            after = pitches[index + 2] - second if index + 2 < len(pitches) else 0
            count += not (after * (second - first) < 0 and abs(after) <= 2)
    return count


def strong_beats(melody: Sequence[Note], planned: Plan) -> int:
    count = 0
    strong = np.array(planned.strong)
    for index, note in enumerate(melody):
        if np.abs(strong - note.start).min() > ON_BEAT or _belongs(note, planned):
            continue
        after = melody[index + 1] if index + 1 < len(melody) else None
        resolved = after is not None and 1 <= abs(after.pitch - note.pitch) <= 2 and _belongs(after, planned)
        count += not resolved
    return count


def _belongs(note: Note, planned: Plan) -> bool:
    at = note.start + min(0.5 * note.seconds, 0.1)
    chord = max((each for each in planned.chords if each.start <= at), key=lambda each: each.start, default=None)
    return chord is None or note.pitch % 12 in chord.tones


def same_bars(events: Sequence[Event], planned: Plan) -> int:
    """Bars beyond the eighth that are all the same."""
    lines = [*planned.bars, planned.end]
    starts = [event.note.start for event in events]
    count = run = 0
    before: frozenset[tuple[object, ...]] | None = None
    for first, last in pairwise(lines):
        low, high = bisect_right(starts, first - TOGETHER), bisect_right(starts, last - TOGETHER)
        bar = frozenset(
            (round(48 * (e.note.start - first) / (last - first)), e.note.stem, e.note.pitch) for e in events[low:high]
        )
        run = run + 1 if bar == before else 1
        count += run > 8
        before = bar
    return count


def motifs(piece: Piece) -> list[Counter[tuple[int, ...]]]:
    """For every storyboard how often each little row of intervals comes, in steps of the scale."""
    found = []
    for planned in piece.plans:
        notes = [
            event.note
            for event in piece.events
            if event.note.stem == "melody" and planned.start <= event.note.start < planned.end
        ]
        steps = [_steps(second.pitch - first.pitch) for first, second in pairwise(notes)]
        found.append(Counter(zip(*(steps[n:] for n in range(PATTERN)), strict=False)))
    return found


def _steps(semitones: int) -> int:
    """About as many steps of a scale: a third is two, whether it is major or minor."""
    return int(np.sign(semitones)) * round(abs(semitones) * 7 / 12 + 0.01)


def likeness(first: Counter[tuple[int, ...]], second: Counter[tuple[int, ...]]) -> float:
    """The cosine of two counts."""
    dot = sum(count * second[each] for each, count in first.items())
    size = np.sqrt(sum(c * c for c in first.values()) * sum(c * c for c in second.values()))
    return float(dot / size) if size else 0.0


def shared(pieces: Sequence[Piece]) -> tuple[float, float]:
    """How alike two storyboards' motifs are: of one piece, and of different pieces."""
    all_motifs = [motifs(piece) for piece in pieces]
    within = [likeness(a, b) for own in all_motifs for k, a in enumerate(own) for b in own[:k]]
    across = [
        likeness(a, b) for k, own in enumerate(all_motifs) for other in all_motifs[:k] for a in own for b in other
    ]
    return float(np.mean(within)), float(np.mean(across))


def traits(piece: Piece) -> tuple[float, float, float]:
    """Mean pitch above the bass, notes a second, and how loud all of them are together: their power a second."""
    notes = [event.note for event in piece.events]
    pitched = [note.pitch for note in notes if note.stem in ("melody", "harmony")]
    seconds = sum(planned.end - planned.start for planned in piece.plans)
    power = sum(note.velocity**3 * min(note.seconds, 1.0) for note in notes)  # gain is velocity to the power 1.5
    return float(np.mean(pitched)), len(notes) / seconds, power / seconds


def ranks(values: Sequence[float]) -> np.ndarray:
    ordered = sorted(values)
    return np.array([(bisect_right(ordered, v) + ordered.index(v) - 1) / 2 for v in values])


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def rising(sheet: CueSheet, seed: int, name: str) -> list[float]:
    """The rank correlation of each trait with the energy."""
    found = [traits(compose(with_mood(sheet, 0.3, energy), seed, silent, name)) for energy in ENERGIES]
    return [rank_correlation(ENERGIES, [each[k] for each in found]) for k in range(3)]


def main(seeds: int) -> None:
    print(f"violations per 100 bars, {seeds} seeds x {len(MOODS)} moods a style")
    print(f"{'style':<12} {'bars':>6} " + " ".join(f"{rule:>12}" for rule in RULES) + "   own theme / others'")
    sheets = [film(seed, median=(0.8, 1.2, 2.2, 4.0)[seed % 4]) for seed in range(seeds)]
    began = time.perf_counter()
    for name in style.names():
        total: Counter[str] = Counter()
        bars = 0
        pieces = []
        for seed, sheet in enumerate(sheets):
            for mood in MOODS:
                piece = compose(with_mood(sheet, *mood), seed, silent, name)
                total += violations(piece)
                bars += sum(len(planned.bars) for planned in piece.plans)
            pieces.append(piece)
        within, across = shared(pieces)
        print(
            f"{name:<12} {bars:>6} "
            + " ".join(f"{100 * total[rule] / bars:>12.2f}" for rule in RULES)
            + f"   {within:.2f} / {across:.2f}"
        )
    print(f"{time.perf_counter() - began:.1f} s\n\nrank correlation with the energy: pitch, density, loudness")
    for name in style.names():
        rows = [rising(sheet, seed, name) for seed, sheet in enumerate(sheets[:3])]
        print(f"{name:<12} " + "  ".join(f"{value:.2f}" for value in np.mean(rows, axis=0)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
