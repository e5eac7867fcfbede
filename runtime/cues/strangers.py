"""Keys in a hand-edited cue sheet that mean nothing here: a slip of the pen should not go unheard."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

MOST = 10  # that are named one by one

_SHEET = frozenset(
    ["schema", "name", "rate", "drop_frame", "start_frame", "frames", "storyboards", "hits", "energy", "rests",
     "shots", "markers", "warnings"]
)  # fmt: skip
_BOARD = frozenset(
    ["name", "name_at", "start", "end", "role", "tempo", "beats_at", "metre", "bars_at", "energy_at", "locked", "brief", "beats",
     "bars"]
)  # fmt: skip
_BRIEF = frozenset(["valence", "energy", "density", "style", "prompt", "key"])
_HIT = frozenset(["frame", "seconds", "kind", "name", "weight", "weight_at", "wish", "at", "outcome", "place"])
_REST = frozenset(["start", "end", "name"])


def strangers(sheet: dict[str, Any]) -> list[str]:
    """A line for each key that no reader knows, with the one that may be meant. `sheet` was read without fault.

    Keys that start with `_` or `$` are somebody's own notes.
    """
    found = [
        f"{path}: '{key:.40}' is no key of a cue sheet and was ignored{_meant(key, known)}"
        for path, value, known in _objects(sheet)
        for key in value
        if key not in known and key[:1] not in ("_", "$")
    ]
    more = len(found) - MOST
    return [*found[:MOST], f"{more} more keys are none of a cue sheet"] if more > 0 else found


def _objects(sheet: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], frozenset[str]]]:
    yield "the cue sheet", sheet, _SHEET
    for number, board in enumerate(sheet["storyboards"]):
        yield f"storyboards[{number}]", board, _BOARD
        yield f"storyboards[{number}].brief", board.get("brief", {}), _BRIEF
    for number, hit in enumerate(sheet.get("hits", [])):
        yield f"hits[{number}]", hit, _HIT
    for number, rest in enumerate(sheet.get("rests", [])):
        yield f"rests[{number}]", rest, _REST


def _meant(key: str, known: frozenset[str]) -> str:
    near = get_close_matches(key.lower(), sorted(known), 1, 0.6)
    return f"; '{near[0]}' may be meant" if near else ""
