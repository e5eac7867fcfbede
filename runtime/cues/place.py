"""A value in a JSON document with the path to it, so that what is wrong can be said with where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError

MAX_TEXT = 20_000


@dataclass(frozen=True)
class Place:
    """`path` reads like `storyboards[2].tempo`. Every check returns the value or raises InputError."""

    path: str
    value: Any

    def at(self, key: str, *default: Any) -> Place:
        path = f"{self.path}.{key}" if self.path else key
        if key not in self.value and not default:
            raise InputError(f"{path}: is missing")
        return Place(path, self.value.get(key, *default))

    def check_object(self) -> Place:
        if not isinstance(self.value, dict):
            raise self.wrong("an object { }")
        return self

    def items(self, most: int) -> list[Place]:
        if not isinstance(self.value, list | tuple):
            raise self.wrong("a list")
        if len(self.value) > most:
            raise InputError(f"{self.path}: has {len(self.value)} entries, more than {most}")
        return [Place(f"{self.path}[{index}]", value) for index, value in enumerate(self.value)]

    def number(self, low: float, high: float) -> float:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(f"a number between {low:g} and {high:g}")
        # Python compares whole numbers of any size with a float; NaN fails both.
        if not low <= value <= high or not math.isfinite(value):
            raise self.wrong(f"a number between {low:g} and {high:g}")
        return float(value)

    def whole(self, low: int, high: int) -> int:
        value = self.value
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(f"a whole number between {low} and {high}")
        return value

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        if len(self.value) > MAX_TEXT:
            raise InputError(f"{self.path}: is longer than {MAX_TEXT} characters")
        if not self.value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in self.value):
            raise self.wrong("a text of whole characters")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def choice(self, choices: Sequence[str]) -> str:
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.wrong("one of " + ", ".join(choices))
        return self.value

    def wrong(self, expected: str) -> InputError:
        return InputError(f"{self.path or 'cue sheet'}: must be {expected}, not {shown(self.value)}")


def shown(value: object) -> str:
    """The value in a few letters, whatever it is."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) >= 10**30:
        return "a number of many digits"
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."
