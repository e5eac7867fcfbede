"""Music that was made for its place, bent where it stands: its beats meet the hits, and it drifts nowhere.

Unlike a song it begins and ends with the picture, nothing of it is repeated, and no beat is heard more than half a second
from where it was made. Storyboards are bent one by one, so that one that is made anew leaves the others' samples alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..cues.sheet import NEAR_SECONDS, CueSheet, Hit
from ..progress import Progress, silent
from ..rate import SAMPLE_RATE
from .elastic import BLOCK, FIRM
from .elastic_form import AHEAD, JOIN
from .elastic_plan import bend, goals
from .elastic_sound import TimeMap, stretch
from .heard import Heard
from .wav import Sound

Floats = NDArray[np.float64]

DRIFT = 0.5  # seconds that a beat may be heard from where it was made
EDGE = 0.1  # seconds from an edge within which a beat is that of the edge
FEWEST = 3  # beats between two edges that bending is worth while for
NEAR_WORTH = 0.6  # of a hit's weight, where an attack is near it and no more
SETTLES = SAMPLE_RATE * 12 // 10  # samples after the beginning of a storyboard that may change with the one before
LATEST = SAMPLE_RATE * 2  # and by which that is over
LEAST = 4096  # samples of a part that is bent on its own


@dataclass(frozen=True)
class Settled:
    """Which sample of the music is heard at which sample of the timeline: straight lines between knots, of which most are
    beats. `attacks` are the samples of the music that are not stretched.
    """

    map: TimeMap
    attacks: Floats

    @property
    def bends(self) -> Floats:
        """How much longer than it was made each stretch between two knots is, as a part of it."""
        return np.asarray(np.diff(self.map.target) / np.diff(self.map.source) - 1)

    @property
    def bent(self) -> bool:
        return bool((self.map.source != self.map.target).any())


def as_made(sheet: CueSheet) -> Settled:
    """Nothing is bent."""
    ends = np.array(_ends(sheet), np.float64)
    return Settled(TimeMap(ends, ends.copy()), np.zeros(0))


def settle(
    heard: Heard,
    attacks: Floats,
    sheet: CueSheet,
    before: Settled | None = None,
    anew: Sequence[int] = (),
    progress: Progress = silent,
) -> Settled:
    """Music that is bent so that more of its attacks meet the sheet's hits, or left as it is where bending serves none.

    Of music that was settled `before`, storyboards keep how they were bent but for those `anew`, by their number.
    """
    if before is None:
        whole = as_made(sheet)
        return Settled(_bent(heard, attacks, sheet, whole.map, _ends(sheet), progress), attacks)
    found, kept = before.map, before.attacks
    for start, end in _runs(sheet, anew):
        low, high = (float(found.at(np.array([edge]))[0]) for edge in (start, end))
        found = _bent(heard, attacks, sheet, found, (start, end), progress)
        inside = attacks[(attacks >= low) & (attacks < high)]
        kept = np.sort(np.concatenate([kept[(kept < low) | (kept >= high)], inside]))
    return Settled(found, kept)


def blocks(sound: Sound, settled: Settled, sheet: CueSheet, progress: Progress = silent) -> Iterator[Sound]:
    """The bent music, as long as it was. Of two musics that differ in one storyboard, bent alike elsewhere, all samples are
    the same up to where that begins to be heard, and from two seconds after it on.
    """
    first, last = _ends(sheet)
    at = 0
    for block in _parts(sound, settled, sheet):
        progress(at / max(1, len(sound)), "bending the music")
        here = np.arange(at, at + len(block))
        gain = np.sin(np.pi / 2 * np.clip((here + 1 - first) / FIRM, 0, 1)) ** 2
        gain *= np.sin(np.pi / 2 * np.clip((last - here) / FIRM, 0, 1)) ** 2
        yield block * gain.astype(np.float32)[:, None]
        at += len(block)


def _parts(sound: Sound, settled: Settled, sheet: CueSheet) -> Iterator[Sound]:
    edges = [0, *_beginnings(settled, sheet, len(sound)), len(sound)]
    tail: Sound | None = None
    for start, end in pairwise(edges):
        begin, over = (start - AHEAD - JOIN if start else 0), end == len(sound)
        stop = end if over else end - AHEAD
        tail = yield from _joined(tail, _part(sound, settled, begin, stop), 0 if over else JOIN)


def _beginnings(settled: Settled, sheet: CueSheet, samples: int) -> Iterator[int]:
    """Where the vocoder begins anew: in each storyboard on the first attack after the music that may change with the
    storyboard before, so that nothing of that is carried on.
    """
    heard = settled.map.of(settled.attacks)
    ends = [*(sheet.rate.samples(board.start) for board in sheet.storyboards[1:]), samples]
    for edge, end in pairwise(ends):
        first, last = edge + SETTLES, min(edge + LATEST, end - LEAST)
        found = heard[(heard >= first) & (heard < last)]
        if first < last:
            yield round(float(found[0])) if len(found) else first


def _joined(tail: Sound | None, pieces: Iterator[Sound], hold: int) -> Generator[Sound, None, Sound]:
    """The pieces over a tail that fades; the last `hold` samples are held back and returned."""
    up = np.sin(np.linspace(0, np.pi / 2, JOIN, dtype=np.float32))[:, None]
    held = np.zeros((0, 2), np.float32)
    for piece in pieces:
        held = np.concatenate([held, piece])
        if tail is not None and len(held) >= JOIN:
            held[:JOIN] = tail * up[::-1] + held[:JOIN] * up
            tail = None
        if tail is None and len(held) > hold:
            yield held[: len(held) - hold]
            held = held[len(held) - hold :]
    return held


def _part(sound: Sound, settled: Settled, begin: int, stop: int) -> Iterator[Sound]:
    """Samples [begin, stop) of the bent music; what is not bent there is the music itself."""
    source, target = settled.map.source, settled.map.target
    ends = np.array([begin, stop], np.float64)
    inside = (target > begin) & (target < stop)
    moved = np.concatenate([settled.map.at(ends) - ends, (source - target)[inside]])
    if np.abs(moved).max() < 1e-6:
        for start in range(begin, stop, BLOCK):
            yield np.array(sound[start : min(start + BLOCK, stop)])
        return
    yield from stretch(sound, TimeMap(source, target - begin), stop - begin, settled.attacks, block=BLOCK)


def _bent(
    heard: Heard, attacks: Floats, sheet: CueSheet, old: TimeMap, span: tuple[float, float], progress: Progress
) -> TimeMap:
    """`old` with other knots within the span, in samples of the timeline; straight there where no bending serves more."""
    start, end = span
    low, high = old.at(np.array(span)).tolist()
    beats, reach = heard.beats, EDGE * SAMPLE_RATE
    inside = np.flatnonzero((beats > low + reach) & (beats < high - reach))
    straight = _with(old, span, np.array([low, high]), np.array(span))
    hits = [hit for hit in sheet.hits if hit.weight > 0 and start - 1 <= sheet.seconds(hit.frame) * SAMPLE_RATE < end]
    if len(inside) < FEWEST or not hits:
        return straight
    if start == _ends(sheet)[0]:  # before the music there is nothing that it must follow
        near = beats[np.abs(beats - low) <= reach]
        low = float(near[0]) if len(near) else low
    source = np.concatenate([[low], beats[inside], [high]])
    bars = [True, *(heard.starts_bar(index) for index in inside.tolist()), False]
    wanted = goals(hits, sheet.rate, start / SAMPLE_RATE, end / SAMPLE_RATE, halves=heard.halves)
    way = bend(np.diff(source) / SAMPLE_RATE, bars, wanted, drift=DRIFT, end=end / SAMPLE_RATE, progress=progress)
    target = np.array(way.beats) * SAMPLE_RATE
    target[0], target[-1] = start, end
    if way.value == -np.inf or (np.diff(target) <= 0).any():
        return straight
    found = _with(old, span, source, target)
    return found if _worth(found, attacks, hits, sheet) > _worth(straight, attacks, hits, sheet) + 1e-9 else straight


def _with(old: TimeMap, span: tuple[float, float], source: Floats, target: Floats) -> TimeMap:
    """The old knots outside the span, and new ones from its beginning to its end."""
    before, after = old.target < span[0] - 0.5, old.target > span[1] + 0.5
    return TimeMap(
        np.concatenate([old.source[before], source, old.source[after]]),
        np.concatenate([old.target[before], target, old.target[after]]),
    )


def _worth(way: TimeMap, attacks: Floats, hits: Sequence[Hit], sheet: CueSheet) -> float:
    """How much of the hits' weight attacks meet."""
    times = way.of(attacks) / SAMPLE_RATE
    half = float(sheet.rate.seconds(1)) / 2
    worth = 0.0
    for hit in hits:
        off = float(np.abs(times - sheet.seconds(hit.frame)).min(initial=np.inf))
        worth += hit.weight * (1.0 if off <= half else NEAR_WORTH if off <= NEAR_SECONDS else 0.0)
    return worth


def _ends(sheet: CueSheet) -> tuple[float, float]:
    """Where the picture begins and ends, in samples."""
    first, last = sheet.rate.samples(sheet.storyboards[0].start), sheet.rate.samples(sheet.storyboards[-1].end)
    return float(first), float(max(last, first + 1))


def _runs(sheet: CueSheet, anew: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Neighbouring storyboards that are anew, as one: from where to where, in samples."""
    boards = sheet.storyboards
    for number in sorted(anew):
        if number - 1 in anew and boards[number - 1].end == boards[number].start:
            continue
        last = number
        while last + 1 in anew and boards[last].end == boards[last + 1].start:
            last += 1
        yield float(sheet.rate.samples(boards[number].start)), float(sheet.rate.samples(boards[last].end))
