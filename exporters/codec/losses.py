"""What the ear would miss: spectra at several resolutions, and the waveform where the ear follows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, l1_loss

from ...runtime.rate import SAMPLE_RATE
from .config import WINDOW

BANDS = {4096: 160, 2048: 96, 1024: 64, 512: 40, 256: 24, 128: 12}  # mel bands of a window that long
_FLOOR = 3e-4  # a magnitude below which nothing is heard: noise at -76 dBFS
_FOLLOWED = 750.0  # Hz: below it the ear follows the wave itself
# How much they count. Sizes that cannot be hit are best too small for `shape`: it must not count much.
_SHAPE, _LINE, _GRAIN = 0.3, 0.3, 0.3
_PATCH = (8, 8)  # bins, frames
_PARTS = ("mel", "shape", "wave", "line", "grain")
_FINE = 1024  # samples: windows from here on tell its phase


@dataclass(frozen=True)
class Spectral:
    """Parts of the loss, most about 1 for a codec that says nothing.

    `mel` is the mean difference of natural logarithms in mel bands, `line` the same bin by bin, so that partials stand
    out. `shape` is the difference of magnitudes by the magnitudes, `wave` that of complex bins below 750 Hz. `grain`
    is by how much magnitudes change from frame to frame and from bin to bin, as a difference of logarithms: without it
    noise that stands still is as good as noise, and sounds like a comb.
    """

    mel: Tensor
    shape: Tensor
    wave: Tensor
    line: Tensor
    grain: Tensor

    def total(self, wave: float) -> Tensor:
        """`wave` is how much the waveform counts beside what is heard of it."""
        return self.mel + _SHAPE * self.shape + wave * self.wave + _LINE * self.line + _GRAIN * self.grain


class Ear:
    """Compares sounds by windows of given lengths."""

    def __init__(self, windows: tuple[int, ...], device: torch.device) -> None:
        self.windows = {length: torch.hann_window(length, device=device) for length in windows}
        self.filters = {length: mel_filters(length, BANDS[length]).to(device) for length in windows}

    def compare(self, made: Tensor, meant: Tensor, windows: tuple[int, ...]) -> Spectral:
        """`made` and `meant` are (b, 2, samples)."""
        none = made.new_zeros(())
        parts = [self._one(made, meant, length) for length in windows]
        return Spectral(*(_mean([part[name] for part in parts if name in part], none) for name in _PARTS))

    def _one(self, made: Tensor, meant: Tensor, length: int) -> dict[str, Tensor]:
        said = {}
        found, right = self._bins(made, length), self._bins(meant, length)
        if length >= _FINE:
            low = round(_FOLLOWED * length / SAMPLE_RATE)
            said["wave"] = _size(found[:, :low] - right[:, :low]).sum() / (_size(right[:, :low]).sum() + 1.0)
        one, other = _size(found), _size(right)
        filters = self.filters[length]
        said["mel"] = l1_loss((filters @ one + _FLOOR).log(), (filters @ other + _FLOOR).log())
        said["shape"] = (one - other).abs().sum() / (other.sum() + 1.0)
        if length >= WINDOW:
            said["line"] = l1_loss((one + _FLOOR).log(), (other + _FLOOR).log())
            said["grain"] = l1_loss(_grain(one), _grain(other))
        return said

    def _bins(self, sound: Tensor, length: int) -> Tensor:
        return torch.stft(
            sound.flatten(0, 1), length, length // 4, window=self.windows[length], normalized=True, return_complex=True
        )


def _size(bins: Tensor) -> Tensor:
    """Magnitudes, with a slope at 0."""
    return (bins.real.square() + bins.imag.square() + 1e-9).sqrt()


def _grain(sizes: Tensor) -> Tensor:
    """(b, bins, frames) -> logarithms of how much magnitudes change in time and in frequency, over patches of both."""
    turns = (sizes.diff(dim=2)[:, :-1], sizes.diff(dim=1)[:, :, :-1])
    patches = avg_pool2d(torch.stack(turns, 1).abs(), _PATCH)
    return (patches + _FLOOR).log()


def _mean(values: list[Tensor], none: Tensor) -> Tensor:
    return torch.stack(values).mean() if values else none


def mel_filters(length: int, bands: int) -> Tensor:
    """(bands, length // 2 + 1): triangles evenly spaced in mel (O'Shaughnessy 1987), each with a sum of 1."""

    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(0), mel(SAMPLE_RATE / 2), bands + 2) / 2595) - 1)
    bins = np.arange(length // 2 + 1) * SAMPLE_RATE / length
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters = np.maximum(0.0, np.minimum(rise, fall))
    nearest = np.abs(bins - edges[1:-1, None]).argmin(axis=1)
    filters[np.arange(bands), nearest] += 1e-3  # a band narrower than a bin hears the nearest
    return torch.from_numpy((filters / filters.sum(axis=1, keepdims=True)).astype(np.float32))
