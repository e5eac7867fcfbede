"""Small modules to export, each with one thing that exporting must bear."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from hitpoint.exporters.graphs.part import Part
from hitpoint.exporters.graphs.write import About
from hitpoint.runtime.packs.pack import Licence, Provenance, Tensor, VisionNeeds

SIZES = ({"batch": 1, "time": 16}, {"batch": 3, "time": 5}, {"batch": 2, "time": 1})

ABOUT = About(
    name="little",
    family="test",
    version="0.3.0",
    description="A step of nothing.",
    licence=Licence("CC0-1.0", "Public domain", "https://example.org/cc0", True),
    provenance=Provenance("nothing", 12, 3, "hitpoint tests"),
    sample_rate=44100,
    hop=2048,
    receptive_field=10,
    vision=VisionNeeds("hitpoint-1", 512, None, 1.0),
    sampler={"steps": 30, "guidance": 3.0},
    settings={"modes": ["gate", "additive"]},
    sizes={"time": 40},
    texts={"NOTES.md": "Made for a test.\n"},
)


class Step(nn.Module):
    """Convolutions under both kinds of weight norm, attention under a mask of truths, an input that nothing uses."""

    def __init__(self, width=64):
        super().__init__()
        self.into = nn.utils.parametrizations.weight_norm(nn.Conv1d(8, width, 3, padding=1))
        self.more = nn.utils.weight_norm(nn.Conv1d(width, width, 3, padding=1))
        self.keys = nn.Linear(width, width)
        self.out = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, 8))
        self.when = nn.Linear(1, width)

    def forward(self, x, t, mask, unused):
        h = self.more(functional.silu(self.into(x))).transpose(1, 2) + self.when(torch.cos(1000 * t))[:, None]
        seen = functional.scaled_dot_product_attention(
            h[:, None], self.keys(h)[:, None], h[:, None], mask[:, None, None]
        )
        return self.out(seen[:, 0]).transpose(1, 2), h.mean(dim=1)


def step() -> Part:
    torch.manual_seed(11)
    return Part(
        role="step",
        module=Step().eval(),
        inputs=(
            Tensor("x", "float32", ("batch", 8, "time")),
            Tensor("t", "float32", ("batch", 1)),
            Tensor("mask", "bool", ("batch", "time")),
            Tensor("unused", "float32", ("batch", 3)),
        ),
        outputs=(Tensor("v", "float32", ("batch", 8, "time")), Tensor("cos", "float32", ("batch", 64))),
        sizes=SIZES,
    )


class Function(nn.Module):
    """Any function as a module."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, *given):
        return self.call(*given)


def part(call, inputs=None, outputs=None, sizes=SIZES, **said) -> Part:
    ends = ("batch", "time", 8)
    return Part(
        role="part",
        module=(call if isinstance(call, nn.Module) else Function(call)).eval(),
        inputs=inputs or (Tensor("x", "float32", ends),),
        outputs=outputs or (Tensor("y", "float32", ends),),
        sizes=sizes,
        **said,
    )
