"""One graph to be: the module, what goes in, what comes out, and the lengths at which it is held against torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from ...runtime.errors import HitpointError
from ...runtime.packs.pack import Tensor

Lengths = Mapping[str, int]

DTYPES = {
    "float32": torch.float32, "float16": torch.float16, "float64": torch.float64, "bool": torch.bool,
    "int8": torch.int8, "int16": torch.int16, "int32": torch.int32, "int64": torch.int64,
    "uint8": torch.uint8, "uint16": torch.uint16, "uint32": torch.uint32, "uint64": torch.uint64,
}  # fmt: skip

_NUMBERS = 4  # made-up whole numbers are below it
_DERIVED = re.compile(r"(?:(\d+)\s*\*\s*)?([A-Za-z_]\w*)(?:\s*\*\s*(\d+))?(?:\s*([+-])\s*(\d+))?")


@dataclass(frozen=True)
class Part:
    """One graph to be.

    `module` is in eval mode, is called with its inputs in their order and returns a tensor, or a tuple in the order of
    `outputs`. Names in shapes are lengths that vary. The first of `sizes` is the usual one. `given` makes the inputs
    for some lengths; without it they are made up, see `made_up`. `derived` are lengths of inputs that hang on others,
    as "4*frames" or "frames+1"; `least` and `most` are bounds of lengths, from 1 on without them. `tolerance` is
    the largest difference from torch in fp32. `rows` names the length that counts independent rows: in int8 they are
    run one by one, since they would change each other.
    """

    role: str
    module: nn.Module
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    sizes: tuple[Lengths, ...]
    given: Callable[[Lengths], dict[str, torch.Tensor]] | None = None
    derived: Mapping[str, str] = field(default_factory=dict)
    least: Lengths = field(default_factory=dict)
    tolerance: float = 1e-3
    most: Lengths = field(default_factory=dict)
    rows: str = "batch"

    def names(self) -> list[str]:
        """The lengths of the inputs that vary, each once."""
        return list(dict.fromkeys(name for tensor in self.inputs for name in tensor.shape if isinstance(name, str)))

    def relation(self, name: str) -> tuple[int, str, int] | None:
        """(a, other, b), where the length `name` is a times the length `other` plus b; None where it is free."""
        words = self.derived.get(name, "" if name.isidentifier() else name)
        if not words:
            return None
        found = _DERIVED.fullmatch(words.strip())
        if found is None or found[2] == name:
            raise HitpointError(f"the graph '{self.role}': the length '{words}' is not of the form 4*frames+1")
        times = int(found[1] or 1) * int(found[3] or 1)
        return times, found[2], int(found[4] + found[5]) if found[4] else 0

    def free(self) -> list[str]:
        """The lengths that hang on no other."""
        named = [self.relation(name) for name in self.names()]
        return list(dict.fromkeys(at[1] if at else name for name, at in zip(self.names(), named, strict=True)))

    def lengths(self, sizes: Lengths) -> dict[str, int]:
        """All lengths, of which `sizes` states the free ones; the first of the part's own fill up what it lacks."""
        known = {**(self.sizes[0] if self.sizes else {}), **sizes}
        for name in self.names():
            if at := self.relation(name):
                times, other, more = at
                known[name] = times * self._known(known, other) + more
            self._known(known, name)
        return known

    def inputs_for(self, sizes: Lengths) -> tuple[torch.Tensor, ...]:
        """The inputs in their order, checked."""
        lengths = self.lengths(sizes)
        given = self.given(lengths) if self.given else self.made_up(lengths)
        if wrong := sorted(given.keys() ^ {tensor.name for tensor in self.inputs}):
            raise HitpointError(f"the graph '{self.role}': its input '{wrong[0]}' is missing or too many")
        for tensor in self.inputs:
            check(f"the graph '{self.role}': the input", tensor, given[tensor.name], lengths)
        return tuple(given[tensor.name].contiguous() for tensor in self.inputs)

    def made_up(self, lengths: Lengths) -> dict[str, torch.Tensor]:
        """Inputs for all lengths: noise for fractions, ones and zeros for truths with a one in every row, small whole
        numbers. The same every time.
        """
        chance = torch.Generator().manual_seed(0)
        return {tensor.name: _noise(tensor, lengths, chance) for tensor in self.inputs}

    def _known(self, lengths: Lengths, name: str) -> int:
        if name not in lengths:
            raise HitpointError(f"the graph '{self.role}': no size is stated for the length '{name}'")
        return lengths[name]


def check(what: str, said: Tensor, value: Any, lengths: dict[str, int]) -> None:
    """Raises where a torch tensor or an array is not what was said; names that `lengths` lacks are added to it."""
    shape, dtype = tuple(value.shape), str(value.dtype).removeprefix("torch.")
    fits = dtype == said.dtype and len(shape) == len(said.shape)
    for found, wanted in zip(shape, said.shape, strict=False):
        fits = fits and found == (wanted if isinstance(wanted, int) else lengths.setdefault(wanted, found))
    if not fits:
        words = ", ".join(f"{n}={lengths[n]}" if n in lengths else str(n) for n in said.shape)
        raise HitpointError(f"{what} '{said.name}' is {dtype} {shape}, and {said.dtype} ({words}) was said")


def _noise(said: Tensor, lengths: Lengths, chance: torch.Generator) -> torch.Tensor:
    shape = [n if isinstance(n, int) else lengths[n] for n in said.shape]
    dtype = DTYPES[said.dtype]
    if dtype.is_floating_point:
        return torch.randn(shape, generator=chance).to(dtype)
    if dtype is torch.bool:
        truths = torch.rand(shape, generator=chance) < 0.7
        if shape:
            truths[..., 0] = True
        return truths
    return torch.randint(0, _NUMBERS, shape, generator=chance).to(dtype)


def all_sizes(part: Part) -> Iterator[dict[str, int]]:
    """The lengths of every check, completed."""
    if not part.sizes:
        raise HitpointError(f"the graph '{part.role}': no sizes to hold it against torch at")
    for sizes in part.sizes:
        yield part.lengths(sizes)
