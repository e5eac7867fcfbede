"""Bar lines: which beats start a bar, so that what is strong in the picture is strong in the music."""

from __future__ import annotations

import math
from collections.abc import Mapping

METRES = (4, 3)  # beats a bar that a storyboard may have, the usual one first
LONGEST = 7  # beats of a bar that stands between others to make them fit
OTHER_METRE_PRICE = 0.12  # for all bars of the less usual metre, as a part of all that could be had
ODD_PRICE = {2: 0.22, 3: 0.2, 5: 0.3, 6: 0.25, 7: 0.4, 4: 0.15, 1: 0.9}  # for one bar of other than the usual length


def bar_lines(beats: int, worth: Mapping[int, float], metre: int | None = None) -> tuple[int, tuple[int, ...]]:
    """The metre, and the length of every bar in beats; the first bar starts on the first beat.

    `worth` says of some beats what it is worth that a bar starts there. Where `metre` is given it is the usual one,
    whatever it is.
    """
    total = sum(worth.values()) or 1.0
    found = []
    for order, usual in enumerate((metre,) if metre else METRES):
        value, bars = _bars(beats, worth, usual)
        found.append((value - OTHER_METRE_PRICE * order * (1.0 + total), -order, usual, bars))
    _, _, usual, bars = max(found)
    return usual, bars


def _bars(beats: int, worth: Mapping[int, float], usual: int) -> tuple[float, tuple[int, ...]]:
    """The best bars: an exact dynamic programme over the beats. The last bar may be cut off by the end."""
    sizes = sorted({*range(1, LONGEST + 1), usual}, key=lambda size: (size != usual, size))
    prices = [(size, 0.0 if size == usual else ODD_PRICE.get(size, 0.5)) for size in sizes]
    best = [worth.get(0, 0.0)] + [-math.inf] * beats
    came = [0] * (beats + 1)
    for at in range(1, beats + 1):
        here = worth.get(at, 0.0) if at < beats else 0.0
        for size, price in prices:
            if size <= at and best[at - size] + here - price > best[at] + 1e-9:
                best[at], came[at] = best[at - size] + here - price, size
    # A bar that the end cuts off is as good as a whole one.
    tails = {beats - left: best[beats - left] for left in range(min(usual - 1, beats - 1), 0, -1)}
    tails[beats] = best[beats]
    at = max(sorted(tails), key=lambda place: tails[place])
    value = tails[at]
    bars = [beats - at] if at < beats else []
    while at:
        bars.append(came[at])
        at -= bars[-1]
    return value, tuple(reversed(bars))
