"""Positions as turns: RoPE over the first dimensions of each head, the others stay (Su et al. 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

BASE = 10_000.0


class Rotary(nn.Module):
    """Angles of positions. `dims` of a head turn, in pairs (n, n + dims / 2).

    A position may be a fraction, so it can be a time: two sides that count in one unit meet by it.
    """

    inv_freq: Tensor

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.register_buffer("inv_freq", BASE ** (-torch.arange(0, dims, 2, dtype=torch.float32) / dims))

    def forward(self, positions: Tensor) -> Tensor:
        """(..., n) -> (..., n, dims / 2) in radians, in 32 bits: half precision cannot tell far positions apart."""
        return positions.float().unsqueeze(-1) * self.inv_freq.float()


def turns(angles: Tensor) -> Tensor:
    """Angles (..., n, dims / 2) -> (..., n, dims): cosines, then sines, which any precision can hold."""
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def turned(x: Tensor, turn: Tensor) -> Tensor:
    """x (batch, heads, n, d), turn (n, dims) or (batch, n, dims) with dims <= d."""
    dims = turn.shape[-1]
    if turn.dim() == 3:
        turn = turn.unsqueeze(1)
    cosine, sine = turn.to(x.dtype).chunk(2, dim=-1)
    first, second, rest = x[..., : dims // 2], x[..., dims // 2 : dims], x[..., dims:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine, rest], dim=-1)
