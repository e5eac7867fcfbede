"""What the panel and its worker say to each other: JSON objects, each after its length in four bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, Protocol

LONGEST = 256 * 2**20  # bytes of one message

_LENGTH = struct.Struct(">I")

Message = dict[str, Any]


class Garbled(Exception):
    """What arrives is not what the other side writes. Nothing that comes after it can be trusted."""


class Reads(Protocol):
    def read(self, size: int, /) -> bytes | None: ...


def pack(message: Message) -> bytes:
    """A value that can be called is what it gives. Raises Garbled where the message is longer than the other side would
    take, or no JSON.
    """
    try:
        data = json.dumps(message, allow_nan=False, separators=(",", ":"), default=_made).encode()
    except (TypeError, ValueError) as error:
        raise Garbled(f"a message that is no JSON: {error}") from None
    if len(data) > LONGEST:
        raise Garbled(f"a message of {len(data)} bytes is too long")
    return _LENGTH.pack(len(data)) + data


def messages(stream: Reads) -> Iterator[Message]:
    """The messages as they come, to the end of the stream. Raises Garbled."""
    while True:
        head = _exactly(stream, _LENGTH.size)
        if not head:
            return
        if len(head) < _LENGTH.size:
            raise Garbled("the stream ends inside a length")
        (length,) = _LENGTH.unpack(head)
        if length > LONGEST:
            raise Garbled(f"a message of {length} bytes is announced, more than {LONGEST}")
        data = _exactly(stream, length)
        if len(data) < length:
            raise Garbled(f"the stream ends after {len(data)} of {length} bytes")
        yield unpack(data)


def unpack(data: bytes) -> Message:
    """One message without its length. Raises Garbled."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Garbled(f"not JSON: {error}") from None
    if not isinstance(message, dict):
        raise Garbled("a message is an object")
    return message


def _made(value: object) -> object:
    if callable(value):
        return value()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _exactly(stream: Reads, size: int) -> bytes:
    """So many bytes, fewer only at the end of the stream. Memory grows with what has come, not with what is announced."""
    parts: list[bytes] = []
    left = size
    while left:
        part = stream.read(min(left, 2**20))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
