"""Crops of a corpus, a little altered, each step's drawn from the seed and the step alone: a run that was interrupted
goes on with the crops that it would have had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...runtime.errors import InputError
from ..corpus.reading import Corpus
from .config import LATENT_HOP

Sound = NDArray[np.float32]  # (samples, 2)
Held = NDArray[np.int16]  # the same, in 16 bits

GAIN = (-12.0, 3.0)  # dB
SPEED = (0.92, 1.09)  # a sound is heard that much faster or slower, in three of ten
SILENT = 1e-3  # a crop that is quieter (RMS) is drawn anew, twice
_QUIET = 0.06  # share of crops that are next to silence, so that silence stays silent
_MARGIN = 1024  # samples that a resampled crop is longer, at both ends


class Crops:
    """`sounds` are long stereo sounds in 16 bits, on disk or in memory."""

    def __init__(self, sounds: Sequence[Held], seed: int) -> None:
        self.sounds, self.seed = sounds, seed
        lengths = np.array([len(sound) for sound in sounds], np.float64)
        self._chances = lengths / lengths.sum()

    def batch(self, step: int, size: int, frames: int) -> Sound:
        """(size, 2, samples): crops of so many latent frames."""
        dice = np.random.Generator(np.random.PCG64((self.seed, step)))
        samples = frames * LATENT_HOP
        return np.stack([self._one(dice, samples).T for _ in range(size)]).astype(np.float32)

    def _one(self, dice: np.random.Generator, samples: int) -> Sound:
        for _ in range(3):
            found = self._crop(dice, samples)
            if np.sqrt(np.mean(found**2)) > SILENT:
                break
        gain = 10 ** (dice.uniform(*GAIN) / 20) * (1 if dice.random() < 0.5 else -1)
        if dice.random() < _QUIET:
            gain *= 10 ** dice.uniform(-5, -1)
        if dice.random() < 0.5:
            found = found[:, ::-1]
        return np.asarray(found * np.float32(gain))

    def _crop(self, dice: np.random.Generator, samples: int) -> Sound:
        sound = self.sounds[dice.choice(len(self.sounds), p=self._chances)]
        speed = dice.uniform(*SPEED) if dice.random() < 0.3 else 1.0
        wanted = samples if speed == 1.0 else round((samples + 2 * _MARGIN) * speed)
        start = int(dice.integers(0, max(1, len(sound) - wanted)))
        found = _floats(sound[start : start + wanted], wanted)
        return found if speed == 1.0 else _resampled(found, samples)


def _floats(held: Held, samples: int) -> Sound:
    """At full scale 1.0, and silence after it up to so many samples."""
    found = np.zeros((samples, held.shape[1]), np.float32)
    found[: len(held)] = held
    return found / np.float32(32768)


def _resampled(sound: Sound, samples: int) -> Sound:
    """To `samples` and a margin at both ends, which goes."""
    length = samples + 2 * _MARGIN
    bins = np.fft.rfft(sound, axis=0)
    kept = np.zeros((length // 2 + 1, sound.shape[1]), bins.dtype)
    shared = min(len(bins), len(kept))
    kept[:shared] = bins[:shared]
    made = np.fft.irfft(kept, length, axis=0) * (length / len(sound))
    return np.asarray(made[_MARGIN : _MARGIN + samples], np.float32)


@dataclass(frozen=True)
class Heard:
    """Sounds to train on and sounds that are held out; `words` say where they are from."""

    train: list[Held]
    held_out: list[Held]
    words: str


def opened(folder: Path) -> Heard:
    """The sounds of a corpus. Raises InputError."""
    corpus = Corpus.open(folder)
    train = corpus.train()
    if not len(train):
        raise InputError(f"{folder}: no item of this corpus is to be trained on: `hitpoint corpus build` makes some")
    words = (
        f"{len(train)} pieces, {train.seconds / 3600:.1f} h, of synthetic music by hitpoint's own composer "
        f"(corpus seeds {min(train.seeds)} to {max(train.seeds)})"
    )
    return Heard([item.audio for item in train], [item.audio for item in corpus.held_out()], words)


def held_out_crops(sounds: Sequence[Held], count: int, samples: int) -> Sound:
    """(count, 2, samples) from the middles of as many sounds, the same ones every time."""
    crops = []
    for sound in sounds[:count]:
        start = max(0, (len(sound) - samples) // 2)
        crops.append(_floats(sound[start : start + samples], samples).T)
    return np.stack(crops)
