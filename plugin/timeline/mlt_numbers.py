"""What else has to change in an MLT document when a track comes or goes: numbers of tracks, counts, and its root tag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from . import mlt_places
from .mlt_guides import Change
from .mlt_xml import Mlt, Node

_WHOLE = re.compile(rb"\s*(\d{1,9})\s*")
_IN_GROUP = re.compile(rb'((?:"|&quot;)data(?:"|&quot;)\s*:\s*(?:"|&quot;))(\d{1,9})(?=:)')
_COUNTS = ("tracks", "tracksCount")
_POINTERS = ("activeTrack", "audioTarget", "videoTarget")


def shifted(
    document: Mlt, sequence: Node, tracks: Sequence[int], gone: Sequence[Node], *, out: bool, counted: list[str] | None
) -> list[Change]:
    """Every number of a track above the ones that come in, or that go out. Kdenlive's own properties count without the
    black at the bottom.
    """
    changes: list[Change] = []

    def moved(number: int, base: int = 0) -> int:
        if out:
            return number - sum(1 for index in tracks if index - base < number)
        return number + sum(1 for index in tracks if index - base <= number)

    for each in sequence.all("transition"):
        if each in gone:
            continue
        for name in ("a_track", "b_track"):
            if (found := each.property(name)) is not None and found.text.strip() not in ("", "0", "-1"):
                changes += _renumbered(document, found, moved)
    if mlt_places.is_kdenlive(document):
        for name in _POINTERS:
            if (found := _kept(document, sequence, name)) is not None:
                changes += _renumbered(document, found, lambda number: moved(number, 1))
        if (groups := _kept(document, sequence, "groups")) is not None and not groups.empty:
            raw = document.body[groups.head : groups.tail]
            again = _IN_GROUP.sub(lambda m: m[1] + str(moved(int(m[2]), 1)).encode(), raw)
            if again != raw:
                changes.append((groups.head, groups.tail, again))
        if out:
            changes += _counted_down(document, sequence, len(tracks), counted)
    return changes


def counted_up(document: Mlt, sequence: Node, places: int, more: int) -> tuple[list[str], list[Change]]:
    """The properties that count the tracks, and their change; one that was wrong before stays as it is."""
    names, changes = [], []
    for name in _COUNTS:
        found = _kept(document, sequence, name)
        if found is not None and found.text.strip() == str(places - 1):
            names.append(name)
            changes += _renumbered(document, found, lambda number: number + more)
    return names, changes


def _counted_down(document: Mlt, sequence: Node, less: int, counted: list[str] | None) -> list[Change]:
    now = len(mlt_places.places(document, sequence)) - 1
    changes: list[Change] = []
    for name in _COUNTS:
        found = _kept(document, sequence, name)
        if found is not None and found.text.strip() == str(now) and (counted is None or name in counted):
            changes += _renumbered(document, found, lambda number: number - less)
    return changes


def _kept(document: Mlt, sequence: Node, name: str) -> Node | None:
    """A property of the sequence, which older projects keep in their bin."""
    if sequence.property("kdenlive:uuid"):
        return sequence.property(f"kdenlive:sequenceproperties.{name}")
    bin_ = mlt_places.main_bin(document)
    return bin_.property(f"kdenlive:docproperties.{name}") if bin_ else None


def _renumbered(document: Mlt, node: Node, change: object) -> list[Change]:
    assert callable(change)
    if node.empty:
        return []
    found = _WHOLE.fullmatch(document.body, node.head, node.tail)
    if found is None or found[1] != str(int(found[1])).encode():
        return []
    now = str(max(0, change(int(found[1])))).encode()
    return [(found.start(1), found.end(1), now)] if now != found[1] else []


# The root tag


def _attribute(document: Mlt, name: str) -> re.Match[bytes] | None:
    tag = re.compile(rb"(\s+)" + name.encode() + rb"""\s*=\s*("[^"]*"|'[^']*')""")
    return tag.search(document.body, document.root.start, document.root.head)


def rooted(document: Mlt, folder: str) -> tuple[str | None, list[Change]]:
    """Says in the root where relative paths start; with what was said before, None for nothing."""
    found = _attribute(document, "root")
    value = quoteattr(folder).encode()
    if found is not None:
        return found[2].decode(), [(found.start(2), found.end(2), value)]
    spot = document.root.start + len("<mlt")
    return None, [(spot, spot, b" root=" + value)]


def rooted_back(document: Mlt, was: object) -> list[Change]:
    found = _attribute(document, "root")
    if found is None:
        return []
    if isinstance(was, str):
        return [(found.start(2), found.end(2), was.encode())]
    return [(found.start(), found.end(), b"")]


def root_plays(document: Mlt, name: str) -> list[Change]:
    """Where the root names what is played: the tractor that wraps it now."""
    found = _attribute(document, "producer")
    return [(found.start(2), found.end(2), quoteattr(name).encode())] if found else []


def root_put_back(document: Mlt, wrapper: str, inside: str) -> list[Change]:
    found = _attribute(document, "producer")
    if found is None or found[2].decode()[1:-1] != wrapper:
        return []
    return [(found.start(2), found.end(2), quoteattr(inside.strip()).encode())]
