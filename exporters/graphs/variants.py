"""The smaller variants of a graph: half precision for GPUs, whole numbers for processors."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import onnx

from ...runtime.errors import HitpointError
from ...runtime.packs import providers
from . import graph_file
from .narrow import narrow

INTEGER = frozenset({"MatMulInteger", "DynamicQuantizeMatMul", "ConvInteger", "DynamicQuantizeLSTM"})
OPERATORS = ("MatMul",)  # and Gemm, which becomes one


def fp16(path: Path, target: Path) -> list[Path]:
    """Writes the graph with weights and products at 16 bits, inputs and outputs at 32; the files that it became."""
    model = graph_file.load(path)
    if not narrow(model):
        raise HitpointError(f"{path.name}: there is nothing in it that half precision would make faster")
    return graph_file.save(model, target)


def int8(path: Path, target: Path, operators: Collection[str] = OPERATORS) -> list[Path]:
    """Writes the graph with the weights of its products as whole numbers; the files that it became.

    How products are scaled is found anew at each run, over the whole batch: its rows change each other.
    """
    providers.runtime()  # says what to install
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(path)
    del model.graph.value_info[:]  # what torch wrote there, the quantiser contradicts
    prepared = model.metadata_props.add()
    prepared.key, prepared.value = "onnx.quant.pre_process", "onnxruntime.quant"
    raw = target.with_name(f"raw.{target.name}")
    made: list[Path] = [raw, raw.with_name(raw.name + graph_file.DATA)]
    try:
        quantize_dynamic(
            model,
            raw,
            op_types_to_quantize=list(operators),
            weight_type=QuantType.QInt8,
            use_external_data_format=path.with_suffix(graph_file.DATA).exists(),
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )
        quantised = graph_file.load(raw)
        if not any(node.op_type in INTEGER for node in quantised.graph.all_nodes()):
            raise HitpointError(f"{path.name}: there is nothing in it that whole numbers would make smaller")
        graph_file.inside(quantised)
        return graph_file.save(quantised, target)
    finally:
        for file in made:
            file.unlink(missing_ok=True)
