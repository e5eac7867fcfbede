"""A local folder that holds Oobleck, as diffusers or as stable-audio-tools lay it out; every name and shape is checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...runtime.errors import InputError
from ..outside import weights
from .oobleck import Oobleck, Shape

DIFFUSERS = "diffusion_pytorch_model.safetensors"
TOOLS = ("model.safetensors", "model.ckpt")
_TOOLS_CONFIG, _PREFIX = "model_config.json", "pretransform.model."
_MOST = 4096  # channels


@dataclass(frozen=True)
class Found:
    """A model with its weights, and what these were: `file` by name, and the SHA-256 of all of it."""

    model: Oobleck
    file: str
    sha256: str


def load(folder: Path) -> Found:
    """From a folder with config.json and weights, or with `vae/` that holds them, or with model_config.json."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    if (folder / _TOOLS_CONFIG).is_file():
        shape, found = tools_shape(folder / _TOOLS_CONFIG), weights.find(folder, TOOLS)
        # A training run puts its own word before all names.
        prefixes = (_PREFIX, f"diffusion.{_PREFIX}")
        prefix = next((each for each in prefixes if any(name.startswith(each) for name in found.shapes)), "")
        names = {mine: f"{prefix}{theirs}" for mine, theirs in tools_names(shape).items()}
    else:
        inner = folder / "vae" if (folder / "vae").is_dir() else folder
        shape, found, prefix = diffusers_shape(inner / "config.json"), weights.find(inner, (DIFFUSERS,)), ""
        names = diffusers_names(shape)
    with torch.device("meta"):
        model = Oobleck(shape)
    model.load_state_dict(_read(found, model, names, prefix), assign=True)
    return Found(model.eval().requires_grad_(False), found.files[0].name, found.sha256())


def diffusers_shape(path: Path) -> Shape:
    said = weights.read_json(path)
    if said.get("_class_name") != "AutoencoderOobleck":
        raise InputError(f"{path} describes {said.get('_class_name')!r:.60}, and AutoencoderOobleck is wanted")
    return _shape(
        path,
        encoder=said.get("encoder_hidden_size", 128),
        decoder=said.get("decoder_channels", 128),
        multiples=said.get("channel_multiples", [1, 2, 4, 8, 16]),
        strides=said.get("downsampling_ratios", [2, 4, 4, 8, 8]),
        latent=said.get("decoder_input_channels", 64),
        channels=said.get("audio_channels", 2),
        rate=said.get("sampling_rate", 44100),
        inside=said.get("encoder_hidden_size", 128),
    )


def tools_shape(path: Path) -> Shape:
    said = weights.read_json(path)
    try:
        model = said["model"]
        inner = model["pretransform"]["config"] if "pretransform" in model else model
        encoder, decoder = inner["encoder"], inner["decoder"]
        kinds = {encoder["type"], decoder["type"]}
        one, other = encoder["config"], decoder["config"]
        if not (one.get("use_snake") and other.get("use_snake")) or other.get("final_tanh", True):
            raise InputError(f"{path}: an Oobleck without Snake, or with a tanh at its end, is not read")
        if kinds != {"oobleck"} or inner.get("bottleneck", {}).get("type") != "vae":
            raise InputError(f"{path} describes no Oobleck with a variational bottleneck")
        if one["c_mults"] != other["c_mults"] or one["strides"] != other["strides"]:
            raise InputError(f"{path}: an Oobleck whose halves differ is not read")
        return _shape(
            path, encoder=one["channels"], decoder=other["channels"], multiples=one["c_mults"], strides=one["strides"],
            latent=inner["latent_dim"], channels=inner["io_channels"], rate=said["sample_rate"], inside=one["latent_dim"],
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} describes no Oobleck: it lacks {error}") from None


def diffusers_names(shape: Shape) -> dict[str, str]:
    """My layers by name -> theirs."""
    count = len(shape.strides)
    names: dict[str, str] = {}
    for half, block, units in _HALVES:
        names[f"{half}.0"] = f"{half}.conv1"
        for number in range(count):
            for mine, theirs in _inside(block, units, _UNIT):
                names[f"{half}.{number + 1}.{mine}"] = f"{half}.block.{number}.{theirs}"
        names |= {f"{half}.{count + 1}": f"{half}.snake1", f"{half}.{count + 2}": f"{half}.conv2"}
    return names


