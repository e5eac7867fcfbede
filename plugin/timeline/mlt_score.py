"""Puts our track into somebody's MLT document - Kdenlive's, Shotcut's, bare - and takes it out; every other byte stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Any, NamedTuple

from ...runtime.errors import InputError, UsageError
from . import mlt_guides, mlt_media, mlt_numbers, mlt_places, score_track
from .mlt_guides import Change
from .mlt_marks import Guide
from .mlt_places import Place
from .mlt_track import WRAPPED, Ids, Made, Music, kdenlive_track, mix, shotcut_track, track, wrapper
from .mlt_xml import Mlt, Node, parse
from .score_track import Plan, Standing
from .xml_text import Element, line_before, render

LOCKED = "is locked: unlock it in the editor first"


class Removal(NamedTuple):
    data: bytes
    removed: list[dict[str, Any]]  # what we had written down about each track that was ours
    warnings: list[str]
    names: list[str]
    guides: int


class Replacement(NamedTuple):
    data: bytes
    name: str
    warnings: list[str]


@dataclass(frozen=True)
class Ours:
    """A track of ours; `index` is its number among the tracks of the sequence, the lowest one is 0."""

    index: int
    place: Place
    entries: tuple[Node, ...]
    state: score_track.State
    in_place: bool
    locked: bool
    name: str
    provenance: dict[str, Any]
    media: str

    @property
    def goes_whole(self) -> bool:
        named = score_track.TRACK_NAME.fullmatch(self.name) is not None
        return self.state != "foreign clips" and (named or self.in_place)


def sequence_of(document: Mlt, index: int) -> Node:
    found = mlt_places.sequences(document)
    if not 0 <= index < len(found):
        raise InputError(f"the document has no sequence number {index + 1}: it has {len(found)}")
    return found[index]


def plan(data: bytes, sequence: int) -> Plan:
    """What `replace` would do, to be asked before a sound is written over. Raises UsageError for a track that is locked."""
    document = parse(data)
    node = sequence_of(document, sequence)
    return _plan(document, node, ours(document, node))


def track_names(data: bytes, sequence: int) -> list[str]:
    """Of all tracks of a sequence, by the numbers that `plan` counts in."""
    document = parse(data)
    return _names(document, sequence_of(document, sequence))


def replace(
    data: bytes, sequence: int, musics: Sequence[Music], *, markers: Sequence[Guide] = (), root: str | None = None
) -> Replacement:
    """Scores: the new tracks take the place and name of old ones that nobody touched, or come beside.

    `root`, a folder, says from now on where the document's relative media paths start.
    """
    document = parse(data)
    node = sequence_of(document, sequence)
    found = ours(document, node)
    planned = _plan(document, node, found)
    going = [o for o in found if o.index in planned.going or (o.state == "foreign clips" and o.in_place)]
    if root is None and any("mlt_root" in each.provenance for each in going):
        root = document.root.attributes.get("root")
    cleared = _changed(document, _take_out(document, node, going, found))
    scored = _insert(cleared, sequence, musics, planned.name, markers, planned.index, root)
    return Replacement(scored, planned.name, list(planned.warnings))


def remove(data: bytes, sequence: int | None = None, *, touched: bool = True) -> Removal:
    """The document as it was before `replace`; None means every sequence. Clips that are not ours stay, and so do, where
    `touched` is False, tracks of ours that somebody moved or cut. Locked tracks stay in any case.
    """
    removed: list[dict[str, Any]] = []
    warnings: list[str] = []
    names: list[str] = []
    gone = 0
    numbers = range(len(mlt_places.sequences(parse(data)))) if sequence is None else [sequence]
    for number in numbers:
        document = parse(data)
        node = sequence_of(document, number)
        found = ours(document, node)
        leaving = [o for o in found if not o.locked and (touched or o.in_place)]
        for each in found:
            called = f"'{score_track.one_line(each.name)}'"
            if each.locked:
                warnings.append(f"{called} {LOCKED}; it stays")
            elif each not in leaving:
                warnings.append(f"{called} {score_track.TOUCHED}")
            elif not each.goes_whole:
                warnings.append(f"{called} {score_track.SHARED}")
        if leaving:
            data = _changed(document, _take_out(document, node, leaving, found))
            bare = parse(data)
            left = mlt_places.all_guides(bare, sequence_of(bare, number))
            gone += len(mlt_places.all_guides(document, node)) - len(left)
        removed += [each.provenance for each in leaving]
        names += [each.name for each in leaving]
    return Removal(data, removed, warnings, names, gone)


# What is there


def ours(document: Mlt, sequence: Node) -> list[Ours]:
    """Our tracks on a sequence, in their order."""
    found: list[Ours] = []
    if sequence.tag != "tractor":
        return found
    for index, place in enumerate(mlt_places.places(document, sequence)):
        if place is None or place.service.tag not in ("playlist", "tractor") or not mlt_places.is_audio(place):
            continue
        playlists = playlists_of(document, place)
        entries = [entry for playlist in playlists for entry in playlist.all("entry")]
        told = {id(entry): known for entry in entries if (known := _known(document, entry)) is not None}
        if not told:
            continue
        own = tuple(entry for entry in entries if id(entry) in told)
        known = next((each for each in told.values() if each), {})
        in_place = _in_place(document, place, playlists, own, known)
        state: score_track.State = "foreign clips" if len(own) < len(entries) else "untouched" if in_place else "moved"
        producer = mlt_places.played(document, own[0])
        service = place.service
        locked = service.get("kdenlive:locked_track") == "1" or service.get("shotcut:lock") == "1"
        media = producer.get("resource") if producer is not None else ""
        name = mlt_places.track_name(service)
        found.append(Ours(index, place, own, state, in_place, locked, name, known, media))
    return found


def playlists_of(document: Mlt, place: Place) -> list[Node]:
    """The one playlist of a track, or the two that Kdenlive has."""
    if place.service.tag == "playlist":
        return [place.service]
    inner = [each.service for each in mlt_places.places(document, place.service) if each is not None]
    return [each for each in inner if each.tag == "playlist"]


def _known(document: Mlt, entry: Node) -> dict[str, Any] | None:
    """What we know of a clip: from what it plays, else from what the bin holds of it."""
    producer = mlt_places.played(document, entry)
    if producer is None or producer.tag not in ("producer", "chain"):
        return None
    known = mlt_media.known(producer)
    if known:
        return known
    in_bin = _bin_producers(document, producer.get("kdenlive:id"))
    return next((told for each in in_bin if (told := mlt_media.known(each))), known)


def _bin_producers(document: Mlt, identity: str) -> list[Node]:
    bin_ = mlt_places.main_bin(document)
    played = [mlt_places.played(document, entry) for entry in (bin_.all("entry") if bin_ else ())]
    return [node for node in played if node is not None and identity and node.get("kdenlive:id") == identity]


def _in_place(document: Mlt, place: Place, playlists: list[Node], own: Sequence[Node], known: dict[str, Any]) -> bool:
    """Whether our one clip lies where we put it, as long as we made it, with nothing of the user's on it."""
    if len(own) != 1:
        return False
    entry = own[0]
    playlist = next(each for each in playlists if entry in each.children)
    before = [child for child in playlist.children[: playlist.children.index(entry)] if child.tag in ("entry", "blank")]
    if any(child.tag == "entry" for child in before):
        return False
    start = sum(document.frames(child.attributes.get("length"), child) for child in before)
    producer = mlt_places.played(document, entry)
    first, frames = document.span(entry)
    length = document.frames(producer.get("length"), producer) if producer is not None else 0
    frames = length - first if frames is None else frames
    asked = (known.get("start", 0), known.get("frames", length))
    if (start, frames) != asked or first != 0:
        return False
    on_it = [each for node in (entry, producer, place.service) if node is not None for each in node.all("filter")]
    marked = [
        each
        for node in (producer, *_bin_producers(document, producer.get("kdenlive:id") if producer else ""))
        if node is not None
        for each in mlt_guides.objects(node.get("kdenlive:markers"))
    ]
    return not marked and not any(_is_users(each) for each in on_it)


