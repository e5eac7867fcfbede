"""Where things are in an MLT document: its timelines, their tracks, its bin; what is sound and what is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...runtime.errors import InputError
from . import mlt_marks, mlt_media
from .mlt_xml import SERVICES, Mlt, Node


@dataclass(frozen=True)
class Place:
    """A track of a tractor: the element that names it, what it plays, and what of it is hidden (`video`, `audio`)."""

    element: Node
    service: Node
    hidden: frozenset[str]


def main_bin(document: Mlt) -> Node | None:
    return document.services.get("main_bin")


def is_kdenlive(document: Mlt) -> bool:
    bin_ = main_bin(document)
    named = (child.attributes.get("name", "") for child in (bin_.all("property") if bin_ else ()))
    return any(name.startswith("kdenlive:docproperties.") for name in named)


def sequences(document: Mlt) -> list[Node]:
    """What can be taken for a timeline; the one that is open in the editor comes first. Raises InputError for none."""
    top = [child for child in document.root.children if child.tag in SERVICES and child.id != "main_bin"]
    named = [node for node in top if node.tag == "tractor" and node.property("kdenlive:uuid")]
    bin_ = main_bin(document)
    if named and bin_ is not None:
        entered = {entry.attributes.get("producer") for entry in bin_.all("entry")}
        named = [node for node in named if node.id in entered] or named
        active = bin_.get("kdenlive:docproperties.activetimeline")
        active = active or bin_.get("kdenlive:docproperties.uuid")
        return sorted(named, key=lambda node: node.get("kdenlive:uuid") != active)
    said = document.root.attributes.get("producer", "")
    chosen = document.services.get(said) if said != "main_bin" else None
    tractors = [node for node in top if node.tag == "tractor"]
    if chosen is None or is_kdenlive(document):
        wide = tractors or [node for node in top if node.tag == "playlist"] or top
        if not wide:
            raise InputError("it holds no tractor and no playlist: there is no timeline in it")
        chosen = wide[-1]
    return [chosen]


def names(document: Mlt) -> list[str]:
    return [node.get("kdenlive:clipname") for node in sequences(document)]


def elements(tractor: Node) -> list[Node]:
    """What stands for the tracks of a tractor, from the lowest up."""
    found = []
    for child in tractor.children:
        inside = child.children if child.tag == "multitrack" else [child] if child.tag == "track" else []
        found += [each for each in inside if each.tag == "track" or each.tag in SERVICES]
    return found


def places(document: Mlt, tractor: Node) -> list[Place | None]:
    """The tracks of a tractor from the lowest up, None for one that plays nothing the document defines."""
    found: list[Place | None] = []
    for element in elements(tractor):
        service = played(document, element) if element.tag == "track" else element
        found.append(Place(element, service, _hidden(element, service)) if service else None)
    return found


def played(document: Mlt, element: Node) -> Node | None:
    """What a <track> or an <entry> plays, named or lying inside it."""
    inside = next(iter(element.all(*SERVICES)), None)
    return inside or document.services.get(element.attributes.get("producer", ""))


def _hidden(element: Node, service: Node) -> frozenset[str]:
    both = {"both": {"video", "audio"}, "3": {"video", "audio"}, "1": {"video"}, "2": {"audio"}}
    hidden: set[str] = set()
    for said in (element.attributes.get("hide", ""), service.get("hide")):
        hidden |= both.get(said, {said} & {"video", "audio"})
    if is_track(service):
        inner = [each.attributes.get("hide", "") for each in service.all("track")]
        inside = [both.get(said, {said} & {"video", "audio"}) for said in inner]
        if inside:
            hidden |= set.intersection(*map(set, inside))
    return frozenset(hidden)


def is_track(service: Node) -> bool:
    """Whether a tractor is one track of Kdenlive, which is two playlists."""
    said = [child.attributes.get("name", "") for child in service.all("property")]
    marks = ("kdenlive:track_name", "kdenlive:audio_track", "kdenlive:trackheight", "kdenlive:timeline_active")
    return service.tag == "tractor" and any(name in marks for name in said) and not service.property("kdenlive:uuid")


def is_background(place: Place) -> bool:
    """The black that lies under everything."""
    service = place.service
    lowest = ("black_track", "background", "black")
    if service.id in lowest or service.get("kdenlive:playlistid") in lowest:
        return True
    return service.tag == "producer" and service.get("mlt_service") in ("color", "colour")


def is_audio(place: Place) -> bool:
    service = place.service
    if service.get("kdenlive:audio_track") == "1" or service.property("shotcut:audio"):
        return True
    if is_track(service) or service.property("shotcut:video"):
        return False
    return place.hidden == {"video"}


def track_name(service: Node) -> str:
    return service.get("kdenlive:track_name") or service.get("shotcut:name") or service.attributes.get("title", "")


def all_guides(document: Mlt, sequence: Node, colors: dict[int, str] | None = None) -> list[mlt_marks.Guide]:
    """Every marker of a sequence."""
    bin_ = main_bin(document)
    colors = mlt_marks.categories(bin_) if colors is None else colors
    if not is_kdenlive(document):
        return [guide for _, guide in mlt_marks.shotcut_markers(document, sequence)]
    holder = guides_at(document, sequence)
    text = holder.text if holder is not None else sequence.get("kdenlive:markers")
    return list(mlt_marks.guides(text, colors))


def guides_at(document: Mlt, sequence: Node) -> Node | None:
    """The property that holds the guides: of the sequence, or of the project in the days of one sequence a project."""
    bin_ = main_bin(document)
    if sequence.property("kdenlive:uuid"):
        return sequence.property("kdenlive:sequenceproperties.guides")
    return bin_.property("kdenlive:docproperties.guides") if bin_ else None


def our_guides(document: Mlt, sequence: Node) -> list[Any]:
    """[frame, words] of the guides that we wrote, as the sounds of ours on a sequence tell."""
    found: list[Any] = []
    for place in places(document, sequence):
        if place is None or place.service.tag not in ("playlist", "tractor") or not is_audio(place):
            continue
        inner = [place.service]
        if is_track(place.service):
            inner = [each.service for each in places(document, place.service) if each is not None]
        for playlist in inner:
            for entry in playlist.all("entry"):
                producer = played(document, entry)
                known = mlt_media.known(producer) if producer is not None else None
                said = known.get("guides") if known else None
                found += [each for each in said if isinstance(each, list)] if isinstance(said, list) else []
    return found
