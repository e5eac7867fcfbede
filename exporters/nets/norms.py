"""Norms with the parameter names of public checkpoints."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5


class LayerNorm(nn.Module):
    """A gain and no shift over the last axis; `beta` is there because checkpoints carry its zeros."""

    gamma: Tensor
    beta: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))
        self.register_buffer("beta", torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], self.gamma, self.beta, EPSILON)


def level(x: Tensor, epsilon: float = 1e-6) -> Tensor:
    """Each vector of the last axis at a mean square of 1; zeros stay zeros."""
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + epsilon)


def standard(x: Tensor, known: Tensor | None = None, epsilon: float = 1e-6) -> Tensor:
    """(batch, steps, d) with mean 0 and spread 1 over steps and d together, by item; of the `known` (batch, steps) alone
    where they are given, and zeros elsewhere.
    """
    if known is None:
        return (x - x.mean(dim=(1, 2), keepdim=True)) / (x.std(dim=(1, 2), keepdim=True) + epsilon)
    weight = known.to(x.dtype).unsqueeze(-1)
    count = (weight.sum(dim=(1, 2), keepdim=True) * x.shape[-1]).clamp(min=1)
    mean = (x * weight).sum(dim=(1, 2), keepdim=True) / count
    spread = (((x - mean) * weight).square().sum(dim=(1, 2), keepdim=True) / count).sqrt()
    return (x - mean) * weight / (spread + epsilon)
