"""A trained codec as a pack: the two graphs, what was measured of them, and what the pack says of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...runtime.packs.archive import SUFFIX
from ...runtime.packs.codec.likeness import likeness
from ...runtime.packs.pack import Difference, Licence, Pack, Provenance
from ...runtime.packs.pack import Tensor as Said
from ...runtime.progress import Progress, silent
from ...runtime.rate import SAMPLE_RATE
from ..corpus.item import sound
from ..corpus.reading import HELD_OUT
from ..graphs.differ import Judge
from ..graphs.parity import Arrays
from ..graphs.part import Lengths, Part
from ..graphs.write import About, check_target, write_pack
from .config import LATENT_HOP
from .data import held_out_crops
from .fourier import Matrices
from .model import CHANNELS, Codec, Decoder, Encoder
from .reach import reach
from .train import trained

APACHE = Licence("Apache-2.0", "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0", commercial=True)
PRECISIONS = ("fp32", "fp16", "int8")
SIZES = ({"batch": 1, "frames": 96}, {"batch": 2, "frames": 1}, {"batch": 1, "frames": 17}, {"batch": 3, "frames": 5})
UNHEARD = tuple(range(HELD_OUT + 900_000, HELD_OUT + 900_002))  # seeds of the pieces that variants are measured on

Crop = Callable[[int, int], Tensor]
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of each latent channel (latent,)."""

    mean: Tensor
    deviation: Tensor


class ToLatents(nn.Module):
    """Sound -> latents of mean 0 and variance 1 a channel; the most likely ones, nothing is drawn."""

    def __init__(self, codec: Codec, spread: Spread) -> None:
        super().__init__()
        self.encoder = codec.encoder
        self.register_buffer("mean", spread.mean[:, None])
        self.register_buffer("deviation", spread.deviation[:, None])
        self.mean: Tensor
        self.deviation: Tensor

    def forward(self, audio: Tensor) -> Tensor:
        mean, _ = self.encoder(audio)
        return (mean - self.mean) / self.deviation  # type: ignore[no-any-return]


class ToSound(nn.Module):
    def __init__(self, codec: Codec, spread: Spread) -> None:
        super().__init__()
        self.decoder = codec.decoder
        self.register_buffer("mean", spread.mean[:, None])
        self.register_buffer("deviation", spread.deviation[:, None])
        self.mean: Tensor
        self.deviation: Tensor

    def forward(self, latents: Tensor) -> Tensor:
        made: Tensor = self.decoder(latents * self.deviation + self.mean)
        return made


def export(
    checkpoint: Path,
    target: Path,
    *,
    name: str | None = None,
    precisions: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Pack:
    """Writes the averaged codec of a checkpoint as a pack. Raises HitpointError where a graph is not what torch says."""
    check_target(target)
    codec, said = trained(checkpoint)
    wanted = tuple(precisions or PRECISIONS)
    spread = Spread(said["mean"], said["deviation"])
    progress(0.0, "composing what it is measured on")
    sounds = unheard()
    for half in (codec.encoder, codec.decoder):
        _matrices(half)
    parts = halves(ToSound(codec, spread), ToLatents(codec, spread), codec.size.latent, LATENT_HOP, sounds)
    held: dict[str, float] = {name: said[name] for name in ("held_log_mel", "held_convergence") if name in said}
    about = About(
        name=name or named(target),
        family="codec",
        version="1.0.0",
        description=f"Stereo sound at 48 kHz to {codec.size.latent} numbers 23 times a second, and back",
        licence=APACHE,
        provenance=Provenance(
            f"{said['trained_on']}, on {said['machine']} for {said['seconds'] / 3600:.1f} h",
            said["step"],
            said["seed"],
            f"hitpoint {said['code']}",
        ),
        sample_rate=SAMPLE_RATE,
        hop=LATENT_HOP,
        receptive_field=reach(codec.size),
        settings={"latent": codec.size.latent, **held},
    )
    roles = [part.role for part in parts]
    return write_pack(
        target,
        about,
        parts,
        precisions=dict.fromkeys(roles, wanted),
        judge=judge(parts[0].module),
        drop_fp32=() if "fp32" in wanted else roles,
        progress=progress,
    )


def halves(
    latents_to_sound: nn.Module,
    sound_to_latents: nn.Module,
    latent: int,
    hop: int,
    sounds: Crop,
    sizes: tuple[Lengths, ...] = SIZES,
) -> list[Part]:
    """The two graphs of any codec, held against torch on real sounds: `sounds(batch, samples)` gives them."""
    latents = Said("latents", "float32", ("batch", latent, "frames"))
    audio = Said("audio", "float32", ("batch", CHANNELS, "samples"))

    def heard(lengths: Lengths) -> dict[str, Tensor]:
        return {"audio": sounds(lengths["batch"], lengths["frames"] * hop)}

    @torch.no_grad()
    def sent(lengths: Lengths) -> dict[str, Tensor]:
        found: Tensor = sound_to_latents(heard(lengths)["audio"])
        return {"latents": found.contiguous()}

    derived = {"samples": f"{hop}*frames"}
    return [
        Part("decoder", latents_to_sound.eval(), (latents,), (audio,), sizes, given=sent),
        Part("encoder", sound_to_latents.eval(), (audio,), (latents,), sizes, given=heard, derived=derived),
    ]


def judge(decoder: nn.Module) -> Judge:
    """How far a variant is from fp32 on the sound: of the encoder's latents, on what the decoder makes of them."""

    @torch.no_grad()
    def judged(role: str, right: Arrays, found: Arrays) -> Difference:
        one, other = (_sound(role, said, decoder) for said in (found, right))
        worst = max(likeness(a.T, b.T).log_mel for a, b in zip(one, other, strict=True))
        return Difference(round(worst, 4), "dB of log-mel distance of the sound")

    return judged


def _sound(role: str, said: Arrays, decoder: nn.Module) -> Values:
    """(batch, 2, samples)"""
    if role == "decoder":
        return said["audio"]
    made: Values = decoder(torch.from_numpy(said["latents"])).numpy()
    return made


def named(target: Path) -> str:
    """A pack's name after its place: what of it may not be in a name becomes a dash."""
    return re.sub(r"[^a-z0-9]+", "-", target.name.lower().removesuffix(SUFFIX)).strip("-")[:64] or "codec"


def _matrices(half: Encoder | Decoder) -> None:
    """From here on it does its transforms as the runtime will."""
    half.spectra.fourier = Matrices()


@lru_cache(maxsize=1)
def unheard() -> Crop:
    """Crops of music that no codec is trained on."""
    sounds = [sound(seed).audio for seed in UNHEARD]

    def crops(batch: int, samples: int) -> Tensor:
        return torch.from_numpy(held_out_crops(sounds * batch, batch, samples)).contiguous()

    return crops
