"""What the model is told of the plan and of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, KnownShot, Rest, Storyboard
from hitpoint.runtime.engines.diffv2m.conditions import Asked, conditions
from hitpoint.runtime.engines.diffv2m.rhythm import planned, silent_around
from hitpoint.runtime.engines.diffv2m.rows import drawn
from hitpoint.runtime.engines.diffv2m.settings import Settings
from hitpoint.runtime.engines.diffv2m.sight import sight
from hitpoint.runtime.packs.diffusion.windows import Windows
from hitpoint.runtime.picture.look import Curves, Seen, VisualBeat
from hitpoint.runtime.rate import Rate

RATE = 48_000 / 2048
SETTINGS = Settings(
    "fixed", True, 1, RATE, 0.4, (), np.zeros((4, 1), np.float32), np.ones((4, 1), np.float32), "", 1.0, RATE
)


def test_an_onset_is_shared_between_two_rows_so_that_its_moment_can_be_read_off_them():
    """At 10 rows a second row 3 stands at 0.35 s: an onset at 0.375 s lies a quarter of the way to row 4."""
    assert drawn(np.array([0.375]), np.array([0.8], np.float32), 8, 10.0) == pytest.approx(
        [0, 0, 0, 0.6, 0.2, 0, 0, 0], abs=1e-6
    )


def sheet(**more):
    boards = (
        Storyboard("one", 48, 144, 120.0, brief=Brief(energy=0.5, density=0.2)),
        Storyboard("two", 168, 240, 60.0),
    )
    return CueSheet("cut", Rate.of(24), 264, storyboards=boards, **more)


def test_the_plan_is_told_from_where_the_music_begins():
    """Storyboards from 2 s to 6 s at 120 bpm and from 7 s to 10 s at 60; the hit at 3 s lies on a beat."""
    plan = planned(sheet(hits=(Hit(72, "cut", weight=0.5),), rests=(Rest(96, 108),)), 0.4)
    assert plan.silences == ((2.0, 2.5), (4.0, 5.0))  # the rest, and where no storyboard is
    assert plan.times.tolist() == pytest.approx([0, 0.5, 1, 1.5, 2.5, 3, 3.5, 5, 6, 7], abs=0.02)
    assert plan.hits.tolist() == [False, False, True, *[False] * 7]
    assert plan.strengths[2] == pytest.approx(0.4 + 0.6 * 0.5)
    assert plan.strengths[0] == pytest.approx(0.4)  # ordinary energy, an ordinary accent


def test_the_energy_curve_counts_beside_the_brief():
    flat, high = (planned(replace(sheet(), energy=curve), 0.4).strengths[0] for curve in (((48, 0.5),), ((48, 1.0),)))
    assert high / flat == pytest.approx((0.7 + 0.6 * (0.6 * 1.0 + 0.4 * 0.5)) / 1.0, rel=1e-3)


def test_close_to_an_onset_of_the_plan_nothing_else_is_heard():
    found = silent_around(np.array([1.0, 2.0]), np.array([0.0, 0.85, 0.95, 1.0, 1.5, 2.15, 9.0]))
    assert found == pytest.approx([1, 0.5, 0, 0, 1, 0.5, 1], abs=1e-5)
    assert silent_around(np.zeros(0), np.array([1.0])).tolist() == [1.0]


def seen_of(seconds):
    meaning = np.arange(seconds, dtype=np.float32)[:, None] + np.ones((1, 512), np.float32)
    colour = np.zeros((seconds, 3, 32, 32), np.float32)
    colour[:, 1, 2, 3] = 1
    flat = np.zeros(seconds, np.float32)
    return Seen((), Curves(flat, flat, flat, flat, flat), (VisualBeat(4.0, 0.5),), meaning, "any", colour, flat)


def test_each_second_of_the_picture_is_told_when_it_is():
    """A window from latent 47 on, 2.005 s into music that begins at 2 s: its first second is the edit's fourth."""
    made = sheet(shots=(KnownShot(0, 60), KnownShot(60, 264)))
    found = sight(made, seen_of(11), "")
    told = conditions(Asked(SETTINGS, planned(made, 0.4), found, "plan", 8.0, 188), Windows(64, 16), None).of(47, 111)
    begin = 47 / RATE
    assert told["meaning"].shape == (1, 4, 512) and told["rhythm"].shape == (1, 64, 1)
    assert told["meaning"][0, :, 0].tolist() == [5, 6, 7, 8]  # seconds 4 to 7 of the edit
    assert told["times"][0] == pytest.approx(np.array([4.5, 5.5, 6.5, 7.5]) - 2 - begin, abs=1e-5)
    assert told["colour"][0, 0, 1 * 1024 + 2 * 32 + 3] == 1
    assert told["start"][0] == pytest.approx(begin) and told["total"][0] == pytest.approx(8.0)
    assert found.cuts.tolist() == [0.5] and found.beats.tolist() == [2.0]


