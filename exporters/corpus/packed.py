"""Some items of a corpus in one file that travels: what `Corpus.open` reads wherever numpy is."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...runtime.errors import UsageError
from ...runtime.mix.files import Transaction, writing
from ...runtime.progress import Progress, silent
from .reading import FILM_ARRAYS, SCHEMA, SOUND_ARRAYS, Corpus, Item, Values

LIMIT = 60 * 1024 * 1024  # bytes
FEATURES = tuple(name for name in (*SOUND_ARRAYS, *FILM_ARRAYS) if name != "audio")

_DAY = (1980, 1, 1, 0, 0, 0)  # of every entry: same in, same out


def pack(
    items: Corpus | Sequence[Item],
    file: Path,
    *,
    names: Sequence[str] = FEATURES,
    more: Callable[[Item], Mapping[str, Values]] | None = None,
    limit: int = LIMIT,
    progress: Progress = silent,
) -> int:
    """Writes arrays of these names, as far as an item has them, and `more`, such as latents made of its audio.

    Answers how many items there was room for within `limit` bytes: the first ones. Raises UsageError where not one fits.
    """
    listed: list[dict[str, Any]] = []
    with Transaction() as files:
        staged = files.stage(file)
        with writing(file), zipfile.ZipFile(staged, "w") as archive:
            used = 0
            for number, item in enumerate(items):
                progress(number / max(len(items), 1), f"packing {number + 1} of {len(items)}")
                arrays = {name: np.asarray(item.array(name)) for name in names if item.has(name)}
                arrays |= more(item) if more else {}
                entries = {f"{item.seed}/{name}.npy": _bytes(values) for name, values in arrays.items()}
                said = {key: value for key, value in item.said.items() if key != "arrays"}
                said["arrays"] = {n: {"shape": list(v.shape), "dtype": str(v.dtype)} for n, v in arrays.items()}
                size = _size(entries) + len(json.dumps([*listed, said]))
                if used + size > limit:
                    break
                for name, data in entries.items():
                    _add(archive, name, data)
                used += _size(entries)
                listed.append(said)
            if not listed:
                raise UsageError(f"{file}: no item fits into {limit / 2**20:.0f} MiB")
            text = json.dumps({"schema": SCHEMA, "items": listed}).encode()
            _add(archive, "corpus.npy", _bytes(np.frombuffer(text, np.uint8)))
        files.commit()
    progress(1.0, "packed")
    return len(listed)


def _bytes(values: Values) -> bytes:
    held = io.BytesIO()
    np.save(held, values, allow_pickle=False)
    return held.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DAY)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 6)


def _size(entries: Mapping[str, bytes]) -> int:
    """What the entries take in the file, with their places in its list."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in entries.items():
            _add(archive, name, data)
    return held.tell()
