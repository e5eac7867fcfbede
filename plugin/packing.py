"""`hitpoint packs`: which models there are, what each is and may be used for; how one comes and goes."""

from __future__ import annotations

import argparse
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..runtime.errors import EngineError, OutputError, UsageError
from ..runtime.mix.files import Transaction, locked, writing
from ..runtime.packs import archive, checking, store
from ..runtime.packs.pack import MANIFEST, Licence, Pack
from ..runtime.progress import Progress, silent
from . import show

Answer = dict[str, Any]

_ABANDONED = 3600  # seconds after which what an interrupted `add` left is nobody's


def run(options: argparse.Namespace) -> Answer:
    """One of the things that `packs` does; the answer says which."""
    done: Answer = globals()[f"_{options.what}"](options)
    return {"did": options.what, **done}


def _list(options: argparse.Namespace) -> Answer:
    shelved = store.shelf()
    packs = [
        {**about(found.pack), "built_in": found.built_in}
        for found in shelved
        if found.pack and (found.pack.licence.commercial or not options.commercial)
    ]
    warnings = [f"the pack {found.folder} is refused: {found.trouble}" for found in shelved if not found.pack]
    if hidden := [found.name for found in shelved if found.pack and found.name not in {pack["name"] for pack in packs}]:
        warnings.append(f"left out, as their licence forbids commercial use: {', '.join(hidden)}")
    return {"packs": packs, "folder": str(store.user_folder()), "warnings": warnings}


def _info(options: argparse.Namespace) -> Answer:
    with store.opened(options.pack) as pack:
        pack.allow(options.commercial)
        return {**about(pack, options.pack), **_inside(pack), "warnings": []}


def _verify(options: argparse.Namespace) -> Answer:
    with store.opened(options.pack) as pack:
        pack.allow(options.commercial)
        return {**about(pack, options.pack), "files": 1 + len(list(pack.files())), "ok": True, "warnings": []}


def _add(options: argparse.Namespace) -> Answer:
    with show.progress() as progress:
        pack, replaced = add(options.pack, replace=options.replace, commercial=options.commercial, progress=progress)
    return {**about(pack), "replaced": replaced, "warnings": []}


def _remove(options: argparse.Namespace) -> Answer:
    return {"name": options.pack, "folder": str(remove(options.pack)), "warnings": []}


def _bench(options: argparse.Namespace) -> Answer:
    from .packing_bench import bench

    with store.opened(options.pack) as pack, show.progress() as progress:
        pack.allow(options.commercial)
        measured = bench(
            pack, device=options.device, precision=options.variant, rounds=options.rounds, progress=progress
        )
        return {**about(pack, options.pack), **measured}


def _hear(options: argparse.Namespace) -> Answer:
    from .packing_hear import hear

    with store.opened(options.pack) as pack, show.progress() as progress:
        pack.allow(options.commercial)
        heard = hear(
            pack, options.audio, options.out, device=options.device, precision=options.variant, progress=progress
        )
        return {**about(pack, options.pack), **heard}


def about(pack: Pack, asked: str = "") -> Answer:
    """What is said of a pack wherever one is chosen, its licence first of all. `asked` may be a file that it came in."""
    return {
        "name": pack.name,
        "family": pack.family,
        "version": pack.version,
        "licence": licence(pack.licence),
        "bytes": pack.bytes(),
        "variants": sorted({name for graph in pack.graphs.values() for name in graph.variants}),
        "folder": asked if asked and Path(asked).is_file() else str(pack.folder),
    }


def licence(said: Licence) -> Answer:
    return {"id": said.id, "name": said.name, "url": said.url, "commercial": said.commercial}


def _inside(pack: Pack) -> Answer:
    made = pack.provenance
    return {
        "description": pack.description,
        "provenance": {"trained_on": made.trained_on, "steps": made.steps, "seed": made.seed, "code": made.code},
        "sample_rate": pack.sample_rate,
        "hop": pack.hop,
        "receptive_field": pack.receptive_field,
        "vision": pack.vision and vars(pack.vision),
        "sampler": dict(pack.sampler),
        "settings": dict(pack.settings),
        "graphs": [
            {
                "role": graph.role,
                "variant": variant.precision,
                "file": variant.file.name,
                "bytes": variant.file.bytes + sum(file.bytes for file in variant.data),
                "difference": variant.difference and vars(variant.difference),
                "inputs": [str(tensor) for tensor in variant.inputs],
                "outputs": [str(tensor) for tensor in variant.outputs],
            }
            for graph in pack.graphs.values()
            for variant in graph.variants.values()
        ],
    }


def add(path: Path, *, replace: bool, commercial: bool = False, progress: Progress = silent) -> tuple[Pack, bool]:
    """Copies a pack to the user's own, whole or not at all: the pack there, and whether it took another's place."""
    if not path.is_dir() and not path.is_file():
        raise EngineError(f"{path}: there is no such folder or {archive.SUFFIX} file")
    said = store.glance(path)
    said.allow(commercial)
    shelf = store.user_folder()
    target = shelf / said.name
    with writing(shelf):
        shelf.mkdir(parents=True, exist_ok=True)
    with locked(shelf):
        _sweep(shelf)
        there = store.place(said.name)
        if there and not replace:
            raise UsageError(f"there is a pack '{said.name}' already, {there}: --replace puts this one in its place")
        _check_own(target)
        with Transaction() as files:
            staged = files.stage_folder(target)
            progress(0.1, "copying the pack")
            with writing(target):
                if path.is_dir():
                    _copy(said, staged)
                    store.open_folder(staged, shown=path)
                else:
                    store.open_file(path, staged)
            progress(0.9, "putting it in its place")
            files.commit()
    with store.naming(target):
        return checking.read_manifest(target), there == target


def remove(name: str) -> Path:
    """Takes one of the user's own packs away, sound or not: the folder that it lay in."""
    there = store.place(name)
    if there is None:
        raise EngineError(f"there is no pack '{name}'; `hitpoint packs list` shows which there are")
    if there.parent == store.BUILT_IN:
        raise UsageError(f"the pack '{name}' is built in: it comes and goes with hitpoint itself")
    with locked(there.parent), writing(there):
        if there.is_symlink():
            there.unlink()
            return there
        _check_own(there)
        gone = there.with_name(f".hitpoint-{secrets.token_hex(6)}")
        there.replace(gone)  # at once; what follows may be interrupted
        shutil.rmtree(gone, ignore_errors=True)
        if gone.exists():
            raise OutputError(f"the pack '{name}' is gone, but its files could not be removed: {gone}")
    return there


def _check_own(folder: Path) -> None:
    """Raises UsageError where a folder is no pack, or lies elsewhere: nothing of somebody's is removed as one."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link to a pack elsewhere: `hitpoint packs remove {folder.name}` takes it away")
    if not folder.exists():
        return
    inside = list(folder.iterdir())
    if any(path.is_dir() for path in inside) or (inside and not (folder / MANIFEST).is_file()):
        raise UsageError(f"{folder} holds what no pack holds: move it elsewhere by hand")


def _copy(pack: Pack, staged: Path) -> None:
    """What pack.json lists, as plain files of our own: neither their rights nor anything else comes along."""
    for name in [MANIFEST, *(file.name for file in pack.files())]:
        shutil.copyfile(pack.folder / name, staged / name, follow_symlinks=False)


def _sweep(shelf: Path) -> None:
    """What an `add` left that was killed in the middle."""
    with suppress(OSError):
        for left in shelf.glob(".hitpoint-*"):
            if left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