def _is_users(filter_: Node) -> bool:
    """Whether somebody put a filter there and left it on; editors add some by themselves."""
    own = filter_.get("internal_added") or filter_.get("mlt_service") == "audiolevel"
    return not (own or filter_.get("disable") == "1")


def _names(document: Mlt, sequence: Node) -> list[str]:
    if sequence.tag != "tractor":
        return [mlt_places.track_name(sequence)]
    return [
        "" if each is None else mlt_places.track_name(each.service) for each in mlt_places.places(document, sequence)
    ]


def _plan(document: Mlt, sequence: Node, found: list[Ours]) -> Plan:
    names = _names(document, sequence)
    standing = [
        Standing(each.index, each.state, each.in_place, each.name, each.provenance, (each.media,) if each.media else ())
        for each in found
    ]
    planned = score_track.plan(standing, names)
    for each in found:
        changes = each.index in planned.going or (each.state == "foreign clips" and each.in_place)
        if each.locked and changes:
            raise UsageError(f"'{score_track.one_line(each.name)}' {LOCKED}")
    return planned if planned.name else replaced(planned, name=score_track.free_name(names))


# Taking out


def _take_out(document: Mlt, sequence: Node, going: Sequence[Ours], found: Sequence[Ours]) -> list[Change]:
    changes: list[Change] = []
    whole = [each for each in going if each.goes_whole]
    gone: list[Node] = []
    for each in whole:
        gone += [each.place.element, *_own_nodes(document, each)]
    if going:
        staying = [each.provenance for each in found if each not in going]
        changes += mlt_guides.removed(document, sequence, [each.provenance for each in going], staying)
    wrapped = sequence.property(WRAPPED)
    left = [place for place in mlt_places.places(document, sequence) if place is None or place.element not in gone]
    if wrapped is not None and len(left) == 1 and left[0] is not None:
        gone = [*(node for node in gone if node.parent is not sequence), sequence]
        changes = mlt_numbers.root_put_back(document, sequence.id, wrapped.text)
    else:
        for each in whole:
            gone += [
                mixed
                for mixed in sequence.all("transition")
                if mixed.get("b_track") == str(each.index) and mixed.get("mlt_service") == "mix"
            ]
        counted = next((c for o in going if isinstance(c := o.provenance.get("mlt_counted"), list)), None)
        inside = [node for node in gone if node.parent is sequence]
        changes += mlt_numbers.shifted(
            document, sequence, [each.index for each in whole], inside, out=True, counted=counted
        )
    gone += _unused(document, going, gone)
    changes += [(*_with_space(document, node), b"") for node in gone]
    for each in going:
        if each not in whole:
            changes += _entries_cut(document, each)
    was = next((o.provenance for o in whole if "mlt_root" in o.provenance), None)
    if was is not None:
        changes += mlt_numbers.rooted_back(document, was["mlt_root"])
    return _outermost(changes)


