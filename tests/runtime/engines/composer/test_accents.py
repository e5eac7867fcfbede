"""What hits get: touches, accents and impacts, what leads up to them, breaths, fills and the last chord."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hitpoint.runtime.cues.beats import lay, meet
from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Rest, Storyboard
from hitpoint.runtime.engines.composer import style
from hitpoint.runtime.engines.composer.piece import compose
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))
LEADING = ("riser", "reverse", "whoosh")


def a_sheet(hits=(), energies=(0.6, 0.6), seconds=24, tempo=120.0, rests=(), **brief):
    frames = 24 * seconds // len(energies)
    boards = tuple(
        Storyboard(
            name,
            n * frames,
            (n + 1) * frames,
            tempo,
            beats=lay(n * frames / 24, (n + 1) * frames / 24, tempo),
            brief=Brief(**{"energy": energy, "density": 0.5, "valence": 0.4, **brief}),
        )
        for n, (name, energy) in enumerate(zip("ABCDEF", energies, strict=False))
    )
    starts = [Hit(board.start, "storyboard", board.name, 1.0) for board in boards]
    wanted = sorted([*starts, *hits], key=lambda hit: hit.frame)
    return CueSheet("film", FILM, 24 * seconds, storyboards=boards, hits=meet(wanted, boards, FILM), rests=tuple(rests))


def at(piece, seconds, *voices):
    return [e for e in piece.events if abs(e.note.start - seconds) < 1e-6 and (not voices or e.voice in voices)]


def test_a_strong_hit_is_struck_harder_than_a_soft_one():
    hit = Hit(96, "marker", "door", 0.95, wish="accent")
    loud = compose(a_sheet([hit], (0.9, 0.9)), 1, silent)
    soft = compose(a_sheet([replace(hit, weight=0.5, wish="soft")], (0.9, 0.9)), 1, silent)
    gentle = compose(a_sheet([replace(hit, weight=0.5, wish="")], (0.1, 0.1)), 1, silent)
    assert at(loud, 4.0, "impact") and at(loud, 4.0, "brass", "strings")
    for quiet in (soft, gentle):
        assert not at(quiet, 4.0, "impact", "cymbal", "sub_drop")
        assert at(quiet, 4.0, "harp", "bell")


@pytest.mark.parametrize("name", ["electronic", "pop"])
def test_the_kick_gives_way_to_an_impact_that_falls_on_it(name):
    kicks = {True: [], False: []}
    for frame in (48, 96, 144, 192, 240):  # bar lines
        sheet = a_sheet([Hit(frame, "marker", "door", 1.0, wish="accent")], (1.0, 1.0), style=name)
        piece = compose(sheet, 1, silent)
        for line in (48, 96, 144, 192, 240):
            low = bool(at(piece, line / 24, "impact", "sub_drop"))
            kicks[low] += [
                e.note.velocity
                for e in piece.events
                if abs(e.note.start - line / 24) < 0.01 and e.note.stem == "drums" and e.note.pitch == 36
            ]
    assert kicks[True] and kicks[False]
    assert 0.3 * np.mean(kicks[False]) < np.mean(kicks[True]) < 0.7 * np.mean(kicks[False])


def test_accents_grow_with_weight_and_energy():
    def force(weight, energy):
        piece = compose(a_sheet([Hit(108, "cut", weight=weight)], (energy, energy)), 1, silent)
        return sum(event.note.velocity for event in at(piece, 4.5))

    assert force(0.9, 0.8) > force(0.5, 0.8) > force(0.5, 0.2)


@pytest.mark.parametrize("frame", [100, 103, 110])
def test_a_free_hit_has_its_accent_on_its_frame_and_no_beat_stumbles_before_it(frame):
    sheet = a_sheet([Hit(frame, "cut", weight=0.6)], (0.8, 0.8))
    hit = next(hit for hit in sheet.hits if hit.frame == frame)
    assert hit.place == "free"
    piece = compose(sheet, 1, silent)
    assert at(piece, frame / 24)
    close = [
        e.note.start
        for e in piece.events
        if 0 < abs(e.note.start - frame / 24) < 0.049 and e.voice not in LEADING and e.note.stem != "effects"
    ]
    assert not close


def test_a_build_rises_to_its_very_hit():
    piece = compose(a_sheet([Hit(192, "marker", "build", 0.95, wish="build")]), 1, silent)
    risers = [event.note for event in piece.events if event.voice == "riser"]
    assert any(abs(note.start + note.seconds - 8.0) < 1e-9 and note.seconds > 2 for note in risers)


def test_a_storyboard_with_more_energy_is_announced():
    rising = compose(a_sheet(energies=(0.3, 0.8)), 1, silent)
    falling = compose(a_sheet(energies=(0.8, 0.3)), 1, silent)
    ends = [e.note.start + e.note.seconds for e in rising.events if e.voice == "riser"]
    assert any(abs(end - 12.0) < 1e-9 for end in ends)
    assert not [event for event in falling.events if event.voice == "riser"]


def test_a_calmer_storyboard_opens_with_a_touch_and_nothing_that_rings_on_from_before():
    falling, equal = (compose(a_sheet(energies=pair), 1, silent) for pair in ((0.9, 0.6), (0.6, 0.6)))
    struck = ("impact", "cymbal", "sub_drop", "brass")
    assert at(falling, 12.0, "harp", "bell") and not at(falling, 12.0, *struck)
    assert at(equal, 12.0, *struck)
    assert not [e for e in falling.events if e.voice in LEADING and 10 < e.note.start < 12]


def test_a_calmer_storyboard_opens_with_a_strike_where_somebody_asked_for_one():
    sheet = a_sheet(energies=(0.9, 0.6))
    asked = replace(sheet, hits=tuple(replace(h, wish="accent") if h.frame == 288 else h for h in sheet.hits))
    assert at(compose(asked, 1, silent), 12.0, "impact", "cymbal", "sub_drop")


def test_what_announces_more_energy_stays_behind_the_change_itself():
    piece = compose(a_sheet(energies=(0.3, 0.8)), 1, silent)
    lengths = [e.note.seconds for e in piece.events if e.voice == "riser"]
    assert lengths and max(lengths) <= 2 * 0.5  # beats of half a second


def test_nothing_rises_through_a_rest():
    piece = compose(a_sheet([Hit(192, "marker", "build", 0.95, wish="build")], rests=[Rest(150, 185)]), 1, silent)
    assert not [e for e in piece.events if e.voice in LEADING and e.note.start < 185 / 24 and e.note.start > 5]


def test_there_is_a_breath_before_a_great_hit():
    piece = compose(a_sheet([Hit(144, "marker", "hit", 1.0, wish="accent")], (0.9, 0.9)), 1, silent)
    kept = [e for e in piece.events if e.voice not in LEADING]
    assert not [e for e in kept if 6.0 - 0.2 < e.note.start < 6.0 - 1e-6]
    assert not [
        e for e in kept if e.note.start < 5.7 and e.note.start + e.note.seconds > 5.9 and e.note.stem != "effects"
    ]


def test_a_strong_hit_changes_the_chord():
    sheet = a_sheet([Hit(108, "marker", "turn", 0.9)], (0.6, 0.6))
    chords = [chord for plan in compose(sheet, 1, silent).plans for chord in plan.chords]
    here = next(chord for chord in chords if abs(chord.start - 4.5) < 1e-6)
    before = max((chord for chord in chords if chord.start < 4.4), key=lambda chord: chord.start)
    assert here.tones != before.tones


def test_drums_fill_into_the_next_storyboard():
    piece = compose(a_sheet(energies=(0.7, 0.7)), 1, silent, "pop")
    last = [e.note for e in piece.events if e.note.stem == "drums" and 10.99 <= e.note.start < 12 - 1e-6]
    assert {38, 48, 45} <= {note.pitch for note in last}


def test_the_last_hit_is_a_button_where_it_can_be():
    piece = compose(a_sheet([Hit(22 * 24, "marker", "end", 0.9)], (0.7, 0.7)), 1, silent)
    struck = at(piece, 22.0)
    assert {"melody", "harmony", "bass", "drums"} <= {event.note.stem for event in struck}
    later = [e for e in piece.events if e.note.start > 22.0 + 1e-6]
    assert not later
    ends = [e.note.start + e.note.seconds for e in struck if e.note.stem == "harmony"]
    assert max(ends) == pytest.approx(24.0)


def test_a_fast_calm_storyboard_is_felt_in_half_time_with_every_beat_still_heard():
    sheet = a_sheet(energies=(0.38, 0.38), tempo=160.0)
    piece = compose(sheet, 1, silent, "pop")
    beats = np.array([beat for board in sheet.storyboards for beat in board.beats])
    kicks = [e.note.start for e in piece.events if e.note.stem == "drums" and e.note.pitch == 36]
    drums = np.array([e.note.start for e in piece.events if e.note.stem == "drums"])
    assert len(kicks) < 0.4 * len(beats)
    middle = beats[beats < 20]
    assert (np.abs(middle[:, None] - drums).min(axis=1) < 0.01).mean() > 0.97


@pytest.mark.parametrize("name", style.names())
def test_layers_enter_as_the_energy_rises_within_a_storyboard(name):
    sheet = a_sheet(energies=(0.5,), seconds=40)
    sheet = replace(sheet, energy=((0, 0.0), (959, 1.0)))
    notes = [event.note for event in compose(sheet, 1, silent, name).events]
    early = [note for note in notes if note.start < 10]
    late = [note for note in notes if 25 <= note.start < 35]
    assert len(late) > 1.5 * len(early)
    assert np.mean([note.velocity for note in late]) > np.mean([note.velocity for note in early])
