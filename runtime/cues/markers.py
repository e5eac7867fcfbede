"""What the editor's markers say: hits of every kind, silence, and where to build."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from ..edit import Edit, Marker
from ..picture.asked import asked_name
from .sheet import Hit, Rest, Wish
from .weights import ACCENT_WEIGHT, MARKER_WEIGHT, SOFT_WEIGHT

# A marker's name is one of these words, or starts with one and a colon: `hit`, `accent: the door`, `silence`.
WORDS: dict[str, Wish] = {
    **dict.fromkeys(("hit", "accent", "impact", "stinger", "sting"), "accent"),
    **dict.fromkeys(("soft", "touch"), "soft"),
    **dict.fromkeys(("build", "riser", "rise", "swell"), "build"),
}
SILENCE = ("silence", "silent", "no music", "mute", "pause", "rest")
MUSIC = ("music", "resume")
WEIGHTS: dict[Wish, float] = {"": MARKER_WEIGHT, "accent": ACCENT_WEIGHT, "soft": SOFT_WEIGHT, "build": ACCENT_WEIGHT}

_SAID = re.compile(
    r"^\s*(" + "|".join([*WORDS, *SILENCE, *MUSIC]).replace(" ", r"\s+") + r")\s*(?::\s*(.*?))?\s*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Asked:
    hits: tuple[Hit, ...] = ()
    rests: tuple[Rest, ...] = ()
    warnings: tuple[str, ...] = ()


def word(marker: Marker) -> str:
    """The word that a marker says, in small letters; "" where it says none of ours."""
    found = _SAID.match(marker.name)
    return " ".join(found[1].lower().split()) if found else ""


def asked(edit: Edit, starts: Collection[int], start: int, end: int, colours: Collection[str] = ()) -> Asked:
    """What the markers ask for within the picture, frames [start, end). `starts` are the storyboards' frames.

    Where `colours` are given only markers of these are hits; markers that say `silence` count in any colour.
    """
    wanted = {colour.strip().casefold() for colour in colours}
    # A clip's marker outside the part that plays is meant for other uses of the clip; a timeline's is meant for us.
    meant = [m for m in edit.markers if m.visible or m.source in ("timeline", "track")]
    markers = sorted((m for m in meant if asked_name(m) is None), key=lambda m: m.frame)
    markers = [
        m for m in markers if word(m) in (*SILENCE, *MUSIC) or not wanted or m.color.strip().casefold() in wanted
    ]
    inside = [m for m in markers if start <= m.frame < end and m.visible]
    warnings = []
    if len(inside) < len(markers):
        warnings.append(f"markers outside the picture are no hits: {len(markers) - len(inside)} left out")
    hits = [_hit(m, end) for m in inside if word(m) not in SILENCE]
    music = [m for m in inside if word(m) in MUSIC]
    rests = joined((_rest(m, music, starts, end) for m in inside if word(m) in SILENCE), start, end)
    return Asked(tuple(sorted(hits, key=lambda hit: hit.frame)), tuple(rests), tuple(warnings))


def meant_frame(marker: Marker) -> int:
    """The frame that a marker means. A build that has a length ends where its marker ends: there the music must be."""
    long = WORDS.get(word(marker)) == "build" and marker.frames > 1
    return marker.frame + marker.frames if long else marker.frame


def _hit(marker: Marker, end: int) -> Hit:
    wish = WORDS.get(word(marker), "")
    return Hit(min(meant_frame(marker), end - 1), "marker", " ".join(marker.name.split()), WEIGHTS[wish], wish=wish)


def joined(rests: Iterable[Rest], start: int, end: int) -> list[Rest]:
    """The rests within the frames [start, end), rising; those that overlap or touch become one."""
    found: list[Rest] = []
    for rest in sorted(rests, key=lambda rest: rest.start):
        first, last = max(rest.start, start), min(rest.end, end)
        if first >= last:
            continue
        if found and first <= found[-1].end:
            found[-1] = replace(found[-1], end=max(last, found[-1].end))
        else:
            found.append(replace(rest, start=first, end=last))
    return found


def _rest(marker: Marker, music: Iterable[Marker], starts: Iterable[int], end: int) -> Rest:
    """Silence lasts as long as its marker, or to the next `music` marker or storyboard, or to the end."""
    if marker.frames > 1:
        stop = marker.frame + marker.frames
    else:
        stop = min([at for at in (*(m.frame for m in music), *starts) if at > marker.frame], default=end)
    return Rest(marker.frame, stop, " ".join(marker.name.split()))
