"""A local folder of CLIP, as public ones are laid out: its configuration, how it wants pictures, its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from ...runtime.errors import InputError
from ..outside import weights
from .tower import ACTS, Shape, Tower

CONFIG, PREPARATION = "config.json", "preprocessor_config.json"
_USUAL = 224  # pixels, where the preparation says nothing
_BICUBIC = 3  # as Pillow counts ways to resize
_KNOWN = "vision_model."
_BUFFERS = ("vision_model.embeddings.position_ids",)  # older checkpoints carry it; it counts from 0 on
_MOST = {"num_hidden_layers": 128, "hidden_size": 16384, "intermediate_size": 65536, "image_size": 1024}


@dataclass(frozen=True)
class Preparation:
    """How pictures reach the tower, in the words of a vision pack."""

    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fit: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clip:
    """A tower with its weights. `file` is the first file of the weights, `sha256` that of all of them."""

    tower: Tower
    shape: Shape
    preparation: Preparation
    file: str
    sha256: str


def load(folder: Path) -> Clip:
    """The image tower in a folder, every name and shape of it checked. Raises InputError."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    shape = read_shape(folder / CONFIG)
    preparation = read_preparation(folder, shape)
    found = weights.find(folder)
    with torch.device("meta"):
        tower = Tower(shape)
    wanted = {name: tuple(value.shape) for name, value in tower.state_dict().items()}
    _check(found, wanted)
    tower.load_state_dict(weights.floats(found.read(wanted), found.where), assign=True)
    return Clip(tower.eval().requires_grad_(False), shape, preparation, found.files[0].name, found.sha256())


def read_shape(path: Path) -> Shape:
    """The sizes of the tower, out of a configuration of CLIP whole or of its image tower."""
    said = weights.read_json(path)
    kind = said.get("model_type")
    if kind == "clip":
        inner = said.get("vision_config")
        if not isinstance(inner, dict):
            raise InputError(f"{path} says nothing of an image tower: it has no vision_config")
        said = {**inner, "projection_dim": said.get("projection_dim", Shape.projection_dim)}
    elif kind != "clip_vision_model":
        raise InputError(f"{path}: its model_type is {kind!r:.40}, and clip or clip_vision_model is wanted")
    shape = Shape(**{field.name: _number(said, field.name, field.default, path) for field in fields(Shape)})
    for name, most in _MOST.items():
        if getattr(shape, name) > most:
            raise InputError(f"{path}: {name} is {getattr(shape, name)}, and at most {most} is read")
    if shape.image_size % shape.patch_size:
        raise InputError(f"{path}: patches of {shape.patch_size} do not fill {shape.image_size} pixels")
    if shape.hidden_size % shape.num_attention_heads:
        raise InputError(f"{path}: {shape.num_attention_heads} heads do not share {shape.hidden_size} numbers")
    if shape.num_channels != 3:
        raise InputError(f"{path}: pictures of {shape.num_channels} channels; hitpoint's have 3")
    if shape.hidden_act not in ACTS:
        raise InputError(f"{path}: hidden_act '{shape.hidden_act:.40}' is none of {', '.join(ACTS)}")
    return shape


def read_preparation(folder: Path, shape: Shape) -> Preparation:
    """How the model's own preparation makes pixels of a picture. Raises where a vision pack cannot do the same."""
    path = folder / PREPARATION
    said = weights.read_json(path)
    if said.get("do_normalize", True):
        mean, std = _colour(said, "image_mean", path), _colour(said, "image_std", path)
    else:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if not said.get("do_rescale", True) or not math.isclose(said.get("rescale_factor", 1 / 255), 1 / 255, rel_tol=1e-4):
        raise InputError(f"{path}: its pixels do not run from 0 to 1 before they are scaled: no CLIP's do not")
    if min(std) <= 0:
        raise InputError(f"{path}: image_std is not above 0")
    warnings = []
    if said.get("resample", _BICUBIC) != _BICUBIC:
        warnings.append(
            f"{path.name} resizes pictures in another way than bicubic, as hitpoint does: vectors differ a little"
        )
    return Preparation(shape.image_size, mean, std, _fit(said, shape, path), tuple(warnings))


def _fit(said: Mapping[str, Any], shape: Shape, path: Path) -> str:
    """Older configurations have a number where newer ones have names: of the shortest edge, and of the square."""
    side = shape.image_size
    square = {"height": side, "width": side}
    size, crop = said.get("size", _USUAL), said.get("crop_size", _USUAL)
    if not said.get("do_center_crop", True):
        if size == square:
            return "squash"
    elif crop in (square, side):
        if size in ({"shortest_edge": side}, side):
            return "crop"
        if size == square:
            return "squash"
    raise InputError(
        f"{path}: pictures are neither shown by their middle square nor squashed to {side} pixels "
        f"(size {size!r:.60}, crop_size {crop!r:.60})"
    )


def _check(found: weights.Weights, wanted: Mapping[str, tuple[int, ...]]) -> None:
    names = [name for name in found.shapes if name.startswith(_KNOWN)]
    if not names:
        raise InputError(f"{found.where} holds no image tower: no name in it begins with {_KNOWN}")
    weights.check(found, wanted)
    if extra := sorted(set(names) - wanted.keys() - set(_BUFFERS)):
        raise InputError(f"{found.where} has '{extra[0]}', which {CONFIG} does not account for")


def _number(said: Mapping[str, Any], name: str, usual: Any, path: Path) -> Any:
    value = said.get(name, usual)
    if isinstance(usual, str):
        fits = isinstance(value, str)
    elif isinstance(usual, float):
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1
    else:
        fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if not fits:
        raise InputError(f"{path}: {name} is {value!r:.40}")
    return value


def _colour(said: Mapping[str, Any], name: str, path: Path) -> tuple[float, ...]:
    value = said.get(name)
    numbers = [n for n in value if isinstance(n, int | float) and math.isfinite(n)] if isinstance(value, list) else []
    if len(numbers) != 3:
        raise InputError(f"{path}: {name} is not three numbers")
    return tuple(float(n) for n in numbers)
