"""Where things stand in an FCP7 XML document: elements by byte position, so that it can be edited in place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ...runtime.errors import InputError

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
START_TAG = re.compile(rb"""<[^\s/>]+(?:[^"'>]|"[^"]*"|'[^']*')*+>""")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What is looked at, by what it lies in: everything else is passed over. The right side is a name for the place.
_BINS = {"project": "bin", "bin": "bin", "children": "bin", "clip": "bin", "sequence": "sequence"}
_PLACES: dict[str, dict[str, str]] = {
    "": {"xmeml": "bin"},
    "bin": _BINS,
    "sequence": {"name": "text", "rate": "rate", "media": "media", "marker": "marker", "timecode": "mark"},
    "rate": {"timebase": "text", "ntsc": "text"},
    "media": {"video": "video", "audio": "audio"},
    "video": {"track": "picture track"},
    "picture track": {"clipitem": "picture clip"},
    "picture clip": {"sequence": "sequence"},
    "audio": {"track": "track", "*": "mark"},
    "track": {"clipitem": "clipitem", "generatoritem": "mark", "transitionitem": "mark"},
    "clipitem": {
        **dict.fromkeys(("start", "end", "in", "out", "duration"), "text"),
        "comments": "comments",
        "marker": "mark",
        "filter": "filter",
        "sequence": "sequence",
    },
    "comments": {"mastercomment1": "text"},
    "marker": {"comment": "text"},
    "filter": {"effect": "effect"},
    "effect": {"name": "text", "parameter": "parameter"},
    "parameter": {"keyframe": "mark"},
    "file": {"pathurl": "text"},
}


@dataclass(slots=True, eq=False)
class Node:
    """An element, body[start:end]; its start tag ends at `head`, which is `end` for one that closes itself."""

    tag: str
    place: str
    attributes: dict[str, str]
    start: int
    head: int
    end: int
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    text: str = ""

    @property
    def empty(self) -> bool:
        return self.head == self.end

    def first(self, tag: str) -> Node | None:
        return next((child for child in self.children if child.tag == tag), None)

    def all(self, *tags: str) -> list[Node]:
        return [child for child in self.children if child.tag in tags]

    def value(self, *path: str) -> str:
        """The text of an element below, stripped; "" where there is none."""
        node: Node | None = self
        for tag in path:
            node = node.first(tag) if node else None
        return node.text.strip() if node else ""

    def walk(self) -> Iterator[Node]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)


@dataclass(frozen=True)
class Document:
    """A document in UTF-8, whatever it came in, with its outermost element and every <file> in it."""

    body: bytes
    codec: str
    bom: bytes
    root: Node
    files: tuple[Node, ...]

    def encoded(self, body: bytes) -> bytes:
        """A changed body as the document was written."""
        return as_written(body, self.codec, self.bom)


def parse(data: bytes) -> Document:
    """Raises InputError, with the line, for what is no FCP7 XML."""
    body, codec, bom = in_utf8(data)
    outline = _Outline(body)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    outline.listen(parser)
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, "not well formed")
        raise InputError(f"not a whole XML document: {why} in line {error.lineno}") from None
    if outline.root is None:
        raise InputError("not an FCP7 XML document: its outermost element is not <xmeml>")
    return Document(body, codec, bom, outline.root, tuple(outline.files))


