"""A Standard MIDI File of a cue sheet and its notes, that opens in a DAW in time with the picture."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .beats import laid
from .sheet import CueSheet, Storyboard

PPQ = 1920  # half a tick is 0.52 ms at 30 bpm
SIXTEENTH = PPQ // 4
BEATS_OFF = 1e-4  # seconds that the map may be off before a tempo event corrects it
PERCUSSION = frozenset({"drums", "effects"})
DRUM_CHANNEL = 9  # shown as 10
PROGRAMS = {"harmony": 48, "bass": 33, "melody": 0}  # General MIDI, from 0: strings, finger bass, piano
MAX_QUARTER = 2**24 - 1  # microseconds


class Sounding(Protocol):
    """What is needed of a note; engines.engine.Note is one."""

    @property
    def stem(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def pitch(self) -> int: ...
    @property
    def velocity(self) -> float: ...


def midi_bytes(sheet: CueSheet, notes: Iterable[Sounding]) -> bytes:
    """Type 1: a conductor track (tempo map, bars, markers), then one named track a stem. Second 0 is tick 0.

    Every beat is on a quarter, and bars are as long as the sheet says. A storyboard may end inside a beat; its last bar
    is then as long as it needs to be, in sixteenths, so that the next storyboard starts on a bar line. Without notes it
    is a tempo map.
    """
    grid = _grid(sheet)
    stems: dict[str, list[Sounding]] = {}
    for note in notes:
        stems.setdefault(note.stem, []).append(note)
    tracks = [_conductor(sheet, grid)]
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    melodic = 0
    for stem, played in stems.items():
        channel = DRUM_CHANNEL if stem in PERCUSSION else free[melodic % len(free)]
        melodic += stem not in PERCUSSION
        tracks.append(_stem(stem, played, channel, grid))
    head = struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), PPQ)
    return head + b"".join(tracks)


@dataclass
class _Grid:
    """Ticks and the seconds at which a player that follows `tempi` reaches them."""

    ticks: list[int] = field(default_factory=lambda: [0])
    seconds: list[float] = field(default_factory=lambda: [0.0])
    tempi: list[tuple[int, int]] = field(default_factory=list)  # tick, microseconds a quarter
    metres: list[tuple[int, int, int]] = field(default_factory=list)  # tick, beats, of a whole note

    def go(self, ticks: int, until: float) -> None:
        """The next `ticks` take until `until` seconds; what was rounded before is made up for."""
        tick, here = self.ticks[-1], self.seconds[-1]
        quarter = self.tempi[-1][1] if self.tempi else 0
        if not quarter or abs(here + _seconds(ticks, quarter) - until) > BEATS_OFF:
            quarter = min(MAX_QUARTER, max(1, round((until - here) * 1e6 * PPQ / ticks)))
            self.tempi.append((tick, quarter))
        self.ticks.append(tick + ticks)
        self.seconds.append(here + _seconds(ticks, quarter))

    def bar(self, tick: int, beats: int, part: int) -> None:
        """From this bar line on bars are `beats` long, in parts of a whole note."""
        if not self.metres or self.metres[-1][1:] != (beats, part):
            self.metres.append((tick, beats, part))

    def ticks_of(self, seconds: list[float]) -> NDArray[np.int64]:
        rounded = np.floor(np.interp(seconds, self.seconds, self.ticks) + 0.5)
        return rounded.astype(np.int64)


def _seconds(ticks: int, quarter: int) -> float:
    return ticks * quarter / PPQ / 1e6


def _grid(sheet: CueSheet) -> _Grid:
    grid = _Grid()
    boards = sheet.storyboards
    for board, after in zip_longest(boards, boards[1:]):
        beats = laid(board, sheet.rate)
        end = sheet.seconds(after.start if after else board.end)
        if beats[0] - grid.seconds[-1] > 1e-3:  # before the first storyboard, or a storyboard that waits
            _wait(grid, beats[0], board.tempo)
        first = grid.ticks[-1]
        for beat in beats[1:]:
            grid.go(PPQ, beat)
        if end > grid.seconds[-1]:
            grid.go(_sixteenths(end - grid.seconds[-1], board.tempo) * SIXTEENTH, end)
        _bars(grid, first, board, len(beats))
    end = sheet.seconds(sheet.frames)
    if end > grid.seconds[-1]:
        _wait(grid, end, boards[-1].tempo if boards else 120.0)
    # Sound may ring on: the last tempo holds.
    quarter = grid.tempi[-1][1] if grid.tempi else 500_000
    grid.ticks.append(grid.ticks[-1] + 3600 * PPQ)
    grid.seconds.append(grid.seconds[-1] + _seconds(3600 * PPQ, quarter))
    return grid


def _sixteenths(seconds: float, tempo: float) -> int:
    return max(1, round(seconds * tempo / 15))


def _wait(grid: _Grid, until: float, tempo: float) -> None:
    """Time without beats that ends on a bar line: a short bar, then whole ones in 4/4."""
    count = _sixteenths(until - grid.seconds[-1], tempo)
    tick = grid.ticks[-1]
    short = count % 16
    if short:
        grid.bar(tick, *_metre(short))
    if count >= 16:
        grid.bar(tick + short * SIXTEENTH, 4, 4)
    grid.go(count * SIXTEENTH, until)


def _bars(grid: _Grid, first: int, board: Storyboard, beats: int) -> None:
    """The storyboard's bars, from tick `first`. What follows its last beat belongs to its last bar, as long as that is
    no more than a beat; a longer rest has bars of its own.
    """
    starts = board.downbeats(beats)
    lines = [first + start * PPQ for start in starts]
    usual = board.bars[len(starts) - 1] if len(starts) <= len(board.bars) else board.metre
    left = grid.ticks[-1] - lines[-1]
    if left >= (usual + 1) * PPQ:
        while left >= (usual + 1) * PPQ:
            lines.append(lines[-1] + usual * PPQ)
            left -= usual * PPQ
            usual = board.metre
        if left > usual * PPQ:
            lines.append(lines[-1] + usual * PPQ)
    for start, end in pairwise([*lines, grid.ticks[-1]]):
        grid.bar(start, *_metre((end - start) // SIXTEENTH))


def _metre(sixteenths: int) -> tuple[int, int]:
    return (sixteenths, 16) if sixteenths % 4 else (sixteenths // 4, 4)


def _conductor(sheet: CueSheet, grid: _Grid) -> bytes:
    """Events as (tick, order, bytes): at one tick the bar comes before the tempo, markers last."""
    events = [(0, 0, _meta(0x03, sheet.name))]
    for tick, beats, part in grid.metres:
        events.append((tick, 1, bytes([0xFF, 0x58, 4, beats, part.bit_length() - 1, 24, 8])))
    for tick, quarter in grid.tempi:
        events.append((tick, 2, b"\xff\x51\x03" + quarter.to_bytes(3, "big")))
    named = {board.start: board.name for board in sheet.storyboards}
    for hit in sheet.hits:
        named[hit.frame] = hit.name or named.get(hit.frame) or hit.kind
    frames = sorted(named)
    ticks = grid.ticks_of([sheet.seconds(frame) for frame in frames])
    events += [(int(tick), 3, _meta(0x06, named[frame])) for tick, frame in zip(ticks, frames, strict=True)]
    return _track(events)


def _stem(name: str, notes: list[Sounding], channel: int, grid: _Grid) -> bytes:
    """Events at one tick: notes end before notes start."""
    events = [(0, 0, _meta(0x03, name))]
    if channel != DRUM_CHANNEL:
        events.append((0, 1, bytes([0xC0 | channel, PROGRAMS.get(name, 0)])))
    starts = grid.ticks_of([note.start for note in notes])
    ends = np.maximum(starts + 1, grid.ticks_of([note.start + note.seconds for note in notes]))
    next_start: dict[int, int] = {}
    for index in np.lexsort((ends, starts))[::-1].tolist():
        note, start = notes[index], int(starts[index])
        pitch = min(127, max(0, note.pitch))
        if next_start.get(pitch) == start:
            continue  # the same key cannot be struck twice at once
        # A key is released before it is struck again.
        end = min(int(ends[index]), next_start.get(pitch, int(ends[index])))
        next_start[pitch] = start
        velocity = min(127, max(1, round(note.velocity * 127)))
        events.append((start, 3, bytes([0x90 | channel, pitch, velocity])))
        events.append((end, 2, bytes([0x80 | channel, pitch, 0])))
    return _track(events)


def _track(events: list[tuple[int, int, bytes]]) -> bytes:
    body, before = bytearray(), 0
    for tick, _, data in sorted(events, key=lambda event: event[:2]):
        body += _length(tick - before) + data
        before = tick
    body += b"\x00\xff\x2f\x00"
    return struct.pack(">4sI", b"MTrk", len(body)) + bytes(body)


def _meta(kind: int, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return bytes([0xFF, kind]) + _length(len(data)) + data


def _length(value: int) -> bytes:
    """MIDI's variable length: seven bits a byte, the last without the top bit."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(0x80 | (value & 0x7F))
    return bytes(reversed(digits))
