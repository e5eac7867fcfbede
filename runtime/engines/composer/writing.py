"""From a cue sheet to notes: chords, a figure over them, bass, drums, and an accent on every hit that is landed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...cues.beats import laid
from ...cues.sheet import Brief, CueSheet, Hit, Storyboard
from ...progress import Progress
from ..engine import Note
from .harmony import DOMINANT, PROGRESSIONS, Key, Pitches, key_for, key_of_piece, lead

Voice = Literal["pad", "pluck", "bass", "drum", "effect"]

STEMS = ("harmony", "bass", "drums", "effects")

# General MIDI percussion.
BOOM, KICK, RIM, SNARE, HAT, TOM_LOW, OPEN_HAT, TOM_HIGH, CRASH = 35, 36, 37, 38, 42, 45, 46, 48, 49

LONGEST = 12.0  # seconds that any note may sound, so that memory stays bounded
LONGEST_CHORD = 8.0
LAST_CHORD = 1.5  # seconds that the last chord should have at least
STUMBLE = 0.06  # seconds before a storyboard's end in which nothing starts any more
STRONG = 0.8  # from this weight on a hit changes the chord
LOWEST_BASS = 28  # E1


@dataclass(frozen=True)
class Event:
    """A note and what plays it. `onset`: it starts on a beat or a hit, not between."""

    note: Note
    voice: Voice
    onset: bool


@dataclass(frozen=True)
class _Span:
    """A chord over the beats [first, last) of a storyboard, `until` in seconds."""

    first: int
    last: int
    until: float
    chord: tuple[int, int, int]


@dataclass(frozen=True)
class _Board:
    """A storyboard as its writers need it. `beat` is the usual length of a beat in seconds."""

    brief: Brief
    metre: int
    beats: tuple[float, ...]
    end: float
    beat: float
    final: bool
    rng: np.random.Generator

    def length(self, index: int) -> float:
        """Seconds from a beat to the next, or to the end."""
        after = self.beats[index + 1] if index + 1 < len(self.beats) else self.end
        return min(after - self.beats[index], 2 * self.beat)

    def places(self, span: _Span, parts: int) -> Iterator[tuple[int, int, float]]:
        """Beat of the span, part of the beat, and its second, for every beat cut into `parts`."""
        for index in range(span.first, span.last):
            length = self.length(index)
            step = (self.beat if length < 0.9 * self.beat else length) / parts
            for part in range(parts):
                start = self.beats[index] + part * step
                if part == 0 or start < self.beats[index] + length - STUMBLE:
                    yield index - span.first, part, start


def write(sheet: CueSheet, seed: int, progress: Progress) -> list[Event]:
    """All events of the piece, by start. Equal sheet and seed, equal events."""
    home = key_of_piece(rng_of(seed, 0))
    events: list[Event] = []
    voicing: Pitches | None = None
    starts = {board.start for board in sheet.storyboards}
    for index, storyboard in enumerate(sheet.storyboards):
        progress(index / len(sheet.storyboards), "composing")
        hits = [h for h in sheet.hits if storyboard.start <= h.frame < storyboard.end and h.outcome == "landed"]
        final = index + 1 == len(sheet.storyboards)
        board = _board(sheet, storyboard, final, rng_of(seed, 1 + index))
        spans = _spans(board, key_for(home, storyboard.brief.valence), [h.at for h in hits if h.weight >= STRONG])
        figure, groove = _figure(board), _groove(board)
        for number, span in enumerate(spans):
            if number % 64 == 0:
                progress(index / len(sheet.storyboards), "composing")
            voicing = lead(span.chord, voicing)
            closing = board.final and number + 1 == len(spans)
            events += _pads(board, span, voicing)
            events += _plucks(board, span, voicing, figure, closing)
            events += _bass(board, span, closing)
            events += _drums(board, span, groove, closing, number + 1 == len(spans))
        accents = [Hit(storyboard.start, "storyboard", weight=1.0)]
        accents += [h for h in hits if h.frame not in starts]
        for hit in accents:
            events += _accent(sheet.seconds(hit.frame), hit, storyboard.brief.energy)
    return sorted(events, key=lambda event: event.note.start)


def rng_of(seed: int, part: int) -> np.random.Generator:
    """Chance for one part of the piece: 0 for the whole, then the storyboards from 1."""
    return np.random.default_rng([seed % 2**64, part])


def _board(sheet: CueSheet, storyboard: Storyboard, final: bool, rng: np.random.Generator) -> _Board:
    beats = laid(storyboard, sheet.rate)
    end = sheet.seconds(storyboard.end)
    return _Board(storyboard.brief, storyboard.metre, beats, end, 60.0 / storyboard.tempo, final, rng)


def _spans(board: _Board, key: Key, strong: list[float | None]) -> list[_Span]:
    """One chord every bar or two, from the top again at a strong hit; home at the very end."""
    bars = -(-3 // board.metre) * (2 if board.brief.energy < 0.35 else 1)
    step = max(1, min(bars * board.metre, int(LONGEST_CHORD / board.beat)))
    count = len(board.beats)
    beats = np.array(board.beats)
    turns = sorted({int(np.argmin(np.abs(beats - at))) for at in strong if at is not None})
    firsts = [0]
    for turn in [*turns, count]:
        while firsts[-1] + step < turn:
            firsts.append(firsts[-1] + step)
        if firsts[-1] < turn < count:
            firsts.append(turn)
    shortest = LAST_CHORD if board.final else board.beat / 2
    while len(firsts) > 1 and board.end - board.beats[firsts[-1]] < shortest:
        firsts.pop()
    choices = PROGRESSIONS[key.minor]
    progression = choices[int(board.rng.integers(len(choices)))]
    degrees = [progression[number % 4] for number in range(len(firsts))]
    if board.final:
        degrees[-1] = 0
        if len(degrees) > 2:
            degrees[-2] = DOMINANT
    elif len(degrees) > 2:
        degrees[-1] = DOMINANT
    lasts = [*firsts[1:], count]
    untils = [board.beats[first] for first in firsts[1:]] + [board.end]
    return [
        _Span(first, last, until, key.triad(degree))
        for first, last, until, degree in zip(firsts, lasts, untils, degrees, strict=True)
    ]


def _pads(board: _Board, span: _Span, voicing: Pitches) -> Iterator[Event]:
    start = board.beats[span.first]
    seconds = min(LONGEST, span.until - start)
    velocity = 0.5 + 0.35 * board.brief.energy
    for pitch in voicing:
        yield Event(Note("harmony", start, seconds, pitch, velocity), "pad", True)


def _figure(board: _Board) -> tuple[int, list[int | None]]:
    """Parts of a beat, and for each place of eight beats which voice is plucked, or none."""
    parts = 1 if board.brief.density < 0.4 else 2 if board.brief.density < 0.85 else 4
    shapes = ([0, 1, 2, 3, 2, 1], [0, 2, 1, 3], [3, 2, 1, 0], [0, 2, 3, 2], [1, 3, 2, 3, 0, 3, 2, 3])
    shape = shapes[int(board.rng.integers(len(shapes)))]
    rests = board.rng.random(8 * parts) > 0.45 + 0.5 * board.brief.density
    rests[::parts] = False  # the beat is always heard
    return parts, [None if rest else shape[place % len(shape)] for place, rest in enumerate(rests)]


def _plucks(
    board: _Board, span: _Span, voicing: Pitches, figure: tuple[int, list[int | None]], closing: bool
) -> Iterator[Event]:
    parts, voices = figure
    for beat, part, start in board.places(span, parts):
        voice = voices[(beat * parts + part) % len(voices)]
        if voice is None or (closing and beat + part > 0):
            continue
        for pitch in voicing if closing else (voicing[voice],):
            lively = 0.45 + 0.35 * board.brief.energy + 0.1 * board.rng.random() - (0.12 if part else 0)
            yield Event(Note("harmony", start, 1.2 * board.beat, pitch + 12, lively), "pluck", part == 0)


def _bass(board: _Board, span: _Span, closing: bool) -> Iterator[Event]:
    root = LOWEST_BASS + (span.chord[0] - LOWEST_BASS) % 12
    fifth = LOWEST_BASS + 5 + (span.chord[2] - LOWEST_BASS - 5) % 12
    energy = board.brief.energy
    start = board.beats[span.first]
    if closing or energy < 0.35:
        seconds = min(LONGEST, span.until - start)
        yield Event(Note("bass", start, seconds, root, 0.6 + 0.3 * energy), "bass", True)
        return
    parts = 1 if energy < 0.65 else 2
    for beat, part, start in board.places(span, parts):
        in_bar = (span.first + beat) % board.metre
        walking = in_bar == board.metre - 1 and board.metre > 2 and part == parts - 1
        pitch = fifth if walking else root + (12 if part else 0)
        seconds = min(LONGEST, 0.85 * board.beat / parts)
        velocity = 0.6 + 0.3 * energy - (0.1 if part or in_bar else 0)
        yield Event(Note("bass", start, seconds, pitch, velocity), "bass", part == 0)


def _groove(board: _Board) -> tuple[int, list[list[tuple[int, float]]]]:
    """Parts of a beat, and for each place of a bar the drums that sound there with their velocity."""
    energy, metre, rng = board.brief.energy, board.metre, board.rng
    parts = 1 if energy < 0.4 else 2 if energy < 0.75 else 4
    places: list[list[tuple[int, float]]] = [[] for _ in range(metre * parts)]
    backbeats = range(1, metre, 2) if metre % 2 == 0 else range(metre - 1, metre)
    for place, drums in enumerate(places):
        beat, part = divmod(place, parts)
        if energy >= 0.25:
            drums.append((HAT, 0.35 + 0.35 * energy - (0.12 if part else 0) - (0.08 if part % 2 else 0)))
        if part == 0 and (beat == 0 or (energy >= 0.75 and beat not in backbeats) or (energy >= 0.5 and beat == 2)):
            drums.append((KICK, 0.55 + 0.4 * energy))
        if part == 0 and beat in backbeats and energy >= 0.4:
            drums.append((SNARE if energy >= 0.55 else RIM, 0.4 + 0.4 * energy))
        syncopated = energy >= 0.5 and part == parts // 2 and part and beat not in backbeats
        if syncopated and rng.random() < 0.5:
            drums.append((KICK, 0.45 + 0.3 * energy))
    if energy < 0.2:
        places[0] = []
    return parts, places


def _drums(
    board: _Board, span: _Span, groove: tuple[int, list[list[tuple[int, float]]]], closing: bool, last: bool
) -> Iterator[Event]:
    parts, places = groove
    filled = span.last - 1 if last and not closing and board.brief.energy >= 0.5 and span.last > 2 else None
    for beat, part, start in board.places(span, parts):
        index = span.first + beat
        if index == filled or (closing and beat + part > 0):
            continue
        for pitch, velocity in places[(index % board.metre) * parts + part]:
            lively = velocity * (0.92 + 0.08 * board.rng.random())
            yield Event(Note("drums", start, 0.1, pitch, lively), "drum", part == 0)
    if filled is not None:
        fill = _Span(filled, filled + 1, span.until, span.chord)
        for _, part, start in board.places(fill, 4):
            pitch = (SNARE, SNARE, TOM_HIGH, TOM_LOW)[part]
            yield Event(Note("drums", start, 0.1, pitch, 0.55 + 0.1 * part), "drum", part == 0)


def _accent(start: float, hit: Hit, energy: float) -> Iterator[Event]:
    """A cymbal for a cut, with a boom below it for what weighs more."""
    force = hit.weight * (0.55 + 0.45 * energy)
    yield Event(Note("effects", start, 1.0, CRASH, min(1.0, 0.2 + 0.7 * force)), "effect", True)
    if hit.weight >= STRONG:
        yield Event(Note("effects", start, 1.0, BOOM, min(1.0, 0.3 + 0.65 * force)), "effect", True)
