"""Takes chosen, starred, noted, named and deleted: each function takes the list and answers another one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..state.take import Take
from .boards import text
from .refused import Refused

Takes = tuple[Take, ...]

MOST_STARS = 5
LONGEST_NAME, LONGEST_NOTE = 200, 20_000


def star(takes: Takes, id: int, stars: int) -> Takes:
    return _with(takes, id, stars=min(max(stars, 0), MOST_STARS))


def note(takes: Takes, id: int, words: str) -> Takes:
    """A note may have lines."""
    return _with(takes, id, notes="\n".join(text(line) for line in words.splitlines())[:LONGEST_NOTE])


def rename(takes: Takes, id: int, name: str) -> Takes:
    name = text(name, LONGEST_NAME)
    if not name:
        raise Refused("a take needs a name")
    return _with(takes, id, name=name)


def check_there(takes: Takes, ids: Collection[int]) -> None:
    known = {take.id for take in takes}
    if not ids or not known.issuperset(ids):
        raise Refused("this take is not there any more")


def _with(takes: Takes, id: int, **fields: Any) -> Takes:
    check_there(takes, [id])
    return tuple(replace(take, **fields) if take.id == id else take for take in takes)
