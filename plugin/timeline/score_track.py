"""Our track as OpenTimelineIO writes it down, and how it is known again after a host had it in its hands."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...runtime.rate import SAMPLE_RATE

NAME = "Hitpoint Score"
KEY = "hitpoint"
TRACK_NAME = re.compile(rf"({NAME}(?: \d+)?)(?:: (.+))?", re.DOTALL)  # the score's name, and the stem's
CHANNELS = 2
BITS = 24
SHARED = "holds clips that are not ours: it stays, without our music"
TOUCHED = "was moved, cut or changed, and stays as it is"

State = Literal["untouched", "moved", "foreign clips"]

_OUR_MEDIA = re.compile(
    r"(.*\.hitpoint[\\/](takes[\\/]\d+[\\/])?(score(-full)?(-\d+)?|stems(-\d+)?[\\/][^\\/]+)"
    r"|(.*[\\/])?media[\\/]hitpoint-score[^\\/]*)\.wav",
    re.DOTALL,
)
_TENTH = 0.1  # of a frame: what rates written as 23.976 and 24000/1001 may differ by within three hours
_ONE_FRAME = 0.016  # s, at 60 frames a second
# Resolve gives every clip of its own about seven of these (hosts.md A1.6).
_HOST_EFFECTS = {"Resolve Effect"}


@dataclass(frozen=True)
class Plan:
    """What scoring again will do: the new score's name, its place among the tracks (None: last), and the tracks that
    `going` makes room for it.

    `kept_media` are the files that scores left in place still play; they must not be written over.
    """

    name: str
    index: int | None
    kept_media: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    going: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Standing:
    """A track of ours that is on a timeline. `in_place`: our own clip on it is where we put it."""

    index: int
    state: State
    in_place: bool
    name: str
    provenance: Mapping[str, Any]
    media: tuple[str, ...] = ()

    @property
    def belongs(self) -> tuple[str, str]:
        """The name of its score, and its stem; no stem where the track is the whole score."""
        score, stem = self.provenance.get("score"), self.provenance.get("stem")
        if isinstance(score, str) and isinstance(stem, str):
            return score, stem
        named = TRACK_NAME.fullmatch(self.name)
        return (named[1], named[2] or "") if named else (self.name, "")


def score_track(
    *,
    name: str,
    frames: int,
    rate: float,
    media_url: str,
    media_name: str,
    samples: int,
    provenance: Mapping[str, Any],
    lead: float = 0,
    stem: str = "",
) -> dict[str, Any]:
    """An audio track with one stereo clip of `frames` at the timeline's own `rate`, after `lead` frames of nothing.

    `name` is the score's; a `stem` has it before its own. Both ranges are in the timeline's rate and start at 0: no other form goes through every adapter (interchange.md 3).
    """
    known = {**provenance, **part_of(name, stem), "frames": frames, "start": lead, "rate": rate}
    small = {key: value for key, value in known.items() if not isinstance(value, Mapping | list | tuple)}
    sound = {"sample_rate": SAMPLE_RATE, "channels": CHANNELS, "samples": samples}
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {KEY: sound, "AAF": _aaf(samples), "fcp_xml": _fcp_xml()},
        "name": media_name,
        "available_range": _range(frames, rate),
        "available_image_bounds": None,
        "target_url": media_url,
    }
    channels = [{"Source Channel ID": channel, "Source Track ID": 0} for channel in range(CHANNELS)]
    clip = {
        "OTIO_SCHEMA": "Clip.2",
        "metadata": {KEY: small, "Resolve_OTIO": {"Channels": channels}},
        "name": media_name,
        "source_range": _range(frames, rate),
        "effects": [],
        "markers": [],
        "enabled": True,
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }
    return {
        "OTIO_SCHEMA": "Track.1",
        "metadata": {KEY: known, "Resolve_OTIO": {"Audio Type": "Stereo", "Locked": False, "SoloOn": False}},
        "name": track_name(name, stem),
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": [gap(_range(lead, rate)), clip] if lead > 0 else [clip],
        "kind": "Audio",
    }


def marker(frame: int, name: str, rate: float, color: str, provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {KEY: dict(provenance)},
        "name": name,
        "color": color,
        "marked_range": _range(0, rate, frame),
        "comment": "",
    }


def gap(source_range: Any) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": source_range,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def one_line(name: Any) -> str:
    """A name as a message can hold it."""
    return " ".join(str(name).split())


def note(provenance: Mapping[str, Any]) -> str:
    """What we know of a clip in one line, for formats that carry nothing but comments."""
    return json.dumps({KEY: dict(provenance)}, separators=(",", ":"))


def from_note(text: str) -> dict[str, Any] | None:
    if f'"{KEY}"' not in text:
        return None
    try:
        known = json.loads(text)[KEY]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return known if isinstance(known, dict) else None


def is_score_media(path: str) -> bool:
    """True for the file names that only our scores have, in whatever form the path is written."""
    return _OUR_MEDIA.fullmatch(path) is not None


def track_name(score: str, stem: str) -> str:
    """Hitpoint Score: harmony"""
    return f"{score}: {stem}" if stem else score


def part_of(score: str, stem: str) -> dict[str, str]:
    """What a stem's track says of where it belongs; nothing for the track of a whole score."""
    return {"score": score, "stem": stem} if stem else {}


