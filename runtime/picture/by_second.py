"""What happens in a picture or a sound, second by second, as models take it: one value each whole second.

Second s stands for [s - 0.5, s + 0.5), as in Diff-V2M; what lies in the half second after the last one is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..edit import Edit
from .look import Array


def seconds_of(edit: Edit) -> int:
    """How many seconds an edit has, the last one begun counted whole."""
    return -(-edit.frames * edit.rate.fps.denominator // edit.rate.fps.numerator) if edit.frames > 0 else 0


def scene_onsets(edit: Edit) -> NDArray[np.int64]:
    """(seconds,): 1 where a cut is, else 0. Edges of titles are no cuts."""
    times = [edit.seconds(cut.frame) for cut in edit.cuts if not cut.maybe_overlay]
    return (strongest(times, np.ones(len(times)), seconds_of(edit)) > 0).astype(np.int64)


def strongest(
    times: Iterable[float] | NDArray[np.float64], strengths: Iterable[float] | NDArray[np.float64], seconds: int
) -> Array:
    """(seconds,): the greatest strength in each second; 0 where there is none, or none above 0."""
    out = np.zeros(seconds, np.float32)
    places = np.floor(np.asarray(list(times), np.float64) + 0.5).astype(np.int64)
    inside = (places >= 0) & (places < seconds)
    np.maximum.at(out, places[inside], np.asarray(list(strengths), np.float32)[inside])
    return out
