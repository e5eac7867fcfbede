"""Training a Diff-V2M: one loop, on a GPU or a CPU.

A run is a folder: `checkpoint` (all that is needed to go on, and the averaged weights), `log.csv` and `validation.csv`. All
chance hangs on the seed and the number of the step, so a run that was interrupted ends as one that was not. It needs torch
and numpy alone, and a folder of latents.
"""

from __future__ import annotations

import copy
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ... import __version__
from ...runtime.errors import InputError, UsageError
from ...runtime.mix.files import writing
from ...runtime.progress import Progress, silent
from ..training.checkpoint import save
from ..training.log import Log
from .config import Config
from .data import Batch, Scales, Windows, stacked
from .latents import Coding, Piece, Shelf
from .model import DiffV2M
from .objective import RELEASED, TIMES, Plan, losses, times, validation

CHECKPOINT = "checkpoint"
LOG = ("step", "seconds", "diffusion", "rhythm", "gradient", "rate")
VALIDATION = ("step", "seconds", *(f"mse_{t:g}" for t in TIMES), "mse_predicted", "rhythm")
_WATCHED = (16, 4)  # windows that are watched, and how many at once
_EMA_POWER = 0.75


@dataclass(frozen=True)
class Often:
    """Steps between two lines of the log and between two validations; seconds between checkpoints."""

    log: int = 20
    validation: int = 250
    checkpoint: float = 180.0


@dataclass
class Run:
    """All that changes while training, and what decides how."""

    config: Config
    plan: Plan
    coding: Coding
    scales: Scales
    seed: int
    model: DiffV2M
    average: DiffV2M
    optimiser: torch.optim.Optimizer
    heard: str = ""  # what it is trained on, and on which machine
    step: int = 0
    seconds: float = 0.0

    def state(self) -> dict[str, Any]:
        return {
            "config": self.config.to_json(),
            "plan": asdict(self.plan),
            "coding": asdict(self.coding),
            "scales": asdict(self.scales),
            "seed": self.seed,
            "heard": self.heard,
            "step": self.step,
            "seconds": self.seconds,
            "code": __version__,
            **{name: getattr(self, name).state_dict() for name in _PARTS},
        }


_PARTS = ("model", "average", "optimiser")


def train(
    shelf: Shelf,
    folder: Path,
    config: Config,
    *,
    plan: Plan | None = None,
    seed: int = 0,
    minutes: float | None = None,
    resume: bool = False,
    bf16: bool | None = None,
    often: Often | None = None,
    progress: Progress = silent,
) -> Run:
    """Trains up to the steps of `config.training`, or as long as `minutes` allow, and leaves a checkpoint.

    `bf16` halves the precision of products; without it a GPU does. Raises what `progress` raises, after a checkpoint.
    """
    often = often or Often()
    plan = plan or (Plan() if config.fixed else RELEASED)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    half = device.type == "cuda" if bf16 is None else bf16
    if not shelf.train():
        raise InputError("there is nothing to train on: all pieces are held out (their seeds are 1000000 and more)")
    run = (
        _resumed(folder, config, shelf.coding, device) if resume else _begun(folder, shelf, config, plan, seed, device)
    )
    windows = Windows(shelf.train(), run.coding, run.config, run.scales, run.seed)
    watched = _watched(shelf.held_out() or shelf.train()[:8], run, device)
    started, kept, before, total = time.monotonic(), time.monotonic(), run.seconds, run.config.training.steps
    log, validated = Log(folder / "log.csv", LOG, run.step), Log(folder / "validation.csv", VALIDATION, run.step)
    try:
        while run.step < total and (minutes is None or time.monotonic() - started < 60 * minutes):
            said = step(run, windows, device, half)
            run.seconds = before + time.monotonic() - started
            log.gather(said)
            if run.step % often.log == 0 or run.step == total:
                log.write({"step": run.step, "seconds": run.seconds})
            if run.step % often.validation == 0 or run.step == total:
                with torch.autocast(device.type, torch.bfloat16, enabled=half):
                    validated.gather(validation(run.average, watched, run.seed))
                validated.write({"step": run.step, "seconds": run.seconds})
            progress(run.step / total, f"step {run.step} of {total}: {said['diffusion']:.3f}")
            if time.monotonic() - kept > often.checkpoint:
                keep(run, folder)
                kept = time.monotonic()
    finally:
        keep(run, folder)
        log.close()
        validated.close()
    return run


