"""The MIDI file, read back with a small reader of its own."""

import random
from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise

import pytest

from hitpoint.runtime.cues.midi import BEATS_OFF, midi_bytes
from hitpoint.runtime.cues.sheet import CueSheet, Hit, Storyboard
from hitpoint.runtime.engines.engine import Note
from hitpoint.runtime.rate import Rate


@dataclass
class Midi:
    kind: int
    ppq: int
    tracks: list  # of (tick, status, data)

    def seconds(self, tick):
        """Exact, by the file's tempo map."""
        known = self._known
        start, at, quarter = known[bisect_right(known, tick, key=lambda change: change[0]) - 1]
        return float(at + Fraction((tick - start) * quarter, self.ppq * 1_000_000))

    @cached_property
    def _known(self):
        known = [(0, Fraction(0), 500_000)]
        for here, status, data in self.tracks[0]:
            if status == (0xFF, 0x51):
                start, at, quarter = known[-1]
                at += Fraction((here - start) * quarter, self.ppq * 1_000_000)
                known.append((here, at, int.from_bytes(data, "big")))
        return known

    def metas(self, track, kind):
        return [(tick, data) for tick, status, data in self.tracks[track] if status == (0xFF, kind)]

    def notes(self, track):
        """(start, end, channel, pitch, velocity) in ticks; fails where a note is struck twice or never released."""
        held, found = {}, []
        for tick, status, data in self.tracks[track]:
            if isinstance(status, tuple):
                continue
            if status >> 4 == 9:
                assert (status & 15, data[0]) not in held
                held[status & 15, data[0]] = (tick, data[1])
            elif status >> 4 == 8:
                start, velocity = held.pop((status & 15, data[0]))
                found.append((start, tick, status & 15, data[0], velocity))
        assert not held
        return sorted(found)

    def bar_lines(self, until):
        """Ticks of all bar lines; fails where a metre changes inside a bar."""
        changes = self.metas(0, 0x58)
        lines, tick, bar = [], 0, 4 * self.ppq
        while tick <= until:
            while changes and changes[0][0] <= tick:
                at, data = changes.pop(0)
                assert at == tick
                bar = data[0] * 4 * self.ppq // 2 ** data[1]
            assert bar > 0
            lines.append(tick)
            tick += bar
        return lines


def read(raw):
    assert raw[:8] == b"MThd\0\0\0\6"
    kind, count, ppq = (int.from_bytes(raw[at : at + 2], "big") for at in (8, 10, 12))
    place, tracks = 14, []
    while place < len(raw):
        assert raw[place : place + 4] == b"MTrk"
        size = int.from_bytes(raw[place + 4 : place + 8], "big")
        tracks.append(track(raw[place + 8 : place + 8 + size]))
        place += 8 + size
    assert len(tracks) == count
    return Midi(kind, ppq, tracks)


def track(raw):
    place, tick, events = 0, 0, []

    def length():
        nonlocal place
        value = 0
        while True:
            byte = raw[place]
            place += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    while place < len(raw):
        tick += length()
        status = raw[place]
        place += 1
        if status == 0xFF:
            kind = raw[place]
            place += 1
            size = length()
            events.append((tick, (0xFF, kind), raw[place : place + size]))
        else:
            size = 1 if status >> 4 in (0xC, 0xD) else 2
            events.append((tick, status, raw[place : place + size]))
        place += size
    assert events[-1][1] == (0xFF, 0x2F)
    return events


def bent(start, end, tempo, seed):
    """Beats that wander within 8 % of the tempo, and bars of changing length over them."""
    rng = random.Random(seed)
    beats, way = [start], 1.0
    while beats[-1] + 1.3 * way * 60 / tempo < end:
        beats.append(round(beats[-1] + way * 60 / tempo, 6))
        way = min(1.08, max(0.93, way * rng.uniform(0.96, 1.04)))
    bars = []
    while sum(bars) < len(beats):
        bars.append(min(rng.choice([4, 4, 4, 3, 5, 2]), len(beats) - sum(bars)))
    return tuple(beats), tuple(bars)


@cache
def two_hours():
    rate = Rate.of("23.976")
    edges = [100, *range(240, 172_000, 7919), 172_600]
    boards = []
    for number, (start, end) in enumerate(pairwise(edges)):
        tempo = 70.0 + 9.37 * (number % 11)
        beats, bars = bent(round(float(rate.seconds(start)), 6), float(rate.seconds(end)), tempo, number)
        boards.append(Storyboard(f"{start}", start, end, tempo, 4, beats, bars=bars))
    hits = [Hit(board.start, "storyboard", board.name, 1.0) for board in boards]
    hits += [Hit(frame, "cut") for frame in range(301, 172_000, 530)] + [Hit(5000, "marker", "boom")]
    return CueSheet("film", rate, 172_650, storyboards=tuple(boards), hits=tuple(sorted(hits, key=lambda h: h.frame)))


def click(sheet):
    """A note on every beat."""
    return [Note("harmony", beat, 0.2, 60, 0.5) for board in sheet.storyboards for beat in board.beats]


