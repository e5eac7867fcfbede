"""Which chord sounds when: progressions by mood, cadences, the way into the next key, and turns at strong hits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .keys import Chord, chord, dominant, pivot
from .scene import Phrase, Scene

LONGEST_CHORD = 8.0  # seconds
STRONG = 0.7  # from this weight on a hit changes the chord
CALM = 0.22  # energy below which chords last twice as long
SHORTEST = 0.4  # seconds between two chords


@dataclass(frozen=True)
class Span:
    """A chord over the positions [start, end)."""

    start: float
    end: float
    chord: Chord


class Spans:
    """The chords of a storyboard, by position."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.all = tuple(spans)
        self._starts = [span.start for span in spans]

    def index(self, position: float) -> int:
        return max(0, bisect_right(self._starts, position + 1e-9) - 1)

    def at(self, position: float) -> Span:
        return self.all[self.index(position)]


def harmonise(scene: Scene) -> Spans:
    size = scene.style.harmony.colour
    marks: dict[float, Chord] = {}
    for phrase in scene.phrases:
        starts = _slots(scene, phrase)
        symbols = _symbols(scene, phrase, len(starts))
        marks |= {start: chord(scene.key, symbol, size) for start, symbol in zip(starts, symbols, strict=True)}
    _turn(scene, marks)
    _lead_on(scene, marks)
    if scene.close is not None:
        marks = {start: each for start, each in marks.items() if start < scene.close}
        marks[scene.close] = chord(scene.key, "1", 3)
    starts = sorted(marks)
    ends = [*starts[1:], float(max(scene.grid.beats, starts[-1] + 1))]
    return Spans([Span(start, end, marks[start]) for start, end in zip(starts, ends, strict=True)])


def _slots(scene: Scene, phrase: Phrase) -> list[float]:
    """Where chords start in a phrase."""
    bars = scene.grid.bars[phrase.first : phrase.last]
    seconds = bars[0].beats * scene.grid.usual
    every = scene.style.harmony.bars
    if scene.energy(bars[0].first) < CALM:
        every *= 2
    whole = max(1, min(round(every), int(LONGEST_CHORD / seconds)))
    starts: list[float] = []
    for number, bar in enumerate(bars):
        # A bar of another length starts with a chord of its own, so that the ear hears the bar line move.
        odd = number > 0 and bar.beats != bars[number - 1].beats
        if number % whole == 0 or odd:
            starts.append(float(bar.first))
        long = bar.beats * scene.grid.usual
        if bar.beats >= 4 and (every < 1 or long > LONGEST_CHORD) and long > 4 * SHORTEST:
            starts.append(float(bar.first + bar.beats // 2))
    return starts


def _symbols(scene: Scene, phrase: Phrase, count: int) -> list[str]:
    """A section has one progression; its question ends open, its answer at home, where the style wants that."""
    harmony = scene.style.harmony
    choices = harmony.dark if scene.key.minor else harmony.bright
    order = scene.chance("progression").permutation(len(choices))
    progression = choices[int(order[phrase.section % len(choices)])].split()
    symbols = [progression[n % len(progression)] for n in range(count)]
    if harmony.functional and count >= 3:
        if phrase.answer:
            symbols[-2:] = ["5M", "1"]
        elif symbols[-1] == "1":
            symbols[-1] = "5M"
    return symbols


def _turn(scene: Scene, marks: dict[float, Chord]) -> None:
    """A strong hit gets a chord of its own: of the one that sounds the third below, or where that comes next, above."""
    grid, harmony = scene.grid, scene.style.harmony
    for hit in scene.hits:
        at = round(2 * grid.position(hit.at or 0.0)) / 2
        if hit.weight < STRONG or hit.place == "free" or at in marks or not 0 < at < scene.stop:
            continue
        starts = sorted(marks)
        index = bisect_right(starts, at) - 1
        after = starts[index + 1] if index + 1 < len(starts) else float(grid.beats)
        if min(at - starts[index], after - at) * grid.usual < SHORTEST:
            continue
        here = marks[starts[index]].tones[:3]
        coming = marks[after].tones[:3] if after in marks else ()
        for number in "641523":
            turned = chord(scene.key, number, harmony.colour)
            shared = len(set(turned.tones[:3]) & set(here))
            if turned.root not in (here[0], *coming[:1]) and shared in (1, 2):
                marks[at] = turned
                break


def _lead_on(scene: Scene, marks: dict[float, Chord]) -> None:
    """The last bar before another storyboard: a chord of both keys, then the dominant of the next. Else a close."""
    grid, harmony = scene.grid, scene.style.harmony
    if scene.close is not None:
        _prepare_close(scene, marks)
        return
    bars = [bar for bar in grid.bars if bar.first < grid.beats]
    last = bars[-1]
    if len(bars) < 2:
        return
    for start in [start for start in marks if start > last.first]:
        del marks[start]
    before = float(last.first)
    if scene.after is None:
        if harmony.functional:
            marks[max(start for start in marks if start < before)] = dominant(scene.key, harmony.colour)
        marks[before] = chord(scene.key, "1", 3)
        return
    suspended = not harmony.functional
    goal = dominant(scene.after, max(3, min(4, harmony.colour)), suspended)
    common = pivot(scene.key, scene.after)
    if scene.after != scene.key and common is not None and last.beats >= 2:
        half = float(last.first + (last.beats + 1) // 2)
        marks[before], marks[half] = replace(common, symbol="pivot"), goal
    elif scene.after != scene.key or harmony.functional:
        marks[before] = goal


def _prepare_close(scene: Scene, marks: dict[float, Chord]) -> None:
    starts = sorted(start for start in marks if start < scene.stop)
    if len(starts) < 2:
        return
    if scene.style.harmony.functional:
        marks[starts[-1]] = dominant(scene.key, max(3, min(4, scene.style.harmony.colour)))
    else:
        marks[starts[-1]] = chord(scene.key, "4", scene.style.harmony.colour)