def tools_names(shape: Shape) -> dict[str, str]:
    """Theirs are lists of layers as mine are, and units are too."""
    count = len(shape.strides)
    unit = {mine: f"layers.{number}" for number, mine in enumerate(_UNIT)}
    names: dict[str, str] = {}
    for half, block, units in _HALVES:
        names |= {f"{half}.{n}": f"{half}.layers.{n}" for n in (0, count + 1, count + 2)}
        for number in range(1, count + 1):
            for mine, theirs in _inside({n: f"layers.{n}" for n in block}, units, unit):
                names[f"{half}.{number}.{mine}"] = f"{half}.layers.{number}.{theirs}"
    return names


_DOWN = {0: "res_unit1", 1: "res_unit2", 2: "res_unit3", 3: "snake1", 4: "conv1"}
_UP = {0: "snake1", 1: "conv_t1", 2: "res_unit1", 3: "res_unit2", 4: "res_unit3"}
_HALVES = (("encoder", _DOWN, (0, 1, 2)), ("decoder", _UP, (2, 3, 4)))
_UNIT = {"first": "snake1", "wide": "conv1", "second": "snake2", "narrow": "conv2"}


def _inside(block: Mapping[int, str], units: Sequence[int], unit: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The layers of a block, those of its `units` one by one."""
    for place, name in block.items():
        if place in units:
            yield from ((f"{place}.{mine}", f"{name}.{theirs}") for mine, theirs in unit.items())
        else:
            yield str(place), name


def _read(found: weights.Weights, model: Oobleck, names: Mapping[str, str], prefix: str) -> dict[str, Tensor]:
    """My parameters out of theirs: weight norm folded in, Snake's as rows."""
    wanted: dict[str, tuple[int, ...]] = {}
    for mine, parameter in model.named_parameters():
        layer, _, kind = mine.rpartition(".")
        for part in ("weight_g", "weight_v") if kind == "weight" else (kind,):
            name = f"{names[layer]}.{part}"
            wanted[name] = _their_shape(part, parameter, found.shapes.get(name, ()))
    weights.check(found, wanted, known=prefix)
    read = weights.floats(found.read(wanted), found.where)
    made = {}
    for mine, parameter in model.named_parameters():
        layer, _, kind = mine.rpartition(".")
        theirs = names[layer]
        if kind == "weight":
            size, way = read[f"{theirs}.weight_g"], read[f"{theirs}.weight_v"]
            made[mine] = way * (size / way.flatten(1).norm(dim=1).reshape(size.shape))
        else:
            made[mine] = read[f"{theirs}.{kind}"].reshape(parameter.shape)
    return made


def _their_shape(part: str, mine: Tensor, found: tuple[int, ...]) -> tuple[int, ...]:
    if part == "weight_g":
        return (mine.shape[0], 1, 1)
    if part in ("alpha", "beta") and len(found) == 3:
        return (1, *mine.shape, 1)
    return tuple(mine.shape)


def _shape(path: Path, *, inside: Any, **said: Any) -> Shape:
    """`inside` is how wide the encoder's end is: means and spreads."""
    for name, value in said.items():
        many = value if isinstance(value, list) else [value]
        most = 192_000 if name == "rate" else _MOST
        if not many or not all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= most for n in many):
            raise InputError(f"{path}: {name} is {value!r:.60}, and whole numbers from 1 to {most} are wanted")
    if len(said["multiples"]) != len(said["strides"]):
        raise InputError(f"{path}: there are {len(said['strides'])} strides and {len(said['multiples'])} multiples")
    if said["channels"] != 2:
        raise InputError(f"{path}: sound of {said['channels']} channels; hitpoint's has 2")
    if inside != 2 * said["latent"]:
        raise InputError(f"{path}: the encoder gives {inside} numbers, and {2 * said['latent']} are wanted")
    shape = Shape(**{**said, "multiples": tuple(said["multiples"]), "strides": tuple(said["strides"])})
    if any(stride % 2 for stride in shape.strides):
        raise InputError(f"{path}: odd strides do not keep whole frames: {shape.strides}")
    if shape.hop > 1 << 16 or math.prod(shape.multiples) < 1:
        raise InputError(f"{path}: a hop of {shape.hop} samples is too long")
    return shape
