"""Our markers in somebody's MLT document: Kdenlive's guides, JSON inside a property, and Shotcut's markers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape, unescape

from . import mlt_marks, mlt_places
from .mlt_marks import SHOTCUT, Guide
from .mlt_media import KNOWN
from .mlt_track import guide, shotcut_marker, shotcut_markers
from .mlt_xml import Mlt, Node
from .xml_text import line_before, render

Change = tuple[int, int, bytes]

objects = mlt_marks.listed
_QUOTES = {"&quot;": '"'}

# What `guide` writes, as it stands in the document.
_OURS = re.compile(r',?\{"comment": "(?:[^"\\]|\\.)*", "duration": \d+, "hitpoint": true, "pos": -?\d+, "type": \d+\}')


def added(document: Mlt, sequence: Node, markers: Sequence[Guide], lead: int) -> tuple[dict[str, Any], list[Change]]:
    """The markers on a sequence; with what our provenance has to keep so that they can go again."""
    markers = [replace(mark, frame=mark.frame + lead) for mark in markers]
    told: dict[str, Any] = {"guides": [[mark.frame, mark.text] for mark in markers]}
    if not mlt_places.is_kdenlive(document):
        return _added_to_shotcut(document, sequence, markers, told)
    kinds = mlt_marks.categories(mlt_places.main_bin(document))
    new = escape(",".join(guide(mark, kinds) for mark in markers))
    holder = mlt_places.guides_at(document, sequence)
    body = document.body
    if holder is None:
        in_sequence = sequence.property("kdenlive:uuid") is not None
        home = sequence if in_sequence else mlt_places.main_bin(document)
        assert home is not None
        prefix = "kdenlive:sequenceproperties." if in_sequence else "kdenlive:docproperties."
        after = home.all("property")[-1]
        line = line_before(body, after.start)
        text = line + f'<property name="{prefix}guides">[{new}]</property>'
        return {**told, "guides_was": ""}, [(after.end, after.end, text.encode())]
    raw = body[holder.head : holder.tail].decode()
    last = max(raw.rfind("}"), raw.rfind("["))
    if holder.empty or last < 0 or not raw.lstrip().startswith("["):
        literal = body[holder.start : holder.end].decode()
        name = re.sub(r"\s*/>$", ">", literal) if holder.empty else body[holder.start : holder.head].decode()
        return {**told, "guides_was": literal}, [(holder.start, holder.end, f"{name}[{new}]</property>".encode())]
    spot = holder.head + len(raw[: last + 1].encode())
    return told, [(spot, spot, (("," if raw[last] == "}" else "") + new).encode())]


def _added_to_shotcut(
    document: Mlt, sequence: Node, markers: Sequence[Guide], told: dict[str, Any]
) -> tuple[dict[str, Any], list[Change]]:
    if sequence.tag != "tractor":
        return {}, []
    body = document.body
    group = next((each for each in sequence.all("properties") if each.attributes.get("name") == SHOTCUT), None)
    if group is not None and group.children:
        taken = [int(n) for each in group.children if (n := each.attributes.get("name", "")).isdecimal()]
        first = max(taken, default=-1) + 1
        after = group.children[-1]
        line = line_before(body, after.start)
        unit = line_before(body, after.children[0].start).removeprefix(line) if after.children else " "
        new = [shotcut_marker(mark, first + number) for number, mark in enumerate(markers)]
        text = "".join(line + render(each, line, unit) for each in new)
        return told, [(after.end, after.end, text.encode())]
    new = [shotcut_marker(mark, number) for number, mark in enumerate(markers)]
    properties = sequence.all("property")
    anchor = properties[-1] if properties else None
    line = line_before(body, (anchor or sequence.children[0]).start)
    unit = line.removeprefix(line_before(body, sequence.start)) or " "
    text = line + render(shotcut_markers(new), line, unit)
    if group is not None:
        literal = body[group.start : group.end].decode()
        return {**told, "guides_was": literal}, [(group.start, group.end, text.removeprefix(line).encode())]
    spot = anchor.end if anchor else sequence.head
    return {**told, "guides_was": ""}, [(spot, spot, text.encode())]


def removed(
    document: Mlt, sequence: Node, going: Sequence[Mapping[str, Any]], staying: Sequence[Mapping[str, Any]]
) -> list[Change]:
    """The changes that take away the markers of the tracks that go, as their provenance tells; those of `staying` stay."""
    ours, others = _listed(going), _listed(staying)
    was = next((told["guides_was"] for told in going if "guides_was" in told), None)
    if not mlt_places.is_kdenlive(document):
        return _removed_from_shotcut(document, sequence, ours, others, was)
    holder = mlt_places.guides_at(document, sequence)
    if holder is None or holder.empty:
        return []
    raw = document.body[holder.head : holder.tail].decode()
    text = _without(raw, ours, others)
    if text == raw:
        return []
    if isinstance(was, str) and not objects(unescape(text, _QUOTES)):
        if was:
            return [(holder.start, holder.end, was.encode())]
        return [(holder.start - len(_space_before(document, holder)), holder.end, b"")]
    return [(holder.head, holder.tail, text.encode())]


def _listed(told: Sequence[Mapping[str, Any]]) -> list[Any]:
    lists = [each["guides"] for each in told if isinstance(each.get("guides"), list)]
    return [mark for each in lists for mark in each if isinstance(mark, list)]


def _without(raw: str, ours: list[Any], others: list[Any]) -> str:
    def kept(found: re.Match[str]) -> str:
        each = next(iter(objects("[" + unescape(found[0], _QUOTES).removeprefix(",") + "]")), {})
        return found[0] if [each.get("pos"), each.get("comment")] in others else ""

    bare = _OURS.sub(kept, raw)
    if bare != raw:
        return re.sub(r"\[,(?=\{)", "[", bare)
    # An editor wrote the list anew, without what marked ours: they are known by frame and words.
    left, waiting = [], list(ours)
    found = objects(unescape(raw, _QUOTES))
    for each in found:
        key = [each.get("pos"), each.get("comment")]
        if key in waiting:
            waiting.remove(key)
        else:
            left.append(each)
    if len(left) == len(found):
        return raw
    return escape(json.dumps(left, indent=4, ensure_ascii=False) + "\n" if left else "[\n]\n")


def _removed_from_shotcut(
    document: Mlt, sequence: Node, ours: list[Any], others: list[Any], was: object
) -> list[Change]:
    group = next((each for each in sequence.all("properties") if each.attributes.get("name") == SHOTCUT), None)
    if group is None:
        return []
    marked = mlt_marks.shotcut_markers(document, sequence)
    going = [
        node
        for node, mark in marked
        if mlt_marks.ours_among(ours, mark) or (node.property(KNOWN) and not mlt_marks.ours_among(others, mark))
    ]
    if not going:
        return []
    if isinstance(was, str) and len(going) == len(group.children):
        if was:
            return [(group.start, group.end, was.encode())]
        going = [group]
    return [(node.start - len(_space_before(document, node)), node.end, b"") for node in going]


def _space_before(document: Mlt, node: Node) -> bytes:
    before = document.body[: node.start]
    return before[len(before.rstrip(b" \t\r\n")) :]
