"""What a run needs to go on, as a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ...runtime.mix.files import writing


def save(state: Mapping[str, Any], target: Path) -> None:
    """A checkpoint, in the place of the one before only when it is whole."""
    half = target.with_suffix(".half")
    with writing(target):
        torch.save(state, half)
        half.replace(target)
