"""Where things stand in a JSON text: brackets, members and elements by position, so that it can be edited in place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...runtime.errors import InputError

# Possessive throughout: a damaged text fails at once, however long it is.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rf'{_STRING.pattern}|[^\s\[\]{{}},:"]++', re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*+")
_TO_BRACKET = re.compile(rf'(?:[^"\[\]{{}}]++|{_STRING.pattern})*+([\[\]{{}}])', re.DOTALL)
_ESCAPE_OR_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)


@dataclass(frozen=True)
class Item:
    """A member of an object or an element of an array: text[start:end]; its value is text[value:end]."""

    start: int
    value: int
    end: int
    key: str | None = None


@dataclass(frozen=True)
class Container:
    """An object or an array, text[start:end] with its brackets, and what it holds."""

    start: int
    end: int
    items: tuple[Item, ...]

    def member(self, key: str) -> Item | None:
        """The member of that name; of several the first, as OpenTimelineIO takes it."""
        return next((item for item in self.items if item.key == key), None)


@dataclass(frozen=True)
class Splice:
    """Put `text` in the place of [start, end)."""

    start: int
    end: int
    text: str


def splice(text: str, splices: Iterable[Splice]) -> str:
    parts: list[str] = []
    done = 0
    for change in sorted(splices, key=lambda change: (change.start, change.end)):
        parts += text[done : change.start], change.text
        done = change.end
    return "".join([*parts, text[done:]])


def damaged(text: str, at: int, why: str) -> InputError:
    return InputError(f"not a JSON text: {why} in line {text.count(chr(10), 0, at) + 1}")


def skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def document(text: str) -> int:
    """Where the outermost value begins, after a byte order mark and white space."""
    return skip_space(text, 1 if text.startswith("\ufeff") else 0)


def value_end(text: str, at: int) -> int:
    if text[at : at + 1] not in ("{", "["):
        scalar = _SCALAR.match(text, at)
        if not scalar:
            raise damaged(text, at, "a value is missing")
        return scalar.end()
    depth, here = 0, at
    while match := _TO_BRACKET.match(text, here):
        here = match.end()
        depth += 1 if match[1] in "{[" else -1
        if not depth:
            return here
    raise damaged(text, len(text), "the text ends too early")


def read_string(text: str, item: Item) -> str | None:
    """A member's value where it is a string."""
    return _decode(text[item.value : item.end]) if text[item.value] == '"' else None


def container(text: str, at: int) -> Container:
    """The object or array whose opening bracket stands at `at`."""
    opening = text[at : at + 1]
    if opening not in ("{", "["):
        raise damaged(text, at, "neither an object nor a list")
    closing = "}" if opening == "{" else "]"
    items: list[Item] = []
    here = skip_space(text, at + 1)
    if text[here : here + 1] == closing:
        return Container(at, here + 1, ())
    while True:
        start, key = here, None
        if opening == "{":
            name = _STRING.match(text, here)
            colon = skip_space(text, name.end()) if name else here
            if not name or text[colon : colon + 1] != ":":
                raise damaged(text, here, "a member without a name")
            key, here = _decode(name[0]), skip_space(text, colon + 1)
        end = value_end(text, here)
        items.append(Item(start, here, end, key))
        here = skip_space(text, end)
        if text[here : here + 1] == closing:
            return Container(at, here + 1, tuple(items))
        if text[here : here + 1] != ",":
            raise damaged(text, here, f"',' or '{closing}' is missing")
        here = skip_space(text, here + 1)


def member(text: str, at: int, key: str) -> int | None:
    """Where the value of an object's member begins; None where `at` is no object or has no such member."""
    if text[at : at + 1] != "{":
        return None
    found = container(text, at).member(key)
    return found.value if found else None


def holders(text: str, positions: list[int]) -> Iterator[int]:
    """For each position, in rising order, the opening bracket of the container around it."""
    waiting = iter(positions)
    position = next(waiting, None)
    around: list[int] = []
    here = document(text)
    while position is not None and (match := _TO_BRACKET.match(text, here)):
        here = match.end()
        while position is not None and position < here - 1:
            yield around[-1] if around else 0
            position = next(waiting, None)
        if match[1] in "{[":
            around.append(here - 1)
        elif around:
            around.pop()


def raw_length(literal: str, start: str) -> int | None:
    """How many characters of a string literal, its opening quote apart, write `start`; None where it starts otherwise."""
    plain = json.dumps(start)[1:-1]
    if literal.startswith(plain, 1):
        return len(plain)
    here, read = 1, ""
    while len(read) < len(start):
        match = _ESCAPE_OR_CHARACTER.match(literal, here, len(literal) - 1)
        if not match:
            return None
        read, here = read + _decode(f'"{match[0]}"'), match.end()
    return here - 1 if read == start else None


def without(holder: Container, gone: set[int], empty: str = "") -> list[Splice]:
    """Takes items, by their numbers, out of a container; one left without any holds `empty` between its brackets."""
    if len(gone) == len(holder.items):
        return [Splice(holder.start + 1, holder.end - 1, empty)] if gone else []
    splices = []
    first_kept = next(i for i in range(len(holder.items)) if i not in gone)
    for i in sorted(gone):
        if i > first_kept:  # with the comma before it
            splices.append(Splice(holder.items[i - 1].end, holder.items[i].end, ""))
        else:
            splices.append(Splice(holder.items[i].start, holder.items[i + 1].start, ""))
    return splices


def _decode(literal: str) -> str:
    if "\\" not in literal:
        return literal[1:-1]
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        raise InputError(f"not a JSON text: {literal[:40]} is no string") from None
