"""The graphs of a pack at work: what a window is told becomes conditions, and a step of the diffusion is asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError
from ...packs import providers
from ...packs.binding import Binding
from ...packs.codec.codec import Codec
from ...packs.diffusion.guidance import Asked, Conditions
from ...packs.diffusion.prediction import Latents
from ...packs.pack import Pack
from ...packs.session import Graph, Sessions
from .conditions import Arrays, checked, fed
from .settings import CONDITION, DECODER, PREDICTOR, STEP, Settings

X, TIME = "x", "time"
BOUND = 2 * 2**30  # bytes of conditions that stay on a GPU


class Model:
    """The graphs of one pack, open on one device."""

    def __init__(self, pack: Pack, settings: Settings, device: str, variant: str | None) -> None:
        self.pack, self.settings = pack, settings
        if variant and not any(variant in graph.variants for graph in pack.graphs.values()):
            listed = ", ".join(pack.graph(STEP).variants)
            raise EngineError(f"the pack {pack.name} has no variant {variant}: it has {listed}")
        self._sessions = {
            role: Sessions(device, variant if variant in graph.variants else None)
            for role, graph in pack.graphs.items()
        }
        self.step = self.sessions.open(pack, STEP, pairs=True)  # with what is asked, and with nothing
        self._condition = self._open(CONDITION)
        self._predictor = self._open(PREDICTOR) if PREDICTOR in pack.graphs else None
        self.codec = Codec(pack, self._sessions[DECODER])
        self._check()

    @property
    def predicts(self) -> bool:
        return self._predictor is not None

    @property
    def sessions(self) -> Sessions:
        """Those of the steps."""
        return self._sessions[STEP]

    @property
    def warnings(self) -> list[str]:
        return list(dict.fromkeys(words for each in self._sessions.values() for words in each.warnings))

    def asked(self, known: Arrays) -> Asked:
        """Conditions for the steps, and those that ask for nothing."""
        checked(self._condition.inputs, known, str(self._condition))
        given = self._condition.run(fed(self._condition.inputs, known))
        null = {name: np.zeros_like(array) if name in self.settings.null else array for name, array in given.items()}
        return Asked(given, null)

    def predict(self, known: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """(batch, steps, rows)"""
        graph = self._predictor
        assert graph is not None
        checked(graph.inputs, dict(known), str(graph))
        found = next(iter(graph.run(fed(graph.inputs, dict(known))).values()))
        if found.ndim != 3 or found.shape[2] != self.settings.rows or not np.isfinite(found).all():
            raise EngineError(f"{graph} answered with no rhythm")
        return np.asarray(found, np.float32)

    def _open(self, role: str) -> Graph:
        return self._sessions[role].open(self.pack, role)

    def _check(self) -> None:
        """The graphs fit together."""
        wanted, given = self.step.inputs.keys() - {X, TIME}, set(self._condition.outputs)
        if not {X, TIME} <= self.step.inputs.keys() or wanted != given or len(self.step.outputs) != 1:
            raise EngineError(
                f"the pack {self.pack.name} is not whole: its graph '{STEP}' wants {', '.join(sorted(self.step.inputs))}, "
                f"and '{CONDITION}' gives {', '.join(sorted(given))}"
            )
        if unknown := sorted(set(self.settings.null) - given):
            raise EngineError(f"the pack {self.pack.name} is not whole: its setting 'null' names '{unknown[0]}'")
        channels = self.step.inputs[X].shape[1]
        if not channels == self.codec.channels == self.settings.channels:
            raise EngineError(
                f"the pack {self.pack.name} is not whole: its steps have {channels} channels, its latents "
                f"{self.settings.channels} and its decoder {self.codec.channels}"
            )


class Steps:
    """One step of the diffusion, as the loop asks for it. On a GPU conditions stay there from step to step."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._answer = next(iter(graph.outputs))
        self._type = np.dtype(graph.inputs[X].dtype)
        self._bound: OrderedDict[int, tuple[Conditions, Binding, int]] = OrderedDict()

    def __call__(self, x: Latents, time: float, conditions: Conditions) -> Latents:
        """x (batch, channels, frames)"""
        now = {X: x.astype(self._type), TIME: np.full(len(x), time, self._graph.inputs[TIME].dtype)}
        if self._graph.device == providers.CPU:
            return np.asarray(self._graph.run({**now, **conditions})[self._answer], np.float32)
        binding = self._binding(conditions)
        for name, value in now.items():
            binding.put(name, value)
        binding.step()
        return np.asarray(binding.get(self._answer), np.float32)

    def _binding(self, conditions: Conditions) -> Binding:
        """The same question is put at every step: what it says is known by then."""
        key = id(conditions)
        if key not in self._bound:
            binding = Binding(self._graph)
            for name, value in conditions.items():
                binding.put(name, value)
            size = sum(value.nbytes for value in conditions.values())
            self._bound[key] = (conditions, binding, size)
            while len(self._bound) > 1 and sum(held for _, _, held in self._bound.values()) > BOUND:
                self._bound.popitem(last=False)
        self._bound.move_to_end(key)
        return self._bound[key][1]
