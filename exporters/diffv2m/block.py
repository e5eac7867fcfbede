"""One block of the transformer: itself, colour, then meaning and rhythm side by side, then a feed-forward."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..nets.attention import CrossAttention, SelfAttention
from ..nets.feedforward import FeedForward
from ..nets.norms import LayerNorm
from .config import Config
from .fusion import Fusion


class Stream(NamedTuple):
    """A context: tokens (batch, s, context), mask (batch, s), and how far each key turns (batch, s, dims), if at all."""

    tokens: Tensor
    mask: Tensor
    turn: Tensor | None = None


class Streams(NamedTuple):
    """In the order in which a model hears them. In `compat`, `colour` is the rhythm once more: what was released."""

    colour: Stream
    meaning: Stream
    rhythm: Stream


class Heard(NamedTuple):
    """What a block knows of a stream: keys and values (batch, kv_heads, s, d) and mask (batch, s)."""

    keys: Tensor
    values: Tensor
    mask: Tensor


class Block(Fusion):
    def __init__(self, config: Config) -> None:
        super().__init__(config)
        width = config.width
        self.fixed = config.fixed
        self.pre_norm = LayerNorm(width)
        self.self_attn = SelfAttention(width, config.heads)
        self.cross_attend_norm = LayerNorm(width)
        self.cross_attn0 = CrossAttention(width, config.context, config.heads)
        self.cross_attn1 = CrossAttention(width, config.context, config.heads)
        self.cross_attn2 = CrossAttention(width, config.context, config.heads)
        self.color_norm = LayerNorm(width)
        self.ff_norm = LayerNorm(width)
        self.ff = FeedForward(width, config.inner)

    def hear(self, streams: Streams, t: Tensor | None) -> tuple[tuple[Heard, Heard, Heard], Streams]:
        """Keys and values, and the streams as the next block finds them: in `compat` what modulates the contexts
        piles up from block to block. `t` (batch,) may be None where the fusion does not modulate contexts.
        """
        after = streams
        if self.before and t is not None:
            meaning, rhythm = self.modulated(streams.meaning.tokens, streams.rhythm.tokens, t)
            streams = streams._replace(
                meaning=streams.meaning._replace(tokens=meaning), rhythm=streams.rhythm._replace(tokens=rhythm)
            )
            after = after if self.fixed else streams
        layers = (self.cross_attn0, self.cross_attn1, self.cross_attn2)
        colour, meaning_heard, rhythm_heard = (self._hear(*each) for each in zip(layers, streams, strict=True))
        return (colour, meaning_heard, rhythm_heard), after

    def _hear(self, layer: CrossAttention, stream: Stream) -> Heard:
        keys, values = layer.keys_values(stream.tokens, stream.turn)
        if not self.fixed:
            return Heard(keys, values, stream.mask)
        # A token of zeros that is never masked: whoever has nothing to hear hears nothing, in every row.
        keys, values = (functional.pad(each, (0, 0, 1, 0)) for each in (keys, values))
        return Heard(keys, values, torch.cat([torch.ones_like(stream.mask[:, :1]), stream.mask], dim=1))

    def forward(self, x: Tensor, t: Tensor, heard: tuple[Heard, Heard, Heard], turn: Tensor) -> Tensor:
        """x (batch, n, width), t (batch,), turn (n, dims)."""
        x = x + self.self_attn(self.pre_norm(x), turn)
        colour, meaning, rhythm = heard
        query = turn if self.fixed else None
        if self.fixed:
            if self.fusion != "only_clip":
                x = x + self.cross_attn0(self.cross_attend_norm(x), *colour, query)
            q = self.color_norm(x)
            x = x + self._fused(q, meaning, rhythm, t, query)
        else:
            x = self.cross_attend_norm(x)
            if self.fusion != "only_clip":
                x = self.color_norm(x + self.cross_attn0(x, *colour))
            x = x + self._fused(x, meaning, rhythm, t, None)
        made: Tensor = x + self.ff(self.ff_norm(x))
        return made

    def _fused(self, q: Tensor, meaning: Heard, rhythm: Heard, t: Tensor, turn: Tensor | None) -> Tensor:
        if self.fusion in ("none", "only_clip"):
            found: Tensor = self.cross_attn1(q, *meaning, turn)
            return found
        return self.fused(self.cross_attn1(q, *meaning, turn), self.cross_attn2(q, *rhythm, turn), t)
