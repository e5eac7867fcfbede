"""Puts our track into the text of an .otio file and takes it out again; every other byte stays as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...runtime.errors import InputError, UsageError
from . import score_track
from .json_text import (
    Container,
    Item,
    Splice,
    container,
    damaged,
    document,
    holders,
    member,
    raw_length,
    read_string,
    skip_space,
    splice,
    value_end,
    without,
)
from .score_track import KEY, Plan, Standing

Path = tuple[str | int, ...]
Tracks = Mapping[str, Any] | Sequence[Mapping[str, Any]]  # a score's one track, or its stems'

_URL_MEMBER = re.compile(r'(?<!\\)"target_url(?:_base)?"[ \t\r\n]*+:[ \t\r\n]*+(?=")')
_NOT_RELATIVE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]")
_MAYBE_OURS = re.compile(KEY, re.IGNORECASE)
_UNIT = re.compile(r"\{[ \t\r\n]*[\r\n]([ \t]+)\"")
_LINE = re.compile(r"(\r\n|\n|\r)[ \t]*\Z")
_SPACE = re.compile(r"[ \t\r\n]*")
_FOUR = " " * 4


class Removal(NamedTuple):
    text: str
    removed: list[dict[str, Any]]  # what we had written down about each track that was ours
    warnings: list[str]


class Replacement(NamedTuple):
    text: str
    name: str
    warnings: list[str]


@dataclass(frozen=True)
class _Ours:
    """A track with something of ours, by its number among the tracks."""

    index: int
    item: Item
    track: dict[str, Any]
    state: score_track.State
    provenance: dict[str, Any]


@dataclass(frozen=True)
class _Tracks:
    """The top stack of a timeline, and where its tracks and markers stand."""

    stack: Container
    children: Container
    markers: Container | None
    ours: tuple[_Ours, ...]
    our_markers: dict[int, dict[str, Any]]  # by number, with what we wrote down about each


def timelines(text: str) -> list[tuple[Path, str]]:
    """Every timeline in the file with its name, in the order they stand, in collections too."""
    found: list[tuple[Path, str]] = []
    waiting: list[tuple[Path, int]] = [((), document(text))]
    while waiting:
        path, at = waiting.pop()
        if text[at : at + 1] != "{":
            continue
        members = container(text, at)
        schema = members.member("OTIO_SCHEMA")
        kind = read_string(text, schema) if schema else None
        if (kind or "").startswith("Timeline."):
            name = members.member("name")
            found.append((path, (read_string(text, name) if name else None) or ""))
        elif (kind or "").startswith("SerializableCollection."):
            children = members.member("children")
            if children and text[children.value] == "[":
                items = container(text, children.value).items
                waiting += [((*path, "children", i), item.value) for i, item in reversed(list(enumerate(items)))]
    return found


def insert(
    text: str,
    timeline: Path,
    track: Tracks,
    markers: Sequence[Mapping[str, Any]] = (),
    media_prefix: str = "",
) -> str:
    """The file with `track` (or several) last among the tracks of the timeline at `timeline`, such as () or ("children", 0).

    `media_prefix` goes before every relative media path that was there: "../" where the result lies one folder deeper.
    """
    return _insert(text, timeline, _listed(track), markers, media_prefix, media_prefix, None)


def remove(text: str, timeline: Path, media_prefix: str | None = None, *, touched: bool = True) -> Removal:
    """The file as it was before `insert`. Clips on our track that are not ours stay, with a warning; so do, where `touched`
    is False, tracks of ours that somebody moved or cut.

    `media_prefix` is for files whose host lost what we wrote down, or that stay where they are; else it is known.
    """
    tracks = _tracks(text, timeline)
    prefix = _recorded_prefix(tracks) if media_prefix is None else media_prefix
    leaving = [
        ours
        for ours in tracks.ours
        if touched or ours.state == "untouched" or (ours.state == "foreign clips" and score_track.in_place(ours.track))
    ]
    warnings = [
        f"'{score_track.one_line(ours.track.get('name'))}' "
        + (score_track.SHARED if ours in leaving else score_track.TOUCHED)
        for ours in tracks.ours
        if ours not in leaving or not _goes_whole(ours)
    ]
    if not leaving and not touched:
        return Removal(text, [], warnings)
    splices = _take_out(text, tracks, {ours.index for ours in leaving})
    if prefix:
        gone = [(s.start, s.end) for s in splices]
        kept = [s for s in _strip_urls(text, prefix) if not any(a <= s.start < b for a, b in gone)]
        splices += kept
    return Removal(splice(text, splices), [ours.provenance for ours in leaving], warnings)


def replace(
    text: str,
    timeline: Path,
    track: Tracks,
    markers: Sequence[Mapping[str, Any]] = (),
    media_prefix: str = "",
) -> Replacement:
    """Scores again: the new tracks take the old ones' place and name, or come last where `plan` says so.

    `media_prefix` leads from the new file to this one; it adds to what an earlier score put before the paths.
    """
    tracks = _tracks(text, timeline)
    planned = _plan(text, tracks)
    going = {
        ours.index
        for ours in tracks.ours
        if ours.index in planned.going or (ours.state == "foreign clips" and score_track.in_place(ours.track))
    }
    cleared = splice(text, _take_out(text, tracks, going))
    recorded = media_prefix + _recorded_prefix(tracks)
    renamed = [_named(each, planned.name) for each in _listed(track)]
    scored = _insert(cleared, timeline, renamed, markers, media_prefix, recorded, planned.index)
    return Replacement(scored, planned.name, list(planned.warnings))


def plan(text: str, timeline: Path) -> Plan:
    """What `replace` would do, to be asked before a sound file is written over."""
    return _plan(text, _tracks(text, timeline))


def _plan(text: str, tracks: _Tracks) -> Plan:
    names = []
    for item in tracks.children.items:
        members = container(text, item.value) if text[item.value] == "{" else None
        name = members.member("name") if members else None
        names.append((read_string(text, name) if name else None) or "")
    found = []
    for ours in tracks.ours:
        media = tuple(score_track.media_url(clip) for clip in score_track.our_clips(ours.track))
        in_place = score_track.in_place(ours.track)
        found.append(Standing(ours.index, ours.state, in_place, names[ours.index], ours.provenance, media))
    return score_track.plan(found, names)


def _listed(track: Tracks) -> list[Mapping[str, Any]]:
    return [track] if isinstance(track, Mapping) else list(track)


def _named(track: Mapping[str, Any], score: str) -> Mapping[str, Any]:
    """The track as one of the score of that name."""
    stem = str(track["metadata"][KEY].get("stem", ""))
    return _noted({**track, "name": score_track.track_name(score, stem)}, score_track.part_of(score, stem))


def _tracks(text: str, timeline: Path) -> _Tracks:
    top = _find(text, timeline).member("tracks")
    if top is None or text[top.value] != "{":
        raise InputError("the timeline has no stack of tracks: there is nothing to put a track into")
    stack = container(text, top.value)
    children = stack.member("children")
    if children is None or text[children.value] != "[":
        raise InputError("the timeline's stack has no list of tracks: there is nothing to put a track into")
    listed = container(text, children.value)
    found: list[_Ours] = []
    for index, item in enumerate(listed.items):
        track = _parsed(text, item)
        state = score_track.ours(track) if track else None
        if track and state:
            found.append(_Ours(index, item, track, state, dict(score_track.track_provenance(track) or {})))
    markers = stack.member("markers")
    marked = container(text, markers.value) if markers and text[markers.value] == "[" else None
    our_markers = {}
    for index, item in enumerate(marked.items if marked else ()):
        metadata = (_parsed(text, item) or {}).get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get(KEY), dict):
            our_markers[index] = metadata[KEY]
    return _Tracks(stack, listed, marked, tuple(found), our_markers)


def _find(text: str, path: Path) -> Container:
    at = document(text)
    for step in path:
        if isinstance(step, str):
            found = member(text, at, step)
        else:
            items = container(text, at).items if text[at : at + 1] == "[" else ()
            found = items[step].value if 0 <= step < len(items) else None
        if found is None:
            raise InputError(f"the file has no timeline at {'/'.join(map(str, path))}")
        at = found
    timeline = container(text, at)
    if not path and (after := skip_space(text, timeline.end)) < len(text):
        raise damaged(text, after, "something follows the end")
    return timeline


def _parsed(text: str, item: Item) -> dict[str, Any] | None:
    """The object at an item where it may be ours; None for all others, most of them unread."""
    if not _MAYBE_OURS.search(text, item.value, item.end):
        return None
    try:
        value = json.loads(text[item.value : item.end], strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _insert(
    text: str,
    timeline: Path,
    added: Sequence[Mapping[str, Any]],
    markers: Sequence[Mapping[str, Any]],
    prefix: str,
    recorded: str,
    index: int | None,
) -> str:
    if recorded and _NOT_RELATIVE.match(recorded):
        raise UsageError(f"a media prefix is a relative path, not '{recorded}'")
    tracks = _tracks(text, timeline)
    known: dict[str, Any] = {"media_prefix": recorded} if recorded else {}
    if not tracks.children.items:
        known["children_was"] = text[tracks.children.start + 1 : tracks.children.end - 1]
    splices = _prefix_urls(text, prefix) if prefix else []
    splices.append(_added(text, tracks.children, *[_noted(track, known) for track in added], index=index))
    if markers:
        splices.append(_added_markers(text, tracks, markers))
    return splice(text, splices)


def _added_markers(text: str, tracks: _Tracks, markers: Sequence[Mapping[str, Any]]) -> Splice:
    if tracks.markers and tracks.markers.items:
        return _added(text, tracks.markers, *markers)
    if tracks.markers:
        was = text[tracks.markers.start + 1 : tracks.markers.end - 1]
        return _added(text, tracks.markers, *[_noted(marker, {"markers_was": was}) for marker in markers])
    if tracks.stack.member("markers"):
        raise InputError("the timeline's markers are no list: there is nothing to put a marker into")
    separator = _separator(text, tracks.stack)
    listed = _dumped(text, [_noted(marker, {"markers_was": None}) for marker in markers], separator)
    end = tracks.stack.items[-1].end
    colon = ": " if "\n" in separator or ": " in text[:end] else ":"
    return Splice(end, end, f',{separator}"markers"{colon}{listed}')


def _noted(thing: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    metadata = dict(thing.get("metadata") or {})
    return {**thing, "metadata": {**metadata, KEY: {**(metadata.get(KEY) or {}), **known}}}


def _added(text: str, listed: Container, *elements: Any, index: int | None = None) -> Splice:
    separator = _separator(text, listed)
    dumped = [_dumped(text, element, separator) for element in elements]
    if not listed.items:
        inside = text[listed.start + 1 : listed.end - 1]
        close = separator.removesuffix(_unit(text)) if "\n" in separator and "\n" not in inside else ""
        added = f",{separator}".join(dumped)
        return Splice(listed.start + 1, listed.start + 1, f"{separator}{added}{close}")
    if index == 0:
        at = listed.items[0].start
        return Splice(at, at, "".join(f"{element},{separator}" for element in dumped))
    at = listed.items[-1 if index is None else min(index, len(listed.items)) - 1].end
    return Splice(at, at, "".join(f",{separator}{element}" for element in dumped))


def _separator(text: str, listed: Container) -> str:
    """The white space before an item: a line break and the items' indentation, or little where all is on one line."""
    if len(listed.items) > 1:
        return text[text.index(",", listed.items[-2].end) + 1 : listed.items[-1].start]
    if listed.items:
        return text[listed.start + 1 : listed.items[0].start]
    line = max(text.rfind("\n", 0, listed.start), text.rfind("\r", 0, listed.start)) + 1
    if not line or not (unit := _unit(text)):
        return ""
    break_ = "\r\n" if text[max(0, line - 2) : line] == "\r\n" else text[line - 1]
    return break_ + text[line : skip_space(text, line)] + unit


