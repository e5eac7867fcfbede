"""How large a codec is and how it is trained, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ...runtime.errors import UsageError

HOP = 512  # samples a frame of the spectrum
FRAMES = 4  # frames of the spectrum a latent frame
LATENT_HOP = HOP * FRAMES
WINDOW = LATENT_HOP  # samples in a spectrum; `spectra` rests on its being a latent frame


@dataclass(frozen=True)
class Stack:
    """`blocks` ConvNeXt blocks of `width` channels; each looks `kernel` frames wide and is `widen` times wider inside."""

    width: int
    blocks: int
    kernel: int
    widen: int


@dataclass(frozen=True)
class Size:
    """A codec. `slow` works on latent frames, `fast` on frames of the spectrum. `phased` are the lowest bins whose phase
    the encoder is shown. `bass` latents carry the waveform of the lowest `bass_bins` bins by one matrix, which
    starts as the best there is. `hiss` is how many dice are thrown for the directions of noise.
    """

    latent: int
    encoder_fast: Stack
    encoder_slow: Stack
    decoder_slow: Stack
    decoder_fast: Stack
    phased: int
    bass: int
    bass_bins: int
    hiss: int


@dataclass(frozen=True)
class Plan:
    """How it is trained. `crop` in latent frames; `critic_from` is the step at which the discriminator joins, and
    `critic_crop` how many latent frames of each item it hears. `settle` is the share of the steps, at the end, over
    which the rate falls to a twentieth. `kl`, `wave`, `adversarial` and `matching` are weights of losses.
    """

    steps: int
    batch: int
    crop: int
    rate: float
    warm_up: int
    settle: float
    kl: float
    wave: float
    critic_from: int
    critic_crop: int
    critic_width: int
    adversarial: float
    matching: float
    average: float  # of the moving average of the weights, a step
    windows: tuple[int, ...]  # of the spectra that are compared, in samples
    windows_a_step: int  # as many of them, drawn anew each step


@dataclass(frozen=True)
class Config:
    name: str
    size: Size
    plan: Plan


MINI = Config(
    "mini",
    Size(64, Stack(256, 3, 7, 2), Stack(320, 3, 5, 2), Stack(320, 3, 5, 2), Stack(256, 4, 7, 3), 192, 32, 32, 48),
    Plan(
        steps=6000, batch=4, crop=36, rate=1e-3, warm_up=200, settle=0.4, kl=1e-3, wave=1.0, critic_from=4500,
        critic_crop=12, critic_width=16, adversarial=0.1, matching=1.0, average=0.999, windows=(4096, 2048, 1024, 512, 256, 128),
        windows_a_step=2,
    ),
)  # fmt: skip
TINY = Config(
    "tiny",
    Size(8, Stack(16, 1, 3, 2), Stack(16, 1, 3, 2), Stack(16, 1, 3, 2), Stack(16, 1, 3, 2), 32, 4, 8, 8),
    Plan(
        steps=20, batch=2, crop=8, rate=2e-3, warm_up=5, settle=0.25, kl=1e-3, wave=1.0, critic_from=8, critic_crop=4,
        critic_width=4, adversarial=0.05, matching=0.5, average=0.9, windows=(2048, 512), windows_a_step=1,
    ),
)  # fmt: skip
BASE = Config(
    "base",
    Size(64, Stack(512, 6, 7, 3), Stack(768, 4, 5, 3), Stack(768, 6, 5, 3), Stack(512, 8, 7, 3), 512, 32, 32, 96),
    Plan(
        steps=400_000, batch=16, crop=48, rate=5e-4, warm_up=1000, settle=0.25, kl=1e-4, wave=1.0, critic_from=20_000,
        critic_crop=48, critic_width=48, adversarial=0.1, matching=1.0, average=0.9999,
        windows=(4096, 2048, 1024, 512, 256, 128), windows_a_step=6,
    ),
)  # fmt: skip
CONFIGS = {config.name: config for config in (MINI, TINY, BASE)}


def named(name: str) -> Config:
    if name not in CONFIGS:
        raise UsageError(f"there is no codec configuration '{name}': there are {', '.join(CONFIGS)}")
    return CONFIGS[name]


def to_json(size: Size) -> dict[str, Any]:
    return asdict(size)


def from_json(said: dict[str, Any]) -> Size:
    stacks = {name: Stack(**value) for name, value in said.items() if isinstance(value, dict)}
    return Size(**{**said, **stacks})
