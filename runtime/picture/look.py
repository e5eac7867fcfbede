"""What a stretch of picture shows, as plain numbers: the words that parsing, storyboards and cues share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

COLOUR_BINS = 32


@dataclass(frozen=True)
class Swatch:
    """A colour of a palette: sRGB from 0 to 255, and the share of the picture it stands for, from 0 to 1."""

    red: int
    green: int
    blue: int
    share: float

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


@dataclass(frozen=True)
class Look:
    """What a shot, or a second, shows. `light`, `contrast`, `saturation` and `motion` run from 0 to 1, `warmth` from
    -1 (cold) to 1 (warm). `known` is False where nothing could be seen: then everything is neutral.
    """

    light: float = 0.5
    contrast: float = 0.5
    saturation: float = 0.5
    warmth: float = 0.0
    motion: float = 0.0
    palette: tuple[Swatch, ...] = ()
    known: bool = False

    def to_json(self) -> dict[str, Any]:
        numbers = {key: round(getattr(self, key), 4) for key in ("light", "contrast", "saturation", "warmth", "motion")}
        palette = [{"colour": str(swatch), "share": round(swatch.share, 4)} for swatch in self.palette]
        return {**numbers, "palette": palette, "known": self.known}


@dataclass(frozen=True)
class Curves:
    """The picture over the edit's own time, one value a step; `seconds` are the steps' middles, rising.

    `light`, `saturation` and `motion` from 0 to 1, `warmth` from -1 to 1; NaN where nothing could be seen.
    """

    seconds: Array
    light: Array
    saturation: Array
    warmth: Array
    motion: Array


@dataclass(frozen=True)
class VisualBeat:
    """A peak of movement, in seconds of the edit; strength from 0 to 1."""

    seconds: float
    strength: float


@dataclass(frozen=True)
class Seen:
    """An edit's picture, parsed.

    `looks` has one entry a shot. `meaning` is (seconds of the edit, d): what each second's middle frame means, by the
    descriptor that `descriptor` names; zeros where nothing could be seen. `colour` is (seconds, 3, 32, 32), each
    second an RGB-uv histogram that sums to 1, or zeros. `density` is cuts a second around each second.
    """

    looks: tuple[Look, ...]
    curves: Curves
    beats: tuple[VisualBeat, ...]
    meaning: Array
    descriptor: str
    colour: Array
    density: Array
    warnings: tuple[str, ...] = field(default=())
