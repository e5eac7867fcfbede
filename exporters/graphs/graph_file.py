"""A graph as a file of a pack: nothing in it that does not compute, the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir
from onnx_ir.passes import common

BESIDE = 1_500_000_000  # bytes of weights from which on they lie in a file of their own; a graph ends at 2^31
_SMALLEST = 1024  # bytes of a weight that goes there
DATA = ".data"


def load(path: Path) -> ir.Model:
    """The graph; its weights stay on disk until they are asked for, where they lie in a file of their own."""
    return ir.load(path)


def save(model: ir.Model, path: Path, beside: int | None = None) -> list[Path]:
    """Writes the graph, tidied, and says which files it became. `beside` is BESIDE unless it is given."""
    tidy(model)
    weights = sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value)
    if weights <= (BESIDE if beside is None else beside):
        inside(model)
        ir.save(model, path)
        return [path]
    data = path.with_suffix(DATA)
    ir.save(model, path, external_data=data.name, size_threshold_bytes=_SMALLEST)
    return [path, data]


def inside(model: ir.Model) -> None:
    """Takes the weights of other files into the graph's own."""
    for value in model.graph.initializers.values():
        if isinstance(value.const_value, ir.ExternalTensor):
            held = value.const_value
            value.const_value = ir.Tensor(held.numpy().copy(), dtype=held.dtype, shape=held.shape, name=held.name)


def tidy(model: ir.Model) -> None:
    """Takes out names of source files, shapes of inner values, and operator sets that nothing uses."""
    if model.functions:
        common.InlinePass()(model)
    common.RemoveUnusedNodesPass()(model)
    common.RemoveUnusedOpsetsPass()(model)
    model.doc_string = model.graph.doc_string = model.domain = model.model_version = None
    model.producer_name, model.producer_version = "hitpoint", None
    model.graph.name = "hitpoint"
    model.metadata_props.clear()
    ends = {*model.graph.inputs, *model.graph.outputs}
    for graph in [model.graph, *model.graph.subgraphs()]:
        graph.metadata_props.clear()
        graph.doc_string = None
        for value in [*graph.inputs, *graph.initializers.values(), *(out for node in graph for out in node.outputs)]:
            value.metadata_props.clear()
            value.doc_string = None
            if value not in ends:
                value.shape = value.type = None
        for node in graph:
            node.metadata_props.clear()
            node.doc_string = None
