"""A person's own words and colours for markers, put into the words that the planning knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..runtime.cues.markers import word
from ..runtime.edit import Edit, Marker
from ..runtime.picture.asked import asked_name


@dataclass(frozen=True)
class Words:
    """What a marker's name may start with to mean a hit, a storyboard's start or a silence, and the colours of markers
    that mean silence. They count besides `hit`, `storyboard: NAME` and `silence`, which always do.
    """

    hits: tuple[str, ...] = ()
    storyboards: tuple[str, ...] = ()
    silences: tuple[str, ...] = ()
    silent_colours: tuple[str, ...] = ()


USUAL = Words()


def reworded(edit: Edit, words: Words = USUAL) -> Edit:
    """The edit with such markers renamed; markers that say something already keep their names."""
    if words == USUAL:
        return edit
    return replace(edit, markers=tuple(_reworded(marker, words) for marker in edit.markers))


def _reworded(marker: Marker, words: Words) -> Marker:
    if word(marker) or asked_name(marker) is not None:
        return marker
    for ours, theirs in (("storyboard", words.storyboards), ("silence", words.silences), ("hit", words.hits)):
        rest = _after(marker.name, theirs)
        if rest is not None:
            return replace(marker, name=f"{ours}: {rest}" if rest or ours == "storyboard" else ours)
    colours = {colour.strip().casefold() for colour in words.silent_colours}
    if marker.color.strip().casefold() in colours:
        return replace(marker, name=f"silence: {marker.name}" if marker.name.strip() else "silence")
    return marker


def _after(name: str, theirs: Iterable[str]) -> str | None:
    """What follows one of the words, a colon between; None where the name starts with none of them."""
    plain = " ".join(name.split())
    for each in theirs:
        wanted = " ".join(each.split())
        if not wanted or not plain.casefold().startswith(wanted.casefold()):
            continue
        rest = plain[len(wanted) :]
        if not rest or rest[0] in " :":
            return rest.lstrip(" :")
    return None
