"""A graph held against torch: the same inputs through both, at every set of lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...runtime.errors import HitpointError
from ...runtime.packs import providers
from .part import Part, all_sizes, check

Arrays = dict[str, NDArray[Any]]


class Apart(HitpointError):
    """A graph does not compute what the module computes."""


@dataclass(frozen=True)
class Parity:
    """How far a graph is from torch, at its worst: the largest difference, of which output, at which lengths."""

    worst: float
    output: str
    sizes: Mapping[str, int]
    checked: int

    def __str__(self) -> str:
        at = ", ".join(f"{name}={length}" for name, length in self.sizes.items())
        return f"{self.worst:.2g} at '{self.output}'" + (f" with {at}" if at else "")


@dataclass(frozen=True)
class Run:
    """What went into the graph at some lengths, and what came out in fp32."""

    sizes: Mapping[str, int]
    inputs: Arrays
    outputs: Arrays


def hold(part: Part, path: Path) -> tuple[Parity, list[Run]]:
    """Runs the graph beside the module. Raises Apart where they differ by more than the part tolerates."""
    session = opened(path)
    worst, runs = Parity(0.0, "", {}, 0), []
    for sizes in all_sizes(part):
        given = part.inputs_for(sizes)
        right = called(part, given)
        inputs = {tensor.name: value.numpy() for tensor, value in zip(part.inputs, given, strict=True)}
        found = _played(part, session, inputs, sizes)
        for tensor in part.outputs:
            words = f"the graph '{part.role}': torch's output"
            known = dict(sizes)
            check(words, tensor, right[tensor.name], known)
            check(f"the graph '{part.role}': its output", tensor, found[tensor.name], known)
            off = _apart(found[tensor.name], right[tensor.name].numpy())
            if not off <= worst.worst or not worst.checked:
                worst = Parity(off, tensor.name, sizes, worst.checked)
        worst = Parity(worst.worst, worst.output, worst.sizes, worst.checked + 1)
        runs.append(Run(sizes, inputs, found))
    if not worst.worst <= part.tolerance:
        raise Apart(
            f"the graph '{part.role}' is not what torch computes: it differs by {worst}, and {part.tolerance:g} is "
            "tolerated; nothing was written"
        )
    return worst, runs


def called(part: Part, given: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
    """What the module gives, by name."""
    with torch.no_grad():
        found = part.module(*given)
    several = found if isinstance(found, tuple | list) else (found,)
    if len(several) != len(part.outputs) or not all(isinstance(value, torch.Tensor) for value in several):
        raise HitpointError(
            f"the graph '{part.role}': its module gives {len(several)} outputs, not {len(part.outputs)}"
        )
    return {tensor.name: value.detach() for tensor, value in zip(part.outputs, several, strict=True)}


def opened(path: Path) -> Any:
    """A session on the processor, where every figure of a pack is measured."""
    onnxruntime = providers.runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's have no other ancestor
        raise Apart(f"ONNX Runtime does not take {path.name}: {' '.join(str(error).split())[:300]}") from None


def _played(part: Part, session: Any, inputs: Arrays, sizes: Mapping[str, int]) -> Arrays:
    names = [tensor.name for tensor in part.outputs]
    try:
        return dict(zip(names, session.run(names, inputs), strict=True))
    except Exception as error:
        at = ", ".join(f"{name}={length}" for name, length in sizes.items())
        words = " ".join(str(error).split())[:300]
        raise Apart(f"the graph '{part.role}' does not run with {at or 'its only lengths'}: {words}") from None


def _apart(found: NDArray[Any], right: NDArray[Any]) -> float:
    """The largest difference; infinite where one is a number and the other is not."""
    if not right.size:
        return 0.0
    same = (found == right) | (np.isnan(found) & np.isnan(right)) if found.dtype.kind == "f" else found == right
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.where(same, 0.0, np.abs(found.astype(np.float64) - right.astype(np.float64)))
    return float(np.nan_to_num(off, nan=np.inf).max())
