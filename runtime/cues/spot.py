"""Spotting: what each storyboard asks for, which moments the music must meet, and the tempo that meets most of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..edit import Edit
from ..errors import NothingToScore
from ..picture.asked import asked_name, picture
from ..picture.look import Seen
from ..picture.mood import cuts_a_second, pace
from ..picture.storyboards import Board, storyboards
from ..rate import Rate
from .beats import lay, meet
from .sheet import NEAR_SECONDS, Brief, CueSheet, Hit, Storyboard
from .weights import MARKER_WEIGHT, STORYBOARD_WEIGHT, cut_weight

SLOWEST, FASTEST, STEP = 84.0, 144.0, 0.25  # bpm
USUAL_TEMPO = 110.0
NEAR_CREDIT = 0.4  # what a near hit counts beside a landed one
TEMPO_PULL = 0.05  # of all hits' weight, given up for each octave away from the tempo before


def plan(edit: Edit, seen: Seen | None = None, *, boards: Sequence[Board] | None = None) -> CueSheet:
    """A plain cue sheet: one tempo a storyboard. Raises NothingToScore where there is no picture.

    `seen` is the edit's parsed picture. `boards` are the storyboards, where somebody has them already.
    """
    _check(edit)
    warnings: list[str] = []
    if boards is None:
        boards, told = storyboards(edit, seen)
        warnings += told
    if not boards:
        raise NothingToScore(f"'{edit.name}' has no storyboards: there is nothing to score")
    hits = _hits(edit, {board.start: board.name for board in boards}, boards[-1].end, warnings)
    hit_frames = [hit.frame for hit in hits]
    planned: list[Storyboard] = []
    short: list[str] = []
    tempo = USUAL_TEMPO
    rates = cuts_a_second(edit, [(board.start, board.end) for board in boards])
    for board, rate in zip(boards, rates, strict=True):
        first, last = board.start, board.end
        inside = hits[bisect_left(hit_frames, first) : bisect_left(hit_frames, last)]
        tempo = _tempo(inside, first, edit.rate, tempo)
        beats = lay(edit.seconds(first), edit.seconds(last), tempo)
        if edit.seconds(last) - edit.seconds(first) < 60 / tempo:
            short.append(f"'{board.name}' at {edit.timecode(first)}")
        mood = board.mood
        brief = Brief(valence=mood.valence, energy=mood.energy, density=pace(rate), prompt=board.words)
        planned.append(Storyboard(board.name, first, last, tempo, beats=beats, brief=brief))
    if short:
        more = f" and {len(short) - 3} more" if len(short) > 3 else ""
        warnings.append(f"storyboards shorter than a beat get one: {', '.join(short[:3])}{more}")
    return CueSheet(
        name=edit.name,
        rate=edit.rate,
        frames=edit.frames,
        start_frame=edit.start_frame,
        drop_frame=edit.drop_frame,
        storyboards=tuple(planned),
        hits=meet(hits, planned, edit.rate),
        warnings=tuple(warnings),
    )


def _check(edit: Edit) -> None:
    if edit.frames <= 0:
        raise NothingToScore(f"'{edit.name}' has no length: there is nothing to score")
    if edit.picture_start is None or edit.picture_end is None:
        raise NothingToScore(f"'{edit.name}' has no visible picture: there is nothing to score")
    if picture(edit) is None:
        raise NothingToScore(f"'{edit.name}' has a picture without length: there is nothing to score")


def _hits(edit: Edit, storyboards: dict[int, str], end: int, warnings: list[str]) -> list[Hit]:
    """One hit a frame, rising: the heaviest wish wins and the names of all are kept."""
    start = min(storyboards)
    wishes = [Hit(frame, "storyboard", name, STORYBOARD_WEIGHT) for frame, name in storyboards.items()]
    # A clip's marker outside the part that plays is meant for other uses of the clip; a timeline's is meant for us.
    meant = [m for m in edit.markers if m.visible or m.source in ("timeline", "track")]
    markers = [m for m in meant if asked_name(m) is None]
    inside = [m for m in markers if start <= m.frame < end and m.visible]
    if len(inside) < len(markers):
        warnings.append(f"markers outside the picture are no hits: {len(markers) - len(inside)} left out")
    wishes += [Hit(m.frame, "marker", m.name.strip(), MARKER_WEIGHT) for m in inside]
    wishes += [Hit(c.frame, "cut", "", cut_weight(c)) for c in edit.cuts if start <= c.frame < end]
    hits: dict[int, Hit] = {}
    for wish in sorted(wishes, key=lambda hit: (hit.frame, -hit.weight)):
        heaviest = hits.setdefault(wish.frame, wish)
        if wish.name and wish.name not in heaviest.name.split(" / "):
            named = f"{heaviest.name} / {wish.name}" if heaviest.name else wish.name
            hits[wish.frame] = replace(heaviest, name=named)
    return list(hits.values())


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
