"""A Diff-V2M as graphs: `predictor` and `condition` run once for a window, `step` at each step.

What `condition` gives are the other inputs of `step`, by the same names. To ask for nothing is to give zeros for those that
NULL names, and the others as they are: what is heard is then nothing, in every block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor as Values
from torch import nn

from ...runtime.packs.pack import Tensor
from ..graphs.part import Lengths, Part
from .block import Heard, Stream, Streams
from .conditioners import Clip
from .config import COLOUR, MEANING, Config
from .model import RATE as USUAL_RATE
from .model import DiffV2M
from .transformer import LONGEST

Given = Values | None

STREAMS = ("colour", "meaning", "rhythm")
HEARD = "_heard"  # of a stream: what goes into each block
NULL = (*(name + HEARD for name in STREAMS), "curve")
_MORE = 2  # tokens of a clip's seconds that the released contexts have besides


def parts(model: DiffV2M) -> list[Part]:
    """`predictor`, `condition` and `step`."""
    return [predictor(model), condition(model), step(model)]


def null_of(config: Config) -> list[str]:
    """Which of the step's inputs are zeros where nothing is asked for."""
    names = [tensor.name for tensor in step_inputs(config)]
    return [name for name in NULL if name in names]


class _Predictor(nn.Module):
    def __init__(self, model: DiffV2M) -> None:
        super().__init__()
        self.predictor = model.predictor

    def forward(self, meaning: Values, onsets: Values, beats: Values, known: Values | None = None) -> Values:
        found: Values = self.predictor.told(self.predictor(meaning, onsets, beats, known))
        return found


