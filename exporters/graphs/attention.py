"""Attention with masks of truths, as graphs and half precision can bear it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

FAR = -1e4  # e to this is 0 in every precision, and half precision can still hold it


class AdditiveMasks(TorchFunctionMode):
    """While this is entered, attention adds 0 or FAR where it would have masked by truths.

    Torch's own export writes the least number of 32 bits there, which is minus infinity in 16 and makes NaN of what is
    added to it. A row that is masked whole gives zeros in torch and anything in a graph: at least one key stays.
    """

    def __torch_function__(self, func: Any, types: Sequence[type], args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is functional.scaled_dot_product_attention:
            if len(args) > 3:
                args = (*args[:3], additive(args[3], args[0].dtype), *args[4:])
            elif "attn_mask" in kwargs:
                kwargs["attn_mask"] = additive(kwargs["attn_mask"], args[0].dtype if args else kwargs["query"].dtype)
        return func(*args, **kwargs)


def additive(mask: torch.Tensor | None, dtype: torch.dtype = torch.float32) -> torch.Tensor | None:
    """What is added to the scores: 0 where `mask` is true, FAR elsewhere. A mask of fractions stays what it is."""
    if mask is None or mask.dtype != torch.bool:
        return mask
    near, far = torch.zeros((), dtype=dtype), torch.full((), FAR, dtype=dtype)
    return torch.where(mask, near.to(mask.device), far.to(mask.device))
