"""When beats are heard: the best there is within what may be bent."""

from __future__ import annotations

import runpy
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import Hit
from hitpoint.runtime.mix import elastic_plan
from hitpoint.runtime.mix.elastic_plan import GRID, MOST, STEEPEST, bend, goals

songs = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("songs.py"))))


def hits(*frames, weight=0.5):
    return [Hit(frame, "cut", "", weight) for frame in frames]


def by_force(lengths, bars, wanted):
    """The best value over all speeds of all beats."""
    search = elastic_plan._Search(np.array(lengths), bars, wanted, MOST)
    best = -np.inf
    for speeds in product(range(elastic_plan.SPEEDS), repeat=len(lengths)):
        changes = np.abs(np.diff(speeds))
        if changes.size and changes.max() > elastic_plan.STEP:
            continue
        value, at = wanted.beat[0] + bars[0] * wanted.downbeat[0], 0
        value -= elastic_plan.BEND_PRICE * changes.sum()
        for index, speed in enumerate(speeds):
            step = int(search.steps[index, speed])
            at += step
            value -= elastic_plan.STRAY_PRICE * (step * GRID / lengths[index] - 1) ** 2
            if at < len(wanted.beat):
                value += wanted.beat[at] + bars[index + 1] * wanted.downbeat[at]
            if at - step // 2 < len(wanted.beat):
                value += wanted.offbeat[at - step // 2]
        best = max(best, value)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_no_other_beats_are_worth_more(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0.35, 0.7, 4)
    frames = np.unique(rng.integers(1, round(lengths.sum() * 24), 4))
    wished = [Hit(0, "storyboard", "", 1.0), *hits(*frames.tolist(), weight=float(rng.uniform(0.3, 0.9)))]
    wanted = goals(wished, songs.FILM, 0.0, 3.0, halves=bool(seed % 2))
    bars = [True, False, False, True, False]
    assert bend(lengths, bars, wanted).value == pytest.approx(by_force(lengths, bars, wanted))


@pytest.mark.parametrize("tempo", [75, 118, 165])
def test_no_beat_is_bent_more_than_it_may_be(tempo):
    ends = songs.shots(2.2, 3)
    rng = np.random.default_rng(tempo)
    lengths = 60 / tempo * rng.uniform(0.98, 1.02, int(ends[-1] / 24 * tempo / 60))
    way = bend(
        lengths, [i % 4 == 0 for i in range(len(lengths) + 1)], goals(hits(*ends), songs.FILM, 0.0, ends[-1] / 24)
    )
    factors = np.diff(way.beats) / lengths
    assert np.abs(factors - 1).max() <= MOST + 1e-9
    assert np.abs(np.diff(np.log(factors))).max() <= max(STEEPEST, 0.055)
    assert way.beats[0] == 0.0


def test_most_cuts_are_met_where_few_would_be_by_chance():
    met = {}
    for median in (2.2, 4.0):
        found = []
        for seed in range(4):
            ends = songs.shots(median, seed)
            lengths = np.full(int(ends[-1] / 24 / 0.94 * 2) + 1, 0.5)
            way = bend(lengths, [False] * (len(lengths) + 1), goals(hits(*ends[:-1]), songs.FILM, 0.0, ends[-1] / 24))
            found.append(songs.recall(way.beats, songs.seconds(ends)))
        met[median] = np.mean(found)
    assert met[2.2] > 0.9
    assert met[4.0] > 0.97


def test_a_strong_hit_is_given_a_downbeat():
    lengths, bars = np.full(16, 0.5), [i % 4 == 0 for i in range(17)]
    strong = goals([Hit(0, "storyboard", "", 1.0), Hit(100, "marker", "", 1.0)], songs.FILM, 0.0, 9.0)
    beats = np.array(bend(lengths, bars, strong).beats)
    assert np.abs(beats[::4] - 100 / 24).min() < 0.021


def test_a_long_stretch_without_a_beat_is_kept_and_the_beats_around_it_are_laid():
    """Two minutes of silence between two runs of beats: no speed but the music's own fits through it."""
    lengths = [0.5] * 8 + [120.0] + [0.5] * 8
    way = bend(lengths, [False] * (len(lengths) + 1), goals(hits(30, 3010), songs.FILM, 0.0, 128.0), drift=0.4)
    beats = np.diff(way.beats)
    assert np.isfinite(way.value) and beats[8] == pytest.approx(120.0, abs=0.5)
    assert all(0.5 * 0.93 < beat < 0.5 * 1.07 for beat in np.delete(beats, 8))


def test_without_hits_nothing_is_bent():
    lengths = np.array([0.5, 0.52, 0.48, 0.5])
    way = bend(lengths, [False] * 5, goals([], songs.FILM, 2.0, 6.0))
    assert np.allclose(way.beats, 2.0 + np.concatenate([[0], np.cumsum(lengths)]), atol=0.011)
