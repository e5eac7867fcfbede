"""Public weights as a pack: the transformer of `public`, the decoder of the folder's own Oobleck or of a codec's pack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from ... import __version__
from ...runtime.packs.pack import Pack, Provenance, Tensor
from ...runtime.progress import Progress, part, silent
from ..codec import oobleck, oobleck_folder
from ..graphs.part import Lengths, Part
from ..graphs.write import check_target, write_pack
from ..outside.licences import Said, settle
from .data import Scales
from .export import Source, about, named
from .export import export as with_codec
from .latents import Coding
from .parts import parts
from .public import HOP, RATE, Found, load

_SIZES = ({"batch": 1, "frames": 32}, {"batch": 2, "frames": 7})


def export(
    folder: Path,
    target: Path,
    *,
    said: Said | None = None,
    name: str | None = None,
    precisions: Sequence[str] = ("fp16",),
    averaged: bool = False,
    codec: Path | None = None,
    progress: Progress = silent,
) -> tuple[Source, Pack, Found, str]:
    """Writes the pack; also what was found, and where its licence is said. Raises HitpointError."""
    check_target(target)
    licence = settle(folder, said or Said())
    progress(0.0, "reading the weights")
    found = load(folder, averaged=averaged)
    config = found.model.config
    source = Source(
        found.model,
        Coding("", RATE, HOP, config.channels, "CLIP ViT-B/32" if found.kind == "Diff-V2M" else "", ()),
        Scales((0.0,) * config.channels, (1.0,) * config.channels, (0.0,), (1.0,), 0.5),
        licence.licence,
        Provenance(
            f"what their makers say: the weights are those of '{folder.resolve().name}', {found.file}, SHA-256 {found.sha256}",
            0, 0, f"hitpoint {__version__}",
        ),
        f"{found.kind}'s weights as a Diff-V2M, {config.policy}, {config.fusion} fusion",
        {"LICENSE.txt": licence.text} if licence.text else {},
    )  # fmt: skip
    if codec is not None:
        pack = with_codec(source, codec, target, name=name, precisions=precisions, progress=part(progress, 0.1, 1.0))
        return source, pack, found, licence.where
    model = oobleck_folder.load(folder).model
    made = [*parts(source.model), _decoder(model)]
    roles = [each.role for each in made]
    pack = write_pack(
        target,
        about(source, name or named(target), oobleck.reach(model.shape)),
        made,
        precisions={role: (*precisions,) if role != "decoder" else _for_sound(precisions) for role in roles},
        drop_fp32=[role for role in roles if "fp32" not in precisions and (role != "decoder" or "fp16" in precisions)],
        progress=part(progress, 0.1, 1.0),
    )
    return source, pack, found, licence.where


def _for_sound(precisions: Sequence[str]) -> tuple[str, ...]:
    """Whole numbers spoil a decoder of convolutions, and make it no smaller."""
    return tuple(name for name in precisions if name != "int8") or ("fp32",)


def _decoder(model: oobleck.Oobleck) -> Part:
    shape = model.shape

    def given(lengths: Lengths) -> dict[str, torch.Tensor]:
        chance = torch.Generator().manual_seed(4)
        return {"latents": torch.randn(lengths["batch"], shape.latent, lengths["frames"], generator=chance)}

    decode: nn.Module = oobleck.Decode(model)
    latents = Tensor("latents", "float32", ("batch", shape.latent, "frames"))
    audio = Tensor("audio", "float32", ("batch", shape.channels, f"{shape.hop}*frames"))
    return Part("decoder", decode.eval(), (latents,), (audio,), _SIZES, given=given)
