"""Noise that belongs to its place."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from hitpoint.runtime.packs.diffusion.noise import noise


def test_a_place_has_its_noise_wherever_one_begins() -> None:
    whole = noise(3, 5, 0, 1000)
    for start, stop in ((0, 1), (63, 65), (64, 128), (137, 1000), (999, 1000)):
        assert (noise(3, 5, start, stop) == whole[:, start:stop]).all()
    assert noise(3, 5, 10, 10).shape == (5, 0)


def test_seeds_and_layers_are_strangers() -> None:
    drawn = [noise(seed, 4, 0, 5000, layer).ravel() for seed, layer in ((0, 0), (1, 0), (0, 1), (-1, 0), (0, 2**32))]
    likeness = np.corrcoef(drawn) - np.eye(len(drawn))
    assert np.abs(likeness).max() < 5 / math.sqrt(20_000)


def test_it_is_normal_and_white() -> None:
    drawn = noise(11, 64, 0, 6400).astype(np.float64)
    count = drawn.size
    assert abs(drawn.mean()) < 5 / math.sqrt(count)
    assert abs(drawn.var() - 1) < 5 * math.sqrt(2 / count)
    assert abs((drawn**4).mean() - 3) < 5 * math.sqrt(96 / count)
    edges = np.linspace(-3, 3, 13)
    share = np.histogram(drawn, edges)[0] / count
    right = [(math.erf(b / math.sqrt(2)) - math.erf(a / math.sqrt(2))) / 2 for a, b in pairwise(edges)]
    assert np.abs(share - right).max() < 5 * 0.5 / math.sqrt(count)
    for lag in (1, 32, 63, 64):
        assert abs((drawn[:, lag:] * drawn[:, :-lag]).mean()) < 5 / math.sqrt(count)
        assert lag == 64 or abs((drawn[lag:] * drawn[:-lag]).mean()) < 5 / math.sqrt(count * (64 - lag) / 64)


def test_it_stays_what_it_was() -> None:
    """Music that was made with a seed can be made again by the next version."""
    assert np.allclose(noise(42, 2, 100, 102), [[-0.8235426, -0.7115290], [0.7387124, -1.3309472]], atol=1e-5)
