"""A log of comma-separated lines, and a drawing of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ...runtime.mix.files import writing


class Log:
    """Each line holds the means of what was gathered since the last. What an earlier log holds up to `step` stays."""

    def __init__(self, path: Path, columns: tuple[str, ...], step: int) -> None:
        with writing(path):
            rows = [row for row in read(path) if int(row["step"]) <= step]
            self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, columns, restval="")
        self._writer.writeheader()
        self._writer.writerows(rows)
        self._sums: dict[str, list[float]] = {}

    def gather(self, said: Mapping[str, float]) -> None:
        for name, value in said.items():
            self._sums.setdefault(name, []).append(value)

    def write(self, said: Mapping[str, float]) -> None:
        means = {name: f"{sum(values) / len(values):.5g}" for name, values in self._sums.items()}
        whole = {name: f"{value:.10g}" if name == "step" else f"{value:.1f}" for name, value in said.items()}
        self._writer.writerow({**whole, **means})
        self._file.flush()
        self._sums = {}

    def close(self) -> None:
        self._file.close()


def read(path: Path) -> list[dict[str, str]]:
    """The whole lines of a log, or none where there is no log."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if (row.get("step") or "").isdigit()]


_WIDTH, _HEIGHT, _EDGE = 720, 320, 44
_COLOURS = ("#3366cc", "#cc5533", "#339966", "#9955bb", "#bb9922", "#557788", "#cc3377")


def drawing(path: Path, columns: tuple[str, ...]) -> str:
    """Columns of a log over its steps, as SVG."""
    rows = read(path)
    series = {
        name: [(int(row["step"]), float(row[name])) for row in rows if row.get(name) not in (None, "")]
        for name in columns
    }
    series = {name: points for name, points in series.items() if points}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    if series:
        parts += _lines(series)
    return "\n".join([*parts, "</svg>", ""])


def _lines(series: dict[str, list[tuple[int, float]]]) -> list[str]:
    last = max(x for points in series.values() for x, _ in points)
    highest = max(y for points in series.values() for _, y in points) or 1.0
    wide, high = _WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE

    def place(x: float, y: float) -> str:
        return f"{_EDGE + wide * x / max(last, 1):.1f},{_HEIGHT - _EDGE - high * y / highest:.1f}"

    parts = []
    for quarter in range(5):
        y = highest * quarter / 4
        ends = place(0, y), place(last, y)
        parts.append(f'<polyline points="{ends[0]} {ends[1]}" stroke="#dddddd" fill="none"/>')
        parts.append(f'<text x="4" y="{ends[0].split(",")[1]}">{y:.3g}</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        line = " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline points="{line}" stroke="{colour}" fill="none" stroke-width="1.5"/>')
        parts.append(f'<text x="{_EDGE + 100 * number}" y="20" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{_WIDTH - _EDGE - 40}" y="{_HEIGHT - 12}">step {last}</text>')
    return parts
