"""Silence where somebody asked for it."""

from fractions import Fraction

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import CueSheet, Rest
from hitpoint.runtime.mix.rests import Rests
from hitpoint.runtime.rate import Rate

RATE = 48_000


def gain(rests, rings, seconds=4):
    sheet = CueSheet("film", Rate(Fraction(24)), 24 * seconds, rests=tuple(Rest(*rest) for rest in rests))
    found = Rests(sheet, rings).gains(0, RATE * seconds)
    assert found is not None and found.shape == (RATE * seconds, 1)
    return found[:, 0]


@pytest.mark.parametrize("rings", [True, False])
def test_a_rest_is_silent_and_the_music_whole_around_it(rings):
    found = gain([(24, 48)], rings)
    assert (found[: RATE - 1000] == 1).all() and (found[2 * RATE + 200 :] == 1).all()
    assert (found[RATE + RATE // 4 : 2 * RATE] == 0).all()
    assert np.abs(np.diff(found)).max() < 0.02


def test_finished_music_has_closed_when_the_rest_begins():
    assert (gain([(24, 48)], rings=False)[RATE : 2 * RATE] == 0).all()


def test_music_that_rings_out_is_untouched_up_to_the_rest():
    assert (gain([(24, 48)], rings=True)[: RATE + 1] == 1).all()


def test_finished_music_under_a_rest_at_the_start_is_silent_from_the_first_sample():
    assert (gain([(0, 48)], rings=False)[: 2 * RATE] == 0).all()


@pytest.mark.parametrize("block", [1, 997, 48_000])
def test_blocks_of_any_length_have_the_same_gains(block):
    sheet = CueSheet("film", Rate(Fraction(24)), 72, rests=(Rest(24, 30), Rest(48, 49)))
    rests = Rests(sheet, rings=False)
    whole = rests.gains(0, 3 * RATE)
    starts = range(RATE - 2000, RATE + 2000, block) if block == 1 else range(0, 3 * RATE, block)
    for start in starts:
        length = min(block, 3 * RATE - start)
        part = rests.gains(start, length)
        assert np.array_equal(np.ones((length, 1), np.float32) if part is None else part, whole[start : start + length])


def test_without_rests_there_is_nothing_to_do():
    assert Rests(CueSheet("film", Rate(Fraction(24)), 24)).gains(0, 1000) is None
