"""What planning costs as edits grow: cuts at random, one every 3.6 s on average, all in one storyboard.

2,000 cuts are two hours; the limit for them is 10 s, and the cost of a cut should not rise with their number.

`.venv/bin/python tests/benchmarks/planning.py [cuts ...]`
"""

import sys
from fractions import Fraction

import numpy as np
from machine import describe, timed

from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit
from hitpoint.runtime.rate import Rate

EVERY = 3.6  # seconds


def edit(cuts: int) -> Edit:
    frames = int(24 * EVERY * cuts)
    at = np.random.default_rng(0).choice(np.arange(1, frames), cuts, replace=False)
    return Edit("long", Rate(Fraction(24)), frames, 0, False, 0, frames, cuts=tuple(Cut(int(f)) for f in sorted(at)))


print(describe())
for count in map(int, sys.argv[1:] or (500, 1000, 2000, 4000)):
    made = edit(count)
    seconds = timed(lambda made=made: plan(made))
    print(
        f"{count:6} cuts in {made.seconds(made.frames) / 3600:.1f} h: {seconds:5.2f} s, {1000 * seconds / count:.2f} ms a cut"
    )
