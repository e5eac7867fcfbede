"""The engines by name. None is imported before it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from ..errors import EngineError
from .engine import Engine


@dataclass(frozen=True)
class Kind:
    """Where an engine is, and the family of packs that it plays; None where it needs no model.

    What a model makes is free music: it wants to see the picture, and its beats are bent to the hits afterwards.
    """

    module: str
    maker: str
    family: str | None = None


KINDS = {
    "composer": Kind(".composer.engine", "Composer"),
    "diffv2m": Kind(".diffv2m.engine", "DiffV2M", family="diffv2m"),
}

ENGINES = tuple(KINDS)


def kind(name: str) -> Kind:
    """Raises EngineError for a name that no engine has."""
    if name not in KINDS:
        raise EngineError(f"there is no engine '{name}'; there is: {', '.join(ENGINES)}")
    return KINDS[name]


def engine(name: str, **settings: object) -> Engine:
    """Raises EngineError for a name that no engine has. `settings` are the engine's own, its `pack` among them."""
    found = kind(name)
    if found.family and "pack" not in settings:
        raise EngineError(f"the engine {name} plays a model: --pack names a pack of the family '{found.family}'")
    return cast(Engine, getattr(import_module(found.module, __package__), found.maker)(**settings))
