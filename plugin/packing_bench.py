"""How fast a pack runs here, variant by variant, and how far each is from fp32 on the same made-up inputs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..runtime.errors import EngineError
from ..runtime.packs.pack import Pack, Tensor, Variant
from ..runtime.packs.providers import AUTO
from ..runtime.packs.session import Graph, Sessions
from ..runtime.progress import Progress, part, silent

Answer = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

USUAL = 64  # how long a length is of which the pack says nothing


def bench(
    pack: Pack, *, device: str = AUTO, precision: str | None = None, rounds: int = 5, progress: Progress = silent
) -> Answer:
    """Milliseconds to load, of the first run, and the median of `rounds` more."""
    wanted = [
        (role, variant)
        for role, graph in pack.graphs.items()
        for variant in graph.variants.values()
        if precision in (None, variant.precision)
    ]
    if not wanted:
        raise EngineError(f"the pack {pack.name} has no {precision}")
    rows, warnings, reference = [], [], Arrays()
    for number, (role, variant) in enumerate(sorted(wanted, key=lambda pair: (pair[0], pair[1].precision != "fp32"))):
        progress(number / len(wanted), f"{role} {variant.precision}")
        inputs = made_up(pack, variant)
        sessions = Sessions(device, variant.precision)
        row, outputs = _measure(sessions, pack, role, inputs, rounds, part(progress, number / len(wanted), 1.0))
        if variant.precision == "fp32":
            reference = {f"{role} {name}": value for name, value in outputs.items()}
        known = {name: reference[f"{role} {name}"] for name in outputs if f"{role} {name}" in reference}
        row["off"] = max((_off(outputs[name], value) for name, value in known.items()), default=None)
        rows.append(row)
        warnings += sessions.warnings
    return {"rows": rows, "threads": Sessions(device).threads, "warnings": list(dict.fromkeys(warnings))}


def _measure(
    sessions: Sessions, pack: Pack, role: str, inputs: Arrays, rounds: int, progress: Progress
) -> tuple[Answer, Arrays]:
    graphs: list[Graph] = []
    outputs: list[Arrays] = []
    load = _timed(lambda: graphs.append(sessions.open(pack, role)))
    graph = graphs[0]
    first = _timed(lambda: outputs.append(graph.run(inputs)))
    again = []
    for number in range(rounds):
        progress(number / rounds, f"{role} {graph.variant.precision}")
        again.append(_timed(lambda: graph.run(inputs)))
    shapes = {name: list(value.shape) for name, value in inputs.items()}
    row = {"role": role, "variant": graph.variant.precision, "device": graph.device, "inputs": shapes}
    return {**row, "load_ms": load, "first_ms": first, "run_ms": statistics.median(again or [first])}, outputs[0]


def made_up(pack: Pack, variant: Variant) -> Arrays:
    """Inputs of the pack's usual lengths: noise where there are fractions, ones elsewhere. The same every time."""
    noise = np.random.Generator(np.random.PCG64(0))
    return {tensor.name: _tensor(tensor, pack, noise) for tensor in variant.inputs}


def _tensor(said: Tensor, pack: Pack, noise: np.random.Generator) -> NDArray[Any]:
    shape = [
        n if isinstance(n, int) else pack.sizes.get(n, 1 if n.lower() in ("b", "batch") else USUAL) for n in said.shape
    ]
    if said.dtype.startswith("float"):
        return noise.standard_normal(shape).astype(said.dtype)
    return np.ones(shape, said.dtype)


def _off(found: NDArray[Any], right: NDArray[Any]) -> float:
    """Root mean square of the difference, by that of what is right."""
    if found.shape != right.shape:
        return float("nan")
    a, b = found.astype(np.float64), right.astype(np.float64)
    return float(np.sqrt(np.mean((a - b) ** 2)) / max(float(np.sqrt(np.mean(b**2))), 1e-12))


def _timed(call: Callable[[], Any]) -> float:
    """In milliseconds."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)
