"""Matching of times: exact against trying everything, and in agreement with mir_eval."""

from __future__ import annotations

from functools import lru_cache

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitpoint.runtime.measure.matching import covered, iou, near, nearest, pairs

times = st.lists(st.integers(0, 60).map(lambda n: n / 10), max_size=7).map(sorted)


def most_pairs(first: list[float], second: list[float], tolerance: float) -> int:
    """The largest matching, by trying every partner for every time."""

    @lru_cache(None)
    def best(at: int, used: int) -> int:
        if at == len(first):
            return 0
        found = best(at + 1, used)
        for j, other in enumerate(second):
            if not used >> j & 1 and abs(first[at] - other) <= tolerance + 1e-9:
                found = max(found, 1 + best(at + 1, used | 1 << j))
        return found

    return best(0, 0)


@given(times, times, st.sampled_from([0.07, 0.1, 0.5, 1.3]))
def test_no_other_way_to_pair_gives_more_pairs(first, second, tolerance):
    found = pairs(first, second, tolerance)
    assert len(found) == most_pairs(first, second, tolerance)
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
    assert all(abs(first[i] - second[j]) <= tolerance + 1e-6 for i, j in found)


@pytest.mark.parametrize("tolerance", [0.5, 0.1, 0.07])
@pytest.mark.parametrize("seed", range(12))
def test_precision_recall_and_f_measure_are_those_of_mir_eval(seed, tolerance):
    rng = np.random.default_rng(seed)
    truth = np.sort(rng.uniform(0, 20, rng.integers(1, 60)))
    heard = np.sort(rng.uniform(0, 20, rng.integers(1, 60)))
    matched = len(pairs(truth, heard, tolerance))
    f, precision, recall = mir_eval.onset.f_measure(truth, heard, window=tolerance)
    assert (matched / len(heard), matched / len(truth)) == pytest.approx((precision, recall))
    assert mir_eval.beat.f_measure(truth, heard, f_measure_threshold=tolerance) == pytest.approx(f)
    assert matched == len(mir_eval.util.match_events(truth, heard, tolerance))
    assert iou(list(truth), list(heard), tolerance) == pytest.approx(f / (2 - f))


def test_one_beat_cannot_serve_two_cuts_but_is_near_both():
    assert pairs([1.0, 1.1], [1.05], 0.1) == [(0, 0)]
    assert near([1.0, 1.1], [1.05], 0.1) == [True, True]
    assert iou([1.0, 1.1], [1.05], 0.1) == 0.5


def test_a_distance_of_exactly_the_tolerance_is_met_and_a_little_more_is_not():
    assert near([1.0], [1.1], 0.1) == [True]
    assert near([1.0], [1.1001], 0.1) == [False]
    assert iou([1.0], [1.1], 0.1) == 1.0


def test_nothing_against_nothing_has_no_iou_and_against_something_none_in_common():
    assert iou([], [], 0.1) is None
    assert iou([], [1.0], 0.1) == 0.0
    assert nearest(1.0, []) is None


def test_cover_counts_overlaps_once_and_stops_at_the_ends():
    assert covered([0.05, 1.0, 1.1], 0.1, 0.0, 1.15) == pytest.approx(0.15 + 0.25)
    assert covered([5.0], 0.1, 0.0, 1.0) == 0.0
