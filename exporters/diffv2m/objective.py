"""What a Diff-V2M learns: v at a random time, with conditions that are sometimes dropped or only predicted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from .conditioners import Clip
from .data import Batch
from .model import DiffV2M

TIMES = (0.1, 0.3, 0.5, 0.7, 0.9)  # at which the error is watched


@dataclass(frozen=True)
class Plan:
    """`joint` and `single` are the odds that all conditions, or each of them, are dropped; released code drops each with
    0.1 and so hardly ever all. The share of samples that are told the music's own rhythm, not the predicted one, falls
    from 1 to `least_real` between two parts of the training (epochs 10 to 30 of 50 as released).
    """

    joint: float = 0.1
    single: float = 0.1
    falls_from: float = 0.2
    falls_to: float = 0.6
    least_real: float = 0.5
    scheduled: bool = True

    def real(self, done: float) -> float:
        """The odds of the music's own rhythm when `done`, from 0 to 1, of the training is done."""
        if not self.scheduled:
            return 1.0
        fallen = min(max((done - self.falls_from) / (self.falls_to - self.falls_from), 0.0), 1.0)
        return 1.0 - (1.0 - self.least_real) * fallen


RELEASED = Plan(joint=0.0, single=0.1, least_real=0.0)


def times(seed: int, step: int, count: int) -> Tensor:
    """(count,) of the scrambled Sobol sequence of a seed: evenly between 0 and 1, from where step `step` begins."""
    engine = torch.quasirandom.SobolEngine(1, scramble=True, seed=seed)  # type: ignore[no-untyped-call]
    engine.fast_forward(step * count)  # type: ignore[no-untyped-call]
    return engine.draw(count)[:, 0].clamp(1e-4, 1 - 1e-4)


def noised(clean: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """x_t and the v that belongs to it. t (batch,)."""
    angle = (t * math.pi / 2)[:, None, None]
    alpha, sigma = angle.cos(), angle.sin()
    return alpha * clean + sigma * noise, alpha * noise - sigma * clean


def drops(plan: Plan, count: int, chance: torch.Generator) -> Tensor:
    """(count, 3) truths: which streams each sample is not told of."""
    drawn = torch.rand(count, 4, generator=chance)
    return (drawn[:, :3] < plan.single) | (drawn[:, 3:] < plan.joint)


def losses(
    model: DiffV2M, batch: Batch, plan: Plan, *, t: Tensor, noise: Tensor, done: float, chance: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Of the diffusion, and of the rhythm's predictor."""
    count = len(t)
    dropped = drops(plan, count, chance)
    real = torch.rand(count, generator=chance) < plan.real(done)
    device = batch.latents.device
    known = batch.known if model.config.fixed else None
    found = model.predict(batch.meaning, batch.onsets, batch.beats, known)
    clip = told(model, batch.clip, found, real.to(device), batch.known)._replace(dropped=dropped.to(device))
    x, v = noised(batch.latents, noise, t.to(device))
    guess = model(x, t.to(device), clip)
    return functional.mse_loss(guess.float(), v), rhythm_loss(model, found, batch)


def told(model: DiffV2M, clip: Clip, found: Tensor, real: Tensor, known: Tensor) -> Clip:
    """The clip with the predicted rhythm where `real` (batch,) is false. No gradient of the diffusion reaches the predictor;
    the rhythm's encoder has its own, which in released code predicted rhythm does not give it.
    """
    guess = model.predictor.told(found).detach().to(clip.rhythm.dtype)
    keep = real[:, None]
    # Where nothing is known of the picture, nothing can be predicted.
    mask = torch.where(keep, clip.told, known & clip.told if model.config.fixed else known)
    return clip._replace(rhythm=torch.where(keep[..., None], clip.rhythm, guess), told=mask, guessed=~real)


def rhythm_loss(model: DiffV2M, found: Tensor, batch: Batch) -> Tensor:
    """The mean square error of the predictor over the steps that there are.

    Released code takes its mask for numbers of samples: what is compared is sample 1, and sample 0 as often as there is
    padding.
    """
    errors = (found.float() - batch.clip.rhythm).square().mean(dim=-1)
    if not model.config.fixed:
        share = batch.clip.told.float().mean()
        return share * errors[min(1, len(errors) - 1)].mean() + (1 - share) * errors[0].mean()
    weight = batch.known.to(errors.dtype)
    return (errors * weight).sum() / weight.sum().clamp(min=1)


@torch.no_grad()
def validation(model: DiffV2M, batches: list[Batch], seed: int = 0) -> dict[str, float]:
    """The error at each of TIMES, told the music's own rhythm, and told the predicted one at 0.5; and the predictor's."""
    sums: dict[str, float] = {}
    for number, batch in enumerate(batches):
        chance = torch.Generator().manual_seed(seed * 7919 + number)
        noise = torch.randn(batch.latents.shape, generator=chance).to(batch.latents.device)
        count = len(noise)
        found = model.predict(batch.meaning, batch.onsets, batch.beats, batch.known if model.config.fixed else None)
        sums["rhythm"] = sums.get("rhythm", 0.0) + float(rhythm_loss(model, found, batch)) * count
        never = torch.zeros(count, dtype=torch.bool, device=batch.latents.device)
        guessed = told(model, batch.clip, found, never, batch.known)
        for name, time, clip in (*((f"mse_{t:g}", t, batch.clip) for t in TIMES), ("mse_predicted", 0.5, guessed)):
            t = torch.full((count,), time, device=batch.latents.device)
            x, v = noised(batch.latents, noise, t)
            error = functional.mse_loss(model(x, t, clip).float(), v)
            sums[name] = sums.get(name, 0.0) + float(error) * count
    total = sum(len(batch.latents) for batch in batches)
    return {name: value / total for name, value in sums.items()}
