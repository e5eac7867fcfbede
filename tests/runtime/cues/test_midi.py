"""The MIDI file, read back with a small reader of its own."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest

from hitpoint.runtime.cues.midi import midi_bytes
from hitpoint.runtime.cues.sheet import CueSheet, Hit, Storyboard
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.engines.engine import Note
from hitpoint.runtime.rate import Rate


@dataclass
class Midi:
    kind: int
    ppq: int
    tracks: list  # of (tick, status, data)

    def seconds(self, tick):
        """Exact, by the file's tempo map."""
        total, at, quarter = Fraction(0), 0, 500_000
        for here, status, data in self.tracks[0]:
            if status == (0xFF, 0x51) and here <= tick:
                total += Fraction((here - at) * quarter, self.ppq * 1_000_000)
                at, quarter = here, int.from_bytes(data, "big")
        return float(total + Fraction((tick - at) * quarter, self.ppq * 1_000_000))

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


def two_hours():
    rate = Rate.of("23.976")
    marks = [(f, f"storyboard: {f}") for f in range(240, 172_000, 7919)] + [(5000, "boom")]
    markers = tuple(Marker(frame, 0, name, "", "", "timeline") for frame, name in marks)
    cuts = tuple(Cut(frame) for frame in range(300, 172_000, 53))
    return plan(Edit("film", rate, 172_650, 0, False, 100, 172_600, cuts=cuts, markers=markers))


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
    assert len(midi.metas(0, 0x06)) == len(sheet.hits)


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