def step(run: Run, windows: Windows, device: torch.device, half: bool) -> dict[str, float]:
    """One step; what it says goes into the log."""
    training = run.config.training
    batch = windows.batch(run.step, training.batch)
    chance = torch.Generator().manual_seed(1_000_003 * run.seed + run.step)
    noise = torch.randn(batch.latents.shape, generator=chance)
    t = times(run.seed, run.step, training.batch)
    rate = learning_rate(run.config, run.step)
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    run.model.train()
    run.optimiser.zero_grad(set_to_none=True)
    said = {"diffusion": 0.0, "rhythm": 0.0}
    at_once = training.at_once or training.batch
    for start in range(0, training.batch, at_once):
        some = slice(start, min(start + at_once, training.batch))
        part, share = batch.part(some.start, some.stop).to(device), (some.stop - some.start) / training.batch
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            diffusion, rhythm = losses(
                run.model, part, run.plan, t=t[some], noise=noise[some].to(device), done=run.step / training.steps,
                chance=chance,
            )  # fmt: skip
        torch.autograd.backward(share * (diffusion + rhythm))
        said["diffusion"] += share * float(diffusion.detach())
        said["rhythm"] += share * float(rhythm.detach())
    gradient = nn.utils.clip_grad_norm_(run.model.parameters(), training.clip or float("inf"))
    run.optimiser.step()
    run.step += 1
    average(run.average, run.model, run.step, training.ema)
    return {**said, "gradient": float(gradient.detach()), "rate": rate}


def learning_rate(config: Config, step: int) -> float:
    """InverseLR: rises as 1 - warmup ^ n and falls as the root of 1 + n / decay."""
    training = config.training
    return float(training.rate * (1 - training.warmup ** (step + 1)) * (1 + step / training.decay) ** -0.5)


@torch.no_grad()
def average(mean: DiffV2M, model: DiffV2M, step: int, most: float) -> None:
    """The moving average of the weights; it follows closely at first."""
    keep = min(most, 1 - (1 + step) ** -_EMA_POWER)
    torch._foreach_lerp_(list(mean.parameters()), list(model.parameters()), 1 - keep)


def _begun(folder: Path, shelf: Shelf, config: Config, plan: Plan, seed: int, device: torch.device) -> Run:
    if (folder / CHECKPOINT).exists():
        raise UsageError(f"{folder} holds a run already: --resume goes on with it, or give the new one another folder")
    if shelf.coding.channels != config.channels:
        raise UsageError(f"the codec has {shelf.coding.channels} channels, the size '{config.name}' {config.channels}")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    machine = torch.cuda.get_device_name(device) if device.type == "cuda" else "a CPU"
    run = _made(config, plan, shelf.coding, Scales.of(shelf.train(), config), seed, device)
    return replace(run, heard=f"{shelf.heard}, on {machine}")


def _made(config: Config, plan: Plan, coding: Coding, scales: Scales, seed: int, device: torch.device) -> Run:
    torch.manual_seed(seed)
    model = DiffV2M(config, coding.rate)
    mean = copy.deepcopy(model).eval().requires_grad_(False)
    model, mean = model.to(device), mean.to(device)
    optimiser = torch.optim.AdamW(
        model.parameters(), config.training.rate, betas=(0.9, 0.999), weight_decay=config.training.weight_decay
    )
    return Run(config, plan, coding, scales, seed, model, mean, optimiser)


def _resumed(folder: Path, config: Config, coding: Coding, device: torch.device) -> Run:
    """Goes on with a run, as far as is asked for now; its size stays what it was."""
    run = trained(folder, device)
    same = replace(config, training=run.config.training) == run.config
    if not same:
        raise UsageError(f"{folder} holds a run of another size or kind ({described(run.config)}): give those options")
    if coding.codec != run.coding.codec:
        raise UsageError(f"{folder} was trained on the latents of another codec")
    run.config = config
    return run


def trained(folder: Path, device: torch.device | str = "cpu") -> Run:
    """A run as its checkpoint has it. Only tensors and plain data are read, never code. Raises InputError."""
    path = folder / CHECKPOINT if folder.is_dir() else folder
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        config, plan = Config.of_json(state["config"]), Plan(**state["plan"])
        run = _made(
            config, plan, Coding(**state["coding"]), Scales(**state["scales"]), state["seed"], torch.device(device)
        )
        for name in _PARTS:
            getattr(run, name).load_state_dict(state[name])
        run.step, run.seconds, run.heard = state["step"], state["seconds"], str(state.get("heard", ""))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such checkpoint; `hitpoint train diffv2m` makes one") from None
    except Exception as error:  # torch raises many kinds of these
        raise InputError(f"{path}: is no checkpoint of a Diff-V2M ({type(error).__name__})") from None
    return run


def described(config: Config) -> str:
    return f"{config.name}, {config.policy}, {config.fusion}, {config.rhythm}"


def keep(run: Run, folder: Path) -> None:
    """A checkpoint of the run as it stands."""
    save(run.state(), folder / CHECKPOINT)


def _watched(pieces: tuple[Piece, ...], run: Run, device: torch.device) -> list[Batch]:
    """The same windows every time, spread over the pieces."""
    count, size = _WATCHED
    windows = Windows(pieces, run.coding, run.config, run.scales, run.seed)
    n = run.config.window
    found = []
    for number in range(count):
        piece = pieces[number % len(pieces)]
        room = max(piece.latents.shape[1] - n, 0)
        begin = room * (number // len(pieces) + 1) // (count // len(pieces) + 2)
        found.append(windows.window(piece, begin if run.config.fixed else 0, n))
    return [stacked(found[k : k + size]).to(device) for k in range(0, count, size)]
