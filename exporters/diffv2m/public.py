"""Weights from outside: the public Diff-V2M checkpoint, or Stable Audio Open as a beginning.

What is in a local folder is read as safetensors or as weights alone, never as code. Of a Diff-V2M checkpoint every name and
every shape must be the one that a model of its size has; the size is read off the shapes. Of Stable Audio Open what fits is
taken: its one cross-attention begins all three, and what it lacks begins as it would in training.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...runtime.errors import InputError
from ..outside import weights
from ..outside.weights import Weights
from .config import FUSIONS, WIDTHS, Config, Rhythm, config
from .model import DiffV2M

FILES = ("model.safetensors", "model.ckpt", "model_odf.ckpt", "state_dict.ckpt", "pytorch_model.bin")
RATE, HOP = 44_100, 2048
_DIT, _TOLD, _CODEC = "model.model.", "conditioner.", "pretransform."
_TRAINING = "diffusion."  # what a training run puts before every name
_AVERAGE = "diffusion_ema.ema_model."
# Released modules that nothing runs through, and what only training needs.
_DEAD = re.compile(
    r"conditioner\.conditioners\.((semantic|rhythm|color)\.proj_out\.|prompt\.)|(diffusion_ema|losses)\.|.*\.rotary_pos_emb\.scale$"
)
_BLOCK = re.compile(r"transformer\.layers\.(\d+)\.")


@dataclass(frozen=True)
class Found:
    """A model with its weights. `kind` is what the folder holds; `file` and `sha256` say which weights these were."""

    model: DiffV2M
    kind: str
    file: str
    sha256: str
    taken: int  # of the transformer's tensors, how many were found
    fresh: tuple[str, ...]  # and which begin anew


def load(folder: Path, *, averaged: bool = False) -> Found:
    """`averaged` takes the moving average of a training checkpoint, which the released code does not. Raises InputError."""
    found = weights.find(folder, FILES)
    names, said = _names(found, averaged), _said(folder)
    if any(".cross_attn0." in name for name in names):
        return _released(found, names, said)
    if any(".cross_attn.to_q" in name for name in names):
        return _seeded(found, names, said)
    raise InputError(
        f"{found.where} is neither a Diff-V2M nor a Stable Audio Open: it has no cross-attention of theirs"
    )


def _said(folder: Path) -> dict[str, Any]:
    """What model_config.json says of the transformer, where there is one."""
    path = folder / "model_config.json"
    if not path.is_file():
        return {}
    said = weights.read_json(path)
    try:
        inner = said["model"]["diffusion"]["config"]
        return dict(inner) if isinstance(inner, dict) else {}
    except (KeyError, TypeError):
        return {}


def _names(found: Weights, averaged: bool) -> dict[str, str]:
    """My names -> theirs, of all that is there."""
    shapes = found.shapes
    training = any(name.startswith(_TRAINING) for name in shapes)
    if averaged and not any(name.startswith(_AVERAGE) for name in shapes):
        raise InputError(f"{found.where} holds no averaged weights: leave --averaged out")
    names: dict[str, str] = {}
    for name in shapes:
        mine = name.removeprefix(_TRAINING) if training else name
        names[mine.replace("conditioners.class.", "conditioners.kind.")] = name
    if averaged:
        names |= {"model." + name.removeprefix(_AVERAGE): name for name in shapes if name.startswith(_AVERAGE)}
    return names


def _released(found: Weights, names: Mapping[str, str], said: Mapping[str, Any]) -> Found:
    model = _empty(_config(found, names, said))
    wanted = {name: tuple(value.shape) for name, value in model.state_dict().items() if not _is_constant(name)}
    missing = [name for name in wanted if name not in names]
    if missing:
        raise InputError(f"{found.where} lacks '{missing[0]}'" + _and_more(len(missing)))
    for name, shape in wanted.items():
        if found.shapes[names[name]] != shape:
            raise InputError(
                f"{found.where}: '{names[name]}' is {found.shapes[names[name]]}, and the rest of it says {shape}"
            )
    known = [*wanted, *(name for name in names if _is_constant(name) or _DEAD.match(name) or name.startswith(_CODEC))]
    if extra := sorted(set(names) - set(known)):
        raise InputError(
            f"{found.where} has '{names[extra[0]]}'{_and_more(len(extra))}, which no such model knows: it is of another kind"
        )
    read = weights.floats(found.read(names[name] for name in wanted), found.where)
    _fill(model, {name: read[names[name]] for name in wanted})
    return Found(model, "Diff-V2M", found.files[0].name, found.sha256(), len(wanted), ())


def _seeded(found: Weights, names: Mapping[str, str], said: Mapping[str, Any]) -> Found:
    """A model of our own kind in the size of what was found."""
    size = _config(found, names, said)
    torch.manual_seed(0)
    model = DiffV2M(replace(size, policy="fixed", fusion="additive"), RATE / HOP).eval()
    state = model.state_dict()
    theirs = {mine: names.get(_theirs(mine), "") for mine in state if mine.startswith(_DIT) and not _is_constant(mine)}
    fitting = {mine: name for mine, name in theirs.items() if name and _fits(found.shapes[name], state[mine].shape)}
    if not any(".self_attn." in name for name in fitting):
        raise InputError(f"{found.where}: none of its attention fits a Diff-V2M: it is of another kind")
    read = weights.floats(found.read(set(fitting.values())), found.where)
    for mine, name in fitting.items():
        part = tuple(slice(0, n) for n in read[name].shape)
        with torch.no_grad():
            if read[name].shape != state[mine].shape:
                state[mine].zero_()  # new inputs count for nothing at first
            state[mine][part].copy_(read[name])
    fresh = tuple(sorted(set(theirs) - set(fitting)))
    return Found(model, "Stable Audio Open", found.files[0].name, found.sha256(), len(fitting), fresh)


def _theirs(mine: str) -> str:
    """Stable Audio Open has one cross-attention and one norm before it where Diff-V2M has three and two."""
    name = re.sub(r"\.cross_attn[012]\.", ".cross_attn.", mine)
    return name.replace(".color_norm.", ".cross_attend_norm.")


def _fits(theirs: tuple[int, ...], mine: tuple[int, ...]) -> bool:
    """Equal, or wider in what goes in, where latents have further channels beside them."""
    return len(theirs) == len(mine) and all(
        a == b or ((n > 0 or len(mine) == 3) and 0 < b - a <= 2)
        for n, (a, b) in enumerate(zip(theirs, mine, strict=True))
    )


def _config(found: Weights, names: Mapping[str, str], said: Mapping[str, Any]) -> Config:
    """The size, from shapes, and from what the folder says of the model where it says anything."""

    def shape(name: str, least: int) -> tuple[int, ...]:
        held = found.shapes.get(names.get(name, ""), ())
        if len(held) < least:
            raise InputError(f"{found.where} lacks '{name}', or it has no such shape")
        return held

    dit = f"{_DIT}transformer."
    width, channels = shape(f"{dit}project_in.weight", 2)
    blocks = [int(number[1]) for name in names if name.startswith(_DIT) and (number := _BLOCK.search(name))]
    released = f"{dit}layers.0.cross_attn0.to_kv.weight" in names
    context = shape(f"{dit}layers.0.cross_attn{'0' if released else ''}.to_kv.weight", 2)[1]
    turning = 2 * shape(f"{dit}rotary_pos_emb.inv_freq", 1)[0]
    inner = shape(f"{dit}layers.0.ff.ff.2.weight", 2)[1]
    told_heads = said.get("num_heads")
    head = width // told_heads if isinstance(told_heads, int) and told_heads > 0 else _head(turning, width, context)
    usual = config("paper", policy="compat")
    size: dict[str, Any] = {
        "channels": channels, "depth": max(blocks) + 1, "width": width, "heads": width // head, "context": context,
        "inner": inner, "turning": turning,
    }  # fmt: skip
    if max(size.values()) > 1 << 16 or not blocks:
        raise InputError(f"{found.where}: no model of this kind is that large")
    told = f"{_TOLD}conditioners."
    if released:
        predictor = f"{told}semantic.extractor.transformer."
        layers = [int(n[1]) for name in names if (n := re.match(re.escape(predictor) + r"layers\.(\d+)\.", name))]
        predicted = shape(f"{predictor}project_in.weight", 2)[0]
        rhythm_width = shape(f"{told}rhythm.proj_out1.weight", 2)[1]
        size |= {
            "predictor_depth": max(layers, default=-1) + 1, "predictor_width": predicted,
            "predictor_heads": predicted // (4 * shape(f"{predictor}rotary_pos_emb.inv_freq", 1)[0]) or 1,
            "predictor_inner": shape(f"{predictor}layers.0.ff.ff.2.weight", 2)[1],
            "rhythm_middle": shape(f"{told}rhythm.proj_out1.weight", 2)[0],
            "colour_middle": shape(f"{told}color.proj_out1.weight", 2)[0],
        }  # fmt: skip
        kinds: list[Rhythm] = [kind for kind, wide in WIDTHS.items() if wide == rhythm_width]
        if not kinds:
            raise InputError(f"{found.where}: a rhythm of {rhythm_width} numbers a second is none that hitpoint knows")
        size["film"] = _film(found, names, usual.film)
        return replace(usual, name="released", fusion=_fusion(names, said), rhythm=kinds[0], window=646, **size)
    wide = min(usual.predictor_width, width)
    size |= {
        "predictor_depth": min(usual.predictor_depth, size["depth"]), "predictor_width": wide,
        "predictor_heads": max(wide // min(head, 64), 1), "predictor_inner": 4 * wide,
        "rhythm_middle": min(usual.rhythm_middle, width), "colour_middle": min(usual.colour_middle, width),
    }  # fmt: skip
    return replace(usual, name="seeded", window=646, **size)


def _head(turning: int, width: int, context: int) -> int:
    """A head turns half of its dimensions, at least 32 of them."""
    head = 2 * turning if turning != 32 or (width % 64 == 0 and context % 64 == 0) else turning
    return head if width % head == 0 and context % head == 0 else turning


def _film(found: Weights, names: Mapping[str, str], usual: int) -> int:
    held = found.shapes.get(names.get(f"{_DIT}transformer.layers.0.FiLM_gamma_sem.0.weight", ""), ())
    return held[0] if held else usual


def _fusion(names: Mapping[str, str], said: Mapping[str, Any]) -> str:
    """What the folder says, or what can be told by the parameters; a shipped checkpoint with FiLM chooses."""
    first = f"{_DIT}transformer.layers.0."
    if said.get("attention_weight_type") in FUSIONS:
        return str(said["attention_weight_type"])
    if f"{first}FiLM_gamma_sem.0.weight" in names:
        return "FiLM_choose"
    return "gate" if f"{first}gate.0.weight" in names else "additive"


def _empty(size: Config) -> DiffV2M:
    with torch.device("meta"):
        return DiffV2M(size, RATE / HOP)


def _fill(model: DiffV2M, state: Mapping[str, Tensor]) -> None:
    """Weights in the place of the empty ones; constants anew."""
    fresh = DiffV2M(replace(model.config, depth=1, predictor_depth=1), model.rate)
    constants = dict(fresh.named_buffers())
    model.load_state_dict(dict(state), strict=False, assign=True)
    for name, buffer in list(model.named_buffers()):
        if buffer.is_meta:
            module_name, _, key = name.rpartition(".")
            like = re.sub(r"layers\.\d+\.", "layers.0.", name)
            model.get_submodule(module_name)._buffers[key] = constants[like].clone()
    model.eval().requires_grad_(False)


def _is_constant(name: str) -> bool:
    return name.endswith((".beta", ".inv_freq"))


def _and_more(count: int) -> str:
    return f" and {count - 1} more" if count > 1 else ""