def test_past_the_end_of_the_piece_nothing_is_seen_and_silence_is_told():
    found = sight(sheet(), seen_of(9), "")
    told = conditions(Asked(SETTINGS, planned(sheet(), 0.4), found, "plan", 8.0, 188), Windows(64, 16), None).of(
        140, 204
    )
    assert told["seen"][0].tolist() == [True, True, False, False]  # seconds 7 and 8 of the edit; there are 9
    assert not told["rhythm"][0, 48:].any() and told["told"].all()


def test_a_predicted_rhythm_is_the_same_through_windows_as_in_one():
    """A predictor that answers what it is asked at each step alone has no seams, wherever windows meet."""
    made = sheet(shots=tuple(KnownShot(at, at + 24) for at in range(0, 264, 24)))
    found = sight(made, seen_of(11), "")

    def predict(inputs):
        return (inputs["onsets"] + 0.01 * inputs["meaning"][..., 0])[..., None].astype(np.float32)

    one, many = (
        conditions(Asked(SETTINGS, planned(made, 0.4), found, "predicted", 8.0, 188), windows, predict).of(0, 188)
        for windows in (Windows(188, 0), Windows(64, 16))
    )
    outside = ~np.isin(np.arange(188), np.flatnonzero(one["rhythm"][0, :, 0] > 0.5))
    assert np.abs(one["rhythm"] - many["rhythm"])[0, outside].max() < 1e-5
    steps = np.flatnonzero(one["rhythm"][0, :, 0] > 0.5)
    assert steps.tolist() == [int(at * RATE) for at in range(9)]
    assert not one["rhythm"][0, 95:117].any() and one["told"][0, 95:117].all()  # between storyboards nothing begins


def test_the_released_model_is_told_of_each_second_around_it():
    """Cuts at 0.4 and 2.6 s of the piece belong to the rows around 0 and 3 s, and so does a movement at 2 s to row 2."""
    made = sheet(shots=(KnownShot(0, 58), KnownShot(58, 110), KnownShot(110, 264)))
    settings = replace(SETTINGS, policy="compat")
    asked = []

    def predict(inputs):
        asked.append(inputs)
        return np.zeros((1, 30, 1), np.float32)

    found = sight(made, seen_of(11), "")
    window = Windows(round(30 * RATE), 0)
    told = conditions(Asked(settings, planned(made, 0.4), found, "predicted", 8.0, 188), window, predict).of(0, 703)
    assert np.flatnonzero(asked[0]["onsets"][0]).tolist() == [0, 3]
    assert np.flatnonzero(asked[0]["beats"][0]).tolist() == [2]
    assert told["meaning"][0, :9, 0].tolist() == [3, 4, 5, 6, 7, 8, 9, 10, 11]  # the edit's seconds from the second on
    assert told["told"][0].tolist() == [True] * 8 + [False] * 22
    assert (told["start"].item(), told["total"].item()) == (0.0, 8.0)
    drawn_rows = conditions(Asked(settings, planned(made, 0.4), found, "plan", 8.0, 188), window, None).of(0, 703)
    rows = drawn_rows["rhythm"][0, :, 0]
    assert rows.mean() == pytest.approx(0, abs=1e-6) and rows.std(ddof=1) == pytest.approx(1, abs=1e-3)
