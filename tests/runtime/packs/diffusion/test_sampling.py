"""The loop against what is known: Gaussians and mixtures, whose right answers are formulas."""

from __future__ import annotations

import math
import runpy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.errors import UsageError
from hitpoint.runtime.packs.diffusion.guidance import Guidance
from hitpoint.runtime.packs.diffusion.noise import noise
from hitpoint.runtime.packs.diffusion.prediction import clean_of, noise_of, target
from hitpoint.runtime.packs.diffusion.sample import DIFFV2M, Sampling, sample
from hitpoint.runtime.packs.diffusion.schedule import Cosine, ScaledLinear, points
from hitpoint.runtime.packs.diffusion.windows import Windows

theory = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("theory.py"))))

PLACES = 400
WHOLE = Windows(length=2000, overlap=0)
SPREADS = np.diag([0.1, 0.5, 1.0, 2.0])
TURNED = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]
COVARIANCE = TURNED @ SPREADS**2 @ TURNED.T
MEAN = np.array([3.0, -1.0, 0.0, 0.5])
DISCRETE = ScaledLinear()


def run(expected, channels, sampling, *, asked=theory.nothing, places=PLACES, seed=1):
    model = theory.model(expected, sampling.predicts, sampling.schedule)
    return sample(model, channels, places, asked, seed=seed, sampling=sampling, windows=WHOLE)


def off(a, b):
    """RMS."""
    return float(np.sqrt(((a - b) ** 2).mean()))


def test_ddim_is_the_released_formula() -> None:
    mixture = theory.Mixture.random(3, 4, 3)
    model = theory.model(theory.guided(mixture.only([0]), mixture))
    x = noise(7, 4, 0, 50)[None].astype(np.float64)
    times = np.linspace(1, 0, 251)[:-1]
    for n, time in enumerate(times):
        alpha, sigma = math.cos(math.pi * time / 2), math.sin(math.pi * time / 2)
        with_, without = (model(x.astype(np.float32), time, {"on": np.array([on])}) for on in (1, 0))
        v = without + 3.0 * (with_ - without)
        clean, rest = alpha * x - sigma * v, sigma * x + alpha * v
        if n < 249:
            after = times[n + 1]
            x = math.cos(math.pi * after / 2) * clean + math.sin(math.pi * after / 2) * rest
    ours = sample(model, 4, 50, theory.on, seed=7, sampling=DIFFV2M, windows=WHOLE)
    assert np.abs(ours - clean[0]).max() < 2e-4


@pytest.mark.parametrize(
    ("sampling", "bound"),
    [(DIFFV2M, 0.012), (Sampling(), 0.012), (Sampling(method="dpm++"), 0.03), (Sampling(steps=60), 0.008)],
)
def test_a_gaussian_is_met_place_by_place(sampling: Sampling, bound: float) -> None:
    """The flow from noise z ends at mean + covariance^(1/2) z."""
    made = run(theory.gaussian(MEAN, COVARIANCE), 4, sampling)
    right = MEAN[:, None] + TURNED @ SPREADS @ TURNED.T @ noise(1, 4, 0, PLACES)
    assert off(made, right) < bound


@pytest.mark.parametrize("sampling", [DIFFV2M, Sampling(), Sampling(schedule=DISCRETE, predicts="noise")])
def test_mean_and_spread_of_a_gaussian_come_out(sampling: Sampling) -> None:
    made = run(theory.gaussian(MEAN, COVARIANCE), 4, sampling, places=20_000 if sampling.steps < 100 else 6000)
    slack = 5 / math.sqrt(made.shape[1])
    # At the last point there still is noise: what the model then expects is narrower by that much.
    last = points(sampling.schedule, sampling.steps, sampling.spacing)[-1]
    narrow = 1 / np.sqrt(1 + (last.sigma / last.alpha / np.diag(SPREADS)) ** 2)
    axes = TURNED.T @ (made - MEAN[:, None]) / (np.diag(SPREADS) * narrow)[:, None]  # of mean 0 and spread 1
    assert np.abs(axes.mean(axis=1)).max() < slack + 0.01
    assert np.abs(np.cov(axes) - np.eye(4)).max() < 1.5 * slack + 0.02


@pytest.mark.parametrize("predicts", ["v", "noise", "clean"])
def test_all_predictions_say_the_same(predicts: str) -> None:
    mixture = theory.Mixture.random(3, 4, 3)
    for schedule in (Cosine(), DISCRETE):
        made = run(mixture, 4, Sampling(schedule=schedule, predicts=predicts, method="dpm++", steps=20), places=60)
        v = run(mixture, 4, Sampling(schedule=schedule, method="dpm++", steps=20), places=60)
        # At t = 1 noise says nothing of what is clean under Cosine, where alpha is 0.
        assert (predicts == "noise" and isinstance(schedule, Cosine)) or np.abs(made - v).max() < 2e-3


