"""Real instruments for who has them: a SoundFont, played by the system's FluidSynth, which is found when it is needed."""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import SEEK_END
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import EngineError
from .event import EFFECTS, STEMS, Event
from .instruments.notes import draw
from .instruments.rack import Rack
from .instruments.tone import Pair

# General MIDI programs, from 0.
PROGRAMS = {
    "strings": 48, "warm_pad": 89, "glass_pad": 88, "choir": 52, "piano": 0, "epiano": 4, "bell": 9, "pluck": 45,
    "guitar": 24, "harp": 46, "lead": 81, "flute": 73, "brass": 61, "marimba": 12, "arp": 80, "sub": 39, "upright": 32,
    "synth_bass": 38,
}  # fmt: skip
DRUM_PROGRAMS = {"kit_acoustic": 0, "kit_electronic": 24, "kit_lofi": 25, "kit_cinematic": 48, "kit_brushes": 40}

NAMES = (
    "libfluidsynth.so.3",
    "libfluidsynth.so.2",
    "libfluidsynth.3.dylib",
    "libfluidsynth-3.dll",
    "libfluidsynth-2.dll",
)
GRID = 64  # samples: where the synthesiser lets notes start
GAIN = 0.6  # so that a SoundFont is about as loud as the rack
TRIM = {"bass": 4.0, "drums": 5.0}  # dB that a SoundFont's are softer than the rack's
VOICES = 512
DRUM_CHANNEL = 1
FAILED = -1

# FluidSynth takes no function for its own, which writes to the standard error.
_SILENT = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)


def library() -> ctypes.CDLL | None:
    """The system's FluidSynth, version 2 or later; None where there is none."""
    found = ctypes.util.find_library("fluidsynth")
    for name in ([found] if found else []) + list(NAMES):
        try:
            loaded = ctypes.CDLL(name)
            loaded.fluid_synth_nwrite_float  # noqa: B018
            loaded.fluid_version_str.restype = ctypes.c_char_p
            if loaded.fluid_version_str().decode("ascii", "replace").split(".")[0] in ("0", "1"):
                continue
        except (OSError, AttributeError):
            continue
        return loaded
    return None


def version() -> str | None:
    """Of the system's FluidSynth, for `doctor`; None where there is none."""
    loaded = library()
    return None if loaded is None else loaded.fluid_version_str().decode("ascii", "replace")


@dataclass(frozen=True)
class _Change:
    """A key that goes down or up at a sample; ups come before downs."""

    at: int
    down: bool
    channel: int
    key: int
    velocity: int


class SoundFont:
    """Plays events as a rack does, from a file. Effects, which no SoundFont has, are the rack's own."""

    def __init__(self, path: Path, seed: int, coarse: bool = False) -> None:
        """Raises EngineError where the library or the file is missing or damaged."""
        self._path = path
        self._rack = Rack(seed, coarse)
        self.rate = self._rack.rate
        _installed()
        _checked(path)
        with _Synth(path, self.rate, 16):
            pass

    def draw(self, events: Sequence[Event], chunk: int, chunks: int) -> Iterator[dict[str, Pair]]:
        """The dry stems of `chunks` stretches of `chunk` samples."""
        played = [event for event in events if event.voice not in EFFECTS]
        channels = _channels(played)
        changes = self._changes(played, channels)
        own = draw(self._rack, [event for event in events if event.voice in EFFECTS], chunk, chunks)
        with _Synth(self._path, self.rate, max(channels.values(), default=0) + 1) as synth:
            for (_, voice), channel in channels.items():
                synth.choose(channel, voice)
            following = 0
            for number, stems in enumerate(own):
                begin = number * chunk
                first = following
                while following < len(changes) and changes[following].at < begin + chunk:
                    following += 1
                sound = synth.stretch(changes[first:following], begin, chunk)
                for index, stem in enumerate(STEMS):
                    stems[stem] += np.float32(10 ** (TRIM.get(stem, 0.0) / 20)) * sound[index]
                yield stems

    def _changes(self, events: Sequence[Event], channels: dict[tuple[str, str], int]) -> list[_Change]:
        """Keys going down and up. One that is struck again while it is down goes up for that, and then not again."""
        changes: list[_Change] = []
        held: dict[tuple[int, int], int] = {}  # until when
        for event in sorted(events, key=lambda event: event.note.start):
            note = event.note
            if note.velocity <= 0 or not 0 <= note.pitch <= 127:
                continue
            start, end = (GRID * round(at * self.rate / GRID) for at in (note.start, note.start + note.seconds))
            key = channels[note.stem, event.voice], note.pitch
            if key in held:
                changes.append(_Change(min(held[key], start), False, *key, 0))
            held[key] = max(end, start + GRID)
            changes.append(_Change(start, True, *key, min(127, max(1, math.ceil(127 * note.velocity)))))
        changes += [_Change(end, False, *key, 0) for key, end in held.items()]
        return sorted(changes, key=lambda change: (change.at, change.down))


def _channels(events: Sequence[Event]) -> dict[tuple[str, str], int]:
    """A channel for each stem and voice; the channel modulo the number of stems is the stem."""
    channels: dict[tuple[str, str], int] = {}
    used = dict.fromkeys(STEMS, 0)
    for stem, voice in dict.fromkeys((event.note.stem, event.voice) for event in events):
        channels[stem, voice] = STEMS.index(stem) + len(STEMS) * used[stem]
        used[stem] += 1
    return channels


def _installed() -> ctypes.CDLL:
    loaded = library()
    if loaded is None:
        raise EngineError(
            "FluidSynth is not installed: it plays SoundFonts (Debian: libfluidsynth3, Homebrew: fluid-synth); "
            "without it leave out --soundfont"
        )
    return loaded


