"""What rhythm music to this picture might have: a bidirectional encoder over the steps of a clip."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from ..nets.attention import SelfAttention
from ..nets.feedforward import FeedForward
from ..nets.norms import LayerNorm, standard
from ..nets.rotary import Rotary, turns
from .config import MEANING, Config

CLASS = 2  # of clips: 0 performance, 1 dance, 2 general, which all shipped configurations say
LONGEST = 4096  # steps


class Predictor(nn.Module):
    """Steps are seconds in `compat` and latents in `fixed`."""

    turn: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.fixed, self.bounded = config.fixed, config.fixed and config.rhythm == "odf"
        self.transformer = _Encoder(config)
        self.class_embedding = nn.Embedding(3, MEANING)
        self.scene_embedding = nn.Embedding(2, MEANING)
        self.pseudo_linear = nn.Sequential(nn.Linear(1, 128), nn.ReLU(), nn.Linear(128, MEANING))
        at = torch.arange(LONGEST + 1, dtype=torch.float32)
        self.register_buffer("turn", turns(self.transformer.rotary_pos_emb(at)).detach(), persistent=False)

    def forward(self, meaning: Tensor, onsets: Tensor, beats: Tensor, known: Tensor | None = None) -> Tensor:
        """meaning (batch, n, 512), onsets (batch, n) 0 or 1, beats (batch, n) from 0 to 1 -> (batch, n, rhythm width).

        `known` (batch, n): the steps that there are; `compat` looks at all of them, padding too, as released.
        """
        known = known if self.fixed else None
        x = standard(meaning, known)
        x = x + self.scene_embedding(onsets) + self.pseudo_linear(beats.unsqueeze(-1))
        kind = self.class_embedding.weight[CLASS].expand(x.shape[0], 1, -1)
        mask = None if known is None else torch.cat([torch.ones_like(known[:, :1]), known], dim=1)
        found: Tensor = self.transformer(torch.cat([kind, x], dim=1), self.turn, mask)[:, 1:]
        return found

    def told(self, found: Tensor) -> Tensor:
        """What was found as a condition: strengths of onsets lie between 0 and 1 in `fixed`."""
        return found.clamp(0, 1) if self.bounded else found


class _Encoder(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        width, heads = config.predictor_width, config.predictor_heads
        self.project_in = nn.Linear(MEANING, width, bias=False)
        self.project_out = nn.Linear(width, config.rhythm_width, bias=False)
        self.rotary_pos_emb = Rotary(width // heads // 2)
        self.layers = nn.ModuleList(_Layer(width, heads, config.predictor_inner) for _ in range(config.predictor_depth))

    def forward(self, x: Tensor, turn: Tensor, mask: Tensor | None) -> Tensor:
        x = self.project_in(x)
        for layer in self.layers:
            x = cast(_Layer, layer)(x, turn[: x.shape[1]], mask)
        found: Tensor = self.project_out(x)
        return found


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.pre_norm = LayerNorm(width)
        self.self_attn = SelfAttention(width, heads)
        self.ff_norm = LayerNorm(width)
        self.ff = FeedForward(width, inner)

    def forward(self, x: Tensor, turn: Tensor, mask: Tensor | None) -> Tensor:
        x = x + self.self_attn(self.pre_norm(x), turn, mask)
        made: Tensor = x + self.ff(self.ff_norm(x))
        return made
