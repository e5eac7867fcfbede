"""An FCPXML document by element and byte position, and what its words mean: times, frame rates, who is connected to whom."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NoReturn
from xml.parsers import expat

from ...runtime.errors import InputError
from ...runtime.rate import Rate
from .layout import MAX_SECONDS
from .xml_text import START_TAG, Document, Node, in_utf8

INFO = "Info.fcpxml"  # the document inside an .fcpxmld
MAX_DENOMINATOR = 2**31 - 1  # of a time, as Apple has it
MAX_DEPTH = 200  # of elements inside each other; Final Cut's own files stay below 40

CLIPS = ("asset-clip", "clip", "ref-clip", "sync-clip", "mc-clip", "video", "audio", "title", "gap", "audition")
CONTAINERS = ("clip", "sync-clip")  # what lies in them without a lane is their own picture and sound

_TIME = re.compile(r"\s*(-?\d{1,19})(?:/(\d{1,19})|(\.\d{1,9}))?\s*s?\s*")
# What a format may leave out where its name says it: FFVideoFormat1080p2398, FFVideoFormatDV720x576i50.
_NAMED_RATE = re.compile(r".*\d(p|i)(\d{2,4})", re.DOTALL)


def parse(data: bytes) -> Document:
    """Every element. Raises InputError, with the line, for what is no FCPXML."""
    body, codec, bom = in_utf8(data)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    around: list[Node] = []
    roots: list[Node] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if not around and tag != "fcpxml":
            raise InputError(f"its root is <{tag}>, not the <fcpxml> of Final Cut")
        if len(around) > MAX_DEPTH:
            raise InputError(f"its items lie too deep inside each other to be read (line {parser.CurrentLineNumber})")
        at = parser.CurrentByteIndex
        match = START_TAG.match(body, at)
        head = match.end() if match else at
        node = Node(tag, tag, attributes, at, head, head, around[-1] if around else None)
        (around[-1].children if around else roots).append(node)
        around.append(node)

    def end(_tag: str) -> None:
        node = around.pop()
        if body[node.head - 2 : node.head] != b"/>":
            node.end = body.index(b">", parser.CurrentByteIndex) + 1

    def characters(text: str) -> None:
        if around and around[-1].tag == "note":
            around[-1].text += text

    def entity(name: str, *_: object) -> NoReturn:
        raise InputError(f"the document defines an entity, '{name}': an edit needs none, so it is not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, "not well formed")
        raise InputError(f"line {error.lineno}: {why}: not a whole XML document") from None
    return Document(body, codec, bom, roots[0], ())


def called(node: Node) -> str:
    """How a message names an element."""
    name = " ".join(node.attributes.get("name", "").split())[:80]
    return f"{node.tag} '{name}'" if name else f"a {node.tag} without a name"


def time(node: Node, attribute: str, default: Fraction | None = None) -> Fraction:
    """A time in exact seconds: "1001/30000s". A missing one is the default, or an error where there is none."""
    text = node.attributes.get(attribute)
    if text is None:
        if default is None:
            raise InputError(f"{called(node)} has no {attribute}")
        return default
    found = _TIME.fullmatch(text)
    if not found or (found[2] and not int(found[2])):
        raise InputError(f"{called(node)}: its {attribute} is no time: '{text[:40]}'")
    exact = Fraction(int(found[1]), int(found[2])) if found[2] else Fraction(found[1] + (found[3] or ""))
    if abs(exact) > MAX_SECONDS * 10:
        raise InputError(f"{called(node)}: its {attribute} is {float(exact):.3g} seconds, beyond any timeline")
    return exact


def written(seconds: Fraction) -> str:
    """A time as FCPXML writes it: 1001/30000s, 5s."""
    return f"{seconds.limit_denominator(MAX_DENOMINATOR)}s"


def in_frames(frames: int, rate: Rate) -> str:
    """So many frames, unreduced so that a reader sees them: 100 frames at 29.97 are 100100/30000s."""
    fps = rate.fps
    if not frames:
        return "0s"
    return f"{frames * fps.denominator}/{fps.numerator}s" if fps.denominator != 1 else f"{frames * 100}/{fps * 100}s"


def lane(node: Node) -> int:
    try:
        return int(node.attributes.get("lane", "0"))
    except ValueError:
        raise InputError(f"{called(node)} has a lane that is no number: '{node.attributes['lane'][:40]}'") from None


def connected(node: Node) -> list[Node]:
    """What hangs on a clip. A container's own picture and sound have no lane; elsewhere everything hangs."""
    found = [child for child in node.children if child.tag in CLIPS or child.tag == "spine"]
    return [child for child in found if lane(child)] if node.tag in CONTAINERS else found


def contained(node: Node) -> list[Node]:
    """What a clip or sync-clip is made of."""
    found = [child for child in node.children if child.tag in CLIPS or child.tag == "spine"]
    return [child for child in found if not lane(child)]


def active(node: Node) -> Node | None:
    """An audition's pick, which is its first; anything else is itself."""
    if node.tag != "audition":
        return node
    picked = next((child for child in node.children if child.tag in CLIPS), None)
    return active(picked) if picked else None


def format_rate(node: Node | None) -> Rate | None:
    """The frame rate of a <format>; None where it has none, as that of sound."""
    if node is None:
        return None
    if "frameDuration" in node.attributes:
        duration = time(node, "frameDuration")
        if duration <= 0:
            raise InputError(f"{called(node)} has frames of {duration} s: a frame lasts longer than nothing")
        return Rate.of(1 / duration)
    named = _NAMED_RATE.fullmatch(node.attributes.get("name", ""))
    if not named or not int(named[2]):
        return None
    number = Fraction(int(named[2]), 100 if len(named[2]) == 4 else 1)
    return Rate.of(number / 2 if named[1] == "i" else number)


def conformed(source: Rate, to: Rate) -> Fraction:
    """Seconds of a medium a second of a timeline that plays its frames at the rate next to its own.

    23.98 in 30 plays at 24 (Final Cut writes connected clips' offsets so), 25 in 23.98 at 23.98; a rate that has none within
    a twentieth keeps its own.
    """
    if to.fps.denominator == 1001:
        family = [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60)]
    elif to.nominal % 25 == 0:
        family = [Fraction(25), Fraction(50)]
    else:
        family = [Fraction(n) for n in (24, 30, 48, 60)]
    nearest = min(family, key=lambda fps: abs(fps - source.fps))
    ratio = nearest / source.fps
    return ratio if abs(ratio - 1) <= Fraction(1, 20) else Fraction(1)


def mapped(node: Node, moment: Fraction) -> Fraction:
    """Where a <timeMap> leads from a moment of a clip's own time: straight from point to point, and on beyond the ends."""
    points = sorted((time(point, "time"), time(point, "value")) for point in node.all("timept"))
    points = [point for i, point in enumerate(points) if i == 0 or point[0] > points[i - 1][0]]
    if len(points) < 2:
        return moment + (points[0][1] - points[0][0] if points else 0)
    at = next((i for i, point in enumerate(points[1:-1], 1) if point[0] >= moment), len(points) - 1)
    (before, low), (after, high) = points[at - 1], points[at]
    return low + (moment - before) * (high - low) / (after - before)
