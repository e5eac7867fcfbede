"""One step of the small diffusion transformer on this processor: ONNX Runtime, in int8 and fp32, beside torch.

The model is Diff-V2M's `mini` with random weights: 24 million parameters, depth 8, width 384. Rounds are paired: each runs
all three once, and what is printed is the median of the rounds' ratios. Speeds hang on the machine; ratios hardly do,
where nothing else runs on it.

    python tests/benchmarks/dit.py [rounds] [threads] [--folder DIR]

With a folder the graphs are kept there, and read from there the next time.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from machine import describe, timed

from hitpoint.exporters.diffv2m import parts
from hitpoint.exporters.diffv2m.config import config
from hitpoint.exporters.diffv2m.model import DiffV2M, count
from hitpoint.exporters.graphs import variants
from hitpoint.exporters.graphs.export import export

PLACES = (256, 512)


def model() -> DiffV2M:
    torch.manual_seed(0)
    made = DiffV2M(config("mini")).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if not parameter.any():
                parameter.normal_(std=0.02)
    return made


def session(path: Path, threads: int):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
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


def main(rounds: int, threads: int, folder: Path) -> None:
    torch.set_num_threads(threads)
    made = model()
    part = parts.step(made)
    print(f"{describe()}; {threads} threads, load {os.getloadavg()[0]:.1f}")
    print(f"transformer: {count(made.transformer) / 1e6:.1f} M parameters")
    fp32, int8 = (session(path, threads) for path in graphs(made, folder))
    for places in PLACES:
        given = part.inputs_for({**part.sizes[0], "batch": 1, "frames": places, "rhythm_tokens": places // 2 + 1})
        inputs = {tensor.name: value.numpy() for tensor, value in zip(part.inputs, given, strict=True)}
        found: dict[str, np.ndarray] = {}

        def by_torch(given=given, found=found) -> None:
            with torch.no_grad():
                found["torch"] = part.module(*given).numpy()

        def by_runtime(which, name, inputs=inputs, found=found) -> None:
            found[name] = which.run(None, inputs)[0]

        runs = {
            "torch": by_torch,
            "fp32": lambda run=by_runtime: run(fp32, "fp32"),
            "int8": lambda run=by_runtime: run(int8, "int8"),
        }
        for run in runs.values():
            run()
        times = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                times[name].append(timed(run))
        print(f"\n{places} places, {rounds} rounds")
        right = found["torch"]
        for name in runs:
            ratio = statistics.median(a / b for a, b in zip(times["torch"], times[name], strict=True))
            off = float(np.sqrt(((found[name] - right) ** 2).mean()) / np.sqrt((right**2).mean()))
            print(
                f"  {name:6}{1e3 * statistics.median(times[name]):8.1f} ms  {ratio:5.2f} times torch  off by {off:.1e}"
            )


if __name__ == "__main__":
    words = sys.argv[1:]
    kept = Path(words.pop(words.index("--folder") + 1)) if "--folder" in words else None
    numbers = [int(word) for word in words if word.isdigit()]
    with tempfile.TemporaryDirectory() as temporary:
        main(numbers[0] if numbers else 15, numbers[1] if len(numbers) > 1 else 2, kept or Path(temporary))
