"""All instruments, their levels, and what they have sounded before."""

from __future__ import annotations

import math
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np

from ....rate import SAMPLE_RATE
from ...engine import Sound
from ..event import EFFECTS as EFFECT_NAMES
from ..event import KITS as KIT_NAMES
from ..event import Event
from .basses import BASSES
from .effects import EFFECTS
from .instrument import Ask, Instrument
from .keys import KEYS
from .kits import drum_of
from .levels import LEVELS
from .notes import draw
from .plucked import PLUCKED
from .sustained import BOWED, SUNG
from .tone import Pair

COARSE_RATE = 24_000
LAYERS = (0.2, 0.45, 0.7, 0.95)  # strengths that sound different
VARIANTS = 3  # strokes of one kind that are not the same
STEP = 100  # a second is cut into so many parts when lengths of notes are told apart
LONGEST = 30.0  # seconds
BODIES, NOTES = 320 << 20, 128 << 20  # bytes that are remembered
REMEMBERED = 1.5  # seconds of a note; longer ones seldom come again
LOWEST, HIGHEST = 12, 120

PITCHED: dict[str, Instrument] = {**BOWED, **SUNG, **KEYS, **PLUCKED, **BASSES}


class Rack:
    """Plays single notes. `seed` colours noise, strings and hands, never time or pitch.

    A coarse rack sounds the same notes at half the rate. It may be asked by several threads at once.
    """

    def __init__(self, seed: int, coarse: bool = False) -> None:
        self.rate = COARSE_RATE if coarse else SAMPLE_RATE
        self._seed = seed % 2**64
        self._bodies, self._notes = _Memory(BODIES), _Memory(NOTES)

    def sound(self, event: Event) -> Sound:
        """Samples (n, 2) at 48 kHz of the whole note with its tail, from the note's start on."""
        sound, left, right = self.take(event)
        whole = sound * np.array([[left], [right]], np.float32)
        return np.ascontiguousarray(np.repeat(whole, SAMPLE_RATE // self.rate, axis=1).T)

    def draw(self, events: Sequence[Event], chunk: int, chunks: int) -> Iterator[dict[str, Pair]]:
        """The dry stems of `chunks` stretches of `chunk` samples at this rack's rate."""
        return draw(self, events, chunk, chunks)

    def take(self, event: Event) -> tuple[Pair, float, float]:
        """The note at this rack's rate (2, n), and what to multiply its sides with."""
        note = event.note
        velocity = min(max(note.velocity, 0.0), 1.0)
        place = zlib.crc32(f"{note.start:.6f} {note.pitch} {event.voice}".encode())
        layer = min(range(len(LAYERS)), key=lambda index: abs(LAYERS[index] - velocity))
        variant = (place >> 8) % VARIANTS
        lively = 10 ** (0.5 * ((place & 255) / 127.5 - 1) / 20)  # half a decibel up or down
        gain = 0.0 if velocity <= 0 else velocity**1.5 * lively * 10 ** (LEVELS.get(event.voice, 0.0) / 20)
        pan = min(max(event.pan, -1.0), 1.0)
        sound = self._note(event.voice, note.pitch, layer, variant, min(max(note.seconds, 0.0), LONGEST))
        return sound, gain * min(1.0, math.sqrt(1 - pan)), gain * min(1.0, math.sqrt(1 + pan))

    def _note(self, voice: str, pitch: int, layer: int, variant: int, seconds: float) -> Pair:
        if voice in KIT_NAMES:
            stroke = (voice, pitch, layer, variant)
            return self._notes.get(stroke, lambda: drum_of(voice, pitch)(self._ask(stroke, pitch, layer)))
        if voice in EFFECT_NAMES:
            count = round(seconds * self.rate)  # what leads up ends to the sample
            moment = (voice, count, layer, variant)
            return self._notes.get(moment, lambda: EFFECTS[voice](self._ask(moment, 60, layer), count / self.rate))
        pitch = _in_range(pitch)
        cut = max(1, round(seconds * STEP))
        instrument = PITCHED[voice]
        shared = (voice, pitch, layer)
        body = self._bodies.get(shared, lambda: instrument.body(self._ask(shared[:2], pitch, layer)))
        key = (voice, pitch, layer, variant, cut)
        if cut > REMEMBERED * STEP:
            return instrument.note(self._ask(key, pitch, layer), body, cut / STEP)
        return self._notes.get(key, lambda: instrument.note(self._ask(key, pitch, layer), body, cut / STEP))

    def _ask(self, key: tuple[Hashable, ...], pitch: int, layer: int) -> Ask:
        chance = np.random.default_rng([self._seed, zlib.crc32(repr(key).encode())])
        return Ask(pitch, LAYERS[layer], self.rate, chance)


class _Memory:
    """Sounds by key, the latest `most` bytes of them."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._sounds: OrderedDict[Hashable, Pair] = OrderedDict()
        self._making: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Pair]) -> Pair:
        """The sound, made where it is not known; who asks while another makes it waits for that."""
        while True:
            with self._lock:
                if key in self._sounds:
                    self._sounds.move_to_end(key)
                    return self._sounds[key]
                made = self._making.get(key)
                if made is None:
                    mine = self._making[key] = threading.Event()
                    break
            made.wait()
        try:
            sound = make()
            with self._lock:
                self._sounds[key] = sound
                self._held += sound.nbytes
                while self._held > self._most and len(self._sounds) > 1:
                    self._held -= self._sounds.popitem(last=False)[1].nbytes
        finally:
            with self._lock:
                del self._making[key]
            mine.set()
        return sound


def _in_range(pitch: int) -> int:
    """By octaves into what can be heard."""
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return pitch