def _unit(text: str) -> str:
    match = _UNIT.match(text, document(text))
    return match[1] if match else ""


def _dumped(text: str, value: Any, separator: str) -> str:
    if line := _LINE.search(separator):
        return json.dumps(value, indent=_unit(text) or _FOUR).replace("\n", line[0])
    spaced = separator or '": ' in text[:200]
    return json.dumps(value, separators=(", ", ": ") if spaced else (",", ":"))


def _goes_whole(ours: _Ours) -> bool:
    return ours.state != "foreign clips" and score_track.is_our_track(ours.track)


def _take_out(text: str, tracks: _Tracks, going: set[int]) -> list[Splice]:
    """Our tracks of those numbers, all our markers, and what we had to make room for them."""
    leaving = [ours for ours in tracks.ours if ours.index in going]
    whole = {ours.index for ours in leaving if _goes_whole(ours)}
    was = next((known for ours in tracks.ours if (known := ours.provenance.get("children_was")) is not None), None)
    splices = without(tracks.children, whole, _space(was))
    for ours in leaving:
        if ours.index not in whole:
            splices += _emptied(text, ours)
    if tracks.markers and tracks.our_markers:
        notes = [known["markers_was"] for known in tracks.our_markers.values() if "markers_was" in known]
        if None in notes and len(tracks.our_markers) == len(tracks.markers.items):
            place = next(i for i, item in enumerate(tracks.stack.items) if item.value == tracks.markers.start)
            return splices + without(tracks.stack, {place})
        splices += without(tracks.markers, set(tracks.our_markers), _space(next(iter(notes), None)))
    return splices


