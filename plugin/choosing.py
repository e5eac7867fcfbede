"""Which engine plays, and which model where it plays one: from a wish to an engine that is ready."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ..runtime.engines.engine import Engine
from ..runtime.engines.registry import engine as find_engine
from ..runtime.engines.registry import kind
from ..runtime.errors import EngineError, UsageError
from ..runtime.packs import store
from ..runtime.packs.pack import Pack

Rhythm = Literal["plan", "predicted", "both"]
RHYTHMS = ("plan", "predicted", "both")
KEPT = ("device", "variant", "steps", "guidance", "rhythm")  # what a score that goes on from an earlier one keeps


@dataclass(frozen=True)
class Playing:
    """How a model is to play; what is None is the pack's own affair, or that of the earlier score gone on from.

    `pack` is a name, a folder or a .hitpack file. `commercial` refuses a model whose licence forbids selling its music.
    """

    pack: str | None = None
    device: str | None = None
    variant: str | None = None
    steps: int | None = None
    guidance: float | None = None
    rhythm: Rhythm | None = None
    commercial: bool = False


USUAL = Playing()


def plays_model(engine: str) -> bool:
    """Whether an engine plays a model: then it looks at the picture, and its beats are bent to the hits."""
    return kind(engine).family is not None


@contextmanager
def chosen(name: str, playing: Playing = USUAL, soundfont: Path | None = None) -> Iterator[Engine]:
    """The engine of that name, for as long as the context lasts. Raises EngineError where its model is not there."""
    family = kind(name).family
    if family is None:
        if asked := [word for word, value in asdict(playing).items() if value and word != "commercial"]:
            raise UsageError(f"--{asked[0]} is for engines that play a model: the engine {name} plays none")
        yield find_engine(name, **({} if soundfont is None else {"soundfont": soundfont}))
        return
    if soundfont is not None:
        raise UsageError(f"--soundfont is the composer's: the engine {name} has its own sound")
    with store.opened(playing.pack or _usual(name, family)) as pack:
        yield engine_of(name, pack, playing)


def engine_of(name: str, pack: Pack, playing: Playing = USUAL) -> Engine:
    """The same with a pack that is open already."""
    pack.allow(playing.commercial)
    settings = {word: value for word, value in asdict(playing).items() if word in KEPT and value is not None}
    return find_engine(name, pack=pack, **settings)


def going_on(playing: Playing, model: Mapping[str, Any] | None) -> Playing:
    """The wish, with what it leaves open as it was in an earlier score."""
    if not model:
        return playing
    known = {word: model[word] for word in KEPT if getattr(playing, word) is None and word in model}
    name = model.get("name")
    if playing.pack is None and isinstance(name, str) and store.place(name):
        known["pack"] = name
    return replace(playing, **known)


def packs_for(name: str) -> list[store.Shelved]:
    """The sound packs that an engine can play, built-in ones first."""
    family = kind(name).family
    found = [entry for entry in store.shelf() if entry.pack and family and entry.pack.family == family]
    return sorted(found, key=lambda entry: (not entry.built_in, entry.name))


def _usual(name: str, family: str) -> str:
    """The built-in pack of a family."""
    found = packs_for(name)
    if found and found[0].built_in:
        return found[0].name
    if found:
        names = ", ".join(entry.name for entry in found)
        raise EngineError(f"the engine {name} has no pack of its own: --pack names one of yours ({names})")
    raise EngineError(
        f"the engine {name} has no pack to play: get one of the family '{family}' and `hitpoint packs add FILE`, or name "
        "it with --pack FILE"
    )
