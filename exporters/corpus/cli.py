"""`hitpoint corpus`: edits and their music, made from seeds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...runtime.errors import UsageError
from ...runtime.progress import Progress
from ..arguments import some, whole
from ..cli import Commands

Answer = dict[str, Any]

MEBIBYTE = 1024 * 1024


def add(commands: Commands) -> None:
    parser = commands.corpus("build", "make items, or go on where a build was interrupted", _build, _built)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the corpus lies or is to lie")
    parser.add_argument("--items", type=whole, required=True, metavar="N", help="how many seeds there are to be")
    parser.add_argument("--seed", type=whole, default=0, metavar="S", help="the first seed (default 0)")
    parser.add_argument("--held-out", action="store_true", help="seeds that nothing is ever trained on")
    parser.add_argument("--workers", type=some, metavar="W", help="processes (default: one a core)")
    parser.add_argument("--sound-only", action="store_true", help="no films: music from the recipes' own moods")

    parser.add_argument("--no-distance", action="store_true", help="without VidMusician's distances: twice as fast")

    parser = commands.corpus("info", "tell what a corpus has", _info, _told)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a corpus, or a packed file of one")

    parser = commands.corpus("pack", "put some items into one file that travels", _pack, _packed)
    parser.add_argument("folder", type=Path, metavar="DIR", help="a corpus")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument("--items", type=some, metavar="N", help="at most so many (default: as many as fit)")
    parser.add_argument("--audio", action="store_true", help="with the sound, which is most of an item")
    parser.add_argument("--limit", type=some, default=60, metavar="MIB", help="size of the file (default 60 MiB)")


def _build(options: argparse.Namespace, progress: Progress) -> Answer:
    from .shelf import HELD_OUT, Corpus, build

    first = options.seed
    if options.held_out:
        first += HELD_OUT if first < HELD_OUT else 0
    elif first + options.items > HELD_OUT:
        raise UsageError(f"seeds from {HELD_OUT} on are held out from training: --held-out builds them")
    workers = options.workers or os.cpu_count() or 1
    seeds = range(first, first + options.items)
    built = build(
        options.folder,
        seeds,
        workers=workers,
        sound_only=options.sound_only,
        distance=not options.no_distance,
        progress=progress,
    )
    corpus = Corpus.open(options.folder)
    return {
        "folder": str(options.folder),
        "made": len(built.made),
        "kept": len(built.kept),
        "items": len(corpus),
        "minutes": round(corpus.seconds / 60, 2),
        "warnings": [f"{len(built.damaged)} items were damaged and are made anew"] if built.damaged else [],
    }


def _built(answer: Answer) -> Iterator[str]:
    yield f"made {answer['made']} items, kept {answer['kept']}"
    yield f"{answer['folder']} holds {answer['items']} items, {answer['minutes']:.1f} minutes of music"


def _info(options: argparse.Namespace, progress: Progress) -> Answer:
    from .inventory import inventory
    from .reading import Corpus

    progress(0.0, "reading")
    told = inventory(Corpus.open(options.folder))
    progress(1.0, "read")
    return {"folder": str(options.folder), **told, "warnings": told.pop("broken")}


def _told(answer: Answer) -> Iterator[str]:
    yield f"items       {answer['items']}, {answer['with_film']} with film, {answer['held_out']} held out"
    if not answer["items"]:
        return
    yield f"seeds       {answer['first_seed']} to {answer['last_seed']}"
    yield f"music       {answer['minutes']:.1f} minutes, {answer['bytes_per_minute'] / 1e6:.1f} MB a minute"
    yield f"storyboards {answer['storyboards']}"
    for word in ("styles", "modes"):
        yield f"{word:11} " + ", ".join(f"{name} {count}" for name, count in answer[word].items())
    for word in ("valence", "energy", "tempo"):
        low, tenth, middle, ninetieth, high = answer[word]
        yield f"{word:11} {low:g} to {high:g}, half below {middle:g}, eight in ten from {tenth:g} to {ninetieth:g}"


def _pack(options: argparse.Namespace, progress: Progress) -> Answer:
    from .packed import FEATURES, pack
    from .reading import Corpus

    corpus = Corpus.open(options.folder)
    if not len(corpus):
        raise UsageError(f"{options.folder}: has no items yet; `hitpoint corpus build` makes them")
    chosen = corpus[: options.items] if options.items else corpus
    names = (*FEATURES, "audio") if options.audio else FEATURES
    count = pack(chosen, options.out, names=names, limit=options.limit * MEBIBYTE, progress=progress)
    left = len(chosen) - count
    return {
        "out": str(options.out),
        "items": count,
        "bytes": options.out.stat().st_size,
        "warnings": [f"{left} items found no room in {options.limit} MiB"] if left else [],
    }


def _packed(answer: Answer) -> Iterator[str]:
    yield f"packed {answer['items']} items into {answer['out']}, {answer['bytes'] / MEBIBYTE:.1f} MiB"
