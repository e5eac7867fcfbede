"""How what was heard of meaning and of rhythm becomes one, by the time of the diffusion. See FUSIONS.

`t` is 1 where there is nothing but noise. The released model switches at t = 0.2 in its modes of choice: one side is
dead on either side of it. Where the policy is `fixed` a learned gate takes the switch's place, and both always count.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import Config

SWITCH = 0.2


class Fusion(nn.Module):
    """To be inherited by a block, in whose own namespace checkpoints keep these parameters."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.fusion, self.soft = config.fusion, config.fixed
        self.before = "preFiLM" in config.fusion
        if "FiLM" in config.fusion:
            width = config.context if self.before else config.width
            self.t_linear = nn.Linear(1, 64)
            self.FiLM_gamma_sem = _head(config.film, width, nn.Sigmoid())
            self.FiLM_gamma_rhy = _head(config.film, width, nn.Sigmoid())
            self.FiLM_beta_sem = _head(config.film, width)
            self.FiLM_beta_rhy = _head(config.film, width)
        if "gate" in config.fusion or (self.soft and "choose" in config.fusion):
            context = config.context
            self.gate = nn.Sequential(nn.Linear(1, context), nn.SiLU(), nn.Linear(context, 1), nn.Sigmoid())

    def modulated(self, meaning: Tensor, rhythm: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Either context (batch, s, context) or answer (batch, n, width), scaled and shifted by the time (batch,)."""
        at = self.t_linear(t[:, None])
        meaning = meaning * self.FiLM_gamma_sem(at)[:, None] + self.FiLM_beta_sem(at)[:, None]
        rhythm = rhythm * self.FiLM_gamma_rhy(at)[:, None] + self.FiLM_beta_rhy(at)[:, None]
        return meaning, rhythm

    def fused(self, meaning: Tensor, rhythm: Tensor, t: Tensor) -> Tensor:
        """Two of (batch, n, width), t (batch,) -> (batch, n, width)"""
        if self.fusion in ("none", "only_clip"):
            return meaning
        if "FiLM" in self.fusion and not self.before:
            meaning, rhythm = self.modulated(meaning, rhythm, t)
        if self.fusion == "FiLM":
            return meaning + rhythm
        if "gate" in self.fusion or (self.soft and "choose" in self.fusion):
            share = self.gate(t[:, None])[:, None]
            mixed: Tensor = share * meaning + (1 - share) * rhythm
            return mixed
        if "choose" in self.fusion:
            return torch.where((t > SWITCH)[:, None, None], meaning, rhythm)
        return 0.5 * meaning + 0.5 * rhythm


def _head(middle: int, width: int, last: nn.Module | None = None) -> nn.Sequential:
    layers = [nn.Linear(64, middle), nn.ReLU(), nn.Linear(middle, width)]
    return nn.Sequential(*layers, *([last] if last else []))
