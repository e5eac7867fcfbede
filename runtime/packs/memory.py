"""What is done where memory runs out: smaller pieces, then the processor, and a word about it."""

from __future__ import annotations

from typing import Protocol, TypeVar

from .providers import CPU
from .session import Graph, OutOfMemory, Sessions

T = TypeVar("T", covariant=True)


class InPieces(Protocol[T]):
    """Work that can be done in pieces of any size from `least` on, on any device, always with the same result."""

    def __call__(self, graph: Graph, piece: int) -> T: ...


def in_pieces(work: InPieces[T], sessions: Sessions, graph: Graph, piece: int, least: int = 1) -> T:
    """What `work` gives with pieces as large as memory allows, halved down to `least`, at last on the processor."""
    smaller = piece
    while True:
        try:
            done = work(graph, smaller)
        except OutOfMemory:
            if smaller > least:
                smaller = max(least, smaller // 2)
                continue
            if graph.device == CPU:
                raise
            graph, smaller = sessions.open_on_cpu(graph), piece
            sessions.warn(f"the memory of {sessions.device} was full: {graph} ran on the processor")
            continue
        if smaller < piece:
            sessions.warn(f"memory was full: {graph} ran in pieces of {smaller} instead of {piece}")
        return done
