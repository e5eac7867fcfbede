"""A graph in 16 bits where that is safe, in 32 where it is not; what goes in and comes out stays at 32.

Products and convolutions run narrow. What sums up squares, raises to powers or takes waves of large angles runs wide.
Everything else is as its inputs are: narrow as soon as one of them is.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common

from .attention import FAR

NARROW = frozenset({"MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "Attention", "MultiHeadAttention"})
WIDE = frozenset({
    "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Exp", "Log", "Pow", "Sqrt", "Reciprocal", "Softplus",
    "ReduceMean", "ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceProd", "CumSum",
    "Range", "Resize", "DFT", "STFT", "Cast", "CastLike", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike", "Multinomial", "NonMaxSuppression", "TopK", "Mod", "LSTM", "GRU", "RNN",
})  # fmt: skip
_MOST = float(np.finfo(np.float16).max)


def narrow(model: ir.Model) -> int:
    """Changes the graph in place; how many of its nodes run narrow."""
    common.ShapeInferencePass()(model)
    return _Narrowing(model).run()


class _Narrowing:
    def __init__(self, model: ir.Model) -> None:
        self._graph = model.graph
        self._narrow: dict[ir.Value, ir.Value] = {}  # of a value at 32 bits, the same at 16
        self._wide: dict[ir.Value, ir.Value] = {}  # and back
        self._held: set[ir.Value] = set()  # values that were computed at 16 bits

    def run(self) -> int:
        outputs = list(self._graph.outputs)
        count = 0
        for node in list(self._graph):
            if self._wants_narrow(node):
                self._make_narrow(node)
                count += 1
            else:
                self._inputs(node, self._as_wide)
        for output in outputs:
            if output in self._held:
                self._give_wide(output)
        for name, value in list(self._graph.initializers.items()):
            if not value.uses() and not value.is_graph_output():
                del self._graph.initializers[name]
        return count

    def _wants_narrow(self, node: ir.Node) -> bool:
        if any(
            attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)
            for attribute in node.attributes.values()
        ):
            return False
        if not any(self._is_float(value) for value in node.outputs):
            return False
        if node.op_type in NARROW:
            return not _squares(node)
        if node.op_type in WIDE or _squares(node):
            return False
        return any(value in self._held for value in node.inputs)

    def _make_narrow(self, node: ir.Node) -> None:
        self._inputs(node, self._as_narrow)
        for value in node.outputs:
            if self._is_float(value):
                value.dtype = ir.DataType.FLOAT16
                self._held.add(value)

    def _inputs(self, node: ir.Node, wanted: object) -> None:
        for number, value in enumerate(node.inputs):
            if value is None:
                continue
            other = self._as_narrow(value, node) if wanted == self._as_narrow else self._as_wide(value, node)
            if other is not value:
                node.replace_input_with(number, other)

    def _as_narrow(self, value: ir.Value, node: ir.Node) -> ir.Value:
        if value in self._held or not self._is_float(value):
            return value
        if value not in self._narrow:
            self._narrow[value] = _weight(self._graph, value) or self._cast(value, ir.DataType.FLOAT16, node)
        return self._narrow[value]

    def _as_wide(self, value: ir.Value, node: ir.Node) -> ir.Value:
        if value not in self._held:
            return value
        if value not in self._wide:
            self._wide[value] = self._cast(value, ir.DataType.FLOAT, node)
        return self._wide[value]

    def _cast(self, value: ir.Value, dtype: ir.DataType, before: ir.Node) -> ir.Value:
        name = f"{value.name}.{'narrow' if dtype == ir.DataType.FLOAT16 else 'wide'}"
        node = ir.node("Cast", [value], {"to": dtype.value}, name=f"cast.{name}")
        made = node.outputs[0]
        made.name, made.dtype, made.shape = name, dtype, value.shape
        self._graph.insert_before(before, node)
        return made

    def _give_wide(self, output: ir.Value) -> None:
        """The graph's output keeps its name and its 32 bits."""
        name = output.name
        output.name = f"{name}.narrow"
        node = ir.node("Cast", [output], {"to": ir.DataType.FLOAT.value}, name=f"cast.{name}")
        made = node.outputs[0]
        made.name, made.dtype, made.shape = name, ir.DataType.FLOAT, output.shape
        self._graph.append(node)
        for number, value in enumerate(self._graph.outputs):
            if value is output:
                self._graph.outputs[number] = made

    @staticmethod
    def _is_float(value: ir.Value | None) -> bool:
        if value is None:
            return False
        if value.dtype is not None:
            return value.dtype in (ir.DataType.FLOAT, ir.DataType.FLOAT16)
        producer = value.producer()  # an operator that inference does not know gives what it takes
        return producer is not None and bool(producer.inputs) and _Narrowing._is_float(producer.inputs[0])


def _squares(node: ir.Node) -> bool:
    """x times x leaves 16 bits from 256 on."""
    return node.op_type == "Mul" and node.inputs[0] is node.inputs[1]


def _weight(graph: ir.Graph, value: ir.Value) -> ir.Value | None:
    """A weight at 16 bits, or None where the value is none."""
    held = value.const_value
    if not value.is_initializer() or held is None:
        return None
    name = f"{value.name}.narrow"

    def converted() -> ir.TensorProtocol:
        numbers = held.numpy().astype(np.float32)
        # What masks may be the least number of 32 bits.
        safe = np.where(numbers < -_MOST, np.float32(FAR), np.minimum(numbers, _MOST))
        return ir.Tensor(safe.astype(np.float16), name=name)

    lazy = ir.LazyTensor(converted, dtype=ir.DataType.FLOAT16, shape=ir.Shape(held.shape.numpy()), name=name)
    made = ir.Value(name=name, type=ir.TensorType(ir.DataType.FLOAT16), shape=value.shape, const_value=lazy)
    graph.register_initializer(made)
    return made
