"""Opening somebody's media, for their pictures or their sound: carefully, and with one line for what cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

# A playlist must not lead to the network, nor a '%04d' in a name to other files.
_OPTIONS = {"protocol_whitelist": "file", "pattern_type": "none"}
# A damaged medium comes out of PyAV as any of these.
FAILURES = (av.FFmpegError, OSError, ValueError, LookupError, ArithmeticError, RuntimeError, MemoryError)
_COVER = 0x400  # disposition of a picture that belongs to a song


class Unreadable(Exception):
    """Why a medium cannot be used, in a few words."""


def opened(path: Path, **more: Any) -> InputContainer:
    """A medium, open. `more` is for av.open. Raises Unreadable."""
    try:
        container: InputContainer = av.open(str(path), options=_OPTIONS, **more)
    except FAILURES as error:
        words = str(error.strerror or error).lower() if isinstance(error, OSError) else "is no readable medium"
        raise Unreadable(words) from None
    return container


def pictures(container: InputContainer) -> list[VideoStream]:
    """The streams of pictures that are no cover of a song."""
    return [stream for stream in container.streams.video if not stream.disposition & _COVER]
