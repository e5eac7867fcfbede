"""What a cue sheet keeps of the edit that it was made for, so that it can follow the edit into another cut."""

from __future__ import annotations

from ..edit import Edit
from ..picture.asked import asked_name
from .markers import WORDS, word
from .sheet import KnownMarker, KnownShot

BEGINS = "storyboard: "  # how the name of a marker that starts a storyboard is kept


def known_shots(edit: Edit) -> tuple[KnownShot, ...]:
    """The edit's shots as a cue sheet keeps them."""
    kept = []
    for shot in edit.shots:
        first, last = max(0, shot.start), min(shot.end, edit.frames)
        if first >= last:
            continue
        source = next((source for source in shot.cut_to(first, last, edit.rate).sources), None)
        at = None if source is None or source.at is None else float(source.at)
        speed = 1.0 if source is None else float(source.speed)
        kept.append(KnownShot(first, last, shot.name, shot.media or "", at, speed))
    return tuple(kept)


def known_markers(edit: Edit) -> tuple[KnownMarker, ...]:
    """The edit's markers as a cue sheet keeps them, each at the moment that it means."""
    end = edit.frames if edit.picture_end is None else min(edit.frames, edit.picture_end)
    known = []
    for marker in edit.markers:
        if not marker.visible:
            continue
        begins = asked_name(marker)
        name = " ".join(marker.name.split()) if begins is None else BEGINS + begins
        builds = begins is None and WORDS.get(word(marker)) == "build" and marker.frames > 1
        known.append(KnownMarker(min(marker.frame + marker.frames, end - 1) if builds else marker.frame, name))
    return tuple(sorted(known, key=lambda marker: (marker.frame, marker.name)))
