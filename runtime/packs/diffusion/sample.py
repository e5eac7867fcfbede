"""From noise to latents: the loop that every diffusion pack runs in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import EngineError, UsageError
from ...progress import Progress, silent
from .asking import AskedOf, Asking
from .guidance import Guidance, Model
from .keeping import Held, Keep, walk
from .noise import noise
from .pace import Pace
from .prediction import Latents, Predicts, clean_of
from .schedule import Cosine, Point, Schedule, Spacing, points
from .solver import Method, Solver
from .windows import Laid, Windows


@dataclass(frozen=True)
class Sampling:
    """How a model is sampled."""

    schedule: Schedule = field(default_factory=Cosine)
    predicts: Predicts = "v"
    method: Method = "unipc"
    spacing: Spacing = "level"
    steps: int = 30
    guidance: Guidance = field(default_factory=Guidance)

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise UsageError(f"music cannot be made in {self.steps} steps: give at least 1")


# Layers of noise that a run with kept places draws besides are its own, one for each start: latents under the noise
# that they were made from are none that the model knows.
OWN = 2**32

# Diff-V2M as it was released: 250 steps, guidance 3.
DIFFV2M = Sampling(method="ddim", spacing="time", steps=250)


def sample(
    model: Model,
    channels: int,
    length: int,
    asked_of: AskedOf,
    *,
    seed: int,
    sampling: Sampling | None = None,
    windows: Windows | None = None,
    start: int = 0,
    keep: Keep | None = None,
    progress: Progress = silent,
    words: str = "making music",
) -> Latents:
    """(channels, length) for the places from `start` on.

    The same seed gives the same noise at a place, whatever else is asked. `progress` is told before each batch
    of windows and may raise Cancelled. What `keep` keeps is as long as what is asked for.
    """
    sampling, windows = sampling or Sampling(), windows or Windows()
    laid = windows.lay(length)
    line = points(sampling.schedule, sampling.steps, sampling.spacing)
    asking = Asking(asked_of, sampling.guidance, laid, start, windows.batch)
    held = Held.of(keep, len(line), laid.places) if keep else None
    steps = list(walk(len(line), keep.repeats, keep.jump) if keep else walk(len(line), 0, len(line)))
    run = _Run(model, asking, laid, sampling.predicts, Pace(progress, len(steps) * len(asking), words))
    solver = Solver(sampling.method)

    x = noise(seed, channels, start, start + laid.places)
    if held:
        over = noise(seed, channels, start, start + laid.places, OWN + start)
        x = np.where(held.at(0), np.float32(line[0].alpha) * held.latents + np.float32(line[0].sigma) * over, x)
    clean, layer = x, 1
    stayed = held.at(0) if held else None
    for step, back in steps:
        clean = run.clean(x, line[step], f"step {step + 1} of {len(line)}")
        fresh = None
        if held and stayed is not None:
            stays = held.at(step)
            clean = np.where(stays, held.latents, clean)
            fresh, stayed = stayed & ~stays, stays
        if step == len(line) - 1:
            break
        x = solver.advance(x, clean, line[step], line[step + 1], fresh)
        if back is not None:
            layer += 1
            more = noise(seed, channels, start, start + laid.places, layer * OWN + start)
            x = noisier(x, more, line[step + 1], line[back])
            solver.forget()
    return np.ascontiguousarray(clean[:, :length])


def noisier(x: Latents, more: Latents, here: Point, there: Point) -> Latents:
    """Latents as noisy as an earlier point is, by noise that is new."""
    ratio = there.alpha / here.alpha
    added = max(there.sigma**2 - (ratio * here.sigma) ** 2, 0.0) ** 0.5
    return np.float32(ratio) * x + np.float32(added) * more


class _Run:
    """The model over all windows of a piece."""

    def __init__(self, model: Model, asking: Asking, laid: Laid, predicts: Predicts, pace: Pace) -> None:
        self._model, self._asking, self._laid, self._predicts, self._pace = model, asking, laid, predicts, pace
        self._weights = laid.weights()

    def clean(self, x: Latents, at: Point, words: str) -> Latents:
        """What the model says of the clean latents. Shapes (channels, places)."""
        size, starts = self._laid.size, self._laid.starts
        predicted = np.zeros_like(x)
        for batches in self._asking:
            self._pace.next(words)
            for batch in batches:
                seen = np.stack([x[:, starts[n] : starts[n] + size] for n in batch.windows])
                answers = batch.question.put(self._model, seen, at.time)
                if not np.isfinite(answers).all():
                    raise EngineError(f"the model answered with no numbers at {words} (time {at.time:.3f})")
                for n, answer in zip(batch.windows, answers, strict=True):
                    predicted[:, starts[n] : starts[n] + size] += self._weights[n] * answer
        return clean_of(self._predicts, x, predicted, at)
