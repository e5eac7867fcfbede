"""A sound's outline, measured and written as a file that `ui.state.waveform` reads."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import numpy as np

from ...runtime.mix.files import writing
from ...runtime.mix.wav import read_blocks
from ...runtime.progress import Progress
from ...runtime.rate import SAMPLE_RATE
from ..state.waveform import FINEST, FULL, encode


def write_peaks(wav: Path, out: Path, progress: Progress) -> Path:
    """Written beside and renamed: there is a whole file or none. Raises InputError where the sound cannot be read."""
    lows, highs, samples = [], [], 0
    rest = np.zeros((0, 2), np.float32)
    for block in read_blocks(wav):
        samples += len(block)
        progress(0.0, "drawing the waveform")
        whole = np.concatenate([rest, block])
        count = len(whole) // FINEST
        stretches = whole[: count * FINEST].reshape(count, FINEST * 2)
        lows.append(stretches.min(axis=1, initial=0.0))
        highs.append(stretches.max(axis=1, initial=0.0))
        rest = whole[count * FINEST :]
    if len(rest):
        lows.append(np.array([min(0.0, rest.min())]))
        highs.append(np.array([max(0.0, rest.max())]))
    low = np.concatenate(lows) if lows else np.zeros(0)
    high = np.concatenate(highs) if highs else np.zeros(0)
    pairs = np.stack([np.floor(np.clip(low, -1, 1) * FULL), np.ceil(np.clip(high, -1, 1) * FULL)], axis=1)
    data = encode(samples, SAMPLE_RATE, pairs.astype(np.int8).ravel().tolist())
    fresh = out.with_name(f".{uuid4().hex}.part")
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_bytes(data)
            fresh.replace(out)
        finally:
            fresh.unlink(missing_ok=True)
    return out