@pytest.mark.parametrize("predicts", ["v", "noise", "clean"])
def test_what_is_predicted_is_read_back(predicts: str) -> None:
    clean, more = noise(1, 3, 0, 10), noise(2, 3, 0, 10)
    for at in (Cosine().at(0.3), DISCRETE.at(640.5)):
        x = np.float32(at.alpha) * clean + np.float32(at.sigma) * more
        said = target(predicts, clean, more, at)
        assert np.allclose(clean_of(predicts, x, said, at), clean, atol=2e-5)
        assert np.allclose(noise_of(predicts, x, said, at), more, atol=2e-5)


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize(("method", "bound"), [("dpm++", 2.0), ("unipc", 0.6)])
def test_thirty_steps_are_as_good_as_250(method: str, bound: float, guided: bool) -> None:
    """At the median place, of `bound` times what 250 steps of DDIM miss of where very many steps end.

    The two agree to 0.01, where the spread of what is made is about 1. Of 100 places one or two lie on the watershed
    between parts of the mixture and end in another one.
    """
    mixture = theory.Mixture.random(5, 8, 6)
    expected = theory.guided(mixture.only([1, 2]), mixture) if guided else mixture
    asked = theory.on if guided else theory.nothing
    right, slow, fast = (
        run(expected, 8, sampling, asked=asked, places=200)
        for sampling in (Sampling(spacing="time", steps=1000), DIFFV2M, Sampling(method=method))
    )

    def missed(a, b):
        return np.sqrt(((a - b) ** 2).mean(axis=0))

    assert np.median(missed(fast, right)) < bound * np.median(missed(slow, right))
    assert np.median(missed(fast, slow)) < 0.01
    assert np.mean(missed(fast, slow) > 0.1) <= 0.02


@pytest.mark.parametrize(
    ("method", "spacing", "order"), [("ddim", "time", 1), ("ddim", "level", 1), ("dpm++", "level", 2), ("unipc", "level", 2)]
)  # fmt: skip
def test_the_order_of_each_method(method: str, spacing: str, order: int) -> None:
    mixture = theory.Mixture.random(8, 6, 3, 0.4)
    counts = (20, 40, 80) if order == 2 else (50, 100, 200)
    right = run(mixture, 6, Sampling(method="dpm++", spacing=spacing, steps=1200), places=80)
    errors = [off(run(mixture, 6, Sampling(method=method, spacing=spacing, steps=n), places=80), right) for n in counts]
    slope = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert order - 0.2 < slope < order + 0.9, errors


def test_the_discrete_schedule_is_the_published_one() -> None:
    betas = np.linspace(0.0015**0.5, 0.0195**0.5, 1000) ** 2
    products = np.cumprod(1 - betas)
    for step in (0, 1, 500, 999):
        at = DISCRETE.at(step)
        assert at.alpha**2 == pytest.approx(products[step], rel=1e-9)
        assert at.alpha**2 + at.sigma**2 == pytest.approx(1)
        assert DISCRETE.time(at.level) == pytest.approx(step, abs=1e-6)


@pytest.mark.parametrize("schedule", [Cosine(), DISCRETE])
@pytest.mark.parametrize("spacing", ["time", "level"])
@pytest.mark.parametrize("steps", [1, 2, 3, 30, 250])
def test_points_run_from_noise_to_music(schedule, spacing: str, steps: int) -> None:
    line = points(schedule, steps, spacing)
    assert len(line) == steps
    assert line[0].time == schedule.even(1)[0]
    assert all(a.level < b.level and a.time > b.time for a, b in pairwise(line))
    assert all(math.isfinite(point.level) for point in line[1:])


def test_the_same_seed_gives_the_same_latents() -> None:
    mixture = theory.Mixture.random(3, 4, 3)
    once, again, other = (run(mixture, 4, Sampling(steps=5), seed=seed, places=30) for seed in (4, 4, 5))
    assert (once == again).all() and once.dtype == np.float32
    assert not np.allclose(once, other, atol=0.1)


def test_no_steps_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        Sampling(steps=0)


def test_guidance_off_the_gaussian_is_the_formula() -> None:
    """Two Gaussians of one spread: guidance shifts the mean to without + 3 (with - without)."""
    one, two, spread = np.array([1.0, 0.0]), np.array([0.2, -0.4]), 0.6 * np.eye(2)
    expected = theory.guided(theory.gaussian(one, spread), theory.gaussian(two, spread))
    made = run(expected, 2, Sampling(guidance=Guidance(3.0)), asked=theory.on)
    right = (two + 3 * (one - two))[:, None] + math.sqrt(0.6) * noise(1, 2, 0, PLACES)
    assert off(made, right) < 0.01
