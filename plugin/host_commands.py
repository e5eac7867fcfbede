"""What the commands for video editors do: options in, an answer of plain data out."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..runtime.errors import UsageError
from . import show

if TYPE_CHECKING:
    from .hosting import Session
    from .scoring import Wish
    from .timeline.reading import Source

Answer = dict[str, Any]


def hosts(_: argparse.Namespace) -> Answer:
    from .hosts.listing import listed

    return listed()


def install(options: argparse.Namespace) -> Answer:
    from .hosts import installing

    done = installing.install(options.host, options.folder, dry_run=options.dry_run)
    return {**done.to_json(), "dry_run": options.dry_run, "did": "install"}


def uninstall(options: argparse.Namespace) -> Answer:
    from .hosts import installing

    done = installing.uninstall(options.host, options.folder, dry_run=options.dry_run)
    return {**done.to_json(), "dry_run": options.dry_run, "did": "uninstall"}


def bridge(options: argparse.Namespace) -> Answer:
    from .hosts.bridge import run

    return run(options.host, options.started)


def check(options: argparse.Namespace) -> None:
    """Refuses what belongs to files that are written anew, and a host or an edit that is missing."""
    if options.host is None:
        if options.edit is None:
            raise UsageError("say which edit, or --host NAME for the timeline that an editor has open")
        if getattr(options, "host_duck", False):
            raise UsageError("--host-duck is done by a host: --host NAME says which")
        return
    if options.edit is None and (options.rate is not None or options.timeline is not None):
        raise UsageError("--rate and --timeline are for files: an editor says which timeline it has open, and its rate")
    for word, given in (("-o", options.out), ("--in-place", options.in_place)):
        if given:
            raise UsageError(
                f"{word} says where a file is written; with --host the score goes where the host has its own"
            )


def score(options: argparse.Namespace, source: Source | None, wish: Wish) -> Answer:
    from . import hosting

    with show.progress() as progress:
        progress(0.0, "reaching the host")
        with _session(options, source) as session:
            done = hosting.score(session, wish, duck_there=options.host_duck, progress=progress)
            project = session.opened.project
    return {
        **done.report,
        "out": None if project is None else str(project),
        "folder": str(done.take),
        "wav": str(done.take / "score.wav"),
        "host_takes": [str(take) for take in done.takes],
    }


def unscore(options: argparse.Namespace, source: Source | None) -> Answer:
    from . import hosting
    from .hosts import known

    host = known.reach(options.host, source)
    try:
        about = host.about()
        bare = hosting.take_off(host)
    finally:
        host.close()
    return {
        "out": None if source is None else str(source.path),
        "host": about.name,
        "tracks": list(bare.tracks),
        "tracks_removed": len(bare.tracks),
        "markers_removed": bare.marks,
        "warnings": list(bare.warnings),
    }


def _session(options: argparse.Namespace, source: Source | None) -> Session:
    from . import hosting

    session = hosting.open(options.host, source)
    roots = (*session.source.media_roots, *(options.media_root if source is None else ()))
    part = replace(session.source, start=options.start, end=options.end, media_roots=roots)
    return replace(session, source=part)
