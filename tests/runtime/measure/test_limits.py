"""Chance and ceiling: in agreement with simulation, with trying everything, and with published figures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from hitpoint.runtime.measure.limits import (
    Spacing,
    anywhere,
    most_near,
    random_phase,
    reach,
    shifted_iou,
)
from hitpoint.runtime.measure.matching import iou, near, within

SECONDS = 60.0


def cuts_of(seed: int, median: float = 2.2) -> list[float]:
    rng = np.random.default_rng(seed)
    lengths = np.clip(median * np.exp(0.55 * rng.standard_normal(200)), 0.4, 12)
    return [float(cut) for cut in np.cumsum(lengths) if cut < SECONDS - 1]


def beats_of(tempo: float, phase: float) -> list[float]:
    """Steady beats through the whole, of a phase from 0 to 1."""
    period = 60 / tempo
    return list(np.arange(phase * period, SECONDS, period))


@pytest.mark.parametrize("tempo", [60, 90, 120, 150])
@pytest.mark.parametrize("tolerance", [0.1, 0.07])
def test_beats_of_any_phase_meet_as_many_cuts_as_chance_says(tempo, tolerance):
    rng = np.random.default_rng(tempo)
    cuts = cuts_of(1)
    means = [np.mean(near(cuts, beats_of(tempo, phase), tolerance)) for phase in rng.uniform(0, 1, 1500)]
    assert np.mean(means) == pytest.approx(random_phase(tempo, tolerance), abs=0.012)
    assert anywhere(beats_of(tempo, 0.3), tolerance, 0, SECONDS) == pytest.approx(
        random_phase(tempo, tolerance), abs=0.005
    )


def test_chance_is_what_the_specification_states():
    assert [random_phase(tempo, 0.1) for tempo in (60, 90, 120)] == pytest.approx([0.2, 0.3, 0.4])
    assert random_phase(120, 0.5) == 1.0


@pytest.mark.parametrize("tempo", [66, 120])
@pytest.mark.parametrize("tolerance", [0.5, 0.1, 0.07])
@pytest.mark.parametrize("median", [0.8, 2.2])
def test_the_chance_of_iou_is_the_mean_over_random_phases(tempo, tolerance, median):
    rng = np.random.default_rng(3)
    cuts = cuts_of(2, median)
    simulated = [iou(cuts, beats_of(tempo, phase), tolerance) for phase in rng.uniform(0, 1, 800)]
    chance = shifted_iou(cuts, beats_of(tempo, 0.4), tolerance, 0, SECONDS)
    assert chance == pytest.approx(np.mean(simulated), abs=0.012)


@pytest.mark.parametrize(
    ("tempo", "other", "expected"),
    [(80, 80, 0.995), (100, 100, 0.999), (120, 120, 1.0), (120, 100, 0.83), (120, 90, 0.75), (140, 70, 0.5)],
)
def test_half_a_second_compares_tempi_only(tempo, other, expected):
    """The figures of models.md 2.8, which were simulated by another program."""
    ends = 30.0
    one, two = ([beat for beat in beats_of(bpm, 0.5) if beat < ends] for bpm in (tempo, other))
    assert shifted_iou(one, two, 0.5, 0, ends) == pytest.approx(expected, abs=0.02)


def test_few_cuts_cannot_have_a_high_iou_with_many_beats():
    cuts = list(np.arange(2.5, 60, 5.0))  # twelve a minute
    beats = beats_of(120, 0)
    most = reach(cuts, 0.1, Spacing.of_tempo(120), 0, SECONDS)
    assert most.moments == most.beats == 12
    assert 12 / len(beats) == pytest.approx(0.1)
    assert shifted_iou(cuts, beats, 0.5, 0, SECONDS) == pytest.approx(0.1, abs=0.002)


def test_shifting_does_not_fall_into_step_with_a_regular_rhythm():
    cuts = list(np.arange(1.0, 60, 2.0))
    chance = shifted_iou(cuts, beats_of(120, 0.0), 0.05, 0, SECONDS)
    assert chance == pytest.approx(0.2 * 30 / 120, rel=0.05)  # a fifth of the shifts meets all cuts, the rest none


def brute_reach(cuts: list[float], tolerance: float, spacing: Spacing, end: float, step: float) -> tuple[int, int]:
    """The same by walking every sequence of beats on a grid, each choice on its own."""
    best: dict[int, tuple[int, int]] = {}
    last = round(end / step)

    def gains(at: int) -> tuple[int, int]:
        met = sum(abs(at * step - cut) <= tolerance + 1e-9 for cut in cuts)
        return met, min(met, 1)

    for at in range(last, -1, -1):
        met, one = gains(at)
        nexts = [n for n in range(at + 1, last + 1)
                 if spacing.least - 1e-9 <= (n - at) * step <= spacing.most + 1e-9]  # fmt: skip
        best[at] = (
            met + max((best[n][0] for n in nexts), default=0),
            one + max((best[n][1] for n in nexts), default=0),
        )
    starts = range(round(spacing.most / step))
    return max(best[at][0] for at in starts), max(best[at][1] for at in starts)


@pytest.mark.parametrize("seed", range(8))
def test_the_ceiling_is_what_trying_every_row_of_beats_reaches(seed):
    rng = np.random.default_rng(seed)
    cuts = sorted(float(cut) for cut in np.round(rng.uniform(0.5, 7.5, 9), 2))
    spacing = Spacing(0.48, 0.56)
    found = reach(cuts, 0.05, spacing, 0, 8.0)
    lowest = brute_reach(cuts, 0.05, spacing, 8.0, 0.02)
    highest = brute_reach(cuts, 0.065, Spacing(0.46, 0.58), 8.0, 0.02)
    assert lowest[0] <= found.moments <= highest[0]
    assert lowest[1] <= found.beats <= highest[1]


def test_cuts_too_close_for_the_tempo_cannot_all_be_met():
    cuts = [2.0, 2.5, 3.0, 3.5, 4.0]  # at 60 a minute every other one
    assert reach(cuts, 0.1, Spacing.of_tempo(60), 0, 6).moments == 3
    assert reach(cuts, 0.1, Spacing.of_tempo(120), 0, 6).moments == 5


@pytest.mark.parametrize("seed", range(6))
def test_no_beats_of_a_tempo_exceed_its_ceiling(seed):
    rng = np.random.default_rng(seed)
    cuts, tempo = cuts_of(seed, 1.0), float(rng.uniform(60, 160))
    most = reach(cuts, 0.1, Spacing.of_tempo(tempo), 0, SECONDS)
    for _ in range(40):
        steps = 60 / tempo * rng.uniform(1 / 1.08, 1.08, 300)
        beats = within(list(rng.uniform(0, 60 / tempo) + np.cumsum(steps)), 0, SECONDS)
        assert sum(near(cuts, beats, 0.1)) <= most.moments
        assert sum(near(beats, cuts, 0.1)) <= most.beats


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(4))
def test_as_many_moments_as_any_choice_of_times_could_be_near(seed, count):
    rng = np.random.default_rng(seed)
    moments = sorted(float(moment) for moment in rng.uniform(0, 5, 9))
    reached = [{j for j, other in enumerate(moments) if 0 <= other - moment <= 0.8} for moment in moments]
    chosen = combinations(reached, min(count, len(reached)))
    assert most_near(moments, count, 0.4) == max(len(set().union(*sets)) for sets in chosen)


def test_the_spacing_of_beats_leaves_out_what_is_rare():
    beats = [0.5 * n for n in range(40)] + [23.0 + 0.5 * n for n in range(40)]
    spacing = Spacing.heard(beats)
    assert (spacing.least, spacing.most) == pytest.approx((0.5 / 1.08, 0.5 * 1.08))
    assert Spacing.heard([1.0]) is None


def test_a_picture_without_length_has_neither():
    assert anywhere([1.0], 0.1, 3.0, 3.0) is None
    assert shifted_iou([], [], 0.1, 0, 10) is None
    assert shifted_iou([1.0], [1.0], 0.1, 3, 3) is None
    assert reach([], 0.1, Spacing(0.5, 0.6), 0, 10).moments == 0
