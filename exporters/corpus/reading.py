"""A corpus on disk, read with numpy alone: a folder of items, or one packed file.

    corpus = Corpus.open(folder)
    for item in corpus.train():
        item.audio[:48_000], item.odf, item.boards["valence"]

An item is a folder `items/SEED` of .npy files beside an item.json that lists them with size and checksum. It is moved into
place when it is whole, so what has no item.json, or another size than it says, is not read.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ...runtime.errors import InputError

SCHEMA = "hitpoint.corpus/1"
HELD_OUT = 1_000_000  # seeds from here on are never trained on
LIST = "corpus.json"
SAMPLE_RATE = 48_000
HOP = 512  # samples from one value of `odf` to the next
LOW_HOP = 4096  # the same of `mel_low` and `tempogram_low`

STYLES = ("ambient", "cinematic", "documentary", "electronic", "jazz", "lofi", "pop", "trailer")
MODES = ("phrygian", "aeolian", "dorian", "mixolydian", "ionian", "lydian")  # the darkest first
STEMS = ("melody", "harmony", "bass", "drums", "effects")

# Arrays whose columns have names. Times in seconds from the timeline's start.
COLUMNS: dict[str, tuple[str, ...]] = {
    "boards": ("start", "end", "valence", "energy", "density", "style", "key", "mode", "tempo"),
    "intended": ("start", "end", "valence", "energy", "style"),
    "hits": ("time", "weight", "met"),
    "beats": ("time", "downbeat"),
    "notes": ("stem", "start", "seconds", "pitch", "velocity"),
    "energy": ("time", "energy"),
    "visual_peaks": ("time", "strength"),
    "looks": ("start", "end", "light", "contrast", "saturation", "warmth", "motion"),
    "curves": ("light", "saturation", "warmth", "motion"),
}
SOUND_ARRAYS = (
    "audio", "odf", "mel_low", "tempogram_low", "cuts", "onsets01", "onsets", "hits", "beats", "boards", "intended",
    "notes", "energy",
)  # fmt: skip
FILM_ARRAYS = ("meaning", "colour", "visual_beats", "visual_peaks", "distance", "looks", "curves", "density")

Values = NDArray[Any]


class Table:
    """An array (rows, columns) whose columns have names: `table["tempo"]`, `len(table)`."""

    def __init__(self, values: Values, columns: tuple[str, ...]) -> None:
        self.values, self.columns = values, columns

    def __getitem__(self, column: str) -> Values:
        return self.values[:, self.columns.index(column)]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Item:
    """One edit and its music. Arrays open when they are first asked for, and are read only where they are sliced.

    `audio` is (samples, 2) int16 at 48 kHz, the programme as `score` writes it. `odf` is the onset curve at 93.75 values a
    second, `mel_low` (n, 16) in dB and `tempogram_low` (n, 16) at 11.72. `cuts` and `onsets` (what audibly starts) are
    seconds; `onsets01` has a bit a second. Where the edit has a film: `meaning` (seconds, 512), `colour` (seconds, 3072),
    `visual_beats` (seconds,), `visual_peaks`, mostly `distance` at 50 a second, `looks` a shot, `curves` at 10 a second, and
    `density`, cuts a second. The columns of tables are in COLUMNS; `style`, `mode` and `stem` are places in STYLES, MODES
    and STEMS, `key` is the tonic's pitch class, and `met` is NaN where nothing in the plan meets a hit.
    """

    seed: int
    said: Mapping[str, Any]
    load: Callable[[str], Values] = field(repr=False)
    folder: Path | None = None

    def has(self, name: str) -> bool:
        return name in self.said["arrays"]

    def array(self, name: str) -> Values:
        """Raises InputError where the item has none of the name: a corpus of sound alone has no film."""
        if not self.has(name):
            raise InputError(f"item {self.seed} has no {name}: it has {', '.join(sorted(self.said['arrays']))}")
        return self.load(name)

    def table(self, name: str) -> Table:
        return Table(self.array(name), COLUMNS[name])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.said["arrays"])

    @property
    def seconds(self) -> float:
        return float(self.said["seconds"])

    @property
    def held_out(self) -> bool:
        return self.seed >= HELD_OUT

    def __getattr__(self, name: str) -> Any:
        if name in COLUMNS:
            return self.table(name)
        if name in SOUND_ARRAYS or name in FILM_ARRAYS:
            return self.array(name)
        raise AttributeError(name)


class Corpus(Sequence[Item]):
    """Items in the order of their seeds."""

    def __init__(self, items: Sequence[Item], broken: Sequence[str] = ()) -> None:
        self._items = tuple(sorted(items, key=lambda item: item.seed))
        self.broken = tuple(broken)  # items that were left out, with the reason

    @classmethod
    def open(cls, place: Path | str) -> Corpus:
        """A folder that `hitpoint corpus build` made, or a file that `pack` made. Raises InputError."""
        path = Path(place)
        if path.is_file():
            return cls(list(_packed(path)))
        if not (path / LIST).is_file():
            raise InputError(f"{path}: is no corpus; `hitpoint corpus build` makes one")
        items, broken = [], []
        for folder in sorted((path / "items").glob("*")):
            if not folder.name.isdecimal():
                continue
            try:
                items.append(item(folder))
            except InputError as error:
                broken.append(str(error))
        return cls(items, broken)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Corpus: ...
    def __getitem__(self, index: int | slice) -> Item | Corpus:
        return Corpus(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(item.seed for item in self._items)

    @property
    def seconds(self) -> float:
        return sum(item.seconds for item in self._items)

    def train(self) -> Corpus:
        return Corpus([item for item in self._items if not item.held_out])

    def held_out(self) -> Corpus:
        return Corpus([item for item in self._items if item.held_out])


def item(folder: Path) -> Item:
    """One item's folder. Raises InputError where it is not whole: sizes are compared here, bytes by `intact`."""
    try:
        said = json.loads((folder / "item.json").read_text("utf-8"))
        if said["schema"] != SCHEMA:
            raise InputError(f"{folder}: is of another kind of corpus ({said['schema']}): build it anew")
        for name, entry in said["arrays"].items():
            if (folder / f"{name}.npy").stat().st_size != entry["bytes"]:
                raise InputError(f"{folder}: {name} has another length than item.json says: build it anew")
        seed = int(said["seed"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{folder}: is no whole item: build it anew") from None
    return Item(seed, said, lambda name: _mapped(folder / f"{name}.npy"), folder)


def intact(folder: Path) -> bool:
    """Whether every byte of an item is as it was written."""
    try:
        found = item(folder)
        return all(
            zlib.crc32((folder / f"{name}.npy").read_bytes()) == entry["crc32"]
            for name, entry in found.said["arrays"].items()
        )
    except (InputError, OSError, KeyError):
        return False


def _mapped(path: Path) -> Values:
    try:
        mapped: Values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    return mapped


def _packed(path: Path) -> Iterator[Item]:
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        listed = json.loads(held.pop("corpus").tobytes().decode("utf-8"))
        if listed["schema"] != SCHEMA:
            raise KeyError("schema")
        said_of = {int(said["seed"]): said for said in listed["items"]}
    except Exception as error:  # numpy and zipfile raise many kinds of these
        raise InputError(f"{path}: is no packed corpus: {type(error).__name__}") from None
    for seed, said in said_of.items():
        yield Item(seed, said, lambda name, seed=seed: held[f"{seed}/{name}"])  # type: ignore[misc]
