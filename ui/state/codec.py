"""Frozen dataclasses as JSON and back, by their own annotations, read with suspicion."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from ...runtime.errors import InputError
from ...runtime.rate import Rate

T = TypeVar("T")

MOST = 2_000_000  # entries of one list
LONGEST = 10_000_000  # characters of one text


def to_json(value: Any) -> Any:
    """Plain data: objects, lists, texts, numbers, true, false and null."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Rate | Fraction):
        return str(value)
    if isinstance(value, tuple | list):
        return [to_json(each) for each in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}
    return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}


def from_json(kind: type[T], value: Any, path: str = "") -> T:
    """The value of `kind` that `to_json` made `value` of. Raises InputError naming the first place that is wrong.

    Keys that are missing take their defaults, keys that nobody knows are passed over.
    """
    read: T = _read(kind, value, path)
    return read


def _read(kind: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(kind) and kind is not Rate:
        return _object(kind, value, path)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _either(kind, value, path)
    if origin is Literal:
        if isinstance(value, str) and value in get_args(kind):
            return value
        raise _wrong(path, "one of " + ", ".join(map(repr, get_args(kind))))
    if origin is tuple:
        return _row(get_args(kind), value, path)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(kind), value, path)
    return _plain(kind, value, path)


def _object(kind: Any, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise _wrong(path, "an object")
    given = {}
    for name, (hint, needed) in _fields(kind).items():
        if name in value:
            given[name] = _read(hint, value[name], f"{path}.{name}" if path else name)
        elif needed:
            raise InputError(f"{path}.{name}: is missing" if path else f"{name}: is missing")
    return kind(**given)


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """Each field's annotation, and whether it has no default."""
    hints = typing.get_type_hints(kind)
    none = dataclasses.MISSING
    return {f.name: (hints[f.name], f.default is none and f.default_factory is none) for f in dataclasses.fields(kind)}


def _either(kind: Any, value: Any, path: str) -> Any:
    choices = get_args(kind)
    if value is None and type(None) in choices:
        return None
    rest = [choice for choice in choices if choice is not type(None)]
    if len(rest) != 1:
        raise TypeError(f"{kind}: only X | None can be told apart")
    return _read(rest[0], value, path)


def _row(kinds: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MOST:
        raise _wrong(path, "a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_read(kinds[0], each, f"{path}[{index}]") for index, each in enumerate(value))
    if len(value) != len(kinds):
        raise _wrong(path, f"a list of {len(kinds)}")
    return tuple(
        _read(kind, each, f"{path}[{index}]") for index, (kind, each) in enumerate(zip(kinds, value, strict=True))
    )


def _mapping(kinds: tuple[Any, ...], value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, "an object")
    return {key: _read(kinds[1], each, f"{path}.{key}") for key, each in value.items()}


def _plain(kind: Any, value: Any, path: str) -> Any:
    flag = isinstance(value, bool)
    if kind is bool and flag:
        return value
    if kind is int and isinstance(value, int) and not flag and abs(value) < 2**63:
        return value
    if kind is float and isinstance(value, int | float) and not flag and abs(value) < 1e300 and math.isfinite(value):
        return float(value)
    if kind is str and isinstance(value, str) and len(value) <= LONGEST:
        return value
    if kind in (Rate, Fraction) and isinstance(value, str) and len(value) < 100:
        try:
            exact = Fraction(value)
            return Rate(exact) if kind is Rate else exact
        except (ValueError, ZeroDivisionError):
            pass
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    raise _wrong(path, words.get(kind, "a ratio such as 24000/1001"))


def _wrong(path: str, expected: str) -> InputError:
    return InputError(f"{path or 'the whole'}: must be {expected}")
