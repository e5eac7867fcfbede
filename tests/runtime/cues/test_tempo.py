"""The tempo map: bounds that are never broken, and values that a plain enumeration finds too."""

import math
import random
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hitpoint.runtime.cues import tempo
from hitpoint.runtime.cues.tempo import Goal, lay_out, values

SWAY, STEP = 0.08, 0.05  # as the issue asks


def goal(seconds, beat=0.5):
    return Goal(seconds, beat, 0.5 * beat, 0.6 * beat)


@st.composite
def pieces(draw):
    gaps = draw(st.lists(st.floats(0.05, 6.0), max_size=14))
    at, goals = 0.0, []
    for gap in gaps:
        at += gap
        goals.append(Goal(at, draw(st.floats(0.05, 1.0)), draw(st.floats(0.0, 0.5)), draw(st.floats(0.0, 0.6))))
    return goals, goal(at + draw(st.floats(0.05, 8.0)), 0.8)


@settings(max_examples=150, deadline=None)
@given(pieces(), st.floats(40, 240))
def test_beats_rise_from_0_and_no_tempo_is_further_off_than_allowed(piece, bpm):
    goals, end = piece
    beats = lay_out(goals, end, bpm).beats
    lengths = [after - before for before, after in pairwise(beats)]
    assert beats[0] == 0.0
    assert all(length > 0 for length in lengths)
    assert len(beats) == 1 or beats[-1] < end.seconds
    for length in lengths:
        assert 1 - SWAY <= 60 / bpm / length <= 1 + SWAY
    for before, after in pairwise(lengths):
        assert 1 / (1 + STEP) <= after / before <= 1 + STEP


@settings(max_examples=150, deadline=None)
@given(pieces(), st.floats(60, 180))
def test_a_goal_that_is_landed_lies_on_a_beat_or_next_to_the_middle_between_two(piece, bpm):
    """On an eighth, to be exact: the two of a beat differ by half of what neighbouring beats may, at most."""
    goals, end = piece
    laid = lay_out(goals, end, bpm)
    middles = [(before + after) / 2 for before, after in pairwise(laid.beats)]
    bent = (math.sqrt(1 + STEP) - 1) / 2 * 30 / bpm / (1 - SWAY)
    # The last beat has no neighbour: what lies after it is halfway to a beat that is not laid.
    for at in (goals[index].seconds for index in laid.landed):
        if at <= laid.beats[-1] + 1e-6:
            on_beat = min(abs(at - beat) for beat in laid.beats) < 2e-6
            assert on_beat or min((abs(at - middle) for middle in middles), default=math.inf) < bent + 2e-6


def test_where_every_goal_lies_on_an_even_beat_all_are_landed_on_one():
    goals = [goal(0.5 * n) for n in (3, 4, 8, 13, 14, 20)]
    laid = lay_out(goals, goal(12.0, 0.8), 120.0)
    assert laid.landed == tuple(range(6))
    assert laid.beats == pytest.approx(tuple(0.5 * n for n in range(24)), abs=1e-6)
    assert laid.value == pytest.approx(6 * 0.5 + 0.8, abs=1e-9)


def test_of_two_goals_too_close_for_both_the_heavier_one_is_landed():
    close = [goal(2.03, 0.2), goal(2.1, 0.9)]
    assert lay_out(close, goal(8.0, 0.8), 120.0).landed == (1,)
    heavy_first = [goal(2.03, 0.9), goal(2.1, 0.2)]
    assert lay_out(heavy_first, goal(8.0, 0.8), 120.0).landed == (0,)


def test_the_tempo_in_which_the_goals_are_even_is_worth_the_most():
    goals, end = [goal(0.6 * n) for n in range(1, 20)], goal(12.0, 0.8)
    found = values(goals, end, [80.0, 100.0, 117.0, 140.0])
    assert found.argmax() == 1
    assert found[1] == pytest.approx(19 * 0.5 + 0.8, abs=0.05)