def free_name(names: Iterable[str]) -> str:
    """A name that no score has, neither on one track nor on several."""
    taken = {named[1] if (named := TRACK_NAME.fullmatch(name)) else name for name in names}
    number = 1
    while (name := NAME if number == 1 else f"{NAME} {number}") in taken:
        number += 1
    return name


def plan(found: Sequence[Standing], names: Sequence[str]) -> Plan:
    """Takes the place of the one score that nobody touched. `names` are those of all tracks."""
    scores: dict[str, list[Standing]] = {}
    for standing in found:
        scores.setdefault(standing.belongs[0], []).append(standing)
    changed = {score for score, tracks in scores.items() if any(t.state != "untouched" for t in tracks)}
    whole = [tracks for tracks in scores.values() if _replaceable(tracks)]
    alike = [score for score, tracks in scores.items() if score not in changed or tracks in whole]
    going: frozenset[int] = frozenset()
    name, place = free_name(names), None
    if len(whole) == len(alike) == 1:
        going = frozenset(standing.index for standing in whole[0] if standing.state == "untouched")
        place = min(going)
        if len(going) == len(whole[0]):
            score, stem = whole[0][0].belongs
            name = score if stem else whole[0][0].name
    # else several are alike: somebody made copies, and none is ours to take away
    kept: list[str] = []
    warnings: list[str] = []
    for standing in found:
        called = one_line(standing.name) or f"audio track {standing.index + 1}"
        if standing.state == "foreign clips" and standing.in_place:
            warnings.append(
                f"'{called}' holds clips that are not ours: it stays, without our music; see '{one_line(name)}'"
            )
        elif standing.index not in going:
            kept += standing.media
            why = "moved, cut or changed"
            if standing.state == "untouched":
                beside = standing.belongs[0] in changed
                why = "left beside the changed tracks of its score" if beside else "copied"
            warnings.append(
                f"'{called}' was {why} and stays as it is: mute it or it plays along with '{one_line(name)}'"
            )
    return Plan(name, place, tuple(kept), tuple(warnings), going)


def _replaceable(tracks: Sequence[Standing]) -> bool:
    """Whether a score is as we made it: each stem once, and our music on each track where we put it."""
    stems = [standing.belongs[1] for standing in tracks]
    ours_still = all(t.state == "untouched" or (t.state == "foreign clips" and t.in_place) for t in tracks)
    return (
        ours_still
        and any(t.state == "untouched" for t in tracks)
        and len(set(stems)) == len(stems)
        and ("" not in stems or len(stems) == 1)
    )


def our_clip(item: Any) -> Mapping[str, Any] | None:
    """The provenance of a clip of ours, empty where a host lost it; None for anything else."""
    if not isinstance(item, Mapping) or not _schema(item).startswith("Clip."):
        return None
    known = _provenance(item)
    return {} if known is None and is_score_media(media_url(item)) else known


def our_clips(track: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in _children(track) if our_clip(item) is not None]


def track_provenance(track: Any) -> Mapping[str, Any] | None:
    """What we wrote down about a track of ours: on the track, else on its clip."""
    if not isinstance(track, Mapping) or not _schema(track).startswith("Track."):
        return None
    known = _provenance(track)
    return known if known is not None else next(map(our_clip, our_clips(track)), None)


def is_our_track(track: Mapping[str, Any]) -> bool:
    """True where the track itself is ours, not merely a clip that somebody laid on it."""
    if _provenance(track) is not None:
        return True
    named = track.get("kind") == "Audio" and TRACK_NAME.fullmatch(str(track.get("name"))) is not None
    return named and bool(our_clips(track))


