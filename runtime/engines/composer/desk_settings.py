"""How a style wants its stems mixed: plain numbers, the same for whoever writes a style and whoever plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Desk:
    """By stem: `level` in dB, and how much goes to the reverb, the delay and the chorus, from 0 to 1.

    `room` is the reverb's length in seconds and `damping` how dark it is, from 0 to 1; `delay_beats` the delay's time.
    `pump` is how many dB the harmony gives way to the kick, `glue` how many dB the programme's compression takes off
    loud passages, `width` 1 for the stereo as played, `warmth` from -1 (bright) to 1 (dark).
    """

    level: Mapping[str, float] = field(default_factory=dict)
    reverb: Mapping[str, float] = field(default_factory=dict)
    delay: Mapping[str, float] = field(default_factory=dict)
    chorus: Mapping[str, float] = field(default_factory=dict)
    room: float = 2.0
    damping: float = 0.5
    delay_beats: float = 0.75
    pump: float = 0.0
    glue: float = 2.0
    width: float = 1.0
    warmth: float = 0.0
