"""A corpus as latents: what training reads, made once by a codec's encoder and kept in a folder of its own.

Each item is one .npz with its latents and features; `latents.json` says which codec made them, at which rate. Reading needs
numpy alone, so the folder can be carried to a machine that has nothing but torch. What is there and whole stays.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runtime.errors import InputError, UsageError
from ...runtime.mix.files import writing
from ...runtime.progress import Progress, silent
from ..corpus.reading import HELD_OUT, HOP, SAMPLE_RATE, Corpus, Item
from .config import COLOUR, MEANING
from .rhythm import accents

Floats = NDArray[np.float32]
# Sound (2, samples) at the codec's rate -> latents (channels, frames).
Encode = Callable[[Floats], Floats]

LIST = "latents.json"
SCHEMA = "hitpoint.latents/1"
_SILENCE = 64  # latents of silence that are looked at


@dataclass(frozen=True)
class Coding:
    """The codec that made a folder's latents. `silence` is what it makes of nothing."""

    codec: str
    sample_rate: int
    hop: int
    channels: int
    descriptor: str
    silence: tuple[float, ...]

    @property
    def rate(self) -> float:
        return self.sample_rate / self.hop


@dataclass(frozen=True)
class Piece:
    """One piece. `latents` (channels, n). `times` and `strengths` are its accents, `cuts` seconds; `moves` (k, 2) the
    peaks of movement in seconds, with strengths. `meaning` (s, 512), `colour` (s, 3072), both zeros where nothing was
    seen. `mel` and `tempogram` (n // 2, 16).
    """

    seed: int
    seconds: float
    latents: Floats
    times: Floats
    strengths: Floats
    cuts: Floats
    moves: Floats
    meaning: Floats
    colour: Floats
    mel: Floats
    tempogram: Floats


@dataclass(frozen=True)
class Shelf:
    """What a folder of latents holds, in memory."""

    coding: Coding
    clips: tuple[Piece, ...]

    def train(self) -> tuple[Piece, ...]:
        return tuple(clip for clip in self.clips if clip.seed < HELD_OUT)

    def held_out(self) -> tuple[Piece, ...]:
        return tuple(clip for clip in self.clips if clip.seed >= HELD_OUT)

    @property
    def heard(self) -> str:
        """What is trained on, as a pack's provenance says it."""
        clips = self.train()
        hours = sum(clip.seconds for clip in clips) / 3600
        seeds = f"seeds {clips[0].seed} to {clips[-1].seed}" if clips else "no seeds"
        return f"{len(clips)} synthetic edits, {hours:.1f} h, with music by hitpoint's own composer (corpus {seeds})"


def prepare(folder: Path, corpus: Corpus, encode: Encode, coding: Coding, progress: Progress = silent) -> None:
    """Makes the latents that are missing in `folder`. Raises UsageError where another codec made those that are there."""
    listed = folder / LIST
    if listed.is_file() and _coding(folder).codec != coding.codec:
        raise UsageError(f"{folder} holds the latents of another codec: name another folder")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        quiet = encode(np.zeros((2, coding.hop * _SILENCE), np.float32))
        coding = Coding(**{**asdict(coding), "silence": tuple(float(v) for v in quiet[:, 16:-16].mean(axis=1))})
        for number, item in enumerate(corpus):
            progress(number / max(len(corpus), 1), f"item {number + 1} of {len(corpus)}")
            path = folder / f"{item.seed:09}.npz"
            if path.is_file() and zipfile.is_zipfile(path):
                continue
            made = path.with_suffix(".unfinished.npz")
            np.savez(made, allow_pickle=False, **_arrays(item, encode, coding))
            made.replace(path)
        half = folder / f".{LIST}"
        half.write_text(json.dumps({"schema": SCHEMA, **asdict(coding)}, indent=1) + "\n", "utf-8")
        half.replace(listed)
    progress(1.0, "the latents are there")


def load(folder: Path, seeds: Sequence[int] | None = None) -> Shelf:
    """Raises InputError where the folder holds no latents."""
    coding = _coding(folder)
    paths = [path for path in sorted(folder.glob("*.npz")) if path.stem.isdecimal()]
    clips = [_clip(path) for path in paths if seeds is None or int(path.stem) in set(seeds)]
    if not clips:
        raise InputError(f"{folder}: holds no latents: `hitpoint train diffv2m --corpus ... --codec ...` makes them")
    return Shelf(coding, tuple(clips))


def is_shelf(folder: Path) -> bool:
    return (folder / LIST).is_file()


def _coding(folder: Path) -> Coding:
    try:
        said: dict[str, Any] = json.loads((folder / LIST).read_text("utf-8"))
        if said.pop("schema") != SCHEMA:
            raise ValueError
        return Coding(**{**said, "silence": tuple(said["silence"])})
    except FileNotFoundError:
        raise InputError(f"{folder}: holds no latents: it lacks {LIST}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{folder / LIST}: cannot be read: delete the folder and make its latents anew") from None


def _arrays(item: Item, encode: Encode, coding: Coding) -> dict[str, NDArray[Any]]:
    audio = np.asarray(item.array("audio"), np.float32).T / 32768
    frames = -(-audio.shape[1] // coding.hop)
    padded = np.asarray(np.pad(audio, ((0, 0), (0, frames * coding.hop - audio.shape[1]))), np.float32)
    times, strengths = accents(np.asarray(item.array("odf"), np.float32), SAMPLE_RATE / HOP)
    seconds = int(np.ceil(item.seconds))

    def seen(name: str, width: int) -> NDArray[Any]:
        return np.asarray(item.array(name)) if item.has(name) else np.zeros((seconds, width), np.float32)

    return {
        "seconds": np.array(item.seconds),
        "latents": encode(padded).astype(np.float16),
        "times": times,
        "strengths": strengths,
        "cuts": np.asarray(item.array("cuts"), np.float32),
        "moves": np.asarray(item.array("visual_peaks"), np.float32) if item.has("visual_peaks") else np.zeros((0, 2)),
        "meaning": seen("meaning", MEANING).astype(np.float16),
        "colour": (seen("colour", COLOUR).reshape(-1, COLOUR) * COLOUR).astype(np.float16),
        "mel": np.asarray(item.array("mel_low"), np.float16),
        "tempogram": np.asarray(item.array("tempogram_low"), np.float16),
    }


def _clip(path: Path) -> Piece:
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        floats = {
            name: arrays.pop(name).astype(np.float32) for name in ("latents", "times", "strengths", "cuts", "moves")
        }
        rows = {name: arrays[name] for name in ("meaning", "colour", "mel", "tempogram")}
        return Piece(seed=int(path.stem), seconds=float(arrays["seconds"]), **floats, **rows)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise InputError(f"{path}: cannot be read: delete it, and its latents are made anew") from None
