"""Attention with the parameter names of stable-audio-tools: to itself, and to a context with fewer heads of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .rotary import turned


class SelfAttention(nn.Module):
    """No biases; the output begins at zero, so a new layer changes nothing."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * width, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.to_out.weight)

    def forward(self, x: Tensor, turn: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """x (batch, n, width); turn (n, dims); mask (batch, n), True where there is something to attend to."""
        q, k, v = (split(part, self.heads) for part in self.to_qkv(x).chunk(3, dim=-1))
        if turn is not None:
            q, k = turned(q, turn), turned(k, turn)
        return self._out(attend(q, k, v, mask))

    def _out(self, x: Tensor) -> Tensor:
        made: Tensor = self.to_out(joined(x))
        return made


class CrossAttention(nn.Module):
    """To a context of `context` dimensions, whose heads each serve `width / context` heads of the queries."""

    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.heads, self.kv_heads = heads, heads * context // width
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(context, 2 * context, bias=False)
        self.to_out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.to_out.weight)

    def keys_values(self, tokens: Tensor, turn: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(batch, s, context) -> two of (batch, kv_heads, s, d); turn (batch, s, dims)."""
        k, v = (split(part, self.kv_heads) for part in self.to_kv(tokens).chunk(2, dim=-1))
        return (k if turn is None else turned(k, turn)), v

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor, turn: Tensor | None = None) -> Tensor:
        """x (batch, n, width), mask (batch, s) with at least one True in each row, turn (n, dims)."""
        q = split(self.to_q(x), self.heads)
        if turn is not None:
            q = turned(q, turn)
        times = self.heads // self.kv_heads
        made: Tensor = self.to_out(joined(attend(q, repeated(keys, times), repeated(values, times), mask)))
        return made


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """(batch, heads, n, d) each; mask (batch, s) or (batch, n, s)."""
    if mask is not None:
        mask = mask[:, None, None] if mask.dim() == 2 else mask[:, None]
    return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def split(x: Tensor, heads: int) -> Tensor:
    """(batch, n, heads * d) -> (batch, heads, n, d)"""
    return torch.unflatten(x, -1, (heads, -1)).transpose(1, 2)


def joined(x: Tensor) -> Tensor:
    """(batch, heads, n, d) -> (batch, n, heads * d)"""
    return x.transpose(1, 2).flatten(2)


def repeated(x: Tensor, times: int) -> Tensor:
    """(batch, heads, s, d) -> (batch, heads * times, s, d), each head `times` times in a row."""
    if times == 1:
        return x
    return x.unsqueeze(2).expand(-1, -1, times, -1, -1).flatten(1, 2)
