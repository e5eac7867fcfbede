"""The gated feed-forward of a transformer's block, with the parameter names of stable-audio-tools."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class FeedForward(nn.Module):
    """SwiGLU: width -> 2 * inner -> inner -> width with biases; the output begins at zero."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        last = nn.Linear(inner, width)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.ff = nn.Sequential(_Gated(width, inner), nn.Identity(), last)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.ff(x)
        return made


class _Gated(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        made: Tensor = value * functional.silu(gate)
        return made
