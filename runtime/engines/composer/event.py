"""What the composer writes and its instruments play: a note, what plays it, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine import Note

STEMS = ("melody", "harmony", "bass", "drums", "effects")

# Instruments by name. A kit's pitches are General MIDI percussion; an effect ends, or starts, on its note's start.
PITCHED = (
    "strings", "warm_pad", "glass_pad", "choir", "piano", "epiano", "bell", "pluck", "guitar", "harp", "lead", "flute",
    "brass", "marimba", "arp", "sub", "upright", "synth_bass",
)  # fmt: skip
KITS = ("kit_acoustic", "kit_electronic", "kit_lofi", "kit_cinematic", "kit_brushes")
EFFECTS = ("impact", "sub_drop", "cymbal", "riser", "reverse", "whoosh")  # the last three lead up to their note's end


@dataclass(frozen=True)
class Event:
    """A note and what plays it. `onset`: it starts on a beat or a hit, not between. `pan` from -1 (left) to 1."""

    note: Note
    voice: str
    onset: bool
    pan: float = 0.0
