"""What sessions cost and what their settings bring: opening a pack, variants, threads, spinning, arenas, bound steps.

`.venv/bin/python tests/benchmarks/sessions.py [--rounds 7] [--layers 6]`

The graph is made here: layers of a transformer's feed-forward part, 384 wide, with random weights, 256 steps long.
What a GPU does is measured where there is one. Ratios are medians of rounds in which both sides take turns.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from machine import describe, paired, timed
from onnx import helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from hitpoint.runtime.packs import providers, store
from hitpoint.runtime.packs.binding import Binding
from hitpoint.runtime.packs.session import Sessions

WIDTH, STEPS = 384, 256
BUSY = "while True: pass"


def made(layers: int) -> onnx.ModelProto:
    """x (batch, time, 384) -> y: x + W2 relu(W1 x), again and again."""
    noise, nodes, weights, last = np.random.default_rng(0), [], [], "x"
    for n in range(layers):
        for name, shape in ((f"a{n}", (WIDTH, 4 * WIDTH)), (f"b{n}", (4 * WIDTH, WIDTH))):
            values = noise.standard_normal(shape).astype(np.float32) / np.float32(shape[0] ** 0.5)
            weights.append(onnx.numpy_helper.from_array(values, name))
        out = "y" if n == layers - 1 else f"o{n}"
        nodes += [
            helper.make_node("MatMul", [last, f"a{n}"], [f"h{n}"]),
            helper.make_node("Relu", [f"h{n}"], [f"r{n}"]),
            helper.make_node("MatMul", [f"r{n}", f"b{n}"], [f"m{n}"]),
            helper.make_node("Add", [last, f"m{n}"], [out]),
        ]
        last = out
    ends = [helper.make_tensor_value_info(name, 1, ["batch", "time", WIDTH]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "layers", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def write_pack(folder: Path, layers: int) -> None:
    path = folder / "step.fp32.onnx"
    onnx.save(made(layers), path)
    quantize_dynamic(path, folder / "step.int8.onnx", weight_type=QuantType.QInt8)
    tensor = {"dtype": "float32", "shape": ["batch", "time", WIDTH]}
    variants = {}
    for name in ("fp32", "int8"):
        file = folder / f"step.{name}.onnx"
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        variants[name] = {"file": file.name, "sha256": digest, "bytes": file.stat().st_size}
    variants["int8"]["difference"] = {"value": 0, "measure": "not measured"}
    said = {
        "schema": "hitpoint.pack/1", "name": "layers", "family": "benchmark", "version": "1.0",
        "licence": {"id": "CC0-1.0", "name": "none", "url": "https://example.org", "commercial": True},
        "provenance": {"trained_on": "nothing", "steps": 0, "seed": 0, "code": "benchmark"},
        "graphs": {
            "step": {"inputs": [{"name": "x", **tensor}], "outputs": [{"name": "y", **tensor}], "variants": variants}
        },
    }  # fmt: skip
    (folder / "pack.json").write_text(json.dumps(said))


def bare(path: Path, threads: int, spinning: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def told(words: str, first: float, second: float, ratio: float) -> None:
    print(f"{words}: {1000 * first:.1f} ms and {1000 * second:.1f} ms, ratio {ratio:.2f}")


def settings(path: Path, x: np.ndarray, rounds: int) -> None:
    """Threads and spinning, alone and beside a program that keeps one core busy."""
    count = providers.threads()
    ours, twice, spins = bare(path, count, False), bare(path, 2 * count, False), bare(path, count, True)
    run = {name: lambda s=s: s.run(None, {"x": x}) for name, s in (("ours", ours), ("twice", twice), ("spins", spins))}
    for call in run.values():
        call()
    told(f"{count} threads, {2 * count} threads", *paired(run["ours"], run["twice"], rounds))
    told("without spinning, with it", *paired(run["ours"], run["spins"], rounds))
    other = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        told("the same beside another program", *paired(run["ours"], run["spins"], rounds))
    finally:
        other.kill()
        other.wait()


def convolved(layers: int = 6) -> onnx.ModelProto:
    """x (1, 64, time) -> y: convolutions, as a codec's decoder has them."""
    noise, nodes, weights, last = np.random.default_rng(0), [], [], "x"
    for n in range(layers):
        weights.append(
            onnx.numpy_helper.from_array(noise.standard_normal((64, 64, 7)).astype(np.float32) / 21, f"w{n}")
        )
        out = "y" if n == layers - 1 else f"o{n}"
        nodes += [
            helper.make_node("Conv", [last, f"w{n}"], [f"c{n}"], pads=[3, 3]),
            helper.make_node("Tanh", [f"c{n}"], [out]),
        ]
        last = out
    ends = [helper.make_tensor_value_info(name, 1, [1, 64, "time"]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "convolutions", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def arenas(rounds: int) -> None:
    """Ever other lengths, as a codec's pieces have them, each way in a process of its own: time and memory kept."""
    for way in ("arena, nothing given back", "arena, given back after each run", "no arena"):
        done = subprocess.run(
            [sys.executable, __file__, "--arena", way, str(rounds)], capture_output=True, text=True, check=True
        )
        print(f"{way}: {done.stdout.strip()}")


def arena(way: str, rounds: str) -> None:
    options, run = onnxruntime.SessionOptions(), onnxruntime.RunOptions()
    options.intra_op_num_threads = providers.threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = way != "no arena"
    if "given back after" in way:
        run.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    session = onnxruntime.InferenceSession(convolved().SerializeToString(), options, providers=["CPUExecutionProvider"])
    before = held()
    lengths = np.random.default_rng(0).integers(20_000, 100_000, int(rounds))
    times = [timed(lambda n=n: session.run(None, {"x": np.zeros((1, 64, n), np.float32)}, run)) / n for n in lengths]
    print(f"{1e6 * statistics.median(times):.1f} us a step of length, {held() - before:.0f} MiB more than before")


def held() -> float:
    """Memory of this process in MiB, where the system tells."""
    if sys.platform != "linux":
        return float("nan")
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def bound(sessions: Sessions, pack: object, x: np.ndarray, rounds: int) -> None:
    graph = sessions.open(pack, "step")
    steps = Binding(graph)
    steps.put("x", x)
    steps.carry("y", "x")

    def carried() -> None:
        for _ in range(10):
            steps.step()

    def handed() -> None:
        value = x
        for _ in range(10):
            value = graph.run({"x": value})["y"]

    handed(), carried()
    told(f"ten steps on {graph.device}, handed over and bound", *paired(handed, carried, rounds))


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--layers", type=int, default=6)
    options.add_argument("--arena", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.arena:
        arena(*chosen.arena)
        return
    print(f"{describe()}, onnxruntime {onnxruntime.__version__}")
    x = np.random.default_rng(1).standard_normal((1, STEPS, WIDTH)).astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pack(folder, chosen.layers)
        opening = statistics.median(timed(lambda: store.open_folder(folder)) for _ in range(chosen.rounds))
        pack = store.open_folder(folder)
        print(f"opening {pack.bytes() / 2**20:.0f} MiB, every byte hashed, every graph walked: {1000 * opening:.0f} ms")
        graphs = {name: Sessions("cpu", name).open(pack, "step") for name in ("fp32", "int8")}
        loads = {n: timed(lambda n=n: Sessions("cpu", n).open(pack, "step")) for n in graphs}
        print(", ".join(f"{n} loads in {1000 * seconds:.0f} ms" for n, seconds in loads.items()))
        calls = [lambda g=g: g.run({"x": x}) for g in graphs.values()]
        told("int8, fp32", *paired(calls[1], calls[0], chosen.rounds))
        settings(folder / "step.fp32.onnx", x, chosen.rounds)
        arenas(chosen.rounds)
        bound(Sessions("cpu", "fp32"), pack, x, chosen.rounds)
        found = providers.cuda()
        if found.works:
            bound(Sessions("cuda", "fp32"), pack, x, chosen.rounds)
        else:
            print(f"CUDA: {found.words}")


if __name__ == "__main__":
    main()
