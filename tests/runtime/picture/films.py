"""Films with known cuts: procedural scenes, cut together and encoded with PyAV.

Every scene is a picture larger than the frame, seen through a camera that pans, zooms or shakes, with shapes that move
across it. A plan says which scenes, how long, how they meet and what disturbs them; the truth is known by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

WIDTH, HEIGHT = 320, 180


@dataclass(frozen=True)
class Scene:
    """What is seen. `pan` is in frame widths a second, `contrast` and `light` scale the picture, `shake` is pixels."""

    seed: int
    palette: int = 0
    texture: str = "clouds"  # clouds, stripes, tiles, blobs, city
    pan: tuple[float, float] = (0.02, 0.0)
    zoom: float = 0.0
    shake: float = 0.0
    shapes: int = 2
    shape_speed: float = 0.2
    contrast: float = 1.0
    light: float = 1.0


@dataclass(frozen=True)
class Part:
    """A scene for `frames`, entered by a cut, or by a transition of `into` frames that overlaps the scene before."""

    scene: Scene
    frames: int
    how: str = "cut"  # cut, dissolve, fade (through black)
    into: int = 0


@dataclass(frozen=True)
class Plan:
    """A film: its parts, flashes (frame, length, strength, decaying?) and what lies over everything."""

    name: str
    parts: tuple[Part, ...]
    fps: Fraction = Fraction(24)
    codec: str = "libx264"
    flashes: tuple[tuple[int, int], ...] = ()
    grain: float = 0.0
    variable: bool = False
    quality: str = ""


@dataclass(frozen=True)
class Truth:
    """`cuts` are hard, `gradual` are spans [start, end) of mixed frames; in frames of the film's own rate.

    With a variable rate a frame is the first whole frame of the nominal rate at or after the picture's time.
    """

    frames: int
    cuts: tuple[int, ...]
    gradual: tuple[tuple[int, int], ...] = field(default=())


def write(plan: Plan, folder: Path) -> tuple[Path, Truth]:
    """Encode a plan. The file's name is the plan's."""
    suffix = {"prores_ks": ".mov", "mpeg2video": ".mpg", "libx265": ".mp4"}.get(plan.codec, ".mp4")
    path = folder / (plan.name.replace(" ", "_") + suffix)
    total, cuts, gradual = layout(plan)
    times = _times(plan, total)
    with av.open(str(path), "w") as container:
        options = {
            "libx264": {"preset": "veryfast", "crf": plan.quality or "24"},
            "libx265": {"preset": "ultrafast", "crf": plan.quality or "26", "x265-params": "log-level=none"},
            "mpeg2video": {"b": "2500k"},
        }.get(plan.codec, {})
        stream = container.add_stream(plan.codec, rate=plan.fps, options=options)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuv422p10le" if plan.codec == "prores_ks" else "yuv420p"
        stream.thread_count = 2
        base = Fraction(1, 90_000) if plan.variable else 1 / plan.fps
        stream.codec_context.time_base = base
        for number, picture in enumerate(pictures(plan)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = (round(times[number] / base) if plan.variable else number), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if plan.variable:
        at = [-(-t * plan.fps // 1) for t in times]
        end = int(at[-1]) + 1
        return path, Truth(
            end, tuple(int(at[c]) for c in cuts), tuple((int(at[a]), int(at[b - 1]) + 1) for a, b in gradual)
        )
    return path, Truth(total, cuts, gradual)


def layout(plan: Plan) -> tuple[int, tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Length, hard cuts and spans of mixture, in pictures."""
    at, cuts, gradual = 0, [], []
    for number, part in enumerate(plan.parts):
        if number:
            if part.how == "cut":
                cuts.append(at)
            else:
                gradual.append((at - part.into, at))
                at -= part.into
        at += part.frames
    return at, tuple(cuts), tuple(gradual)


