"""A module becomes a graph: with lengths that vary, without anything that only training needs, equal to torch."""

from __future__ import annotations

import contextlib
import copy
import inspect
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from torch import nn
from torch.nn.utils import parametrize

from ...runtime.errors import HitpointError
from ...runtime.packs import onnx_file
from ...runtime.packs.pack import Refused, Tensor
from . import graph_file
from .attention import AdditiveMasks
from .parity import Parity, Run, hold
from .part import Part

OPSET = 20
_PREFIX = "hitpoint."  # no inner value of a graph is called so


def export(part: Part, path: Path, opset: int = OPSET) -> Parity:
    """Writes the graph of a part, and its weights beside it where they are large; how far it is from torch at worst.

    Raises HitpointError, and leaves no file, where it cannot be exported or differs from torch by more than tolerated.
    """
    return exported(part, path, opset)[0]


def exported(part: Part, path: Path, opset: int = OPSET) -> tuple[Parity, list[Run]]:
    """The same, with what went through the graph at each set of lengths."""
    if part.module.training:
        raise HitpointError(f"the graph '{part.role}': its module is in training mode: module.eval() comes first")
    module = without_weight_norm(part.module)
    model = _traced(part, module, opset)
    _name_ends(part, model)
    files = graph_file.save(model, path)
    try:
        _check_operators(path)
        return hold(part, path)
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise


def without_weight_norm(module: nn.Module) -> nn.Module:
    """The module itself, or a copy with plain weights in the place of normed ones. They give the same."""
    normed = [inner for inner in module.modules() if _hooks(inner) or _parametrized(inner)]
    if not normed:
        return module
    for inner in normed:
        for name in _hooks(inner):
            with torch.no_grad():
                setattr(inner, name, getattr(inner, name).detach())  # only leaves can be copied
    plain = copy.deepcopy(module)
    with torch.enable_grad():  # without it what is left is no parameter
        for inner in plain.modules():
            for name in _hooks(inner):
                nn.utils.remove_weight_norm(inner, name)
            if names := _parametrized(inner):
                _own_class(inner)
                for name in names:
                    parametrize.remove_parametrizations(inner, name)
    return plain.eval()


def _hooks(module: nn.Module) -> list[str]:
    """What the older weight norm of torch norms in this module."""
    hooks = module._forward_pre_hooks.values()
    return [str(hook.name) for hook in hooks if type(hook).__name__ == "WeightNorm" and hasattr(hook, "name")]


def _parametrized(module: nn.Module) -> list[str]:
    listed = getattr(module, "parametrizations", None)
    return list(listed) if isinstance(listed, nn.ModuleDict) else []


def _own_class(module: nn.Module) -> None:
    """A parametrized module keeps its weight as a property of its class, and a copy shares the class."""
    shared = type(module)
    inside = {name: value for name, value in vars(shared).items() if name not in ("__dict__", "__weakref__")}
    module.__class__ = type(shared.__name__, shared.__bases__, inside)


def _traced(part: Part, module: nn.Module, opset: int) -> ir.Model:
    given = part.inputs_for(_example(part))
    try:
        with _silence(), torch.no_grad(), AdditiveMasks():
            program = torch.onnx.export(
                module,
                given,
                dynamo=True,
                opset_version=opset,
                input_names=[_PREFIX + tensor.name for tensor in part.inputs],
                output_names=[_PREFIX + tensor.name for tensor in part.outputs],
                dynamic_shapes=_as_called(module, _dynamic(part)),
                verbose=False,
                external_data=False,
            )
    except HitpointError:
        raise
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise HitpointError(f"the graph '{part.role}' cannot be exported: {_reason(error)}") from error
    if program is None:
        raise HitpointError(f"the graph '{part.role}' cannot be exported: torch gave no graph")
    return program.model


def _example(part: Part) -> dict[str, int]:
    """Lengths to trace with: the usual ones, where none is 1, which a tracer takes for a length that never varies."""
    free, usual = part.free(), part.lengths(part.sizes[0] if part.sizes else {})
    return {name: max(usual[name], part.least.get(name, 1), 2) for name in free}


