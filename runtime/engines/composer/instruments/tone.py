"""What sound is made of here: partials that ring, noise in a band, envelopes. Sound is planar: (2, n), left and right."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Pair = NDArray[np.float32]  # (2, n)
Line = NDArray[np.float32]  # (n,)
Numbers = NDArray[np.float64]

BAND = 17_000.0  # Hz: no partial lies above, so nothing that an envelope adds lies above 18 kHz
OF_RATE = 0.44  # nor above this part of a coarse rate
SILENT = 1e-12  # smaller numbers become nothing: processors are slow with the smallest
RUN = 128  # samples that partials ring on from one set of numbers
ALONE = 250_000  # multiplications that are left to one thread
FALL_60 = 6.908  # e^-6.908 is -60 dB


def hertz_of(pitch: float) -> float:
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def count_of(seconds: float, rate: int) -> int:
    return max(1, round(seconds * rate))


def band_of(rate: int) -> float:
    return min(BAND, OF_RATE * rate)


def seconds_of(count: int, rate: int) -> Line:
    time: Line = (np.arange(count) / rate).astype(np.float32)
    return time


@lru_cache(maxsize=64)
def ramp(count: int) -> Line:
    """From 0 towards 1 on a raised cosine. Not to be written to."""
    rising = np.arange(count, dtype=np.float32) * np.float32(np.pi / max(count, 1))
    np.cos(rising, out=rising)
    rising *= np.float32(-0.5)
    rising += np.float32(0.5)
    rising.flags.writeable = False
    return rising


def fall(count: int, seconds: float, rate: int) -> Line:
    """From 1, by 60 dB in `seconds`."""
    falling: Line = np.exp(np.arange(count, dtype=np.float32) * np.float32(-FALL_60 / (seconds * rate)))
    return falling


def joined(values: ArrayLike, step: int) -> Line:
    """Straight lines from each value to the next, `step` samples apart."""
    points = np.asarray(values, np.float32)
    way = np.arange(step, dtype=np.float32) / np.float32(step)
    return (points[:-1, None] + np.diff(points)[:, None] * way).reshape(-1)


def edges(sound: Pair, rise: float, release: float, rate: int) -> Pair:
    """`sound` itself, in and out on raised cosines of so many seconds."""
    count = sound.shape[1]
    up = min(count_of(rise, rate), count // 2)
    down = min(count_of(release, rate), count - up)
    sound[:, :up] *= ramp(up)
    sound[:, count - down :] *= ramp(down)[::-1]
    return sound


def balanced(sound: Pair) -> Pair:
    """`sound` itself without the little direct current of a tone that is cut off between its swings."""
    mean = sound.mean(axis=1, dtype=np.float64).astype(np.float32)
    place = np.arange(sound.shape[1], dtype=np.float32) * np.float32(1 / max(sound.shape[1] - 1, 1))
    bow = place * (1 - place)
    sound -= np.float32(6) * mean[:, None] * bow
    return sound


def evened(hertz: ArrayLike, sizes: ArrayLike, rate: int) -> Numbers:
    """The partials' sizes, those above the band silent, so that together they are as loud as one at 1 kHz."""
    at, given = np.asarray(hertz, float), np.asarray(sizes, float)
    kept = np.where((at > 15) & (at < band_of(rate)), given, 0.0)
    heard = 1 / (1 + (45 / np.maximum(at, 20)) ** 2) * (1 + 0.5 / (1 + (1700 / np.maximum(at, 20)) ** 4))
    loudness = float(np.sqrt(np.sum((kept * heard) ** 2)))
    even: Numbers = kept / max(loudness, 1e-3 * float(np.abs(given).sum()) + 1e-12)
    return even


def powers(base: NDArray[np.complex128], count: int) -> NDArray[np.complex64]:
    """(count, n): base to the powers 0 to count - 1, by doubling."""
    table = np.empty((count, len(base)), np.complex64)
    table[0] = 1
    done, step = 1, base
    while done < count:
        more = min(done, count - done)
        np.multiply(table[:more], step.astype(np.complex64), out=table[done : done + more])
        done += more
        step = step * step
    return table


def ring(hertz: ArrayLike, falls: ArrayLike, left: ArrayLike, right: ArrayLike, count: int, rate: int) -> Pair:
    """Partials that die away: `falls` in seconds to -60 dB, `left` and `right` their sizes, complex with their phase.

    A sample's place is so many runs and so many samples, and e^(a+b) = e^a e^b: all partials together are one product
    of two small matrices.
    """
    every = np.atleast_1d(np.asarray(hertz, float))
    sides = np.stack([np.broadcast_to(np.asarray(each, complex), every.shape) for each in (left, right)])
    heard = (every < band_of(rate)) & (np.abs(sides).sum(axis=0) > 1e-7)
    if not heard.any():
        return np.zeros((2, count), np.float32)
    return _ring(
        every[heard], np.broadcast_to(np.asarray(falls, float), every.shape)[heard], sides[:, heard], count, rate
    )


