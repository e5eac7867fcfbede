"""What a pack says of itself: plain data, as `pack.json` holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import EngineError

SCHEMA = "hitpoint.pack/1"
MANIFEST = "pack.json"
PRECISIONS = ("fp32", "fp16", "int8")
DTYPES = (
    "float32", "float16", "float64", "bool",
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip


class Refused(EngineError):
    """Why a pack is not opened; who opens it says which one that is."""


@dataclass(frozen=True)
class Licence:
    """`id` is SPDX's, or LicenseRef-...; `commercial` says whether what it makes may be sold."""

    id: str
    name: str
    url: str
    commercial: bool

    def __str__(self) -> str:
        return self.id if self.commercial else f"{self.id}, not for commercial use"


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from. `steps` is 0 where nothing was trained here."""

    trained_on: str
    steps: int
    seed: int
    code: str


@dataclass(frozen=True)
class File:
    """A file beside pack.json, by its plain name."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Tensor:
    """What goes into a graph or comes out. A length that may vary has a name, the same wherever it is the same."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype} ({', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Difference:
    """How far a variant is from fp32: `value` of what `measure` names."""

    value: float
    measure: str


@dataclass(frozen=True)
class Variant:
    """One graph in one precision. `data` are the files that its weights lie in, where those are apart."""

    precision: str
    file: File
    data: tuple[File, ...]
    difference: Difference | None
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True)
class GraphSpec:
    """One part of a model, in one or more precisions. `prefer` names the best variant on a "cpu" or a "gpu"."""

    role: str
    variants: Mapping[str, Variant]
    prefer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VisionNeeds:
    """What a pack wants to be told of the picture: `width` numbers a vector, `parts` vectors a picture or None for one."""

    descriptor: str
    width: int
    parts: int | None
    rate: float


@dataclass(frozen=True)
class Pack:
    """One model. `hop` is in samples a latent frame, `receptive_field` in latent frames to either side.

    `sizes` are usual lengths of the shapes' names, `settings` what the family of packs defines for itself.
    """

    folder: Path
    name: str
    family: str
    version: str
    description: str
    licence: Licence
    provenance: Provenance
    sample_rate: int | None
    hop: int | None
    receptive_field: int | None
    graphs: Mapping[str, GraphSpec]
    vision: VisionNeeds | None
    sampler: Mapping[str, Any]
    settings: Mapping[str, Any]
    sizes: Mapping[str, int]
    texts: tuple[File, ...]

    def files(self) -> Iterator[File]:
        """Every file but pack.json, each once."""
        seen = set()
        for file in (*self._graph_files(), *self.texts):
            if file.name not in seen:
                seen.add(file.name)
                yield file

    def _graph_files(self) -> Iterator[File]:
        for graph in self.graphs.values():
            for variant in graph.variants.values():
                yield variant.file
                yield from variant.data

    def bytes(self) -> int:
        return sum(file.bytes for file in self.files())

    def graph(self, role: str) -> GraphSpec:
        if role not in self.graphs:
            raise EngineError(f"the pack {self.name} has no graph '{role}': it has {', '.join(self.graphs)}")
        return self.graphs[role]

    def allow(self, commercial: bool) -> None:
        """Raises EngineError where the licence forbids what is meant to be done."""
        if commercial and not self.licence.commercial:
            raise EngineError(
                f"the pack {self.name} may not be used commercially: its licence is {self.licence.name} "
                f"({self.licence.url}); choose another pack, or leave --commercial out"
            )