def _dynamic(part: Part) -> tuple[dict[int, Any], ...]:
    """For each input: which of its lengths vary, and how."""
    dims: dict[str, Any] = {}
    for name in part.free():
        dims[name] = torch.export.Dim(name, min=part.least.get(name, 1), max=part.most.get(name))
    for name in part.names():
        if at := part.relation(name):
            times, other, more = at
            made = times * dims[other] if times != 1 else dims[other]
            dims[name] = made + more if more else made
    return tuple(
        {axis: dims[name] for axis, name in enumerate(tensor.shape) if isinstance(name, str)} for tensor in part.inputs
    )


def _as_called(module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """What is said of each input, laid out as the module's signature: a `*given` takes the rest as one."""
    kinds = [parameter.kind for parameter in inspect.signature(module.forward).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        return given
    named = kinds.index(inspect.Parameter.VAR_POSITIONAL)
    return (*given[:named], given[named:])


def _name_ends(part: Part, model: ir.Model) -> None:
    """Gives inputs and outputs the part's names and shapes. Raises where a length that varies became a number."""
    graph = model.graph
    values = {value.name: value for value in graph.inputs}
    inputs = [_input(values.get(_PREFIX + tensor.name), tensor) for tensor in part.inputs]
    if len(graph.outputs) != len(part.outputs):
        raise HitpointError(f"the graph '{part.role}' has {len(graph.outputs)} outputs, not {len(part.outputs)}")
    outputs = list(graph.outputs)
    wanted = {tensor.name for tensor in (*part.inputs, *part.outputs)}
    if len(wanted) < len(part.inputs) + len(part.outputs):
        raise HitpointError(f"the graph '{part.role}': an input and an output have one name")
    for inner in [*graph.initializers.values(), *(out for node in graph.all_nodes() for out in node.outputs)]:
        if inner.name in wanted:
            inner.name = f"{inner.name}.inner"
    graph.inputs[:] = inputs
    for word, said, found in (("input", part.inputs, inputs), ("output", part.outputs, outputs)):
        for tensor, value in zip(said, found, strict=True):
            _check_end(part.role, word, tensor, value)
            value.name = tensor.name
            value.shape = ir.Shape(tensor.shape)


def _input(value: ir.Value | None, said: Tensor) -> ir.Value:
    """An input that the module does not use may be missing in its graph; who calls it need not know."""
    if value is not None:
        return value
    kind = ir.TensorType(_dtype(said))
    return ir.Value(name=said.name, type=kind, shape=ir.Shape(said.shape))


def _check_end(role: str, word: str, said: Tensor, value: ir.Value) -> None:
    shape = value.shape
    if value.dtype is None or shape is None:
        return
    where = f"the graph '{role}': the {word} '{said.name}'"
    if value.dtype != _dtype(said):
        raise HitpointError(f"{where} came out as {value.dtype.name.lower()}, and {said.dtype} was said")
    if len(shape) != len(said.shape):
        raise HitpointError(f"{where} came out with {len(shape)} dimensions, and {len(said.shape)} were said")
    for axis, (found, wanted) in enumerate(zip(shape, said.shape, strict=True)):
        if isinstance(found, int) and found != wanted:
            if isinstance(wanted, str):
                raise HitpointError(
                    f"{where} is always {found} long on axis {axis}: '{wanted}' was baked into the graph"
                )
            raise HitpointError(f"{where} is {found} long on axis {axis}, and {wanted} was said")


def _dtype(said: Tensor) -> ir.DataType:
    return ir.DataType.from_numpy(np.dtype(said.dtype))


def _check_operators(path: Path) -> None:
    """That the runtime would open it."""
    try:
        onnx_file.check(onnx_file.read(path), path.name)
    except Refused as error:
        raise HitpointError(f"{error}: the runtime would refuse it") from None


def _reason(error: BaseException) -> str:
    """The line of torch's long explanations that says something."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip(" -\t") for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in ("pecializ", "onstant", "guard", "dim"))]
    return " ".join((telling or lines or [type(error).__name__])[0].split())[:300]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """What torch says about itself while it exports concerns nobody."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "torch._dynamo", "onnxscript")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
