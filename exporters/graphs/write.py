"""The pack writer: exported, checked, measured and opened as the runtime would, then put in its place at once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...runtime.errors import HitpointError, OutputError
from ...runtime.mix.files import Transaction, writing
from ...runtime.packs import archive, checking
from ...runtime.packs.pack import (
    MANIFEST,
    PRECISIONS,
    Difference,
    File,
    GraphSpec,
    Licence,
    Pack,
    Provenance,
    Refused,
    Variant,
    VisionNeeds,
)
from ...runtime.packs.pack_read import GRAPH_SUFFIX, loads
from ...runtime.progress import Progress, silent
from ...runtime.progress import part as share
from . import manifest, variants
from .carry import carry
from .differ import Judge, measured, relative
from .export import exported
from .parity import Run
from .part import Part
from .place import check_target as check_target

# How far a variant of a graph is from fp32, where that takes more than one graph: a pack with fp32, role, precision.
Trial = Callable[[Pack, str, str], Difference | None]

_SAME = 1e-4  # relative RMS between two sessions of one graph
_MAKERS = {"fp16": variants.fp16, "int8": variants.int8}


@dataclass(frozen=True)
class About:
    """What a pack says of itself, its graphs apart. `texts` are files that lie beside them, by name."""

    name: str
    family: str
    version: str
    description: str
    licence: Licence
    provenance: Provenance
    sample_rate: int | None = None
    hop: int | None = None
    receptive_field: int | None = None
    vision: VisionNeeds | None = None
    sampler: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def write_pack(
    target: Path,
    about: About,
    parts: Sequence[Part],
    *,
    precisions: Mapping[str, Sequence[str]] | None = None,
    judge: Judge | None = None,
    drop_fp32: Collection[str] = (),
    progress: Progress = silent,
    prefer: Mapping[str, Mapping[str, str]] | None = None,
    trial: Trial | None = None,
    carried: Sequence[tuple[Pack, GraphSpec]] = (),
) -> Pack:
    """Writes a folder, or one file where `target` ends in .hitpack. A failure leaves what was there.

    `precisions` are those of each role, fp32 alone unless stated. `drop_fp32` are roles whose fp32 is measured against
    and not shipped. `judge` says how far a variant's outputs are from those of fp32 (role, right, found), at each set
    of lengths; the worst is written; without it that is their relative RMS. `trial` may say it of whole packs
    instead; where it gives None, `judge` decides. `prefer` is the best variant of a role on "cpu" and "gpu". `carried`
    are graphs of other packs, in some or all of their variants, that become part of this one as they are.
    """
    wanted = _wanted(parts, precisions or {}, drop_fp32)
    _draft(about, parts)
    check_target(target)
    with Transaction() as files, _workplace(files, target) as folder:
        made = _make(folder, about, parts, wanted, judge or relative, trial, share(progress, 0.0, 0.95))
        pack = carry(folder, _shipped(folder, made, set(drop_fp32), prefer or {}), carried)
        _put(folder, pack)
        progress(0.96, "opening the pack as the runtime does")
        _reopen(folder, pack)
        if target.suffix == archive.SUFFIX:
            with files.staged(target).open("wb") as out:
                archive.pack_up(folder, [file.name for file in pack.files()], out)
        files.commit()
    progress(1.0, "done")
    return replace(pack, folder=target)


def _wanted(
    parts: Sequence[Part], precisions: Mapping[str, Sequence[str]], dropped: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """The precisions of each role, fp32 first."""
    roles = [part.role for part in parts]
    if unknown := sorted({*precisions, *dropped} - set(roles)):
        raise HitpointError(f"there is no graph '{unknown[0]}' to write: {', '.join(roles)}")
    if len(set(roles)) < len(roles):
        raise HitpointError("two graphs have one role")
    wanted = {}
    for role in roles:
        said = tuple(precisions.get(role, ("fp32",)))
        if wrong := [name for name in said if name not in PRECISIONS]:
            raise HitpointError(f"the graph '{role}': '{wrong[0]}' is none of {', '.join(PRECISIONS)}")
        if role in dropped and not set(said) - {"fp32"}:
            raise HitpointError(f"the graph '{role}': without fp32 there is nothing left of it")
        wanted[role] = tuple(name for name in PRECISIONS if name in said or name == "fp32")
    return wanted


def _draft(about: About, parts: Sequence[Part]) -> None:
    """Reads pack.json as it will be, before minutes are spent on graphs. Raises HitpointError."""
    nothing = File("none.onnx", "0" * 64, 0)
    graphs = {part.role: GraphSpec(part.role, {"fp32": _variant("fp32", part, nothing, ())}) for part in parts}
    texts = tuple(File(name, "0" * 64, 0) for name in about.texts)
    try:
        loads(manifest.dumps(_pack(Path(), about, parts, graphs, texts)).encode(), Path())
    except Refused as error:
        raise HitpointError(f"such a pack cannot be: {error}") from None


@contextmanager
def _workplace(files: Transaction, target: Path) -> Iterator[Path]:
    """Where the pack grows, beside the target: what becomes a folder is staged as one."""
    if target.suffix != archive.SUFFIX:
        yield files.stage_folder(target)
        return
    staged = files.stage(target)
    with writing(target):
        folder = tempfile.TemporaryDirectory(prefix=".hitpoint-", dir=staged.parent, ignore_cleanup_errors=True)
    with folder as name:
        yield Path(name)


def _make(
    folder: Path,
    about: About,
    parts: Sequence[Part],
    wanted: Mapping[str, Sequence[str]],
    judge: Judge,
    trial: Trial | None,
    progress: Progress,
) -> Pack:
    """Every graph in every precision, with what it is off; fp32 too, whether it will be shipped or not."""
    texts = []
    for name, text in about.texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        texts.append(manifest.file(folder / name))
    steps, step = 2 * sum(len(names) for names in wanted.values()), 0
    graphs: dict[str, GraphSpec] = {}
    runs: dict[str, list[Run]] = {}
    for part in parts:
        progress(step / steps, f"exporting '{part.role}'")
        fp32 = folder / f"{part.role}.fp32{GRAPH_SUFFIX}"
        _, runs[part.role] = exported(part, fp32)
        made = {"fp32": _variant("fp32", part, *_files(fp32))}
        step += 1
        for precision in wanted[part.role][1:]:
            progress(step / steps, f"making '{part.role}' in {precision}")
            path = folder / f"{part.role}.{precision}{GRAPH_SUFFIX}"
            _MAKERS[precision](fp32, path)
            made[precision] = _variant(precision, part, *_files(path))
            step += 1
        graphs[part.role] = GraphSpec(part.role, made)
    pack = _pack(folder, about, parts, graphs, tuple(texts))
    for part in parts:
        judged = {}
        for precision, variant in graphs[part.role].variants.items():
            progress(step / steps, f"playing '{part.role}' in {precision}")
            if precision == "fp32":
                _check_same(measured(pack, part, precision, runs[part.role]), part.role)
            else:
                said = trial(pack, part.role, precision) if trial else None
                said = said or measured(pack, part, precision, runs[part.role], judge)
                variant = replace(variant, difference=_rounded(said))
            judged[precision] = variant
            step += 1
        graphs[part.role] = GraphSpec(part.role, judged)
    return replace(pack, graphs=graphs)


def _rounded(said: Difference) -> Difference:
    """Four digits say what there is to say, and are the same on more machines than all of them."""
    return Difference(float(f"{said.value:.4g}"), said.measure)


def _check_same(off: Difference, role: str) -> None:
    """What the runtime plays is what was held against torch."""
    if off.value > _SAME:
        raise HitpointError(f"the graph '{role}' plays differently in the runtime: off by {off.value:.2g}")


def _pack(
    folder: Path, about: About, parts: Sequence[Part], graphs: Mapping[str, GraphSpec], texts: tuple[File, ...]
) -> Pack:
    said = {field: value for field, value in vars(about).items() if field not in ("texts", "sizes")}
    usual = {name: length for part in parts for name, length in part.lengths({}).items() if part.sizes}
    return Pack(folder=folder, graphs=graphs, texts=texts, sizes={**usual, **about.sizes}, **said)


def _variant(precision: str, part: Part, file: File, data: tuple[File, ...]) -> Variant:
    return Variant(precision, file, data, None, part.inputs, part.outputs)


def _files(path: Path) -> tuple[File, tuple[File, ...]]:
    beside = path.with_suffix(".data")
    return manifest.file(path), (manifest.file(beside),) if beside.exists() else ()


def _shipped(
    folder: Path,
    pack: Pack,
    dropped: set[str],
    prefer: Mapping[str, Mapping[str, str]],
) -> Pack:
    """Without the fp32 that only served as the measure."""
    graphs = {}
    for role, graph in pack.graphs.items():
        kept = {name: variant for name, variant in graph.variants.items() if name != "fp32" or role not in dropped}
        for name in graph.variants.keys() - kept.keys():
            variant = graph.variants[name]
            for file in (variant.file, *variant.data):
                (folder / file.name).unlink()
        graphs[role] = GraphSpec(role, kept, prefer.get(role, {}))
    return replace(pack, graphs=graphs)


def _put(folder: Path, pack: Pack) -> None:
    (folder / MANIFEST).write_text(manifest.dumps(pack), encoding="utf-8", newline="\n")


def _reopen(folder: Path, pack: Pack) -> None:
    """As whoever gets the pack will open it; it says what was meant."""
    try:
        found = checking.read_manifest(folder)
        checking.check(found)
    except Refused as error:
        raise OutputError(f"the pack {pack.name} would be refused: {error}; nothing was written") from None
    if found != pack:
        raise OutputError(f"the pack {pack.name} does not read as it was written; nothing was written")
