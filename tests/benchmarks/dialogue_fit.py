"""Fits the gate that tells a voice from music and noise, and prints runtime/picture/gate.py.

Speech is espeak-ng's and the demo's, music and noise are made in dialogue_sounds.py; nothing is recorded and nothing
comes from outside. Only the kinds and voices called FITTED are used. The same sounds come out each time. LIMIT and
CAUTION are no outcome of this: they were chosen among a few values on takes of the voices and kinds held out.

`.venv/bin/python tests/benchmarks/dialogue_fit.py > runtime/picture/gate.py`
"""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from dialogue_sounds import FITTED_MUSIC, FITTED_NOISE, level, room_tone, silence
from dialogue_speech import FITTED_VOICES, RATE, conversation, resampled
from numpy.typing import NDArray

from hitpoint.runtime.picture.speech import FEATURES, LIMIT, features

SECONDS, SECONDS_WITHOUT = 36.0, 16.0
MUSIC_BELOW = (15, 10, 5, 0)  # dB
# Clean speech is what most tracks of dialogue hold.
NOISE_BELOW = {
    "silence": (60,) * 8,
    "room": (40, 40, 30, 30, 25, 20, 10, 5),
    **{kind: (12, 6) for kind in FITTED_NOISE if kind != "room"},
}
RIDGE = 30.0
CAUTION = -0.15  # added to the odds: fewer tunes are ducked for nothing, a few more voices are missed


@dataclass(frozen=True)
class Sample:
    """`below` is how many dB the kind of sound lies under the speech; None: there is no speech."""

    kind: str
    below: float | None
    seed: int


def samples() -> list[Sample]:
    out: list[Sample] = []
    for kind in FITTED_MUSIC:
        out += [Sample(kind, below, 0) for below in MUSIC_BELOW * 2]
    for kind, levels in NOISE_BELOW.items():
        if kind not in ("white", "hum", "wind"):
            out += [Sample(kind, below, 0) for below in levels]
    out += [Sample(kind, None, 0) for kind in (*FITTED_MUSIC, *FITTED_NOISE) for _ in range(6)]
    return [Sample(s.kind, s.below, n + 1) for n, s in enumerate(out)]


def observed(sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The features of a sample, and for each row whether somebody speaks."""
    rng = np.random.default_rng(sample.seed)
    make = {**FITTED_MUSIC, **FITTED_NOISE, "room": room_tone, "silence": silence}[sample.kind]
    if sample.below is None:
        sound = level(make(SECONDS_WITHOUT, rng))
        cells = np.zeros(sound.size * 10 // RATE, bool)
    else:
        program = shutil.which("espeak-ng") or "espeak-ng"
        sound, cells = conversation(program, FITTED_VOICES, SECONDS, sample.seed, lively=True)
        bed = level(make(SECONDS, rng))[: sound.size]
        sound = sound + np.pad(bed, (0, sound.size - bed.size)) * np.float32(10 ** (-sample.below / 20))
    sound = sound * np.float32(10 ** (rng.uniform(-20, 3) / 20))
    if sample.seed % 6 == 1:  # a telephone, an old archive
        sound = resampled(resampled(sound, RATE, RATE // 2), RATE // 2)[: cells.size * RATE // 10]
    if sample.seed % 5 == 0:  # nothing at all, as between clips
        for at in rng.integers(0, sound.size * 10 // RATE - 40, 3):
            over = at + int(rng.integers(5, 30))
            sound[at * RATE // 10 : over * RATE // 10] = 0
            cells[at:over] = False
    rows = features(sound)
    truth = np.repeat(cells, 2)[: len(rows)]
    return rows[: len(truth)], truth


def logistic(rows: NDArray[np.float64], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights and, last, a constant: Newton's method with a ridge on the weights."""
    rows = np.c_[rows, np.ones(len(rows))]
    ridge = np.r_[np.full(rows.shape[1] - 1, RIDGE), 1e-6]
    weights = np.zeros(rows.shape[1])
    for _ in range(15):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (truth - chance) - ridge * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(ridge)
        weights += np.linalg.solve(bend, slope)
    return weights


def main() -> None:
    with ProcessPoolExecutor() as pool:
        seen = list(pool.map(observed, samples(), chunksize=2))
    rows = np.concatenate([rows for rows, _ in seen]).astype(np.float64)
    truth = np.concatenate([truth for _, truth in seen]).astype(np.float64)
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    weights = logistic(np.clip((rows - middle) / spread, -LIMIT, LIMIT), truth)
    print('"""How much each feature of speech.py speaks for a voice. Printed by tests/benchmarks/dialogue_fit.py.')
    print(
        f"\nA ridge logistic regression on {len(rows)} steps of 50 ms, {truth.mean():.0%} of them speech, all synthetic."
    )
    print('"""\n\n# For each feature its mean, its standard deviation, and the weight of what lies between.')
    print("GATE: dict[str, tuple[float, float, float]] = {")
    for name, *numbers in zip(FEATURES, middle, spread, weights[:-1], strict=True):
        print(f'    "{name}": ({", ".join(f"{number:.4g}" for number in numbers)}),')
    print("}")
    print(f"CONSTANT = {weights[-1] + CAUTION:.4f}")
    print(
        f"{np.mean((weights[-1] + np.clip((rows - middle) / spread, -LIMIT, LIMIT) @ weights[:-1] > 0) == truth):.4f} of the steps right",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
