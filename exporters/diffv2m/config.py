"""The sizes of a Diff-V2M, as plain data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from ...runtime.errors import InputError, UsageError

Policy = Literal["compat", "fixed"]
Rhythm = Literal["odf", "mel", "tempogram"]

WIDTHS: dict[Rhythm, int] = {"odf": 1, "mel": 16, "tempogram": 16}
FUSIONS = (
    "additive", "gate", "choose", "FiLM", "FiLM_choose", "preFiLM", "preFiLM_gate", "none", "only_clip",
)  # fmt: skip
MEANING, COLOUR = 512, 3072  # numbers of a second's meaning and of its RGB-uv histogram
# A turn of 1 radian is what two latents of the released model are apart: 44,100 Hz in hops of 2048.
ROPE_RATE = 44_100 / 2048


@dataclass(frozen=True)
class Training:
    """How a size is usually trained. `steps` is where the conditioning's plan ends. `at_once` windows of a batch go through
    the model together, 0 for all: less memory, the same step.
    """

    steps: int
    batch: int
    rate: float
    ema: float
    warmup: float = 0.99
    decay: float = 1e6  # InverseLR's inv_gamma, in steps
    weight_decay: float = 1e-3
    clip: float = 0.0  # of the gradient's norm; 0 for none
    at_once: int = 0


@dataclass(frozen=True)
class Config:
    """`width` = `heads` times a head's dimensions; `context` is that of all context tokens, a whole number of heads.

    `inner` is the middle of the feed-forward. `turning` are the dimensions of a head that RoPE turns. `window` is in
    latents, `seconds` what one window of the released kind holds at 1 Hz.
    """

    name: str
    policy: Policy = "fixed"
    fusion: str = "additive"
    rhythm: Rhythm = "odf"
    channels: int = 64
    depth: int = 24
    width: int = 1536
    heads: int = 24
    context: int = 768
    inner: int = 6144
    turning: int = 32
    rhythm_middle: int = 512
    colour_middle: int = 1024
    film: int = 256
    predictor_depth: int = 12
    predictor_width: int = 512
    predictor_heads: int = 8
    predictor_inner: int = 2048
    window: int = 704
    seconds: int = 30
    training: Training = Training(7_500, 256, 1e-4, 0.9999, at_once=32)

    def __post_init__(self) -> None:
        head = self.width // self.heads
        if self.policy not in get_args(Policy) or self.rhythm not in WIDTHS or self.fusion not in FUSIONS:
            raise UsageError(
                f"a Diff-V2M has a policy of {', '.join(get_args(Policy))}, a rhythm of {', '.join(WIDTHS)} "
                f"and a fusion of {', '.join(FUSIONS)}"
            )
        if self.width % self.heads or self.context % head or self.heads % (self.context // head) or self.turning > head:
            raise UsageError(f"{self.name}: {self.heads} heads do not fit a width of {self.width} and {self.context}")
        if self.window % 2:
            raise UsageError(f"{self.name}: a window is an even number of latents, not {self.window}")

    @property
    def fixed(self) -> bool:
        return self.policy == "fixed"

    @property
    def head(self) -> int:
        return self.width // self.heads

    @property
    def rhythm_width(self) -> int:
        return WIDTHS[self.rhythm]

    @property
    def beside(self) -> int:
        """Channels that lie beside the latents: the rhythm, and whether it was told."""
        return self.rhythm_width + 1 if self.fixed else 0

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Config:
        try:
            said: dict[str, Any] = json.loads(text)
            return cls(**{**said, "training": Training(**said["training"])})
        except (ValueError, TypeError, KeyError, ZeroDivisionError):
            raise InputError("what is said of the model's sizes cannot be read") from None


def config(name: str, **other: Any) -> Config:
    """A size by its name, with what is to be otherwise. Raises UsageError."""
    if name not in CONFIGS:
        raise UsageError(f"there is no size '{name}': there is {', '.join(CONFIGS)}")
    known = {field.name for field in fields(Config)}
    return replace(CONFIGS[name], **{key: value for key, value in other.items() if key in known and value is not None})


CONFIGS = {
    each.name: each
    for each in (
        Config("paper", fusion="FiLM_choose"),
        Config(
            "mini", depth=8, width=384, heads=6, context=192, inner=1024, rhythm_middle=192, colour_middle=192,
            film=64, predictor_depth=4, predictor_width=192, predictor_heads=3, predictor_inner=512, window=512, seconds=22,
            training=Training(20_000, 64, 4e-4, 0.999, decay=10_000, clip=1.0),
        ),
        Config(
            "small", depth=5, width=192, heads=6, context=96, inner=512, turning=24, rhythm_middle=96,
            colour_middle=96, film=64, predictor_depth=2, predictor_width=96, predictor_heads=3, predictor_inner=256,
            window=256, seconds=11, training=Training(4_000, 16, 1e-3, 0.995, warmup=0.98, decay=3_000, clip=1.0),
        ),
        Config(
            "tiny", channels=4, depth=2, width=32, heads=2, context=16, inner=48, turning=8, rhythm_middle=8,
            colour_middle=8, film=8, predictor_depth=1, predictor_width=16, predictor_heads=2, predictor_inner=24,
            window=64, seconds=3, training=Training(20, 4, 3e-3, 0.9, warmup=0.5, clip=1.0),
        ),
    )
}  # fmt: skip
