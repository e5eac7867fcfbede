"""A vision pack as what looks at pictures: the image tower of a CLIP, or anything that takes and gives the same.

Such a pack is of the family `vision`. Its graph `image` takes `pixels` (batch, 3, size, size), scaled to `mean` and
`std`, and gives `embedding` (batch, d), the picture as a whole, and `tokens` (batch, k, d), its parts and the whole.
Its settings are `size`, `mean`, `std` and `fit`: `crop` shows the model the middle square, `squash` the whole picture.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np

from ..errors import EngineError
from ..packs.memory import in_pieces
from ..packs.pack import Pack
from ..packs.session import Graph, Sessions
from .descriptor import Images
from .look import Array

FAMILY, ROLE = "vision", "image"
_WIDE = 16 / 9  # of the pictures that are asked for: their short side is then the model's
_BATCH = 16


class PackVision:
    """Plays a vision pack. `name` changes with everything that decides what it sees, since it is remembered by that."""

    def __init__(self, pack: Pack, sessions: Sessions) -> None:
        if pack.family != FAMILY:
            raise EngineError(f"the pack {pack.name} is of the family {pack.family}, and a vision pack is wanted")
        self._size, self._fit = _size(pack), _fit(pack)
        self._mean, self._std = _colour(pack, "mean"), _colour(pack, "std")
        self._sessions = sessions
        self._graph: Graph = sessions.open(pack, ROLE)
        _check(self._graph, self._size)
        variant = self._graph.variant
        self.name = f"{pack.name} {pack.version} {variant.precision} {variant.file.sha256[:16]} {self._graph.device}"
        self.side = ceil(self._size * _WIDE) if self._fit == "crop" else self._size

    def cls(self, images: Images) -> Array:
        """(n, d): each picture as a whole."""
        return self._run(images, "embedding")

    def patches(self, images: Images) -> Array:
        """(n, k, d): each picture's parts, the whole among them."""
        return self._run(images, "tokens")

    def _run(self, images: Images, output: str) -> Array:
        pixels = self._pixels(images)

        def work(graph: Graph, piece: int) -> Array:
            # In int8 the pictures of one batch change each other's vectors.
            piece = 1 if graph.variant.precision == "int8" else piece
            runs = (pixels[n : n + piece] for n in range(0, len(pixels), piece))
            return np.concatenate([graph.run({"pixels": some}, [output])[output] for some in runs])

        return in_pieces(work, self._sessions, self._graph, min(_BATCH, len(pixels)))

    def _pixels(self, images: Images) -> Array:
        """(n, height, width, 3) bytes -> (n, 3, size, size), scaled as the model learned it."""
        height, width = images.shape[1:3]
        short = min(height, width)
        tall, wide = (
            self._size * height // short,
            self._size * width // short,
        )  # cut off, as CLIP's own preparation does
        if self._fit == "squash":
            tall = wide = self._size
        rows, columns = _weights(height, tall), _weights(width, wide)
        top, left = (tall - self._size) // 2, (wide - self._size) // 2
        rows, columns = rows[top : top + self._size], columns[left : left + self._size]
        seen = np.einsum("rh,nhwc,sw->ncrs", rows, images.astype(np.float32), columns, optimize=True)
        whole = np.clip(np.round(seen), 0, 255) / 255
        return np.asarray((whole - self._mean[:, None, None]) / self._std[:, None, None], np.float32)


@lru_cache(maxsize=16)
def _weights(old: int, new: int) -> Array:
    """(new, old): bicubic, over as many pixels as one of the new covers, as CLIP's own preparation does it."""
    if old == new:
        return np.eye(old, dtype=np.float32)
    step = old / new
    reach = max(step, 1.0)
    centres = (np.arange(new) + 0.5) * step
    away = np.abs((np.arange(old) + 0.5)[None] - centres[:, None]) / reach
    near = 1.5 * away**3 - 2.5 * away**2 + 1
    far = -0.5 * away**3 + 2.5 * away**2 - 4 * away + 2
    weights = np.where(away < 1, near, np.where(away < 2, far, 0.0))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _size(pack: Pack) -> int:
    size = pack.settings.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or not 8 <= size <= 1024:
        raise EngineError(f"the pack {pack.name}: its settings.size is no number of pixels from 8 to 1024")
    return size


def _fit(pack: Pack) -> str:
    fit = pack.settings.get("fit", "crop")
    if fit not in ("crop", "squash"):
        raise EngineError(f"the pack {pack.name}: its settings.fit is neither crop nor squash")
    return str(fit)


def _colour(pack: Pack, key: str) -> Array:
    said: Any = pack.settings.get(key)
    numbers = isinstance(said, list) and [n for n in said if isinstance(n, int | float) and not isinstance(n, bool)]
    if not numbers or len(numbers) != 3 or len(said) != 3 or (key == "std" and min(numbers) <= 0):
        raise EngineError(f"the pack {pack.name}: its settings.{key} is not three numbers")
    return np.array(numbers, np.float32)


def _check(graph: Graph, size: int) -> None:
    """That the graph is what this file says of it."""
    ends = {name: (tensor.dtype, len(tensor.shape)) for name, tensor in {**graph.inputs, **graph.outputs}.items()}
    wanted = {"pixels": ("float32", 4), "embedding": ("float32", 2), "tokens": ("float32", 3)}
    if ends != wanted or graph.inputs.get("pixels") is None or graph.inputs["pixels"].shape[1:] != (3, size, size):
        raise EngineError(
            f"{graph} is not pixels (batch, 3, {size}, {size}) -> embedding (batch, d), tokens (batch, k, d)"
        )
