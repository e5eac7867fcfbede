"""How beats and onsets meet cuts, in the measures of the papers, each between its chance and its ceiling.

Recall is VidMusician's: the part of the cuts that have a beat within 0.1 s. TB_IoU (beats and cuts) and B_IoU (beats
and the beats of a reference) are VeM's, with one-to-one matching. At their half a second TB_IoU says little more than
how many cuts there are for a beat, and B_IoU compares tempi; so both are given at 0.1 and 0.07 s too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .limits import Reach, Spacing, anywhere, most_near, reach, shifted_iou
from .matching import iou, near, shared, within

NEAR = 0.1  # seconds, VidMusician's
TOLERANCES = (0.5, 0.1, 0.07)  # seconds: VeM's, VidMusician's, and that of beat trackers


@dataclass(frozen=True)
class Measure:
    """A number from 0 to 1, what chance would give, and the most there is to reach. None where it means nothing."""

    tolerance: float
    value: float | None
    chance: float | None
    ceiling: float | None

    def to_json(self) -> dict[str, Any]:
        return {"tolerance": _short(self.tolerance), **{
            key: _short(getattr(self, key)) for key in ("value", "chance", "ceiling")
        }}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """The cuts, and the seconds that the picture lasts."""

    cuts: tuple[float, ...]
    start: float
    end: float


def recall(picture: Picture, beats: Sequence[float], tolerance: float = NEAR) -> Measure:
    """The part of the cuts that have a beat within the tolerance; one beat may serve two cuts."""
    value = _part(near(picture.cuts, beats, tolerance))
    chance = anywhere(beats, tolerance, picture.start, picture.end)
    most = _reach(picture, beats, tolerance)
    return _measure(tolerance, value, chance, None if most is None else _over(most.moments, len(picture.cuts)))


def precision(picture: Picture, beats: Sequence[float], tolerance: float = NEAR) -> Measure:
    """The part of the beats during the picture that have a cut within the tolerance."""
    beats = within(beats, picture.start, picture.end)
    value = _part(near(beats, picture.cuts, tolerance))
    chance = anywhere(picture.cuts, tolerance, picture.start, picture.end)
    most = _reach(picture, beats, tolerance)
    ceiling = None if most is None else _over(min(most.beats, len(beats)), len(beats))
    return _measure(tolerance, value, chance, ceiling)


def tb_iou(picture: Picture, beats: Sequence[float], tolerance: float) -> Measure:
    """Cuts and beats during the picture, matched one to one."""
    beats = within(beats, picture.start, picture.end)
    cuts = picture.cuts
    value = iou(cuts, beats, tolerance) if cuts else None
    chance = shifted_iou(cuts, beats, tolerance, picture.start, picture.end)
    most = _reach(picture, beats, tolerance)
    fewest = None if most is None else min(most.moments, most.beats, len(cuts), len(beats))
    return _measure(tolerance, value, chance, None if fewest is None else shared(fewest, len(cuts), len(beats)))


def b_iou(reference: Sequence[float], beats: Sequence[float], tolerance: float, seconds: float) -> Measure:
    """Beats and the beats of a reference, of music that lasts so many seconds, matched one to one."""
    fewer = min(len(reference), len(beats))
    chance = shifted_iou(reference, beats, tolerance, 0.0, seconds)
    value = iou(reference, beats, tolerance)
    return _measure(tolerance, value, chance, shared(fewer, len(reference), len(beats)))


def met(moments: Sequence[float], times: Sequence[float], tolerance: float, start: float, end: float) -> Measure:
    """The part of the moments that have a time within the tolerance, where times are free to lie anywhere."""
    value = _part(near(moments, times, tolerance))
    chance = anywhere(times, tolerance, start, end)
    return _measure(tolerance, value, chance, _over(most_near(moments, len(times), tolerance), len(moments)))


def _reach(picture: Picture, beats: Sequence[float], tolerance: float) -> Reach | None:
    spacing = Spacing.heard(beats)
    return reach(picture.cuts, tolerance, spacing, picture.start, picture.end) if spacing else None


def _measure(tolerance: float, value: float | None, chance: float | None, ceiling: float | None) -> Measure:
    """Without a value nothing counts. What was heard can be reached, also where it keeps to no spacing."""
    if value is None:
        return Measure(tolerance, None, None, None)
    return Measure(tolerance, value, chance, None if ceiling is None else max(ceiling, value))


def _part(met: Sequence[bool]) -> float | None:
    return _over(sum(met), len(met))


def _over(some: int, all: int) -> float | None:
    return some / all if all else None


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
