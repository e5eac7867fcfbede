"""How near few steps come to where very many end, and what the loop costs beside its model.

The model is the exact answer for a mixture of six Gaussians in 16 channels, alone and guided (scale 3) towards two of
its parts. Printed is the RMS error at the median place and the share of places that end in another part of the
mixture (further off than 0.2). A sound latent's spread is about 1. Then the time of the loop around a model that
answers at once, beside what a model may take, and the roughness of joins in a Gaussian process.

    python tests/benchmarks/samplers.py [places]
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from machine import describe, timed

from hitpoint.runtime.packs.diffusion.guidance import Asked
from hitpoint.runtime.packs.diffusion.pieces import onward, remake
from hitpoint.runtime.packs.diffusion.sample import DIFFV2M, Sampling, sample
from hitpoint.runtime.packs.diffusion.schedule import Cosine, ScaledLinear
from hitpoint.runtime.packs.diffusion.windows import Windows

THEORY = Path(__file__).parents[1] / "runtime" / "packs" / "diffusion" / "theory.py"
theory = SimpleNamespace(**runpy.run_path(str(THEORY)))

CHANNELS = 16
RUNS = [("ddim", "time", n) for n in (250, 100, 50, 30)] + [
    (method, "level", n) for method in ("dpm++", "unipc") for n in (30, 20, 15, 10)
]
STEP = 0.0238  # seconds: a 27 M-parameter DiT in int8, 256 places, two cores


def errors(places: int) -> None:
    for predicts, schedule in (("v", Cosine()), ("noise", ScaledLinear())):
        for seed in (3, 4):
            mixture = theory.Mixture.random(seed, CHANNELS, 6)
            towards = theory.guided(mixture.only([1, 2]), mixture)
            for name, expected, asked in (("alone", mixture, theory.nothing), ("guided", towards, theory.on)):
                model = theory.model(expected, predicts, schedule)

                def run(method: str, spacing: str, steps: int, model=model, asked=asked, kind=(schedule, predicts)):
                    sampling = Sampling(*kind, method=method, spacing=spacing, steps=steps)
                    return sample(
                        model, CHANNELS, places, asked, seed=1, sampling=sampling, windows=Windows(places, 0)
                    )  # fmt: skip

                right = run("unipc", "time", 1000)
                print(f"\n{type(schedule).__name__}, {predicts}, mixture {seed}, {name}: error, share elsewhere")
                for kind in RUNS:
                    off = np.sqrt(((run(*kind) - right) ** 2).mean(axis=0))
                    print(f"  {kind[0]:6}{kind[2]:4}  {np.median(off):.4f}  {(off > 0.2).mean():.3f}")


def overhead() -> None:
    def asked(start: int, stop: int) -> Asked:
        return Asked({"context": np.zeros((1, 30, 768), np.float32)}, {"context": np.zeros((1, 30, 768), np.float32)})

    def model(x, time, conditions):
        return x

    print("\nThe loop around a model that answers at once, 64 channels, guided, ms a step")
    for places, name in ((645, "30 s"), (12_920, "10 min")):
        for sampling in (DIFFV2M, Sampling()):
            took = min(
                timed(lambda n=places, s=sampling: sample(model, 64, n, asked, seed=1, sampling=s)) for _ in range(3)
            )
            windows = len(Windows().lay(places).starts)
            each = took / sampling.steps
            share = each / (2 * windows * STEP * 645 / 256)
            print(
                f"  {name:7}{windows:3} windows  {sampling.method:6}{1e3 * each:8.2f}  {share:.1%} of a small DiT in int8"
            )


def joins() -> None:
    print("\nMean square of the differences from place to place, beside that of the process: usual, largest")
    for likeness in (0.9, 0.97):
        model = theory.model(theory.process(likeness))
        windows = Windows(128, 32)
        whole = sample(model, 2000, 400, theory.nothing, seed=1, windows=windows)
        made = {"windows together": whole}
        for join, repeats in ((0, 0), (16, 0), (32, 0), (16, 2)):
            parts = onward(model, 2000, 400, theory.nothing, seed=1, windows=windows, join=join, repeats=repeats)
            made[f"one after another, join {join}, repeats {repeats}"] = np.concatenate(list(parts), axis=1)
            made[f"a stretch anew, join {join}, repeats {repeats}"] = remake(
                model, whole, 150, 250, theory.nothing, seed=2, windows=windows, join=join, repeats=repeats
            )
        for name, x in made.items():
            rough = (np.diff(x, axis=1) ** 2).mean(axis=0) / (2 - 2 * likeness)
            print(f"  likeness {likeness}  {name:42}{np.median(rough):6.2f}{rough.max():6.2f}")


if __name__ == "__main__":
    print(describe())
    errors(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    overhead()
    joins()
