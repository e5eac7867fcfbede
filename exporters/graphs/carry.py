"""Graphs of one pack that become part of another as they are: a codec's decoder in a model's pack."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...runtime.errors import HitpointError
from ...runtime.packs.pack import GraphSpec, Pack


def carry(folder: Path, pack: Pack, carried: Sequence[tuple[Pack, GraphSpec]]) -> Pack:
    """`pack`, which lies in `folder`, with graphs of other packs, whose files are copied. Raises HitpointError where the
    pack has such a graph or file already.
    """
    graphs = dict(pack.graphs)
    for other, graph in carried:
        files = [file for variant in graph.variants.values() for file in (variant.file, *variant.data)]
        if graph.role in graphs or any((folder / file.name).exists() for file in files):
            raise HitpointError(f"the graph '{graph.role}' of the pack {other.name} is in the new one already")
        for file in files:
            shutil.copyfile(other.folder / file.name, folder / file.name)
        graphs[graph.role] = graph
    return replace(pack, graphs=graphs)
