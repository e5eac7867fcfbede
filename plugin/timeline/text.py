"""Bytes of a text file to text, in whatever encoding a host wrote it."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ...runtime.errors import InputError

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, path: Path) -> str:
    """A byte order mark is kept as the text's first character, so that writing it back gives the same bytes."""
    if not data.strip():
        raise InputError(f"{path}: the file is empty")
    try:
        return data.decode(encoding_of(data))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}: line {line} is not text ({error.encoding}): the file is damaged or of another kind"
        ) from None
    except LookupError as error:
        raise InputError(f"{path}: {error}") from None


def encoding_of(data: bytes) -> str:
    """The encoding a byte order mark or an XML declaration states; else UTF-8, or Latin-1 where that is not valid."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    if b"\0" in data[:4]:
        return "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    declared = re.match(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']", data[:200])
    if declared:
        return declared[1].decode("ascii")
    if b"\0" in data[:4096]:
        return "utf-8"  # binary: let it fail with its line
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1" if data.lstrip()[:1] not in b"{[" else "utf-8"
    return "utf-8"
