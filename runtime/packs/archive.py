"""A pack as one file, `.hitpack`: a zip, unpacked with suspicion, packed so that equal packs are equal files."""

from __future__ import annotations

import errno
import hashlib
import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .checking import DROPPINGS, MAX_TOTAL, MOST_FILES
from .pack import MANIFEST, File, Pack, Refused
from .pack_read import MAX_BYTES, loads

SUFFIX = ".hitpack"
MAX_RATIO = 200  # what is unpacked, to what is packed; weights hardly shrink

_BLOCK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, KeyError)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def peek(path: Path) -> Pack:
    """What the pack in a file says of itself; none of its graphs is touched. Raises Refused."""
    with _opened(path) as archive:
        entries = _entries(archive)
        pack = loads(_small(archive, entries.pop(MANIFEST)), path)
        _check_listed(entries, {file.name: file for file in pack.files()})
    return pack


def unpack(path: Path, folder: Path) -> Pack:
    """Puts what pack.json lists into an empty folder; every byte is hashed on its way. Raises Refused, OSError."""
    with _opened(path) as archive:
        entries = _entries(archive)
        raw = _small(archive, entries.pop(MANIFEST))
        pack = loads(raw, folder)
        listed = {file.name: file for file in pack.files()}
        _check_listed(entries, listed)
        (folder / MANIFEST).write_bytes(raw)
        for name, file in listed.items():
            with archive.open(entries[name]) as packed, (folder / name).open("xb") as out:
                _copy(packed, out, file)
    return pack


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """What zipfile and zlib say of a damaged file is Refused; what the system says of a disk stays as it is."""
    try:
        file = _Guarded(io.FileIO(path))
    except OSError as error:
        raise Refused(f"it cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        with file, zipfile.ZipFile(file) as archive:
            file.most = -1
            yield archive
    except _DAMAGED as error:
        raise Refused(f"it is no sound zip: {error}") from None
    except OSError as error:
        if error.errno in (None, errno.EINVAL):  # a place in the file that cannot be
            raise Refused(f"it is no sound zip: {error}") from None
        raise


class _Guarded(io.BufferedReader):
    """A file that hands out at most `most` bytes at once: zipfile reads a whole table of contents, however long."""

    most = 1 << 20

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most >= 0 and size is not None and size > self.most:
            raise Refused("its table of contents is too long: a zip bomb")
        return super().read(size)


def pack_up(folder: Path, files: list[str], out: IO[bytes]) -> None:
    """Files of a folder, pack.json first, stored as they are: the same files give the same bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in [MANIFEST, *sorted(set(files) - {MANIFEST})]:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.file_size = (folder / name).stat().st_size
            with (folder / name).open("rb") as source, archive.open(entry, "w") as target:
                while block := source.read(_BLOCK):
                    target.write(block)


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise Refused(f"it is a zip of {len(infos)} entries; a pack has at most {MOST_FILES}")
    seen: set[str] = set()
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.orig_filename
        _check_entry(info, name)
        same = unicodedata.normalize("NFC", name).casefold()
        if same in seen:
            raise Refused(f"'{name:.80}' is in it twice")
        seen.add(same)
        if name.lower() not in DROPPINGS:
            entries[name] = info
    if MANIFEST not in entries:
        raise Refused(f"there is no {MANIFEST} at the top of it")
    _check_apart(infos)
    if sum(info.file_size for info in infos) > MAX_TOTAL:
        raise Refused(f"unpacked it is larger than {MAX_TOTAL >> 30} GiB")
    return entries


def _check_entry(info: zipfile.ZipInfo, name: str) -> None:
    mode = info.external_attr >> 16
    if not name or any(sign in name for sign in "/\\:\0") or name in (".", "..") or not name.isprintable():
        raise Refused(f"{name!r:.80} is in it: a pack's files lie beside {MANIFEST}, nowhere else")
    if info.filename != name:
        raise Refused(f"{name!r:.80} is in it under two names")
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise Refused(f"'{name:.80}' in it is no plain file")
    if info.flag_bits & 0x41:
        raise Refused(f"'{name:.80}' in it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(f"'{name:.80}' in it is packed by an unusual method")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1024):
        raise Refused(f"'{name:.80}' in it swells to more than {MAX_RATIO} times its size: a zip bomb")


def _check_apart(infos: list[zipfile.ZipInfo]) -> None:
    """Entries that share bytes swell to any size."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise Refused(f"'{info.filename:.80}' in it lies over another file: a zip bomb")
        end = info.header_offset + info.compress_size


def _check_listed(entries: dict[str, zipfile.ZipInfo], listed: dict[str, File]) -> None:
    if unlisted := sorted(entries.keys() - listed.keys()):
        raise Refused(f"'{unlisted[0]:.80}' is in it, and {MANIFEST} does not list it")
    if missing := sorted(listed.keys() - entries.keys()):
        raise Refused(f"{missing[0]} is missing")
    for name, file in listed.items():
        if entries[name].file_size != file.bytes:
            raise Refused(f"{name} has {entries[name].file_size} bytes, {MANIFEST} says {file.bytes}")


def _small(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_BYTES:
        raise Refused(f"{MANIFEST} is larger than {MAX_BYTES // 1024} KiB")
    with archive.open(info) as packed:
        return packed.read(MAX_BYTES + 1)


def _copy(packed: IO[bytes], out: IO[bytes], file: File) -> None:
    hashed, left = hashlib.sha256(), file.bytes
    while block := packed.read(_BLOCK):
        left -= len(block)
        if left < 0:
            raise Refused(f"{file.name} is longer than {MANIFEST} says")
        hashed.update(block)
        out.write(block)
    if left or hashed.hexdigest() != file.sha256:
        raise Refused(f"{file.name} is damaged: its SHA-256 is not the one that {MANIFEST} states")