def _checked(path: Path) -> None:
    """A file whose parts are not whole is not given to the library, which would try it as other things, and complain."""
    parts = set()
    try:
        with path.open("rb") as file:
            head = file.read(12)
            size = file.seek(0, SEEK_END)
            at = 12
            while head[:4] == b"RIFF" and at + 12 <= size:
                file.seek(at)
                name, length, kind = struct.unpack("<4sI4s", file.read(12))
                if name == b"LIST" and at + 8 + length <= size:
                    parts.add(kind)
                at += 8 + length + length % 2
    except OSError as error:
        raise EngineError(f"{path}: the SoundFont cannot be read: {error.strerror or error}") from None
    if head[:4] != b"RIFF" or head[8:12] not in (b"sfbk", b"sfpk"):
        raise EngineError(f"{path} is not a SoundFont (.sf2 or .sf3)")
    if not parts >= {b"sdta", b"pdta"}:
        raise EngineError(f"{path}: the SoundFont is damaged: a part of it is missing or cut off")


class _Synth:
    """FluidSynth with one file and a pair of outputs for each stem."""

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        self._lib: Any = _installed()
        self._settings = self._synth = None
        _declare(self._lib)
        for level in range(5):
            self._lib.fluid_set_log_function(level, ctypes.cast(_SILENT, ctypes.c_void_p), None)
        self._settings = self._lib.new_fluid_settings()
        for name, value in (
            ("synth.reverb.active", 0), ("synth.chorus.active", 0), ("synth.audio-channels", len(STEMS)),
            ("synth.audio-groups", len(STEMS)), ("synth.polyphony", VOICES), ("synth.dynamic-sample-loading", 1),
            ("synth.midi-channels", min(256, 16 * math.ceil(channels / 16))),
        ):  # fmt: skip
            self._lib.fluid_settings_setint(self._settings, name.encode(), value)
        self._lib.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(rate))
        self._lib.fluid_settings_setnum(self._settings, b"synth.gain", GAIN)
        self._synth = self._lib.new_fluid_synth(self._settings)
        if not self._synth:
            self.close()
            raise EngineError("FluidSynth does not start")
        self._font = self._lib.fluid_synth_sfload(self._synth, str(path).encode(), 0)
        if self._font == FAILED:
            self.close()
            raise EngineError(f"{path}: the SoundFont is damaged, or of a kind that FluidSynth does not read")

    def __enter__(self) -> _Synth:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._synth:
            self._lib.delete_fluid_synth(self._synth)
        if self._settings:
            self._lib.delete_fluid_settings(self._settings)
        self._synth = self._settings = None

    def choose(self, channel: int, voice: str) -> None:
        """The voice's program, or what the font has in its place."""
        drums = voice in DRUM_PROGRAMS
        self._lib.fluid_synth_set_channel_type(self._synth, channel, DRUM_CHANNEL if drums else 0)
        program = DRUM_PROGRAMS[voice] if drums else PROGRAMS[voice]
        for bank, number in ((128, program), (128, 0)) if drums else ((0, program), (0, 0)):
            if self._lib.fluid_synth_program_select(self._synth, channel, self._font, bank, number) != FAILED:
                return

    def stretch(self, changes: Sequence[_Change], begin: int, count: int) -> Pair:
        """(stems, 2, count) while the keys change."""
        sound = np.zeros((len(STEMS), 2, count), np.float32)
        moments = [0, *sorted({change.at - begin for change in changes}), count]
        waiting = list(changes)
        for start, stop in pairwise(moments):
            while waiting and waiting[0].at - begin <= start:
                change = waiting.pop(0)
                if change.down:
                    self._lib.fluid_synth_noteon(self._synth, change.channel, change.key, change.velocity)
                else:
                    self._lib.fluid_synth_noteoff(self._synth, change.channel, change.key)
            if start < stop:
                self._write(sound, start, stop - start)
        return sound

    def _write(self, sound: Pair, start: int, count: int) -> None:
        sides = [(ctypes.c_void_p * len(STEMS))() for _ in range(2)]
        for side, pointers in enumerate(sides):
            for index in range(len(STEMS)):
                pointers[index] = sound[index, side, start:].ctypes.data
        if self._lib.fluid_synth_nwrite_float(self._synth, count, *sides, None, None) == FAILED:
            raise EngineError("FluidSynth stopped playing")


def _declare(loaded: Any) -> None:
    """What the library's functions take and give: pointers are not whole numbers."""
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, takes, gives in (
        ("fluid_set_log_function", (number, pointer, pointer), pointer),
        ("new_fluid_settings", (), pointer),
        ("delete_fluid_settings", (pointer,), None),
        ("fluid_settings_setint", (pointer, text, number), number),
        ("fluid_settings_setnum", (pointer, text, ctypes.c_double), number),
        ("new_fluid_synth", (pointer,), pointer),
        ("delete_fluid_synth", (pointer,), None),
        ("fluid_synth_sfload", (pointer, text, number), number),
        ("fluid_synth_set_channel_type", (pointer, number, number), number),
        ("fluid_synth_program_select", (pointer, number, number, number, number), number),
        ("fluid_synth_noteon", (pointer, number, number, number), number),
        ("fluid_synth_noteoff", (pointer, number, number), number),
        ("fluid_synth_nwrite_float", (pointer, number, pointer, pointer, pointer, pointer), number),
    ):
        function = getattr(loaded, name)
        function.argtypes, function.restype = takes, gives
