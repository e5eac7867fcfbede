"""What a model predicts, and what that says of the clean latents. x = alpha * clean + sigma * noise.

v = alpha * noise - sigma * clean
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .schedule import Point

Latents = NDArray[np.float32]  # (channels, places), or (batch, channels, places)
Predicts = Literal["v", "noise", "clean"]


def clean_of(predicts: Predicts, x: Latents, predicted: Latents, at: Point) -> Latents:
    if predicts == "v":
        return np.float32(at.alpha) * x - np.float32(at.sigma) * predicted
    if predicts == "noise":
        return np.float32(1 / at.alpha) * x - np.float32(at.sigma / at.alpha) * predicted
    return predicted


def noise_of(predicts: Predicts, x: Latents, predicted: Latents, at: Point) -> Latents:
    if predicts == "v":
        return np.float32(at.sigma) * x + np.float32(at.alpha) * predicted
    if predicts == "noise":
        return predicted
    return np.float32(1 / at.sigma) * x - np.float32(at.alpha / at.sigma) * predicted


def target(predicts: Predicts, clean: Latents, noise: Latents, at: Point) -> Latents:
    """What a perfect model would predict, were these the clean latents and the noise."""
    if predicts == "v":
        return np.float32(at.alpha) * noise - np.float32(at.sigma) * clean
    return noise if predicts == "noise" else clean
