"""Values a second: which second something belongs to."""

from fractions import Fraction

import numpy as np
import pytest

from hitpoint.runtime.edit import Cut, Edit
from hitpoint.runtime.picture.by_second import scene_onsets, seconds_of, strongest
from hitpoint.runtime.rate import Rate


def edit(frames, *cuts, fps="24"):
    return Edit("e", Rate(Fraction(fps)), frames, cuts=cuts)


@pytest.mark.parametrize(("frame", "second"), [(11, 0), (12, 1), (24, 1), (35, 1), (36, 2)])
def test_half_a_second_belongs_to_the_second_after_it(frame, second):
    assert np.flatnonzero(scene_onsets(edit(72, Cut(frame)))).tolist() == [second]


def test_the_last_second_counts_whole_and_nothing_lies_behind_it():
    assert seconds_of(edit(49)) == 3
    assert seconds_of(edit(48)) == 2
    assert seconds_of(edit(0)) == 0
    assert seconds_of(edit(24, fps="24000/1001")) == 2
    assert scene_onsets(edit(48, Cut(37))).tolist() == [0, 0]


def test_the_edge_of_a_title_is_no_scene_onset():
    assert scene_onsets(edit(72, Cut(24, maybe_overlay=True), Cut(48))).tolist() == [0, 0, 1]


def test_the_strongest_counts():
    assert strongest([0.6, 1.4, 3.0], [0.25, 0.75, 0.5], 4).tolist() == [0, 0.75, 0, 0.5]
    assert strongest([], [], 2).tolist() == [0, 0]