def pictures(plan: Plan) -> Iterator[np.ndarray]:
    """The film, (HEIGHT, WIDTH, 3) uint8 a picture."""
    noise = np.random.default_rng(len(plan.name))
    total, _, _ = layout(plan)
    starts, at = [], 0
    for number, part in enumerate(plan.parts):
        at -= part.into if number and part.how != "cut" else 0
        starts.append(at)
        at += part.frames
    cameras: dict[int, _Camera] = {}
    grains = noise.normal(0, 1, (4, HEIGHT * 2, WIDTH * 2, 1)).astype(np.float32) if plan.grain else None
    for frame in range(total):
        here = [n for n, part in enumerate(plan.parts) if starts[n] <= frame < starts[n] + part.frames]
        for n in [n for n in cameras if n not in here]:
            del cameras[n]
        seen = []
        for n in here:
            if n not in cameras:
                cameras[n] = _Camera(plan.parts[n].scene, float(plan.fps))
            seen.append(cameras[n].at(frame - starts[n]).astype(np.float32))
        picture = seen[0]
        if len(seen) > 1:
            part = plan.parts[here[1]]
            mix = (frame - starts[here[1]] + 1) / (part.into + 1)
            if part.how == "dissolve":
                picture = seen[0] * (1 - mix) + seen[1] * mix
            else:
                picture = seen[0] * max(0.0, 1 - 2.4 * mix) + seen[1] * max(0.0, 2.4 * mix - 1.4)
        for start, length in plan.flashes:
            if start <= frame < start + length:
                weight = 0.95 - 0.25 * (frame - start) / max(1, length)
                picture = picture * (1 - weight) + 255 * weight
        if grains is not None:
            y, x = noise.integers(0, HEIGHT), noise.integers(0, WIDTH)
            picture = picture + plan.grain * grains[noise.integers(0, 4), y : y + HEIGHT, x : x + WIDTH]
        yield np.clip(picture, 0, 255).astype(np.uint8)


def _times(plan: Plan, count: int) -> list[Fraction]:
    """When each picture is shown: steady, or a phone's wandering between 0.6 and 1.6 frames."""
    if not plan.variable:
        return [n / plan.fps for n in range(count)]
    rng = np.random.default_rng(7)
    steps = rng.integers(54, 145, count - 1)  # per cent of a frame
    times = [Fraction(0)]
    for step in steps:
        times.append(times[-1] + Fraction(int(step), 100) / plan.fps)
    return [Fraction(round(t * 90_000), 90_000) for t in times]


