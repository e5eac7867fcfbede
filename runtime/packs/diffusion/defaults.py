"""How a pack says that it is to be sampled: the plain data under `sampler` in its pack.json.

    {"schedule": "cosine", "predicts": "v", "method": "unipc", "steps": 30, "guidance": 3.0,
     "window": 645, "overlap": 129, "multiple": 1}

Every key may be missing. "scaled-linear" schedules may say their `times`, `first_beta` and `last_beta`; `spacing` is
"time" or "level", by itself "time" for ddim and "level" for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from ...errors import EngineError
from .guidance import Guidance
from .prediction import Predicts
from .sample import Sampling
from .schedule import Cosine, ScaledLinear, Schedule, Spacing
from .solver import Method
from .windows import Windows

Number = TypeVar("Number", int, float)

_KEYS = {
    "schedule", "times", "first_beta", "last_beta", "predicts", "method", "spacing", "steps", "guidance",
    "window", "overlap", "multiple",
}  # fmt: skip


def sampling_of(said: Mapping[str, Any], *, together: bool, beside: bool = False, steps: int | None = None) -> Sampling:
    """`together` and `beside` are the device's choice, `steps` the user's. Raises EngineError where a value cannot be."""
    if unknown := sorted(said.keys() - _KEYS):
        raise EngineError(f"the pack's sampler says '{unknown[0]}', which this version does not know")
    method: Method = _word(said, "method", get_args(Method), "unipc")
    predicts: Predicts = _word(said, "predicts", get_args(Predicts), "v")
    spacing: Spacing = _word(said, "spacing", get_args(Spacing), "time" if method == "ddim" else "level")
    schedule: Schedule = Cosine()
    if _word(said, "schedule", ("cosine", "scaled-linear"), "cosine") == "scaled-linear":
        times = _number(said, "times", 1000, 2, 100_000)
        betas = _number(said, "first_beta", 0.0015, 1e-8, 0.5), _number(said, "last_beta", 0.0195, 1e-8, 0.5)
        schedule = ScaledLinear(times, *betas)
    elif predicts == "noise":
        raise EngineError(
            "the pack's sampler predicts noise from times without signal: only v or clean can be read there"
        )
    return Sampling(
        schedule=schedule,
        predicts=predicts,
        method=method,
        spacing=spacing,
        steps=_number(said, "steps", 250 if method == "ddim" else 30, 1, 1000) if steps is None else steps,
        guidance=Guidance(_number(said, "guidance", 3.0, 0.0, 100.0), together, beside),
    )


def windows_of(said: Mapping[str, Any], *, batch: int = 1, fixed: bool = False) -> Windows:
    """`batch` and `fixed` are the device's choice."""
    length, multiple = _number(said, "window", 645, 1, 100_000), _number(said, "multiple", 1, 1, 10_000)
    overlap = _number(said, "overlap", length // 5, 0, 100_000)
    if length % multiple or overlap > length - multiple:
        raise EngineError(f"the pack's sampler says windows of {length} that overlap by {overlap} and go by {multiple}")
    return Windows(length, overlap, batch, multiple, fixed)


def _word(said: Mapping[str, Any], key: str, known: tuple[str, ...], usual: str) -> Any:
    word = said.get(key, usual)
    if word not in known:
        raise EngineError(f"the pack's sampler says {key} {word!r}: this version knows {', '.join(known)}")
    return word


def _number(said: Mapping[str, Any], key: str, usual: Number, least: Number, most: Number) -> Number:
    value = said.get(key, usual)
    kind = (int, float) if isinstance(usual, float) else (int,)
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value <= most:
        raise EngineError(f"the pack's sampler says {key} {value!r}: it is to be from {least} to {most}")
    return type(usual)(value)
