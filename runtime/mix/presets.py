"""Loudness targets by name: where a score is going to be heard."""

from __future__ import annotations

from dataclasses import dataclass

PEAK = -1.0  # dBTP, where nobody says otherwise


@dataclass(frozen=True)
class Target:
    """Integrated loudness in LUFS, and the true peak in dBTP that nothing exceeds."""

    loudness: float = -16.0
    peak: float = PEAK


PRESETS = {
    "streaming": Target(-14.0, -1.0),
    "default": Target(-16.0, -1.0),
    "ebu": Target(-23.0, -1.0),  # EBU R 128
    "atsc": Target(-24.0, -2.0),  # ATSC A/85
}
DEFAULT = PRESETS["default"]
