"""What the demo film shows: six places, each a function of time, unlike in colour, light and movement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 360

Picture = NDArray[np.uint8]  # (3, HEIGHT, WIDTH), RGB
Canvas = NDArray[np.float32]  # the same, 0 to 255
Scene = Callable[[float], Picture]  # seconds from the clip's start

_X = np.arange(WIDTH, dtype=np.float32)
_Y = np.arange(HEIGHT, dtype=np.float32)[:, None]


def dawn() -> Scene:
    """Blue hills in mist; the sun comes up slowly."""
    night = _sky([(0, (16, 24, 62)), (0.45, (44, 74, 128)), (0.75, (150, 142, 158)), (1, (204, 166, 142))])
    day = _sky([(0, (40, 74, 134)), (0.45, (104, 150, 196)), (0.75, (250, 206, 160)), (1, (255, 222, 178))])
    clouds = _noise(1, 256, 1024, 2.4, stretch=5)
    stars = _noise(2, HEIGHT, WIDTH, 0) > 0.96
    stars[200:] = False
    hills = [
        (_ridge(11 + n, 22 - 2 * n), 214 + 36 * n, 5 + 9 * n * n, colour)
        for n, colour in enumerate([(122, 140, 176), (84, 104, 150), (48, 66, 112), (20, 30, 62)])
    ]

    def draw(t: float) -> Picture:
        light = min(t / 9, 1.0)
        canvas = _filled(night + (day - night) * np.float32(light))
        canvas[:, stars] += np.float32(90 * max(0.0, 1 - t / 4))
        _glow(canvas, 400, 232 - 9 * t, 150, (255, 190, 110), 0.25 + 0.35 * light)
        _disc(canvas, 400, 232 - 9 * t, 24, (255, 236, 196), 0.95)
        veil = _window(clouds, 6 * t, 0)[:150] * np.sin(np.linspace(0, np.pi, 150, dtype=np.float32))[:, None]
        _mix(canvas[:, 40:190], (255, 214, 200), veil * np.float32(0.45))
        for ridge, base, speed, colour in hills:
            warm = _colour(colour) * np.float32(0.72 + 0.34 * light)
            _hill(canvas, base - _shifted(ridge, speed * t), warm, mist=(210, 190, 190))
        return _picture(canvas)

    return draw


def meadow() -> Scene:
    """Green slopes that sway a little; seeds drift through the light."""
    sky = _sky([(0, (168, 214, 196)), (0.6, (226, 242, 206)), (1, (240, 246, 208))])
    shade = _noise(21, 256, 1024, 2.2, stretch=3)
    slopes = [
        (_ridge(31 + n, 26), 168 + 52 * n, colour)
        for n, colour in enumerate([(150, 196, 128), (106, 168, 92), (68, 136, 68), (34, 96, 52)])
    ]
    rng = np.random.default_rng(41)
    seeds = [(*rng.uniform((0, 20, 10, 3, 0), (WIDTH, 330, 26, 7, 6.28)),) for _ in range(26)]

    def draw(t: float) -> Picture:
        canvas = _filled(sky)
        _glow(canvas, 120, 40, 260, (255, 255, 214), 0.75)
        for n, (ridge, base, colour) in enumerate(slopes):
            sway = (2 + 2 * n) * np.sin(0.8 * t + 0.012 * _X + n)
            _hill(canvas, base - _shifted(ridge, 4 * n * t) + sway, colour, mist=(214, 232, 176))
        passing = _window(shade, 22 * t, 0)[: HEIGHT - 180]
        _mix(canvas[:, 180:], (14, 60, 34), np.clip(passing - 0.45, 0, 1) * np.float32(0.8))
        for x, y, speed, radius, phase in seeds:
            place = (x + speed * t) % (WIDTH + 40) - 20
            _disc(canvas, place, y + 12 * np.sin(0.9 * t + phase), radius, (255, 255, 232), 0.62, soft=3)
        return _picture(canvas)

    return draw


def fair() -> Scene:
    """Warm lights that whirl: the fast one."""
    back = _sky([(0, (54, 8, 22)), (0.55, (128, 30, 22)), (1, (198, 84, 26))])
    rng = np.random.default_rng(51)
    colours = [(255, 176, 46), (255, 112, 34), (255, 224, 128), (236, 52, 56), (255, 150, 120)]
    far = [(*rng.uniform((0, 0, 12, 60), (WIDTH, HEIGHT, 40, 190)), colours[n % 5]) for n in range(16)]

    def draw(t: float) -> Picture:
        canvas = _filled(back)
        _glow(canvas, 320, 190, 230, (255, 140, 40), 0.35 + 0.12 * np.sin(2 * np.pi * 2 * t))
        for x, y, radius, speed, colour in far:
            _disc(canvas, (x + speed * t) % (WIDTH + 120) - 60, y, radius, colour, 0.22, soft=4)
        for ring, (count, radius, turns, size) in enumerate(
            [(12, 140, 0.42, 17), (8, 84, -0.66, 14), (5, 38, 1.1, 10)]
        ):
            for n in range(count):
                angle = 2 * np.pi * (n / count + turns * t)
                x, y = 320 + 1.35 * radius * np.cos(angle), 184 + radius * np.sin(angle)
                lit = 0.72 + 0.28 * np.sin(2 * np.pi * 2 * t + n + ring)
                _glow(canvas, x, y, 2.2 * size, colours[(n + ring) % 5], 0.55 * lit)
                _disc(canvas, x, y, size * lit, colours[(n + ring) % 5], 0.95, soft=2)
        return _picture(canvas)

    return draw


FLASHES = (1.25, 1.5, 3.75, 5.5, 5.625, 7.25)  # seconds into the storm


def storm() -> Scene:
    """Night, rain, and lightning at FLASHES."""
    clouds, more = _noise(61, 512, 1024, 2.6, stretch=2), _noise(62, 512, 1024, 2.2, stretch=2)
    rain = np.clip(_noise(63, 512, 1024, 0.7, stretch=0.03) - 0.7, 0, 1) * np.float32(1.3)
    fall = np.linspace(1.05, 0.55, HEIGHT, dtype=np.float32)[:, None]
    ridge = _ridge(64, 18)
    bolts = [(170 + 90 * n % 400, _bolt(65 + n, 170 + 90 * n % 400)) for n in range(len(FLASHES))]

    def draw(t: float) -> Picture:
        since = [t - flash for flash in FLASHES]
        light = sum(np.exp(-s / 0.11) for s in since if s >= 0)
        cover = _window(clouds, 26 * t, 3 * t) * np.float32(0.6) + _window(more, 61 * t, 0) * np.float32(0.4)
        bright = (cover * fall) ** np.float32(1.6)
        canvas = bright * (_colour((78, 98, 146)) * np.float32(1 + 2.6 * min(light, 1.1))) + np.float32(9)
        for elapsed, (x, mask) in zip(since, bolts, strict=True):
            if 0 <= elapsed < 0.17:
                _glow(canvas, x, 60, 240, (150, 170, 255), 0.6)
                _mix(canvas, (244, 246, 255), mask)
        _hill(canvas, 306 - ridge[:WIDTH], (6, 8, 14), mist=None)
        _mix(canvas, (150, 170, 200), _window(rain, 90 * t, -900 * t) * np.float32(0.5 + 0.4 * min(light, 1.0)))
        return _picture(canvas)

    return draw


def train() -> Scene:
    """A city at dusk from a train: everything runs to the left, the near things fastest."""
    sky = _sky([(0, (38, 24, 84)), (0.5, (132, 60, 132)), (0.78, (240, 128, 112)), (1, (255, 182, 112))])
    layers = [
        (_skyline(71, 150, 34, 0.0), 40, (120, 72, 136), (255, 200, 150)),
        (_skyline(72, 110, 52, 0.10), 130, (70, 40, 102), (255, 210, 130)),
        (_skyline(73, 70, 86, 0.16), 330, (28, 18, 56), (255, 222, 140)),
    ]

    def draw(t: float) -> Picture:
        canvas = _filled(sky)
        _glow(canvas, 470 - 3 * t, 226, 130, (255, 196, 120), 0.8)
        _disc(canvas, 470 - 3 * t, 226, 34, (255, 224, 160), 0.95)
        for (roofs, windows), speed, colour, lamp in layers:
            start = int(speed * t) % roofs.size
            columns = np.arange(start, start + WIDTH) % roofs.size
            _hill(canvas, roofs[columns], colour, mist=None)
            lit = windows[:, columns]
            canvas[:, lit] = _colour(lamp)[:, 0]
        for n in range(3):  # masts beside the track, blurred by their speed
            x = (n * 460 - 1500 * t) % 1380 - 120
            blur = np.clip(1 - np.abs(_X - x) / 34, 0, 1) * np.float32(0.9)
            _mix(canvas, (14, 8, 30), np.broadcast_to(blur, (HEIGHT, WIDTH)))
        canvas[:, 344:] = _colour((12, 8, 24))
        return _picture(canvas)

    return draw


def sea() -> Scene:
    """Evening over still water: teal and gold, the light on the waves comes and goes."""
    sky = _sky([(0, (12, 58, 84)), (0.28, (58, 122, 132)), (0.5, (246, 204, 140)), (1, (246, 204, 140))])
    horizon, sun = 176, 352
    depth = (np.arange(horizon, HEIGHT, dtype=np.float32) - horizon + 6)[:, None]
    far = 900 / depth
    texture = _noise(81, 512, 512, 1.5)
    across = ((_X - sun) * far * np.float32(0.09)).astype(np.int32)
    away = far * np.float32(42)
    calm = np.clip(depth / 50, 0.3, 1)  # far waves look smaller
    deep, lit = _colour((10, 62, 78)), _colour((216, 176, 128))
    water = deep + (lit - deep) * np.exp(-depth / 26)
    path = np.exp(-(((_X - sun) / (16 + np.float32(0.5) * depth)) ** 2))
    clouds = _noise(82, 256, 1024, 2.5, stretch=7)

    def draw(t: float) -> Picture:
        canvas = _filled(sky)
        _glow(canvas, sun, 150 + 2 * t, 190, (255, 214, 140), 0.7)
        _disc(canvas, sun, 150 + 2 * t, 22, (255, 244, 206), 0.95)
        veil = np.clip(_window(clouds, 5 * t, 0)[:horizon] - 0.42, 0, 1)
        _mix(canvas[:, :horizon], (255, 226, 186), veil * np.float32(0.8))
        rows = (away + np.float32(26 * t)).astype(np.int32)
        waves = texture[rows & 511, across & 511]
        waves = (waves + texture[(rows * 2 - int(31 * t)) & 511, (across + int(17 * t)) & 511] - np.float32(1)) * calm
        surface = canvas[:, horizon:]
        surface[:] = water + waves * _colour((40, 66, 70))
        _mix(surface, (255, 226, 160), np.clip(path * (waves * np.float32(4) + np.float32(0.22)), 0, 0.95))
        return _picture(canvas)

    return draw


def _picture(canvas: Canvas) -> Picture:
    canvas += _DITHER
    return np.clip(canvas, 0, 255, out=canvas).astype(np.uint8)


def _filled(column: Canvas) -> Canvas:
    return np.repeat(column, WIDTH, axis=2)


def _colour(rgb: tuple[int, int, int] | NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rgb, np.float32).reshape(3, 1, 1)


def _sky(stops: list[tuple[float, tuple[int, int, int]]]) -> Canvas:
    """(3, HEIGHT, 1): colours down the picture."""
    heights = np.array([stop for stop, _ in stops]) * (HEIGHT - 1)
    columns = [np.interp(_Y[:, 0], heights, [colour[n] for _, colour in stops]) for n in range(3)]
    return np.stack(columns).astype(np.float32)[..., None]


def _mix(canvas: Canvas, colour: tuple[int, int, int] | NDArray[np.float32], mask: NDArray[np.float32]) -> None:
    canvas += (_colour(colour) - canvas) * mask


def _box(x: float, y: float, reach: float) -> tuple[slice, slice]:
    return (
        slice(max(0, int(y - reach)), max(0, min(HEIGHT, int(y + reach) + 2))),
        slice(max(0, int(x - reach)), max(0, min(WIDTH, int(x + reach) + 2))),
    )


def _disc(
    canvas: Canvas, x: float, y: float, radius: float, colour: tuple[int, int, int], alpha: float, soft: float = 1.5
) -> None:
    rows, columns = _box(x, y, radius + soft)
    distance = np.hypot(_X[columns] - np.float32(x), _Y[rows] - np.float32(y))
    mask = np.clip((np.float32(radius) - distance) / np.float32(soft) + np.float32(0.5), 0, 1)
    _mix(canvas[:, rows, columns], colour, mask * np.float32(alpha))


def _glow(canvas: Canvas, x: float, y: float, reach: float, colour: tuple[int, int, int], alpha: float) -> None:
    """Light that falls off to nothing at `reach` pixels."""
    rows, columns = _box(x, y, reach)
    square = ((_X[columns] - np.float32(x)) ** 2 + (_Y[rows] - np.float32(y)) ** 2) / np.float32(reach * reach)
    _mix(canvas[:, rows, columns], colour, (np.clip(1 - square, 0, 1) ** 2 * alpha).astype(np.float32))


def _hill(
    canvas: Canvas,
    top: NDArray[np.float32],
    colour: tuple[int, int, int] | NDArray[np.float32],
    mist: tuple[int, int, int] | None,
) -> None:
    """Fill below `top`, (WIDTH,) rows; mist lightens it downwards."""
    first, last = max(0, int(top.min()) - 1), min(HEIGHT, int(top.max()) + 2)
    tone = np.repeat(_colour(colour), HEIGHT - first, axis=1)
    if mist:
        haze = np.clip(np.arange(HEIGHT - first, dtype=np.float32) / 150, 0, 0.42)[:, None]
        tone += (_colour(mist) - tone) * haze
    edge = np.clip(_Y[first:last] - top + np.float32(0.5), 0, 1)
    canvas[:, first:last] += (tone[:, : last - first] - canvas[:, first:last]) * edge
    canvas[:, last:] = tone[:, last - first :]


def _ridge(seed: int, height: float) -> NDArray[np.float32]:
    """A line of hills that closes on itself after 2,048 pixels."""
    rng = np.random.default_rng(seed)
    x = np.arange(2048) * 2 * np.pi / 2048
    line = sum(
        np.sin(k * x + phase) / k**0.8 * weight
        for k, phase, weight in zip(range(3, 26), rng.uniform(0, 6.28, 23), rng.uniform(0.4, 1, 23), strict=True)
    )
    return np.asarray(height * line, np.float32)


def _shifted(line: NDArray[np.float32], pixels: float) -> NDArray[np.float32]:
    whole, part = divmod(pixels, 1)
    start = np.arange(int(whole), int(whole) + WIDTH + 1) % line.size
    return line[start[:-1]] * np.float32(1 - part) + line[start[1:]] * np.float32(part)


def _noise(seed: int, height: int, width: int, steep: float, stretch: float = 1) -> NDArray[np.float32]:
    """Clouds from 0 to 1 that tile: noise whose spectrum falls with `steep`, `stretch` times as wide as high."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((height, width)))
    down, across = np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width) * width
    distance = np.hypot(down / stretch**0.5, across * height / width * stretch**0.5)
    distance[0, 0] = np.inf
    field = np.fft.irfft2(spectrum / np.maximum(distance, 0.5) ** steep, (height, width))
    return np.asarray(np.clip(field / (5 * field.std()) + 0.5, 0, 1), np.float32)


