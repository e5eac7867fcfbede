"""A cue sheet from JSON that a person has edited: every value checked, beats and hits made to agree again."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import cast, get_args

from ..edit import Edit
from ..errors import InputError
from ..rate import FASTEST as MOST_RATE
from ..rate import SLOWEST as LEAST_RATE
from ..rate import Rate
from .agree import agree
from .beats import STUMBLE, meet
from .laying import spans
from .place import Place, shown
from .relay import barred, laid_anew
from .sheet import (
    SCHEMA,
    Brief,
    CueSheet,
    Hit,
    HitKind,
    KnownMarker,
    KnownShot,
    Outcome,
    Relation,
    Rest,
    Role,
    Storyboard,
    Wish,
)
from .sheet import Place as Beat
from .strangers import strangers

Points = tuple[tuple[int, float], ...]

MAX_HOURS = 48
MAX_STORYBOARDS, MAX_HITS, MAX_BEATS, MAX_WARNINGS = 20_000, 500_000, 1_000_000, 100_000
MAX_METRE = 16
SLOWEST, FASTEST = 30, 300  # bpm that a person may ask for
FIT = 0.09  # how far the usual beat may be from the tempo before beats are laid anew
MICROSECOND = 1.5e-6

_RATE = re.compile(r"\d{1,9}(\.\d{1,9}|/\d{1,9})?")


@dataclass(frozen=True)
class _Read:
    """A storyboard as it stands in the file. `anew`: its beats must be laid anew, because of `why`."""

    board: Storyboard
    anew: bool = False
    why: str = ""


def from_json(obj: object, edit: Edit | None = None) -> CueSheet:
    """The sheet that `obj` says. Raises InputError naming the first place that is wrong.

    Unknown keys are ignored, with a warning. Beats that are left out, or no longer fit the tempo or the length, are laid anew so that
    they meet the hits; places and outcomes always follow from the frames and beats. Storyboards may have been split, merged,
    moved and renamed: hits follow them, see `agree`, which knows more where `edit` is the edit that the sheet is for.
    """
    top = Place("", obj).check_object()
    if top.value.get("schema") != SCHEMA:
        raise InputError(f"schema: must be '{SCHEMA}', not {shown(top.value.get('schema'))}")
    rate = _rate(top.at("rate"))
    frames = top.at("frames").whole(1, int(rate.fps * 3600 * MAX_HOURS))
    found = [_storyboard(place, rate, frames) for place in top.at("storyboards").items(MAX_STORYBOARDS)]
    read = [each.board for each in found]
    for index, (before, after) in enumerate(pairwise(read), start=1):
        if after.start < before.end:
            raise InputError(
                f"storyboards[{index}].start: frame {after.start} lies before the end of the storyboard before it "
                f"({before.end}); storyboards follow each other without overlap"
            )
    hits = agree([_hit(place, rate, frames) for place in top.at("hits", []).items(MAX_HITS)], read, edit)
    inside = spans(read, hits, rate)
    changed = _changed(top.at("hits", []))
    found = [_weighed_anew(each, changed) for each in found]
    storyboards = tuple(
        laid_anew(each.board, span) if each.anew else barred(each.board, span)
        for each, span in zip(found, inside, strict=True)
    )
    warnings = [place.text() for place in top.at("warnings", []).items(MAX_WARNINGS)]
    return CueSheet(
        name=top.at("name", "").text(),
        rate=rate,
        frames=frames,
        start_frame=top.at("start_frame", 0).whole(-(10**9), 10**9),
        drop_frame=top.at("drop_frame", False).flag(),
        storyboards=storyboards,
        hits=meet(hits, storyboards, rate),
        warnings=tuple(dict.fromkeys([*warnings, *strangers(top.value), *_remarks(found)])),
        energy=_scaled(_energy(top.at("energy", []), frames), top.at("storyboards"), storyboards),
        rests=tuple(_rest(place, frames) for place in top.at("rests", []).items(MAX_STORYBOARDS)),
        shots=tuple(_shot(place, frames) for place in top.at("shots", []).items(MAX_HITS)),
        markers=tuple(_marker(place) for place in top.at("markers", []).items(MAX_HITS)),
    )


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


def _storyboard(place: Place, rate: Rate, frames: int) -> _Read:
    place.check_object()
    start = place.at("start").whole(0, frames - 1)
    end = place.at("end").whole(start + 1, frames)
    tempo = place.at("tempo").number(SLOWEST, FASTEST)
    metre = place.at("metre", 4).whole(1, MAX_METRE)
    bars = tuple(bar.whole(1, MAX_METRE) for bar in place.at("bars", []).items(MAX_BEATS))
    beats_at = place.at("beats_at", tempo).number(SLOWEST, FASTEST)
    bars_at = place.at("bars_at", metre).whole(1, MAX_METRE)
    first, last = float(rate.seconds(start)), float(rate.seconds(end))
    beats = _beats(place.at("beats", []), first, last, tempo)
    name = place.at("name").text()
    origin = place.at("name_at", name).text()
    board = Storyboard(
        name=name,
        start=start,
        end=end,
        tempo=tempo,
        metre=metre,
        beats=beats,
        brief=_brief(place.at("brief", {})),
        locked=place.at("locked", False).flag(),
        bars=_covering(bars, len(beats)) if bars_at == metre else (),
        role=cast(Role, place.at("role", "theme").choice(get_args(Role))),
        origin="" if origin == name else origin,
    )
    if not beats:
        listed = bool(place.at("beats", []).value)
        return _Read(board, True, "they began before it did" if listed else "")
    if board.locked:
        held = _tempo(beats, tempo)
        why = f"its beats are played as they stand, {held:.2f} a minute, not {tempo:g}" if held != tempo else ""
        return _Read(replace(board, tempo=held), False, why)
    if beats_at != tempo:
        return _Read(board, True, f"it now asks for {tempo:g} a minute")
    fits = _fit(beats, first, last, tempo)
    return _Read(board, not fits, "" if fits else "they did not fit its tempo and length")


def _weighed_anew(read: _Read, changed: Sequence[int]) -> _Read:
    """A storyboard with a hit that a person added or weighed anew is laid anew, unless it is locked."""
    board = read.board
    if read.anew or board.locked or bisect_left(changed, board.start) == bisect_left(changed, board.end):
        return read
    return _Read(replace(board, bars=()), True, "its hits were changed")


def _changed(hits: Place) -> list[int]:
    """The frames of hits that weigh other than when the beats were laid, rising. A sheet that does not say is as it was."""
    places = hits.items(MAX_HITS)
    if not any("weight_at" in place.value for place in places):
        return []
    weights = [
        (place.at("frame").value, place.at("weight", 0.5).value, place.value.get("weight_at")) for place in places
    ]
    return sorted(frame for frame, weight, laid in weights if weight != laid)


def _brief(place: Place) -> Brief:
    usual = Brief()
    place.check_object()
    return Brief(
        valence=place.at("valence", usual.valence).number(-1, 1),
        energy=place.at("energy", usual.energy).number(0, 1),
        density=place.at("density", usual.density).number(0, 1),
        style=place.at("style", usual.style).text(),
        prompt=place.at("prompt", usual.prompt).text(),
        key=cast(Relation, place.at("key", usual.key).choice(get_args(Relation))),
    )


def _remarks(found: Iterable[_Read]) -> Iterator[str]:
    """What a person who edited the sheet should know of what became of it."""
    for each in found:
        if each.why and each.anew:
            yield f"'{each.board.name}': its beats were laid anew: {each.why}; locked keeps beats"
        elif each.why:
            yield f"'{each.board.name}' is locked: {each.why}"


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


def _covering(bars: tuple[int, ...], beats: int) -> tuple[int, ...]:
    """The bars that have beats; where these end sooner than the bars do, the last one is cut off."""
    kept: list[int] = []
    for bar in bars:
        if beats <= 0:
            break
        kept.append(min(bar, beats))
        beats -= bar
    return tuple(kept)


def _fit(beats: tuple[float, ...], start: float, end: float, tempo: float) -> bool:
    """Whether the beats are of this tempo and reach, but for a beat or two, from start to end."""
    beat = 60.0 / tempo
    if beats[0] - start > 2 * beat or end - beats[-1] > 2 * beat:
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
    if at.value is not None:
        at.number(0, MAX_HOURS * 3600)
    place.at("outcome", "missed").choice(get_args(Outcome))
    place.at("place", "").choice(get_args(Beat))
    return Hit(
        frame=frame,
        kind=cast(HitKind, place.at("kind", "cut").choice(get_args(HitKind))),
        name=place.at("name", "").text(),
        weight=place.at("weight", 0.5).number(0, 1),
        wish=cast(Wish, place.at("wish", "").choice(get_args(Wish))),
    )


def _energy(places: Place, frames: int) -> Points:
    points: list[tuple[int, float]] = []
    for place in places.items(MAX_HITS):
        pair = place.items(2)
        if len(pair) != 2:
            raise place.wrong("a pair [frame, energy]")
        frame = pair[0].whole(0, frames)
        if points and frame <= points[-1][0]:
            raise InputError(f"{pair[0].path}: frames must rise, {frame} comes after {points[-1][0]}")
        points.append((frame, pair[1].number(0, 1)))
    return tuple(points)


def _scaled(points: Points, places: Place, boards: Sequence[Storyboard]) -> Points:
    """The curve, moved with the briefs whose energy is another than the one that it was drawn for."""
    factors = []
    for place, board in zip(places.items(MAX_STORYBOARDS), boards, strict=True):
        drawn = place.at("energy_at", board.brief.energy).number(0, 1)
        if drawn != board.brief.energy:
            factors.append((board.start, board.end, board.brief.energy / max(drawn, 0.02)))
    if not factors:
        return points
    moved = dict(points)
    for frame, energy in points:
        for start, end, factor in factors:
            if start <= frame < end:
                moved[frame] = round(min(1.0, energy * factor), 3)
    return tuple(sorted(moved.items()))


def _rest(place: Place, frames: int) -> Rest:
    start = place.check_object().at("start").whole(0, frames - 1)
    return Rest(start, place.at("end").whole(start + 1, frames), place.at("name", "").text())


def _shot(place: Place, frames: int) -> KnownShot:
    start = place.check_object().at("start").whole(0, frames - 1)
    at = place.at("at", None)
    return KnownShot(
        start,
        place.at("end").whole(start + 1, frames),
        place.at("name", "").text(),
        place.at("media", "").text(),
        None if at.value is None else at.number(-1e9, 1e9),
        place.at("speed", 1.0).number(-1e6, 1e6),
    )


def _marker(place: Place) -> KnownMarker:
    return KnownMarker(place.check_object().at("frame").whole(-(10**12), 10**12), place.at("name", "").text())
