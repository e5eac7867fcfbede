"""A trained Diff-V2M as a pack, with the decoder of the codec that it was trained on."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import __version__
from ...runtime.errors import UsageError
from ...runtime.packs.pack import Licence, Pack, Provenance
from ...runtime.packs.store import opened
from ...runtime.picture.descriptor import OwnVision
from ...runtime.progress import Progress, silent
from ..graphs.write import About, check_target, write_pack
from .coder import decoder, name_of
from .config import Config
from .data import Scales
from .latents import Coding
from .model import DiffV2M
from .parts import null_of, parts
from .train import trained

FAMILY, VERSION = "diffv2m", "1.0.0"
APACHE = Licence("Apache-2.0", "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0", commercial=True)
RELEASED = {"schedule": "cosine", "predicts": "v", "method": "ddim", "spacing": "time", "steps": 250, "guidance": 3.0}
QUICK = {"schedule": "cosine", "predicts": "v", "method": "unipc", "spacing": "level", "steps": 20, "guidance": 2.0}
HEARD = "synthetic edits with the composer's music, as `hitpoint corpus build` makes them,"
_OVERLAP = 4  # a window shares one part in so many with the next


@dataclass(frozen=True)
class Source:
    """A model and what it goes with, wherever it comes from."""

    model: DiffV2M
    coding: Coding
    scales: Scales
    licence: Licence
    provenance: Provenance
    description: str
    texts: dict[str, str]


def export(
    source: Source,
    codec: Path,
    target: Path,
    *,
    name: str | None = None,
    precisions: Sequence[str] = ("int8",),
    decoder_precision: str | None = None,
    progress: Progress = silent,
) -> Pack:
    """Writes the pack. `codec` is the codec's pack. Raises HitpointError."""
    check_target(target)
    with opened(str(codec)) as other:
        coding = source.coding
        if (other.sample_rate, other.hop) != (coding.sample_rate, coding.hop):
            raise UsageError(f"the pack {other.name} is of another rate than the codec that the model was trained with")
        made = parts(source.model.eval())
        roles = [part.role for part in made]
        return write_pack(
            target,
            about(source, name or named(target), other.receptive_field or 0),
            made,
            precisions=dict.fromkeys(roles, tuple(precisions)),
            drop_fp32=() if "fp32" in precisions else roles,
            carried=[decoder(other, decoder_precision)],
            progress=progress,
        )


def warnings(source: Source, codec: Path) -> list[str]:
    """What a person should know before using a pack with that codec."""
    with opened(str(codec)) as other:
        if source.coding.codec not in ("", name_of(other)):
            return [f"the model was trained on latents of '{source.coding.codec}', and the codec is '{name_of(other)}'"]
    return []


def of_run(folder: Path) -> Source:
    """The averaged weights of a run; of the released kind those that were trained last, as released."""
    run = trained(folder)
    config = run.config
    model = run.average if config.fixed else run.model
    return Source(
        model.eval().requires_grad_(False),
        run.coding,
        run.scales,
        APACHE,
        Provenance(
            f"{run.heard or HEARD} for {run.seconds / 3600:.1f} h", run.step, run.seed, f"hitpoint {__version__}"
        ),
        f"Diff-V2M, {config.name} size, {config.policy}, {config.fusion} fusion, {config.rhythm}: a proof of the whole chain on "
        "synthetic music, no rival of models that heard thousands of hours",
        {},
    )  # fmt: skip


def named(target: Path) -> str:
    """A pack's name after its place."""
    return re.sub(r"[^a-z0-9]+", "-", target.stem.lower()).strip("-")[:60] or FAMILY


def about(source: Source, name: str, receptive_field: int) -> About:
    config, coding = source.model.config, source.coding
    return About(
        name=name,
        family=FAMILY,
        version=VERSION,
        description=source.description,
        licence=source.licence,
        provenance=source.provenance,
        sample_rate=coding.sample_rate,
        hop=coding.hop,
        receptive_field=receptive_field,
        sampler=sampler(config),
        settings=settings(source),
        sizes={"seconds": math.ceil(config.window / coding.rate) + 1} if config.fixed else {},
        texts=source.texts,
    )


def sampler(config: Config) -> dict[str, Any]:
    overlap = config.window // _OVERLAP // 2 * 2
    return {**(QUICK if config.fixed else RELEASED), "window": config.window, "overlap": overlap, "multiple": 2}


def settings(source: Source) -> dict[str, Any]:
    config, scales = source.model.config, source.scales
    return {
        "policy": config.policy,
        "config": config.name,
        "fusion": config.fusion,
        "rhythm": config.rhythm,
        "rhythm_width": config.rhythm_width,
        "rhythm_rate": round(source.coding.rate, 6) if config.fixed else 1.0,
        "rhythm_usual": scales.usual,
        "null": null_of(config),
        "latent_mean": list(scales.mean),
        "latent_spread": list(scales.spread),
        "descriptor": source.coding.descriptor or OwnVision.name,
    }