def _own_nodes(document: Mlt, each: Ours) -> list[Node]:
    """The definitions that only our track uses: its tractor and playlists."""
    nodes = [each.place.service, *playlists_of(document, each.place)]
    return list({id(node): node for node in nodes if node.parent is document.root}.values())


def _unused(document: Mlt, going: Sequence[Ours], gone: Sequence[Node]) -> list[Node]:
    """The producers of ours that nothing plays any more, with their place in the bin."""
    entries = {id(entry) for each in going for entry in each.entries}
    bin_ = mlt_places.main_bin(document)

    def lost(node: Node) -> bool:
        around: Node | None = node
        while around is not None:
            if around in gone or id(around) in entries:
                return True
            around = around.parent
        return False

    played = [mlt_places.played(document, entry) for each in going for entry in each.entries]
    producers = {node.id: node for node in played if node is not None}
    numbers = {node.get("kdenlive:id") for node in producers.values()} - {""}
    in_bin = [
        entry
        for entry in (bin_.all("entry") if bin_ else ())
        if (node := mlt_places.played(document, entry)) is not None
        and (node.get("kdenlive:id") in numbers and mlt_media.known(node) is not None)
    ]
    users = [node for node in document.root.walk() if "producer" in node.attributes and not lost(node)]
    used = {node.attributes["producer"] for node in users if node not in in_bin}
    used_numbers = {document.services[name].get("kdenlive:id") for name in used if name in document.services} - {""}
    leaving = [node for name, node in producers.items() if name not in used]
    for entry in in_bin:
        node = mlt_places.played(document, entry)
        if node is not None and node.get("kdenlive:id") not in used_numbers:
            leaving += [entry, *([node] if node.id not in used and node not in leaving else [])]
    return [node for node in leaving if not lost(node)]


