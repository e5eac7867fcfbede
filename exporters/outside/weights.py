"""Weights of a local folder: safetensors, or torch files without code; checked by name and shape before they are used."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ...runtime.errors import InputError

NAMES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """Tensors by name, not read yet. `files` are those that they lie in."""

    files: tuple[Path, ...]
    shapes: Mapping[str, tuple[int, ...]]
    _read: Callable[[Iterable[str]], dict[str, torch.Tensor]]

    @property
    def where(self) -> str:
        return str(self.files[0])

    def read(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """The tensors of those names, as they are stored."""
        return self._read(list(names))

    def sha256(self) -> str:
        """Of all files, one after the other: which weights these are, wherever they lie."""
        hashed = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    hashed.update(block)
        return hashed.hexdigest()


def find(folder: Path, names: Sequence[str] = NAMES) -> Weights:
    """The first of `names` that lies in a folder."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    for name in names:
        if (folder / name).is_file():
            return opened(folder / name)
    raise InputError(f"{folder}: there are no weights in it: {' or '.join(names)} is wanted")


def opened(path: Path) -> Weights:
    """The weights in one file, or in those that an index lists. Raises InputError where it is no such file."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    if path.name.endswith(".index.json"):
        return _shards(path)
    return _safe((path,)) if path.suffix == ".safetensors" else _torch(path)


def check(weights: Weights, wanted: Mapping[str, Sequence[int]], known: str = "") -> None:
    """That every wanted tensor is there in its shape. Names that begin with `known` and are not wanted are too many."""
    for name, shape in wanted.items():
        if name not in weights.shapes:
            more = sum(other not in weights.shapes for other in wanted) - 1
            raise InputError(f"{weights.where} lacks '{name}'" + (f" and {more} more of its weights" if more else ""))
        if weights.shapes[name] != tuple(shape):
            raise InputError(f"{weights.where}: '{name}' is {weights.shapes[name]}, and its config says {tuple(shape)}")
    if known and (extra := sorted(name for name in weights.shapes if name.startswith(known) and name not in wanted)):
        raise InputError(f"{weights.where} has '{extra[0]}', which no such model knows: it is of another kind")


def floats(tensors: Mapping[str, torch.Tensor], where: str) -> dict[str, torch.Tensor]:
    """At 32 bits. Raises InputError where one is no fraction, or not a number somewhere."""
    made = {}
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise InputError(f"{where}: '{name}' holds whole numbers ({str(tensor.dtype).removeprefix('torch.')})")
        made[name] = tensor.to(torch.float32)
        if not bool(torch.isfinite(made[name]).all()):
            raise InputError(f"{where}: '{name}' holds what is no number: it is damaged")
    return made


def read_json(path: Path) -> dict[str, Any]:
    """An object of JSON, as configurations are."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path.parent}: there is no {path.name} in it") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {' '.join(str(error).split())[:120]}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path} is no object of JSON")
    return found


def _safe(paths: tuple[Path, ...], where: Mapping[str, Path] | None = None) -> Weights:
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    place: dict[str, Path] = {}
    for path in paths:
        try:
            with safe_open(path, "pt") as file:
                for name in list(file.keys()):
                    if where is None or where.get(name) == path:
                        shapes[name] = tuple(file.get_slice(name).get_shape())
                        place[name] = path
        except (SafetensorError, OSError, ValueError) as error:
            raise InputError(f"{path} is no sound safetensors file: {' '.join(str(error).split())[:120]}") from None

    def read(names: Iterable[str]) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor] = {}
        for path in paths:
            with safe_open(path, "pt") as file:
                found |= {name: file.get_tensor(name) for name in names if place[name] == path}
        return found

    return Weights(paths, shapes, read)


def _shards(index: Path) -> Weights:
    listed = read_json(index).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(name, str) for name in listed.values()):
        raise InputError(f"{index} has no weight_map")
    for name in listed.values():
        if not _PLAIN.fullmatch(name) or not name.endswith(".safetensors") or not (index.parent / name).is_file():
            raise InputError(f"{index} lists '{name:.80}', which is no safetensors file beside it")
    where = {key: index.parent / name for key, name in listed.items()}
    weights = _safe(tuple(sorted(set(where.values()))), where)
    if lost := sorted(listed.keys() - weights.shapes.keys()):
        raise InputError(f"{index} lists '{lost[0]}', which {listed[lost[0]]} lacks")
    return weights


def _torch(path: Path) -> Weights:
    try:
        held: Any = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except pickle.UnpicklingError:
        raise InputError(
            f"{path} holds more than weights, which might be code, and is not read: get the model as safetensors"
        ) from None
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{path} is no sound torch file: {' '.join(str(error).split())[:120]}") from None
    if isinstance(held, dict) and isinstance(held.get("state_dict"), dict):
        held = held["state_dict"]
    if not isinstance(held, dict) or not held:
        raise InputError(f"{path} holds no weights by name")
    tensors = {str(name): value for name, value in held.items() if isinstance(value, torch.Tensor)}
    return Weights(
        (path,),
        {name: tuple(value.shape) for name, value in tensors.items()},
        lambda names: {name: tensors[name] for name in names},
    )


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"
