"""How far a codec looks, by interval arithmetic: what of its input a stretch of its output hangs on."""

from __future__ import annotations

from .config import FRAMES, Size, Stack
from .spectra import AFTER, BEFORE

Span = tuple[int, int]  # first and last, both heard

_ENTER = 1  # latent frames to either side that the decoder's first layer looks


def decoder_reach(size: Size) -> Span:
    """Latent frames before and after its own that a frame's worth of sound hangs on."""
    low, high = 0, FRAMES - 1  # of the spectrum's frames, in which a latent frame's samples lie
    low, high = low - AFTER, high + BEFORE  # frames that reach into these samples
    low, high = _through(size.decoder_fast, low, high)
    low, high = low // FRAMES, high // FRAMES
    low, high = _through(size.decoder_slow, low, high)
    return _ENTER - low, high + _ENTER


def encoder_reach(size: Size) -> Span:
    """Latent frames of sound before and after its own that a latent frame hangs on."""
    low, high = _through(size.encoder_slow, 0, 0)
    low, high = FRAMES * low, FRAMES * high + FRAMES - 1
    low, high = _through(size.encoder_fast, low, high)
    low, high = low - BEFORE, high + AFTER
    return -(low // FRAMES), high // FRAMES


def reach(size: Size) -> int:
    """Latent frames to either side that suffice for both halves."""
    return max(*decoder_reach(size), *encoder_reach(size))


def _through(stack: Stack, low: int, high: int) -> Span:
    side = stack.blocks * (stack.kernel // 2)
    return low - side, high + side
