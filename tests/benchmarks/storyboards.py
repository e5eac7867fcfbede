"""How well storyboards of known groups of shots are found again, and how long 3,000 shots take.

The limits are an F1 of 0.9 up to a noise of 0.06, and 1 s of the processor.

`.venv/bin/python tests/benchmarks/storyboards.py`
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
from machine import describe

sys.path.insert(0, str(Path(__file__).parents[1] / "runtime" / "picture"))
import known_groups

from hitpoint.runtime.picture.storyboards import storyboards

SEEDS = range(50)
NOISES = (0.02, 0.04, 0.06, 0.08, 0.1, 0.14)
KINDS = {
    "all features": {},
    "five numbers only": {"rich": False},
    "two looks a group, to and fro": {"to_and_fro": True},
}


def found(noise: float, **kind: bool) -> tuple[float, float, float, float]:
    """Means of F1, precision and recall of boundaries to the frame, and the F1 of as many boundaries by chance."""
    figures = []
    for seed in SEEDS:
        edit, seen, wanted = known_groups.groups(seed, noise, **kind)
        got = [board.start for board in storyboards(edit, seen)[0][1:]]
        right = len(set(got) & set(wanted))
        drawn = np.random.default_rng(seed).permutation([shot.start for shot in edit.shots[1:]])[: len(got)]
        figures.append(
            (
                known_groups.f1(got, wanted),
                right / max(1, len(got)),
                right / max(1, len(wanted)),
                known_groups.f1(drawn.tolist(), wanted),
            )
        )
    return tuple(map(statistics.mean, zip(*figures, strict=True)))


def long_film() -> tuple[int, float, float]:
    """The shots of a two-hour film with vectors of 512, and what its storyboards take: seconds, and CPU seconds."""
    rng = np.random.default_rng(0)
    of = np.arange(3000) // 8
    lengths = np.round(24 * np.clip(rng.lognormal(np.log(2.2), 0.5, 3000), 0.5, 20)).astype(int)
    looks = rng.uniform(known_groups.LOW, known_groups.HIGH, (375, 5))[of] + rng.normal(0, 0.05, (3000, 5))
    edit, seen = known_groups.film(
        lengths,
        np.clip(looks, known_groups.LOW, known_groups.HIGH),
        meaning=rng.normal(0, 1, (375, 512))[of] + rng.normal(0, 0.3, (3000, 512)),
        colour=rng.uniform(0, 1, (3000, 3, 1, 1)) * np.ones((1, 1, 32, 32)),
    )
    times, busy = [], []
    for _ in range(5):
        start, start_busy = time.perf_counter(), time.process_time()
        storyboards(edit, seen)
        times.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_busy)
    return len(edit.shots), statistics.median(times), statistics.median(busy)


print(describe())
print(
    f"{len(SEEDS)} edits each of 3 to 12 groups of 2 to 12 shots; noise is the standard deviation of light in a group"
)
failed = False
for name, kind in KINDS.items():
    for noise in NOISES:
        f1, precision, recall, chance = found(noise, **kind)
        print(
            f"{name:30} noise {noise:.2f}: F1 {f1:.3f}, precision {precision:.3f}, recall {recall:.3f}, chance {chance:.3f}"
        )
        failed |= noise <= 0.06 and f1 < 0.9
shots, seconds, busy = long_film()
print(f"{shots} shots: {seconds:.2f} s, of the processor {busy:.2f} s (limit 1)")
sys.exit(failed or busy > 1)
