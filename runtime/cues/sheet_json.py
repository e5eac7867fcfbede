"""The cue sheet as JSON that a person may edit: written plainly, read with suspicion."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast, get_args

from ..errors import InputError
from ..rate import Rate
from .beats import lay, meet
from .place import Place, shown
from .sheet import SCHEMA, Brief, CueSheet, Hit, HitKind, Outcome, Storyboard, outcome

MAX_BYTES = 256 * 1024 * 1024
MAX_HOURS = 48
MAX_STORYBOARDS, MAX_HITS, MAX_BEATS, MAX_WARNINGS = 20_000, 500_000, 1_000_000, 100_000
MAX_METRE = 16
SLOWEST, FASTEST = 30, 300  # bpm that a person may ask for
FIT = 0.01  # how far the mean beat may be from the tempo before beats are laid anew
MICROSECOND = 1.5e-6

_NUMBERS = re.compile(r"\[\n\s*([-+.\deE,\s]+?)\s*\]")
_RATE = re.compile(r"\d{1,9}(\.\d{1,9}|/\d{1,9})?")


def to_json(sheet: CueSheet) -> dict[str, Any]:
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
                "start": board.start,
                "end": board.end,
                "tempo": board.tempo,
                "metre": board.metre,
                "brief": {
                    "valence": board.brief.valence,
                    "energy": board.brief.energy,
                    "density": board.brief.density,
                    "style": board.brief.style,
                    "prompt": board.brief.prompt,
                },
                "locked": board.locked,
                "beats": [round(beat, 6) for beat in board.beats],
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
                "at": None if hit.at is None else round(hit.at, 6),
                "outcome": hit.outcome,
            }
            for hit in sheet.hits
        ],
        "warnings": list(sheet.warnings),
    }


def from_json(obj: object) -> CueSheet:
    """The sheet that `obj` says. Raises InputError naming the first place that is wrong.

    Unknown keys are ignored. Beats that are left out, or no longer fit the tempo or the length, are laid anew from
    the storyboard's start; outcomes always follow from the frames and beats.
    """
    top = Place("", obj).check_object()
    if top.value.get("schema") != SCHEMA:
        raise InputError(f"schema: must be '{SCHEMA}', not {shown(top.value.get('schema'))}")
    rate = _rate(top.at("rate"))
    frames = top.at("frames").whole(1, int(rate.fps * 3600 * MAX_HOURS))
    read = [_storyboard(place, rate, frames) for place in top.at("storyboards").items(MAX_STORYBOARDS)]
    for index, ((before, _), (after, _)) in enumerate(pairwise(read), start=1):
        if after.start < before.end:
            raise InputError(
                f"storyboards[{index}].start: frame {after.start} lies before the end of the storyboard before it "
                f"({before.end}); storyboards follow each other without overlap"
            )
    storyboards = tuple(board for board, _ in read)
    places = top.at("hits", []).items(MAX_HITS)
    wanted = [_hit(place, rate, frames) for place in places]
    relaid = [board for board, anew in read if anew]
    return CueSheet(
        name=top.at("name", "").text(),
        rate=rate,
        frames=frames,
        start_frame=top.at("start_frame", 0).whole(-(10**9), 10**9),
        drop_frame=top.at("drop_frame", False).flag(),
        storyboards=storyboards,
        hits=_met(wanted, places, storyboards, relaid, rate),
        warnings=tuple(place.text() for place in top.at("warnings", []).items(MAX_WARNINGS)),
    )


def dumps(sheet: CueSheet) -> str:
    """The file's text: a key a line, beats on one line, a newline at the end."""
    text = json.dumps(to_json(sheet), indent=1, ensure_ascii=False, allow_nan=False)
    # A line break inside a JSON string is escaped, so that only real lists match.
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def digest(sheet: CueSheet) -> str:
    """SHA-256 in hex of the canonical JSON: equal sheets, equal digest."""
    text = json.dumps(to_json(sheet), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def loads(text: str) -> CueSheet:
    """Raises InputError, with the line where the text is not JSON."""
    try:
        obj = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"line {error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a cue sheet: {error}") from None
    return from_json(obj)


def read(path: str | Path) -> CueSheet:
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
        return loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not JSON: the file is not UTF-8 text") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON has")


def _rate(place: Place) -> Rate:
    value = place.value
    text = value if isinstance(value, str) else "" if isinstance(value, bool) else shown(value)
    try:
        rate = Rate.of(text) if _RATE.fullmatch(text) else None
    except ValueError:
        rate = None
    if rate is None or not 1 <= rate.fps <= 1000:
        raise place.wrong("a frame rate from 1 to 1000 such as 25 or 24000/1001")
    return rate


