"""Models that are exactly right: what a perfect one would answer where the clean latents are Gaussian, or a mixture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hitpoint.runtime.packs.diffusion.guidance import Asked
from hitpoint.runtime.packs.diffusion.schedule import Cosine, Point

Array = np.ndarray
# The expected clean latents of x (batch, channels, places) at a point, under conditions.
Expected = Callable[[Array, Point, Mapping[str, Array]], Array]


def model(expected: Expected, predicts: str = "v", schedule: Any = None) -> Callable[..., Array]:
    """Answers in v, noise or clean."""
    schedule = schedule or Cosine()

    def answer(x: Array, time: float, conditions: Mapping[str, Array]) -> Array:
        at = schedule.at(time)
        clean = expected(x.astype(np.float64), at, conditions)
        made = {"v": (at.alpha * x - clean) / at.sigma, "noise": (x - at.alpha * clean) / at.sigma, "clean": clean}
        return made[predicts].astype(np.float32)

    return answer


def gaussian(mean: Array, covariance: Array) -> Expected:
    """Channels that are jointly Gaussian (channels,), (channels, channels); places that know nothing of each other."""

    def expected(x: Array, at: Point, conditions: Mapping[str, Array]) -> Array:
        gain = at.alpha * covariance @ np.linalg.inv(at.alpha**2 * covariance + at.sigma**2 * np.eye(len(mean)))
        return mean[:, None] + gain @ (x - at.alpha * mean[:, None])

    return expected


def process(likeness: float) -> Expected:
    """A stationary Gaussian process along the places, of spread 1: `likeness` to the power of how far they are apart."""
    known: dict[int, tuple[Array, Array]] = {}

    def expected(x: Array, at: Point, conditions: Mapping[str, Array]) -> Array:
        places = x.shape[-1]
        if places not in known:
            n = np.arange(places)
            known[places] = np.linalg.eigh(likeness ** np.abs(n[:, None] - n))
        power, axes = known[places]
        return (x @ axes * (at.alpha * power / (at.alpha**2 * power + at.sigma**2))) @ axes.T

    return expected


@dataclass(frozen=True)
class Mixture:
    """Gaussians in the space of the channels, (parts, channels) each; `weights` (parts,) add up to 1."""

    means: Array
    spreads: Array
    weights: Array

    @classmethod
    def random(cls, seed: int, channels: int, parts: int, narrow: float = 0.1, wide: float = 0.8) -> Mixture:
        rng = np.random.default_rng(seed)
        spreads = np.exp(rng.uniform(np.log(narrow), np.log(wide), (parts, channels)))
        return cls(rng.standard_normal((parts, channels)), spreads, rng.dirichlet(3 * np.ones(parts)))

    def only(self, parts: Sequence[int]) -> Mixture:
        chosen = list(parts)
        return Mixture(self.means[chosen], self.spreads[chosen], self.weights[chosen] / self.weights[chosen].sum())

    def __call__(self, x: Array, at: Point, conditions: Mapping[str, Array]) -> Array:
        spread = at.alpha**2 * self.spreads**2 + at.sigma**2  # (parts, channels)
        away = x[:, None] - at.alpha * self.means[:, :, None]  # (batch, parts, channels, places)
        logs = np.log(self.weights)[:, None] - 0.5 * (away**2 / spread[..., None] + np.log(spread)[..., None]).sum(2)
        share = np.exp(logs - logs.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        each = self.means[:, :, None] + (at.alpha * self.spreads**2 / spread)[..., None] * away
        return (share[:, :, None] * each).sum(axis=1)


def guided(given: Expected, null: Expected) -> Expected:
    """Answers row by row: `given` where the condition "on" is 1, `null` where it is 0."""

    def expected(x: Array, at: Point, conditions: Mapping[str, Array]) -> Array:
        rows = [
            (given if on else null)(x[n : n + 1], at, conditions) for n, on in enumerate(conditions["on"].astype(bool))
        ]
        return np.concatenate(rows)

    return expected


def nothing(start: int, stop: int) -> Asked:
    """Asks for nothing, unguided."""
    return Asked({})


def on(start: int, stop: int) -> Asked:
    """Asks with "on", and without."""
    return Asked({"on": np.ones(1, np.float32)}, {"on": np.zeros(1, np.float32)})
