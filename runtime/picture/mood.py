"""The mood of a stretch of an edit, from its light, colours, movement and cutting, with the reasons in plain words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..edit import Edit
from .look import Seen
from .spans import SCALARS, Numbers, scalars

# Valdez & Mehrabian 1994: pleasure = 0.69 brightness + 0.22 saturation. Warmth is ours, weaker: blue skies are glad too.
LIGHT_PULL, SATURATION_PULL, WARMTH_PULL = 0.69, 0.22, 0.2
USUAL_LIGHT, USUAL_SATURATION = 0.4, 0.35
# Hanjalic & Xu 2005: arousal follows movement and the rate of cuts.
PACE_PULL, MOTION_PULL = 0.55, 0.45
BUSY_CUTS = 0.4  # cuts a second that count half of the most
CALM, RANGE = 0.2, 0.7  # energy of nothing at all, and what the most adds
AGAINST_REST = 0.5  # how much a difference from the rest of the edit counts beside the thing itself


@dataclass(frozen=True)
class Mood:
    """Valence from -1 (dark) to 1 (bright), energy from 0 to 1, and what gave them, for a person to read."""

    valence: float = 0.0
    energy: float = 0.5
    reasons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"valence": self.valence, "energy": self.energy, "reasons": list(self.reasons)}


def pace(cuts_a_second: float) -> float:
    """From 0.2 to 0.9: 0.2 without a cut, 0.5 for shots of 3 s, 0.7 for shots of 1 s, below 0.9 always."""
    return round(CALM + RANGE * cuts_a_second / (cuts_a_second + BUSY_CUTS), 3)


def cuts_a_second(edit: Edit, spans: Iterable[tuple[int, int]]) -> list[float]:
    """For each span [start, end) of frames the cuts inside it; edges of titles are none."""
    frames = sorted(cut.frame for cut in edit.cuts if not cut.maybe_overlay)
    return [
        (bisect_left(frames, end) - bisect_left(frames, start + 1)) / edit.seconds(end - start) for start, end in spans
    ]


def moods(edit: Edit, seen: Seen | None, bounds: Sequence[int]) -> tuple[Mood, ...]:
    """A mood for each span between neighbouring `bounds`, in frames, beside the others.

    Without a picture the valence is 0 and the energy is the pace.
    """
    rates = cuts_a_second(edit, pairwise(bounds))
    if seen is None:
        unseen = "the picture was not looked at"
        return tuple(Mood(0.0, pace(rate), (_cutting(rate), unseen)) for rate in rates)
    looks, known = scalars(edit, seen, bounds)
    light, saturation, warmth, motion = (
        looks[:, SCALARS.index(k)] for k in ("light", "saturation", "warmth", "motion")
    )
    gladness = LIGHT_PULL * 2 * (light - USUAL_LIGHT) + SATURATION_PULL * 2 * (saturation - USUAL_SATURATION)
    gladness += WARMTH_PULL * warmth
    cutting = np.array(rates) / (np.array(rates) + BUSY_CUTS)
    bustle = PACE_PULL * cutting + MOTION_PULL * motion
    valence = np.clip(_beside_rest(gladness, known), -1, 1).round(3)
    energy = np.clip(CALM + RANGE * _beside_rest(bustle, known), 0, 1).round(3)
    rest = known @ looks / known.sum() if known.any() else np.zeros(len(SCALARS))
    alone = np.count_nonzero(known) < 2
    result = []
    for index, rate in enumerate(rates):
        if not known[index]:
            result.append(Mood(0.0, pace(rate), (_cutting(rate), "nothing of it could be seen")))
            continue
        reasons = (*_seeing(looks[index], looks[index] if alone else rest), _cutting(rate))
        result.append(Mood(float(valence[index]), float(energy[index]), reasons))
    return tuple(result)


def _beside_rest(values: Numbers, seconds: Numbers) -> Numbers:
    """Each value with its distance from the mean over all seconds seen."""
    if not seconds.any():
        return values
    rest = float(values @ seconds) / float(seconds.sum())
    return values + AGAINST_REST * (values - rest)


def _seeing(look: Numbers, rest: Numbers) -> list[str]:
    light, _, saturation, warmth, motion = look.tolist()
    reasons = [f"{_grade(light, 0.3, 0.55, 'dark', 'neither dark nor bright', 'bright')} ({light:.2f})"]
    if abs(warmth) >= 0.15:
        reasons.append("warm colours" if warmth > 0 else "cold colours")
    if not 0.12 <= saturation <= 0.55:
        reasons.append("pale colours" if saturation < 0.3 else "vivid colours")
    reasons.append(_grade(motion, 0.12, 0.4, "little movement", "some movement", "much movement"))
    other_light, other_motion = rest[SCALARS.index("light")], rest[SCALARS.index("motion")]
    if abs(light - other_light) >= 0.1:
        reasons.append(f"{'brighter' if light > other_light else 'darker'} than the rest")
    if abs(motion - other_motion) >= 0.1:
        reasons.append(f"{'more' if motion > other_motion else 'less'} movement than the rest")
    return reasons


def _grade(value: float, low: float, high: float, below: str, between: str, above: str) -> str:
    return below if value < low else above if value > high else between


def _cutting(rate: float) -> str:
    a_minute = round(rate * 60)
    if not rate:
        return "no cuts"
    words = _grade(a_minute, 8, 24, "few cuts", "a steady pace of cuts", "many cuts")
    return f"{words}: {a_minute} a minute"
