"""Single numbers as vectors: times of a diffusion, seconds of a clip."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class FourierFeatures(nn.Module):
    """(batch,) -> (batch, 2 * count): cosines, then sines, of learned frequencies."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(count, 1))

    def forward(self, x: Tensor) -> Tensor:
        angles = 2 * math.pi * x.float().unsqueeze(-1) * self.weight[:, 0].float()
        return torch.cat([angles.cos(), angles.sin()], dim=-1).to(self.weight.dtype)


class NumberEmbedder(nn.Module):
    """(batch,) from 0 to 1 -> (batch, width): the number, sines and cosines of learned frequencies, a linear map."""

    def __init__(self, width: int, count: int = 128) -> None:
        super().__init__()
        self.embedding = nn.Sequential(_Waves(count), nn.Linear(2 * count + 1, width))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.embedding(x)
        return made


class _Waves(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(count))

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(-1)
        angles = 2 * math.pi * x * self.weights
        return torch.cat([x, angles.sin(), angles.cos()], dim=-1)
