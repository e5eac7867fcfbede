"""Cuts inside media, against PySceneDetect with its defaults, on generated films whose cuts are known.

    python tests/benchmarks/detect.py [+N] [WORD ...]

WORD: films whose name holds it; all without one. +N: other films of the same kinds, by seeds N higher; the thresholds were
tuned on those without.

A hard cut is found when one is reported within a frame of it. Whatever else is reported is a mistake, but for one report
inside each dissolve or fade. PySceneDetect reads the same files with its own decoder.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

import cv2
from machine import describe

from hitpoint.runtime.edit import Edit, Shot, Source
from hitpoint.runtime.picture.detect import detect
from hitpoint.runtime.rate import Rate

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "runtime" / "picture"))
from films import Part, Plan, Scene, Truth, layout, write

NTSC = Fraction(24_000, 1001)
HEVC, PRORES, MPEG2 = {"codec": "libx265"}, {"codec": "prores_ks"}, {"codec": "mpeg2video"}
STILL = {"pan": (0.0, 0.0), "zoom": 0.0, "shapes": 0, "shake": 0.0, "lens": (0.4, 2.0), "scenes": 14}


SHIFT = sum(int(word) for word in sys.argv[1:] if word.startswith("+"))


def plan(name, fps, seed, *, scenes=10, lens=(1.0, 3.5), same=False, how=None, flashes=0, **more) -> Plan:
    """A film of scenes chosen by a seed; `same` gives all one palette, `how` every second join."""
    seed += SHIFT
    rng = random.Random(seed)
    rate = Fraction(fps)
    fixed = {f.name: more.pop(f.name) for f in dataclasses.fields(Scene) if f.name in more}
    parts = []
    for number in range(scenes):
        palette = seed % 6 if same else rng.randrange(6)
        texture = rng.choice(["clouds", "stripes", "tiles", "blobs", "city"])
        scene = {
            "pan": (rng.uniform(-0.15, 0.15), rng.uniform(-0.05, 0.05)), "zoom": rng.choice([0, 0, 0.05]),
            "shapes": rng.randrange(4), "shape_speed": rng.uniform(0.1, 0.5), "shake": rng.choice([0, 0, 1]),
        } | fixed  # fmt: skip
        frames = max(6, round(rng.uniform(*lens) * rate))
        join, into = "cut", 0
        if how and number and number % 2 == 0:
            join, into = how, round(rng.uniform(0.4, 1.2) * rate)
        frames += round(2.4 * rate) if how else 0
        parts.append(Part(Scene(seed * 100 + number, palette, texture, **scene), frames, join, into))
    made = Plan(name, tuple(parts), rate, **more)
    total, cuts, _ = layout(made)
    lit: list[tuple[int, int]] = []
    while len(lit) < flashes:
        frame, length = rng.randrange(20, total - 20), rng.choice([1, 2, 3, max(4, round(0.15 * rate))])
        if all(abs(frame - cut) > 14 for cut in cuts) and all(abs(frame - other) > 25 for other, _ in lit):
            lit.append((frame, length))
    return dataclasses.replace(made, flashes=tuple(sorted(lit)))


FILMS = [
    plan("plain 24", 24, 1), plan("plain 25 HEVC", 25, 2, **HEVC), plan("plain 30 MPEG-2", 30, 3, **MPEG2),
    plan("plain 50", 50, 4), plan("plain 60 HEVC", 60, 5, **HEVC), plan("plain 24 ProRes", 24, 6, **PRORES),
    plan("plain 23.976", NTSC, 7), plan("variable 30", 30, 8, variable=True),
    plan("variable 25 HEVC", 25, 81, variable=True, **HEVC), plan("variable 50", 50, 405, variable=True),
    plan("flashes 25", 25, 9, flashes=8), plan("flashes 60", 60, 10, flashes=8),
    plan("flashes 24 ProRes", 24, 11, flashes=10, **PRORES), plan("flashes, pan 30", 30, 503, flashes=10, pan=(1.0, 0.0)),
    plan("flashes, dark 24", 24, 504, flashes=10, light=0.2),
    plan("pan 24", 24, 12, pan=(1.6, 0.1)), plan("pan 25", 25, 13, pan=(-2.6, 0.4)),
    plan("pan 30 MPEG-2", 30, 17, pan=(3.5, 0.0), **MPEG2), plan("shapes 30", 30, 14, shapes=7, shape_speed=2.5),
    plan("shapes 24", 24, 409, shapes=8, shape_speed=2.2), plan("shaking 24", 24, 15, shake=9.0),
    plan("zoom 50", 50, 16, zoom=0.6),
    plan("grain 24", 24, 18, grain=18), plan("heavy grain 30", 30, 19, grain=40),
    plan("grain 25 MPEG-2", 25, 191, grain=25, **MPEG2),
    plan("dark 24", 24, 20, light=0.12), plan("dark grain 25", 25, 21, light=0.14, grain=7),
    plan("dark 24 ProRes", 24, 22, light=0.1, **PRORES), plan("dark 30 HEVC", 30, 412, light=0.12, **HEVC),
    plan("one palette 24", 24, 23, same=True), plan("one palette 60", 60, 24, same=True),
    plan("one palette, pan 25", 25, 25, same=True, pan=(1.5, 0.2)),
    plan("low contrast 24", 24, 26, contrast=0.15), plan("low contrast 50 HEVC", 50, 28, contrast=0.12, **HEVC),
    plan("low contrast, one palette 30", 30, 27, contrast=0.2, same=True),
    plan("montage 25", 25, 29, scenes=30, lens=(0.25, 0.6)),
    plan("montage, pan 24", 24, 30, scenes=30, lens=(0.25, 0.5), pan=(1.2, 0.0)),
    plan("montage 60", 60, 420, scenes=25, lens=(0.2, 0.6)),
    plan("stills 24", 24, 425, **STILL), plan("stills, one palette 24", 24, 426, same=True, **STILL),
    plan("dissolves 24", 24, 31, how="dissolve"), plan("dissolves 60", 60, 32, how="dissolve", scenes=8),
    plan("dissolves, grain 25", 25, 33, how="dissolve", grain=15),
    plan("dissolves, one palette 30", 30, 34, how="dissolve", same=True),
    plan("dissolves, pan 30", 30, 423, how="dissolve", pan=(0.5, 0.1)),
    plan("fades 24", 24, 35, how="fade"), plan("fades 30", 30, 36, how="fade"),
    plan("low bit rate 24", 24, 38, quality="38"), plan("low bit rate, dark 25", 25, 39, quality="36", light=0.25),
    plan("dissolves, flashes, grain 30", 30, 37, how="dissolve", grain=15, scenes=12, lens=(0.6, 3.0), flashes=4),
]  # fmt: skip


def judged(truth: Truth, found: list[int]) -> tuple[int, int, int, int]:
    """Hard cuts found, mistakes, hard cuts missed, dissolves and fades found."""
    left, gradual = list(truth.cuts), list(truth.gradual)
    mistakes = 0
    for frame in found:
        near = min(left, key=lambda cut: abs(cut - frame), default=None)
        inside = next((span for span in gradual if span[0] - 1 <= frame <= span[1] + 1), None)
        if near is not None and abs(near - frame) <= 1:
            left.remove(near)
        elif inside:
            gradual.remove(inside)
        else:
            mistakes += 1
    return len(truth.cuts) - len(left), mistakes, len(left), len(truth.gradual) - len(gradual)


def f1(right: int, wrong: int, missed: int, *_: int) -> float:
    return 2 * right / (2 * right + wrong + missed) if right + wrong + missed else 1.0


def ours(path: Path, truth: Truth, fps: Fraction) -> list[int]:
    source = Source(0, truth.frames, str(path), Fraction(0), Fraction(1))
    shot = Shot(0, truth.frames, path.stem, str(path), True, (source,))
    edit = Edit("film", Rate(fps), truth.frames, picture_start=0, picture_end=truth.frames, shots=(shot,))
    return [cut.frame for cut in detect(edit, mode="always").cuts]


def theirs(path: Path, detector: str, fps: Fraction) -> list[int]:
    import scenedetect

    logging.disable(logging.CRITICAL)
    scenes = scenedetect.detect(str(path), getattr(scenedetect, detector)())
    return [round(start.seconds * float(fps)) for start, _ in scenes[1:]]


def measure(film: Plan):
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        path, truth = write(film, Path(folder))
        start = time.process_time()
        mine = judged(truth, ours(path, truth, film.fps))
        seconds = time.process_time() - start
        others = [judged(truth, theirs(path, name, film.fps)) for name in ("ContentDetector", "AdaptiveDetector")]
    return film.name, truth, mine, others, seconds


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("+")]
    films = [film for film in FILMS if not words or any(word in film.name for word in words)]
    print(describe())
    print(f"{'film':32} {'cuts':>4} {'F1':>6} {'content':>8} {'adaptive':>8}   gradual   CPU s")
    sums = [[0] * 4 for _ in range(3)]
    gradual, worse = 0, 0
    with ProcessPoolExecutor(2) as pool:
        for name, truth, mine, others, seconds in pool.map(measure, films):
            scores = [f1(*mine), *(f1(*other) for other in others)]
            sums = [[a + b for a, b in zip(s, r, strict=True)] for s, r in zip(sums, [mine, *others], strict=True)]
            gradual += len(truth.gradual)
            worse += scores[0] < max(scores[1:])
            spans = f"{mine[3]} of {len(truth.gradual)}" if truth.gradual else ""
            mark = "  worse" if scores[0] < max(scores[1:]) else ""
            print(
                f"{name:32} {len(truth.cuts):4} {scores[0]:6.3f} {scores[1]:8.3f} {scores[2]:8.3f}   {spans:8} {seconds:6.1f}{mark}"
            )
    print(f"{'all':32} {sums[0][0] + sums[0][2]:4} " + " ".join(f"{f1(*s):{w}.3f}" for s, w in zip(sums, (6, 8, 8), strict=True))
          + f"   {sums[0][3]} of {gradual}; {worse} films worse than PySceneDetect")  # fmt: skip


if __name__ == "__main__":
    main()