class _Camera:
    def __init__(self, scene: Scene, fps: float) -> None:
        self._scene, self._fps = scene, fps
        rng = np.random.default_rng(scene.seed)
        self._big = _texture(scene, rng)
        self._shapes = [
            (
                rng.uniform(0, 1, 2),
                rng.normal(0, 1, 2) * scene.shape_speed,
                rng.integers(10, 50),
                _palette(scene.palette)[rng.integers(0, 4)] * rng.uniform(0.6, 1.3),
                bool(rng.integers(0, 2)),
            )
            for _ in range(scene.shapes)
        ]
        self._phase = rng.uniform(0, 6, 2)
        self._shake = rng.normal(0, 1, (4000, 2))

    def at(self, frame: int) -> np.ndarray:
        scene, seconds = self._scene, frame / self._fps
        height, width = self._big.shape[:2]
        scale = 1.0 + scene.zoom * seconds
        # a camera that goes to and fro, so that it never leaves the picture
        x = _fold(0.3 * width + scene.pan[0] * WIDTH * seconds, width - WIDTH / scale - 30)
        y = _fold(0.3 * height + scene.pan[1] * WIDTH * seconds, height - HEIGHT / scale - 30)
        x += scene.shake * self._shake[frame % 4000, 0] + 4 * np.sin(self._phase[0] + seconds)
        y += scene.shake * self._shake[frame % 4000, 1] + 4 * np.sin(self._phase[1] + 1.3 * seconds)
        matrix = np.array([[1 / scale, 0, x], [0, 1 / scale, y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        picture = cv2.warpAffine(self._big, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REFLECT)
        for place, speed, size, colour, round_ in self._shapes:
            px = int(_fold((place[0] + speed[0] * seconds) * WIDTH, WIDTH))
            py = int(_fold((place[1] + speed[1] * seconds) * HEIGHT, HEIGHT))
            paint = tuple(float(c) for c in np.clip(colour, 0, 255))
            if round_:
                cv2.circle(picture, (px, py), int(size), paint, -1, cv2.LINE_AA)
            else:
                cv2.rectangle(picture, (px - size, py - size // 2), (px + size, py + size // 2), paint, -1)
        middle = 118.0
        lit = (middle + (picture.astype(np.float32) - middle) * scene.contrast) * scene.light
        return np.clip(lit, 0, 255).astype(np.uint8)


def _fold(value: float, limit: float) -> float:
    limit = max(limit, 1.0)
    value %= 2 * limit
    return value if value <= limit else 2 * limit - value


_PALETTES = (
    ((20, 40, 70), (60, 110, 160), (160, 190, 210), (240, 230, 200)),
    ((50, 20, 15), (140, 60, 30), (220, 140, 60), (250, 220, 150)),
    ((10, 30, 15), (40, 90, 40), (120, 160, 70), (220, 230, 180)),
    ((40, 40, 45), (90, 90, 95), (150, 150, 150), (225, 225, 220)),
    ((30, 10, 50), (110, 30, 120), (200, 80, 150), (250, 190, 220)),
    ((15, 25, 30), (30, 80, 90), (210, 120, 60), (245, 225, 190)),
)


def _palette(number: int) -> np.ndarray:
    return np.array(_PALETTES[number % len(_PALETTES)], np.float32)


def _texture(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    height, width = HEIGHT * 3, WIDTH * 3
    if scene.texture == "clouds":
        field = sum(_noise(rng, height, width, cells) / cells**0.8 for cells in (4, 9, 20, 50, 110))
    elif scene.texture == "stripes":
        angle, pitch = rng.uniform(0, np.pi), rng.uniform(25, 70)
        ys, xs = np.mgrid[:height, :width].astype(np.float32)
        wave = np.sin((xs * np.cos(angle) + ys * np.sin(angle)) / pitch * 2 * np.pi + 2 * _noise(rng, height, width, 6))
        field = wave + 0.6 * _noise(rng, height, width, 30)
    elif scene.texture == "tiles":
        cells = rng.normal(0, 1, (rng.integers(10, 18), rng.integers(14, 26))).astype(np.float32)
        field = cv2.resize(cells, (width, height), interpolation=cv2.INTER_NEAREST)
        field = field + 0.3 * _noise(rng, height, width, 40)
    elif scene.texture == "blobs":
        field = np.zeros((height, width), np.float32)
        for _ in range(60):
            centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            cv2.circle(field, centre, int(rng.integers(15, 90)), float(rng.normal(0, 1)), -1, cv2.LINE_AA)
        field = field + 0.2 * _noise(rng, height, width, 60)
    else:  # city: a bright sky over dark blocks with lit windows
        field = np.linspace(1.6, 0.2, height, dtype=np.float32)[:, None] + 0.2 * _noise(rng, height, width, 8)
        x = 0
        while x < width:
            wide, top = int(rng.integers(30, 110)), int(rng.integers(height // 5, height * 2 // 3))
            field[top:, x : x + wide] = rng.uniform(-1.6, -0.4)
            field[top + 8 :: 18, x + 6 : x + wide - 4 : 14] += 1.4
            x += wide
    rank = np.clip((field - field.mean()) / (2 * field.std() + 1e-6), -1, 1) * 0.5 + 0.5
    colours = _palette(scene.palette)
    place = rank * (len(colours) - 1)
    return np.stack([np.interp(place, range(len(colours)), colours[:, c]) for c in range(3)], -1).astype(np.uint8)


def _noise(rng: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    small = rng.normal(0, 1, (max(2, cells * 9 // 16) + 1, cells + 1)).astype(np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
