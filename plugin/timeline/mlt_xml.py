"""An MLT document, the project files of Kdenlive and Shotcut among them: its elements by byte position, and its clock."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn
from xml.parsers import expat

from ...runtime.errors import InputError
from ...runtime.rate import Rate
from .xml_text import START_TAG, as_written, in_utf8

MAX_DEPTH = 256
SERVICES = ("producer", "chain", "playlist", "tractor", "multitrack")  # what an id names
_BIG = 2**31 - 1  # MLT counts frames in a C int; no length is told by its largest
_NUMBER = re.compile(r"\s*([+-]?\d{1,12})(?:[.,]\d*)?\s*")
_CLOCK = re.compile(r"\s*(?:(\d{1,6}):)?(\d{1,6}):(\d{1,6}(?:[.,]\d{0,9})?|[.,]\d{1,9})\s*")
_CODE = re.compile(r"\s*(?:(?:(\d{1,6}):)?(\d{1,6}):)?(\d{1,6})[:;](\d{1,6})\s*")


@dataclass(slots=True, eq=False)
class Node:
    """An element, body[start:end]; its start tag ends at `head`, which is `end` for one that closes itself; its end tag
    begins at `tail`.
    """

    tag: str
    attributes: dict[str, str]
    start: int
    head: int
    tail: int
    end: int
    line: int
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    text: str = ""

    @property
    def empty(self) -> bool:
        return self.head == self.end

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    def all(self, *tags: str) -> list[Node]:
        return [child for child in self.children if child.tag in tags]

    def property(self, name: str) -> Node | None:
        """The last one of that name, as MLT takes it."""
        return next(
            (c for c in reversed(self.children) if c.tag == "property" and c.attributes.get("name") == name), None
        )

    def get(self, name: str, default: str = "") -> str:
        found = self.property(name)
        return default if found is None else found.text.strip()

    def walk(self) -> Iterator[Node]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


@dataclass(frozen=True)
class Mlt:
    """A document in UTF-8, whatever it came in. `services` are its producers, playlists and tractors by id."""

    body: bytes
    codec: str
    bom: bytes
    root: Node
    services: dict[str, Node]
    rate: Rate
    states_rate: bool

    def encoded(self, body: bytes) -> bytes:
        """A changed body as the document was written."""
        return as_written(body, self.codec, self.bom)

    def frames(self, text: str | None, where: Node, default: int = 0) -> int:
        """A time as MLT counts it. Raises InputError, with the line, for what is none."""
        if text is None or not text.strip():
            return default
        found = frames_of(text, self.rate)
        if found is None or abs(found) > _BIG:
            raise InputError(f"line {where.line}: '{text.strip()[:40]}' is no time that MLT knows")
        return found

    def span(self, node: Node) -> tuple[int, int | None]:
        """(first frame, how many) of an element's in and out; None frames where it does not say where it ends."""
        first = self.frames(node.attributes.get("in"), node)
        last = node.attributes.get("out")
        if last is None or not last.strip():
            return first, None
        return first, max(0, self.frames(last, node) - first + 1)


def frames_of(text: str, rate: Rate) -> int | None:
    """A frame number, "00:01:02.040" or "00:01:02:01", in frames, in the doubles that MLT itself computes it in: its
    hours and minutes are whole frames, so that at 24000/1001 "01:00:00.000" is frame 86313. None for what is no time.
    """
    if plain := _NUMBER.fullmatch(text):
        return int(plain[1])
    fps = rate.fps.numerator / rate.fps.denominator
    clock = _CLOCK.fullmatch(text) if "." in text or "," in text else None
    if clock:
        hours, minutes = int(clock[1] or 0), int(clock[2])
        seconds = round(fps * float(clock[3].replace(",", ".")))
        return math.floor(fps * hours * 3600) + math.floor(fps * minutes * 60) + seconds
    code = _CODE.fullmatch(text)
    if code:
        hours, minutes, count, frames = (int(part or 0) for part in code.groups())
        return math.floor(fps * hours * 3600) + math.floor(fps * minutes * 60) + math.ceil(fps * count) + frames
    return None


def number_of(text: str) -> Fraction | None:
    """A decimal number with a point or, where a locale got into the file, a comma."""
    found = re.fullmatch(r"\s*([+-]?\d{0,9}(?:[.,]\d{0,18})?)\s*", text)
    try:
        return Fraction(found[1].replace(",", ".")) if found else None
    except ValueError:
        return None


def parse(data: bytes) -> Mlt:
    """Raises InputError, with the line, for what is no MLT document."""
    body, codec, bom = in_utf8(data)
    outline = _Outline(body)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    outline.listen(parser)
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, "not well formed")
        raise InputError(f"the XML breaks off or is damaged at line {error.lineno}: {why}") from None
    root = outline.root
    if root is None or root.tag != "mlt":
        raise InputError(f"its root is <{root.tag if root else ''}>, not the <mlt> of an MLT document")
    rate, states = _rate(root)
    services = {node.id: node for node in root.walk() if node.tag in SERVICES and node.id}
    return Mlt(body, codec, bom, root, services, rate, states)


def _rate(root: Node) -> tuple[Rate, bool]:
    profile = next(iter(root.all("profile")), None)
    if profile is None:
        return Rate.of(25), False  # MLT's own default, dv_pal
    literal = [profile.attributes.get(f"frame_rate_{part}", "").strip() for part in ("num", "den")]
    if not all(re.fullmatch(r"[1-9]\d{0,8}", part) for part in literal):
        raise InputError(f"line {profile.line}: the profile's frame rate is '{'/'.join(literal)[:40]}', which is none")
    return Rate.of(Fraction(int(literal[0]), int(literal[1]))), True


class _Outline:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.root: Node | None = None
        self._around: list[Node] = []
        self._texts: list[list[str]] = []

    def listen(self, parser: expat.XMLParserType) -> None:
        def start(tag: str, attributes: dict[str, str]) -> None:
            if len(self._around) >= MAX_DEPTH:
                raise InputError(f"line {parser.CurrentLineNumber}: its elements lie more than {MAX_DEPTH} deep")
            parent = self._around[-1] if self._around else None
            at = parser.CurrentByteIndex
            match = START_TAG.match(self.body, at)
            head = match.end() if match else at
            node = Node(tag, attributes, at, head, head, head, parser.CurrentLineNumber, parent)
            if parent:
                parent.children.append(node)
            self.root = self.root or node
            self._around.append(node)
            self._texts.append([])

        def end(_tag: str) -> None:
            node = self._around.pop()
            parts = self._texts.pop()
            if not node.children:
                node.text = "".join(parts)
            if self.body[node.head - 2 : node.head] != b"/>":
                node.tail = parser.CurrentByteIndex
                node.end = self.body.index(b">", node.tail) + 1

        def characters(text: str) -> None:
            if self._texts:
                self._texts[-1].append(text)

        def entity(name: str, *_: object) -> NoReturn:
            raise InputError(f"defines an XML entity of its own, '{name}', which an edit has no use for")

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = characters
        parser.EntityDeclHandler = entity
