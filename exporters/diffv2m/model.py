"""A whole Diff-V2M, laid out as its public checkpoint is: `model.model` is the transformer, `conditioner` what it is told."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .block import Streams
from .conditioners import Asked, Clip, Conditioner
from .config import Config
from .predictor import Predictor
from .transformer import DiffusionTransformer

RATE = 48_000 / 2048  # latents a second of our codec


class DiffV2M(nn.Module):
    def __init__(self, config: Config, rate: float = RATE) -> None:
        super().__init__()
        self.config, self.rate = config, rate
        self.model = nn.ModuleDict({"model": DiffusionTransformer(config, rate)})
        self.conditioner = Conditioner(config, rate)

    @property
    def transformer(self) -> DiffusionTransformer:
        return cast(DiffusionTransformer, self.model["model"])

    @property
    def predictor(self) -> Predictor:
        return self.conditioner.predictor

    def forward(self, x: Tensor, t: Tensor, clip: Clip) -> Tensor:
        """x (batch, channels, n) with n even, t (batch,) -> v, in the shape of x."""
        streams, whole, curve = self.told(self.conditioner(clip))
        found: Tensor = self.transformer(x, t, streams, whole, curve)
        return found

    def told(self, asked: Asked) -> tuple[Streams, Tensor, Tensor | None]:
        """What one window's steps have in common."""
        streams = self.transformer.contexts(asked.streams, asked.times)
        whole: Tensor = self.transformer.to_global_embed(asked.numbers)
        return streams, whole, asked.curve

    def predict(self, meaning: Tensor, onsets: Tensor, beats: Tensor, known: Tensor | None) -> Tensor:
        found: Tensor = self.predictor(meaning, onsets, beats, known)
        return found


def nothing(clip: Clip) -> Clip:
    """The same window with nothing asked for."""
    return clip._replace(dropped=torch.ones(len(clip.start), 3, dtype=torch.bool, device=clip.start.device))


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
