"""The engines by name. None is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ..errors import EngineError
from .engine import Engine

_MAKERS = {"composer": (".composer.engine", "Composer")}

ENGINES = tuple(_MAKERS)


def engine(name: str, **settings: object) -> Engine:
    """Raises EngineError for a name that no engine has. `settings` are the engine's own."""
    if name not in _MAKERS:
        raise EngineError(f"there is no engine '{name}'; there is: {', '.join(ENGINES)}")
    module, maker = _MAKERS[name]
    return cast(Engine, getattr(import_module(module, __package__), maker)(**settings))
