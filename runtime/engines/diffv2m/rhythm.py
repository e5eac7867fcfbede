"""The rhythm that the plan asks for: its hits as accents, its beats as weaker ones, silence in its rests.

A model of this kind is taught the onsets of finished music, each as strong as it stands out, 1 being a strong accent
and `usual` an ordinary one. Beats are as strong as the energy there says; where the brief is dense, something begins
between them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...cues import beats, form
from ...cues.sheet import CueSheet, Storyboard

Array = NDArray[np.float32]
Floats = NDArray[np.float64]
Span = tuple[float, float]

DENSE = 0.5  # the density of a brief from which something begins between two beats
BETWEEN = 0.7  # of an ordinary accent: what begins there
LOUDEST = 0.9  # of a strong accent: the strongest beat that is no hit
CURVE = 0.6  # how much of the energy the curve says; the rest says the brief
SAME = 0.06  # seconds within which a beat and a hit are one accent, the hit's
NEAR, CLEAR = 0.1, 0.2  # seconds from a planned onset up to which, and from which on, a predicted rhythm is heard


@dataclass(frozen=True)
class Planned:
    """Onsets in seconds of the piece, rising, with strengths from 0 to 1; `hits` says which of them are hits.

    In `silences`, and nowhere else, nothing may sound.
    """

    times: Floats
    strengths: Array
    hits: NDArray[np.bool_]
    silences: tuple[Span, ...]


def planned(sheet: CueSheet, usual: float) -> Planned:
    """Seconds are counted from where the first storyboard starts. The sheet has a storyboard or more."""
    begin = sheet.seconds(sheet.storyboards[0].start)
    silences = silences_of(sheet)
    wanted = [hit for hit in sheet.hits if hit.weight > 0]
    accents = [(sheet.seconds(hit.frame) - begin, usual + (1 - usual) * hit.weight, True) for hit in wanted]
    moments = np.array([at for at, _, _ in accents])
    for board in sheet.storyboards:
        for at, strength in _pulse(sheet, board, usual):
            if not len(moments) or np.abs(moments - (at - begin)).min() > SAME:
                accents.append((at - begin, strength, False))
    kept = sorted(one for one in accents if not any(start <= one[0] < end for start, end in silences))
    return Planned(
        np.array([at for at, _, _ in kept]),
        np.array([strength for _, strength, _ in kept], np.float32),
        np.array([hit for _, _, hit in kept], np.bool_),
        silences,
    )


def silences_of(sheet: CueSheet) -> tuple[Span, ...]:
    """Rests, and where no storyboard is, in seconds from where the first one starts."""
    begin = sheet.seconds(sheet.storyboards[0].start)
    boards = sheet.storyboards
    gaps = [(one.end, two.start) for one, two in pairwise(boards) if one.end < two.start]
    spans = sorted([*gaps, *((rest.start, rest.end) for rest in sheet.rests)])
    return tuple((sheet.seconds(start) - begin, sheet.seconds(end) - begin) for start, end in spans)


def within(spans: tuple[Span, ...], times: Floats) -> NDArray[np.bool_]:
    """Which of the times lie in a span."""
    found = np.zeros(len(times), np.bool_)
    for start, end in spans:
        found |= (times >= start) & (times < end)
    return found


def silent_around(onsets: Floats, times: Floats) -> Array:
    """How far, from 0 to 1, the plan is silent at each of the times: not at all close to one of its onsets."""
    if not len(onsets):
        return np.ones(len(times), np.float32)
    after = np.clip(np.searchsorted(onsets, times), 1, max(1, len(onsets) - 1))
    later = np.abs(onsets[np.minimum(after, len(onsets) - 1)] - times)
    distance = np.minimum(np.abs(onsets[after - 1] - times), later)
    return np.clip((distance - NEAR) / (CLEAR - NEAR), 0, 1).astype(np.float32)


def _pulse(sheet: CueSheet, board: Storyboard, usual: float) -> list[tuple[float, float]]:
    """A storyboard's beats, and where it is dense what lies between them."""
    laid = [beat for beat in beats.laid(board, sheet.rate) if beat < sheet.seconds(board.end)]
    found = [(beat, min(LOUDEST, usual * (0.7 + 0.6 * _energy(sheet, board, beat)))) for beat in laid]
    more = (board.brief.density - DENSE) / (1 - DENSE)
    if more > 0:
        between = BETWEEN * usual * (0.5 + 0.5 * more)
        found += [((one + two) / 2, between) for one, two in pairwise(laid)]
    return found


def _energy(sheet: CueSheet, board: Storyboard, seconds: float) -> float:
    """The piece's curve, drawn towards what the brief says, so that either can be changed."""
    frame = min(max(seconds * float(sheet.rate.fps), board.start), board.end - 1)
    curve = form.at(sheet.energy, frame)
    energy = board.brief.energy
    return min(1.0, max(0.0, energy if curve is None else CURVE * curve + (1 - CURVE) * energy))
