"""A piece of any length, seen through windows of one length that overlap.

At each step the answers for all windows are averaged (MultiDiffusion, Bar-Tal et al. 2023), a window's edges weighing
less by a raised cosine, and the piece goes on as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError


@dataclass(frozen=True)
class Laid:
    """Windows of `size` places from each of `starts` on cover `places`, which may pass the end of the piece."""

    places: int
    size: int
    starts: tuple[int, ...]

    def weights(self) -> list[NDArray[np.float32]]:
        """(size,) for each window: together 1 at every place."""
        shapes = [np.ones(self.size) for _ in self.starts]
        for left, right, gap in zip(shapes, shapes[1:], np.diff(self.starts).tolist(), strict=False):
            shared = self.size - gap
            rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(shared) + 0.5) / shared)
            left[gap:] *= rise[::-1]
            right[:shared] *= rise
        total = np.zeros(self.places)
        for start, shape in zip(self.starts, shapes, strict=True):
            total[start : start + self.size] += shape
        return [
            (shape / total[start : start + self.size]).astype(np.float32)
            for start, shape in zip(self.starts, shapes, strict=True)
        ]


@dataclass(frozen=True)
class Windows:
    """How a piece is divided.

    `length` places each and at least `overlap` of them shared with the next, `batch` windows in one run of the model.
    A window begins and ends at a whole `multiple`; a piece that is shorter than a window has one of its own length,
    or with `fixed` a whole one.
    """

    length: int = 645  # Diff-V2M: 30 s
    overlap: int = 129
    batch: int = 1
    multiple: int = 1
    fixed: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.overlap <= self.length - self.multiple or self.length % self.multiple or self.batch < 1:
            raise UsageError(f"windows of {self.length} places cannot overlap by {self.overlap}")

    def lay(self, places: int) -> Laid:
        whole = -(-places // self.multiple) * self.multiple
        size = self.length if self.fixed else min(self.length, whole)
        whole = max(whole, size)
        if whole == size:
            return Laid(whole, size, (0,))
        hop, way = (size - self.overlap) // self.multiple, (whole - size) // self.multiple
        hops = -(-way // hop)
        return Laid(whole, size, tuple(n * way // hops * self.multiple for n in range(hops + 1)))
