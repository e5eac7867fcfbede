"""What instruments can play: their lowest and highest notes as MIDI numbers, and what they play best."""

from __future__ import annotations

RANGES: dict[str, tuple[int, int]] = {
    "strings": (36, 96),
    "warm_pad": (36, 91),
    "glass_pad": (43, 98),
    "choir": (43, 84),
    "piano": (28, 103),
    "epiano": (33, 98),
    "bell": (60, 105),
    "pluck": (40, 98),
    "guitar": (40, 84),
    "harp": (31, 103),
    "lead": (48, 96),
    "flute": (60, 96),
    "brass": (40, 82),
    "marimba": (45, 96),
    "arp": (40, 100),
    "sub": (24, 48),
    "upright": (28, 55),
    "synth_bass": (24, 55),
}

BASS_LOW, BASS_HIGH = 28, 48  # every bass stays within these

# Where a tune lies best.
TESSITURA: dict[str, tuple[int, int]] = {
    "strings": (62, 86),
    "choir": (57, 79),
    "piano": (60, 91),
    "epiano": (60, 88),
    "bell": (67, 93),
    "pluck": (60, 88),
    "guitar": (55, 79),
    "harp": (60, 91),
    "lead": (60, 88),
    "flute": (64, 91),
    "brass": (58, 82),
    "marimba": (60, 89),
    "arp": (60, 88),
}


def tessitura(instrument: str) -> tuple[int, int]:
    low, high = RANGES[instrument]
    return TESSITURA.get(instrument, (max(low, 60), min(high, 86)))


def into(pitch: int, instrument: str) -> int:
    """The pitch, by octaves into what the instrument can play."""
    low, high = RANGES[instrument]
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch
