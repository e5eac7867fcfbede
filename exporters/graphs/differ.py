"""How far a smaller variant is from fp32, played as the runtime plays it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...runtime.errors import HitpointError
from ...runtime.packs.pack import Difference, Pack
from ...runtime.packs.providers import CPU
from ...runtime.packs.session import Graph, Sessions
from .parity import Arrays, Run
from .part import Part

Judge = Callable[[str, Arrays, Arrays], Difference]


def relative(_: str, right: Arrays, found: Arrays) -> Difference:
    """The root mean square of what is off, by that of what is right, of the output where it is worst."""
    return Difference(max((_off(found[name], right[name]) for name in right), default=0.0), "relative RMS")


def measured(pack: Pack, part: Part, precision: str, runs: Sequence[Run], judge: Judge = relative) -> Difference:
    """The largest difference over all lengths. Raises where the variant gives what is no number."""
    graph = Sessions(CPU, precision).open(pack, part.role)
    worst: Difference | None = None
    for run in runs:
        found = by_rows(graph, part, run) if precision == "int8" else graph.run(run.inputs)
        said = judge(part.role, run.outputs, found)
        if not math.isfinite(said.value):
            raise HitpointError(
                f"the graph '{part.role}' in {precision} gives what is no number: leave that variant out"
            )
        if worst is None or said.value > worst.value:
            worst = said
    if worst is None:
        raise HitpointError(f"the graph '{part.role}': no sizes to measure {precision} at")
    return worst


def by_rows(graph: Graph, part: Part, run: Run) -> Arrays:
    """Each independent row on its own: in int8 the rows of one batch change each other."""
    rows = run.sizes.get(part.rows, 1)
    ends = (*part.inputs, *part.outputs)
    if rows == 1 or any(part.rows in tensor.shape[1:] for tensor in ends):
        return graph.run(run.inputs)
    lying = {tensor.name for tensor in ends if tensor.shape[:1] == (part.rows,)}
    if not all(tensor.name in lying for tensor in part.outputs):
        return graph.run(run.inputs)
    found = [
        graph.run({name: value[n : n + 1] if name in lying else value for name, value in run.inputs.items()})
        for n in range(rows)
    ]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _off(found: object, right: object) -> float:
    a, b = np.asarray(found, np.float64), np.asarray(right, np.float64)
    if not b.size:
        return 0.0
    return float(np.sqrt(np.mean((a - b) ** 2)) / max(float(np.sqrt(np.mean(b**2))), 1e-12))
