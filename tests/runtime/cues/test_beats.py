"""How hits meet beats: on them, between them, by an accent of their own, or not."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues.beats import APART, FREE_WEIGHT, meet
from hitpoint.runtime.cues.sheet import Hit, Storyboard
from hitpoint.runtime.rate import Rate

RATE = Rate(Fraction(100))  # a frame is 10 ms, so that places can be read off
BOARD = Storyboard("A", 0, 1000, 60.0, beats=tuple(float(n) for n in range(10)), bars=(3, 4, 3))


def met(*hits, boards=(BOARD,)):
    return meet([hit if isinstance(hit, Hit) else Hit(*hit) for hit in hits], boards, RATE)


@pytest.mark.parametrize(
    "frame, place, at",
    [(0, "downbeat", 0.0), (100, "beat", 1.0), (300, "downbeat", 3.0), (700, "downbeat", 7.0), (250, "offbeat", 2.5)],
)
def test_a_hit_lies_on_a_downbeat_on_a_beat_or_in_the_middle_between_two(frame, place, at):
    (hit,) = met((frame, "cut"))
    assert (hit.place, hit.at, hit.outcome) == (place, at, "landed")


def test_a_hit_that_no_beat_meets_gets_an_accent_where_it_is():
    (hit,) = met((230, "cut", "", 0.5))
    assert (hit.place, hit.at, hit.outcome) == ("free", 2.3, "landed")


def test_a_hit_that_weighs_little_gets_none():
    (hit,) = met((230, "cut", "", FREE_WEIGHT - 0.01))
    assert (hit.place, hit.at, hit.outcome) == ("", 2.0, "missed")


def test_of_two_that_are_too_close_the_heavier_one_gets_the_accent_and_the_other_is_near_it():
    light, heavy = met((230, "cut", "", 0.5), (235, "marker", "", 0.8))
    assert (heavy.place, heavy.outcome) == ("free", "landed")
    assert (light.place, light.outcome, light.at) == ("", "near", 2.35)
    first, second = met((230, "cut", "", 0.5), (235, "cut", "", 0.5))
    assert (first.outcome, second.outcome) == ("landed", "near")


def test_no_accent_is_too_close_to_a_hit_that_lies_on_a_beat():
    on_beat, beside = met((200, "cut"), (208, "marker", "", 0.95))
    assert on_beat.place == "beat"
    assert (beside.outcome, beside.at) == ("near", 2.0)
    assert met((208, "marker", "", 0.95))[0].place == "free"


def test_what_weighs_nothing_is_met_only_where_it_happens_to_be():
    on_beat, off = met((200, "cut", "", 0.0), (230, "cut", "", 0.0))
    assert on_beat.outcome == "landed"
    assert (off.outcome, off.place) == ("missed", "")


def test_outside_the_storyboards_there_is_no_accent():
    later = Storyboard("B", 2000, 3000, 60.0, beats=tuple(20.0 + n for n in range(10)))
    (hit,) = met((1530, "marker", "", 1.0), boards=(BOARD, later))
    assert (hit.place, hit.outcome) == ("", "missed")


def test_without_beats_nothing_is_met():
    (hit,) = met((230, "cut"), boards=())
    assert (hit.at, hit.outcome, hit.place) == (None, "missed", "")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 999), st.floats(0, 1)), max_size=30, unique_by=lambda pair: pair[0]))
def test_accents_are_apart_from_each_other_and_from_every_beat_that_is_hit(pairs):
    hits = met(*[(frame, "cut", "", weight) for frame, weight in pairs])
    assert [(hit.frame, hit.weight) for hit in hits] == pairs
    landed = sorted((hit.at, hit.place) for hit in hits if hit.outcome == "landed")
    for (one, first), (two, second) in pairwise(landed):
        if one != two and "free" in (first, second):
            assert two - one >= APART - 1e-9
    for hit in hits:
        off = None if hit.at is None else abs(hit.at - hit.frame / 100)
        expected = "landed" if off <= 0.005 + 1e-9 else "near" if off <= 0.1 + 1e-9 else "missed"
        assert hit.outcome == expected
        assert (hit.place == "") == (hit.outcome != "landed")
