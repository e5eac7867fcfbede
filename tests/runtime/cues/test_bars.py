"""Bar lines: strong hits start bars, and few bars are odd."""

import random
from functools import lru_cache

import pytest

from hitpoint.runtime.cues import bars as module
from hitpoint.runtime.cues.bars import bar_lines


def starts(bars):
    return [sum(bars[:n]) for n in range(len(bars))]


def every_row(beats, usual):
    """All rows of bars over so many beats; the last one may be a usual bar that the end cuts off."""
    sizes = {*range(1, module.LONGEST + 1), usual}

    @lru_cache(None)
    def rows(left):
        if left == 0:
            return [()]
        whole = [(size, *rest) for size in sizes if size <= left for rest in rows(left - size)]
        return whole + ([(("cut", left),)] if left < usual else [])

    return rows(beats)


def worth_of(row, worth, usual, beats):
    total, at = 0.0, 0
    for bar in row:
        total += worth.get(at, 0.0) if at < beats else 0.0
        size = bar[1] if isinstance(bar, tuple) else bar
        if not isinstance(bar, tuple) and bar != usual:
            total -= module.ODD_PRICE.get(bar, 0.5)
        at += size
    return total


@pytest.mark.parametrize("seed", range(15))
def test_on_small_cases_no_row_of_bars_is_worth_more(seed):
    rng = random.Random(seed)
    beats = rng.randint(1, 11)
    worth = {rng.randrange(beats): rng.choice([0.06, 0.8, 0.95, 1.0]) for _ in range(rng.randint(0, 4))}
    for usual in (3, 4, 5):
        metre, bars = bar_lines(beats, worth, usual)
        assert metre == usual
        assert sum(bars) == beats
        best = max(worth_of(row, worth, usual, beats) for row in every_row(beats, usual))
        told = [*bars[:-1], ("cut", bars[-1])] if bars[-1] < usual else list(bars)
        mine = max(worth_of(row, worth, usual, beats) for row in (tuple(bars), tuple(told)))
        assert mine == pytest.approx(best, abs=1e-6)


def test_without_wishes_all_bars_are_of_four_beats_and_the_end_may_cut_the_last():
    assert bar_lines(16, {}) == (4, (4, 4, 4, 4))
    assert bar_lines(14, {}) == (4, (4, 4, 4, 2))
    assert bar_lines(1, {0: 1.0}) == (4, (1,))


def test_strong_hits_become_downbeats():
    worth = {0: 1.0, 7: 0.95, 16: 0.8, 21: 1.0}
    _, bars = bar_lines(32, worth)
    assert set(worth) <= set(starts(bars))


def test_a_weak_hit_moves_no_bar_line():
    assert bar_lines(16, {0: 1.0, 6: 0.06}) == (4, (4, 4, 4, 4))


def test_hits_three_beats_apart_make_it_a_waltz():
    metre, bars = bar_lines(24, dict.fromkeys(range(0, 24, 3), 0.9))
    assert metre == 3
    assert set(bars) == {3}


def test_the_metre_that_a_person_gives_is_the_usual_one():
    assert bar_lines(21, {}, 7) == (7, (7, 7, 7))
    assert bar_lines(20, {0: 1.0}, 10) == (10, (10, 10))
