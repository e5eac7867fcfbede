"""What is checked before a pack is believed: its files, their hashes, and that its graphs are what it says."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import onnx_file
from .pack import MANIFEST, File, Pack, Refused, Tensor, Variant
from .pack_read import MAX_BYTES, loads

MAX_TOTAL = 16 * 2**30  # of a pack
MOST_FILES = 256
DROPPINGS = frozenset({".ds_store", "thumbs.db", "desktop.ini"})  # what systems leave in folders that were looked at

_BLOCK = 1 << 20


def read_manifest(folder: Path) -> Pack:
    """What the pack in a folder says, with the folder's files by name and size, nothing more. Raises Refused."""
    try:
        pack = loads(_regular(folder / MANIFEST, MAX_BYTES), folder)
        _check_listing(pack, folder)
    except FileNotFoundError as error:
        raise Refused(f"{Path(error.filename or MANIFEST).name} is missing") from None
    except OSError as error:
        raise Refused(f"{_reason(error)}") from None
    return pack


def check(pack: Pack) -> None:
    """Every byte against its hash, then every graph against what pack.json says. Raises Refused."""
    try:
        check_hashes(pack.folder, pack.files())
        for role, graph in pack.graphs.items():
            for variant in graph.variants.values():
                check_graph(pack.folder, role, variant)
    except OSError as error:
        raise Refused(f"{_reason(error)}") from None


def check_hashes(folder: Path, files: Iterable[File]) -> None:
    files = list(files)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        for file, digest in zip(files, threads.map(lambda file: _digest(folder / file.name), files), strict=True):
            if digest != file.sha256:
                raise Refused(f"{file.name} is damaged: its SHA-256 is not the one that {MANIFEST} states")


def check_graph(folder: Path, role: str, variant: Variant) -> None:
    name = variant.file.name
    outside = onnx_file.read(folder / name)
    onnx_file.check(outside, name)
    known = {file.name: file.bytes for file in variant.data}
    for external in outside.external:
        if external.location not in known:
            raise Refused(f"{name} keeps weights in '{external.location:.80}', which is none of its files")
        if external.offset + (external.length or 0) > known[external.location]:
            raise Refused(f"{name} looks for weights behind the end of {external.location}")
    if unused := known.keys() - {external.location for external in outside.external}:
        raise Refused(f"{name} does not use {min(unused)}")
    inputs = [value for value in outside.inputs if value.name not in outside.initial]
    _compare(role, name, "input", inputs, variant.inputs)
    _compare(role, name, "output", outside.outputs, variant.outputs)


def _compare(role: str, file: str, word: str, found: list[onnx_file.Value], said: tuple[Tensor, ...]) -> None:
    real = {value.name: value for value in found}
    if len(real) < len(found):
        raise Refused(f"{file}: two {word}s have one name")
    for tensor in said:
        value = real.pop(tensor.name, None)
        if value is None:
            raise Refused(f"graph '{role}': {file} has no {word} '{tensor.name}'")
        if not value.is_as(tensor):
            raise Refused(f"graph '{role}': {MANIFEST} says {word} {tensor}, {file} has {value}")
    if real:
        raise Refused(f"graph '{role}': {file} has the {word} '{min(real):.80}', of which {MANIFEST} says nothing")


def _check_listing(pack: Pack, folder: Path) -> None:
    listed = {file.name: file.bytes for file in pack.files()}
    if pack.bytes() > MAX_TOTAL or len(listed) > MOST_FILES:
        raise Refused(f"it is larger than {MAX_TOTAL >> 30} GiB or {MOST_FILES} files")
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count > 2 * MOST_FILES:
                raise Refused(f"there are more than {MOST_FILES} files in its folder")
            if entry.name in listed or entry.name == MANIFEST or entry.name.lower() in DROPPINGS:
                continue
            raise Refused(f"'{entry.name:.80}' lies in its folder, and {MANIFEST} does not list it")
    for name, size in listed.items():
        status = os.lstat(folder / name)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{name} is no plain file")
        if status.st_size != size:
            raise Refused(f"{name} has {status.st_size} bytes, {MANIFEST} says {size}")


def _regular(path: Path, most: int) -> bytes:
    """A file's bytes, up to one more than `most`; nothing that is a link or a device."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Refused(f"{path.name} is no plain file")
    with path.open("rb") as file:
        return file.read(most + 1)


def _digest(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.hexdigest()


def _reason(error: OSError) -> str:
    name = Path(str(error.filename)).name if error.filename else "a file"
    return f"{name} cannot be read: {(error.strerror or str(error)).lower()}"