class _Outline:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.root: Node | None = None
        self.files: list[Node] = []
        self._around: list[Node | None] = []

    def listen(self, parser: expat.XMLParserType) -> None:
        def start(tag: str, attributes: dict[str, str]) -> None:
            parent = self._around[-1] if self._around else None
            if not self._around:
                place = _PLACES[""].get(tag)
            elif tag == "file":
                place = "file"
            else:
                places = _PLACES.get(parent.place, {}) if parent else {}
                place = places.get(tag) or places.get("*")
            if place is None:
                self._around.append(None)
                return
            at = parser.CurrentByteIndex
            match = START_TAG.match(self.body, at)
            head = match.end() if match else at
            node = Node(tag, place, attributes, at, head, head, parent)
            self._around.append(node)
            if parent:
                parent.children.append(node)
            if tag == "file":
                self.files.append(node)
            if len(self._around) == 1:
                self.root = node

        def end(_tag: str) -> None:
            node = self._around.pop()
            if node and self.body[node.head - 2 : node.head] != b"/>":
                node.end = self.body.index(b">", parser.CurrentByteIndex) + 1

        def characters(text: str) -> None:
            node = self._around[-1] if self._around else None
            if node and node.place == "text":
                node.text += text

        def entity(name: str, *_: object) -> NoReturn:
            raise InputError(f"the document defines an entity, '{name}': an edit needs none, so it is not read")

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = characters
        parser.EntityDeclHandler = entity


@dataclass(frozen=True)
class Element:
    """An element to be written: text, elements, or nothing (None closes the tag at once)."""

    tag: str
    content: str | int | tuple[Element, ...] | None = None
    attributes: tuple[tuple[str, str], ...] = ()


def render(element: Element, line: str, unit: str) -> str:
    """`line` is the line break and indentation before the element, "" for a document on one line."""
    attributes = "".join(f" {key}={quoteattr(_clean(value))}" for key, value in element.attributes)
    if element.content is None:
        return f"<{element.tag}{attributes}/>"
    if isinstance(element.content, tuple):
        deeper = line + unit if line else ""
        inside = "".join(deeper + render(child, deeper, unit) for child in element.content) + line
    else:
        inside = escape(_clean(str(element.content)), {"\r": "&#13;"})
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"


def line_before(body: bytes, at: int) -> str:
    """The line break and indentation right before a position; "" where something else stands there."""
    start = at - len(before) if (before := _space_before(body, at)) else at
    space = body[start:at].decode()
    last = max(space.rfind("\n"), space.rfind("\r"))
    if last > 0 and space[last - 1 : last + 1] == "\r\n":
        last -= 1
    return space[last:] if last >= 0 else ""


def with_space(body: bytes, node: Node) -> tuple[int, int]:
    """An element with the white space before it."""
    return node.start - len(_space_before(body, node.start)), node.end


def _space_before(body: bytes, at: int) -> bytes:
    start = at
    while start > 0 and body[start - 1] in b" \t\r\n":
        start -= 1
    return body[start:at]


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def as_written(body: bytes, codec: str, bom: bytes) -> bytes:
    """A body in UTF-8 as `in_utf8` found it; what its encoding lacks becomes a character reference."""
    if codec == "utf-8":
        return bom + body
    return bom + body.decode("utf-8").encode(codec, "xmlcharrefreplace")


def in_utf8(data: bytes) -> tuple[bytes, str, bytes]:
    """A document in UTF-8, the encoding it came in and its byte order mark. Raises InputError where no way leads back."""
    bom, codec = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", ""))
    rest = data[len(bom) :]
    if not codec and rest[:4:2] == b"<?":
        codec = "utf-16-le"
    elif not codec and rest[1:4:2] == b"<?":
        codec = "utf-16-be"
    elif not codec:
        declared = _DECLARED.match(rest)
        codec = declared[1].decode().lower() if declared else "utf-8"
        codec = "utf-8" if codec in ("utf8", "utf-16", "us-ascii", "ascii") else codec
    try:
        text = rest.decode(codec)
        if text.encode(codec) != rest:
            raise ValueError
        return text.encode("utf-8"), codec, bom
    except UnicodeDecodeError as error:
        line = rest.count(b"\n", 0, error.start) + 1
        raise InputError(f"the document is not in {codec}, as it says: see line {line}") from None
    except (LookupError, ValueError):
        raise InputError(f"the document's encoding, '{codec}', cannot be written back: save it as UTF-8") from None
