"""What a model of music and words says of a score. No such pack exists yet, so that no command offers this.

Frechet distance, Kullback-Leibler divergence and time-weighted likeness are plain functions; `Embedder` and `Tagger`
are what a pack will be asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..mix.wav import Sound
from ..rate import SAMPLE_RATE

Vectors = NDArray[np.float64]  # (n, d)

LEAST_PROBABILITY = 1e-9


class Embedder(Protocol):
    """A model that puts music and words into one space. Sound is (n, 2) at 48 kHz."""

    @property
    def name(self) -> str: ...

    def of_sound(self, sound: Sound) -> Vectors:
        """A row for each window of the sound, at least one."""
        ...

    def of_words(self, words: str) -> NDArray[np.float64]: ...


class Tagger(Protocol):
    """A model that says of a sound how probable each of its tags is: (tags,), adding up to 1."""

    @property
    def name(self) -> str: ...

    def posteriors(self, sound: Sound) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Told:
    """Words for the seconds [start, end): what a storyboard asks of the music."""

    start: float
    end: float
    words: str


def frechet(first: Vectors, second: Vectors) -> float:
    """How far apart two clouds of vectors are, as if both were Gaussian. Zero for the same cloud.

    |mean - mean|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2). Fewer vectors than dimensions say little: compare equal numbers.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise UsageError(f"embeddings of {first.shape[1:]} and {second.shape[1:]} numbers cannot be compared")
    if min(len(first), len(second)) < 2:
        raise UsageError("a Frechet distance needs at least two embeddings on either side")
    apart = first.mean(axis=0) - second.mean(axis=0)
    one, other = (np.atleast_2d(np.cov(vectors, rowvar=False)) for vectors in (first, second))
    root = _root(one)
    # The eigenvalues of C1 C2 are those of C1^1/2 C2 C1^1/2, which is symmetric.
    shared = np.linalg.eigvalsh(root @ other @ root)
    both = float(np.sqrt(np.maximum(shared, 0)).sum())
    return max(0.0, float(apart @ apart + np.trace(one) + np.trace(other) - 2 * both))


def _root(covariance: Vectors) -> Vectors:
    values, vectors = np.linalg.eigh(covariance)
    root: Vectors = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


def divergence(truth: Vectors, made: Vectors) -> float:
    """The mean Kullback-Leibler divergence of rows of probabilities from those of the truth, in nats."""
    if truth.shape != made.shape or not truth.size:
        raise UsageError(f"posteriors of {truth.shape} and {made.shape} cannot be compared pair by pair")
    p, q = (_probabilities(rows) for rows in (truth, made))
    return float((p * np.log(p / q)).sum(axis=1).mean())


def _probabilities(rows: Vectors) -> Vectors:
    rows = np.maximum(rows, LEAST_PROBABILITY)
    normal: Vectors = rows / rows.sum(axis=1, keepdims=True)
    return normal


def likeness(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The cosine of two vectors; 0 where one is nothing."""
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size else 0.0


def time_weighted(likenesses: Sequence[float], seconds: Sequence[float]) -> float | None:
    """The mean of likenesses, each as weighty as it is long. None where all together last no time."""
    total = sum(seconds)
    if total <= 0:
        return None
    return sum(like * long for like, long in zip(likenesses, seconds, strict=True)) / total


def follows(embedder: Embedder, sound: Sound, told: Sequence[Told]) -> float | None:
    """How much each stretch of the music is like its words, time-weighted (VeM's tw-CLAP)."""
    likenesses, seconds = [], []
    for part in told:
        piece = sound[round(part.start * SAMPLE_RATE) : round(part.end * SAMPLE_RATE)]
        if len(piece):
            heard = embedder.of_sound(piece).mean(axis=0)
            likenesses.append(likeness(heard, embedder.of_words(part.words)))
            seconds.append(len(piece) / SAMPLE_RATE)
    return time_weighted(likenesses, seconds)


def distance(embedder: Embedder, references: Iterable[Sound], made: Iterable[Sound]) -> float:
    """The Frechet distance between two sets of sounds (FAD with the embedder's own meaning of near)."""
    first, second = ([embedder.of_sound(sound) for sound in sounds] for sounds in (references, made))
    if not first or not second:
        raise UsageError("a Frechet distance needs sounds on either side")
    return frechet(np.concatenate(first), np.concatenate(second))


def tags_apart(tagger: Tagger, truths: Sequence[Sound], made: Sequence[Sound]) -> float:
    """The mean divergence of the tags of what was made from those of its truth, pair by pair (KLD)."""
    if len(truths) != len(made) or not made:
        raise UsageError(f"{len(truths)} sounds and {len(made)} cannot be compared pair by pair")
    first, second = (np.stack([tagger.posteriors(sound) for sound in sounds]) for sounds in (truths, made))
    return divergence(first, second)
