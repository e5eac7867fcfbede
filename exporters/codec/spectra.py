"""Sound to spectra and back: frames of WINDOW samples, a HOP apart, each of whose phase counts from the same moment.

A frame begins one HOP before its own and ends two after. As WINDOW is four times HOP, turning the blocks of a frame in
a circle makes its phase count from the last multiple of WINDOW: a steady tone then has bins that stand still, and a
click has the same bins in every frame that hears it. The network need not learn to turn them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import FRAMES, HOP, WINDOW
from .fourier import Fourier, Library

BEFORE, AFTER = 1, 2  # HOPs that a frame reaches beyond its own


class Spectra(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        window = torch.hann_window(WINDOW).reshape(FRAMES, HOP)
        self.register_buffer("window", window, persistent=False)
        self.window: Tensor
        self.fourier: Fourier = Library()

    def analyse(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        """(b, 2, samples), whole latent frames of it -> real and imaginary parts (b, frames, 2, bins)."""
        batch, channels, samples = sound.shape
        blocks = nn.functional.pad(sound, (BEFORE * HOP, AFTER * HOP)).reshape(batch, channels, -1, HOP)
        count = samples // HOP
        frames = torch.stack([blocks[:, :, n : n + count] for n in range(FRAMES)], 3) * self.window
        frames = self._turned(frames.transpose(1, 2), 1)
        return self.fourier.spectrum(frames.reshape(batch, count, channels, WINDOW))

    def synthesise(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Real and imaginary parts (b, frames, 2, bins) -> (b, 2, samples)."""
        batch, count, channels, _ = real.shape
        frames = self.fourier.sound(real, imaginary).reshape(batch, count, channels, FRAMES, HOP)
        frames = self._turned(frames, -1) * self.window
        weight = (self.window.square() + torch.zeros_like(frames[:1, :, :1])).transpose(1, 2)
        summed = _added(frames.transpose(1, 2)) / _added(weight)
        return summed.reshape(batch, channels, count * HOP)

    def _turned(self, frames: Tensor, way: int) -> Tensor:
        """(b, frames, 2, FRAMES, HOP): the blocks of frame t in a circle, by t blocks."""
        batch, count, channels, blocks, hop = frames.shape
        by_four = frames.reshape(batch, count // FRAMES, FRAMES, channels, blocks, hop)
        turned = [
            _circled(by_four[:, :, frame], way * (frame - BEFORE), dim=3) for frame in range(FRAMES)
        ]  # fmt: skip
        return torch.stack(turned, 2).reshape(batch, count, channels, blocks, hop)


def _circled(blocks: Tensor, by: int, dim: int) -> Tensor:
    by %= FRAMES
    if by == 0:
        return blocks
    return torch.cat([blocks.narrow(dim, FRAMES - by, by), blocks.narrow(dim, 0, FRAMES - by)], dim)


def _added(frames: Tensor) -> Tensor:
    """(b, 2, frames, FRAMES, HOP) laid over each other: (b, 2, frames, HOP)."""
    count = frames.shape[2]
    padded = nn.functional.pad(frames, (0, 0, 0, 0, AFTER, BEFORE))
    # The block of a frame that falls on it: of the frame after, its first; of its own, its second; and so on.
    parts = [padded[:, :, AFTER + BEFORE - n : AFTER + BEFORE - n + count, n] for n in range(FRAMES)]
    return parts[0] + parts[1] + parts[2] + parts[3]
