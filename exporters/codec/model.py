"""The codec: stereo sound at 48 kHz to 64 numbers a latent frame of 2048 samples, and back.

Encoder: spectra of middle and side -> ConvNeXt blocks (Liu et al. 2022) -> mean and spread. Decoder: ConvNeXt blocks ->
magnitude and direction of every bin -> sound (Vocos, Siuzdak 2023). Inside, tensors are (batch, time, channels).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...runtime.rate import SAMPLE_RATE
from .config import FRAMES, WINDOW, Size, Stack
from .fourier import BINS
from .spectra import Spectra

CHANNELS = 2
_FLOOR = 1e-6  # power below which a bin is silent: a tone at -84 dBFS
_FINEST = -2.3  # logarithm of the least spread: who makes latents need not hit them closer than to a tenth
_NOISY = (1500.0, 2500.0)  # Hz: from here on directions are thrown, first in part, then all
_TURNS = 40.0  # radians a unit of the latents
_LOUDEST = 6.0  # natural logarithm of a magnitude: nothing a decoder says is louder


class Block(nn.Module):
    """(b, t, width) -> the same, each channel seen over `kernel` frames, then all channels together."""

    def __init__(self, stack: Stack, scale: float) -> None:
        super().__init__()
        width, inner = stack.width, stack.width * stack.widen
        self.depthwise = nn.Conv2d(width, width, (stack.kernel, 1), padding=(stack.kernel // 2, 0), groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        with torch.no_grad():
            self.narrow.weight.mul_(scale)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.depthwise(x.transpose(1, 2).unsqueeze(-1)).squeeze(-1).transpose(1, 2)
        made: Tensor = self.narrow(nn.functional.gelu(self.widen(self.norm(seen)), approximate="tanh"))
        return x + made


def _blocks(stack: Stack) -> nn.Sequential:
    return nn.Sequential(*(Block(stack, 1.0 / stack.blocks) for _ in range(stack.blocks)))


class Encoder(nn.Module):
    """Sound (b, 2, samples) -> mean and logarithm of the spread (b, latent, frames)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.spectra = Spectra()
        shown = CHANNELS * (BINS + 2 * size.phased)
        self.enter = nn.Linear(shown, size.encoder_fast.width)
        self.calm = nn.LayerNorm(size.encoder_fast.width)
        self.fast = _blocks(size.encoder_fast)
        self.join = nn.Linear(FRAMES * size.encoder_fast.width, size.encoder_slow.width)
        self.slow = _blocks(size.encoder_slow)
        self.norm = nn.LayerNorm(size.encoder_slow.width)
        self.leave = nn.Linear(size.encoder_slow.width, 2 * size.latent)
        self.bass = nn.Linear(bass_numbers(size), size.latent, bias=False)
        # Every latent has variance 1: noise of a given spread then costs each as much, and none falls silent.
        self.even = nn.BatchNorm1d(size.latent, affine=False, momentum=0.02)
        with torch.no_grad():
            self.leave.bias[size.latent :] = -2.0  # little noise at first

    def forward(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        real, imaginary = self.spectra.analyse(middle_and_side(sound))
        x = self.fast(self.calm(self.enter(self._seen(real, imaginary))))
        batch, frames, width = x.shape
        x = self.slow(self.join(x.reshape(batch, frames // FRAMES, FRAMES * width)))
        mean, spread = self.leave(self.norm(x)).split(self.size.latent, -1)
        mean = mean + self.bass(low_bins(real, imaginary, self.size))
        return self.even(mean.transpose(1, 2).to(real.dtype)), spread.clamp(_FINEST, 2.0).transpose(1, 2)

    def _seen(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """What the network is shown of each frame: how loud each bin is, and what turns the lowest have."""
        power = real.square() + imaginary.square() + _FLOOR
        low = self.size.phased
        loud = power.log()
        root = (loud[..., :low] * -0.35).exp()  # magnitudes to the power of 0.3
        parts = ((loud + 7) / 4, real[..., :low] * root, imaginary[..., :low] * root)
        return torch.cat(parts, -1).flatten(2)


class Decoder(nn.Module):
    """Latents (b, latent, frames) -> sound (b, 2, samples)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        slow, fast = size.decoder_slow, size.decoder_fast
        self.enter = nn.Conv1d(size.latent, slow.width, 3, padding=1)
        self.slow = _blocks(slow)
        self.part = nn.Linear(slow.width, FRAMES * fast.width)
        self.calm = nn.LayerNorm(fast.width)
        self.fast = _blocks(fast)
        self.norm = nn.LayerNorm(fast.width)
        self.leave = nn.Linear(fast.width, CHANNELS * 3 * BINS)
        self.bass = nn.Linear(size.latent, bass_numbers(size), bias=False)
        self.hiss = nn.Linear(size.hiss, CHANNELS * 2 * BINS, bias=False)
        self.register_buffer("dice", _dice(size))
        self.register_buffer("toned", _toned(), persistent=False)
        self.dice: Tensor
        self.toned: Tensor
        self.spectra = Spectra()
        with torch.no_grad():
            self.leave.weight.mul_(0.5)
            self.leave.bias.view(CHANNELS, 3, BINS)[:, 1:] = 0.0
            self.leave.bias.view(CHANNELS, 3, BINS)[:, 0] = -3.0

    def forward(self, latents: Tensor) -> Tensor:
        x = self.slow(self.enter(latents).transpose(1, 2))
        batch, frames, _ = x.shape
        x = self.part(x).reshape(batch, frames * FRAMES, -1)
        x = self.leave(self.norm(self.fast(self.calm(x)))).to(latents.dtype)
        loud, real, imaginary = x.reshape(batch, frames * FRAMES, CHANNELS, 3, BINS).unbind(3)
        thrown = torch.sin(latents.transpose(1, 2) @ self.dice).reshape(batch, frames * FRAMES, -1)
        hiss = self.hiss(thrown).to(latents.dtype).reshape(batch, frames * FRAMES, CHANNELS, 2, BINS)
        real, imaginary = self.toned * real + hiss[:, :, :, 0], self.toned * imaginary + hiss[:, :, :, 1]
        loud = loud.clamp(max=_LOUDEST).exp()
        bass: Tensor = self.bass(latents.transpose(1, 2)).to(latents.dtype)
        bass = bass.reshape(batch, frames * FRAMES, CHANNELS, 2, self.size.bass_bins)
        bass = nn.functional.pad(bass, (1, BINS - 1 - self.size.bass_bins))
        real, imaginary = loud * real + bass[:, :, :, 0], loud * imaginary + bass[:, :, :, 1]
        made: Tensor = self.spectra.synthesise(real, imaginary)
        return left_and_right(made)


class Codec(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.encoder, self.decoder = Encoder(size), Decoder(size)

    def forward(self, sound: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What comes back, through latents drawn with `noise` (b, latent, frames); their mean; and the logarithm of
        their spread.
        """
        mean, spread = self.encoder(sound)
        mean, spread = mean.float(), spread.float()
        sent: Tensor = mean + spread.exp() * noise
        return self.decoder(sent), mean, spread

    @torch.no_grad()
    def start(self, sound: Tensor) -> None:
        """Makes of the bass what one matrix can at best: the principal components of the low bins of some sounds
        (b, 2, samples), quiet ones counting nearly as much as loud ones, at variance 1 each.
        """
        rows = low_bins(*self.encoder.spectra.analyse(middle_and_side(sound)), self.size).flatten(0, 1).double()
        even = rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-3) ** 0.7
        ways = torch.linalg.eigh(even.T @ even).eigenvectors[:, -self.size.bass :].T
        ways = ways * ways.gather(1, ways.abs().argmax(1, keepdim=True)).sign()  # whichever way round they came
        spread = (rows @ ways.T).std(0).clamp_min(1e-3)[:, None]
        self.encoder.bass.weight.zero_()
        self.decoder.bass.weight.zero_()
        self.encoder.bass.weight[: self.size.bass] = (ways / spread).float()
        self.decoder.bass.weight[:, : self.size.bass] = (ways * spread).T.float()


def _toned() -> Tensor:
    """(bins,): how much of a bin's direction the network chooses. High up all of it is thrown: directions that stand
    still from frame to frame are a comb, and that is what a network chooses where it cannot know.
    """
    hertz = torch.arange(BINS) * (SAMPLE_RATE / WINDOW)
    return ((_NOISY[1] - hertz) / (_NOISY[1] - _NOISY[0])).clamp(0.0, 1.0)


def _dice(size: Size) -> Tensor:
    """(latent, dice): the latents, turned so fast that the least change of theirs throws anew. Noise wants directions
    without an order, of which a network has none of its own; so they come out the same in pieces of any length.
    """
    ways = torch.randn((size.latent, FRAMES * size.hiss), generator=torch.Generator().manual_seed(0))
    turns: Tensor = _TURNS * ways / ways.norm(dim=0)
    return turns


def bass_numbers(size: Size) -> int:
    """How many numbers the low bins of a latent frame are."""
    return FRAMES * CHANNELS * 2 * size.bass_bins


def low_bins(real: Tensor, imaginary: Tensor, size: Size) -> Tensor:
    """(b, frames, 2, bins) twice -> (b, latent frames, bass_numbers)."""
    low = torch.stack([real[..., 1 : size.bass_bins + 1], imaginary[..., 1 : size.bass_bins + 1]], 3)
    return low.reshape(low.shape[0], low.shape[1] // FRAMES, -1)


def middle_and_side(sound: Tensor) -> Tensor:
    """(b, 2, samples) left and right -> middle and side; and back, as it is its own inverse."""
    left, right = sound[:, 0], sound[:, 1]
    turned: Tensor = torch.stack([left + right, left - right], 1) * 0.5**0.5
    return turned


left_and_right = middle_and_side