def _storyboard(place: Place, rate: Rate, frames: int) -> tuple[Storyboard, bool]:
    """The storyboard, and whether its beats are other than those listed."""
    place.check_object()
    start = place.at("start").whole(0, frames - 1)
    end = place.at("end").whole(start + 1, frames)
    brief = place.at("brief", {}).check_object()
    style = Brief()
    board = Storyboard(
        name=place.at("name").text(),
        start=start,
        end=end,
        tempo=place.at("tempo").number(SLOWEST, FASTEST),
        metre=place.at("metre", 4).whole(1, MAX_METRE),
        brief=Brief(
            valence=brief.at("valence", style.valence).number(-1, 1),
            energy=brief.at("energy", style.energy).number(0, 1),
            density=brief.at("density", style.density).number(0, 1),
            style=brief.at("style", style.style).text(),
            prompt=brief.at("prompt", style.prompt).text(),
        ),
        locked=place.at("locked", False).flag(),
    )
    first, last = float(rate.seconds(start)), float(rate.seconds(end))
    beats = _beats(place.at("beats", []), first, last)
    anew = not _fit(beats, first, last, board.tempo)
    return replace(board, beats=lay(first, last, board.tempo) if anew else beats), anew


def _beats(place: Place, start: float, end: float) -> tuple[float, ...]:
    beats: list[float] = []
    for item in place.items(MAX_BEATS):
        beat = item.number(0, MAX_HOURS * 3600)
        if not start - MICROSECOND <= beat < end + MICROSECOND:
            raise InputError(
                f"{item.path}: {beat} s lies outside its storyboard ({start:.3f} to {end:.3f} s); "
                "leave beats out to have them laid anew"
            )
        if beats and beat <= beats[-1]:
            raise InputError(f"{item.path}: beats must rise, {beat} comes after {beats[-1]}")
        beats.append(beat)
    return tuple(beats)


def _fit(beats: tuple[float, ...], start: float, end: float, tempo: float) -> bool:
    """Whether the beats are of this tempo and reach, but for a beat or two, from start to end."""
    beat = 60.0 / tempo
    if not beats or beats[0] - start > 2 * beat or end - beats[-1] > 2 * beat:
        return False
    spacing = (beats[-1] - beats[0]) / max(1, len(beats) - 1)
    return len(beats) == 1 or abs(spacing - beat) <= FIT * beat


def _hit(place: Place, rate: Rate, frames: int) -> Hit:
    place.check_object()
    frame = place.at("frame").whole(0, frames - 1)
    seconds = place.at("seconds", None)
    exact = float(rate.seconds(frame))
    if seconds.value is not None and abs(seconds.number(0, 1e9) - exact) > float(rate.seconds(1)) / 2:
        raise InputError(
            f"{seconds.path}: {shown(seconds.value)} is not where frame {frame} lies ({exact:.6f}); "
            "the frame counts: correct it, and leave seconds out"
        )
    at = place.at("at", None)
    place.at("outcome", "missed").choice(get_args(Outcome))
    return Hit(
        frame=frame,
        kind=cast(HitKind, place.at("kind", "cut").choice(get_args(HitKind))),
        name=place.at("name", "").text(),
        weight=place.at("weight", 0.5).number(0, 1),
        at=None if at.value is None else at.number(0, MAX_HOURS * 3600),
    )


def _met(
    hits: list[Hit], places: list[Place], storyboards: tuple[Storyboard, ...], relaid: list[Storyboard], rate: Rate
) -> tuple[Hit, ...]:
    """What the sheet says of where a hit is met is kept where it can still be true."""
    kept = []
    for hit, place, on_beat in zip(hits, places, meet(hits, storyboards, rate), strict=True):
        asked = float(rate.seconds(hit.frame))
        stale = "at" not in place.value or any(_meets(board, hit, rate) for board in relaid)
        if hit.at is not None and on_beat.at is not None:
            stale = stale or abs(on_beat.at - asked) < abs(hit.at - asked)
        met = on_beat.at if stale else hit.at
        kept.append(replace(hit, at=met, outcome=outcome(asked, met, rate)))
    return tuple(kept)


def _meets(board: Storyboard, hit: Hit, rate: Rate) -> bool:
    if board.start <= hit.frame < board.end:
        return True
    return hit.at is not None and board.start <= rate.frame_at(hit.at) <= board.end
