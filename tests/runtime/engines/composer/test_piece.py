"""Whole pieces: the same again, other seeds, odd sheets, hits, rests, endings, and the rules of good writing."""

from __future__ import annotations

import importlib.util
import sys
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Rest, Storyboard
from hitpoint.runtime.engines.composer import style
from hitpoint.runtime.engines.composer.event import EFFECTS, KITS, PITCHED, STEMS, Event
from hitpoint.runtime.engines.composer.piece import compose
from hitpoint.runtime.engines.engine import Note
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

STYLES = style.names()
LEADING = ("riser", "reverse", "whoosh")
HANDS = 0.02  # seconds that a note may be early


def _rules() -> ModuleType:
    path = Path(__file__).parents[3] / "benchmarks" / "rules.py"
    spec = importlib.util.spec_from_file_location("composer_rules", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["composer_rules"] = module
    spec.loader.exec_module(module)
    return module


rules = _rules()


def a_sheet(seed=3, **more):
    return rules.film(seed, **{"seconds": 60, **more})


@pytest.fixture(scope="module")
def sheet():
    return rules.with_mood(a_sheet(), 0.4, 0.6)


@pytest.fixture(scope="module")
def piece(sheet):
    return compose(sheet, 1, silent)


def starts_of(piece, stems=STEMS):
    return np.array([e.note.start for e in piece.events if e.note.stem in stems and e.voice not in LEADING])


def test_events_rise_and_are_of_known_stems_and_voices(piece):
    starts = [event.note.start for event in piece.events]
    assert starts == sorted(starts)
    for event in piece.events:
        assert event.note.stem in STEMS
        assert event.voice in (*PITCHED, *KITS, *EFFECTS)
        assert 0 < event.note.velocity <= 1 and -1 <= event.pan <= 1
        assert 0.02 < event.note.seconds <= 12 and 0 <= event.note.pitch <= 127


def test_one_seed_gives_one_piece(sheet, piece):
    assert compose(sheet, 1, silent) == piece


def test_another_seed_gives_another(sheet, piece):
    other = compose(sheet, 2, silent)
    assert other.theme != piece.theme
    assert other.events != piece.events


def test_another_seed_for_one_storyboard_keeps_every_note_of_the_others(sheet, piece):
    other = compose(sheet, 1, silent, seeds={1: 99})
    first, last = piece.plans[1].start, piece.plans[1].end

    def outside(each):
        return [e for e in each.events if not first <= e.note.start < last and e.voice not in LEADING]

    assert outside(other) == outside(piece)
    assert other.events != piece.events
    assert other.theme == piece.theme


@pytest.mark.parametrize("brief", [{"valence": -0.8}, {"energy": 0.7}, {"style": "jazz"}, {"key": "relative"}])
def test_a_changed_brief_changes_other_storyboards_by_a_bar_at_most(sheet, piece, brief):
    boards = list(sheet.storyboards)
    boards[1] = replace(boards[1], brief=replace(boards[1].brief, **brief))
    other = compose(replace(sheet, storyboards=tuple(boards)), 1, silent)
    before, here, after = piece.plans

    def kept(each):
        return [
            event
            for event in each.events
            if (event.note.start < before.bars[-1] - HANDS or event.note.start >= after.start)
            and event.voice not in LEADING
        ]

    assert kept(other) == kept(piece)
    assert [e for e in other.events if here.start <= e.note.start < here.end] != [
        e for e in piece.events if here.start <= e.note.start < here.end
    ]


def test_much_less_energy_changes_how_loud_the_two_bars_around_it_are_and_no_tune(sheet, piece):
    boards = list(sheet.storyboards)
    boards[1] = replace(boards[1], brief=replace(boards[1].brief, energy=0.15))
    other = compose(replace(sheet, storyboards=tuple(boards)), 1, silent)
    before, _, after = piece.plans

    def far(each):
        return [
            event
            for event in each.events
            if event.note.start < before.end - 4.5 or event.note.start >= after.bars[2] - HANDS
        ]

    def tune(each):
        return [
            (event.note.start, event.note.seconds, event.note.pitch, event.voice)
            for event in each.events
            if event.note.stem in ("melody", "bass")
            and (event.note.start < before.bars[-1] - HANDS or event.note.start >= after.start)
        ]

    assert far(other) == far(piece)
    assert tune(other) == tune(piece)


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("energy", [0.1, 0.45, 0.9])
def test_every_landed_hit_has_an_onset_on_its_frame(name, energy):
    made = rules.with_mood(a_sheet(5, median=0.9), 0.2, energy)
    starts = starts_of(compose(made, 4, silent, name))
    landed = [hit for hit in made.hits if hit.outcome == "landed"]
    assert len(landed) > 20
    for hit in landed:
        assert np.abs(starts - made.seconds(hit.frame)).min() < 1e-6


@pytest.mark.parametrize("name", STYLES)
def test_something_is_struck_on_every_beat_once_there_is_energy(name):
    struck = {"piano", "epiano", "bell", "pluck", "guitar", "harp", "marimba", "arp", "strings", "upright", *KITS}
    for energy in (0.42, 0.7):
        made = rules.with_mood(a_sheet(), 0.2, energy)
        made = replace(made, energy=())
        found = compose(made, 4, silent, name)
        starts = np.array([event.note.start for event in found.events if event.voice in struck])
        missing = beats = 0
        for board in made.storyboards:
            for beat in board.beats:
                if beat < found.plans[-1].end - 5:
                    beats += 1
                    missing += np.abs(starts - beat).min() > 0.1
        assert missing <= 0.02 * beats


def test_nothing_starts_in_a_rest_and_everything_ends_there(sheet):
    rests = (Rest(200, 300, "silence"), Rest(1000, 1010))
    found = compose(replace(sheet, rests=rests), 1, silent)
    for rest in rests:
        start, end = sheet.seconds(rest.start), sheet.seconds(rest.end)
        for event in found.events:
            assert not start <= event.note.start < end
            if event.note.start < start:
                assert event.note.start + event.note.seconds <= start + 1e-9 or event.note.start >= end


def test_nothing_sounds_beyond_its_storyboard_but_what_leads_on(piece):
    for planned in piece.plans:
        for event in piece.events:
            if planned.start <= event.note.start < planned.end:
                assert event.note.start + event.note.seconds <= planned.end + 0.11


def test_the_last_chord_is_home_and_rings_to_the_end(sheet, piece):
    last = piece.plans[-1]
    assert last.chords[-1].tones[0] == last.tonic
    ringing = [
        e.note for e in piece.events if e.note.stem == "harmony" and e.note.start + e.note.seconds > last.end - 0.05
    ]
    assert {note.pitch % 12 for note in ringing} >= set(last.chords[-1].tones)
    closing = [
        e for e in piece.events if e.note.start > last.chords[-1].start + 0.11 and e.note.stem in ("melody", "bass")
    ]
    assert not closing
    melody = [e.note for e in piece.events if e.note.stem == "melody"]
    assert melody[-1].pitch % 12 in last.chords[-1].tones


def test_the_music_is_in_the_mode_of_its_mood(sheet):
    for valence, modes in ((0.97, {"lydian"}), (0.5, {"ionian"}), (-0.5, {"aeolian"}), (-0.98, {"phrygian"})):
        found = compose(rules.with_mood(sheet, valence, 0.5), 1, silent)
        assert {planned.mode for planned in found.plans} <= modes | {"ionian", "aeolian"}
        assert found.plans[0].mode in modes | {"ionian", "aeolian"}


def test_keys_stand_to_home_as_the_briefs_say(sheet):
    home = compose(sheet, 1, silent).theme.tonic
    steps = {"home": 0, "dominant": 7, "subdominant": 5, "parallel": 0}
    for relation, step in steps.items():
        boards = tuple(replace(b, brief=replace(b.brief, key=relation)) for b in sheet.storyboards)
        found = compose(replace(sheet, storyboards=boards), 1, silent)
        assert {planned.tonic for planned in found.plans} == {(home + step) % 12}


def test_the_next_key_is_prepared_by_its_dominant(sheet):
    boards = list(sheet.storyboards)
    boards[1] = replace(boards[1], brief=replace(boards[1].brief, key="dominant"))
    found = compose(replace(sheet, storyboards=tuple(boards)), 1, silent, "pop")
    for here, after in pairwise(found.plans):
        assert here.chords[-1].tones[0] == (after.tonic + 7) % 12


def test_storyboards_of_one_piece_share_their_motifs_more_than_those_of_others(sheet):
    within, across = rules.shared([compose(sheet, seed, silent) for seed in range(6)])
    assert within > 2 * across


@pytest.mark.parametrize("name", STYLES)
def test_the_rules_are_kept(name):
    bars = broken = 0
    for seed, mood in enumerate(rules.MOODS[:4]):
        found = compose(rules.with_mood(a_sheet(seed, median=(1.2, 4.0)[seed % 2]), *mood), seed, silent, name)
        bars += sum(len(planned.bars) for planned in found.plans)
        broken += rules.violations(found).total()
    assert broken <= 0.01 * bars


def test_the_checker_finds_what_is_wrong():
    def notes(*pitches, stem="melody"):
        return [Note(stem, float(n), 1.0, pitch, 0.5) for n, pitch in enumerate(pitches)]

    assert rules.parallels(notes(67, 69, 71), notes(48, 50, 52, stem="bass")) == 2
    assert rules.parallels(notes(67, 65, 64), notes(48, 50, 52, stem="bass")) == 0
    assert rules.leaps(notes(60, 74, 76)) == 1
    assert rules.leaps(notes(60, 74, 72)) == 0
    home = compose(a_sheet(), 1, silent).plans[0]
    strong, chord = home.strong[0], home.chords[0]
    wrong = next(pitch for pitch in range(60, 72) if pitch % 12 not in chord.tones)
    assert rules.strong_beats([Note("melody", strong, 0.2, wrong, 0.5)], home) == 1
    assert (
        rules.violations(
            replace(
                compose(a_sheet(), 1, silent),
                events=(Event(Note("melody", strong, 0.2, 20, 0.5), "flute", True),),
            )
        )["ranges"]
        == 1
    )
    bars = replace(home, bars=tuple(float(n) for n in range(12)), end=12.0)
    same = [Event(Note("bass", float(n), 0.5, 40, 0.5), "sub", True) for n in range(12)]
    assert rules.same_bars(same, bars) == 4


@pytest.mark.parametrize("name", STYLES)
def test_pitch_density_and_loudness_rise_with_the_energy(name):
    rows = [rules.rising(a_sheet(seed, seconds=40), seed, name) for seed in (0, 1)]
    assert (np.mean(rows, axis=0) >= 0.8).all()


def test_unknown_styles_are_said_and_played_as_cinematic(sheet):
    found = compose(sheet, 1, silent, "zydeco")
    assert len(found.warnings) == 1 and "zydeco" in found.warnings[0]
    assert {planned.style for planned in found.plans} == {"cinematic"}
    assert found.events == compose(sheet, 1, silent, "cinematic").events


def test_styles_may_differ_between_storyboards(sheet):
    boards = tuple(
        replace(board, brief=replace(board.brief, style=name))
        for board, name in zip(sheet.storyboards, ("jazz", "trailer", "ambient"), strict=True)
    )
    found = compose(replace(sheet, storyboards=boards), 1, silent)
    assert [planned.style for planned in found.plans] == ["jazz", "trailer", "ambient"]
    assert len({desk.room for desk in found.desks}) == 3


def test_twenty_minutes_are_composed_in_seconds():
    made = a_sheet(1, seconds=1200, storyboards=8)
    start = time.process_time()
    found = compose(made, 1, silent)
    assert time.process_time() - start < 12
    assert len(found.events) > 5000


def test_composing_tells_where_it_is_and_can_be_cancelled(sheet):
    heard = []
    compose(sheet, 1, lambda *said: heard.append(said))
    assert heard[-1] == (1.0, "composing") and all(0 <= fraction <= 1 for fraction, _ in heard)

    def cancel(fraction, words):
        raise Cancelled

    with pytest.raises(Cancelled):
        compose(sheet, 1, cancel)


ODD = {
    "one frame": [Storyboard("A", 3, 4, 120.0)],
    "five frames": [Storyboard("A", 0, 100, 120.0), Storyboard("B", 100, 105, 120.0), Storyboard("C", 105, 240, 90.0)],
    "slow and odd": [Storyboard("A", 0, 200, 30.0, 16), Storyboard("B", 200, 203, 300.0, 1)],
    "with a hole": [Storyboard("A", 10, 60, 100.0, 5), Storyboard("B", 150, 231, 133.0, 2)],
    "few beats": [Storyboard("A", 0, 240, 120.0, beats=(1.0, 1.01, 7.5))],
    "single beat": [Storyboard("A", 0, 240, 120.0, beats=(0.0,))],
    "bars of one": [Storyboard("A", 0, 240, 120.0, 1)],
    "all lengths": [Storyboard("A", 0, 240, 170.0, 4, bars=(2, 3, 5, 7, 6, 1, 4))],
    "no storyboard": [],
}


@pytest.mark.parametrize("boards", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["cinematic", "jazz", "electronic"])
@pytest.mark.parametrize("energy", [0.0, 0.6, 1.0])
def test_odd_sheets_are_composed_without_complaint(boards, name, energy):
    boards = tuple(replace(board, brief=Brief(energy=energy, density=energy, style=name)) for board in boards)
    hits = (
        Hit(3, "cut", at=0.125, outcome="landed", place="free"),
        Hit(170, "marker", weight=1.0, at=170 / 24, outcome="landed", place="free", wish="build"),
    )
    made = CueSheet("odd", Rate(Fraction(24)), 240, storyboards=boards, hits=hits)
    found = compose(made, -5, silent)
    assert bool(found.events) == bool(boards)
    for event in found.events:
        assert np.isfinite([event.note.start, event.note.seconds, event.note.velocity]).all()
        assert any(made.seconds(b.start) <= event.note.start < made.seconds(b.end) for b in boards)


def test_a_long_storyboard_tells_where_it_is_and_stops_wherever_it_is_told_to():
    """One storyboard used to be composed whole before anybody could stop it."""
    board = Storyboard("A", 0, 4800, 120.0, 4, beats=tuple(n * 0.5 for n in range(400)), bars=(4,) * 100)
    made = CueSheet("long", Rate(Fraction(24)), 4800, storyboards=(board,))
    told: list[float] = []
    whole = compose(made, 2, lambda at, _: told.append(at))
    assert told == sorted(told) and told[0] == 0.0 and told[-1] == 1.0
    assert len(told) >= 10 and max(b - a for a, b in pairwise(told)) <= 0.26
    assert repr(whole.events) == repr(compose(made, 2, silent).events)

    for stop in range(len(told)):
        left = [stop]

        def progress(_: float, words: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Cancelled

        with pytest.raises(Cancelled):
            compose(made, 2, progress)
