"""Resolve's objects at the other end of the loopback service, where a script of its menu holds them.

A call goes there as {"do": "call", "with": {"on": 0, "name": "GetName", "given": [], "drop": []}}; 0 is `resolve` itself. What
goes and comes: null, true, numbers, text; {"ref": 3} for an object; {"list": [...]}; {"map": [[key, value], ...]}, since markers
have numbers for keys. `drop` lists objects that nobody holds here any more.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Any

from ..loopback import Failed, Gone, Loopback
from ..protocol import HostClosed, HostRefused
from .program import CALLED, CLOSED, READ

SECONDS = 120.0  # for one call: a long timeline is exported in one


class Link:
    """The way there. `patience` stretches or shortens how long a call may take."""

    def __init__(self, service: Loopback, patience: float = 1.0) -> None:
        self._service, self._seconds = service, SECONDS * patience
        self._dropped: deque[int] = deque()

    def resolve(self) -> Thing:
        return Thing(self, 0)

    def do(self, what: str, on: int, **more: Any) -> Any:
        dropped = [self._dropped.popleft() for _ in range(len(self._dropped))]
        try:
            answer = self._service.command(what, {"on": on, "drop": dropped, **more}, self._seconds)
        except Gone as error:
            raise HostClosed(f"{CLOSED} ({error})") from None
        except Failed as error:
            if error.kind == "closed":
                raise HostClosed(CLOSED) from None
            raise HostRefused(f"DaVinci Resolve: {error}") from None
        return self.taken(answer)

    def given(self, value: Any) -> Any:
        """A value as it goes there."""
        if isinstance(value, Thing):
            return {"ref": value.handle}
        if isinstance(value, Mapping):
            return {"map": [[key, self.given(inner)] for key, inner in value.items()]}
        if isinstance(value, list | tuple):
            return {"list": [self.given(inner) for inner in value]}
        return value

    def taken(self, value: Any) -> Any:
        """A value as it came. Raises HostRefused for one that our own scripts do not send."""
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, dict) and len(value) == 1:
            ((kind, inner),) = value.items()
            if kind == "ref" and isinstance(inner, int):
                return Thing(self, inner)
            if kind == "list" and isinstance(inner, list):
                return [self.taken(each) for each in inner]
            if kind == "map" and isinstance(inner, list) and all(_is_pair(each) for each in inner):
                return {key: self.taken(each) for key, each in inner}
        raise HostRefused("the script in Resolve's menu answers in another way: hitpoint install resolve")

    def holds(self, thing: Thing) -> None:
        if thing.handle:
            weakref.finalize(thing, self._dropped.append, thing.handle).atexit = False


class Thing:
    """An object of Resolve's, by its number there."""

    def __init__(self, link: Link, handle: int) -> None:
        self.link, self.handle = link, handle
        link.holds(self)

    def __getattr__(self, name: str) -> Any:
        if name in READ:
            return self.link.do("value", self.handle, name=name)
        if name in CALLED:
            return partial(self._call, name)
        raise AttributeError(name)

    def _call(self, name: str, *given: Any) -> Any:
        return self.link.do("call", self.handle, name=name, given=[self.link.given(value) for value in given])

    def __dir__(self) -> list[str]:
        """What it offers; all that we call, where the script's language cannot tell: what is missing answers None then."""
        names = self.link.do("names", self.handle)
        return [str(name) for name in names] if isinstance(names, list) else sorted(CALLED)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str | int | float)