def test_every_beat_of_two_hours_sounds_within_a_millisecond():
    sheet = two_hours()
    midi = read(midi_bytes(sheet, click(sheet)))
    beats = [beat for board in sheet.storyboards for beat in board.beats]
    heard = [midi.seconds(start) for start, *_ in midi.notes(1)[:: len(beats) // 500]]
    assert heard == pytest.approx(beats[:: len(beats) // 500], abs=1e-3)


def test_notes_between_the_beats_and_in_the_last_partial_beat_are_in_time():
    board = Storyboard("A", 0, 103, 31.0, beats=(0.0, 60 / 31, 120 / 31))
    after = Storyboard("B", 103, 240, 140.0, beats=tuple(103 / 24 + n * 60 / 140 for n in range(13)))
    sheet = CueSheet("film", Rate(Fraction(24)), 240, storyboards=(board, after))
    times = [0.1, 0.777, 1.9, 3.9, 4.1, 4.25, 103 / 24, 5.123, 9.9]
    midi = read(midi_bytes(sheet, [Note("bass", at, 0.01, 30 + n, 0.5) for n, at in enumerate(times)]))
    assert [midi.seconds(start) for start, *_ in midi.notes(1)] == pytest.approx(times, abs=1e-3)


def test_the_tempo_map_alone_has_every_bent_beat_within_a_tenth_of_a_millisecond():
    sheet = two_hours()
    midi = read(midi_bytes(sheet, []))
    assert len(midi.tracks) == 1
    lines = midi.bar_lines(midi.metas(0, 0x51)[-1][0])
    times = [midi.seconds(line) for line in lines]
    for board in sheet.storyboards:
        line = lines[bisect_right(times, board.beats[0] + 1e-3) - 1]
        off = [abs(midi.seconds(line + n * midi.ppq) - beat) for n, beat in enumerate(board.beats)]
        assert max(off) <= BEATS_OFF + 1e-5


def test_bars_are_as_long_as_the_sheet_says_and_the_last_one_holds_what_is_left():
    sheet = two_hours()
    midi = read(midi_bytes(sheet, click(sheet)))
    starts = [start for start, *_ in midi.notes(1)]
    lines = set(midi.bar_lines(starts[-1]))
    for board in sheet.storyboards:
        ticks, starts = starts[: len(board.beats)], starts[len(board.beats) :]
        assert [n for n, tick in enumerate(ticks) if tick in lines] == board.downbeats()


def test_every_storyboard_starts_on_a_bar_line_and_beats_are_quarters():
    sheet = two_hours()
    midi = read(midi_bytes(sheet, click(sheet)))
    starts = iter(start for start, *_ in midi.notes(1))
    lines = set(midi.bar_lines(midi.notes(1)[-1][0]))
    for board in sheet.storyboards:
        ticks = [next(starts) for _ in board.beats]
        assert ticks[0] in lines
        assert all(b - a == midi.ppq for a, b in pairwise(ticks))


def test_hits_and_storyboards_are_markers_at_their_time():
    sheet = two_hours()
    midi = read(midi_bytes(sheet, []))
    found = {data.decode(): midi.seconds(tick) for tick, data in midi.metas(0, 0x06)}
    assert found["boom"] == pytest.approx(5000 * 1001 / 24000, abs=1e-3)
    assert found["16078"] == pytest.approx(16078 * 1001 / 24000, abs=1e-3)
    assert len(midi.metas(0, 0x06)) == len({hit.frame for hit in sheet.hits})


def test_each_stem_is_a_named_track_and_drums_are_on_channel_ten():
    notes = [Note(stem, 0.0, 1.0, 40, 0.5) for stem in ("harmony", "drums", "bass")]
    sheet = CueSheet("film", Rate(Fraction(24)), 240, storyboards=(Storyboard("A", 0, 240, 120.0),))
    midi = read(midi_bytes(sheet, notes))
    assert midi.kind == 1
    assert [midi.metas(track, 0x03)[0][1] for track in range(4)] == [b"film", b"harmony", b"drums", b"bass"]
    channels = [midi.notes(track)[0][2] for track in (1, 2, 3)]
    assert channels[1] == 9
    assert len(set(channels)) == 3


def test_a_key_struck_again_is_released_first_and_velocity_stays_in_range():
    notes = [Note("bass", 0.0, 2.0, 40, 2.0), Note("bass", 0.5, 2.0, 40, 0.0), Note("bass", 0.5, 1.0, 40, 0.3)]
    sheet = CueSheet("film", Rate(Fraction(24)), 240, storyboards=(Storyboard("A", 0, 240, 120.0),))
    played = read(midi_bytes(sheet, notes)).notes(1)
    assert len(played) == 2
    assert played[0][1] <= played[1][0]
    assert all(1 <= velocity <= 127 for *_, velocity in played)


def test_a_sheet_without_storyboards_is_still_a_midi_file():
    sheet = CueSheet("film", Rate(Fraction(24)), 240, hits=(Hit(48, "marker", "boom"),))
    midi = read(midi_bytes(sheet, []))
    assert midi.seconds(midi.metas(0, 0x06)[0][0]) == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("metre", [1, 3, 4, 7])
def test_a_bar_has_the_storyboards_metre(metre):
    sheet = CueSheet("film", Rate(Fraction(24)), 960, storyboards=(Storyboard("A", 24, 900, 96.0, metre),))
    midi = read(midi_bytes(sheet, []))
    lines = midi.bar_lines(midi.ppq * 60)
    start = next(line for line in lines if midi.seconds(line) == pytest.approx(1.0, abs=1e-3))
    assert lines[lines.index(start) + 1] - start == metre * midi.ppq


def test_a_long_rest_after_the_last_beat_has_bars_of_its_own():
    board = Storyboard("A", 0, 2400, 60.0, 3, beats=(0.0, 1.0, 2.0, 3.0, 4.0))
    midi = read(midi_bytes(CueSheet("film", Rate(Fraction(24)), 2400, storyboards=(board,)), []))
    assert all(data[0] * 4 / 2 ** data[1] <= 4 for _, data in midi.metas(0, 0x58))
    assert midi.bar_lines(20 * midi.ppq)[:4] == [0, 3 * midi.ppq, 6 * midi.ppq, 9 * midi.ppq]