def _ring(hertz: Numbers, falls: Numbers, sides: NDArray[np.complex128], count: int, rate: int) -> Pair:
    # What dies soon need not be followed to the end.
    soon = falls < 0.22 * count / rate
    if soon.any() and not soon.all():
        sound = _ring(hertz[~soon], falls[~soon], sides[:, ~soon], count, rate)
        short = min(count, count_of(1.5 * float(falls[soon].max()), rate))
        sound[:, :short] += _ring(hertz[soon], falls[soon], sides[:, soon], short, rate)
        return sound
    step = np.exp((-FALL_60 / falls + 2j * np.pi * hertz) / rate)
    runs = -(-count // RUN)
    inner, outer = powers(step, RUN), powers(step**RUN, runs)
    rows = np.empty((2, runs, 2, len(hertz)), np.float32)
    for side, sizes in enumerate(sides):
        turned = outer * sizes.astype(np.complex64)
        rows[side, :, 0], rows[side, :, 1] = turned.real, -turned.imag
    rows[np.abs(rows) < SILENT] = 0
    columns = np.concatenate([inner.real, inner.imag], axis=1)
    sound = product(rows.reshape(2 * runs, -1), np.ascontiguousarray(columns.T)).reshape(2, runs * RUN)[:, :count]
    return np.ascontiguousarray(sound)


def product(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Their matrix product, in pieces so small that no linear algebra library starts threads of its own for them."""
    depth, width = columns.shape
    piece = max(1, min(len(rows), ALONE // (depth * width)))
    pieces = len(rows) // piece
    whole = np.empty((len(rows), width), np.float32)
    np.matmul(
        rows[: pieces * piece].reshape(pieces, piece, depth),
        columns,
        out=whole[: pieces * piece].reshape(pieces, piece, width),
    )
    if pieces * piece < len(rows):
        np.matmul(rows[pieces * piece :], columns, out=whole[pieces * piece :])
    return whole


def spread(sizes: Numbers, sides: Numbers, phases: ArrayLike) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Sizes left and right: `sides` from -1 (left) to 1, `phases` in turns from a sine's start."""
    turned = sizes * np.exp(2j * np.pi * (np.asarray(phases) - 0.25))
    return turned * np.sqrt(np.clip(1 - sides, 0, 2)), turned * np.sqrt(np.clip(1 + sides, 0, 2))


def hiss(count: int, rate: int, low: float, high: float, rng: np.random.Generator, width: float = 0.5) -> Pair:
    """Noise from `low` to `high` Hz of size 1, the sides apart by `width` from 0 (the same) to 1."""
    size = smooth_size(count)
    at = np.fft.rfftfreq(size, 1 / rate)
    high = min(high, 0.8 * band_of(rate))
    band = 1 / (1 + (low / np.maximum(at, 1)) ** 6) / (1 + (at / high) ** 12) * (at < band_of(rate))
    return coloured(band, size, rng, width)[:, :count]


def coloured(band: Numbers, size: int, rng: np.random.Generator, width: float) -> Pair:
    """Noise with the spectrum `band` (size // 2 + 1) that goes round in `size` samples, of size 1."""
    scale = size / max(float(np.sqrt(2 * np.sum(band**2))), 1e-9)
    spectra = phasors(rng, (2, len(band))) * (band * scale).astype(np.float32)
    middle, side = np.fft.irfft(spectra, size).astype(np.float32, copy=False)
    middle *= np.float32(np.sqrt(1 - width * width / 2))
    side *= np.float32(width / np.sqrt(2))
    return np.stack([middle + side, middle - side])


def phasors(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.complex64]:
    """Numbers of size 1 in chance directions."""
    table, count = _directions(), int(np.prod(shape))
    first = int(rng.integers(len(table)))
    if count > len(table) - first:
        table, first = np.resize(np.roll(table, -first), count), 0
    found: NDArray[np.complex64] = table[first : first + count].reshape(shape)
    return found


@lru_cache(maxsize=1)
def _directions() -> NDArray[np.complex64]:
    turns = np.random.default_rng(0).random(1 << 19) * (2 * np.pi)
    table: NDArray[np.complex64] = np.exp(1j * turns).astype(np.complex64)
    table.flags.writeable = False
    return table


def smooth_size(count: int) -> int:
    """The next length whose Fourier transform is fast."""
    power = 1 << max(4, (count - 1).bit_length())
    return next(size for size in (power * 9 // 16, power * 5 // 8, power * 3 // 4, power) if size >= count)


def swept(count: int, rate: int, centre: Line, octaves: float, rng: np.random.Generator, width: float = 0.7) -> Pair:
    """Noise of size about 1 around `centre` Hz, which moves: (n,) values at even distances over the whole length."""
    frame, hop = 2048, 512
    frames = count // hop + 5
    at = np.maximum(np.fft.rfftfreq(frame, 1 / rate), 1).astype(np.float32)
    where = np.interp(np.linspace(0, 1, frames), np.linspace(0, 1, len(centre)), centre).astype(np.float32)
    band = np.exp(-0.5 * (np.log2(at / where[:, None]) / np.float32(octaves)) ** 2) * (at < 0.9 * band_of(rate))
    pieces = np.fft.irfft(band.astype(np.float32) * phasors(rng, (2, *band.shape)), frame).astype(np.float32)
    loud = np.sqrt(np.sum(band**2, axis=1, dtype=np.float64) * 2) / frame
    pieces *= (np.hanning(frame + 1)[:-1] / np.maximum(loud, 1e-9)[:, None] / np.sqrt(1.5)).astype(np.float32)
    middle, side = (_laid(piece, hop)[frame - hop : frame - hop + count] for piece in pieces)
    return np.stack([middle + np.float32(width / 2) * side, middle - np.float32(width / 2) * side])


def _laid(pieces: NDArray[np.float32], hop: int) -> Line:
    """Overlapping pieces (frames, length), each `hop` after the one before, added up."""
    frames, length = pieces.shape
    total = np.zeros((frames + length // hop, hop), np.float32)
    for part in range(length // hop):
        total[part : part + frames] += pieces[:, part * hop : (part + 1) * hop]
    return total.reshape(-1)
