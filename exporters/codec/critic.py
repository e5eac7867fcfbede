"""The discriminator: small networks that look at spectra and tell what came out of the codec (after EnCodec's,
Defossez et al. 2022), and what each side wants of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from .model import middle_and_side

WINDOWS = (2048, 512)


class Look(nn.Module):
    """One window: bins of middle and side as a picture (b, 4, time, frequency) -> an opinion on every patch of it."""

    def __init__(self, window: int, width: int) -> None:
        super().__init__()
        self.window = window
        self.register_buffer("hann", torch.hann_window(window), persistent=False)
        self.hann: Tensor
        shapes = (
            (4, width, (3, 9), (1, 4)),
            (width, 2 * width, (3, 5), (1, 2)),
            (2 * width, 2 * width, (3, 5), (1, 2)),
            (2 * width, 4 * width, (3, 3), (2, 2)),
        )
        self.layers = nn.ModuleList(_conv(*shape) for shape in shapes)
        self.leave = _conv(4 * width, 1, (3, 3), (1, 1))

    def forward(self, sound: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(b, 2, samples) -> the opinion, above 0 for real; and what each layer saw."""
        batch = sound.shape[0]
        bins = torch.stft(
            middle_and_side(sound).flatten(0, 1), self.window, self.window // 4, window=self.hann, normalized=True,
            return_complex=True,
        )  # fmt: skip
        real, imaginary = bins.real, bins.imag
        root = ((real.square() + imaginary.square() + 1e-6).log() * -0.35).exp()  # magnitudes to the power of 0.3
        x = torch.stack([real * root, imaginary * root], 1)
        x = x.reshape(batch, 4, *x.shape[2:]).transpose(-1, -2)
        seen = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.2)
            seen.append(x)
        return self.leave(x).float(), seen


class Critic(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.looks = nn.ModuleList(Look(window, width) for window in WINDOWS)

    def forward(self, sound: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        return [look(sound) for look in self.looks]


def to_tell(critic: Critic, made: Tensor, meant: Tensor) -> Tensor:
    """The discriminator's loss (hinge): 0 where it is sure and right, 2 where it says nothing."""
    losses = [
        nn.functional.relu(1 + false).mean() + nn.functional.relu(1 - true).mean()
        for (false, _), (true, _) in zip(critic(made.detach()), critic(meant), strict=True)
    ]
    return torch.stack(losses).mean()


def to_pass(critic: Critic, made: Tensor, meant: Tensor) -> tuple[Tensor, Tensor]:
    """The codec's losses: to be taken for real, and to make each layer see what it sees in the real (relative)."""
    with torch.no_grad():
        right = critic(meant)
    opinions, layers = [], []
    for (opinion, seen), (_, wanted) in zip(critic(made), right, strict=True):
        opinions.append(-opinion.mean())
        layers += [(a - b).abs().mean() / (b.abs().mean() + 1e-6) for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(opinions).mean(), torch.stack(layers).mean()


def _conv(inside: int, outside: int, kernel: tuple[int, int], stride: tuple[int, int]) -> nn.Module:
    padding = (kernel[0] // 2, kernel[1] // 2)
    conv: nn.Module = weight_norm(nn.Conv2d(inside, outside, kernel, stride, padding))
    return conv
