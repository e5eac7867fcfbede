"""Plays a piece: dry stems through the desk, and out in blocks of any length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ....cues.sheet import CueSheet
from ....progress import Progress
from ....rate import SAMPLE_RATE
from ...engine import Block, Sound
from ..desk_settings import Desk
from ..event import STEMS, Event
from ..instruments.notes import WORKERS, Source
from ..instruments.tone import Line, Pair
from .channels import Channels

CHUNK = 65_536  # samples at 48 kHz that are worked on at once, whatever the blocks' length
FADE = 2.5  # seconds over which the end rings out
SHORT_FADE = 0.4  # of the last storyboard, where that is less


def play(
    sheet: CueSheet, events: Sequence[Event], desks: Sequence[Desk], rack: Source, block: int, progress: Progress
) -> Iterator[Block]:
    """Blocks of `block` samples and a last shorter one, together `sheet.samples` long. One desk for each storyboard."""
    total = sheet.samples
    waiting: list[dict[str, Sound]] = []
    held = given = 0
    pieces = _pieces(sheet, sorted(events, key=lambda event: event.note.start), desks, rack)
    for start in range(0, total, block):
        progress(start / total, "rendering")
        size = min(block, total - start)
        while held < size:
            waiting.append(next(pieces))
            held += len(waiting[-1][STEMS[0]])
        yield Block({stem: _cut([each[stem] for each in waiting], size) for stem in STEMS})
        given, held = size, held - size
        while waiting and given >= len(waiting[0][STEMS[0]]):
            given -= len(waiting.pop(0)[STEMS[0]])
        if given:
            waiting[0] = {stem: sound[given:] for stem, sound in waiting[0].items()}
    progress(1.0, "rendering")


def _cut(sounds: list[Sound], size: int) -> Sound:
    """The first `size` samples of sounds that follow each other."""
    if len(sounds[0]) >= size:
        return sounds[0][:size]
    return np.concatenate(sounds)[:size]


def _pieces(
    sheet: CueSheet, events: Sequence[Event], desks: Sequence[Desk], rack: Source
) -> Iterator[dict[str, Sound]]:
    """The finished stems at 48 kHz in pieces of one length, as many as the sheet needs; then silence without end."""
    coarse = rack.rate < SAMPLE_RATE
    chunk = CHUNK * rack.rate // SAMPLE_RATE
    begin = end = fade = 0
    if sheet.storyboards:
        last = sheet.storyboards[-1]
        begin, end = sheet.rate.samples(sheet.storyboards[0].start), sheet.rate.samples(last.end)
        fade = min(int(FADE * SAMPLE_RATE), int(SHORT_FADE * (end - sheet.rate.samples(last.start))))
        chunks = -(-end // CHUNK)
        before = {stem: np.zeros((2, 1), np.float32) for stem in STEMS}
        with ThreadPoolExecutor(WORKERS) as pool:
            channels = Channels(sheet, events, desks, rack.rate, chunk, pool)
            for number, dry in enumerate(rack.draw(events, chunk, chunks)):
                finished = channels.mix(number * chunk, dry)
                if coarse:
                    finished = {stem: _doubled(sound, before[stem]) for stem, sound in finished.items()}
                shape = _shape(number * CHUNK, begin, end, fade)
                yield {stem: _woven(sound, shape) for stem, sound in finished.items()}
    while True:
        yield {stem: np.zeros((CHUNK, 2), np.float32) for stem in STEMS}


def _woven(sound: Pair, shape: Line) -> Sound:
    """(2, n) times the shape as (n, 2): side by side, which is faster than turning the whole around."""
    woven = np.empty((sound.shape[1], 2), np.float32)
    for side in range(2):
        np.multiply(sound[side], shape, out=woven[:, side])
    return woven


def _doubled(sound: Pair, before: Pair) -> Pair:
    """At twice the rate, on straight lines; `before` is the last sample before, and becomes the new last."""
    risen = np.empty((2, 2 * sound.shape[1]), np.float32)
    risen[:, 1::2] = sound
    risen[:, 2::2] = np.float32(0.5) * (sound[:, 1:] + sound[:, :-1])
    risen[:, :1] = np.float32(0.5) * (sound[:, :1] + before)
    before[:] = sound[:, -1:]
    return risen


def _shape(start: int, begin: int, end: int, fade: int) -> Line:
    """(n,), or (1,) where it is 1: 0 before the music, 1, then a squared sine that reaches 0 with the last sample before `end`."""
    if begin <= start and start + CHUNK < end - fade:
        return np.ones(1, np.float32)
    at = np.arange(start, start + CHUNK)
    left = np.clip((end - 1 - at) / max(1, fade), 0, 1)
    shape: Line = (np.sin(left * (np.pi / 2)) ** 2 * (at >= begin)).astype(np.float32)
    return shape
