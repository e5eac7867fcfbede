"""What a shot of the corpus shows: a field that moves under a camera, coloured so that it looks as the recipe asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .recipe import Look, ShotRecipe

WIDTH, HEIGHT = 160, 90  # a little larger than what the parser looks at, so that it makes them small as it does others

Picture = NDArray[np.uint8]  # (HEIGHT, WIDTH, 3): sRGB
Floats = NDArray[np.floating[Any]]  # float32 where pictures are drawn
# Coordinates across and down, and the phase of what moves -> values around 0.5, and where the accent colour is.
Field = Callable[[Floats, Floats, float], tuple[Floats, NDArray[np.bool_] | None]]

_STEP = 0.1  # seconds between two looks of the parser
_HALF_MOTION = 0.25  # change of light a second that the parser calls half of all movement
_SLOWEST, _FASTEST = 0.01, 30.0
_MOMENTS = (0.35, 1.1, 2.3, 3.7)  # seconds of a shot at which it is judged
_SHADES = 256
_GRAIN, _DARKEST = 0.012, 0.03
_REC709 = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class _View:
    """A grid of places across (-1.78 to 1.78) and down (-1 to 1), and how dark its corners are."""

    across: Floats
    down: Floats
    shade: Floats


def _view(width: int, height: int) -> _View:
    x = np.linspace(-1.78, 1.78, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)
    across, down = np.meshgrid(x, y)
    return _View(across, down, 1 - np.float32(0.06) * (across**2 / 3 + down**2))


_WHOLE, _COARSE = _view(WIDTH, HEIGHT), _view(40, 22)


def painter(shot: ShotRecipe) -> Callable[[float], Picture]:
    """The shot's picture at a time, in seconds of its medium from the shot's start; earlier and later than shown too."""
    chance = np.random.Generator(np.random.PCG64([shot.seed, 8]))
    field = _FIELDS[shot.kind](chance)
    camera = _camera(shot.camera, chance)
    turn = float(chance.uniform(0, 2 * np.pi))
    own = 0.35 if shot.camera != "still" else 1.0
    grain = chance.normal(0, _GRAIN, (4, HEIGHT, WIDTH)).astype(np.float32)
    gain = np.float32(0.5 + 1.7 * shot.look.contrast)

    def values(view: _View, phase: float) -> tuple[Floats, NDArray[np.bool_] | None]:
        found, accent = field(*camera(view.across, view.down, phase), own * phase)
        return np.clip((0.5 + gain * (found - 0.5)) * view.shade, _DARKEST, 1), accent

    def phase(seconds: float, speed: float) -> float:
        surges = shot.look.bumps
        if not surges:
            return speed * seconds
        pulse = 2 * np.pi * surges
        return speed * (seconds - 0.92 * float(np.sin(pulse * seconds + turn)) / pulse)

    def shades(speed: float) -> list[tuple[Floats, NDArray[np.bool_] | None]]:
        return [values(_COARSE, phase(moment, speed)) for moment in _MOMENTS]

    colours = _colours(shot.look, shades(0.5), chance)
    speed = _speed(shot.look, lambda seconds, speed: _light(colours, *values(_COARSE, phase(seconds, speed))))

    def paint(seconds: float) -> Picture:
        shade, accent = values(_WHOLE, phase(seconds, speed))
        index = np.clip((shade + grain[int(seconds * 12) % 4]) * (_SHADES - 1), 3, _SHADES - 1).astype(np.uint8)
        picture: Picture = colours[0][index]
        if accent is not None:
            picture[accent] = colours[1][index[accent]]
        return picture

    return paint


def _light(colours: Picture, shade: Floats, accent: NDArray[np.bool_] | None) -> Floats:
    lights = colours.astype(np.float32) @ (_REC709 / 255)
    index = (shade * (_SHADES - 1)).astype(np.uint8)
    light: Floats = lights[0][index]
    return light if accent is None else np.where(accent, lights[1][index], light)


def _speed(look: Look, light: Callable[[float, float], Floats]) -> float:
    """How fast the phase must run so that the parser sees as much movement as asked for."""
    wanted = _HALF_MOTION * look.motion / (1 - look.motion)

    def seen(speed: float) -> float:
        pairs = [(light(at, speed), light(at + _STEP, speed)) for at in _MOMENTS]
        return float(np.mean([np.abs(one - other).mean() for one, other in pairs])) / _STEP

    if look.motion < 0.02:
        return 0.0
    low, high = np.log(_SLOWEST), np.log(_FASTEST)
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (middle, high) if seen(float(np.exp(middle))) < wanted else (low, middle)
    return float(np.exp((low + high) / 2))


def _colours(look: Look, shades: list[tuple[Floats, NDArray[np.bool_] | None]], chance: np.random.Generator) -> Picture:
    """(2, 256, 3): the colour of each shade, of the picture and of what stands out, as light as asked for."""
    share = abs(look.warmth) / max(look.saturation, 0.05)
    # Of 360 degrees: red to yellow is as warm as it is saturated, towards green and magenta less so.
    warm = look.tint * 60 if share >= 1 else (60 + 60 * (1 - share) if look.tint < 0.6 else 300 + 60 * share)
    cold = (
        180 + look.tint * 60 if share >= 1 else (240 + 60 * (1 - share) if look.tint < 0.4 else 180 - 60 * (1 - share))
    )
    hue = warm if look.warmth >= 0 else cold
    apart = float(chance.choice([20, 35, 150]))
    x = np.linspace(0, 1, _SHADES)
    # A dark film has no white in it, and a bright one no black.
    low, high = 0.8 * max(0.0, look.light - 0.35), min(1.0, 0.3 + 1.8 * look.light)

    def made(bright: float, pale: float) -> Picture:
        value = low + (high - low) * x**bright
        rows = []
        for middle in (hue, hue + apart):
            hues = middle + 18 * (x - 0.5)
            saturation = np.clip(1.1 * look.saturation * (1 - 0.35 * x**2), 0, 1) * pale
            rows.append(_rgb(hues, saturation, value))
        return np.stack(rows)

    def mean(bright: float, pale: float) -> float:
        table = made(bright, pale)
        return float(np.mean([_light(table, *shade).mean() for shade in shades]))

    pale = 1.0
    for _ in range(4):  # a saturated blue is never light: then it pales
        if mean(0.12, pale) >= look.light:
            break
        pale *= 0.7
    least, most = np.log(0.12), np.log(12.0)
    for _ in range(10):
        middle = (least + most) / 2
        least, most = (middle, most) if mean(float(np.exp(middle)), pale) > look.light else (least, middle)
    return made(float(np.exp((least + most) / 2)), pale)


def _rgb(hue: NDArray[np.float64], saturation: NDArray[np.float64], value: NDArray[np.float64]) -> Picture:
    """HSV, the hue in degrees -> (n, 3)"""
    channels = []
    for start in (5, 3, 1):
        place = (start + hue / 60) % 6
        channels.append(value - value * saturation * np.clip(np.minimum(place, 4 - place), 0, 1))
    coded: Picture = np.rint(np.clip(np.stack(channels, axis=-1), 0, 1) * 255).astype(np.uint8)
    return coded


def _camera(kind: str, chance: np.random.Generator) -> Callable[[Floats, Floats, float], tuple[Floats, Floats]]:
    side = float(chance.choice([-1.0, 1.0]))
    tilt = float(chance.uniform(-0.3, 0.3))

    def move(x: Floats, y: Floats, phase: float) -> tuple[Floats, Floats]:
        f = np.float32
        if kind == "pan":
            return x + f(side * phase), y + f(tilt * phase)
        if kind == "tilt":
            return x + f(tilt * phase), y + f(side * phase)
        if kind in ("push", "pull"):
            # To and fro, in the end: a zoom cannot go on for ever.
            way = 1 - abs((0.25 * phase + (0.0 if kind == "push" else 1.0)) % 2 - 1)
            zoom = f(np.exp(-1.1 * way))
            return x * zoom, y * zoom
        if kind == "shake":
            return x + f(0.2 * np.sin(5 * phase)), y + f(0.15 * np.sin(6.3 * phase + 1))
        if kind == "turn":
            angle = 0.5 * side * phase
            return x * f(np.cos(angle)) - y * f(np.sin(angle)), x * f(np.sin(angle)) + y * f(np.cos(angle))
        return x, y

    return move


_TILE = 128


def _noise(chance: np.random.Generator, slope: float) -> Floats:
    """(128, 128), which joins itself at its edges, from 0 to 1; the steeper the slope the smoother."""
    spectrum = np.fft.rfft2(chance.normal(size=(_TILE, _TILE)))
    pitch = np.hypot(np.fft.fftfreq(_TILE)[:, None], np.fft.rfftfreq(_TILE))
    pitch[0, 0] = 1
    spectrum *= pitch**-slope
    spectrum[0, 0] = 0
    made = np.fft.irfft2(spectrum, (_TILE, _TILE))
    return np.asarray(np.clip(0.5 + made / (4 * made.std()), 0, 1), np.float32)


def _at(tile: Floats, x: Floats, y: Floats) -> Floats:
    """The tile between its points; it is one wide and one high, and repeats."""
    x, y = (x % 1) * _TILE, (y % 1) * _TILE
    left, top = x.astype(np.int32), y.astype(np.int32)
    right, low = x - left, y - top
    left, top = left % _TILE, top % _TILE
    beside, below = (left + 1) % _TILE, (top + 1) % _TILE
    upper = tile[top, left] * (1 - right) + tile[top, beside] * right
    lower = tile[below, left] * (1 - right) + tile[below, beside] * right
    return np.asarray(upper * (1 - low) + lower * low, np.float32)


def _clouds(chance: np.random.Generator) -> Field:
    tile, scale = _noise(chance, float(chance.uniform(1.2, 2.2))), float(chance.uniform(0.12, 0.35))

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, None]:
        far = _at(tile, x * scale + 0.05 * phase, y * scale)
        near = _at(tile, x * scale * 2.1 - 0.09 * phase, y * scale * 2.1 + 0.4)
        return 0.65 * far + 0.35 * near, None

    return field


def _waves(chance: np.random.Generator) -> Field:
    waves = [(chance.uniform(1.5, 7), chance.uniform(0, np.pi), chance.uniform(1, 3)) for _ in range(3)]

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, None]:
        total = np.zeros_like(x)
        for pitch, turn, speed in waves:
            place = x * np.float32(pitch * np.cos(turn)) + y * np.float32(pitch * np.sin(turn))
            total += np.sin(place + np.float32(speed * phase))
        return 0.5 + total / 5, None

    return field


def _shapes(chance: np.random.Generator) -> Field:
    count = int(chance.integers(3, 9))
    places = chance.uniform((-1.6, -0.9, 0.12, 0, 0.3, 0), (1.6, 0.9, 0.5, 2 * np.pi, 1.2, 1), (count, 6))
    slope = chance.normal(0, 0.12, 2)

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, NDArray[np.bool_]]:
        out = 0.5 + x * np.float32(slope[0]) + y * np.float32(slope[1])
        accent = np.zeros(x.shape, bool)
        for number, (left, top, size, turn, speed, shade) in enumerate(places.tolist()):
            dx = x - np.float32(left + 0.5 * np.cos(turn + speed * phase))
            dy = y - np.float32(top + 0.4 * np.sin(turn + 1.3 * speed * phase))
            dx = (dx + 2) % 4 - 2
            dy = (dy + 1.3) % 2.6 - 1.3
            inside = dx * dx + dy * dy < size * size if number % 2 else np.maximum(abs(dx), abs(dy)) < 0.8 * size
            out = np.where(inside, np.float32(shade), out)
            accent = np.where(inside, number % 3 == 0, accent)
        return out, accent

    return field


def _tiles(chance: np.random.Generator) -> Field:
    cells = chance.uniform(0, 1, (16, 16)).astype(np.float32)
    bright = cells > 0.85
    scale = float(chance.uniform(2, 5))

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, NDArray[np.bool_]]:
        column = np.floor(x * scale + 0.3 * phase).astype(np.int32) % 16
        row = np.floor(y * scale).astype(np.int32) % 16
        return 0.2 + 0.6 * cells[row, column], bright[row, column]

    return field


def _hills(chance: np.random.Generator) -> Field:
    tile = _noise(chance, 1.6)
    layers = [(0.1 + 0.28 * n, 0.35 * (0.4 + n), 0.62 - 0.22 * n) for n in range(3)]
    rows = chance.uniform(0, 1, 3)

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, NDArray[np.bool_]]:
        out = 0.78 - 0.22 * y + 0.15 * (_at(tile, x * 0.15 + 0.05 * phase, y * 0.3) - 0.5)
        front = np.zeros(x.shape, bool)
        for (base, speed, shade), row in zip(layers, rows.tolist(), strict=True):
            top = base - 0.6 * (_at(tile, x * 0.13 + 0.13 * speed * phase, np.full_like(x, row)) - 0.3)
            under = y > top
            out = np.where(under, np.float32(shade) + 0.1 * _at(tile, x * 0.6, y * 0.6), out)
            front = under
        return out, front

    return field


def _rain(chance: np.random.Generator) -> Field:
    tile, fall = _noise(chance, 1.7), float(chance.uniform(0.6, 1.4))
    drops = (chance.random((_TILE, _TILE)) > 0.985).astype(np.float32)
    for _ in range(int(chance.integers(1, 5))):
        drops = np.maximum(drops, 0.85 * np.roll(drops, 1, axis=0))

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, NDArray[np.bool_]]:
        back = _at(tile, x * 0.15, y * 0.2)
        wet = _at(drops, x * 0.35 + 0.05 * y, y * 0.35 - 0.35 * fall * phase)
        return 0.15 + 0.5 * back + 0.5 * wet, wet > 0.4

    return field


def _tunnel(chance: np.random.Generator) -> Field:
    tile, spokes = _noise(chance, 1.2), int(chance.integers(1, 4))
    rings = float(chance.uniform(3, 7))

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, None]:
        far = np.log(np.sqrt(x * x + y * y) + 0.08)
        turn = np.arctan2(y, x) / np.float32(2 * np.pi)
        ring = np.sin(rings * far - np.float32(2 * phase))
        return 0.5 + 0.25 * ring + 0.5 * (_at(tile, turn * spokes, far * 0.3 - 0.1 * phase) - 0.5), None

    return field


def _rooms(chance: np.random.Generator) -> Field:
    """Boxes that stand still, and a lamp that wanders."""
    tile = _noise(chance, 2.0)
    boxes = chance.uniform((-1.7, -0.9, 0.15, 0.2, 0.1), (1.5, 0.6, 0.9, 0.9, 0.9), (6, 5))

    def field(x: Floats, y: Floats, phase: float) -> tuple[Floats, NDArray[np.bool_]]:
        out = 0.45 + 0.3 * (_at(tile, x * 0.2, y * 0.2) - 0.5)
        accent = np.zeros(x.shape, bool)
        for number, (left, top, width, height, shade) in enumerate(boxes.tolist()):
            inside = (abs(x - np.float32(left + width / 2)) < width / 2) & (abs(y - np.float32(top)) < height / 2)
            out = np.where(inside, np.float32(0.25 + 0.5 * shade), out)
            accent = np.where(inside, number == 0, accent)
        lamp = (x - np.float32(1.1 * np.sin(1.3 * phase))) ** 2 + (y - np.float32(0.5 * np.cos(1.7 * phase))) ** 2
        return out + 0.5 * np.exp(-3 * lamp) - 0.1, accent

    return field


_FIELDS: dict[str, Callable[[np.random.Generator], Field]] = {
    "clouds": _clouds,
    "waves": _waves,
    "shapes": _shapes,
    "tiles": _tiles,
    "hills": _hills,
    "rain": _rain,
    "tunnel": _tunnel,
    "rooms": _rooms,
}
