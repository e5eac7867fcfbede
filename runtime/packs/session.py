"""Graphs, ready to run: on the best device there is, in the variant that suits it, with what came out otherwise said.

Set as it was measured: as many threads as cores, one graph at a time, waiting without spinning, since other programs
run beside an editor. The arena stays on: without it memory is not less. Optimised models are not kept: loading one is
no faster. In int8 a run is too short for a second thread to bring it anything: runs that come in pairs go side by side,
each with half of the threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import EngineError, HitpointError
from . import providers
from .pack import GraphSpec, Pack, Tensor, Variant

Arrays = Mapping[str, NDArray[Any]]

BEST = {"cpu": ("int8", "fp32", "fp16"), "gpu": ("fp16", "fp32", "int8")}
_FULL = (
    "failed to allocate", "out of memory", "bad allocation", "bad_alloc", "alloc_failed",
    "available memory", "cuda_error_out_of_memory", "cudaerrormemoryallocation",
)  # fmt: skip


class OutOfMemory(EngineError):
    """There was no room for what a graph had to hold at once."""


class Sessions:
    """Opens graphs. `warnings` says once each what came out otherwise than it was asked."""

    def __init__(self, device: str = providers.AUTO, variant: str | None = None, threads: int | None = None) -> None:
        self.warnings: list[str] = []
        self.variant = variant
        self.threads = threads or providers.threads()
        self.asked = device
        self.device, words = providers.choose(device)
        if words:
            self.warn(words)

    def warn(self, words: str) -> None:
        if words not in self.warnings:
            self.warnings.append(words)

    def open(self, pack: Pack, role: str, *, fixed: bool = False, lean: bool = False, pairs: bool = False) -> Graph:
        """One graph of a pack. `fixed` promises that its inputs never change their shape: a GPU then replays it, by
        way of a Binding alone. `lean` gives memory back after each run: for inputs of ever other lengths. `pairs` says
        that runs come in twos, which go side by side where the graph says `beside`.
        """
        graph = pack.graph(role)
        if self.device == providers.CPU:
            return self._open(pack, graph, providers.CPU, lean=lean, pairs=pairs)
        if fixed and self.device == providers.CUDA:
            try:
                return self._open(pack, graph, self.device, fixed=True, pairs=pairs)
            except OutOfMemory:
                pass
            except EngineError as error:
                self.warn(f"{error}; it runs step by step")
        try:
            return self._open(pack, graph, self.device, lean=lean, pairs=pairs)
        except OutOfMemory:
            self.warn(f"the memory of {self.device} is too small for {pack.name}: it runs on the processor")
        except EngineError as error:
            if self.asked != providers.AUTO:
                raise
            self.warn(f"{error}; it runs on the processor")
        return self._open(pack, graph, providers.CPU, lean=lean, pairs=pairs)

    def open_on_cpu(self, graph: Graph) -> Graph:
        """The same graph on the processor, in the variant that suits it."""
        return self._open(graph.pack, graph.spec, providers.CPU, lean=graph.lean, pairs=graph.pairs)

    def _open(
        self, pack: Pack, spec: GraphSpec, device: str, *, fixed: bool = False, lean: bool = False, pairs: bool = False
    ) -> Graph:
        variant = chosen(pack, spec, device, self.variant)
        beside = pairs and device == providers.CPU and variant.precision == "int8" and self.threads > 1
        onnxruntime = providers.runtime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = self.threads // 2 if beside else self.threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        chain = providers.chain(device, exact=variant.precision == "fp32", fixed=fixed)
        with told(pack, spec.role):
            session = onnxruntime.InferenceSession(
                str(pack.folder / variant.file.name),
                options,
                providers=chain,
                enable_fallback=0,
                read_config_from_model=0,
            )
        if providers.LISTED[device] not in session.get_providers():
            raise EngineError(f"{device} was asked for and does not run {pack.name}: {providers.REMEDY}")
        _check_ends(pack, spec.role, variant, session)
        return Graph(pack, spec, variant, device, session, fixed=fixed, lean=lean, pairs=pairs, beside=beside)


class Graph:
    """One graph of a pack: named arrays in, named arrays out. It may be run from two threads at once, and is meant to be
    where it says `beside`.
    """

    def __init__(
        self, pack: Pack, spec: GraphSpec, variant: Variant, device: str, session: Any, *, fixed: bool, lean: bool,
        pairs: bool, beside: bool,
    ) -> None:  # fmt: skip
        self.pack, self.spec, self.variant, self.device = pack, spec, variant, device
        self.session, self.fixed, self.lean = session, fixed, lean
        self.pairs, self.beside = pairs, beside
        self.run_options = providers.runtime().RunOptions()
        self.run_options.log_severity_level = 4
        if lean:
            arenas = "cpu:0;gpu:0" if device == providers.CUDA else "cpu:0"
            self.run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", arenas)
        self.inputs = {tensor.name: tensor for tensor in variant.inputs}
        self.outputs = {tensor.name: tensor for tensor in variant.outputs}

    def __str__(self) -> str:
        return f"the pack {self.pack.name}, graph '{self.spec.role}'"

    def run(self, inputs: Arrays, wanted: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
        """The outputs by name, all or those `wanted`. Raises EngineError where an input is not what pack.json says."""
        if self.fixed:
            raise EngineError(f"{self} is fixed: its inputs stay in their places, which a Binding sees to")
        lengths = self.lengths(inputs)
        names = list(self.outputs if wanted is None else wanted)
        if unknown := [name for name in names if name not in self.outputs]:
            raise EngineError(f"{self} has no output '{unknown[0]}': it has {', '.join(self.outputs)}")
        with told(self.pack, self.spec.role):
            feed = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
            found = self.session.run(names, feed, self.run_options)
        outputs = dict(zip(names, found, strict=True))
        for name, value in outputs.items():
            self._check("output", self.outputs[name], value, lengths)
        return outputs

    def lengths(self, inputs: Arrays) -> dict[str, int]:
        """How long each length is that may vary; every input is checked."""
        if wrong := sorted(self.inputs.keys() ^ inputs.keys()):
            raise EngineError(f"{self} wants the inputs {', '.join(self.inputs)}: '{wrong[0]}' is missing or too many")
        lengths: dict[str, int] = {}
        for name, value in inputs.items():
            self.check(name, value, lengths)
        return lengths

    def check(self, name: str, value: NDArray[Any], lengths: dict[str, int]) -> None:
        """One input; the lengths that it settles are added to `lengths`."""
        if name not in self.inputs:
            raise EngineError(f"{self} has no input '{name}': it has {', '.join(self.inputs)}")
        self._check("input", self.inputs[name], value, lengths)

    def _check(self, word: str, said: Tensor, value: NDArray[Any], lengths: dict[str, int]) -> None:
        fits = str(value.dtype) == said.dtype and value.ndim == len(said.shape)
        for length, wanted in zip(value.shape, said.shape, strict=False):
            settled = wanted if isinstance(wanted, int) else lengths.setdefault(wanted, length)
            fits = fits and settled == length
        if not fits:
            shape = ", ".join(f"{n}={lengths[n]}" if n in lengths else str(n) for n in said.shape)
            raise EngineError(
                f"{self}: the {word} '{said.name}' is {value.dtype} {tuple(value.shape)}, "
                f"{self.pack.name} says {said.dtype} ({shape})"
            )


def chosen(pack: Pack, spec: GraphSpec, device: str, wanted: str | None) -> Variant:
    """The variant that was wanted, or the one that suits the device."""
    if wanted is not None:
        if wanted not in spec.variants:
            raise EngineError(
                f"the pack {pack.name} has no {wanted} of its graph '{spec.role}': it has {', '.join(spec.variants)}"
            )
        return spec.variants[wanted]
    kind = "cpu" if device == providers.CPU else "gpu"
    order = (*([spec.prefer[kind]] if kind in spec.prefer else []), *BEST[kind])
    return next(spec.variants[name] for name in order if name in spec.variants)


@contextmanager
def told(pack: Pack, role: str) -> Iterator[None]:
    """Turns what ONNX Runtime raises into one line for a person. Its exceptions have no ancestor of their own."""
    try:
        yield
    except HitpointError:
        raise
    except Exception as error:
        name, text = f"the pack {pack.name}, graph '{role}'", " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, MemoryError) or any(words in text.lower() for words in _FULL):
            raise OutOfMemory(f"{name}: there is not enough memory ({text[:200]})") from None
        raise EngineError(f"{name} does not run: {text[:300]}") from None


def _check_ends(pack: Pack, role: str, variant: Variant, session: Any) -> None:
    """What goes in and comes out is what pack.json says, by the session's own word."""
    for word, said, found in (
        ("inputs", variant.inputs, session.get_inputs()),
        ("outputs", variant.outputs, session.get_outputs()),
    ):
        names = sorted(tensor.name for tensor in said)
        if names != sorted(end.name for end in found):
            raise EngineError(
                f"the pack {pack.name}, graph '{role}': its {word} are not {', '.join(names)}; get it anew from who made it"
            )
