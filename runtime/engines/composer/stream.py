"""Plays events block by block: what rings on is carried over, so a block's length changes no sample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...cues.sheet import CueSheet
from ...progress import Progress
from ...rate import SAMPLE_RATE
from ..engine import Block, Sound
from .room import Room
from .voices import Voices
from .writing import STEMS, Event

# How much of a stem goes into the room, and how long that rings in seconds. The bass stays dry.
SENDS = {"harmony": (0.11, 2.2), "drums": (0.05, 0.8), "effects": (0.09, 2.6)}

FADE = 2.5  # seconds over which the end rings out
SHORT_FADE = 0.4  # of the last storyboard, where that is less
HEADROOM = 0.5  # so that the stems together stay within full scale


def sample_of(seconds: float) -> int:
    return math.floor(seconds * SAMPLE_RATE + 0.5)


@dataclass
class _Sounding:
    """A note that is being played: `sound` lies at the sample `start`."""

    stem: str
    start: int
    gain: np.float32
    sound: Sound


def play(sheet: CueSheet, events: Sequence[Event], voices: Voices, block: int, progress: Progress) -> Iterator[Block]:
    """Blocks of `block` samples and a last shorter one. `events` are sorted by start."""
    total = sheet.samples
    begin = end = fade_length = 0
    if sheet.storyboards:
        last = sheet.storyboards[-1]
        begin, end = sheet.rate.samples(sheet.storyboards[0].start), sheet.rate.samples(last.end)
        fade_length = min(int(FADE * SAMPLE_RATE), int(SHORT_FADE * (end - sheet.rate.samples(last.start))))
    rooms = {stem: Room(seconds) for stem, (_, seconds) in SENDS.items()}
    sounding: list[_Sounding] = []
    upcoming = 0
    for start in range(0, total, block):
        progress(start / total, "rendering")
        stop = min(start + block, total)
        stems = {stem: np.zeros((stop - start, 2), np.float32) for stem in STEMS}
        music = min(stop, end)
        if begin < stop and start < music:
            for voice in sounding:
                _add(voice, stems[voice.stem], start)
            while upcoming < len(events) and (at := sample_of(events[upcoming].note.start)) < stop:
                event = events[upcoming]
                voice = _Sounding(event.note.stem, at, _gain(event.note.velocity), voices.sound(event))
                _add(voice, stems[voice.stem], start)
                sounding.append(voice)
                upcoming += 1
            sounding = [voice for voice in sounding if voice.start + len(voice.sound) > stop]
            fade = _fade(start, stop, end, fade_length)
            for stem, sound in stems.items():
                if stem in SENDS:
                    sound += np.float32(SENDS[stem][0]) * rooms[stem].ring(sound)
                sound *= fade
        yield Block(stems)
    progress(1.0, "rendering")


def _add(voice: _Sounding, stem: Sound, start: int) -> None:
    """Adds what falls on the stem, whose first sample is `start` of the whole."""
    first, last = max(voice.start, start), min(voice.start + len(voice.sound), start + len(stem))
    if first < last:
        stem[first - start : last - start] += voice.gain * voice.sound[first - voice.start : last - voice.start]


def _gain(velocity: float) -> np.float32:
    return np.float32(HEADROOM * velocity**1.4)


def _fade(start: int, stop: int, end: int, length: int) -> Sound:
    """Gains (n, 1): 1, then a squared sine that reaches 0 with the last sample before `end`."""
    left = np.clip((end - 1 - np.arange(start, stop)) / max(1, length), 0, 1)
    fade: Sound = (np.sin(left * (np.pi / 2)) ** 2).astype(np.float32)[:, None]
    return fade
