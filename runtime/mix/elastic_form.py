"""Which parts of a song are played after each other, so that it is long enough: whole bars, joined where it sounds alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..rate import SAMPLE_RATE
from .heard import Heard
from .wav import Sound

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

JOIN = SAMPLE_RATE * 15 // 1000  # samples of a crossfade; it ends
AHEAD = SAMPLE_RATE * 4 // 1000  # so long before the beat that both parts share
LONGER = 0.12  # of the usual difference between two places: what a repeat of twice the bars is worth
FEWEST_BARS = 2  # in a repeat
SOFTER = 9.0  # dB below the usual level: there songs begin and end, and no parts are joined
SPARE = 1.02  # a song that is as much longer than the picture needs no repeat


@dataclass(frozen=True)
class Part:
    """The song from one beat to another, which is where the next part takes over."""

    first: int
    last: int


@dataclass(frozen=True)
class Form:
    """Parts of a song in the order they are played. Each ends where a bar does."""

    heard: Heard
    parts: tuple[Part, ...]

    @property
    def order(self) -> Whole:
        """The song's beats as they follow each other; where parts meet, the later one's."""
        rows = [np.arange(part.first, part.last) for part in self.parts]
        return np.concatenate([*rows, [self.parts[-1].last]]).astype(np.int64)

    @property
    def lengths(self) -> Floats:
        """Seconds from each of these beats to the next."""
        return np.concatenate([self.heard.lengths[part.first : part.last] for part in self.parts])


def form(heard: Heard, first: int, seconds: float, tail: float = 0.0) -> Form:
    """The song from beat `first` on, with repeats where it is shorter than so many seconds.

    `tail` is what sounds after its last beat.
    """
    last = len(heard.beats) - 1
    lengths = heard.lengths
    parts = [Part(first, last)]
    if lengths[first:].sum() + tail < SPARE * seconds:
        repeat = _repeat(heard, first)
        if repeat is not None:
            back, out = repeat
            once, rest = float(lengths[back:out].sum()), float(lengths[back:].sum()) + tail
            played = float(lengths[first:out].sum())
            parts = [Part(first, out)]
            while played + rest < SPARE * seconds and once > 0:
                parts.append(Part(back, out))
                played += once
            parts.append(Part(back, last))
    return Form(heard, tuple(parts))


def _repeat(heard: Heard, first: int) -> tuple[int, int] | None:
    """From where to where a song is repeated: both start a bar, and what surrounds them is alike."""
    metre, count = heard.metre, len(heard.beats) - 1
    loud = heard.levels > np.median(heard.levels) - SOFTER
    starts = [
        beat
        for beat in range(first, count + 1)
        if heard.starts_bar(beat) and loud[max(0, beat - metre) : beat + metre].all()
    ]
    if len(starts) < 2:
        return None
    padded = np.pad(heard.colours, ((metre, metre), (0, 0)), mode="edge")
    rows = np.array([padded[beat : beat + 2 * metre].reshape(-1) for beat in starts])
    size = (rows**2).sum(axis=1)
    apart = np.sqrt(np.maximum(size[:, None] + size - 2 * rows @ rows.T, 0))  # (out, back)
    places = np.array(starts)
    bars = (places[:, None] - places) / metre
    for fewest in (FEWEST_BARS, 1):
        possible = bars >= fewest
        if possible.any():
            usual = float(np.median(apart[possible])) + 1e-9
            price = np.where(possible, apart / usual - LONGER * np.log2(np.maximum(bars, 1)), np.inf)
            out, back = np.unravel_index(int(price.argmin()), price.shape)
            return int(places[back]), int(places[out])
    return None


@dataclass(frozen=True)
class Line:
    """A form as one sound, with its beats and attacks in samples."""

    sound: Sound
    beats: Floats
    attacks: Floats


def spliced(sound: Sound, form: Form, attacks: Floats) -> Line:
    """The parts joined by crossfades that end just before the beat. A form of one part is the song itself."""
    song = form.heard.beats
    if len(form.parts) == 1:
        part = form.parts[0]
        return Line(sound, song[part.first : part.last + 1], attacks)
    spans = []
    for part in form.parts:
        stop = len(sound) if part is form.parts[-1] else round(float(song[part.last])) - AHEAD
        spans.append((max(0, round(float(song[part.first])) - AHEAD), stop))
    line = np.empty((sum(stop - start for start, stop in spans), 2), np.float32)
    up = np.sin(np.linspace(0, np.pi / 2, JOIN, dtype=np.float32))[:, None]
    beats: list[Floats] = []
    heard: list[Floats] = []
    at = 0  # up to AHEAD before the beat that comes next
    for (start, stop), part in zip(spans, form.parts, strict=True):
        line[at : at + stop - start] = sound[start:stop]
        join = min(JOIN, start, at)
        if join:
            line[at - join : at] = line[at - join : at] * up[::-1][-join:] + sound[start - join : start] * up[-join:]
        beats.append(song[part.first : part.last + (part is form.parts[-1])] + (at - start))
        heard.append(attacks[(attacks >= start) & (attacks < stop)] + (at - start))
        at += stop - start
    return Line(line, np.concatenate(beats), np.concatenate(heard))


def joins(form: Form) -> list[tuple[float, float]]:
    """Where the song leaps: seconds in it, from and to."""
    at = form.heard.beats / SAMPLE_RATE
    return [(float(at[one.last]), float(at[two.first])) for one, two in pairwise(form.parts)]
