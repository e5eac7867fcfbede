"""Music that was made freely, laid under an edit: where it begins, what is repeated, and how its beats are bent to meet
the hits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..cues.beats import meet
from ..cues.sheet import CueSheet, Storyboard
from ..progress import Progress, part, silent
from ..rate import SAMPLE_RATE
from .elastic_form import Form, Line, form, joins, spliced
from .elastic_plan import MOST, bend, goals
from .elastic_sound import TimeMap, stretch
from .heard import Heard
from .wav import Sound

Floats = NDArray[np.float64]

STEM = "music"
BEGINNINGS = 4  # bars of the song that may be the first to be heard
LATER = 0.03  # of what the hits weigh: for each bar by which the song begins later
LONG = 300.0  # seconds of picture from which only one beginning is tried
FADE, FADE_BEATS = 2.0, 4  # seconds and beats over which music goes that is longer than the picture
FIRM = SAMPLE_RATE * 2 // 1000  # samples over which it comes in
BLOCK = SAMPLE_RATE


@dataclass(frozen=True)
class Laid:
    """A song under an edit. `beats` are the seconds at which those of `form.order` are heard; there may be fewer.

    The music plays from `start` to `end`, in seconds; `fades`: the song would go on, but the picture ends.
    """

    form: Form
    line: Line
    beats: tuple[float, ...]
    start: float
    end: float
    picture_end: float
    fades: bool

    @property
    def bends(self) -> Floats:
        """How much longer than in the song each beat is, as a part of it."""
        lengths = self.form.lengths[: len(self.beats) - 1]
        inside = np.array(self.beats[:-1]) < self.end
        return (np.diff(self.beats) / lengths - 1)[inside]

    @property
    def bent(self) -> float:
        """The largest bend, either way."""
        return float(np.abs(self.bends).max(initial=0.0))

    @property
    def tempo(self) -> float:
        """Beats a minute as they are heard."""
        return 60 / float(np.median(np.diff(self.beats)))

    @property
    def joins(self) -> list[tuple[float, float, float]]:
        """Where the song leaps while it plays: seconds in the edit, and in the song from and to."""
        at = np.cumsum([part.last - part.first for part in self.form.parts[:-1]])
        return [
            (self.beats[index], *leap)
            for index, leap in zip(at.tolist(), joins(self.form), strict=True)
            if index < len(self.beats) and self.beats[index] < self.end
        ]

    @property
    def time_map(self) -> TimeMap:
        return TimeMap(self.line.beats[: len(self.beats)], np.array(self.beats) * SAMPLE_RATE)


def lay(sound: Sound, heard: Heard, attacks: Floats, sheet: CueSheet, progress: Progress = silent) -> Laid:
    """The song laid under the picture so that its beats meet the sheet's hits. The sheet has a storyboard or more."""
    start, end = sheet.seconds(sheet.storyboards[0].start), sheet.seconds(sheet.storyboards[-1].end)
    wanted = goals([hit for hit in sheet.hits if hit.weight > 0], sheet.rate, start, end, halves=heard.halves)
    weight = sum(hit.weight for hit in sheet.hits)
    tail = (len(sound) - float(heard.beats[-1])) / SAMPLE_RATE
    firsts = _beginnings(heard) if end - start < LONG else _beginnings(heard)[:1]
    found = []
    for index, first in enumerate(firsts):
        played = form(heard, first, end - start, tail)
        lengths = played.lengths
        enough = int(np.searchsorted(np.cumsum(lengths), (end - start) / (1 - MOST))) + 1
        bars = [heard.starts_bar(beat) for beat in played.order.tolist()]
        report = part(progress, index / len(firsts), (index + 1) / len(firsts))
        way = bend(lengths[:enough], bars, wanted, progress=report)
        found.append((way.value - LATER * weight * index, -index, played, way))
    _, _, played, way = max(found, key=lambda one: one[:2])
    line = spliced(sound, played, attacks)
    laid = Laid(played, line, way.beats, start, end, end, fades=False)
    over = float(laid.time_map.of(np.array([len(line.sound)]))[0]) / SAMPLE_RATE
    progress(1.0, "laying the beats")
    return replace(laid, end=min(end, over), fades=over > end)


def _beginnings(heard: Heard) -> list[int]:
    """The beats that the music may begin with: the first bars, but nothing of the song's last half."""
    bars = [beat for beat in range(len(heard.beats) // 2) if heard.starts_bar(beat)]
    return bars[:BEGINNINGS] or [0]


def sheet_of(laid: Laid, sheet: CueSheet) -> CueSheet:
    """The sheet with the song's beats as its tempo map, and how the hits are met by them."""
    order = laid.form.order[: len(laid.beats)].tolist()
    heard = [(round(beat, 6), laid.form.heard.starts_bar(at)) for beat, at in zip(laid.beats, order, strict=True)]
    boards = [_board(board, sheet, laid, heard) for board in sheet.storyboards]
    hits = meet([replace(hit, weight=0.0) for hit in sheet.hits], boards, sheet.rate)  # no accents besides the beats
    met = tuple(replace(hit, weight=old.weight) for hit, old in zip(hits, sheet.hits, strict=True))
    return replace(sheet, storyboards=tuple(boards), hits=met)


def _board(board: Storyboard, sheet: CueSheet, laid: Laid, heard: Sequence[tuple[float, bool]]) -> Storyboard:
    first, last = sheet.seconds(board.start), min(sheet.seconds(board.end), laid.end)
    inside = [(beat, bar) for beat, bar in heard if first - 1e-6 <= beat < last - 1e-6]
    beats = tuple(max(beat, first) for beat, _ in inside)
    starts = [index for index, (_, bar) in enumerate(inside) if bar or not index]
    bars = tuple(np.diff([*starts, len(inside)]).tolist()) if inside else ()
    tempo = 60 / float(np.mean(np.diff(beats))) if len(beats) > 1 else laid.tempo
    return replace(board, beats=beats, bars=bars, metre=laid.form.heard.metre, tempo=round(tempo, 2))


def blocks(laid: Laid, sheet: CueSheet, progress: Progress = silent) -> Iterator[Sound]:
    """The music, exactly as long as the timeline: silence before the picture and after it."""
    first = sheet.rate.samples(sheet.storyboards[0].start)
    last = min(round(laid.end * SAMPLE_RATE), sheet.samples)
    fade = _fade(laid)
    whole = laid.time_map
    moved = TimeMap(whole.source, whole.target - first)
    at = 0
    for block in _all(laid, moved, first, last, sheet.samples):
        progress(at / max(sheet.samples, 1), "bending the song")
        here = np.arange(at, at + len(block))
        gain = np.sin(np.pi / 2 * np.clip((here + 1 - first) / FIRM, 0, 1)) ** 2
        gain *= np.sin(np.pi / 2 * np.clip((last - here) / fade, 0, 1)) ** 2
        yield block * gain.astype(np.float32)[:, None]
        at += len(block)


def _fade(laid: Laid) -> int:
    seconds = min(FADE, FADE_BEATS * 60 / laid.tempo, (laid.end - laid.start) / 4) if laid.fades else 0.0
    return max(1, round(seconds * SAMPLE_RATE))


def _all(laid: Laid, moved: TimeMap, first: int, last: int, samples: int) -> Iterator[Sound]:
    yield from _silence(first)
    yield from stretch(laid.line.sound, moved, last - first, laid.line.attacks, block=BLOCK)
    yield from _silence(samples - last)


def _silence(samples: int) -> Iterator[Sound]:
    for start in range(0, samples, BLOCK):
        yield np.zeros((min(BLOCK, samples - start), 2), np.float32)
