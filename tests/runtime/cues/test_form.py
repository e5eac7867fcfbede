"""The form of a piece: roles, keys and the curve of energy."""

from itertools import pairwise

import pytest

from hitpoint.runtime.cues import form
from hitpoint.runtime.cues.sheet import Brief
from hitpoint.runtime.edit import Cut, Edit
from hitpoint.runtime.rate import Rate


def spans(*lengths):
    ends = [sum(lengths[: n + 1]) for n in range(len(lengths))]
    return [(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def briefs(*energies):
    return [Brief(energy=energy) for energy in energies]


def test_a_piece_of_four_opens_builds_climaxes_and_ends():
    assert form.roles(spans(20, 30, 30, 20), briefs(0.3, 0.5, 0.9, 0.3)) == ["intro", "build", "climax", "ending"]


def test_there_is_one_climax_and_it_is_the_most_energetic_in_the_middle():
    found = form.roles(spans(*[30] * 8), briefs(0.4, 0.5, 0.3, 0.5, 0.6, 0.9, 0.5, 0.4))
    assert found.count("climax") == 1
    assert found[5] == "climax"
    assert found[4] == "build"
    assert found[0] == "intro"
    assert found[-1] == "ending"


def test_of_equal_energies_the_climax_lies_late():
    assert form.roles(spans(*[30] * 10), briefs(*[0.5] * 10)).index("climax") in (6, 7)


def test_one_storyboard_is_a_theme_and_none_is_nothing():
    assert form.roles(spans(60), briefs(0.9)) == ["theme"]
    assert form.roles([], []) == []


def test_an_opening_of_more_than_half_a_minute_is_no_intro():
    assert form.roles(spans(40, 30, 30, 20), briefs(0.3, 0.5, 0.9, 0.3))[0] == "theme"


def test_the_piece_begins_climaxes_and_ends_at_home_and_builds_on_the_dominant():
    moods = [Brief(valence=v) for v in (0.0, 0.5, -0.8, 0.0, 0.0, 0.0)]
    assert form.keys(moods, ["intro", "theme", "theme", "build", "climax", "ending"]) == [
        "home", "relative", "parallel", "dominant", "home", "home",
    ]  # fmt: skip


def test_two_neighbours_of_one_mood_are_not_both_at_home():
    found = form.keys(briefs(*[0.5] * 5), ["theme"] * 5)
    assert found == ["home", "subdominant", "home", "subdominant", "home"]


EDIT = Edit(
    "film", Rate.of(24), 1440, picture_start=0, picture_end=1440, cuts=tuple(Cut(n) for n in range(720, 1440, 12))
)


def test_the_curve_rises_in_frames_and_stays_between_0_and_1():
    points = form.energy(EDIT, None, [(0, 700), (700, 1440)], briefs(0.0, 1.0), ["build", "climax"])
    assert all(before[0] < after[0] for before, after in pairwise(points))
    assert all(0 < energy <= 1 for _, energy in points)
    assert points[0][0] == 0
    assert points[-1][0] == 1439


def test_the_curve_steps_at_a_storyboards_start_and_rises_through_a_build():
    calm = Edit("film", Rate.of(24), 1440, picture_start=0, picture_end=1440)
    points = form.energy(calm, None, [(0, 720), (720, 1440)], briefs(0.2, 0.8), ["build", "climax"])
    assert form.at(points, 719) == pytest.approx(0.2 * 1.2, abs=1e-3)
    assert form.at(points, 720) == pytest.approx(0.8 * 1.15, abs=1e-3)
    first = [energy for frame, energy in points if frame < 720]
    assert first == sorted(first)
    assert first[-1] > first[0]


def test_faster_cutting_lifts_the_curve_within_a_storyboard():
    points = form.energy(EDIT, None, [(0, 1440)], briefs(0.5), ["theme"])
    assert form.at(points, 1200) - form.at(points, 240) > 0.1


def test_between_points_the_curve_is_straight_and_beyond_them_level():
    points = ((10, 0.2), (20, 0.6))
    assert form.at(points, 15) == pytest.approx(0.4)
    assert form.at(points, 3) == 0.2
    assert form.at(points, 90) == 0.6
    assert form.at((), 3) is None
