"""Stable Audio Open's own codec as a pack, with the means of its latents and as they are: models were trained on these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ... import __version__
from ...runtime.packs.pack import Pack, Provenance
from ...runtime.progress import Progress, part, silent
from ..graphs.write import About, check_target, write_pack
from ..outside.licences import Found, Said, settle
from . import oobleck, oobleck_folder
from .export import halves, judge, named, unheard

PRECISIONS = ("fp32", "fp16")  # nearly all of it is convolutions, which int8 does not make smaller here
PIECE = 32  # latent frames in one run: 128 channels at the rate of sound take much memory


def export(
    folder: Path,
    target: Path,
    *,
    said: Said | None = None,
    name: str | None = None,
    precisions: Sequence[str] | None = None,
    progress: Progress = silent,
) -> tuple[Pack, Found]:
    """Writes the pack; also the licence as it was found. Raises HitpointError."""
    check_target(target)
    licence = settle(folder, said or Said())
    progress(0.0, "reading the weights")
    found = oobleck_folder.load(folder)
    shape = found.model.shape
    wanted = tuple(precisions or PRECISIONS)
    parts = halves(
        oobleck.Decode(found.model), oobleck.Encode(found.model), shape.latent, shape.hop, unheard(), sizes=SIZES
    )
    about = About(
        name=name or named(target),
        family="codec",
        version="1.0.0",
        description=(
            f"The codec of Stable Audio Open (Oobleck): stereo sound at {shape.rate} Hz to {shape.latent} numbers "
            f"{shape.rate / shape.hop:.1f} times a second, and back"
        ),
        licence=licence.licence,
        provenance=Provenance(
            f"what their makers say: the weights are those of '{folder.resolve().name}', {found.file}, "
            f"SHA-256 {found.sha256}",
            0,
            0,
            f"hitpoint {__version__}",
        ),
        sample_rate=shape.rate,
        hop=shape.hop,
        receptive_field=oobleck.reach(shape),
        settings={"latent": shape.latent, "piece": PIECE},
        texts={"LICENSE.txt": licence.text} if licence.text else {},
    )
    roles = [one.role for one in parts]
    pack = write_pack(
        target,
        about,
        parts,
        precisions=dict.fromkeys(roles, wanted),
        judge=judge(parts[0].module),
        drop_fp32=() if "fp32" in wanted else roles,
        progress=part(progress, 0.1, 1.0),
    )
    return pack, licence


SIZES = ({"batch": 1, "frames": 16}, {"batch": 2, "frames": 1}, {"batch": 1, "frames": 7})