def best_by_enumeration(goals, end, bpm, levels):
    """The same objective, found by trying every set of goals that may be landed, every number of eighths between them
    and every level at each; feasible lengths by the bounds alone.
    """
    even = 30.0 / bpm
    fastest, slowest = 1 / (1 + SWAY - tempo.HAIR), 1 / (1 - SWAY + tempo.HAIR)
    half = levels // 2
    lengths = [fastest ** (1 - k / half) for k in range(half)] + [slowest ** (k / half) for k in range(half + 1)]
    ratio = math.sqrt(1 + STEP - tempo.HAIR)
    all_goals = [*goals, end]

    def reachable(before, last, count, whole):
        low = [max(before / ratio**k, last / ratio ** (count - k), fastest) for k in range(1, count + 1)]
        high = [min(before * ratio**k, last * ratio ** (count - k), slowest) for k in range(1, count + 1)]
        if any(a > b * (1 + 1e-9) for a, b in zip(low, high, strict=True)):
            return False
        return sum(low) <= whole + 1e-9 and whole <= sum(high) + 1e-9

    def passed(inner, at, eighth, place):
        """What goals between two landed ones are worth that even eighths bring within 0.1 s of a beat."""
        total = 0.0
        for one in inner:
            position = (one.seconds - at) / eighth + place
            off = abs(position - 2 * round(position / 2)) * eighth / 0.1
            total += one.near * max(0.0, 1 - tempo.FAR * off**2) if off <= 1 else 0.0
        return total

    def after(landed, at, place, level, first):
        """The best that can follow: the goals `landed` in this order, the others passed."""
        if not landed:
            if at == end.seconds:
                return 0.0
            eighth = even * lengths[level]
            stray = tempo.STRAY_PRICE * (end.seconds - at) / (2 * eighth) * math.log(lengths[level]) ** 2
            return passed(goals[first:], at, eighth, place) - stray
        index = landed[0]
        target = all_goals[index]
        whole = (target.seconds - at) / even
        best = -math.inf
        for count in range(1, int(whole / fastest) + 2):
            mean = whole / count
            if not fastest - 1e-9 <= mean <= slowest + 1e-9:
                continue
            lands = (place + count) % 2
            got = target.offbeat if lands else target.beat
            got += passed(goals[first:index], at, even * mean, place)
            got -= tempo.STRAY_PRICE * count / 2 * math.log(mean) ** 2
            for level_then in range(levels):
                if not reachable(lengths[level], lengths[level_then], count, whole):
                    continue
                bend = abs(math.log(lengths[level] / mean)) + abs(math.log(lengths[level_then] / mean))
                follows = after(landed[1:], target.seconds, lands, level_then, index + 1)
                best = max(best, got - tempo.BEND_PRICE * bend + follows)
        return best

    sets = [set_ for size in range(len(all_goals) + 1) for set_ in combinations(range(len(all_goals)), size)]
    return max(after(landed, 0.0, 0, level, 0) for landed, level in product(sets, range(levels)))


@pytest.fixture
def few_levels(monkeypatch):
    monkeypatch.setattr(tempo, "LEVELS", 3)
    monkeypatch.setattr(tempo, "COARSE_LEVELS", 3)
    tempo.reach.cache_clear()
    yield 3
    tempo.reach.cache_clear()


@pytest.mark.parametrize("seed", range(12))
def test_on_small_cases_the_value_is_that_of_a_plain_enumeration(few_levels, seed):
    rng = random.Random(seed)
    at, goals = 0.0, []
    for _ in range(rng.randint(0, 4)):
        at += rng.uniform(0.15, 2.2)
        goals.append(Goal(at, rng.uniform(0.1, 1), rng.uniform(0, 0.5), rng.uniform(0, 0.6)))
    end, bpm = goal(at + rng.uniform(0.3, 2.0), 0.8), rng.uniform(60, 180)
    expected = best_by_enumeration(goals, end, bpm, few_levels)
    assert lay_out(goals, end, bpm).value == pytest.approx(expected, abs=1e-9)
    assert values(goals, end, [bpm])[0] == pytest.approx(expected, abs=1e-9)


def test_the_work_grows_with_the_number_of_goals_and_not_faster(monkeypatch):
    """Counted in entries of the arrays of ways, the bulk of the work."""
    worked = []
    steps = tempo._Search._steps

    def counted(self, j):
        found = steps(self, j)
        worked[-1] += found[2].size
        return found

    monkeypatch.setattr(tempo._Search, "_steps", counted)
    for count in (50, 100, 200):
        worked.append(0)
        rng = np.random.default_rng(0)
        at = np.cumsum(rng.lognormal(0.4, 0.5, count))
        lay_out([goal(float(second)) for second in at], goal(float(at[-1]) + 3, 0.8), 120.0)
    assert worked[1] / worked[0] < 2.3
    assert worked[2] / worked[1] < 2.2
