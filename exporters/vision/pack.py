"""A CLIP's image tower, written as the pack that looks at pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch.nn import functional

from ... import __version__
from ...runtime.packs.pack import PRECISIONS, Pack, Provenance, Tensor
from ...runtime.picture.vision_pack import FAMILY, ROLE
from ...runtime.progress import Progress, part, silent
from ..graphs.part import Part
from ..graphs.write import About, write_pack
from ..outside.licences import Found
from .clip import Clip, Preparation, load

VERSION = "1.0.0"
BATCHES = (1, 3, 8)
_COARSE = 7  # light and dark patches a side of a made-up picture


def export(
    folder: Path,
    target: Path,
    found: Found,
    *,
    name: str | None = None,
    precisions: Sequence[str] = PRECISIONS,
    progress: Progress = silent,
) -> tuple[Pack, Clip]:
    """Writes the pack under the licence that was found; also the tower. Raises HitpointError."""
    progress(0.0, "reading the weights")
    clip = load(folder)
    pack = write_pack(
        target,
        about(clip, found, name or named(target), folder.resolve().name),
        [tower_part(clip)],
        precisions={ROLE: precisions},
        drop_fp32=() if "fp32" in precisions else (ROLE,),
        progress=part(progress, 0.1, 1.0),
    )
    return pack, clip


def about(clip: Clip, found: Found, name: str, source: str) -> About:
    shape, preparation = clip.shape, clip.preparation
    return About(
        name=name,
        family=FAMILY,
        version=VERSION,
        description=(
            f"A CLIP's image tower: {shape.num_hidden_layers} layers of {shape.hidden_size}, "
            f"patches of {shape.patch_size} in {shape.image_size} pixels; a picture becomes {shape.projection_dim} numbers."
        ),
        licence=found.licence,
        provenance=Provenance(
            trained_on=(
                f"what their makers say: the weights are those of '{source}', {clip.file}, SHA-256 {clip.sha256}"
            ),
            steps=0,
            seed=0,
            code=f"hitpoint {__version__}",
        ),
        settings={
            "size": preparation.size,
            "fit": preparation.fit,
            "mean": list(preparation.mean),
            "std": list(preparation.std),
        },
        texts={"LICENSE.txt": found.text} if found.text else {},
    )


def tower_part(clip: Clip) -> Part:
    shape = clip.shape
    return Part(
        role=ROLE,
        module=clip.tower,
        inputs=(Tensor("pixels", "float32", ("batch", 3, shape.image_size, shape.image_size)),),
        outputs=(
            Tensor("embedding", "float32", ("batch", shape.projection_dim)),
            Tensor("tokens", "float32", ("batch", shape.tokens, shape.hidden_size)),
        ),
        sizes=tuple({"batch": batch} for batch in BATCHES),
        given=lambda sizes: {"pixels": pictures(sizes["batch"], clip.preparation)},
    )


def pictures(count: int, preparation: Preparation) -> torch.Tensor:
    """(count, 3, size, size): made-up pictures as the tower sees real ones, soft shapes with a little grain."""
    chance = torch.Generator().manual_seed(1)
    size = preparation.size
    coarse = torch.rand((count, 3, _COARSE, _COARSE), generator=chance)
    grain = torch.rand((count, 3, size, size), generator=chance)
    smooth = functional.interpolate(coarse, (size, size), mode="bilinear", align_corners=False)
    whole = torch.round((0.9 * smooth + 0.1 * grain) * 255) / 255
    mean, std = torch.tensor(preparation.mean), torch.tensor(preparation.std)
    return (whole - mean[:, None, None]) / std[:, None, None]


def named(target: Path) -> str:
    """The name of a pack after the place where it will lie."""
    return re.sub(r"[^a-z0-9]+", "-", target.stem.lower()).strip("-")[:64] or "vision"


def differences(pack: Pack) -> Mapping[str, str]:
    """How far each variant is from fp32, in words."""
    variants = pack.graph(ROLE).variants
    return {
        name: f"{variant.difference.value:.2g} ({variant.difference.measure})" if variant.difference else "the measure"
        for name, variant in variants.items()
    }
