"""The head of an HTTP request, as far as the loopback service understands it, and the words of its answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REQUEST = re.compile(r"([A-Z]{1,10}) (/[!-~]{0,200}) HTTP/1\.1")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,80}):[ \t]*([\t -~\x80-\xff]*)")
_ONCE = ("host", "origin", "authorization", "content-length", "hitpoint-session")

WORDS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
}


class Refused(Exception):
    """An HTTP answer that says no. `last`: the connection ends with it."""

    def __init__(self, status: int, words: str, last: bool = True) -> None:
        super().__init__(words)
        self.status, self.last = status, last


@dataclass
class Request:
    method: str
    path: str
    fields: dict[str, str]


def parse(head: bytes) -> Request:
    """The head of a request; anything unusual is refused, since our own clients send nothing unusual."""
    first, *rest = head.decode("latin-1")[:-4].split("\r\n")
    named = _REQUEST.fullmatch(first)
    if named is None:
        raise Refused(400, "no HTTP/1.1 request")
    fields: dict[str, str] = {}
    for text in rest:
        match = _FIELD.fullmatch(text)
        if match is None:
            raise Refused(400, "a header field is malformed")
        name = match[1].lower()
        if name in fields and name in _ONCE:
            raise Refused(400, f"{name} is there twice")
        fields[name] = match[2].strip()
    if "transfer-encoding" in fields or "expect" in fields:
        raise Refused(400, "a request is sent whole, with its length")
    return Request(named[1], named[2], fields)
