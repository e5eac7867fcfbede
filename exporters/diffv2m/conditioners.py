"""From what is known of the picture and the rhythm to context tokens; all maps are linear, as released."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..nets.norms import level
from ..nets.numbers import NumberEmbedder
from .block import Stream, Streams
from .config import COLOUR, MEANING, Config
from .predictor import CLASS, Predictor

LONGEST = 30.0  # seconds that the numbers of a clip reach


class Clip(NamedTuple):
    """What is asked of a window; see the pack's contract in `parts`. `told` and `seen` are truths (batch, n).

    `meaning` (batch, s, 512), `colour` (batch, s, 3072), `times` (batch, s): the middle of each second in seconds from
    the window's start. `rhythm` (batch, n, width): a row a latent in `fixed`, a second in `compat`. `start` and `total`
    (batch,) are seconds of the piece. `dropped` (batch, 3): streams that a sample is not told of: colour, meaning, rhythm.
    """

    meaning: Tensor
    colour: Tensor
    times: Tensor
    seen: Tensor
    rhythm: Tensor
    told: Tensor
    start: Tensor
    total: Tensor
    dropped: Tensor | None = None
    guessed: Tensor | None = None


class Asked(NamedTuple):
    """What the transformer is given: tokens before its own map, the numbers of the clip, the aligned curve."""

    streams: Streams
    times: tuple[Tensor | None, Tensor | None, Tensor | None]
    numbers: Tensor
    curve: Tensor | None


class Encoder(nn.Module):
    """inside -> middle -> outside, or one map where the middle is no other."""

    def __init__(self, inside: int, middle: int, outside: int) -> None:
        super().__init__()
        self.proj_out1 = nn.Identity() if inside == middle else nn.Linear(inside, middle)
        self.proj_out2 = nn.Linear(middle, outside)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.proj_out2(self.proj_out1(x))
        return made


class SemanticEncoder(Encoder):
    """Carries the predictor, as the public checkpoint does."""

    def __init__(self, config: Config) -> None:
        super().__init__(MEANING, MEANING, config.context)
        self.extractor = Predictor(config)


class Number(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.embedder = NumberEmbedder(width)

    def forward(self, seconds: Tensor) -> Tensor:
        """(batch,) -> (batch, width)"""
        made: Tensor = self.embedder(seconds.clamp(0.0, LONGEST) / LONGEST)
        return made


class Kind(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.int_embedder = nn.Embedding(3, width)


class Conditioner(nn.Module):
    """`rate`: latents a second."""

    def __init__(self, config: Config, rate: float) -> None:
        super().__init__()
        self.config, self.rate = config, rate
        inside = 2 * (config.rhythm_width + 1) if config.fixed else config.rhythm_width
        self.conditioners = nn.ModuleDict(
            {
                "semantic": SemanticEncoder(config),
                "rhythm": Encoder(inside, config.rhythm_middle, config.context),
                "color": Encoder(COLOUR, config.colour_middle, config.context),
                "kind": Kind(config.context),  # public checkpoints say class, which no graph can
                "seconds_start": Number(config.context),
                "seconds_total": Number(config.context),
            }
        )

    @property
    def predictor(self) -> Predictor:
        found = self.conditioners["semantic"].extractor
        assert isinstance(found, Predictor)
        return found

    def forward(self, clip: Clip) -> Asked:
        return self._fixed(clip) if self.config.fixed else self._compat(clip)

    def _fixed(self, clip: Clip) -> Asked:
        # A histogram's values are tiny and rare: their roots have a mean square of 1.
        colour = self.conditioners["color"]((clip.colour.clamp(min=0) * COLOUR).sqrt())
        meaning = self.conditioners["semantic"](level(clip.meaning))
        told = clip.told.to(clip.rhythm.dtype).unsqueeze(-1)
        curve = torch.cat([clip.rhythm * told, told], dim=-1)
        pairs = torch.unflatten(curve, 1, (-1, 2)).flatten(2)
        rhythm = self.conditioners["rhythm"](pairs)
        told_pairs = torch.unflatten(clip.told, 1, (-1, 2)).any(dim=-1)
        at = (torch.arange(pairs.shape[1], device=pairs.device, dtype=torch.float32) + 0.5) * (2 / self.rate)
        at = at.expand(pairs.shape[0], -1)
        # How far it is from the start and to the end, up to 30 s each: alike in the middle of all long pieces.
        window = clip.rhythm.shape[1] / self.rate
        numbers = self._numbers(clip.start, clip.total - clip.start - window)
        streams = Streams(
            Stream(_kept(colour, clip.dropped, 0), clip.seen),
            Stream(_kept(meaning, clip.dropped, 1), clip.seen),
            Stream(_kept(rhythm, clip.dropped, 2), told_pairs),
        )
        return Asked(streams, (clip.times, clip.times, at), numbers, _kept(curve, clip.dropped, 2).transpose(1, 2))

    def _compat(self, clip: Clip) -> Asked:
        meaning = self.conditioners["semantic"](clip.meaning)
        rhythm = self.conditioners["rhythm"](clip.rhythm)
        if clip.guessed is not None:  # released: the encoder learns nothing from predicted rhythm
            rhythm = torch.where(clip.guessed[:, None, None], rhythm.detach(), rhythm)
        # What released code calls two further tokens of both contexts.
        numbers = [self.conditioners["seconds_start"](clip.start), self.conditioners["seconds_total"](clip.total)]
        more = torch.stack(numbers, dim=1)
        both = [torch.cat([each, more], dim=1) for each in (meaning, rhythm)]
        masks = [functional.pad(mask, (0, 2), value=True) for mask in (clip.seen, clip.told)]
        heard_first = Stream(_kept(both[1], clip.dropped, 0), masks[1])  # released: rhythm, not colour
        streams = Streams(
            heard_first, Stream(_kept(both[0], clip.dropped, 1), masks[0]), Stream(_kept(both[1], clip.dropped, 2), masks[1])
        )  # fmt: skip
        return Asked(streams, (None, None, None), self._numbers(clip.start, clip.total), None)

    def _numbers(self, start: Tensor, other: Tensor) -> Tensor:
        kinds = cast(Kind, self.conditioners["kind"]).int_embedder.weight
        kind = kinds[CLASS].expand(start.shape[0], -1)
        made = [self.conditioners["seconds_start"](start), self.conditioners["seconds_total"](other), kind]
        return torch.cat(made, dim=-1)


def _kept(tokens: Tensor, dropped: Tensor | None, stream: int) -> Tensor:
    """Zeros, which is how nothing is asked for, in samples where the stream is dropped."""
    return tokens if dropped is None else tokens * (~dropped[:, stream, None, None]).to(tokens.dtype)
