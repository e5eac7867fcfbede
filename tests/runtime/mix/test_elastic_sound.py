"""Sound bent in time: pitch, attacks and knots stay where they should."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.mix.elastic_sound import TimeMap, attacks, stretch

songs = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("songs.py"))))
RATE = 48_000
HERTZ = (55.0, 220.0, 277.18, 1046.5)


def bent(sound, source, target, length, starts=(), **options):
    return np.concatenate(list(stretch(sound, TimeMap(np.array(source), np.array(target)), length, starts, **options)))


def envelope(sound):
    """How much happens in each quarter of a millisecond, above the bass."""
    edges = np.diff(sound.mean(axis=1), 2) ** 2
    return edges[: len(edges) // 12 * 12].reshape(-1, 12).sum(axis=1)


def test_what_is_not_bent_is_the_same_to_the_sample():
    sound = songs.song(songs.steady(120, 4))
    same = bent(sound, [0.0, len(sound)], [0.0, len(sound)], len(sound))
    assert np.abs(same - sound).max() < 1e-5


@pytest.mark.parametrize("factor", [0.94, 1.06])
def test_pitch_level_and_sides_stay(factor):
    sound = songs.tones(HERTZ, 6)
    length = round(len(sound) * factor)
    made = bent(sound, [0.0, len(sound)], [0.0, length], length)
    assert len(made) == length
    middle = made[RATE // 2 : -RATE // 2]
    assert max(abs(songs.cents(middle, pitch)) for pitch in HERTZ) < 1
    levels = np.sqrt((middle[: len(middle) // 4800 * 4800, 0].reshape(-1, 4800) ** 2).mean(axis=1))
    assert np.allclose(levels, np.sqrt((sound[:, 0] ** 2).mean()), rtol=0.1)
    assert np.abs(middle[:, 1] + 0.5 * middle[:, 0]).max() < 1e-3


@pytest.mark.parametrize(("tempo", "factors"), [(92, (0.94, 0.94)), (138, (1.06, 0.95, 1.0, 1.05))])
def test_attacks_are_where_a_player_would_have_put_them_and_as_sharp(tempo, factors):
    beats = songs.steady(tempo, 9)
    lengths = np.diff(beats) * np.resize(factors, len(beats) - 1)
    played = beats[0] + np.concatenate([[0.0], np.cumsum(lengths)])
    sound, wished = songs.song(beats), songs.song(played)
    starts, _ = attacks(sound)
    made = bent(sound, beats * RATE, played * RATE, len(wished), starts)
    assert songs.clicks(made, np.concatenate([played, (played[1:] + played[:-1]) / 2])) == 0
    heard, should = envelope(made), envelope(wished)
    for beat in played[2:-2]:
        at = round(beat * 4000)
        one, two = heard[at - 80 : at + 160], should[at - 80 : at + 160]
        assert one[:76].sum() < 0.002 * one.sum()  # nothing is heard ahead of the attack
        sharp = [np.searchsorted(np.cumsum(each) / each.sum(), 0.5) for each in (one, two)]
        assert abs(sharp[0] - sharp[1]) <= 2  # half a millisecond
        assert one[78:100].sum() > 0.7 * two[78:100].sum()


def test_attacks_are_found_and_nothing_else():
    beats = songs.steady(110, 8)
    found, clear = attacks(songs.song(beats))
    real = np.sort(np.concatenate([beats[:-1], (beats[1:] + beats[:-1]) / 2]))
    off = np.abs(found[:, None] / RATE - real)
    assert off.min(axis=1).max() < 0.005
    assert (off.min(axis=0) < 0.005).mean() > 0.95
    assert len(clear) == len(found)
    assert not len(attacks(np.zeros((RATE, 2), np.float32))[0])


def test_blocks_of_any_size_are_the_same_sound():
    sound = songs.song(songs.steady(120, 3))
    whole, parts = (bent(sound, [0.0, 9e4], [0.0, 9.4e4], 100_001, block=size) for size in (48_000, 7_777))
    assert np.array_equal(whole, parts)
    assert len(whole) == 100_001


def test_beyond_the_sound_is_silence():
    sound = songs.tones((220.0,), 1)
    made = bent(sound, [0.0, 24_000.0], [30_000.0, 54_500.0], 120_000)
    assert not made[:20_000].any()
    assert not made[100_000:].any()
    assert np.abs(made[40_000:70_000]).max() > 0.05


def test_a_map_around_attacks_goes_straight_through_them():
    whole = TimeMap(np.array([0.0, 48_000.0, 96_000.0]), np.array([0.0, 45_500.0, 96_000.0]))
    starts = np.array([12_000.0, 24_000.0, 25_000.0, 48_000.0, 70_000.0])
    kept = whole.around(starts)
    assert np.allclose(kept.at(whole.of(starts)), starts, atol=1)
    there = whole.of(starts[[0, 3, 4]])
    for by in (-1500.0, 1500.0):
        assert np.allclose(kept.at(there + by), starts[[0, 3, 4]] + by, atol=1)
    speeds = np.diff(kept.source) / np.diff(kept.target)
    assert speeds.min() > 0.6
    assert speeds.max() < 1.6


def test_a_click_would_be_counted():
    sound = songs.song(songs.steady(120, 3)).copy()
    beats = songs.steady(120, 3)
    real = np.concatenate([beats, beats + 0.25])
    assert songs.clicks(sound, real) == 0
    sound[60_000:] += 0.03
    assert songs.clicks(sound, real) > 0
