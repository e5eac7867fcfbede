"""The codec that a Diff-V2M works with: a codec's pack, or a run that is still training one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...runtime.errors import InputError
from ...runtime.packs.pack import GraphSpec, Pack
from ...runtime.packs.session import Sessions
from ...runtime.packs.store import opened
from ...runtime.rate import SAMPLE_RATE
from .latents import Coding, Encode, Floats

ENCODER, DECODER = "encoder", "decoder"
_PRECISE = ("fp32", "fp16", "int8")


@dataclass(frozen=True)
class Coder:
    """`coding` lacks the descriptor and what silence becomes."""

    coding: Coding
    encode: Encode


@contextmanager
def coder(place: Path) -> Iterator[Coder]:
    """Of a codec's pack, a folder or one file, or of a run's folder. Raises HitpointError."""
    if (place / "checkpoint").is_file():
        yield _of_run(place)
        return
    with opened(str(place)) as pack:
        yield _of_pack(pack)


def decoder(pack: Pack, precision: str | None = None) -> tuple[Pack, GraphSpec]:
    """A pack's decoder, to be carried into another one; in one precision, or in all."""
    graph = pack.graph(DECODER)
    if precision is None:
        return pack, graph
    if precision not in graph.variants:
        raise InputError(f"the pack {pack.name} has no decoder in {precision}: it has {', '.join(graph.variants)}")
    return pack, GraphSpec(graph.role, {precision: graph.variants[precision]})


def name_of(pack: Pack) -> str:
    """Which latents a pack makes: those of its encoder's finest weights."""
    graph = pack.graph(ENCODER)
    finest = next(graph.variants[name] for name in _PRECISE if name in graph.variants)
    return f"{pack.name} {finest.file.sha256[:16]}"


def _of_pack(pack: Pack) -> Coder:
    if pack.sample_rate is None or pack.hop is None:
        raise InputError(f"the pack {pack.name} is no codec: it states neither a sample rate nor a hop")
    variants = pack.graph(ENCODER).variants
    graph = Sessions("cpu", next(name for name in _PRECISE if name in variants)).open(pack, ENCODER, lean=True)
    into, out = next(iter(graph.inputs)), next(iter(graph.outputs))
    channels = graph.outputs[out].shape[1]
    if not isinstance(channels, int):
        raise InputError(f"the pack {pack.name} does not say how many channels its latents have")

    def encode(sound: Floats) -> Floats:
        return np.asarray(graph.run({into: sound[None]})[out][0], np.float32)

    return Coder(Coding(name_of(pack), pack.sample_rate, pack.hop, channels, "", ()), encode)


def _of_run(place: Path) -> Coder:
    import torch

    from ..codec.config import LATENT_HOP
    from ..codec.export import Spread, ToLatents
    from ..codec.train import CHECKPOINT, trained

    codec, said = trained(place)
    if "mean" not in said:
        raise InputError(f"{place}: this codec's run has not come to its end: train it on, or write its pack")
    make = ToLatents(codec, Spread(said["mean"], said["deviation"])).eval()
    digest = hashlib.sha256((place / CHECKPOINT).read_bytes()).hexdigest()[:16]

    @torch.no_grad()
    def encode(sound: Floats) -> Floats:
        return np.asarray(make(torch.from_numpy(np.ascontiguousarray(sound))[None])[0].numpy(), np.float32)

    return Coder(Coding(f"run {digest}", SAMPLE_RATE, LATENT_HOP, codec.size.latent, "", ()), encode)
