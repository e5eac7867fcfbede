"""What a corpus has, in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .reading import MODES, STYLES, Corpus

SHARES = (0, 10, 50, 90, 100)  # percentiles that are told


def inventory(corpus: Corpus) -> dict[str, Any]:
    boards = [item.table("boards").values for item in corpus]
    rows = np.concatenate(boards) if boards else np.zeros((0, 9))
    minutes = corpus.seconds / 60
    size = sum(entry["bytes"] for item in corpus for entry in item.said["arrays"].values() if "bytes" in entry)
    told: dict[str, Any] = {
        "items": len(corpus),
        "held_out": len(corpus.held_out()),
        "with_film": sum(bool(item.said.get("film")) for item in corpus),
        "first_seed": corpus.seeds[0] if len(corpus) else None,
        "last_seed": corpus.seeds[-1] if len(corpus) else None,
        "minutes": round(minutes, 2),
        "bytes": size,
        "bytes_per_minute": round(size / minutes) if minutes else 0,
        "storyboards": len(rows),
        "styles": _counted(rows[:, 5], STYLES),
        "modes": _counted(rows[:, 7], MODES),
    }
    if len(rows):
        for name, column in (("valence", 2), ("energy", 3), ("tempo", 8)):
            told[name] = [round(float(value), 3) for value in np.percentile(rows[:, column], SHARES)]
    return {**told, "broken": list(corpus.broken)}


def _counted(values: Any, names: tuple[str, ...]) -> dict[str, int]:
    return {name: int(np.count_nonzero(values == number)) for number, name in enumerate(names)}
