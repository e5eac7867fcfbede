"""A graph file's outside, read without believing it: operators, weights kept elsewhere, what goes in and comes out.

A walk over protocol buffers (onnx.proto) that allocates next to nothing and never follows what it reads. Where the
format lets a later field add to an earlier one, both are seen.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .pack import Refused, Tensor

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
# Operators of com.microsoft that run what they carry or name: a compiled graph, Python.
CARRIERS = frozenset({"EPContext", "PythonOp", "PythonOpGrad", "ATen", "ATenGrad", "TritonOp", "ExternalOp"})

_MOST_FIELDS = 4_000_000
_DEEPEST = 24  # graphs within graphs, each of which is three messages
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
}  # fmt: skip


@dataclass(frozen=True)
class External:
    """Where a tensor's weights lie: a file's name, the first byte and how many, None to its end."""

    location: str
    offset: int
    length: int | None


@dataclass
class Outside:
    """What a graph file says of itself. A shape is None where the graph leaves it open, a length of it likewise."""

    operators: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    external: list[External] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    initial: set[str] = field(default_factory=set)
    graphs: int = 0


@dataclass(frozen=True)
class Value:
    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None

    def is_as(self, said: Tensor) -> bool:
        """Whether this is what a pack says: kind and rank, fixed lengths as numbers, lengths that vary as names."""
        if self.dtype != said.dtype:
            return False
        if self.shape is None:
            return True
        return len(self.shape) == len(said.shape) and all(map(_agree, self.shape, said.shape))

    def __str__(self) -> str:
        lengths = "?" if self.shape is None else ", ".join("?" if n is None else str(n) for n in self.shape)
        return f"{self.name}: {self.dtype} ({lengths})"


def _agree(found: int | str | None, said: int | str) -> bool:
    return found == said if isinstance(found, int) else isinstance(said, str) or found is None


def read(path: Path) -> Outside:
    """Raises Refused where the file is not a graph, OSError where it cannot be read."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            raise Refused(f"{path.name} is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            return parse(data, path.name)


def parse(data: memoryview, name: str) -> Outside:
    walk = _Walk(data)
    try:
        walk.model(0, len(data))
    except _Malformed as error:
        raise Refused(f"{name} is not an ONNX graph: {error}") from None
    if not walk.found.graphs:
        raise Refused(f"{name} is not an ONNX graph: there is no graph in it")
    return walk.found


def check(outside: Outside, name: str) -> None:
    """Raises Refused where a graph would have a session run what is not arithmetic."""
    if unknown := sorted(outside.domains - DOMAINS):
        raise Refused(f"{name} uses operators of the unknown domain '{unknown[0]:.80}'")
    if carried := sorted(outside.operators & CARRIERS):
        raise Refused(f"{name} uses the operator {carried[0]}, which carries code")


class _Malformed(Exception):
    """Bytes that are no protocol buffer, or not one of a graph."""


