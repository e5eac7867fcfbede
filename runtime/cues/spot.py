"""Spotting: where storyboards begin, which moments the music must meet, and the tempo that meets most of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..edit import Cut, Edit, Marker
from ..errors import NothingToScore
from ..rate import Rate
from .beats import lay, meet
from .sheet import NEAR_SECONDS, Brief, CueSheet, Hit, Storyboard

SLOWEST, FASTEST, STEP = 84.0, 144.0, 0.25  # bpm
USUAL_TEMPO = 110.0
GAP_SECONDS = 1  # black at least this long parts two storyboards
NEAR_CREDIT = 0.4  # what a near hit counts beside a landed one
TEMPO_PULL = 0.05  # of all hits' weight, given up for each octave away from the tempo before

STORYBOARD_WEIGHT, MARKER_WEIGHT, CUT_WEIGHT, DISSOLVE_WEIGHT, OVERLAY_WEIGHT = 1.0, 0.8, 0.5, 0.4, 0.2

_STORYBOARD = re.compile(r"^\s*storyboard\s*:[^\S\n]*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)


def plan(edit: Edit) -> CueSheet:
    """A plain cue sheet: one tempo a storyboard. Raises NothingToScore where there is no picture."""
    start, end, warnings = _picture(edit)
    starts = _starts(edit, start, end, warnings)
    names = _names(starts.values(), warnings)
    hits = _hits(edit, dict(zip(starts, names, strict=True)), end, warnings)
    bounds = [*starts, end]
    hit_frames = [hit.frame for hit in hits]
    cut_frames = sorted(cut.frame for cut in edit.cuts if not cut.maybe_overlay)
    storyboards: list[Storyboard] = []
    tempo = USUAL_TEMPO
    for name, (first, last) in zip(names, pairwise(bounds), strict=True):
        inside = hits[bisect_left(hit_frames, first) : bisect_left(hit_frames, last)]
        cuts = bisect_left(cut_frames, last) - bisect_left(cut_frames, first + 1)
        tempo = _tempo(inside, first, edit.rate, tempo)
        beats = lay(edit.seconds(first), edit.seconds(last), tempo)
        if edit.seconds(last) - edit.seconds(first) < 60 / tempo:
            warnings.append(f"storyboard '{name}' at {edit.timecode(first)} is shorter than a beat: it gets one")
        brief = _brief(cuts / edit.seconds(last - first))
        storyboards.append(Storyboard(name, first, last, tempo, beats=beats, brief=brief))
    return CueSheet(
        name=edit.name,
        rate=edit.rate,
        frames=edit.frames,
        start_frame=edit.start_frame,
        drop_frame=edit.drop_frame,
        storyboards=tuple(storyboards),
        hits=meet(hits, storyboards, edit.rate),
        warnings=tuple(warnings),
    )


def _picture(edit: Edit) -> tuple[int, int, list[str]]:
    if edit.frames <= 0:
        raise NothingToScore(f"'{edit.name}' has no length: there is nothing to score")
    if edit.picture_start is None or edit.picture_end is None:
        raise NothingToScore(f"'{edit.name}' has no visible picture: there is nothing to score")
    start, end = max(0, edit.picture_start), min(edit.frames, edit.picture_end)
    if start >= end:
        raise NothingToScore(f"'{edit.name}' has a picture without length: there is nothing to score")
    warnings = []
    if (start, end) != (edit.picture_start, edit.picture_end):
        warnings.append("the picture reaches beyond the timeline; only what lies on the timeline is scored")
    return start, end, warnings


def _starts(edit: Edit, start: int, end: int, warnings: list[str]) -> dict[int, str]:
    """The frames on which storyboards start, rising, with the names that the editor gave ("" where none)."""
    starts: dict[int, str] = {}
    for marker in sorted((m for m in edit.markers if m.visible), key=lambda m: m.frame):
        name = _named(marker)
        if name is None:
            continue
        frame = max(start, marker.frame)
        if frame >= end:
            warnings.append(f"storyboard marker '{name}' at {edit.timecode(frame)} lies after the picture: ignored")
            continue
        if frame in starts:
            said = f"'{starts[frame]}' and '{name}'"
            warnings.append(f"two storyboard markers, {said}, start at {edit.timecode(frame)}: the last one counts")
        starts[frame] = name
    marked = sorted(starts)
    for black, picture in _gaps(edit.cuts):
        by_hand = bisect_left(marked, black) < bisect_left(marked, picture + 1)
        if not by_hand and start < picture < end and edit.rate.seconds(picture - black) >= GAP_SECONDS:
            starts[picture] = ""
    starts.setdefault(start, "")
    return dict(sorted(starts.items()))


def _gaps(cuts: Iterable[Cut]) -> list[tuple[int, int]]:
    """Stretches of black between two pieces of picture, [start, end) in frames."""
    gaps: list[tuple[int, int]] = []
    black: int | None = None
    for cut in sorted(cuts, key=lambda c: c.frame):
        if cut.kind == "from_black" and black is not None:
            gaps.append((black, cut.frame))
        if cut.kind in ("to_black", "from_black"):
            black = cut.frame if cut.kind == "to_black" else None
    return gaps


def _named(marker: Marker) -> str | None:
    found = _STORYBOARD.search(marker.name) or _STORYBOARD.search(marker.note)
    return found[1] if found else None


def _names(given: Iterable[str], warnings: list[str]) -> list[str]:
    """One name each, no two alike, so that a storyboard can be asked for by its name."""
    given = list(given)
    taken, names = {name for name in given if name}, []
    used: set[str] = set()
    for number, name in enumerate(given, start=1):
        wanted = name or f"Storyboard {number}"
        unique, copy = wanted, 2
        while unique in used or (unique in taken and unique != name):
            unique, copy = f"{wanted} ({copy})", copy + 1
        if name and unique != name:
            warnings.append(f"two storyboards are named '{name}': the later one is '{unique}'")
        used.add(unique)
        names.append(unique)
    return names


def _hits(edit: Edit, storyboards: dict[int, str], end: int, warnings: list[str]) -> list[Hit]:
    """One hit a frame, rising: the heaviest wish wins and the names of all are kept."""
    start = min(storyboards)
    wishes = [Hit(frame, "storyboard", name, STORYBOARD_WEIGHT) for frame, name in storyboards.items()]
    markers = [m for m in edit.markers if m.visible and _named(m) is None]
    inside = [m for m in markers if start <= m.frame < end]
    if len(inside) < len(markers):
        warnings.append(f"markers outside the picture are no hits: {len(markers) - len(inside)} left out")
    wishes += [Hit(m.frame, "marker", m.name.strip(), MARKER_WEIGHT) for m in inside]
    wishes += [Hit(c.frame, "cut", "", _cut_weight(c)) for c in edit.cuts if start <= c.frame < end]
    hits: dict[int, Hit] = {}
    for wish in sorted(wishes, key=lambda hit: (hit.frame, -hit.weight)):
        heaviest = hits.setdefault(wish.frame, wish)
        if wish.name and wish.name not in heaviest.name.split(" / "):
            named = f"{heaviest.name} / {wish.name}" if heaviest.name else wish.name
            hits[wish.frame] = replace(heaviest, name=named)
    return list(hits.values())


def _cut_weight(cut: Cut) -> float:
    if cut.maybe_overlay:
        return OVERLAY_WEIGHT
    return DISSOLVE_WEIGHT if cut.kind == "transition" else CUT_WEIGHT


def _tempo(hits: Sequence[Hit], start: int, rate: Rate, before: float) -> float:
    """The tempo on whose beats, counted from `start`, most of the hits' weight falls; near `before` where equal."""
    tempi = _tempi(rate)
    beat = 60.0 / tempi[:, None]
    half_frame = float(rate.seconds(1)) / 2 + 1e-6
    credit = np.zeros(tempi.size)
    for piece in range(0, len(hits), 4096):
        some = hits[piece : piece + 4096]
        moments = np.array([float(rate.seconds(hit.frame - start)) for hit in some])
        weights = np.array([hit.weight for hit in some])
        off = np.abs(moments - np.round(moments / beat) * beat)
        credit += np.where(off <= half_frame, 1.0, np.where(off <= NEAR_SECONDS, NEAR_CREDIT, 0.0)) @ weights
    total = sum(hit.weight for hit in hits) or 1.0
    pull = TEMPO_PULL * np.abs(np.log2(tempi / before))
    return float(tempi[np.argmax(np.round(credit / total - pull, 9))])


@lru_cache(maxsize=16)
def _tempi(rate: Rate) -> NDArray[np.float64]:
    """Tempi to try, in bpm: an even grid, and those whose beat is a whole number of half frames."""
    grid = np.arange(SLOWEST, FASTEST + STEP / 2, STEP)
    half_frames = 120.0 * float(rate.fps)
    on_frames = half_frames / np.arange(np.ceil(half_frames / FASTEST), np.floor(half_frames / SLOWEST) + 1)
    return np.unique(np.round(np.concatenate([grid, on_frames[:512]]), 6))


def _brief(cuts_a_second: float) -> Brief:
    """Faster cutting asks for more: 0.2 without a cut, 0.5 for shots of 3 s, 0.7 for shots of 1 s, below 0.9 always."""
    energy = round(0.2 + 0.7 * cuts_a_second / (cuts_a_second + 0.4), 3)
    return Brief(energy=energy, density=energy)
