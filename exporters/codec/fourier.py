"""The Fourier transform of two real signals at once, by the library and as matrix products that any runtime has.

Both take and give the two signals side by side: (..., 2, WINDOW) of samples, and (..., 2, BINS) twice, the real parts
of the bins and the imaginary ones. Scaled so that energy stays what it is.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from .config import WINDOW

BINS = WINDOW // 2 + 1
_ROWS, _COLUMNS = 32, WINDOW // 32


class Fourier(Protocol):
    def spectrum(self, sound: Tensor) -> tuple[Tensor, Tensor]: ...

    def sound(self, real: Tensor, imaginary: Tensor) -> Tensor: ...


class Library:
    """By torch: for training."""

    def spectrum(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        bins = torch.fft.rfft(sound, norm="ortho")
        return bins.real, bins.imag

    def sound(self, real: Tensor, imaginary: Tensor) -> Tensor:
        made: Tensor = torch.fft.irfft(torch.complex(real, imaginary), n=WINDOW, norm="ortho")
        return made


class Matrices(nn.Module):
    """By two small matrices and a turn between them (Cooley and Tukey 1965): for ONNX.

    The two signals are the real and the imaginary part of one, so one transform does for both. A matrix of the whole
    transform would be 17 MB; these are 80 KB.
    """

    def __init__(self) -> None:
        super().__init__()
        rows, columns = torch.arange(_ROWS, dtype=torch.float64), torch.arange(_COLUMNS, dtype=torch.float64)
        self._keep("first", _turns(rows[:, None] * rows / _ROWS))
        self._keep("second", _turns(columns[:, None] * columns / _COLUMNS))
        turn = 2 * torch.pi * rows[:, None] * columns / WINDOW
        self.register_buffer("cos", turn.cos().float(), persistent=False)
        self.register_buffer("sin", turn.sin().float(), persistent=False)
        self.first: Tensor
        self.second: Tensor
        self.cos: Tensor
        self.sin: Tensor

    def _keep(self, name: str, matrix: Tensor) -> None:
        self.register_buffer(name, (matrix / (matrix.shape[0] / 2) ** 0.5).float(), persistent=False)

    def spectrum(self, sound: Tensor) -> tuple[Tensor, Tensor]:
        real, imaginary = self._transform(sound[..., 0, :], sound[..., 1, :])
        half = WINDOW // 2
        # Bin k of the first signal is the even part of the sum's, of the second the odd part.
        back_real = torch.cat([real[..., :1], real[..., half:].flip(-1)], -1)
        back_imaginary = torch.cat([imaginary[..., :1], imaginary[..., half:].flip(-1)], -1)
        front_real, front_imaginary = real[..., : half + 1], imaginary[..., : half + 1]
        reals = torch.stack([front_real + back_real, front_imaginary + back_imaginary], -2)
        imaginaries = torch.stack([front_imaginary - back_imaginary, back_real - front_real], -2)
        return reals / 2, imaginaries / 2

    def sound(self, real: Tensor, imaginary: Tensor) -> Tensor:
        a, b = real[..., 0, :], real[..., 1, :]
        # The two ends of a real signal's spectrum are real.
        inner = imaginary[..., 1:-1]
        inner = torch.nn.functional.pad(inner, (1, 1))
        c, d = inner[..., 0, :], inner[..., 1, :]
        wide_real = torch.cat([a - d, (a + d)[..., 1:-1].flip(-1)], -1)
        wide_imaginary = torch.cat([c + b, (b - c)[..., 1:-1].flip(-1)], -1)
        # The inverse is the transform with real and imaginary part in each other's place.
        second, first = self._transform(wide_imaginary, wide_real)
        return torch.stack([first, second], -2)

    def _transform(self, real: Tensor, imaginary: Tensor) -> tuple[Tensor, Tensor]:
        shape = real.shape[:-1]
        grid = (*shape, _ROWS, _COLUMNS)
        both = torch.cat([real.reshape(grid), imaginary.reshape(grid)], -2)  # (..., 2 rows, columns)
        real, imaginary = (self.first @ both).chunk(2, -2)
        turned = torch.cat(
            [real * self.cos + imaginary * self.sin, imaginary * self.cos - real * self.sin], -1
        )  # (..., rows, 2 columns)
        real, imaginary = (turned @ self.second.T).chunk(2, -1)
        return real.transpose(-1, -2).reshape(*shape, WINDOW), imaginary.transpose(-1, -2).reshape(*shape, WINDOW)


def _turns(of: Tensor) -> Tensor:
    """The transform's matrix for real parts above imaginary ones."""
    cos, sin = (2 * torch.pi * of).cos(), (2 * torch.pi * of).sin()
    return torch.cat([torch.cat([cos, sin], 1), torch.cat([-sin, cos], 1)], 0)
