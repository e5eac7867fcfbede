"""Distances between embeddings, by closed forms, and what would be asked of a pack, with one that is made up."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.measure.embedding import (
    Told,
    distance,
    divergence,
    follows,
    frechet,
    likeness,
    tags_apart,
    time_weighted,
)

sounds = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounds.py"))))


class Loudness:
    """Calls a sound loud or quiet, and knows these two words."""

    name = "made up"

    def of_sound(self, sound):
        windows = np.array_split(sound, max(1, len(sound) // 4800))
        loud = np.array([float(np.sqrt((window**2).mean())) > 0.05 for window in windows])
        return np.stack([loud, ~loud], axis=1).astype(float)

    def of_words(self, words):
        return np.array([float("loud" in words), float("quiet" in words)])

    def posteriors(self, sound):
        return (self.of_sound(sound).mean(axis=0) + 0.1) / 1.2


def test_the_frechet_distance_of_two_gaussians_is_that_of_the_formula():
    rng = np.random.default_rng(0)
    count = 60_000
    one = rng.standard_normal((count, 3)) * [1.0, 2.0, 0.5]
    other = rng.standard_normal((count, 3)) * [2.0, 2.0, 1.0] + [1.0, 0.0, -2.0]
    expected = 1 + 4 + (1 - 2) ** 2 + 0 + (0.5 - 1) ** 2
    assert frechet(one, other) == pytest.approx(expected, rel=0.03)


def test_it_is_the_same_in_any_rotation_and_zero_for_the_same_cloud():
    rng = np.random.default_rng(1)
    one, other = rng.standard_normal((400, 4)) @ rng.standard_normal((4, 4)), rng.standard_normal((300, 4)) + 1
    turn, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    assert frechet(one @ turn, other @ turn) == pytest.approx(frechet(one, other))
    assert frechet(one, other) == pytest.approx(frechet(other, one))
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)


def test_fewer_vectors_than_dimensions_give_a_number_all_the_same():
    rng = np.random.default_rng(2)
    assert frechet(rng.standard_normal((5, 64)), rng.standard_normal((7, 64)) + 3) > 64 * 5


@pytest.mark.parametrize(("first", "second"), [((1, 4), (5, 4)), ((5, 4), (5, 3)), ((0, 4), (5, 4))])
def test_what_cannot_be_compared_is_said(first, second):
    with pytest.raises(UsageError):
        frechet(np.zeros(first), np.zeros(second))


def test_the_divergence_by_hand():
    truth, made = np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([[0.25, 0.75], [0.5, 0.5]])
    first = 0.5 * np.log(2) + 0.5 * np.log(2 / 3)
    assert divergence(truth, made) == pytest.approx((first + np.log(2)) / 2, rel=1e-6)
    assert divergence(truth, truth) == 0
    with pytest.raises(UsageError):
        divergence(truth, made[:1])


def test_long_parts_weigh_more():
    assert time_weighted([1.0, 0.0], [3.0, 1.0]) == 0.75
    assert time_weighted([], []) is None
    assert likeness(np.array([1.0, 0]), np.array([1.0, 1.0])) == pytest.approx(2**-0.5)
    assert likeness(np.zeros(2), np.ones(2)) == 0


def test_music_that_follows_its_words_is_likest_to_them():
    sound = np.concatenate([sounds.noise(3, 0.2), sounds.noise(1, 0.001)])
    right = [Told(0, 3, "loud"), Told(3, 4, "quiet")]
    assert follows(Loudness(), sound, right) == pytest.approx(1)
    assert follows(Loudness(), sound, [Told(0, 3, "loud"), Told(3, 4, "loud")]) == pytest.approx(0.75)
    assert follows(Loudness(), sound, [Told(9, 12, "loud")]) is None


def test_sets_of_sounds_are_compared():
    loud, quiet = [sounds.noise(1, 0.2)] * 2, [sounds.noise(1, 0.001)] * 2
    assert distance(Loudness(), loud, loud) == pytest.approx(0, abs=1e-9)
    assert distance(Loudness(), loud, quiet) == pytest.approx(2)
    assert tags_apart(Loudness(), loud, loud) == 0
    assert tags_apart(Loudness(), loud, quiet) > 1
    for first, second in (([], loud), (loud, [])):
        with pytest.raises(UsageError):
            distance(Loudness(), first, second)
    with pytest.raises(UsageError):
        tags_apart(Loudness(), loud, quiet[:1])