class _Walk:
    """Each method reads one kind of message between two places. Numbers are those of onnx.proto."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._fields = 0
        self._depth = 0
        self.found = Outside()

    def model(self, start: int, end: int) -> None:
        for number, kind, a, b in self._message(start, end):
            if number == 7:
                self._inner(kind, a, b, self._top_graph)
            elif number == 8:
                self._inner(kind, a, b, self._opset)
            elif number == 25:
                self._inner(kind, a, b, self._function)
            elif number == 20:
                raise _Malformed("it holds what training needs")

    def _top_graph(self, start: int, end: int) -> None:
        self.found.graphs += 1
        self._graph(start, end, top=True)

    def _graph(self, start: int, end: int, top: bool = False) -> None:
        for number, kind, a, b in self._message(start, end):
            if number == 1:
                self._inner(kind, a, b, self._node)
            elif number == 5:
                self._inner(kind, a, b, self._initializer if top else self._tensor)
            elif number == 15:
                self._inner(kind, a, b, self._sparse)
            elif top and number in (11, 12):
                self._need(kind, _BYTES)
                (self.found.inputs if number == 11 else self.found.outputs).append(self._value(a, b))

    def _node(self, start: int, end: int) -> None:
        domain = ""
        for number, kind, a, b in self._message(start, end):
            if number == 4:
                self.found.operators.add(self._text(kind, a, b))
            elif number == 5:
                self._inner(kind, a, b, self._attribute)
            elif number == 7:
                domain = self._text(kind, a, b)
                self.found.domains.add(domain)

    def _attribute(self, start: int, end: int) -> None:
        readers = {
            5: self._tensor,
            10: self._tensor,
            6: self._graph,
            11: self._graph,
            22: self._sparse,
            23: self._sparse,
        }
        for number, kind, a, b in self._message(start, end):
            if number in readers:
                self._inner(kind, a, b, readers[number])

    def _function(self, start: int, end: int) -> None:
        for number, kind, a, b in self._message(start, end):
            if number == 7:
                self._inner(kind, a, b, self._node)
            elif number == 9:
                self._inner(kind, a, b, self._opset)
            elif number == 10:
                self.found.domains.add(self._text(kind, a, b))
            elif number == 11:
                self._inner(kind, a, b, self._attribute)

    def _opset(self, start: int, end: int) -> None:
        for number, kind, a, b in self._message(start, end):
            if number == 1:
                self.found.domains.add(self._text(kind, a, b))

    def _initializer(self, start: int, end: int) -> None:
        self._tensor(start, end, initial=True)

    def _tensor(self, start: int, end: int, initial: bool = False) -> None:
        external, apart = [], False
        for number, kind, a, b in self._message(start, end):
            if number == 8 and initial:
                self.found.initial.add(self._text(kind, a, b))
            elif number == 13:
                self._need(kind, _BYTES)
                external.append(self._pair(a, b))
            elif number == 14:
                self._need(kind, _VARINT)
                apart = apart or bool(a)
        if apart or external:
            self.found.external.append(_external(external))

    def _sparse(self, start: int, end: int) -> None:
        for number, kind, a, b in self._message(start, end):
            if number in (1, 2):
                self._inner(kind, a, b, self._initializer)

    def _pair(self, start: int, end: int) -> tuple[str, str]:
        key = value = ""
        for number, kind, a, b in self._message(start, end):
            if number == 1:
                key = self._text(kind, a, b)
            elif number == 2:
                value = self._text(kind, a, b)
        return key, value

    def _value(self, start: int, end: int) -> Value:
        name, dtype, shape = "", "", None
        for number, kind, a, b in self._message(start, end):
            if number == 1:
                name = self._text(kind, a, b)
            elif number == 2:
                self._need(kind, _BYTES)
                dtype, shape = self._type(a, b)
        return Value(name, dtype, shape)

    def _type(self, start: int, end: int) -> tuple[str, tuple[int | str | None, ...] | None]:
        dtype, shape = "no tensor", None
        for number, kind, a, b in self._message(start, end):
            if number != 1:
                continue
            self._need(kind, _BYTES)
            for inner, inner_kind, c, d in self._message(a, b):
                if inner == 1:
                    self._need(inner_kind, _VARINT)
                    dtype = _DTYPES.get(c, f"of kind {c}")
                elif inner == 2:
                    self._need(inner_kind, _BYTES)
                    shape = (*(shape or ()), *self._lengths(c, d))
        return dtype, shape

    def _lengths(self, start: int, end: int) -> Iterator[int | str | None]:
        for number, kind, a, b in self._message(start, end):
            if number != 1:
                continue
            self._need(kind, _BYTES)
            length: int | str | None = None
            for inner, inner_kind, c, d in self._message(a, b):
                if inner == 1:
                    self._need(inner_kind, _VARINT)
                    length = c
                elif inner == 2:
                    length = self._text(inner_kind, c, d)
            yield length

    def _inner(self, kind: int, start: int, end: int, read: Callable[[int, int], None]) -> None:
        self._need(kind, _BYTES)
        if self._depth >= 3 * _DEEPEST:
            raise _Malformed("graphs lie too deep within graphs")
        self._depth += 1
        read(start, end)
        self._depth -= 1

    def _message(self, place: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """(field's number, its kind, start, end) of each field; a number stands where `start` is, of kind _VARINT."""
        while place < end:
            self._fields += 1
            if self._fields > _MOST_FIELDS:
                raise _Malformed("it is made of too many pieces")
            tag, place = self._varint(place, end)
            number, kind = tag >> 3, tag & 7
            if kind == _VARINT:
                value, place = self._varint(place, end)
                yield number, kind, value, place
                continue
            if kind == _BYTES:
                length, place = self._varint(place, end)
            elif kind in (_EIGHT, _FOUR):
                length = 8 if kind == _EIGHT else 4
            else:
                raise _Malformed(f"a field of kind {kind} at byte {place}")
            if not number or length > end - place:
                raise _Malformed(f"a field runs over the end at byte {place}")
            yield number, kind, place, place + length
            place += length

    def _varint(self, place: int, end: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if place >= end:
                raise _Malformed("it breaks off")
            byte = self._data[place]
            place += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value & 0xFFFFFFFFFFFFFFFF, place
        raise _Malformed(f"a number without an end at byte {place}")

    def _text(self, kind: int, start: int, end: int) -> str:
        self._need(kind, _BYTES)
        if end - start > 4096:
            raise _Malformed(f"a name of {end - start} letters")
        return bytes(self._data[start:end]).decode("utf-8", "backslashreplace")

    @staticmethod
    def _need(kind: int, wanted: int) -> None:
        if kind != wanted:
            raise _Malformed("a field is of another kind than it has in a graph")


def _external(pairs: list[tuple[str, str]]) -> External:
    """Every key once: which of two would count is nobody's to guess."""
    said = dict(pairs)
    if len(said) < len(pairs) or "location" not in said:
        raise _Malformed("where weights lie is not said, or twice")
    numbers = {key: said.get(key, "") for key in ("offset", "length")}
    if not all(text == "" or (text.isascii() and text.isdecimal() and len(text) < 20) for text in numbers.values()):
        raise _Malformed("where weights lie is no number")
    return External(
        said["location"], int(numbers["offset"] or 0), int(numbers["length"]) if numbers["length"] else None
    )
