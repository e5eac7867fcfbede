"""What the producers of an MLT document are: media, colours, titles; their speed, their sound, the effects on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from .media_path import parse as parse_path
from .mlt_xml import Mlt, Node, number_of
from .score_track import from_note, is_score_media

KNOWN = "hitpoint"  # the property that holds what we know of a producer of ours

_FILES = (
    "avformat",
    "qimage",
    "pixbuf",
    "timewarp",
    "framebuffer",
    "xml",
    "consumer",
    "glaxnimate",
    "rtaudio",
    "vorbis",
)
_STILLS = ("qimage", "pixbuf")
_SOUND = {
    *("volume", "panner", "channelcopy", "channelswap", "mono", "balance", "audiochannels", "audioconvert", "resample"),
    *("audiolevel", "loudness", "loudness_meter", "dynamic_loudness", "swresample", "audiomap", "rbpitch", "audioseam"),
}
_SOUND_FAMILIES = ("sox", "ladspa.", "lv2.", "vst2.", "jack", "avfilter.a")
_PICTURE_OF_A = ("avfilter.avgblur", "avfilter.amplify", "avfilter.atadenoise", "avfilter.alpha")
_LONGEST = 2**31 - 2  # a length as large as this says only that there is no end


@dataclass(frozen=True)
class Medium:
    """A producer. `length` is in frames at its own speed, None where it has no end or none is stated.

    `speed` is None where it changes over time; `off` says that neither its picture nor its sound plays.
    """

    name: str
    url: str | None
    generator: str | None
    length: int | None
    speed: Fraction | None
    sounds: bool
    off: bool
    known: dict[str, Any] | None

    def reference(self, fps: float) -> Any:
        if self.generator is not None:
            return otio.schema.GeneratorReference(name=self.name, generator_kind=self.generator)
        if self.url is None:
            return otio.schema.MissingReference(name=self.name)
        available = None
        if self.length is not None:
            length = self.length * abs(self.speed) if self.speed else Fraction(self.length)
            available = otio.opentime.TimeRange(
                otio.opentime.RationalTime(0, fps), otio.opentime.RationalTime(float(length), fps)
            )
        return otio.schema.ExternalReference(self.url, available)

    def source(self, first: int, frames: int) -> Fraction:
        """The source frame that a clip of `frames` starts its range at, which is played backwards below zero."""
        if self.speed is None or self.speed == 0:
            return Fraction(first)
        if self.speed > 0:
            return first * self.speed
        return ((self.length if self.length is not None else first + frames) - first - frames) * -self.speed


def medium(document: Mlt, node: Node, folder: Path) -> Medium:
    service = node.get("mlt_service")
    resource = node.get("resource")
    length = document.frames(node.get("length"), node, -1)
    if length < 0:
        length = document.frames(node.attributes.get("out"), node, -1) + 1
    name = node.get("kdenlive:clipname") or node.get("shotcut:caption") or node.attributes.get("title", "")
    off = node.get("set.test_image") == node.get("set.test_audio") == "1"
    plain = service.partition("-")[0] or _service_of(resource)
    if plain not in _FILES:
        kind = _generator(plain, resource)
        return Medium(name or plain, None, kind, None, Fraction(1), False, off, known(node))
    speed, path = _speed(plain, resource, node)
    remapped = any(link.get("mlt_service") == "timeremap" for link in node.all("link"))
    url = _url(node.get("kdenlive:originalurl") if node.get("kdenlive:proxy") not in ("", "-") else "", path)
    finite = plain not in _STILLS and 0 < length < _LONGEST
    silent = plain in _STILLS or node.get("audio_index") == "-1" or node.get("set.test_audio") == "1"
    return Medium(
        name,
        found_beside(url, document.root.attributes.get("root", ""), folder),
        None,
        length if finite else None,
        None if remapped else speed,
        not silent,
        off,
        known(node),
    )


def known(node: Node) -> dict[str, Any] | None:
    """What we wrote down about a producer of ours, empty where an editor lost it; None for anybody else's."""
    noted = node.property(KNOWN)
    told = from_note(noted.text) if noted is not None else None
    if told is not None:
        return told
    resource = node.get("resource")
    return {} if resource and is_score_media(resource) else None


def _service_of(resource: str) -> str:
    """A producer without a service is what its resource says, as `melt` takes its arguments."""
    prefix, colon, _ = resource.partition(":")
    if colon and prefix in (*_FILES, "color", "colour", "colour", "noise", "count", "tone"):
        return prefix
    return "avformat" if resource else ""


def _generator(service: str, resource: str) -> str:
    if service not in ("color", "colour"):
        return service or "unknown"
    color = resource.partition(":")[2] if resource.startswith(("color:", "colour:")) else resource
    return "black" if _is_black(color.strip().lower()) else "SolidColor"


def _is_black(color: str) -> bool:
    """Black, or nothing at all: colours are 0xRRGGBBAA, #RRGGBB or #AARRGGBB."""
    if color in ("black", "", "0", "transparent"):
        return True
    if found := re.fullmatch(r"0x([0-9a-f]{6})([0-9a-f]{2})", color):
        return found[1] == "000000" or found[2] == "00"
    if found := re.fullmatch(r"#([0-9a-f]{2})?([0-9a-f]{6})", color):
        return found[2] == "000000" or found[1] == "00"
    return False


def _speed(service: str, resource: str, node: Node) -> tuple[Fraction, str]:
    if service == "timewarp":
        said, _, path = resource.partition(":")
        speed = number_of(node.get("warp_speed") or said)
        return speed or Fraction(1), node.get("warp_resource") or path
    if service == "framebuffer":  # Kdenlive before it had timewarps: clip.mp4?0.5
        path, question, said = resource.rpartition("?")
        speed = number_of(said.partition("&")[0]) if question else None
        return (speed, path) if speed else (Fraction(1), resource)
    return Fraction(1), resource


def _url(original: str, resource: str) -> str:
    url = original or resource
    prefix, colon, rest = url.partition(":")
    if colon and prefix.partition("-")[0] in _FILES:
        url = rest
    return re.sub(r"\?begin[:=].*$", "", url) if "%" in url or ".all." in url else url


def found_beside(url: str, root: str, folder: Path) -> str | None:
    """A resource as a path: relative ones count from the document's `root`, or from where the document lies now."""
    read = parse_path(url)
    if read is None:
        return None
    base = parse_path(root)
    if read.kind != "relative" or base is None or base.kind not in ("posix", "windows", "unc"):
        return url
    whole = str(base.pure / read.pure)
    try:
        if Path(root) == folder or (not Path(whole).exists() and (folder / url).exists()):
            return url
    except (OSError, ValueError):
        return url
    return whole


def effects(*nodes: Node, sound: bool) -> Iterator[Any]:
    """The filters that somebody put on these elements and left on; of a picture, those that touch it."""
    for node in nodes:
        for each in node.all("filter"):
            service = each.get("mlt_service")
            if each.get("disable") == "1" or each.get("internal_added") or service == "audiolevel":
                continue
            if sound or not _of_sound(service):
                yield otio.schema.Effect(name=each.get("kdenlive_id") or service, effect_name=service)


def _of_sound(service: str) -> bool:
    family = service.startswith(_SOUND_FAMILIES) and not service.startswith(_PICTURE_OF_A)
    return service in _SOUND or family