def _space(was: Any) -> str:
    """What stood in an empty list; a file can say anything, so nothing but white space is believed."""
    return was if isinstance(was, str) and _SPACE.fullmatch(was) else ""


def _emptied(text: str, ours: _Ours) -> list[Splice]:
    """Nothing in the place of our clips, as long as they were; the track is no longer ours."""
    members = container(text, ours.item.value)
    splices = []
    children = members.member("children")
    for item in container(text, children.value).items if children else ():
        clip = _parsed(text, item)
        if clip and score_track.our_clip(clip) is not None:
            hole = score_track.gap(clip.get("source_range"))
            line = _LINE.search(text, max(0, item.start - 200), item.start)
            splices.append(Splice(item.start, item.end, _dumped(text, hole, line[0] if line else "")))
    metadata = members.member("metadata")
    if metadata and text[metadata.value] == "{":
        noted = container(text, metadata.value)
        splices += without(noted, {i for i, item in enumerate(noted.items) if item.key == KEY})
    return splices


def _recorded_prefix(tracks: _Tracks) -> str:
    """What stands before the paths now: each scoring from another folder made it longer."""
    prefixes = [ours.provenance.get("media_prefix") for ours in tracks.ours]
    return max((prefix for prefix in prefixes if isinstance(prefix, str)), key=len, default="")


