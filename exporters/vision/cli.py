"""`hitpoint export vision`: CLIP's image tower, from a local folder to a vision pack."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...runtime.progress import Progress
from ..arguments import licence_options
from ..cli import Commands

Answer = dict[str, Any]


def add(commands: Commands) -> None:
    words = "write the image tower of a CLIP as a vision pack, which tells what pictures show"
    parser = commands.export("vision", words, _export, _lines)
    option = parser.add_argument
    option(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="DIR",
        help="a CLIP as transformers keeps it: config.json, preprocessor_config.json, model.safetensors",
    )
    option("-o", "--out", type=Path, required=True, metavar="PACK", help="a folder, or a file that ends in .hitpack")
    option("--name", metavar="NAME", help="of the pack (default: after its place)")
    licence_options(parser, "the weights")
    option(
        "--precision",
        dest="precisions",
        action="append",
        choices=("fp32", "fp16", "int8"),
        help="only this one; may be given again (default: all three)",
    )


def _export(options: argparse.Namespace, progress: Progress) -> Answer:
    from ...runtime.packs.pack import PRECISIONS
    from ..graphs.place import check_target
    from ..outside.licences import Said, settle

    check_target(options.out)
    found = settle(options.source, Said(options.licence, options.commercial, options.licence_url))
    from . import pack as vision  # seconds, of torch

    wanted = [name for name in PRECISIONS if name in (options.precisions or PRECISIONS)]
    pack, clip = vision.export(
        options.source, options.out, found, name=options.name, precisions=wanted, progress=progress
    )
    licence = pack.licence
    return {
        "out": str(options.out),
        "name": pack.name,
        "bytes": pack.bytes(),
        "licence": {
            "id": licence.id,
            "name": licence.name,
            "url": licence.url,
            "commercial": licence.commercial,
            "found": found.where,
        },
        "embedding": clip.shape.projection_dim,
        "tokens": [clip.shape.tokens, clip.shape.hidden_size],
        "differences": dict(vision.differences(pack)),
        "warnings": list(clip.preparation.warnings),
    }


def _lines(answer: Answer) -> Iterator[str]:
    licence = answer["licence"]
    use = "" if licence["commercial"] else ", not for commercial use"
    yield f"wrote {answer['out']}: the vision pack {answer['name']}, {answer['bytes'] / 2**20:.1f} MiB"
    yield f"licence: {licence['name']} ({licence['id']}{use}), {licence['found']}"
    for precision, words in answer["differences"].items():
        yield f"{precision}: {words}" if words == "the measure" else f"{precision}: off by {words}"
