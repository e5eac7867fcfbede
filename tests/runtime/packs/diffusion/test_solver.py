"""One step of each method, by its formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hitpoint.runtime.packs.diffusion.noise import noise
from hitpoint.runtime.packs.diffusion.sample import noisier
from hitpoint.runtime.packs.diffusion.schedule import Cosine
from hitpoint.runtime.packs.diffusion.solver import Solver

X, ONE, TWO = (noise(seed, 3, 0, 8) for seed in (1, 2, 3))
A, B, C = (Cosine().at(time) for time in (0.8, 0.6, 0.3))


def test_the_second_step_is_that_of_the_paper() -> None:
    """DPM-Solver++ 2M, algorithm 2: x = s'/s x - a' (e^-h - 1) D, D = (1 + 1/2r) now - 1/2r before."""
    solver = Solver("dpm++")
    x = solver.advance(X, ONE, A, B)
    assert np.allclose(x, B.sigma / A.sigma * X - B.alpha * math.expm1(A.level - B.level) * ONE, atol=1e-6)
    h, r = C.level - B.level, (B.level - A.level) / (C.level - B.level)
    guess = (1 + 1 / (2 * r)) * TWO - ONE / (2 * r)
    right = C.sigma / B.sigma * x - C.alpha * math.expm1(-h) * guess
    assert np.allclose(solver.advance(x, TWO, B, C), right, atol=1e-5)


def test_the_corrected_step_is_exact_where_the_change_is_even() -> None:
    """Clean latents that move evenly in level, against a sum over very many small steps."""

    def clean(level):
        return 0.3 + 0.7 * (level - A.level)

    solver = Solver("unipc")
    x = np.ones((1, 1))
    for here, there in ((A, B), (B, C)):
        x = solver.advance(x, np.full((1, 1), clean(here.level)), here, there)
    levels = np.linspace(A.level, C.level, 20_001)
    middle = (levels[1:] + levels[:-1]) / 2
    right = C.sigma / A.sigma + C.sigma * np.sum(np.exp(middle) * clean(middle) * np.diff(levels))
    assert float(x[0, 0]) == pytest.approx(right, abs=1e-5)


@pytest.mark.parametrize("method", ["ddim", "dpm++", "unipc"])
def test_fresh_places_and_forgetting_begin_anew(method: str) -> None:
    fresh = np.arange(8) >= 5
    solver, forgetful, never = Solver(method), Solver(method), Solver(method)
    x, *_ = (each.advance(X, ONE, A, B) for each in (solver, forgetful, never))
    forgetful.forget()
    mixed = solver.advance(x, TWO, B, C, fresh)
    anew, on = forgetful.advance(x, TWO, B, C), never.advance(x, TWO, B, C)
    assert (mixed[:, fresh] == anew[:, fresh]).all()
    assert (mixed[:, ~fresh] == on[:, ~fresh]).all()
    assert (method == "ddim") == np.allclose(anew, on, atol=1e-3)


def test_walking_back_gives_the_noise_of_the_earlier_point() -> None:
    clean, there = np.full((4, 20_000), 2.0, np.float32), noise(2, 4, 0, 20_000)
    x = np.float32(C.alpha) * clean + np.float32(C.sigma) * there
    back = noisier(x, noise(3, 4, 0, 20_000), C, B)
    assert back.mean() == pytest.approx(2 * B.alpha, abs=0.02)
    assert back.std() == pytest.approx(B.sigma, abs=0.02)