def ours(track: Any) -> State | None:
    """What became of a track of ours; None for a track that has nothing of ours. Takes the track's JSON object."""
    if track_provenance(track) is None:
        return None
    if any(our_clip(item) is None and not _schema(item).startswith("Gap.") for item in _children(track)):
        return "foreign clips"
    if not is_our_track(track) or _kept_by_user(track) or not in_place(track):
        return "moved"
    return "untouched"


def in_place(track: Mapping[str, Any]) -> bool:
    """True where our one clip lies where we put it, as long as we made it; what follows it does not matter."""
    items = _children(track)
    at = next((i for i, item in enumerate(items) if our_clip(item) is not None), None)
    if at is None or at > 1 or len(our_clips(track)) != 1:
        return False
    clip, before = items[at], items[:at]
    known = our_clip(clip) or _provenance(track) or {}
    found = _seconds(clip.get("source_range"))
    if found is None or _kept_by_user(clip):
        return False
    frames, rate, start = (_number(known.get(key)) for key in ("frames", "rate", "start"))
    if frames is None or start is None or not rate:
        # A host lost what we wrote down: whole and at the start is all that can be asked.
        whole = _seconds(_media(clip).get("available_range"))
        return (
            not before and whole is not None and all(abs(a - b) < _ONE_FRAME for a, b in zip(found, whole, strict=True))
        )
    lead = _seconds(before[0].get("source_range")) if before else (0.0, 0.0)
    asked = (0.0, frames / rate, start / rate)
    got = (*found, lead[1] if lead and (not before or _schema(before[0]).startswith("Gap.")) else -1.0)
    return all(abs(a - b) * rate < _TENTH for a, b in zip(asked, got, strict=True))


def media_url(clip: Mapping[str, Any]) -> str:
    return str(_media(clip).get("target_url") or "")


def _media(clip: Mapping[str, Any]) -> Mapping[str, Any]:
    references = clip.get("media_references")
    media = clip.get("media_reference")
    if isinstance(references, Mapping):
        media = references.get(str(clip.get("active_media_reference_key", "DEFAULT_MEDIA")))
    return media if isinstance(media, Mapping) else {}


def _children(track: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    children = track.get("children")
    return [item for item in children if isinstance(item, Mapping)] if isinstance(children, list) else []


def _schema(item: Mapping[str, Any]) -> str:
    return str(item.get("OTIO_SCHEMA", ""))


def _provenance(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    metadata = item.get("metadata")
    if not isinstance(metadata, Mapping):
        return None
    known = metadata.get(KEY)
    if isinstance(known, Mapping):
        return known
    try:  # where OpenTimelineIO's adapter puts the note of an FCP7 clip
        return from_note(str(metadata["fcp_xml"]["comments"]["mastercomment1"]))
    except (KeyError, TypeError):
        return None


def _kept_by_user(item: Mapping[str, Any]) -> bool:
    """True where somebody put markers or effects of his own on a thing of ours."""
    effects = item.get("effects")
    listed = effects if isinstance(effects, list) else []
    own = [e for e in listed if not isinstance(e, Mapping) or str(e.get("name")) not in _HOST_EFFECTS]
    return bool(item.get("markers") or own)


def _seconds(time_range: Any) -> tuple[float, float] | None:
    try:
        start, duration = time_range["start_time"], time_range["duration"]
        return start["value"] / start["rate"], duration["value"] / duration["rate"]
    except (TypeError, KeyError, ZeroDivisionError):
        return None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _range(frames: float, rate: float, start: float = 0) -> dict[str, Any]:
    def time(value: float) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(value)}

    return {"OTIO_SCHEMA": "TimeRange.1", "duration": time(frames), "start_time": time(start)}


def _aaf(samples: int) -> dict[str, Any]:
    # Without it the adapter describes the file as mono, 16 bit.
    block = CHANNELS * BITS // 8
    return {
        "EssenceDescription": {
            "Channels": CHANNELS,
            "BlockAlign": block,
            "AverageBPS": block * SAMPLE_RATE,
            "QuantizationBits": BITS,
            "SampleRate": SAMPLE_RATE,
            "AudioSamplingRate": SAMPLE_RATE,
            "Length": samples,
        }
    }


def _fcp_xml() -> dict[str, Any]:
    sound = {"depth": str(BITS), "samplerate": str(SAMPLE_RATE)}
    return {"media": {"audio": {"samplecharacteristics": sound, "channelcount": str(CHANNELS)}}}