def _entries_cut(document: Mlt, each: Ours) -> list[Change]:
    """Our clip off a track that others lie on: as much nothing in its place, so that they stay where they are."""
    changes: list[Change] = []
    for entry in each.entries:
        assert entry.parent is not None
        siblings = [child for child in entry.parent.children if child.tag in ("entry", "blank")]
        if siblings[-1] is entry:
            changes.append((*_with_space(document, entry), b""))
        else:
            _, frames = document.span(entry)
            changes.append((entry.start, entry.end, f'<blank length="{frames or 0}"/>'.encode()))
    return changes


def _with_space(document: Mlt, node: Node) -> tuple[int, int]:
    start = node.start
    while start > 0 and document.body[start - 1] in b" \t\r\n":
        start -= 1
    return start, node.end


def _outermost(changes: list[Change]) -> list[Change]:
    """Without changes that lie inside another one, which takes all of it away."""
    result: list[Change] = []
    for change in sorted(changes, key=lambda change: (change[0], -change[1])):
        if result and change[0] < result[-1][1]:
            continue
        result.append(change)
    return result


# Putting in


def _insert(
    data: bytes,
    number: int,
    musics: Sequence[Music],
    name: str,
    markers: Sequence[Guide],
    index: int | None,
    root: str | None,
) -> bytes:
    document = parse(data)
    sequence = sequence_of(document, number)
    kdenlive = mlt_places.is_kdenlive(document) and sequence.tag == "tractor"
    ids = Ids(document)
    chain = any(node.tag == "chain" for node in document.root.children)
    fps = document.rate.fps
    lead = _lead(document, sequence, kdenlive)
    count = len(mlt_places.places(document, sequence)) if sequence.tag == "tractor" else 1
    at = min(count, _lowest_sound(document, sequence) if kdenlive else count) if index is None else min(index, count)
    changes: list[Change] = []
    first_only: dict[str, Any] = {}
    if markers:
        told, change = mlt_guides.added(document, sequence, markers, lead)
        first_only |= told
        changes += change
    if kdenlive:
        counted, change = mlt_numbers.counted_up(document, sequence, count, len(musics))
        first_only["mlt_counted"] = counted
        changes += change
    if root is not None:
        was, change = mlt_numbers.rooted(document, root)
        first_only["mlt_root"] = was
        changes += change
    made: list[Made] = []
    for position, music in enumerate(musics):
        own = {"frames": music.frames, "start": lead, "rate": fps.numerator / fps.denominator}
        known = {**music.provenance, **score_track.part_of(name, music.stem), **own}
        known |= first_only if position == 0 else {}
        called = score_track.track_name(name, music.stem)
        build = kdenlive_track if kdenlive else shotcut_track
        made.append(build(replaced(music, provenance=known), called, lead, ids, chain))
    mixes = [mix(at + position, ids, kdenlive) for position in range(len(made))]
    changes += _definitions(document, sequence, made, kdenlive)
    if sequence.tag == "tractor":
        changes += mlt_numbers.shifted(document, sequence, [at] * len(made), (), out=False, counted=None)
        changes += _tracks(document, sequence, made, mixes, at)
    else:
        wrapped = wrapper(sequence.id, made, mixes, ids)
        if not sequence.id:
            raise InputError(
                f"line {sequence.line}: the <{sequence.tag}> has no id by which a second track could join it"
            )
        last = document.root.children[-1]
        line, unit = _indent(document)
        changes.append((last.end, last.end, (line + render(wrapped, line, unit)).encode()))
        changes += mlt_numbers.root_plays(document, dict(wrapped.attributes)["id"])
    return _changed(document, changes)