def _urls(text: str) -> list[Item]:
    """The paths of media references; a target_url in somebody's metadata is none."""
    found = [(match.start(), match.end()) for match in _URL_MEMBER.finditer(text)]
    around = holders(text, [start for start, _ in found])
    urls = []
    for (start, value), holder in zip(found, around, strict=True):
        schema = container(text, holder).member("OTIO_SCHEMA") if text[holder] == "{" else None
        if schema and "Reference." in (read_string(text, schema) or ""):
            urls.append(Item(start, value, value_end(text, value)))
    return urls


def is_relative(path: str) -> bool:
    """True for what is found from the file's own folder: no URL, no drive, no server, no root."""
    return path != "" and not _NOT_RELATIVE.match(path)


def _prefix_urls(text: str, prefix: str) -> list[Splice]:
    plain = json.dumps(prefix)[1:-1]
    return [
        Splice(item.value + 1, item.value + 1, plain)
        for item in _urls(text)
        if is_relative(read_string(text, item) or "")
    ]


def _strip_urls(text: str, prefix: str) -> list[Splice]:
    splices = []
    for item in _urls(text):
        path = read_string(text, item) or ""
        if path.startswith(prefix) and is_relative(path) and is_relative(path[len(prefix) :]):
            length = raw_length(text[item.value : item.end], prefix)
            if length is not None:
                splices.append(Splice(item.value + 1, item.value + 1 + length, ""))
    return splices
