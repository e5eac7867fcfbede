"""Patterns of a style, laid into bars of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

# Which beats of a pattern of four a bar of other length has.
FITTED = {1: (0,), 2: (0, 1), 3: (0, 1, 3), 5: (0, 1, 2, 3, 3), 6: (0, 1, 2, 3, 2, 3), 7: (0, 1, 2, 3, 1, 2, 3)}


@dataclass(frozen=True)
class Step:
    """A sign of a pattern: where in the bar it stands and how long it holds, in beats."""

    at: float
    length: float
    sign: str


@lru_cache(maxsize=4096)
def steps(pattern: str, beats: int, half_time: bool = False) -> tuple[Step, ...]:
    """What a pattern has in a bar of some beats. In half time it runs at half its pace."""
    cells = fitted(pattern.split(), beats, half_time)
    signs = [(beat + part / len(cell), sign) for beat, cell in enumerate(cells) for part, sign in enumerate(cell)]
    found: list[Step] = []
    for index, (at, sign) in enumerate(signs):
        if sign in ".-":
            continue
        until = next((later for later, other in signs[index + 1 :] if other != "-"), float(beats))
        found.append(Step(at, until - at, sign))
    return tuple(found)


def fitted(cells: Sequence[str], beats: int, half_time: bool = False) -> list[str]:
    count = len(cells)
    if half_time:
        return [cells[(beat // 2) % count] if beat % 2 == 0 else "." for beat in range(beats)]
    if count == 4 and beats in FITTED:
        return [cells[place] for place in FITTED[beats]]
    return [cells[beat % count] for beat in range(beats)]
