"""A step of the small diffusion transformer on this processor: ONNX Runtime, in int8 and fp32, beside torch.

The model is Diff-V2M's `mini` with a wider feed-forward, so that its transformer has 27 million parameters, and random
weights: depth 8, width 384. A guided step asks it twice, with conditions and without. Torch may do that in one batch of
two or in two runs, whichever is faster; in int8 the two runs go side by side, a thread each, as the engine has them.

Rounds are paired: each does everything once. Printed are the least and the median of the times, and the median of the
rounds' ratios. Speeds hang on the machine; ratios hardly do, where nothing else runs on it.

    python tests/benchmarks/dit.py [rounds] [threads] [--folder DIR]

With a folder the graphs are kept there, and read from there the next time.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from machine import describe, timed

from hitpoint.exporters.diffv2m import parts
from hitpoint.exporters.diffv2m.config import config
from hitpoint.exporters.diffv2m.model import DiffV2M, count
from hitpoint.exporters.graphs import variants
from hitpoint.exporters.graphs.export import export
from hitpoint.runtime.packs.diffusion.guidance import Asked, Guidance

PLACES = (256, 512)
INNER = 1408  # of the feed-forward, for 27 million parameters
SCALE, TIME = 2.0, 0.5

Arrays = dict[str, np.ndarray]
Runs = dict[str, Callable[[], np.ndarray]]


def model() -> DiffV2M:
    torch.manual_seed(0)
    made = DiffV2M(config("mini", inner=INNER)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if not parameter.any():
                parameter.normal_(std=0.02)
    return made


def session(path: Path, threads: int):
    """Set as the runtime sets its own."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def graphs(made: DiffV2M, folder: Path) -> tuple[Path, Path]:
    fp32, int8 = folder / "step.fp32.onnx", folder / "step.int8.onnx"
    if not fp32.is_file():
        print(f"exported, off by {export(parts.step(made), fp32)}")
    if not int8.is_file():
        variants.int8(fp32, int8)
    for path in (fp32, int8):
        print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB")
    return fp32, int8


@dataclass(frozen=True)
class Question:
    """Noisy latents and what is asked of them; `null` asks for nothing."""

    x: np.ndarray
    given: Arrays
    null: Arrays

    @classmethod
    def of(cls, made: DiffV2M, places: int) -> Question:
        part = parts.step(made)
        values = part.inputs_for({**part.sizes[0], "batch": 1, "frames": places, "rhythm_tokens": places // 2 + 1})
        named = {tensor.name: value.numpy() for tensor, value in zip(part.inputs, values, strict=True)}
        x = named.pop("x")
        del named["time"]
        nothing = parts.null_of(made.config)
        return cls(x, named, {name: np.zeros_like(each) if name in nothing else each for name, each in named.items()})

    def step(self, ask, guidance: Guidance) -> Callable[[], np.ndarray]:
        question = guidance.question([Asked(self.given, self.null)])
        return lambda: question.put(ask, self.x, TIME)


def by_torch(made: DiffV2M):
    part = parts.step(made)

    def ask(x, time, conditions) -> np.ndarray:
        named = {**conditions, "x": x, "time": np.full(len(x), time, np.float32)}
        with torch.no_grad():
            return part.module(*(torch.from_numpy(named[tensor.name]) for tensor in part.inputs)).numpy()

    return ask


def by_runtime(which):
    def ask(x, time, conditions) -> np.ndarray:
        return which.run(None, {**conditions, "x": x, "time": np.full(len(x), time, np.float32)})[0]

    return ask


def measured(title: str, runs: Runs, torches: tuple[str, ...], rounds: int) -> None:
    """Rows of times; ratios are to the fastest of `torches` in the same round."""
    found = {name: run() for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(timed(run))
    fastest = [min(each) for each in zip(*(times[name] for name in torches), strict=True)]
    right = found[torches[0]]
    print(f"\n{title}, {rounds} rounds")
    for name in runs:
        ratio = statistics.median(a / b for a, b in zip(fastest, times[name], strict=True))
        off = float(np.sqrt(((found[name] - right) ** 2).mean()) / np.sqrt((right**2).mean()))
        print(
            f"  {name:22}{1e3 * min(times[name]):8.1f} ms least{1e3 * statistics.median(times[name]):8.1f} median "
            f"{ratio:6.2f} times torch  off by {off:.1e}"
        )


def main(rounds: int, threads: int, folder: Path) -> None:
    torch.set_num_threads(threads)
    made = model()
    print(f"{describe()}; {threads} threads, load {os.getloadavg()[0]:.1f}")
    print(f"transformer: {count(made.transformer) / 1e6:.1f} M parameters")
    fp32, int8 = graphs(made, folder)
    eager = by_torch(made)
    whole, exact = (by_runtime(session(path, threads)) for path in (int8, fp32))
    half = by_runtime(session(int8, max(1, threads // 2)))
    together, turns = Guidance(SCALE), Guidance(SCALE, together=False)
    for places in PLACES:
        asked, alone = Question.of(made, places), Guidance(1.0)
        plain: Runs = {
            "torch": asked.step(eager, alone),
            "fp32": asked.step(exact, alone),
            "int8": asked.step(whole, alone),
            "int8, half the threads": asked.step(half, alone),
        }
        measured(f"{places} places, a step without guidance", plain, ("torch",), rounds)
        guided: Runs = {
            "torch, two runs": asked.step(eager, turns),
            "torch, batch of two": asked.step(eager, together),
            "fp32, two runs": asked.step(exact, turns),
            "int8, two runs": asked.step(whole, turns),
            "int8, side by side": asked.step(half, Guidance(SCALE, together=False, beside=True)),
        }
        torches = ("torch, two runs", "torch, batch of two")
        measured(f"{places} places, a guided step; torch is the faster of its two", guided, torches, rounds)


if __name__ == "__main__":
    words = sys.argv[1:]
    kept = Path(words.pop(words.index("--folder") + 1)) if "--folder" in words else None
    numbers = [int(word) for word in words if word.isdigit()]
    with tempfile.TemporaryDirectory() as temporary:
        main(numbers[0] if numbers else 15, numbers[1] if len(numbers) > 1 else 2, kept or Path(temporary))