def _window(tile: NDArray[np.float32], x: float, y: float) -> NDArray[np.float32]:
    """The part of an endless tiling that the picture sees, x pixels along and y down."""
    rows = np.arange(int(y), int(y) + HEIGHT) % tile.shape[0]
    left = int(x) % tile.shape[1]
    if left + WIDTH <= tile.shape[1]:
        return tile[rows, left : left + WIDTH]
    return tile[np.ix_(rows, np.arange(left, left + WIDTH) % tile.shape[1])]


def _skyline(seed: int, top: int, width: int, lit: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Roofs, (columns,) rows from above, and the lit windows, (HEIGHT, columns)."""
    rng = np.random.default_rng(seed)
    roofs = np.concatenate(
        [
            np.full(int(rng.integers(width // 2, width)), HEIGHT - 40 - rng.integers(20, HEIGHT - 60 - top), np.float32)
            for _ in range(1400 // width)
        ]
    )
    grid = rng.random((HEIGHT // 10 + 1, roofs.size // 9 + 1)) < lit
    rows, columns = np.arange(HEIGHT), np.arange(roofs.size)
    windows = grid[rows[:, None] // 10, columns // 9] & (rows[:, None] % 10 < 5) & (columns % 9 < 4)
    return roofs, windows & (rows[:, None] > roofs + 8)


def _bolt(seed: int, x: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 7, 36))
    line = x + np.interp(np.arange(HEIGHT), np.arange(36) * 8.2, steps)
    mask = np.clip(1.9 - np.abs(_X - line[:, None]) / 1.4, 0, 1)
    return (mask * (np.arange(HEIGHT) < 288)[:, None]).astype(np.float32)


# Keeps slow gradients from banding in 8 bits.
_DITHER = np.random.default_rng(0).uniform(-0.1, 1.1, (HEIGHT, WIDTH)).astype(np.float32)
