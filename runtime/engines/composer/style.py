"""Styles: tables that say how a kind of music is made. One JSON file each, in `styles/` or in a folder of the user's."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...cues.place import Place
from ...errors import InputError
from .desk_settings import Desk
from .event import EFFECTS, KITS, PITCHED, STEMS
from .keys import SYMBOL

DEFAULT = "cinematic"
FOLDER = "HITPOINT_STYLES"  # names a folder of the user's own styles

DRUMS = {
    "boom": 35, "kick": 36, "rim": 37, "snare": 38, "clap": 39, "tom_low": 45, "hat": 42, "pedal": 44, "open": 46,
    "tom_mid": 47, "tom_high": 48, "crash": 49, "ride": 51, "tambourine": 54, "shaker": 70,
}  # fmt: skip
ROLES = ("melody", "counter", "pad", "figure", "bass", "touch")
LAYERS = ("melody", "counter", "pad", "figure", "bass", "drums")
HITS = ("soft", "accent", "strong")

DRUM_SIGNS, BASS_SIGNS, FIGURE_SIGNS = ".?oxX", ".-13578a", ".-12345678*"
CELLS = (1, 2, 3, 4, 6)  # parts that a beat may have

Choices = tuple[str, ...]


@dataclass(frozen=True)
class Band:
    """What is played up to an energy. Patterns are beats of a bar, parted by blanks; each sign is a part of its beat.

    Drums: `X` strong, `x`, `o` soft, `?` sometimes. Bass: 1 3 5 7 of the chord, 8 the octave, `a` a step before the
    next root. Figures: voices of the chord from below, `*` all of them. `-` holds, `.` is silent.
    """

    upto: float
    drums: Mapping[str, Choices]
    bass: Choices
    figure: Choices


@dataclass(frozen=True)
class Harmony:
    """`bright` and `dark` are progressions; `colour` the notes of a chord; `shift` what is added to the valence; `bars`
    how long a chord lasts; `functional`: phrases end with dominant and tonic.
    """

    bright: Choices
    dark: Choices
    colour: int
    shift: float
    bars: float
    functional: bool


@dataclass(frozen=True)
class Style:
    """`human` is by how many milliseconds a note may be early or late. `palette` names instruments by role, from quiet to
    loud; `layers` the energies from which a layer plays. `hits` has what sounds on soft, usual and strong ones, of which
    chance picks one: effects, drums, a touch, a stab.
    """

    name: str
    words: str
    tempo: tuple[float, float]
    swing: float
    human: float
    density: float
    palette: Mapping[str, Choices]
    kit: str
    layers: Mapping[str, float]
    harmony: Harmony
    bands: tuple[Band, ...]
    hits: Mapping[str, Choices]
    desk: Desk

    def band(self, energy: float) -> Band:
        return next((band for band in self.bands if energy <= band.upto), self.bands[-1])


def names(folder: Path | None = None) -> list[str]:
    return sorted({path.stem for place in _folders(folder) for path in place.glob("*.json")})


def load(name: str, folder: Path | None = None) -> Style:
    """The style of a name; the user's own come before ours. Raises InputError."""
    called = [name, name.casefold().replace("-", "")]
    for place in _folders(folder):
        for path in (place / f"{each}.json" for each in called if re.fullmatch(r"[\w-]+", each)):
            if path.is_file():
                return _read(path, path.stat().st_mtime_ns)
    raise InputError(f"no style is called '{name}': there are {', '.join(names(folder))}")


def own() -> list[tuple[Path, Style | None, str]]:
    """The user's own styles: each file, the style, and what is wrong where there is none. So for the folder itself."""
    named = os.environ.get(FOLDER)
    if not named:
        return []
    if not Path(named).is_dir():
        return [(Path(named), None, f"{FOLDER} names no folder")]
    found: list[tuple[Path, Style | None, str]] = []
    for path in sorted(Path(named).glob("*.json")):
        try:
            found.append((path, _read(path, path.stat().st_mtime_ns), ""))
        except (InputError, OSError) as error:
            found.append((path, None, str(error)))
    return found


def _folders(folder: Path | None) -> list[Path]:
    own = [folder] if folder else []
    named = os.environ.get(FOLDER)
    return [*own, *([Path(named)] if named else []), Path(__file__).with_name("styles")]


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Style:  # noqa: ARG001 - a file that changed is another one
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: cannot be read as a style: {error}") from error
    try:
        return parsed(path.stem, data)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error