def _lead(document: Mlt, sequence: Node, kdenlive: bool) -> int:
    """Frames of nothing before our clip: bare MLT may play from the middle of its tracks."""
    if kdenlive or sequence.tag != "tractor" or sequence.property("shotcut") is not None:
        return 0
    return max(0, document.span(sequence)[0])


def _lowest_sound(document: Mlt, sequence: Node) -> int:
    """Right above the black that lies under everything: the lowest of Kdenlive's sound tracks."""
    places = mlt_places.places(document, sequence)
    return 1 if places and places[0] is not None and mlt_places.is_background(places[0]) else 0


def _indent(document: Mlt) -> tuple[str, str]:
    """The line break before each element of the document, and what one more level adds."""
    body, top = document.body, document.root.children
    line = line_before(body, top[0].start) if top else ""
    inner = next((line_before(body, node.children[0].start) for node in top if node.children), "")
    return line, inner.removeprefix(line) if line and inner.startswith(line) else " "


def _definitions(document: Mlt, sequence: Node, made: Sequence[Made], kdenlive: bool) -> list[Change]:
    """What has to stand before the sequence; what the bin lists has to stand before the bin."""
    line, unit = _indent(document)

    def written(elements: Sequence[Element]) -> bytes:
        return "".join(line + render(element, line, unit) for element in elements).encode()

    definitions = [each for one in made for each in one.definitions]
    if sequence.tag != "tractor":
        spot = document.root.children[-1].end
        return [(spot, spot, written(definitions))]
    bin_ = mlt_places.main_bin(document)
    before = _spot_before(document, sequence)
    changes = []
    if kdenlive and bin_ is not None:
        in_bin = [each for one in made for each in one.bin_producer]
        spot = min(before, _spot_before(document, bin_))
        changes.append((spot, spot, written(in_bin)))
        after = bin_.children[-1]
        inner = line_before(document.body, after.start)
        entries = "".join(inner + render(each, inner, unit) for one in made for each in one.bin_entry)
        changes.append((after.end, after.end, entries.encode()))
    changes.append((before, before, written(definitions)))
    return changes


def _spot_before(document: Mlt, node: Node) -> int:
    """Where something can be inserted before an element at the top: right after what stands before it."""
    top = document.root.children
    while node.parent is not None and node.parent is not document.root:
        node = node.parent
    index = top.index(node)
    return top[index - 1].end if index else document.root.head


def _tracks(document: Mlt, sequence: Node, made: Sequence[Made], mixes: Sequence[Element], at: int) -> list[Change]:
    body = document.body
    elements = mlt_places.elements(sequence)
    _, unit = _indent(document)
    if not elements:
        raise InputError(f"line {sequence.line}: the timeline has no tracks: there is nothing to lay music under")
    after = elements[max(0, min(at, len(elements)) - 1)]
    line = line_before(body, after.start)
    added = "".join(line + render(track(each), line, unit) for each in made)
    spot = after.end
    if at == 0:
        holder = after.parent
        assert holder is not None
        index = holder.children.index(after)
        spot = holder.children[index - 1].end if index else holder.head
    last = elements[-1]
    last = last.parent if last.parent is not None and last.parent.tag == "multitrack" else last
    outer = line_before(body, last.start)
    mixed = "".join(outer + render(each, outer, unit) for each in mixes)
    return [(spot, spot, added.encode()), (last.end, last.end, mixed.encode())]


def _changed(document: Mlt, changes: Sequence[Change]) -> bytes:
    parts: list[bytes] = []
    done = 0
    for start, end, text in sorted(changes, key=lambda change: (change[0], change[1])):
        parts += document.body[done:start], text
        done = end
    return document.encoded(b"".join([*parts, document.body[done:]]))
