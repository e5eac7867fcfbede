"""The colours of both themes, by what they are for, and which of them are read on which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["dark", "light"]
READABLE = 4.5  # WCAG 2 AA: text against what lies under it
SEEN = 3.0  # the same for what is no text


@dataclass(frozen=True)
class Colours:
    """Each is #rrggbb. `ground` lies under all, `panel` under controls, `raised` is a control, `well` takes input."""

    name: Name
    ground: str
    panel: str
    raised: str
    hover: str
    well: str
    line: str
    edge: str
    text: str
    bright: str
    dim: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_ink: str
    chosen: str
    focus: str
    landed: str
    near: str
    missed: str
    music: str
    beat: str
    bar: str
    energy: str
    motion: str
    dialogue: str
    cut: str
    dissolve: str
    detected: str
    playhead: str
    cold: str
    warm: str
    grey: str


DARK = Colours(
    name="dark", ground="#121317", panel="#1b1d23", raised="#2a2d36", hover="#363a45", well="#15161b", line="#343843",
    edge="#767d8f", text="#d5d9e2", bright="#f4f5f8", dim="#a3a9b8", accent="#f0a03c", accent_hover="#ffb658",
    on_accent="#1a1206", accent_ink="#f5b964", chosen="#3d3423", focus="#86b7ff", landed="#5fd694", near="#f2c14e",
    missed="#ff8a7d", music="#7ba4ee", beat="#3b4152", bar="#6a7288", energy="#f0a03c", motion="#ec685c",
    dialogue="#60baa8", cut="#d8dce6", dissolve="#b48cfa", detected="#60d6f0", playhead="#ffffff",
    cold="#4a7cd6", warm="#f0a03c", grey="#868a96",
)  # fmt: skip

LIGHT = Colours(
    name="light", ground="#eceef2", panel="#f9fafb", raised="#e3e6eb", hover="#d6dae2", well="#ffffff", line="#cfd4dc",
    edge="#737a8a", text="#262a33", bright="#0e1015", dim="#555c6b", accent="#f0a03c", accent_hover="#ffb658",
    on_accent="#1a1206", accent_ink="#84480a", chosen="#fbe6c8", focus="#1b5fd0", landed="#0a7038", near="#7d5700",
    missed="#b92418", music="#3b69c6", beat="#dfe3ea", bar="#a4acba", energy="#b86a00", motion="#d6493c",
    dialogue="#1d8573", cut="#3b414d", dissolve="#7040c8", detected="#0b7c98", playhead="#0e1015",
    cold="#4a7cd6", warm="#e08c1e", grey="#868a96",
)  # fmt: skip

THEMES: dict[Name, Colours] = {"dark": DARK, "light": LIGHT}

# What is written on what, anywhere in the panel: held to READABLE by a test.
WRITTEN: tuple[tuple[str, str], ...] = (
    *((ink, under) for ink in ("text", "bright", "dim") for under in ("ground", "panel", "raised", "well")),
    *((ink, "hover") for ink in ("text", "bright")),
    *((ink, "chosen") for ink in ("text", "bright")),
    *((ink, under) for ink in ("accent_ink", "landed", "near", "missed") for under in ("ground", "panel", "well")),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
)
# What is no text and still has to be seen.
SHOWN: tuple[tuple[str, str], ...] = (
    *(("edge", under) for under in ("panel", "well", "ground")),
    *(("focus", under) for under in ("panel", "well", "ground", "raised")),
    *((mark, "well") for mark in ("landed", "near", "missed", "music", "energy", "dialogue", "cut", "playhead")),
)


def blend(one: str, other: str, share: float) -> str:
    """`share` of the other colour, from 0 to 1."""
    mixed = (round(a + (b - a) * min(1.0, max(0.0, share))) for a, b in zip(parts(one), parts(other), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def mood(colours: Colours, valence: float, energy: float) -> str:
    """Cold blue to warm amber with the valence, stronger with the energy."""
    hue = blend(colours.grey, colours.warm if valence > 0 else colours.cold, min(1.0, abs(valence)) ** 0.5)
    return blend(blend(colours.ground, hue, 0.5), hue, energy)


def block(colours: Colours, valence: float, energy: float) -> str:
    """What a storyboard's block is filled with: `bright` is readable on it whatever the mood."""
    return blend(colours.ground, mood(colours, valence, energy), 0.42)


def contrast(one: str, other: str) -> float:
    """From 1 to 21, after WCAG 2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
              for value in (part / 255 for part in parts(colour))]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