def parsed(name: str, data: Any) -> Style:
    """The style that a JSON value says. Raises InputError with the place and what should be there."""
    top = Place("", data)
    if not isinstance(data, dict):
        raise InputError("a style is an object { }")
    known = {*(f.name for f in fields(Style))} - {"name"}
    for key in data:
        if key not in known:
            raise InputError(f"{key}: is not known in a style; there are {', '.join(sorted(known))}")
    low, high = [each.number(20, 400) for each in _many(top.at("tempo"), 2)]
    return Style(
        name,
        top.at("words", "").text(),
        (min(low, high), max(low, high)),
        top.at("swing", 0.0).number(0, 1),
        top.at("human", 4.0).number(0, 20),
        top.at("density", 0.0).number(-1, 1),
        _palette(top.at("palette").check_object()),
        top.at("kit", "kit_acoustic").choice(KITS),
        _layers(top.at("layers").check_object()),
        _harmony(top.at("harmony").check_object()),
        _bands(top.at("bands")),
        _hits(top.at("hits").check_object()),
        _desk(top.at("desk", {}).check_object()),
    )


def _many(place: Place, count: int) -> list[Place]:
    found = place.items(count)
    if len(found) != count:
        raise place.wrong(f"a list of {count}")
    return found


def _some(place: Place) -> list[Place]:
    found = place.items(32)
    if not found:
        raise place.wrong("a list that is not empty")
    return found


def _keys(place: Place, known: Iterable[str]) -> list[str]:
    known = tuple(known)
    for key in place.value:
        if key not in known:
            raise InputError(f"{place.path}.{key}: is not known; there are {', '.join(known)}")
    return list(place.value)


def _palette(place: Place) -> dict[str, Choices]:
    _keys(place, ROLES)
    return {role: tuple(each.choice(PITCHED) for each in _some(place.at(role))) for role in ROLES}


def _layers(place: Place) -> dict[str, float]:
    _keys(place, LAYERS)
    return {layer: place.at(layer, 2.0).number(0, 2) for layer in LAYERS}


def _harmony(place: Place) -> Harmony:
    _keys(place, (f.name for f in fields(Harmony)))
    return Harmony(
        tuple(_progression(each) for each in _some(place.at("bright"))),
        tuple(_progression(each) for each in _some(place.at("dark"))),
        place.at("colour", 3).whole(3, 5),
        place.at("shift", 0.0).number(-1, 1),
        place.at("bars", 1.0).number(0.5, 4),
        place.at("functional", True).flag(),
    )


def _progression(place: Place) -> str:
    chords = place.text().split()
    if not 1 <= len(chords) <= 16 or not all(SYMBOL.fullmatch(each) for each in chords):
        raise place.wrong("chords like '1 5M 6 4^'")
    return place.text()


def _bands(place: Place) -> tuple[Band, ...]:
    bands = []
    for each in _some(place):
        each.check_object()
        _keys(each, (f.name for f in fields(Band)))
        drums = each.at("drums", {}).check_object()
        bands.append(
            Band(
                each.at("upto").number(0, 1),
                {name: _patterns(drums.at(name), DRUM_SIGNS) for name in _keys(drums, DRUMS)},
                _patterns(each.at("bass"), BASS_SIGNS),
                _patterns(each.at("figure"), FIGURE_SIGNS),
            )
        )
    return tuple(sorted(bands, key=lambda band: band.upto))


def _patterns(place: Place, signs: str) -> Choices:
    each = [place] if isinstance(place.value, str) else _some(place)
    return tuple(_pattern(one, signs) for one in each)


def _pattern(place: Place, signs: str) -> str:
    beats = place.text().split()
    if not 1 <= len(beats) <= 16 or any(len(beat) not in CELLS or set(beat) - set(signs) for beat in beats):
        raise place.wrong(f"beats of {', '.join(map(str, CELLS))} signs out of {signs}, parted by blanks")
    return place.text()


def _hits(place: Place) -> dict[str, Choices]:
    _keys(place, HITS)
    return {kind: tuple(_sounds(each) for each in _some(place.at(kind))) for kind in HITS}


def _sounds(place: Place) -> str:
    known = (*EFFECTS[:3], *DRUMS, "touch", "stab")
    if not set(place.text().split("+")) <= set(known):
        raise place.wrong("sounds like 'kick+cymbal' out of " + ", ".join(known))
    return place.text()


def _desk(place: Place) -> Desk:
    by_stem = ("level", "reverb", "delay", "chorus")
    values: dict[str, Any] = {}
    for key in _keys(place, (f.name for f in fields(Desk))):
        here = place.at(key)
        if key in by_stem:
            here.check_object()
            low, high = (-60, 12) if key == "level" else (0, 1)
            values[key] = {stem: here.at(stem).number(low, high) for stem in _keys(here, STEMS)}
        else:
            values[key] = here.number(-1 if key == "warmth" else 0, 30)
    return Desk(**values)
