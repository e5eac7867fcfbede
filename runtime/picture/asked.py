"""Where a person and the black say that storyboards start, and what storyboards are called."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable

from ..edit import Cut, Edit, Marker

GAP_SECONDS = 1  # black at least this long parts two storyboards

_STORYBOARD = re.compile(r"^\s*storyboard\s*:[^\S\n]*(.*?)\s*$", re.IGNORECASE | re.MULTILINE)


def picture(edit: Edit) -> tuple[int, int] | None:
    """The frames [start, end) of the picture that lie on the timeline; None where there is none."""
    if edit.picture_start is None or edit.picture_end is None:
        return None
    start, end = max(0, edit.picture_start), min(edit.frames, edit.picture_end)
    return (start, end) if start < end else None


def asked_name(marker: Marker) -> str | None:
    """The name that `storyboard: NAME` gives, in a marker's name or note; None where it is another marker."""
    found = _STORYBOARD.search(marker.name) or _STORYBOARD.search(marker.note)
    return found[1] if found else None


def marked(edit: Edit, start: int, end: int, colours: Collection[str], warnings: list[str]) -> dict[int, str]:
    """The frames on which markers start storyboards, rising, with the names they give ("" where none).

    A marker of one of the `colours` does so too, and gives its name where `storyboard: NAME` gives none.
    """
    wanted = {colour.strip().casefold() for colour in colours}
    there = {marker.color.strip().casefold() for marker in edit.markers}
    for colour in sorted(wanted - there):
        known = ", ".join(sorted(name.upper() for name in there if name)) or "none"
        warnings.append(f"no marker has the colour {colour.upper()}, so none starts a storyboard (theirs are: {known})")
    starts: dict[int, str] = {}
    for marker in sorted((m for m in edit.markers if m.visible), key=lambda m: m.frame):
        name = asked_name(marker)
        by_colour = name is None and marker.color.strip().casefold() in wanted
        if by_colour:
            name = " ".join(marker.name.split())
        if name is None:
            continue
        frame = max(start, marker.frame)
        if frame >= end:
            warnings.append(f"storyboard marker '{name}' at {edit.timecode(frame)} lies after the picture: ignored")
            continue
        if frame in starts and by_colour:
            name = starts[frame] or name
        elif frame in starts:
            said = f"'{starts[frame]}' and '{name}'"
            warnings.append(f"two storyboard markers, {said}, start at {edit.timecode(frame)}: the last one counts")
        starts[frame] = name
    return dict(sorted(starts.items()))


def gaps(cuts: Iterable[Cut]) -> list[tuple[int, int]]:
    """Stretches of black between two pieces of picture, [start, end) in frames."""
    found: list[tuple[int, int]] = []
    black: int | None = None
    for cut in sorted(cuts, key=lambda c: c.frame):
        if cut.kind == "from_black" and black is not None:
            found.append((black, cut.frame))
        if cut.kind in ("to_black", "from_black"):
            black = cut.frame if cut.kind == "to_black" else None
    return found


def by_hand(gap: tuple[int, int], marked_frames: list[int]) -> bool:
    """Whether a person already said where the storyboard at this stretch of black starts. `marked_frames` rise."""
    return bisect_left(marked_frames, gap[0]) < bisect_left(marked_frames, gap[1] + 1)


def names(given: Iterable[str], warnings: list[str]) -> list[str]:
    """One name each, no two alike, so that a storyboard can be asked for by its name."""
    given = list(given)
    taken, unique_names = {name for name in given if name}, []
    used: set[str] = set()
    for number, name in enumerate(given, start=1):
        wanted = name or f"Storyboard {number}"
        unique, copy = wanted, 2
        while unique in used or (unique in taken and unique != name):
            unique, copy = f"{wanted} ({copy})", copy + 1
        if name and unique != name:
            warnings.append(f"two storyboards are named '{name}': the later one is '{unique}'")
        used.add(unique)
        unique_names.append(unique)
    return unique_names
