"""Small models with something in every layer, and windows to ask them about."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hitpoint.exporters.diffv2m.conditioners import Clip
from hitpoint.exporters.diffv2m.config import config
from hitpoint.exporters.diffv2m.latents import Coding, Piece, Shelf
from hitpoint.exporters.diffv2m.model import DiffV2M


def model(**said) -> DiffV2M:
    """Layers that begin at zero get weights, so that everything can be heard."""
    torch.manual_seed(0)
    made = DiffV2M(config("tiny", **said))
    with torch.no_grad():
        for parameter in made.parameters():
            if not parameter.any():
                parameter.normal_(std=0.2)
    return made.eval()


def clip(made: DiffV2M, batch: int = 2, latents: int = 64, seconds: int = 3, seed: int = 0) -> Clip:
    chance = torch.Generator().manual_seed(seed)
    rows = latents if made.config.fixed else seconds
    colour = torch.rand(batch, seconds, 3072, generator=chance) ** 6
    return Clip(
        torch.randn(batch, seconds, 512, generator=chance),
        colour / colour.sum(-1, keepdim=True),
        torch.arange(seconds).expand(batch, -1) + 0.5,
        torch.ones(batch, seconds, dtype=torch.bool),
        torch.rand(batch, rows, made.config.rhythm_width, generator=chance),
        torch.ones(batch, rows, dtype=torch.bool),
        torch.zeros(batch),
        torch.full((batch,), 20.0),
    )


@torch.no_grad()
def change(made: DiffV2M, one: Clip, other: Clip, t: float, latents: int = 64) -> float:
    """The largest difference that it makes to ask for the one or the other."""
    x = torch.randn(len(one.start), made.config.channels, latents, generator=torch.Generator().manual_seed(1))
    at = torch.full((len(x),), t)
    return float((made(x, at, one) - made(x, at, other)).abs().max())


def piece(seed: int, seconds: float = 8.0) -> Piece:
    """Music whose latents rise at its accents, to a picture that knows about them."""
    chance = np.random.default_rng(seed)
    n, whole = int(seconds * 23.4375), int(np.ceil(seconds))
    times = np.sort(chance.uniform(0, seconds, 12)).astype(np.float32)
    latents = chance.normal(size=(4, n)).astype(np.float32)
    latents[0, np.minimum((times * 23.4375).astype(int), n - 1)] += 4
    colour = chance.random((whole, 3072)) ** 6
    return Piece(
        seed=seed, seconds=seconds, latents=latents, times=times, strengths=chance.uniform(0.2, 1, 12).astype(np.float32),
        cuts=times[::3], moves=np.stack([times[::4], np.full(3, 0.5)], 1).astype(np.float32),
        meaning=chance.normal(size=(whole, 512)).astype(np.float32),
        colour=(colour / colour.sum(1, keepdims=True) * 3072).astype(np.float32),
        mel=chance.normal(size=(n // 2, 16)).astype(np.float32), tempogram=chance.random((n // 2, 16)).astype(np.float32),
    )  # fmt: skip


def shelf(count: int = 4) -> Shelf:
    coding = Coding("a codec", 48_000, 2048, 4, "hitpoint-1", (0.0,) * 4)
    return Shelf(coding, tuple(piece(seed) for seed in [*range(count), 1_000_000]))


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    return SimpleNamespace(model=model, clip=clip, change=change, piece=piece, shelf=shelf)