def predictor(model: DiffV2M) -> Part:
    config = model.config
    steps: int | str = "steps" if config.fixed else config.seconds
    known = (Tensor("known", "bool", ("batch", steps)),) if config.fixed else ()
    return Part(
        "predictor",
        _Predictor(model).eval(),
        (
            Tensor("meaning", "float32", ("batch", steps, MEANING)),
            Tensor("onsets", "int64", ("batch", steps)),
            Tensor("beats", "float32", ("batch", steps)),
            *known,
        ),
        (Tensor("rhythm", "float32", ("batch", steps, config.rhythm_width)),),
        ({"batch": 1, "steps": config.window}, {"batch": 2, "steps": config.window // 2 - 1}, {"batch": 1, "steps": 3}),
        given=lambda lengths: _predicted_from(config, lengths),
        most={"steps": LONGEST},
    )


class _Condition(nn.Module):
    """Gives keys and values of every block, (batch, depth, 2, heads, s, d), or where the fusion changes contexts by the
    time, the contexts themselves and how far their keys turn.
    """

    def __init__(self, model: DiffV2M) -> None:
        super().__init__()
        self.model, self.taken = model, tuple(tensor.name for tensor in _taken(model.config))

    # The exporter wants each input by a name of its own.
    def forward(
        self,
        a: Values,
        b: Values,
        c: Values,
        d: Values,
        e: Given = None,
        f: Given = None,
        g: Given = None,
        h: Given = None,
    ) -> tuple[Values, ...]:
        config = self.model.config
        inputs = [each for each in (a, b, c, d, e, f, g, h) if each is not None]
        streams, whole, curve = self.model.told(self.model.conditioner(_clip(config, self.taken, inputs)))
        found: dict[str, Values] = {"whole": whole, **({} if curve is None else {"curve": curve})}
        if _by_time(config):
            for name, stream in zip(STREAMS, streams, strict=True):
                found |= {name + HEARD: stream.tokens, f"{name}_mask": stream.mask}
                found |= {} if stream.turn is None else {f"{name}_turn": stream.turn}
        else:
            heard = [block.hear(streams, None)[0] for block in self.model.transformer.blocks()]
            for n, name in enumerate(STREAMS):
                pairs = [torch.stack([each[n].keys, each[n].values], dim=1) for each in heard]
                found |= {name + HEARD: torch.stack(pairs, dim=1), f"{name}_mask": heard[0][n].mask}
        # Copies: a graph's outputs are each a value of its own.
        return tuple(found[tensor.name].clone() for tensor in _between(config))


class _Step(nn.Module):
    def __init__(self, model: DiffV2M) -> None:
        super().__init__()
        self.transformer, self.config = model.transformer, model.config

    def forward(
        self, x: Values, time: Values, a: Values, b: Values, c: Values, d: Given = None, e: Given = None,
        f: Given = None, g: Given = None, h: Given = None, i: Given = None, j: Given = None, k: Given = None,
    ) -> Values:  # fmt: skip
        config = self.config
        inputs = [each for each in (a, b, c, d, e, f, g, h, i, j, k) if each is not None]
        named = dict(zip((tensor.name for tensor in _between(config)), inputs, strict=True))
        any_stream = _heard(config)[0]

        def of(stream: str, what: str = HEARD) -> Values:
            """What the fusion does not listen to is there in name."""
            return named[(stream if stream in _heard(config) else any_stream) + what]

        curve = named.get("curve")
        if _by_time(config):
            turns = [of(name, "_turn") if config.fixed else None for name in STREAMS]
            contexts = [Stream(of(name), of(name, "_mask"), turn) for name, turn in zip(STREAMS, turns, strict=True)]
            return cast(Values, self.transformer(x, time, Streams(*contexts), named["whole"], curve))
        heard = []
        for n in range(config.depth):
            made = [Heard(of(name)[:, n, 0], of(name)[:, n, 1], of(name, "_mask")) for name in STREAMS]
            heard.append((made[0], made[1], made[2]))
        return self.transformer.step(x, time, heard, named["whole"], curve)


def condition(model: DiffV2M) -> Part:
    config = model.config
    return Part(
        "condition",
        _Condition(model).eval(),
        _taken(config),
        _between(config),
        _sizes(config),
        given=lambda lengths: _asked_from(config, lengths),
        derived={"frames": "2*pairs"},  # windows are an even number of latents
        most={"pairs": LONGEST // 2},
    )


def step(model: DiffV2M) -> Part:
    config = model.config
    return Part(
        "step",
        _Step(model).eval(),
        step_inputs(config),
        (Tensor("v", "float32", ("batch", config.channels, "frames")),),
        _sizes(config),
        given=lambda lengths: _step_from(config, lengths),
        most={"frames": LONGEST},
    )


def step_inputs(config: Config) -> tuple[Tensor, ...]:
    noisy = Tensor("x", "float32", ("batch", config.channels, "frames"))
    return (noisy, Tensor("time", "float32", ("batch",)), *_between(config))


def _by_time(config: Config) -> bool:
    return "preFiLM" in config.fusion


def _heard(config: Config) -> tuple[str, ...]:
    return {"only_clip": STREAMS[1:2], "none": STREAMS[:2]}.get(config.fusion, STREAMS)


def _taken(config: Config) -> tuple[Tensor, ...]:
    """The inputs of `condition`: those of a clip that the policy and the fusion look at."""
    seconds: int | str = "seconds" if config.fixed else config.seconds
    rows: int | str = "frames" if config.fixed else config.seconds
    colour = config.fixed and config.fusion != "only_clip"
    rhythm = config.fixed or config.fusion != "only_clip"
    listed = (
        (True, Tensor("meaning", "float32", ("batch", seconds, MEANING))),
        (colour, Tensor("colour", "float32", ("batch", seconds, COLOUR))),
        (config.fixed, Tensor("times", "float32", ("batch", seconds))),
        (True, Tensor("seen", "bool", ("batch", seconds))),
        (rhythm, Tensor("rhythm", "float32", ("batch", rows, config.rhythm_width))),
        (rhythm, Tensor("told", "bool", ("batch", rows))),
        (True, Tensor("start", "float32", ("batch",))),
        (True, Tensor("total", "float32", ("batch",))),
    )
    return tuple(tensor for wanted, tensor in listed if wanted)


def _between(config: Config) -> tuple[Tensor, ...]:
    """What `condition` gives and `step` takes."""
    found = []
    for name in _heard(config):
        tokens: int | str = f"{name}_tokens" if config.fixed else config.seconds + _MORE
        if _by_time(config):
            found.append(Tensor(name + HEARD, "float32", ("batch", tokens, config.context)))
        else:
            heads = config.context // config.head
            found.append(Tensor(name + HEARD, "float32", ("batch", config.depth, 2, heads, tokens, config.head)))
        found.append(Tensor(f"{name}_mask", "bool", ("batch", tokens)))
        if _by_time(config) and config.fixed:
            found.append(Tensor(f"{name}_turn", "float32", ("batch", tokens, config.turning)))
    found.append(Tensor("whole", "float32", ("batch", config.width)))
    if config.fixed:
        found.append(Tensor("curve", "float32", ("batch", config.beside, "frames")))
    return tuple(found)


def _sizes(config: Config) -> tuple[Lengths, ...]:
    """At which lengths graphs are held against torch; the usual ones first."""
    found = []
    for batch, pairs in ((1, config.window // 2), (2, max(config.window // 5, 2)), (1, 3)):
        seconds = math.ceil(pairs * 2 / USUAL_RATE) + 1
        # The token of nothing is one of those that a step is given.
        some = {f"{name}_tokens": seconds + (not _by_time(config)) for name in ("colour", "meaning")}
        rhythm = {"rhythm_tokens": pairs + (not _by_time(config))}
        found.append({"batch": batch, "frames": 2 * pairs, "pairs": pairs, "seconds": seconds, **some, **rhythm})
    return tuple(found)


def _clip(config: Config, names: Sequence[str], inputs: Sequence[Values]) -> Clip:
    """A clip of a graph's inputs; what is not among them is not looked at."""
    named = dict(zip(names, inputs, strict=True))
    meaning, seen = named["meaning"], named["seen"]
    rhythm = named.get("rhythm", meaning[..., : config.rhythm_width])
    return Clip(
        meaning,
        named.get("colour", meaning.new_zeros(*meaning.shape[:2], COLOUR)),
        named.get("times", seen.to(meaning.dtype)),
        seen,
        rhythm,
        named.get("told", seen),
        named["start"],
        named["total"],
    )


def _asked_from(config: Config, lengths: Lengths) -> dict[str, Values]:
    """What a window might be asked for."""
    chance = torch.Generator().manual_seed(1)
    batch, seconds = lengths["batch"], lengths["seconds"] if config.fixed else config.seconds
    rows = lengths["pairs"] * 2 if config.fixed else config.seconds
    colour = torch.rand(batch, seconds, COLOUR, generator=chance) ** 8
    seen = torch.rand(batch, seconds, generator=chance) < 0.8
    found = {
        "meaning": torch.randn(batch, seconds, MEANING, generator=chance),
        "colour": colour / colour.sum(dim=-1, keepdim=True),
        "times": torch.arange(seconds, dtype=torch.float32).expand(batch, -1) + 0.3,
        "seen": seen,
        "rhythm": torch.rand(batch, rows, config.rhythm_width, generator=chance),
        "told": torch.rand(batch, rows, generator=chance) < 0.9,
        "start": torch.full((batch,), 4.0),
        "total": torch.full((batch,), 25.0),
    }
    return {tensor.name: found[tensor.name].contiguous() for tensor in _taken(config)}


def _predicted_from(config: Config, lengths: Lengths) -> dict[str, Values]:
    chance = torch.Generator().manual_seed(2)
    batch, steps = lengths["batch"], lengths["steps"] if config.fixed else config.seconds
    known = torch.ones(batch, steps, dtype=torch.bool)
    known[:, -max(steps // 4, 1) :] = False
    known[:, 0] = True
    return {
        "meaning": torch.randn(batch, steps, MEANING, generator=chance),
        "onsets": (torch.rand(batch, steps, generator=chance) < 0.1).long(),
        "beats": torch.rand(batch, steps, generator=chance),
        **({"known": known} if config.fixed else {}),
    }


def _step_from(config: Config, lengths: Lengths) -> dict[str, Values]:
    chance = torch.Generator().manual_seed(3)
    found = {}
    for tensor in step_inputs(config):
        shape = [n if isinstance(n, int) else lengths[n] for n in tensor.shape]
        if tensor.dtype == "bool":
            truths = torch.rand(shape, generator=chance) < 0.8
            truths[..., 0] = True
            found[tensor.name] = truths
        else:
            found[tensor.name] = torch.randn(shape, generator=chance)
    found["time"] = torch.linspace(0.15, 0.85, lengths["batch"])
    return found
