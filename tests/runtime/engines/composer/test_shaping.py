"""How phrases swell, how a storyboard steps back before the next, and hands that are not machines."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hitpoint.runtime.cues.beats import lay, meet
from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Rest, Storyboard
from hitpoint.runtime.engines.composer import human
from hitpoint.runtime.engines.composer.event import EFFECTS
from hitpoint.runtime.engines.composer.piece import compose
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))
FRAMES = 576  # of a storyboard: 24 seconds
BAR = 2.0  # seconds, at 120 beats a minute


def a_sheet(energy=0.7, boards=2, names="ABCD", style="cinematic", hits=(), rests=(), role="theme", energies=()):
    energies = energies or (energy,) * boards
    made = tuple(
        Storyboard(
            names[n],
            n * FRAMES,
            (n + 1) * FRAMES,
            120.0,
            beats=lay(24.0 * n, 24.0 * (n + 1), 120.0),
            brief=Brief(energy=energies[n], density=0.5, valence=0.4, style=style),
            role=role,
        )
        for n in range(boards)
    )
    wanted = sorted([*(Hit(b.start, "storyboard", b.name, 1.0) for b in made), *hits], key=lambda hit: hit.frame)
    return CueSheet("film", FILM, FRAMES * boards, storyboards=made, hits=meet(wanted, made, FILM), rests=tuple(rests))


def power(piece, first, last, stems=("melody", "harmony", "bass", "drums")):
    """Of what starts in [first, last), a second. An instrument's gain is its velocity to the power 1.5."""
    notes = [e.note for e in piece.events if e.note.stem in stems and first - 0.02 <= e.note.start < last - 0.02]
    return sum(note.velocity**3 for note in notes) / (last - first)


@pytest.mark.parametrize("energy", [0.2, 0.5, 0.9])
def test_a_storyboard_steps_back_before_the_next_which_begins_anew(energy):
    piece = compose(a_sheet(energy), 1, silent, None)
    before, after = power(piece, 24 - 2 * BAR, 24 - BAR), power(piece, 24, 24 + BAR)
    assert after > 2 * before


def test_the_last_storyboard_does_not_step_back():
    one, two = (compose(a_sheet(0.7, boards), 1, silent) for boards in (1, 2))
    assert power(one, 24 - 3 * BAR, 24 - 2 * BAR) > 1.5 * power(two, 24 - 2 * BAR, 24 - BAR)


def test_what_builds_up_holds_its_breath_for_one_bar_only():
    build, theme = (compose(a_sheet(0.8, role=role), 1, silent) for role in ("build", "theme"))
    assert power(build, 24 - 2 * BAR, 24 - BAR) > 1.2 * power(theme, 24 - 2 * BAR, 24 - BAR)
    assert power(build, 24 - BAR, 23) < power(build, 24 - 2 * BAR, 24 - BAR)


@pytest.mark.parametrize("style", ["cinematic", "pop", "ambient"])
def test_into_a_calmer_storyboard_it_goes_on_to_the_end_and_then_there_is_a_hush(style):
    for seed in range(3):
        piece = compose(a_sheet(energies=(0.7, 0.4), style=style), seed, silent)
        assert power(piece, 24 - 2 * BAR, 24) > 2.5 * power(piece, 24, 24 + BAR)
        hushed, later = power(piece, 24.1, 24 + BAR), power(piece, 24 + 2 * BAR, 24 + 5 * BAR)
        assert later > 1.5 * hushed


def test_a_storyboard_that_is_hardly_calmer_is_met_as_an_equal_one_is():
    equal, nearly = (compose(a_sheet(energies=(0.6, energy)), 1, silent) for energy in (0.6, 0.55))
    first = [[e for e in piece.events if e.note.start < 24 - BAR - 0.02] for piece in (equal, nearly)]
    assert first[0] == first[1]
    assert power(nearly, 24, 24 + BAR) > 2 * power(nearly, 24 - 2 * BAR, 24 - BAR)


