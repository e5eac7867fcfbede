"""Steps of one graph with tensors that stay on the device between them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import EngineError
from . import providers
from .session import Graph, told


class Binding:
    """A graph's inputs and outputs in the device's memory.

    What was `put` stays there until it is put anew; an output that `carry` names is the next step's input without
    leaving the device; what `share` names is one buffer for both, which the graph must allow (a cache of keys and
    values). Of a graph that was opened as `fixed` every address stays what it is, as a CUDA graph demands.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._runtime = providers.runtime()
        self._place = "cuda" if graph.device == providers.CUDA else "cpu"
        self._values: dict[str, Any] = {}  # input -> OrtValue
        self._made: dict[str, Any] = {}  # output -> OrtValue
        self._carried: dict[str, str] = {}  # output -> input
        self._shared: dict[str, str] = {}
        self._binding: Any = None

    def put(self, name: str, value: NDArray[Any]) -> None:
        """An input, copied to the device; into the memory of the one before where the shape is the same."""
        self.graph.check(name, value, {})
        value = np.ascontiguousarray(value)
        old = self._values.get(name)
        with self._told():
            if old is not None and name not in self._carried.values() and list(old.shape()) == list(value.shape):
                old.update_inplace(value)
                return
            if self.graph.fixed and old is not None:
                raise EngineError(f"{self.graph}: the shape of '{name}' changed, which a fixed graph does not allow")
            self._values[name] = self._runtime.OrtValue.ortvalue_from_numpy(
                value.copy() if self._place == "cpu" else value, self._place, 0
            )
        self._binding = None

    def carry(self, output: str, as_input: str) -> None:
        """What comes out as `output` goes in as `as_input` at the next step."""
        if self.graph.fixed:
            raise EngineError(f"{self.graph}: a fixed graph shares buffers or is put anew, it carries nothing over")
        self._carried[self._output(output)] = self._input(as_input)

    def share(self, output: str, as_input: str) -> None:
        """One buffer is read as `as_input` and written as `output`."""
        self._shared[self._output(output)] = self._input(as_input)

    def step(self) -> None:
        """Runs the graph once."""
        if missing := [name for name in self.graph.inputs if name not in self._values]:
            raise EngineError(
                f"{self.graph} wants the inputs {', '.join(self.graph.inputs)}: '{missing[0]}' is missing"
            )
        self._lengths()
        with self._told():
            if self._binding is None or self._carried or not self.graph.fixed:
                self._bind()
            self._binding.synchronize_inputs()
            self.graph.session.run_with_iobinding(self._binding, self.graph.run_options)
            self._binding.synchronize_outputs()
            made = self._binding.get_outputs()
        self._made = dict(zip(self.graph.outputs, made, strict=True))
        for output, name in self._carried.items():
            self._values[name] = self._made[output]

    def get(self, output: str) -> NDArray[Any]:
        """What the last step gave, copied from the device."""
        if self._output(output) not in self._made:
            raise EngineError(f"{self.graph} has not run yet")
        return np.array(self._made[output].numpy())

    def _bind(self) -> None:
        self._binding = self.graph.session.io_binding()
        for name, value in self._values.items():
            self._binding.bind_ortvalue_input(name, value)
        for output in self.graph.outputs:
            if output in self._shared:
                self._binding.bind_ortvalue_output(output, self._values[self._shared[output]])
            elif self.graph.fixed:
                self._binding.bind_ortvalue_output(output, self._room(output))
            else:
                self._binding.bind_output(output, self._place, 0)

    def _room(self, output: str) -> Any:
        """Memory for an output whose shape follows from the inputs'."""
        said = self.graph.outputs[output]
        lengths = self._lengths()
        if unknown := [n for n in said.shape if isinstance(n, str) and n not in lengths]:
            raise EngineError(f"{self.graph}: how long '{unknown[0]}' of '{output}' is does not follow from the inputs")
        shape = [lengths[n] if isinstance(n, str) else n for n in said.shape]
        return self._runtime.OrtValue.ortvalue_from_shape_and_type(shape, np.dtype(said.dtype), self._place, 0)

    def _lengths(self) -> dict[str, int]:
        """How long each length is that may vary; raises EngineError where two inputs do not agree."""
        lengths: dict[str, int] = {}
        for name, value in self._values.items():
            for said, found in zip(self.graph.inputs[name].shape, value.shape(), strict=False):
                if isinstance(said, str) and lengths.setdefault(said, found) != found:
                    raise EngineError(f"{self.graph}: '{name}' has {found} of '{said}', another input {lengths[said]}")
        return lengths

    def _told(self) -> AbstractContextManager[None]:
        return told(self.graph.pack, self.graph.spec.role)

    def _input(self, name: str) -> str:
        if name not in self.graph.inputs:
            raise EngineError(f"{self.graph} has no input '{name}': it has {', '.join(self.graph.inputs)}")
        return name

    def _output(self, name: str) -> str:
        if name not in self.graph.outputs:
            raise EngineError(f"{self.graph} has no output '{name}': it has {', '.join(self.graph.outputs)}")
        return name
