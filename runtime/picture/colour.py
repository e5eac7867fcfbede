"""Colour as engines and people want it: a picture's tones in four numbers, its RGB-uv histogram, its palette.

Everything counts in sRGB values from 0 to 1, as they are coded.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .look import COLOUR_BINS, Array, Swatch

Pixels = NDArray[np.uint8]  # (..., 3)

# Diff-V2M's histogram after HistoGAN; its kernel of 0.02 loses what lies between two bins, 0.1 does not.
_BINS = np.linspace(-3, 3, COLOUR_BINS, dtype=np.float32)
_KERNEL = 0.1
_EPSILON = 1e-6
_BLOCK = 256  # pixels
_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)

SWATCHES = 5
_ROUNDS = 8
_ALIKE = 0.06  # in Oklab, where black and white are 1 apart
_RARE = 0.02  # the share below which a colour is no colour of the palette
# Oklab by Björn Ottosson: linear sRGB -> cone responses -> lightness and two opponent colours.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


class Tones(NamedTuple):
    """`light` is the mean Rec. 709 luma. `contrast` is twice its standard deviation: 1 for half black, half white.

    `saturation` is the chroma (largest less smallest channel) as a share of the largest channel, both summed over the
    picture, so dark noise counts little. `warmth` is red less blue as the same share: 1 is red or yellow, -1 blue.
    """

    light: float
    contrast: float
    saturation: float
    warmth: float


def luma(picture: Pixels) -> Array:
    """(..., 3) -> (...) from 0 to 1."""
    return np.asarray(picture.astype(np.float32) @ (_REC709 / 255), np.float32)


def tones(picture: Pixels, light: Array | None = None) -> Tones:
    """`light` is the picture's luma, where it is known already."""
    light = luma(picture) if light is None else light
    red, green, blue = (picture[..., channel] for channel in range(3))
    largest = np.maximum(np.maximum(red, green), blue)
    smallest = np.minimum(np.minimum(red, green), blue)
    bright = float(largest.sum(dtype=np.int64))
    chroma = bright - float(smallest.sum(dtype=np.int64))
    warm = float(red.sum(dtype=np.int64)) - float(blue.sum(dtype=np.int64))
    return Tones(
        float(np.clip(light.mean(), 0, 1)),
        float(np.clip(2 * light.std(), 0, 1)),
        chroma / bright if bright else 0.0,
        warm / bright if bright else 0.0,
    )


def histogram(picture: Pixels) -> Array:
    """The RGB-uv histogram, (3, 32, 32), which sums to 1; of black alone it is flat.

    For each channel against the two others, u and v are the logarithms of the ratios. A pixel weighs as much as its
    colour is long, and falls into the bins through the kernel 1 / (1 + (distance / 0.1)^2) in u and in v, so the sum
    over pixels is one product of matrices.
    """
    colours = picture.reshape(-1, 3).astype(np.float32) / 255
    # In blocks that BLAS multiplies on one core: its threads would fight with the decoder's.
    padded = np.zeros((-(-len(colours) // _BLOCK) * _BLOCK, 3), np.float32)
    padded[: len(colours)] = colours
    weight = np.sqrt((padded * padded).sum(axis=1)).reshape(-1, 1, _BLOCK)
    logs = np.log(padded + np.float32(_EPSILON))
    red_green = _kernel(logs[:, 0] - logs[:, 1])
    red_blue = _kernel(logs[:, 0] - logs[:, 2])
    green_blue = _kernel(logs[:, 1] - logs[:, 2])
    # The bins are symmetric: the kernel of -u is that of u read backwards.
    first = (red_green * weight) @ red_blue.transpose(0, 2, 1)
    second = ((red_green * weight) @ green_blue.transpose(0, 2, 1))[:, ::-1]
    third = ((red_blue * weight) @ green_blue.transpose(0, 2, 1))[:, ::-1, ::-1]
    sums: NDArray[np.float64] = np.stack([pair.sum(axis=0, dtype=np.float64) for pair in (first, second, third)])
    total = sums.sum()
    if total <= 0:
        return np.full(sums.shape, 1 / sums.size, np.float32)
    share: Array = (sums / total).astype(np.float32)
    return share


def _kernel(ratio: Array) -> NDArray[np.float32]:
    """(pixels) -> (blocks, bins, pixels of a block)"""
    out: NDArray[np.float32] = np.subtract(ratio.reshape(-1, 1, _BLOCK), _BINS[:, None])
    out *= np.float32(1 / _KERNEL)
    np.square(out, out=out)
    out += 1
    np.reciprocal(out, out=out)
    return out


def palette(pixels: Pixels) -> tuple[Swatch, ...]:
    """At most five colours that the pixels (..., 3) gather around, the commonest first. Same pixels, same palette."""
    colours = pixels.reshape(-1, 3)
    if not len(colours):
        return ()
    coarse = (colours >> 3).astype(np.int32) @ np.array([1 << 10, 1 << 5, 1], np.int32)
    _, kind, counts = np.unique(coarse, return_inverse=True, return_counts=True)
    rgb = np.stack([np.bincount(kind, colours[:, channel]) / counts for channel in range(3)], axis=1)
    shares = counts / counts.sum()
    places = oklab(rgb / 255)
    owner = _clusters(places, shares)
    found = []
    for cluster in np.unique(owner):
        inside = owner == cluster
        share = float(shares[inside].sum())
        red, green, blue = (round(value) for value in np.average(rgb[inside], axis=0, weights=shares[inside]))
        found.append(Swatch(red, green, blue, share))
    found.sort(key=lambda swatch: (-swatch.share, str(swatch)))
    return tuple(swatch for swatch in found if swatch.share >= _RARE) or tuple(found[:1])


def _clusters(places: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """k-means that begins with the commonest colour and then always takes the one that is worst served."""
    centres = [places[int(shares.argmax())]]
    nearest = np.square(places - centres[0]).sum(axis=1)
    while len(centres) < SWATCHES:
        worst = int((nearest * shares).argmax())
        if nearest[worst] < _ALIKE**2:
            break
        centres.append(places[worst])
        nearest = np.minimum(nearest, np.square(places - centres[-1]).sum(axis=1))
    middles = np.stack(centres)
    owner = np.zeros(len(places), np.intp)
    for _ in range(_ROUNDS):
        owner = np.square(places[:, None] - middles[None]).sum(axis=2).argmin(axis=1)
        for cluster in range(len(middles)):
            inside = owner == cluster
            if inside.any():
                middles[cluster] = np.average(places[inside], axis=0, weights=shares[inside])
    for cluster in range(len(middles)):  # two that met on the way are one
        for other in range(cluster):
            if np.square(middles[cluster] - middles[other]).sum() < _ALIKE**2:
                owner[owner == cluster] = other
    return owner


def oklab(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB from 0 to 1, (..., 3) -> Oklab, where distances are what eyes see."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T, np.float64)
