"""Drawing on an array: boxes, curves, pictures made to fit, and the way into a PNG."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from ..runtime.errors import OutputError
from .lettering import Colour, Image


def fill(image: Image, x: float, y: float, width: float, height: float, colour: Colour, strength: float = 1.0) -> None:
    """A box, its edges rounded to dots and cut to the picture."""
    left, top, right, bottom = (max(0, round(v)) for v in (x, y, x + width, y + height))
    patch = image[top:bottom, left:right]
    patch[:] = colour if strength >= 1 else mixed(patch, colour, strength)


def mixed(below: Image, colour: Colour, strength: float) -> Image:
    return (below * (1 - strength) + np.array(colour, np.float32) * strength).astype(np.uint8)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * min(max(share, 0.0), 1.0)) for a, b in zip(one, other, strict=True))
    return red, green, blue


def curve(
    image: Image, x: int, y: int, heights: NDArray[np.float64], tall: int, colour: Colour, area: float = 0.0
) -> None:
    """A curve over one column of dots a value, from 0 to 1, `tall` dots high above y + tall; NaN leaves a gap."""
    before: int | None = None
    for column, height in enumerate(heights):
        if not np.isfinite(height):
            before = None
            continue
        top = y + tall - 1 - round(float(np.clip(height, 0, 1)) * (tall - 1))
        if area:
            fill(image, x + column, top, 1, y + tall - top, colour, area)
        low, high = (top, top) if before is None else (min(before, top), max(before, top))
        fill(image, x + column, low, 1, high - low + 2, colour)
        before = top


def fitted(picture: Image, width: int, height: int, around: Colour) -> Image:
    """A picture as large as fits, in the middle of a box."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    wide, tall = (max(1, min(most, round(side * scale))) for side, most in
                  ((picture.shape[1], width), (picture.shape[0], height)))  # fmt: skip
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    small = frame.reformat(wide, tall, interpolation=Interpolation.AREA).to_ndarray()
    out = np.empty((height, width, 3), np.uint8)
    out[:] = around
    top, left = (height - tall) // 2, (width - wide) // 2
    out[top : top + tall, left : left + wide] = small
    return out


def paste(image: Image, x: int, y: int, picture: Image) -> None:
    patch = image[max(y, 0) : y + picture.shape[0], max(x, 0) : x + picture.shape[1]]
    patch[:] = picture[: patch.shape[0], : patch.shape[1]]


def write_png(path: Path, image: Image) -> None:
    """Write a picture (height, width, 3); what was there stays until the whole is written. Raises OutputError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        encoder = av.CodecContext.create("png", "w")
        encoder.width, encoder.height, encoder.pix_fmt = image.shape[1], image.shape[0], "rgb24"
        encoder.time_base = 1  # type: ignore[assignment]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
        frame.pts = 0
        unfinished.write_bytes(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))
        unfinished.replace(path)
    except (OSError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: the picture cannot be written: {str(reason).lower()}") from None
    finally:
        with suppress(OSError):
            unfinished.unlink()
