"""Spotting: what each storyboard asks for, which moments the music must meet, and the tempo map that meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..edit import Edit
from ..errors import NothingToScore
from ..picture.asked import picture
from ..picture.look import Seen
from ..picture.mood import cuts_a_second, pace
from ..picture.storyboards import Board, storyboards
from ..progress import Progress, silent
from . import form, markers
from .beats import meet
from .known import known_markers, known_shots
from .laying import FASTEST, SLOWEST, TEMPI, Span, bars, beats, worths
from .laying import spans as spans_of
from .remarks import remarks
from .sheet import Brief, CueSheet, Hit, Rest, Storyboard
from .weights import ACCENT_WEIGHT, STORYBOARD_WEIGHT, cut_weight

LIKED = (86.0, 136.0)  # bpm that energies of 0 and of 1 like best
# Of a storyboard's hits, for a tempo an octave away from the one it likes: little near it, much far away, where the
# music would be heard at half or twice its tempo.
TEMPO_PULL, FAR_PULL = 0.25, 0.8
CHANGE_PULL = 0.8  # the same for a tempo an octave away from the storyboard before
CHANGE = 0.03  # and for any other tempo at all
INSET = 0.2  # of the tempi of a style, at either end


@dataclass(frozen=True)
class Wishes:
    """What a person wants of the spotting: `colours` of markers that are hits (all where empty), frames without music,
    and the slowest and the fastest tempo. `style` is what all storyboards are played in, `liked` the tempi that suit the
    calmest and the busiest of them.
    """

    colours: tuple[str, ...] = ()
    rests: tuple[Rest, ...] = ()
    slowest: float = SLOWEST
    fastest: float = FASTEST
    style: str = Brief.style
    liked: tuple[float, float] = LIKED

    def in_style(self, name: str, tempi: tuple[float, float]) -> Wishes:
        """The same, in a style whose `tempi` are its slowest and its fastest: these suit nothing but extremes."""
        low, high = tempi
        inset = INSET * (high - low)
        return replace(self, style=name, liked=(low + inset, high - inset))


def plan(
    edit: Edit,
    seen: Seen | None = None,
    *,
    boards: Sequence[Board] | None = None,
    wishes: Wishes = Wishes(),
    progress: Progress = silent,
) -> CueSheet:
    """The cue sheet for an edit. Raises NothingToScore where there is no picture.

    `seen` is the edit's parsed picture. `boards` are the storyboards, where somebody has them already.
    """
    _check(edit)
    warnings: list[str] = []
    if boards is None:
        boards, told = storyboards(edit, seen)
        warnings += told
    if not boards:
        raise NothingToScore(f"'{edit.name}' has no storyboards: there is nothing to score")
    start, end = boards[0].start, boards[-1].end
    said = markers.asked(edit, [board.start for board in boards], start, end, wishes.colours)
    warnings += said.warnings
    rests = markers.joined([*said.rests, *wishes.rests], start, end)
    hits = _hits(edit, boards, said.hits, rests)
    warnings += _silenced(edit, said.hits, rests)
    if wishes.colours and not said.hits:
        warnings.append(f"no marker has the colour {' or '.join(wishes.colours)}: no marker is a hit")
    spans = spans_of(boards, hits, edit.rate)
    briefs = [replace(brief, style=wishes.style) for brief in _briefs(edit, boards)]
    seconds = [(edit.seconds(board.start), edit.seconds(board.end)) for board in boards]
    parts = form.roles(seconds, briefs)
    keys = form.keys(briefs, parts)
    tempi = _tempi(spans, briefs, wishes, progress)
    planned: list[Storyboard] = []
    for board, span, brief, part, key, tempo in zip(boards, spans, briefs, parts, keys, tempi, strict=True):
        laid = beats(span, tempo)
        metre, lengths = bars(span, laid)
        planned.append(
            Storyboard(
                board.name, board.start, board.end, tempo, metre, laid, replace(brief, key=key), bars=lengths, role=part
            )
        )
    met = meet(hits, planned, edit.rate)
    warnings += remarks(edit, planned, met)
    if (wishes.slowest, wishes.fastest) != (SLOWEST, FASTEST):
        warnings += _unreached(met, wishes)
    return CueSheet(
        name=edit.name,
        rate=edit.rate,
        frames=edit.frames,
        start_frame=edit.start_frame,
        drop_frame=edit.drop_frame,
        storyboards=tuple(planned),
        hits=met,
        warnings=tuple(dict.fromkeys(warnings)),
        energy=form.energy(edit, seen, [(board.start, board.end) for board in boards], briefs, parts),
        rests=tuple(rests),
        shots=known_shots(edit),
        markers=known_markers(edit),
    )


def _check(edit: Edit) -> None:
    if edit.frames <= 0:
        raise NothingToScore(f"'{edit.name}' has no length: there is nothing to score")
    if edit.picture_start is None or edit.picture_end is None:
        raise NothingToScore(f"'{edit.name}' has no visible picture: there is nothing to score")
    if picture(edit) is None:
        raise NothingToScore(f"'{edit.name}' has a picture without length: there is nothing to score")


def _hits(edit: Edit, boards: Sequence[Board], asked: Sequence[Hit], rests: Sequence[Rest]) -> list[Hit]:
    """One hit a frame, rising: the heaviest wish wins and the names of all are kept. Where music is silent is none."""
    start, end = boards[0].start, boards[-1].end
    wishes = [Hit(board.start, "storyboard", board.name, STORYBOARD_WEIGHT) for board in boards]
    wishes += asked
    wishes += [Hit(c.frame, "cut", "", cut_weight(c)) for c in edit.cuts if start <= c.frame < end]
    # Where the music comes back there is something to come back to.
    wishes += [Hit(rest.end, "marker", "music", ACCENT_WEIGHT) for rest in rests if rest.end < end]
    hits: dict[int, Hit] = {}
    for wish in sorted(wishes, key=lambda hit: (hit.frame, -hit.weight)):
        heaviest = hits.setdefault(wish.frame, wish)
        if wish.name and wish.name not in heaviest.name.split(" / "):
            named = f"{heaviest.name} / {wish.name}" if heaviest.name else wish.name
            hits[wish.frame] = replace(heaviest, name=named)
        if wish.wish and not hits[wish.frame].wish:
            hits[wish.frame] = replace(hits[wish.frame], wish=wish.wish)
    silent = [(rest.start, rest.end) for rest in rests]
    return [
        hit
        for hit in hits.values()
        if hit.kind == "storyboard" or not any(first <= hit.frame < last for first, last in silent)
    ]


def _silenced(edit: Edit, asked: Sequence[Hit], rests: Sequence[Rest]) -> list[str]:
    """The markers that ask for a hit where no music sounds."""
    lost = [hit for hit in asked if any(rest.start <= hit.frame < rest.end for rest in rests)]
    named = ", ".join(f"'{hit.name}' at {edit.timecode(hit.frame)}" for hit in lost[:3])
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    return [f"markers in a silence are no hits: {named}{more}"] if lost else []


def _briefs(edit: Edit, boards: Sequence[Board]) -> list[Brief]:
    rates = cuts_a_second(edit, [(board.start, board.end) for board in boards])
    return [
        Brief(valence=board.mood.valence, energy=board.mood.energy, density=pace(rate), prompt=board.words)
        for board, rate in zip(boards, rates, strict=True)
    ]


def _tempi(spans: Sequence[Span], briefs: Sequence[Brief], wishes: Wishes, progress: Progress) -> list[float]:
    """The tempo of each storyboard: the best row of tempi, by what each lands and by how far it is from the one before
    and from what the mood likes. An exact dynamic programme over the storyboards.
    """
    choices = [tempo for tempo in TEMPI if wishes.slowest <= tempo <= wishes.fastest]
    if not choices:
        choices = [round((wishes.slowest + wishes.fastest) / 2, 2)]
    octaves = np.log2(choices)
    apart = np.abs(octaves[:, None] - octaves)
    best, came = np.zeros(len(choices)), []
    for index, (span, brief) in enumerate(zip(spans, briefs, strict=True)):
        progress(index / len(spans), "spotting")
        weight = sum(hit.weight for hit in span.hits) + 1.0
        liked = wishes.liked[0] + (wishes.liked[1] - wishes.liked[0]) * brief.energy
        value = np.array(worths(span, choices)) - _distaste(octaves - np.log2(liked))
        ways = best[:, None] - weight * (CHANGE_PULL * apart**2 + CHANGE * (apart > 0)) * (index > 0)
        came.append(np.round(ways, 9).argmax(axis=0))
        best = ways.max(axis=0) + weight * value
    progress(1.0, "spotting")
    at = int(np.round(best, 9).argmax())
    row = [at]
    for back in reversed(came[1:]):
        at = int(back[at])
        row.append(at)
    return [choices[at] for at in reversed(row)]


def _distaste(octaves: NDArray[np.float64]) -> NDArray[np.float64]:
    return TEMPO_PULL * octaves**2 + FAR_PULL * octaves**4


def _unreached(hits: Sequence[Hit], wishes: Wishes) -> list[str]:
    """What the tempi that somebody asked for leave off the beats."""
    off = sum(hit.place not in ("downbeat", "beat") for hit in hits if hit.weight > 0)
    if not off:
        return []
    tempi = f"{wishes.slowest:g}" if wishes.slowest == wishes.fastest else f"{wishes.slowest:g} to {wishes.fastest:g}"
    return [f"at {tempi} beats a minute {off} of {len(hits)} hits fall off the beats"]
