"""Training a codec: one loop, on a GPU or a CPU.

A run is a folder: `log.csv` (a line every few steps), `checkpoint` (all that is needed to go on). All chance
hangs on the seed and the number of the step, so a run that was interrupted ends as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ... import __version__
from ...runtime.errors import Cancelled, EngineError, InputError, UsageError
from ...runtime.mix.files import writing
from ...runtime.packs.codec.likeness import likeness
from ...runtime.progress import Progress, silent
from ..training.checkpoint import save
from ..training.log import Log
from .config import LATENT_HOP, Config, from_json
from .critic import Critic, to_pass, to_tell
from .data import Crops, Held, held_out_crops
from .losses import Ear
from .model import Codec, middle_and_side

CHECKPOINT, LOG = "checkpoint", "log.csv"
COLUMNS = (
    "step", "seconds", "mel", "shape", "wave", "line", "grain", "kl", "spread", "tell", "pass", "match",
    "held_log_mel", "held_convergence",
)  # fmt: skip
_HELD = (8, 64 * LATENT_HOP)  # crops that are held out, and their samples
_CRITIC_EVERY = 2  # steps
_FIRST = 16  # batches that the bass is started from
_ASIDE = 1 << 40  # numbers of steps from here on draw what is only looked at


@dataclass(frozen=True)
class Often:
    """Steps between two lines of the log, and between two looks at what is held out; seconds between checkpoints."""

    log: int = 20
    held_out: int = 250
    checkpoint: float = 180.0


@dataclass
class Run:
    """All that changes while training."""

    config: Config
    seed: int
    codec: Codec
    critic: Critic
    average: Codec
    codec_optimiser: torch.optim.Optimizer
    critic_optimiser: torch.optim.Optimizer
    trained_on: str
    step: int = 0
    seconds: float = 0.0
    held: dict[str, float] = field(default_factory=dict)  # the last look at what is held out

    def state(self) -> dict[str, Any]:
        return {
            "config": self.config.name,
            "size": asdict(self.config.size),
            "plan": asdict(self.config.plan),
            "seed": self.seed,
            "step": self.step,
            "seconds": self.seconds,
            "code": __version__,
            "trained_on": self.trained_on,
            "machine": _machine(),
            **self.held,
            **{name: getattr(self, name).state_dict() for name in _PARTS},
        }


_PARTS = ("codec", "critic", "average", "codec_optimiser", "critic_optimiser")


def train(
    train_on: Sequence[Held],
    held_out: Sequence[Held],
    folder: Path,
    config: Config,
    *,
    seed: int = 0,
    trained_on: str = "sounds of somebody's own",
    steps: int | None = None,
    minutes: float | None = None,
    resume: bool = False,
    bf16: bool | None = None,
    often: Often | None = None,
    progress: Progress = silent,
) -> Run:
    """Trains up to `steps` (the plan's own without them), or as long as `minutes` allow, and leaves a checkpoint.

    `bf16` halves the precision of products; without it a GPU does. Raises Cancelled where
    `progress` does, after a checkpoint.
    """
    if steps is not None:
        config = replace(config, plan=replace(config.plan, steps=steps))
    often = often or Often()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    half = device.type == "cuda" if bf16 is None else bf16
    run = _resumed(folder, config, device) if resume else _begun(folder, config, seed, trained_on, device)
    crops = Crops(train_on, run.seed)
    if run.step == 0:
        _start(run, crops)
    ear = Ear(config.plan.windows, device)
    held = torch.from_numpy(held_out_crops(held_out, *_HELD)) if held_out else None
    started, kept = time.monotonic(), time.monotonic()
    before, total = run.seconds, config.plan.steps
    log = Log(folder / LOG, COLUMNS, run.step)
    try:
        while run.step < total:
            if minutes is not None and time.monotonic() - started > 60 * minutes:
                break
            said = step(run, crops, ear, device, half)
            run.seconds = before + time.monotonic() - started
            if run.step % often.held_out == 0 or run.step == total:
                run.held = _held_out(run.average, held, device)
                said |= run.held
            log.gather(said)
            if not run.step % often.log or "held_log_mel" in said:
                log.write({"step": run.step, "seconds": run.seconds})
            progress(run.step / total, f"step {run.step} of {total}: mel {said['mel']:.3f}")
            if time.monotonic() - kept > often.checkpoint:
                keep(run, folder, crops)
                kept = time.monotonic()
    except Cancelled:
        keep(run, folder, crops)
        raise
    finally:
        log.close()
    keep(run, folder, crops)
    return run


def step(run: Run, crops: Crops, ear: Ear, device: torch.device, half: bool) -> dict[str, float]:
    """One step: the codec's, and every second time the discriminator's. What it says goes into the log."""
    plan, size = run.config.plan, run.config.size
    sound = torch.from_numpy(crops.batch(run.step, plan.batch, plan.crop)).to(device)
    chance = torch.Generator().manual_seed(1_000_003 * run.seed + run.step)
    noise = torch.randn((plan.batch, size.latent, plan.crop), generator=chance).to(device)
    drawn = torch.randperm(len(plan.windows), generator=chance)[: plan.windows_a_step].tolist()
    paired = torch.rand((), generator=chance) < 0.5  # compared as left and right, or as middle and side
    at = int(torch.randint(0, plan.crop - plan.critic_crop + 1, (), generator=chance))
    _set_rate(run)
    # A batch with silence in it has other means than the corpus: once they are known they stay.
    run.codec.encoder.even.train(run.step < plan.steps // 2)
    with torch.autocast(device.type, torch.bfloat16, enabled=half):
        made, mean, spread = run.codec(sound, noise)
    one, other = (made, sound) if paired else (middle_and_side(made), middle_and_side(sound))
    heard = ear.compare(one, other, tuple(plan.windows[n] for n in drawn))
    kl = (mean.square() + (2 * spread).exp() - 1 - 2 * spread).mean() / 2
    loss = heard.total(plan.wave) + plan.kl * kl
    said = {**vars(heard), "kl": kl, "spread": spread.exp().mean()}
    if run.step >= plan.critic_from:
        part = slice(at * LATENT_HOP, (at + plan.critic_crop) * LATENT_HOP)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            if run.step % _CRITIC_EVERY == 0:
                tell = to_tell(run.critic, made[..., part], sound[..., part])
                _descend(tell, run.critic, run.critic_optimiser)
                said["tell"] = tell
            passed, matched = to_pass(run.critic, made[..., part], sound[..., part])
        loss = loss + plan.adversarial * passed + plan.matching * matched
        said |= {"pass": passed, "match": matched}
    if not bool(torch.isfinite(loss)):
        raise EngineError(f"training ran astray at step {run.step}: go on with another seed, or a lower rate")
    _descend(loss, run.codec, run.codec_optimiser)
    run.step += 1
    _average(run)
    return {name: float(value.detach()) for name, value in said.items()}


def _descend(loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()


def _set_rate(run: Run) -> None:
    """Rises while it warms up, stays, and falls to a twentieth at the end."""
    plan = run.config.plan
    rise = min(1.0, (run.step + 1) / plan.warm_up)
    left = (plan.steps - run.step) / max(1.0, plan.settle * plan.steps)
    rate = plan.rate * rise * (0.05 ** (1 - left) if left < 1 else 1.0)
    for optimiser in (run.codec_optimiser, run.critic_optimiser):
        for group in optimiser.param_groups:
            group["lr"] = rate


@torch.no_grad()
def _average(run: Run) -> None:
    """The moving average follows closely at first."""
    keep = min(run.config.plan.average, (1 + run.step) / (10 + run.step))
    mine: list[Tensor] = list(run.average.parameters())
    theirs: list[Tensor] = list(run.codec.parameters())
    torch._foreach_lerp_(mine, theirs, 1 - keep)
    for kept, new in zip(run.average.buffers(), run.codec.buffers(), strict=True):
        kept.copy_(new)


@torch.no_grad()
def _held_out(codec: Codec, held: Tensor | None, device: torch.device) -> dict[str, float]:
    """How near the averaged weights come to what they never saw, through the means alone."""
    if held is None:
        return {}
    found = []
    for crop in held:
        mean, _ = codec.encoder(crop[None].to(device))
        made = codec.decoder(mean)[0].float().cpu()
        found.append(likeness(made.T.numpy(), crop.T.numpy()))
    return {
        "held_log_mel": sum(one.log_mel for one in found) / len(found),
        "held_convergence": sum(one.convergence for one in found) / len(found),
    }


@torch.no_grad()
def _latents(run: Run, crops: Crops) -> dict[str, Tensor]:
    """Mean and standard deviation of each latent channel, as the averaged encoder hears the corpus."""
    device = next(run.average.parameters()).device
    plan = run.config.plan
    means = []
    for n in range(_FIRST):
        heard = torch.from_numpy(crops.batch(_ASIDE + n, plan.batch, plan.crop)).to(device)
        means.append(run.average.encoder(heard)[0].float().cpu())
    found = torch.cat(means).transpose(0, 1).flatten(1)
    return {"mean": found.mean(1), "deviation": found.std(1).clamp_min(1e-3)}


def _machine() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU"


def _begun(folder: Path, config: Config, seed: int, trained_on: str, device: torch.device) -> Run:
    if (folder / CHECKPOINT).exists():
        raise UsageError(f"{folder} holds a run already: --resume goes on with it, or give the new one another folder")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return _made(config, seed, trained_on, device)


def _start(run: Run, crops: Crops) -> None:
    device = next(run.codec.parameters()).device
    heard = [crops.batch(_ASIDE + n, run.config.plan.batch, run.config.plan.crop) for n in range(_FIRST)]
    run.codec.start(torch.from_numpy(np.concatenate(heard)).to(device))
    run.average.load_state_dict(run.codec.state_dict())


def _made(config: Config, seed: int, trained_on: str, device: torch.device) -> Run:
    torch.manual_seed(seed)
    codec, average = Codec(config.size).to(device), Codec(config.size).to(device).requires_grad_(False)
    critic = Critic(config.plan.critic_width).to(device)
    average.load_state_dict(codec.state_dict())
    average.eval()
    optimisers = [
        torch.optim.AdamW(part.parameters(), config.plan.rate, betas=(0.8, 0.99), weight_decay=1e-3)
        for part in (codec, critic)
    ]
    return Run(config, seed, codec, critic, average, optimisers[0], optimisers[1], trained_on)


def _resumed(folder: Path, config: Config, device: torch.device) -> Run:
    """Goes on with a run, under the plan that is asked for now."""
    state = read(folder / CHECKPOINT)
    if from_json(state["size"]) != config.size:
        raise UsageError(f"{folder} holds a run of the configuration {state['config']}: say --config {state['config']}")
    run = _made(config, state["seed"], state["trained_on"], device)
    for name in _PARTS:
        getattr(run, name).load_state_dict(state[name])
    run.step, run.seconds = state["step"], state["seconds"]
    return run


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's contents. Only tensors and plain data are read, never code. Raises InputError."""
    if path.is_dir():
        path = path / CHECKPOINT
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if missing := [name for name in ("size", "step", "seed", *_PARTS) if name not in state]:
            raise KeyError(missing[0])
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such checkpoint; `hitpoint train codec` makes one") from None
    except Exception as error:  # torch raises many kinds of these
        raise InputError(f"{path}: is no checkpoint of a codec ({type(error).__name__})") from None
    return state


def trained(path: Path) -> tuple[Codec, dict[str, Any]]:
    """The averaged codec of a checkpoint, and what the run said of itself."""
    state = read(path)
    codec = Codec(from_json(state["size"]))
    codec.load_state_dict(state["average"])
    return codec.eval(), {name: value for name, value in state.items() if name not in _PARTS}


def keep(run: Run, folder: Path, crops: Crops) -> None:
    """A checkpoint of the run as it stands."""
    save({**run.state(), **_latents(run, crops)}, folder / CHECKPOINT)
