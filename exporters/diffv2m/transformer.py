"""The diffusion transformer: noisy latents, a time and what is asked -> v."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..nets.norms import level
from ..nets.numbers import FourierFeatures
from ..nets.rotary import Rotary, turns
from .block import Block, Heard, Stream, Streams
from .config import ROPE_RATE, Config

LONGEST = 4096  # latents of a window
_HALF = 0.5


class DiffusionTransformer(nn.Module):
    """`rate` is in latents a second: in `fixed` positions are times, so that both sides of an attention share them."""

    turn: Tensor

    def __init__(self, config: Config, rate: float = 23.4375) -> None:
        super().__init__()
        self.config, self.rate = config, rate
        width, context, channels = config.width, config.context, config.channels
        inside = channels + config.beside
        self.timestep_features = FourierFeatures(128)
        self.to_timestep_embed = nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))
        self.to_cond_embed = _mapped(context, context)
        self.to_global_embed = _mapped(3 * context, width)
        self.transformer = _Blocks(config, inside)
        self.preprocess_conv = nn.Conv1d(inside, inside, 1, bias=False)
        self.postprocess_conv = nn.Conv1d(channels, channels, 1, bias=False)
        nn.init.zeros_(self.preprocess_conv.weight)
        nn.init.zeros_(self.postprocess_conv.weight)
        if not config.fixed:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.mul_(_HALF)  # as released: gains too
        self.register_buffer("turn", self._turn(), persistent=False)

    def _turn(self) -> Tensor:
        """(LONGEST + 1, dims): of the token in front, then of each latent."""
        at = torch.arange(LONGEST + 1, dtype=torch.float32)
        if self.config.fixed:
            at = torch.where(at > 0, (at - 0.5) / self.rate * ROPE_RATE, torch.zeros(()))
        return turns(self.transformer.rotary_pos_emb(at)).detach()

    def contexts(self, streams: Streams, times: tuple[Tensor | None, ...] = (None, None, None)) -> Streams:
        """The conditioners' tokens as the blocks hear them. `times` (batch, s) are seconds from the window's start."""
        made = []
        for stream, at in zip(streams, times, strict=True):
            turn = None if at is None else turns(self.transformer.rotary_pos_emb(at * ROPE_RATE))
            tokens = self.to_cond_embed(stream.tokens)
            made.append(Stream(level(tokens) if self.config.fixed else tokens, stream.mask, turn))
        return Streams(*made)

    def placed(self, whole: Tensor, t: Tensor) -> Tensor:
        """What is said of the clip as a whole (batch, width) and times (batch,) -> the token in front, (batch, 1, width)."""
        made: Tensor = whole + self.to_timestep_embed(self.timestep_features(t))
        return made.unsqueeze(1)

    def forward(self, x: Tensor, t: Tensor, streams: Streams, whole: Tensor, curve: Tensor | None = None) -> Tensor:
        """x (batch, channels, n), t (batch,), `whole` (batch, width); in `fixed` the aligned `curve` (batch, beside, n)."""
        h = self.enter(x, self.placed(whole, t), curve)
        turn = self.turn[: h.shape[1]]
        for block in self.blocks():
            if self.config.name == "paper" and self.training:
                h, streams = checkpoint(_block, block, h, t, streams, turn, use_reentrant=False)
            else:
                h, streams = _block(block, h, t, streams, turn)
        return self.leave(h)

    def blocks(self) -> list[Block]:
        return [cast(Block, block) for block in self.transformer.layers]

    def enter(self, x: Tensor, front: Tensor, curve: Tensor | None) -> Tensor:
        if curve is not None:
            x = torch.cat([x, curve], dim=1)
        x = x + self.preprocess_conv(x)
        return torch.cat([front, self.transformer.project_in(x.transpose(1, 2))], dim=1)

    def leave(self, h: Tensor) -> Tensor:
        y = self.transformer.project_out(h[:, 1:]).transpose(1, 2)
        made: Tensor = y + self.postprocess_conv(y)
        return made

    def step(
        self, x: Tensor, t: Tensor, heard: list[tuple[Heard, Heard, Heard]], whole: Tensor, curve: Tensor | None
    ) -> Tensor:
        """As forward, with what every block hears made before."""
        h = self.enter(x, self.placed(whole, t), curve)
        turn = self.turn[: h.shape[1]]
        for block, each in zip(self.blocks(), heard, strict=True):
            h = block(h, t, each, turn)
        return self.leave(h)


class _Blocks(nn.Module):
    def __init__(self, config: Config, inside: int) -> None:
        super().__init__()
        self.project_in = nn.Linear(inside, config.width, bias=False)
        self.project_out = nn.Linear(config.width, config.channels, bias=False)
        self.rotary_pos_emb = Rotary(config.turning)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.depth))


def _block(block: Block, h: Tensor, t: Tensor, streams: Streams, turn: Tensor) -> tuple[Tensor, Streams]:
    heard, streams = block.hear(streams, t)
    return block(h, t, heard, turn), streams


def _mapped(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inside, outside, bias=False), nn.SiLU(), nn.Linear(outside, outside, bias=False))
