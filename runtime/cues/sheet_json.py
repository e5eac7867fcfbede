"""The cue sheet as JSON that a person may edit: written plainly, read with suspicion by `sheet_read`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..edit import Edit
from ..errors import InputError
from .sheet import SCHEMA, CueSheet
from .sheet_read import from_json as from_json

MAX_BYTES = 256 * 1024 * 1024
ROWS = frozenset({"hits", "rests", "shots", "markers"})  # lists whose entries stand on a line each
POINTS_A_LINE = 8


def to_json(sheet: CueSheet) -> dict[str, Any]:
    """Plain data. `name_at` is the name that a storyboard had first: by it its music is
    chosen. `beats_at`, `bars_at`, `energy_at` and a hit's `weight_at` are the tempo, the metre, the brief's energy and
    the weight that beats, bars and curve were made for: where a person changes one of these, they no longer agree, and reading makes them anew.
    """
    return {
        "schema": SCHEMA,
        "name": sheet.name,
        "rate": str(sheet.rate),
        "drop_frame": sheet.drop_frame,
        "start_frame": sheet.start_frame,
        "frames": sheet.frames,
        "storyboards": [
            {
                "name": board.name,
                "name_at": board.origin or board.name,
                "start": board.start,
                "end": board.end,
                "role": board.role,
                "tempo": board.tempo,
                "beats_at": board.tempo,
                "metre": board.metre,
                "bars_at": board.metre,
                "energy_at": board.brief.energy,
                "locked": board.locked,
                "brief": {
                    "valence": board.brief.valence,
                    "energy": board.brief.energy,
                    "density": board.brief.density,
                    "style": board.brief.style,
                    "prompt": board.brief.prompt,
                    "key": board.brief.key,
                },
                "beats": [round(beat, 6) for beat in board.beats],
                "bars": list(board.bars),
            }
            for board in sheet.storyboards
        ],
        "hits": [
            {
                "frame": hit.frame,
                "seconds": round(sheet.seconds(hit.frame), 6),
                "kind": hit.kind,
                "name": hit.name,
                "weight": hit.weight,
                "weight_at": hit.weight,
                "wish": hit.wish,
                "at": None if hit.at is None else round(hit.at, 6),
                "outcome": hit.outcome,
                "place": hit.place,
            }
            for hit in sheet.hits
        ],
        "energy": [[frame, energy] for frame, energy in sheet.energy],
        "rests": [{"start": rest.start, "end": rest.end, "name": rest.name} for rest in sheet.rests],
        "shots": [
            {"start": r.start, "end": r.end, "name": r.name, "media": r.media, "at": r.at, "speed": r.speed}
            for r in sheet.shots
        ],
        "markers": [{"frame": marker.frame, "name": marker.name} for marker in sheet.markers],
        "warnings": list(sheet.warnings),
    }


def dumps(sheet: CueSheet) -> str:
    """The file's text: a key a line; beats and bars on one line, a hit, a rest or a shot on one; a newline at the end."""
    return _laid_out("", to_json(sheet), "") + "\n"


def _laid_out(key: str, value: Any, margin: str) -> str:
    inner = margin + " "
    if isinstance(value, dict):
        return _lines("{", (f"{_plain(k)}: {_laid_out(k, v, inner)}" for k, v in value.items()), "}", margin)
    if key == "storyboards" and value:
        return _lines("[", (_laid_out("", entry, inner) for entry in value), "]", margin)
    if key in ROWS and value:
        return _lines("[", (_plain(entry) for entry in value), "]", margin)
    if key == "energy" and isinstance(value, list) and value:
        few = (value[n : n + POINTS_A_LINE] for n in range(0, len(value), POINTS_A_LINE))
        return _lines("[", (_plain(points)[1:-1] for points in few), "]", margin)
    return _plain(value)


def _lines(first: str, entries: Iterable[str], last: str, margin: str) -> str:
    joined = f",\n{margin} ".join(entries)
    return f"{first}\n{margin} {joined}\n{margin}{last}"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def digest(sheet: CueSheet) -> str:
    """SHA-256 in hex of the canonical JSON: equal sheets, equal digest."""
    text = json.dumps(to_json(sheet), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def loads(text: str, edit: Edit | None = None) -> CueSheet:
    """Raises InputError, with the line where the text is not JSON."""
    try:
        obj = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"line {error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a cue sheet: {error}") from None
    return from_json(obj, edit)


def read(path: str | Path, edit: Edit | None = None) -> CueSheet:
    """Raises InputError naming the file."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"{path}: cannot be read: {reason}") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"{path}: is too large for a cue sheet")
    try:
        return loads(raw.decode("utf-8-sig"), edit)
    except UnicodeDecodeError:
        raise InputError(f"{path}: not JSON: the file is not UTF-8 text") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON has")
