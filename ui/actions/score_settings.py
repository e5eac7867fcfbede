"""What is asked of the whole score, checked."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from ..state.panel import ScoreSettings
from .boards import MOST_SEED
from .refused import Refused

RANGES: dict[str, tuple[float, float, str]] = {  # as the command line has them
    "loudness": (-60.0, -5.0, "LUFS"),
    "peak": (-20.0, 0.0, "dBTP"),
    "duck": (0.0, 40.0, "dB"),
    "slowest": (60.0, 180.0, "beats a minute"),
    "fastest": (60.0, 180.0, "beats a minute"),
    "seed": (0, MOST_SEED, "as a seed"),
}
MARKERS = ("none", "storyboards", "beats")


def changed(score: ScoreSettings, **wanted: Any) -> ScoreSettings:
    """The settings with other values. No dip at all is `duck=None`; 0 dB means the same."""
    known = {field.name for field in fields(ScoreSettings)}
    for name, value in wanted.items():
        if name not in known:
            raise TypeError(f"a score has no setting {name}")
        low, high, unit = RANGES.get(name, (0.0, 0.0, ""))
        if unit and value is not None and not low <= value <= high:
            raise Refused(f"{name} {value:g} is not between {low:g} and {high:g} {unit}")
    if wanted.get("markers", "none") not in MARKERS:
        raise Refused(f"markers are {', '.join(MARKERS)}")
    if "duck" in wanted:
        wanted["duck"] = wanted["duck"] or None
    new = replace(score, **wanted)
    if new.slowest > new.fastest:
        raise Refused("the slower tempo comes first")
    return new
