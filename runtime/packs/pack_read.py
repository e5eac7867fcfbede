"""`pack.json`, read with suspicion: everything is checked before anything of a pack is believed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from .pack import (
    DTYPES,
    MANIFEST,
    PRECISIONS,
    SCHEMA,
    Difference,
    File,
    GraphSpec,
    Licence,
    Pack,
    Provenance,
    Refused,
    Tensor,
    Variant,
    VisionNeeds,
)

MAX_BYTES = 1024 * 1024  # of pack.json
MAX_FILE = 2**31 - 1  # of a graph: protocol buffers end there
MAX_DATA = 8 * 2**30  # of weights beside a graph
MOST = 64  # graphs, tensors of a graph, files of a variant
DEVICES = ("cpu", "gpu")

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){1,3}([a-z0-9.+-]{1,20})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"https?://[!-~]{1,500}")
_TENSOR = re.compile(r"[!-~]{1,128}")
_LENGTH = re.compile(r"[A-Za-z0-9_ +*/().-]{1,64}")
_DEVICE_FILES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)

GRAPH_SUFFIX = ".onnx"
DATA_SUFFIXES = (".data", ".bin")
TEXT_SUFFIXES = (".txt", ".md")

T = TypeVar("T")
Object = Mapping[str, Any]


def loads(raw: bytes, folder: Path) -> Pack:
    """The pack that `raw` describes. Raises Refused, which says where it is wrong."""
    if len(raw) > MAX_BYTES:
        raise Refused(f"{MANIFEST} is larger than {MAX_BYTES // 1024} KiB")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refused(f"{MANIFEST} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise Refused(f"{MANIFEST}, line {error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"{MANIFEST}: {error}") from None
    try:
        return _pack(value, folder)
    except Refused as error:
        raise Refused(f"{MANIFEST}: {error}") from None


def _pack(value: Any, folder: Path) -> Pack:
    if isinstance(value, dict) and value.get("schema") != SCHEMA:
        raise Refused(f"its schema is {value.get('schema')!r:.60}; this version of hitpoint reads {SCHEMA!r}")
    top = _object(
        value,
        "it",
        {"schema", "name", "family", "version", "licence", "provenance", "graphs"},
        {"description", "sample_rate", "hop", "receptive_field", "vision", "sampler", "settings", "sizes", "texts"},
    )
    pack = Pack(
        folder=folder,
        name=pack_name(top["name"]),
        family=_match(top["family"], "family", NAME),
        version=_match(top["version"], "version", _VERSION),
        description=_text(top.get("description", ""), "description", least=0),
        licence=_licence(top["licence"]),
        provenance=_provenance(top["provenance"]),
        sample_rate=_maybe(top, "sample_rate", lambda v, w: _integer(v, w, 1000, 768000)),
        hop=_maybe(top, "hop", lambda v, w: _integer(v, w, 1, 1 << 20)),
        receptive_field=_maybe(top, "receptive_field", lambda v, w: _integer(v, w, 0, 1 << 20)),
        graphs=_each(top["graphs"], "graphs", NAME, _graph, least=1),
        vision=_maybe(top, "vision", _vision),
        sampler=_plain(top.get("sampler", {}), "sampler"),
        settings=_plain(top.get("settings", {}), "settings"),
        sizes=_each(top.get("sizes", {}), "sizes", _LENGTH, lambda _, v, w: _integer(v, w, 1, 1 << 24)),
        texts=tuple(_file(v, f"texts[{n}]", TEXT_SUFFIXES) for n, v in enumerate(_list(top.get("texts", []), "texts"))),
    )
    _check_names(pack)
    return pack


def pack_name(value: Any) -> str:
    name = _match(value, "name", NAME)
    if _DEVICE_FILES.fullmatch(name):
        raise Refused(f"name: '{name}' is a device on Windows")
    return name


def _check_names(pack: Pack) -> None:
    """One name is one file, on file systems too that do not tell capitals apart."""
    known: dict[str, File] = {}
    for file in (*pack._graph_files(), *pack.texts):
        other = known.setdefault(file.name.lower(), file)
        if other != file:
            raise Refused(f"'{file.name}' is listed twice, differently")


def _licence(value: Any) -> Licence:
    said = _object(value, "licence", {"id", "name", "url", "commercial"})
    if not isinstance(said["commercial"], bool):
        raise Refused("licence.commercial is neither true nor false")
    return Licence(
        _match(said["id"], "licence.id", re.compile(r"[A-Za-z0-9.+-]{1,80}")),
        _text(said["name"], "licence.name", most=200),
        _match(said["url"], "licence.url", _URL),
        said["commercial"],
    )


def _provenance(value: Any) -> Provenance:
    said = _object(value, "provenance", {"trained_on", "steps", "seed", "code"})
    return Provenance(
        _text(said["trained_on"], "provenance.trained_on"),
        _integer(said["steps"], "provenance.steps", 0, 1 << 53),
        _integer(said["seed"], "provenance.seed", 0, 1 << 53),
        _text(said["code"], "provenance.code", most=200),
    )


def _graph(role: str, value: Any, where: str) -> GraphSpec:
    said = _object(value, where, {"inputs", "outputs", "variants"}, {"prefer"})
    inputs, outputs = _tensors(said["inputs"], f"{where}.inputs"), _tensors(said["outputs"], f"{where}.outputs")

    def variant(precision: str, value: Any, where: str) -> Variant:
        return _variant(precision, value, where, inputs, outputs)

    variants = _each(said["variants"], f"{where}.variants", re.compile("|".join(PRECISIONS)), variant, least=1)
    preferred = said.get("prefer", {})
    prefer = _each(preferred, f"{where}.prefer", re.compile("|".join(DEVICES)), lambda _, v, w: _one_of(v, w, variants))
    return GraphSpec(role, variants, prefer)


def _variant(
    precision: str, value: Any, where: str, inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...]
) -> Variant:
    extra = {"data", "difference", "inputs", "outputs"}
    said = _object(value, where, {"file", "sha256", "bytes"}, extra)
    if precision != "fp32" and "difference" not in said:
        raise Refused(f"{where}: its difference from fp32 is not stated")
    data = _list(said.get("data", []), f"{where}.data")
    return Variant(
        precision,
        _file({key: said[key] for key in ("file", "sha256", "bytes")}, where, (GRAPH_SUFFIX,)),
        tuple(_file(entry, f"{where}.data[{n}]", DATA_SUFFIXES) for n, entry in enumerate(data)),
        _difference(said["difference"], f"{where}.difference") if "difference" in said else None,
        _tensors(said["inputs"], f"{where}.inputs") if "inputs" in said else inputs,
        _tensors(said["outputs"], f"{where}.outputs") if "outputs" in said else outputs,
    )


def _difference(value: Any, where: str) -> Difference:
    said = _object(value, where, {"value", "measure"})
    return Difference(_number(said["value"], f"{where}.value", 0), _text(said["measure"], f"{where}.measure", most=200))


def _file(value: Any, where: str, suffixes: tuple[str, ...]) -> File:
    said = _object(value, where, {"file", "sha256", "bytes"})
    name = said["file"]
    if not isinstance(name, str) or not FILE.fullmatch(name) or name.endswith(".") or _DEVICE_FILES.fullmatch(name):
        raise Refused(f"{where}.file {name!r:.80} is not the plain name of a file beside {MANIFEST}")
    if not name.endswith(suffixes):
        raise Refused(f"{where}.file '{name}' does not end in {' or '.join(suffixes)}: a pack holds nothing else there")
    most = MAX_FILE if suffixes == (GRAPH_SUFFIX,) else MAX_DATA
    return File(
        name,
        _match(said["sha256"], f"{where}.sha256", _SHA256),
        _integer(said["bytes"], f"{where}.bytes", 0, most),
    )


def _tensors(value: Any, where: str) -> tuple[Tensor, ...]:
    tensors = tuple(_tensor(entry, f"{where}[{n}]") for n, entry in enumerate(_list(value, where)))
    names = [tensor.name for tensor in tensors]
    if len(set(names)) < len(names):
        raise Refused(f"{where}: two have one name")
    return tensors


def _tensor(value: Any, where: str) -> Tensor:
    said = _object(value, where, {"name", "dtype", "shape"})
    shape: list[int | str] = []
    for n, length in enumerate(_list(said["shape"], f"{where}.shape", most=8)):
        if isinstance(length, str):
            shape.append(_match(length, f"{where}.shape[{n}]", _LENGTH))
        else:
            shape.append(_integer(length, f"{where}.shape[{n}]", 1, 1 << 31))
    return Tensor(
        _match(said["name"], f"{where}.name", _TENSOR), _one_of(said["dtype"], f"{where}.dtype", DTYPES), tuple(shape)
    )


def _vision(value: Any, where: str) -> VisionNeeds:
    said = _object(value, where, {"descriptor", "width", "rate"}, {"parts"})
    return VisionNeeds(
        _text(said["descriptor"], f"{where}.descriptor", most=100),
        _integer(said["width"], f"{where}.width", 1, 1 << 16),
        _maybe(said, "parts", lambda v, w: _integer(v, w, 1, 1 << 16)),
        _number(said["rate"], f"{where}.rate", 0.01, 1000),
    )


def _object(value: Any, where: str, needed: set[str], extra: frozenset[str] | set[str] = frozenset()) -> Object:
    if not isinstance(value, dict):
        raise Refused(f"{where} is not an object")
    if missing := sorted(needed - value.keys()):
        raise Refused(f"{where} lacks '{missing[0]}'")
    if unknown := sorted(value.keys() - needed - extra):
        raise Refused(f"{where} has '{unknown[0]:.40}', which {SCHEMA} does not know")
    return value


def _each(
    value: Any, where: str, pattern: re.Pattern[str], read: Callable[[str, Any, str], T], least: int = 0
) -> dict[str, T]:
    if not isinstance(value, dict) or not least <= len(value) <= MOST:
        raise Refused(f"{where} is not an object of {least} to {MOST} entries")
    for key in value:
        _match(key, f"{where}: a key", pattern)
    return {key: read(key, entry, f"{where}.{key}") for key, entry in value.items()}


def _list(value: Any, where: str, most: int = MOST) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Refused(f"{where} is not a list of at most {most}")
    return value


def _maybe(said: Object, key: str, read: Callable[[Any, str], T]) -> T | None:
    return None if said.get(key) is None else read(said[key], key)


def _match(value: Any, where: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(f"{where}: {value!r:.80} does not do")
    return value


def _text(value: Any, where: str, least: int = 1, most: int = 2000) -> str:
    if not isinstance(value, str) or not least <= len(value) <= most:
        raise Refused(f"{where} is not a text of {least} to {most} letters")
    return value


def _one_of(value: Any, where: str, among: Any) -> str:
    if not isinstance(value, str) or value not in among:
        raise Refused(f"{where}: {value!r:.60} is none of {', '.join(among)}")
    return value


def _integer(value: Any, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(f"{where}: {value!r:.40} is not a whole number from {least} to {most}")
    return value


def _number(value: Any, where: str, least: float, most: float = 1e300) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Refused(f"{where}: {value!r:.40} is not a number from {least:g} on")
    return float(value)


def _plain(value: Any, where: str) -> dict[str, Any]:
    """What a family or a sampler defines: words, numbers and lists of them."""
    if not isinstance(value, dict) or len(value) > MOST:
        raise Refused(f"{where} is not an object of at most {MOST} entries")
    for key, entry in value.items():
        for part in entry if isinstance(entry, list) else [entry]:
            known = part is None or isinstance(part, str | int | float)
            if not known or (isinstance(part, float) and not math.isfinite(part)):
                raise Refused(f"{where}.{key:.40} is neither a word, a number nor a list of them")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
