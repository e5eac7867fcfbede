"""What a picture means, as a vector: the interface of a vision pack, our own descriptor, VidMusician's distances."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .colour import luma, oklab
from .look import Array

Images = NDArray[np.uint8]  # (n, height, width, 3): sRGB

WIDTH = 512  # of a vector: as CLIP's ViT-B/32
GRID = 7  # patches a side: as CLIP's ViT-B/32 at 224 pixels
RATE = 25  # pictures a second that VidMusician compares
_TURNS = 8  # directions of edges told apart
_HUES = 12
_SEED = 20


class Vision(Protocol):
    """What looks at pictures. `side` is the longest side of the pictures that it wants, in pixels."""

    @property
    def name(self) -> str: ...

    @property
    def side(self) -> int: ...

    def cls(self, images: Images) -> Array:
        """(n, d): each picture as a whole."""
        ...

    def patches(self, images: Images) -> Array:
        """(n, k, d): each picture's parts, the whole among them, always in one order."""
        ...


class OwnVision:
    """Pictures by their colours, light and edges: no learned meaning, no model, the same everywhere.

    Alike pictures have alike vectors; the vectors have length 1, and a cosine of them runs from -1 to 1.
    """

    name = "hitpoint-1"
    side = 144

    def cls(self, images: Images) -> Array:
        cells = _cells(images, 4)
        features = np.concatenate([cells.reshape(len(images), -1) / 4, _hues(images)], axis=1)
        return _spread(_unit(features))

    def patches(self, images: Images) -> Array:
        """(n, 50, 512): the whole, then 7 x 7 parts by rows."""
        parts = _spread(_unit(_cells(images, GRID)))
        return np.concatenate([self.cls(images)[:, None], parts], axis=1)


def similarities(tokens: Array) -> Array:
    """(n, k, d) -> (n - 1): the mean cosine of each picture's parts with those of the next."""
    length = np.maximum(np.linalg.norm(tokens, axis=2, keepdims=True), 1e-12)
    unit = tokens / length
    return np.asarray((unit[:-1] * unit[1:]).sum(axis=2).mean(axis=1), np.float32)


def distances(tokens: Array) -> Array:
    """VidMusician's rhythm of a film: (n, k, d) at 25 pictures a second -> (2 n) at 50 a second.

    Even places hold how much a picture differs from the one before it (the first by 0), odd places 0.
    """
    return zero_stuffed(similarities(tokens))


def zero_stuffed(similar: Array) -> Array:
    """(n - 1) similarities of neighbours -> the distance sequence, (2 n)."""
    distance = 1 - np.concatenate([np.ones(1, np.float32), similar])
    out = np.zeros(2 * len(distance), np.float32)
    out[::2] = distance
    return out


def _cells(images: Images, grid: int) -> Array:
    """(n, grid * grid, 13): colour, spread of light, a constant that keeps black from being nothing, edges."""
    light = luma(images)
    down, across = np.gradient(light, axis=(1, 2))
    strength = np.hypot(down, across)
    turn = np.arctan2(down, across) % np.pi
    kind = np.minimum((turn * (_TURNS / np.pi)).astype(np.intp), _TURNS - 1)
    rows = np.linspace(0, images.shape[1], grid + 1).round().astype(int)
    columns = np.linspace(0, images.shape[2], grid + 1).round().astype(int)
    out = np.zeros((len(images), grid, grid, 5 + _TURNS), np.float32)
    for row in range(grid):
        for column in range(grid):
            top, left = min(rows[row], images.shape[1] - 1), min(columns[column], images.shape[2] - 1)
            part = np.s_[:, top : max(rows[row + 1], top + 1), left : max(columns[column + 1], left + 1)]
            mean = images[part].reshape(len(images), -1, 3).mean(axis=1)
            cell = out[:, row, column]
            cell[:, :3] = oklab(mean.astype(np.float64) / 255) * (1, 3, 3) - (0.5, 0, 0)
            cell[:, 3] = 2 * light[part].reshape(len(images), -1).std(axis=1)
            cell[:, 4] = 0.25
            edges, kinds = strength[part].reshape(len(images), -1), kind[part].reshape(len(images), -1)
            for n in range(len(images)):
                cell[n, 5:] = 4 * np.bincount(kinds[n], edges[n], _TURNS) / edges.shape[1]
    return out.reshape(len(images), grid * grid, -1)


def _hues(images: Images) -> Array:
    """(n, 12): how much of each hue, weighed by chroma."""
    small = images[:, ::3, ::3].reshape(len(images), -1, 3)
    places = oklab(small.astype(np.float64) / 255)
    chroma = np.hypot(places[..., 1], places[..., 2])
    hue = np.arctan2(places[..., 2], places[..., 1]) % (2 * np.pi)
    kind = np.minimum((hue * (_HUES / (2 * np.pi))).astype(np.intp), _HUES - 1)
    return np.stack([4 * np.bincount(k, c, _HUES) / len(c) for k, c in zip(kind, chroma, strict=True)]).astype(
        np.float32
    )


def _spread(features: Array) -> Array:
    """(..., f) -> (..., 512): a fixed turn, which keeps every length and angle, and lets every place tell something.

    A Walsh-Hadamard transform of shuffled features: sums and differences alone, the same on every machine.
    """
    order = np.random.Generator(np.random.PCG64(_SEED)).permutation(WIDTH)[: features.shape[-1]]
    out = np.zeros((*features.shape[:-1], WIDTH), np.float32)
    out[..., order] = features
    step = 1
    while step < WIDTH:
        pairs = out.reshape(*features.shape[:-1], -1, 2, step)
        first, second = pairs[..., 0, :], pairs[..., 1, :]
        out = np.stack([first + second, first - second], axis=-2).reshape(out.shape)
        step *= 2
    return np.asarray(out / np.float32(WIDTH**0.5), np.float32)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12), np.float32)
