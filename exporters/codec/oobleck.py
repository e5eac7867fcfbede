"""Oobleck, the autoencoder of Stable Audio Open: its layers, without weight norm and without chance.

Residual units of dilated convolutions with Snake between strided ones (after DAC, Kumar et al. 2023). Nothing is
padded but the ends, so how far it looks is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

DILATIONS = (1, 3, 9)
KERNEL = 7


@dataclass(frozen=True)
class Shape:
    """`strides` from the sound inwards; `multiples` of `encoder` and `decoder` channels, one a stride."""

    encoder: int
    decoder: int
    multiples: tuple[int, ...]
    strides: tuple[int, ...]
    latent: int
    channels: int
    rate: int

    @property
    def hop(self) -> int:
        return math.prod(self.strides)

    def widths(self, base: int) -> list[int]:
        return [base * multiple for multiple in (1, *self.multiples)]


class Snake(nn.Module):
    """x + sin(a x)**2 / b, with a and b as logarithms, a channel each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.zeros(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        wave = torch.sin(self.alpha.exp()[:, None] * x)
        return x + wave * wave / (self.beta.exp()[:, None] + 1e-9)


class Unit(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = Snake(width)
        self.wide = nn.Conv1d(width, width, KERNEL, dilation=dilation, padding=dilation * (KERNEL // 2))
        self.second = Snake(width)
        self.narrow = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.narrow(self.second(self.wide(self.first(x))))
        return x + made


def down(width: int, wider: int, stride: int) -> nn.Sequential:
    conv = nn.Conv1d(width, wider, 2 * stride, stride, padding=math.ceil(stride / 2))
    return nn.Sequential(*(Unit(width, dilation) for dilation in DILATIONS), Snake(width), conv)


def up(width: int, narrower: int, stride: int) -> nn.Sequential:
    conv = nn.ConvTranspose1d(width, narrower, 2 * stride, stride, padding=math.ceil(stride / 2))
    return nn.Sequential(Snake(width), conv, *(Unit(narrower, dilation) for dilation in DILATIONS))


class Oobleck(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        widths = shape.widths(shape.encoder)
        self.encoder = nn.Sequential(
            nn.Conv1d(shape.channels, widths[0], KERNEL, padding=KERNEL // 2),
            *(down(*one) for one in zip(widths, widths[1:], shape.strides, strict=False)),
            Snake(widths[-1]),
            nn.Conv1d(widths[-1], 2 * shape.latent, 3, padding=1),
        )
        widths = shape.widths(shape.decoder)[::-1]
        self.decoder = nn.Sequential(
            nn.Conv1d(shape.latent, widths[0], KERNEL, padding=KERNEL // 2),
            *(up(*one) for one in zip(widths, widths[1:], shape.strides[::-1], strict=False)),
            Snake(widths[-1]),
            nn.Conv1d(widths[-1], shape.channels, KERNEL, padding=KERNEL // 2, bias=False),
        )


class Encode(nn.Module):
    """Sound (b, 2, samples) -> the means of its latents (b, latent, frames)."""

    def __init__(self, model: Oobleck) -> None:
        super().__init__()
        self.layers, self.latent = model.encoder, model.shape.latent

    def forward(self, audio: Tensor) -> Tensor:
        found: Tensor = self.layers(audio)
        return found[:, : self.latent]


class Decode(nn.Module):
    def __init__(self, model: Oobleck) -> None:
        super().__init__()
        self.layers = model.decoder

    def forward(self, latents: Tensor) -> Tensor:
        made: Tensor = self.layers(latents)
        return made


def reach(shape: Shape) -> int:
    """Latent frames to either side that suffice for both halves, by interval arithmetic."""
    return max(_decoder_reach(shape), _encoder_reach(shape))


def _decoder_reach(shape: Shape) -> int:
    low, high = 0, shape.hop - 1
    side, units = KERNEL // 2, sum(DILATIONS) * (KERNEL // 2)
    low, high = low - side, high + side
    for stride in shape.strides:
        low, high = low - units, high + units
        pad = math.ceil(stride / 2)
        # Output n is fed by inputs i with 0 <= n + pad - i * stride < 2 * stride.
        low, high = -((2 * stride - 1 - low - pad) // stride), (high + pad) // stride
    return max(side - low, high + side)


def _encoder_reach(shape: Shape) -> int:
    low, high = -1, 1
    for stride in shape.strides[::-1]:
        pad = math.ceil(stride / 2)
        low, high = low * stride - pad, high * stride - pad + 2 * stride - 1
        low, high = low - sum(DILATIONS) * (KERNEL // 2), high + sum(DILATIONS) * (KERNEL // 2)
    low, high = low - KERNEL // 2, high + KERNEL // 2
    return max(-(low // shape.hop), high // shape.hop)
