"""Which neighbouring shots belong together: the exact best of all ways to part a row of shots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_SHOTS = 256  # of one group; bounds the work at shots * MOST_SHOTS
BLOCK = 128
TOO_SHORT = 1e6  # the cost of a group that is taken only where there is no other way
SHORT_PRICE = 1.0  # for the whole length below the shortest wanted
LONG_PRICE = 1.0  # for each length of the longest wanted beyond it
DIGITS = 9


@dataclass(frozen=True)
class Feature:
    """One thing that shots show. `values` (shots, d); `known` (shots,), False where the value says nothing.

    Two shots whose values lie `scale` apart are as different, by this feature alone, as `1 - exp(-1/2)`.
    """

    values: Numbers
    known: NDArray[np.bool_]
    scale: float


@dataclass(frozen=True)
class Lengths:
    """In seconds: groups between `shortest` and `longest` are welcome, none is shorter than `least`."""

    least: float
    shortest: float
    longest: float


@dataclass(frozen=True)
class Row:
    """Shots in their order, each of these (shots,). `seconds` are their lengths and `seen` the part that could be seen,
    `weight` is what each counts, `price` what a boundary before each costs, and before a `hard` one there is one.
    """

    seconds: Numbers
    seen: Numbers
    weight: Numbers
    price: Numbers
    hard: NDArray[np.bool_]
    features: tuple[Feature, ...]


def group(row: Row, lengths: Lengths) -> list[int]:
    """The indices of the shots that start groups, rising, the first 0.

    Of all ways to part the row it takes the one with the least sum of: for each group its scatter (the weighted mean
    over its pairs of shots of how different they are, times half its weight) and what its length costs; for each
    boundary its price. Scatter rather than a comparison of neighbours, so that a dialogue that goes to and fro
    between two looks stays one. Every term belongs to one group or one boundary and costs of length are straight
    lines, so that what comes later moves nothing that is well decided.
    """
    count = len(row.seconds)
    edges = [0, *(np.flatnonzero(row.hard[1:]) + 1).tolist(), count]
    return [start for first, last in pairwise(edges) for start in _group(row, lengths, first, last)] if count else []


def _group(row: Row, lengths: Lengths, first: int, last: int) -> list[int]:
    seconds, seen, weights = (
        np.concatenate(([0.0], np.cumsum(values[first:last]))) for values in (row.seconds, row.seen, row.weight)
    )
    count = last - first
    best = np.zeros(count + 1)
    came_from = np.zeros(count + 1, dtype=np.intp)
    price = np.concatenate(([0.0], row.price[first + 1 : last]))
    pairs = np.zeros(0)  # for each group that ends here: the sum over its pairs of weights and difference
    for block in range(0, count, BLOCK):
        behind = max(0, block - MOST_SHOTS)
        until = min(count, block + BLOCK)
        unlike = _differences(row, first + behind, first + block, first + until)
        for shot in range(block, until):
            lowest = max(0, shot + 1 - MOST_SHOTS)
            ties = row.weight[first + lowest : first + shot] * unlike[lowest - behind : shot - behind, shot - block]
            kept = pairs[len(pairs) - (shot - lowest) :]
            pairs = np.append(kept + row.weight[first + shot] * np.cumsum(ties[::-1])[::-1], 0.0)
            mass = weights[shot + 1] - weights[lowest : shot + 1]
            costs = np.divide(pairs, mass, out=np.zeros_like(pairs), where=mass > 0)
            costs += _length_cost(
                seconds[shot + 1] - seconds[lowest : shot + 1], seen[shot + 1] - seen[lowest : shot + 1], lengths
            )
            costs += best[lowest : shot + 1] + price[lowest : shot + 1]
            # Rounded, so that what is equal is decided alike on every machine: for the longest last group.
            chosen = int(np.argmin(np.round(costs, DIGITS)))
            best[shot + 1], came_from[shot + 1] = costs[chosen], lowest + chosen
    starts = []
    at = count
    while at > 0:
        at = int(came_from[at])
        starts.append(first + at)
    return starts[::-1]


def _length_cost(seconds: Numbers, seen: Numbers, lengths: Lengths) -> Numbers:
    """What groups of these lengths cost. Only what could be seen makes a group long: without eyes nothing is parted."""
    cost = LONG_PRICE * np.maximum(0.0, seen - lengths.longest) / max(lengths.longest, 1e-9)
    cost += SHORT_PRICE * np.maximum(0.0, lengths.shortest - seconds) / max(lengths.shortest, 1e-9)
    cost[seconds < lengths.least - 1e-9] += TOO_SHORT
    return cost


def _differences(row: Row, start: int, middle: int, end: int) -> Numbers:
    """From 0 to 1, (start to end, middle to end): how different each shot is from each."""
    distance = np.zeros((end - start, end - middle))
    for feature in row.features:
        known = feature.known[start:end].astype(np.float64)
        values = np.where(known[:, None] > 0, feature.values[start:end], 0.0) / feature.scale
        squares = np.einsum("ij,ij->i", values, values)
        later = middle - start
        apart = squares[:, None] * known[None, later:] + known[:, None] * squares[None, later:]
        distance += np.maximum(0.0, apart - 2.0 * values @ values[later:].T)
    return -np.expm1(-distance / 2.0)
