"""The cue sheet as JSON that a person may edit: written plainly, read with suspicion."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, cast, get_args

from ..edit import Edit
from ..errors import InputError
from ..rate import FASTEST as MOST_RATE
from ..rate import SLOWEST as LEAST_RATE
from ..rate import Rate
from .agree import agree
from .beats import STUMBLE, lay, meet
from .place import Place, shown
from .sheet import SCHEMA, Brief, CueSheet, Hit, HitKind, Outcome, Storyboard, outcome

MAX_BYTES = 256 * 1024 * 1024
MAX_HOURS = 48
MAX_STORYBOARDS, MAX_HITS, MAX_BEATS, MAX_WARNINGS = 20_000, 500_000, 1_000_000, 100_000
MAX_METRE = 16
SLOWEST, FASTEST = 30, 300  # bpm that a person may ask for
FIT = 0.01  # how far the usual beat may be from the tempo before beats are laid anew
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


def from_json(obj: object, edit: Edit | None = None) -> CueSheet:
    """The sheet that `obj` says. Raises InputError naming the first place that is wrong.

    Unknown keys are ignored. Beats that are left out, or no longer fit the tempo or the length, are laid anew from
    the storyboard's start; outcomes always follow from the frames and beats. Storyboards may have been split, merged,
    moved and renamed: hits follow them, see `agree`, which knows more where `edit` is the edit that the sheet is for.
    """
    top = Place("", obj).check_object()
    if top.value.get("schema") != SCHEMA:
        raise InputError(f"schema: must be '{SCHEMA}', not {shown(top.value.get('schema'))}")
    rate = _rate(top.at("rate"))
    frames = top.at("frames").whole(1, int(rate.fps * 3600 * MAX_HOURS))
    boards = top.at("storyboards").items(MAX_STORYBOARDS)
    read = [_storyboard(place, rate, frames) for place in boards]
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
        hits=agree(_met(wanted, places, storyboards, relaid, rate), storyboards, rate, edit),
        warnings=tuple(
            dict.fromkeys(
                [place.text() for place in top.at("warnings", []).items(MAX_WARNINGS)] + [*_remarks(read, boards)]
            )
        ),
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


def _rate(place: Place) -> Rate:
    value = place.value
    text = value if isinstance(value, str) else "" if isinstance(value, bool) else shown(value)
    try:
        rate = Rate.of(text) if _RATE.fullmatch(text) else None
    except ValueError:
        rate = None
    if rate is None or not LEAST_RATE <= rate.fps <= MOST_RATE:
        raise place.wrong("a frame rate such as 25 or 24000/1001")
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
    listed = place.at("beats", [])
    beats = _beats(listed, first, last, board.tempo)
    if board.locked and beats:
        return replace(board, beats=beats, tempo=_tempo(beats, board.tempo)), len(beats) < len(listed.value)
    if not _fit(beats, first, last, board.tempo):
        return replace(board, beats=lay(first, last, board.tempo)), True
    return replace(board, beats=beats), len(beats) < len(listed.value)


def _remarks(read: Iterable[tuple[Storyboard, bool]], places: Iterable[Place]) -> Iterator[str]:
    """What a person who edited the sheet should know of what became of it."""
    for (board, _), place in zip(read, places, strict=True):
        listed, stated = len(place.at("beats", []).value), place.at("tempo").value
        if board.tempo != stated:
            yield f"'{board.name}' is locked: its beats are played as they stand, {board.tempo:.2f} a minute, not {stated:g}"
        elif listed and not board.locked and len(board.beats) != listed:
            yield f"'{board.name}': its beats did not fit its tempo and length and were laid anew; locked keeps them"


def _tempo(beats: tuple[float, ...], stated: float) -> float:
    """The tempo of beats that stand as they are: the one stated, if they usually keep it."""
    if len(beats) < 2:
        return stated
    usual = median(after - before for before, after in pairwise(beats))
    return stated if abs(usual - 60.0 / stated) <= FIT * 60.0 / stated else min(max(60.0 / usual, SLOWEST), FASTEST)


def _beats(place: Place, start: float, end: float, tempo: float) -> tuple[float, ...]:
    """The beats listed. Where they run on beyond the end, as in the first half of a split, they stop there; where they
    come before the start, as in its second half, none counts.
    """
    beats: list[float] = []
    for item in place.items(MAX_BEATS):
        beat = item.number(0, MAX_HOURS * 3600)
        if beats and beat <= beats[-1]:
            if beats[-1] >= end + MICROSECOND:
                raise InputError(
                    f"{place.path}[{len(beats) - 1}]: {beats[-1]} s lies outside its storyboard "
                    f"({start:.3f} to {end:.3f} s); leave beats out to have them laid anew"
                )
            raise InputError(f"{item.path}: beats must rise, {beat} comes after {beats[-1]}")
        beats.append(beat)
    if not beats or beats[0] < start - MICROSECOND:
        return ()
    inside = [beat for beat in beats if beat < end + MICROSECOND]
    if len(inside) < len(beats):
        stumbling = end - STUMBLE * 60.0 / tempo
        inside = inside[:1] + [beat for beat in inside[1:] if beat <= stumbling]
    return tuple(inside)


def _fit(beats: tuple[float, ...], start: float, end: float, tempo: float) -> bool:
    """Whether the beats are of this tempo and reach, but for a beat or two, from start to end."""
    beat = 60.0 / tempo
    if not beats or beats[0] - start > 2 * beat or end - beats[-1] > 2 * beat:
        return False
    # The usual distance, not the mean: a person may take a beat out.
    return len(beats) == 1 or abs(median(after - before for before, after in pairwise(beats)) - beat) <= FIT * beat


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
