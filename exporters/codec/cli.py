"""`hitpoint train codec` and `hitpoint export codec`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...runtime.errors import UsageError
from ...runtime.progress import Progress
from ..arguments import licence_options, minutes, some, whole
from ..cli import Commands

Answer = dict[str, Any]


def add(commands: Commands) -> None:
    words = "train the audio codec on the music of a corpus"
    option = commands.train("codec", words, _train, _trained).add_argument
    option("--corpus", type=Path, required=True, metavar="DIR", help="as `hitpoint corpus build` makes it")
    option("-o", "--out", type=Path, required=True, metavar="RUN", help="a folder for the checkpoint and log.csv")
    option("--config", default="mini", metavar="NAME", help="tiny, mini (default: what is shipped) or base")
    option("--steps", type=some, metavar="N", help="up to this step (default: the configuration's)")
    option("--minutes", type=minutes, metavar="M", help="stop after so many, to go on another time")
    option("--seed", type=whole, default=0, metavar="N", help="another number, another codec (default: 0)")
    option("--resume", action="store_true", help="go on where the run in RUN ended, with its seed")
    option("--threads", type=some, metavar="N", help="of a CPU (default: all)")
    option("--bf16", action="store_true", help="halve the precision of products on a CPU too, as a GPU does")

    words = "write an audio codec as a pack"
    parser = commands.export("codec", words, _export, _exported)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="source", type=Path, metavar="CHECKPOINT", help="of `hitpoint train codec`")
    source.add_argument(
        "--from-oobleck",
        dest="oobleck",
        type=Path,
        metavar="DIR",
        help="Stable Audio Open's own, as diffusers or stable-audio-tools keep it",
    )
    option = parser.add_argument
    option("-o", "--out", type=Path, required=True, metavar="PACK", help="a folder, or a file that ends in .hitpack")
    option("--name", metavar="NAME", help="of the pack (default: after its place)")
    option(
        "--precision",
        dest="precisions",
        action="append",
        choices=("fp32", "fp16", "int8"),
        help="only this one; may be given again (default: all that suit it)",
    )
    licence_options(parser, "an Oobleck's weights")


def _train(options: argparse.Namespace, progress: Progress) -> Answer:
    import os

    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch loads: spinning starves whoever else runs
    import torch

    from . import config, data, train

    wanted = config.named(options.config)
    if options.steps:
        wanted = replace(wanted, plan=replace(wanted.plan, steps=options.steps))
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    heard = data.opened(options.corpus)
    run = train.train(
        heard.train,
        heard.held_out,
        options.out,
        wanted,
        seed=options.seed,
        trained_on=heard.words,
        minutes=options.minutes,
        resume=options.resume,
        bf16=options.bf16 or None,
        progress=progress,
    )
    warnings = (
        [] if heard.held_out else [f"{options.corpus} has no held-out items: nothing tells how good the codec is"]
    )
    return {
        "out": str(options.out),
        "checkpoint": str(options.out / train.CHECKPOINT),
        "config": wanted.name,
        "step": run.step,
        "steps": wanted.plan.steps,
        "seconds": round(run.seconds, 1),
        "held_out": run.held,
        "warnings": warnings,
    }


def _trained(answer: Answer) -> Iterator[str]:
    yield f"{answer['checkpoint']}: {answer['config']}, step {answer['step']} of {answer['steps']}"
    if held := answer["held_out"]:
        yield (
            f"on held-out music {held['held_log_mel']:.2f} dB of log-mel distance, "
            f"spectral convergence {held['held_convergence']:.3f}"
        )


def _export(options: argparse.Namespace, progress: Progress) -> Answer:
    said = (options.licence, options.commercial, options.licence_url)
    if options.oobleck is None and said != (None, None, None):
        raise UsageError(
            "--licence, --licence-url and --commercial are for --from-oobleck: our own codec has its licence"
        )
    if options.oobleck is None:
        from . import export

        where = "as all of hitpoint"
        pack = export.export(
            options.source, options.out, name=options.name, precisions=options.precisions, progress=progress
        )
    else:
        from ..outside.licences import Said
        from . import oobleck_pack

        pack, found = oobleck_pack.export(
            options.oobleck,
            options.out,
            said=Said(*said),
            name=options.name,
            precisions=options.precisions,
            progress=progress,
        )
        where = found.where
    licence = pack.licence
    return {
        "out": str(options.out),
        "name": pack.name,
        "bytes": pack.bytes(),
        "licence": {**vars(licence), "found": where},
        "differences": [
            {"role": role, "variant": variant.precision, **vars(variant.difference)}
            for role, graph in pack.graphs.items()
            for variant in graph.variants.values()
            if variant.difference
        ],
        "warnings": [],
    }


def _exported(answer: Answer) -> Iterator[str]:
    licence = answer["licence"]
    use = "" if licence["commercial"] else ", not for commercial use"
    yield f"wrote {answer['out']}: the codec pack {answer['name']}, {answer['bytes'] / 2**20:.1f} MiB"
    yield f"licence: {licence['name']} ({licence['id']}{use}), {licence['found']}"
    for off in answer["differences"]:
        yield f"{off['role']} in {off['variant']}: off by {off['value']:g} {off['measure']}"
