"""A pack as pack.json: the way back of what the runtime reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ...runtime.packs.pack import SCHEMA, File, GraphSpec, Pack, Tensor, Variant

_BLOCK = 1 << 20


def dumps(pack: Pack) -> str:
    """The text of pack.json; the same for the same pack."""
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "name": pack.name,
        "family": pack.family,
        "version": pack.version,
        "description": pack.description,
        "licence": dict(vars(pack.licence)),
        "provenance": dict(vars(pack.provenance)),
        "sample_rate": pack.sample_rate,
        "hop": pack.hop,
        "receptive_field": pack.receptive_field,
        "graphs": {role: _graph(graph) for role, graph in pack.graphs.items()},
        "vision": dict(vars(pack.vision)) if pack.vision else None,
        "sampler": dict(pack.sampler),
        "settings": dict(pack.settings),
        "sizes": dict(pack.sizes),
        "texts": [_file(file) for file in pack.texts],
    }
    empty: tuple[Any, ...] = (None, {}, [])
    return (
        json.dumps({key: value for key, value in said.items() if value not in empty}, indent=1, allow_nan=False) + "\n"
    )


def file(path: Path) -> File:
    """A file of a pack, with its hash."""
    hashed = hashlib.sha256()
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK):
            hashed.update(block)
    return File(path.name, hashed.hexdigest(), path.stat().st_size)


def _graph(graph: GraphSpec) -> dict[str, Any]:
    first = next(iter(graph.variants.values()))
    said: dict[str, Any] = {
        "inputs": [_tensor(tensor) for tensor in first.inputs],
        "outputs": [_tensor(tensor) for tensor in first.outputs],
        "variants": {name: _variant(variant) for name, variant in graph.variants.items()},
    }
    return {**said, **({"prefer": dict(graph.prefer)} if graph.prefer else {})}


def _variant(variant: Variant) -> dict[str, Any]:
    said: dict[str, Any] = _file(variant.file)
    if variant.data:
        said["data"] = [_file(file) for file in variant.data]
    if variant.difference:
        said["difference"] = dict(vars(variant.difference))
    return said


def _file(file: File) -> dict[str, Any]:
    return {"file": file.name, "sha256": file.sha256, "bytes": file.bytes}


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)}