def test_in_the_hush_only_the_drums_that_keep_time_go_on():
    piece = compose(a_sheet(energies=(0.9, 0.7), style="pop"), 1, silent)
    drums = {e.note.pitch for e in piece.events if e.note.stem == "drums" and 24.1 < e.note.start < 24 + 2 * BAR - 0.1}
    later = {e.note.pitch for e in piece.events if e.note.stem == "drums" and e.note.start > 24 + 3 * BAR}
    assert 38 in later or 39 in later
    assert drums and not drums & {38, 39, 45, 47, 48, 49}


def test_phrases_swell_the_more_the_more_goes_on():
    def spread(energy):
        ranges = []
        for seed in range(4):
            piece = compose(a_sheet(energy, boards=1), seed, silent)
            bars = [power(piece, at, at + BAR, ("harmony",)) for at in np.arange(0, 18, BAR)]
            ranges.append(10 * np.log10(max(bars) / min(bars)))
        return np.mean(ranges)

    assert spread(0.9) > spread(0.3) + 2


def test_where_the_energy_rises_there_is_no_swell_besides():
    rising = replace(a_sheet(0.5, boards=1), energy=((0, 0.0), (FRAMES - 1, 1.0)))
    for seed in range(4):
        piece = compose(rising, seed, silent)
        thirds = [power(piece, at, at + 6) for at in (0, 6, 12)]
        assert thirds == sorted(thirds)


def test_hits_are_as_strong_in_a_step_back_as_before_it():
    late, early = Hit(FRAMES - 36, "marker", "door", 0.9), Hit(FRAMES // 2 - 36, "marker", "door", 0.9)
    found = []
    for hit in (late, early):
        piece = compose(a_sheet(0.8, hits=[hit]), 1, silent)
        at = hit.frame / 24
        found.append([e.note.velocity for e in piece.events if e.note.start == at and e.note.stem == "effects"])
    assert found[0] and max(found[0]) == pytest.approx(max(found[1]), abs=0.1)


def offsets(style, seed=1, **more):
    """How far every note but effects is from the nearest sixteenth, in milliseconds, by stem."""
    found: dict[str, list[float]] = {}
    for event in compose(a_sheet(0.7, style=style, **more), seed, silent).events:
        if event.voice not in EFFECTS and event.onset:
            at = event.note.start / 0.5
            found.setdefault(event.note.stem, []).append(500 * (at - round(at)))
    return found


def test_hands_are_early_and_late_by_as_much_as_the_style_says():
    jazz, machine = offsets("jazz"), offsets("electronic")
    assert max(max(np.abs(each)) for each in jazz.values()) <= 9
    for each in jazz.values():
        assert np.std(each) > 1 and abs(np.mean(each)) < 1
    assert max(max(np.abs(each)) for each in machine.values()) <= 0.5


def test_hits_and_what_is_struck_with_them_stay_on_their_moment():
    hit = Hit(100, "cut", weight=0.7)
    sheet = a_sheet(0.7, style="jazz", hits=[hit])
    events = compose(sheet, 1, silent).events
    for landed in sheet.hits:
        at = sheet.seconds(landed.frame)
        near = [e.note.start - at for e in events if abs(e.note.start - at) < 0.045 and e.voice not in EFFECTS]
        assert near and max(map(abs, near)) < 1e-9


def test_hands_follow_their_own_chance_and_end_with_the_plan(monkeypatch):
    sheet = a_sheet(0.7, style="jazz", rests=[Rest(240, 300)])
    moved = compose(sheet, 1, silent).events
    monkeypatch.setattr(human, "_chance", lambda event, scene: 0.0)
    exact = compose(sheet, 1, silent).events
    assert len(moved) == len(exact)
    ends = [sorted(round(e.note.start + e.note.seconds, 6) for e in events) for events in (moved, exact)]
    assert np.abs(np.subtract(*ends)).max() < 0.04
    for event in moved:
        assert not 10 <= event.note.start < 12.5
        assert event.note.start >= 0


def test_a_new_name_keeps_the_music_and_another_first_name_does_not():
    sheet = a_sheet()
    first, second = sheet.storyboards
    renamed = replace(sheet, storyboards=(replace(first, name="The fair", origin="A"), second))
    other = replace(sheet, storyboards=(replace(first, name="A", origin="Z"), second))
    assert compose(renamed, 1, silent).events == compose(sheet, 1, silent).events
    assert compose(other, 1, silent).events != compose(sheet, 1, silent).events
