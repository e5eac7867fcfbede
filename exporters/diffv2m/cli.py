"""`hitpoint train diffv2m` and `hitpoint export diffv2m`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...runtime.progress import Progress, part
from ..arguments import licence_options
from ..cli import Commands

if TYPE_CHECKING:
    from .export import Source
    from .latents import Shelf

Answer = dict[str, Any]

_SIZES = ("paper", "mini", "small", "tiny")
_FUSIONS = ("additive", "gate", "choose", "FiLM", "FiLM_choose", "preFiLM", "preFiLM_gate", "none", "only_clip")


def add(commands: Commands) -> None:
    _add_train(commands)
    _add_export(commands)


def _add_train(commands: Commands) -> None:
    parser = commands.train("diffv2m", "train a Diff-V2M on a corpus, by the latents of a codec", _train, _trained)
    option = parser.add_argument
    option("--corpus", type=Path, metavar="DIR", help="a corpus; not needed where --latents has them all")
    option("--codec", type=Path, metavar="PACK", help="the codec's pack, or the folder of its run")
    option("--latents", type=Path, metavar="DIR", help="where latents are kept (default: beside the corpus)")
    option("-o", "--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    option("--config", choices=_SIZES, default="mini", help="the size (default: mini)")
    option(
        "--policy", choices=("fixed", "compat"), default="fixed", help="compat does what was released (default: fixed)"
    )
    option("--fusion", choices=_FUSIONS, help="how meaning and rhythm become one (default: the size's own)")
    option("--rhythm", choices=("odf", "mel", "tempogram"), default="odf", help="what rhythm is (default: odf)")
    option(
        "--conditioning",
        choices=("scheduled", "real"),
        default="scheduled",
        help="real: predicted rhythm is never told",
    )
    option("--steps", type=int, metavar="N", help="train so many (default: the size's own)")
    option("--batch", type=int, metavar="N", help="windows a step (default: the size's own)")
    option("--minutes", type=float, metavar="M", help="stop after so long; --resume goes on")
    option("--seed", type=int, default=0, metavar="N")
    option("--resume", action="store_true", help="go on with the run in RUN")
    half = parser.add_mutually_exclusive_group()
    half.add_argument(
        "--bf16", action="store_const", const=True, help="halve the precision of products (default on a GPU)"
    )
    half.add_argument("--fp32", dest="bf16", action="store_const", const=False, help="do not")


def _add_export(commands: Commands) -> None:
    words = "write a Diff-V2M as a pack: one that was trained here, the public checkpoint, or Stable Audio Open as a beginning"
    parser = commands.export("diffv2m", words, _export, _exported)
    option = parser.add_argument
    option(
        "--from", dest="source", type=Path, required=True, metavar="DIR", help="a run, or a folder of public weights"
    )
    option("-o", "--out", type=Path, required=True, metavar="PACK", help="a folder, or a file that ends in .hitpack")
    option("--codec", type=Path, metavar="PACK", help="the codec's pack (public weights bring their own)")
    option("--name", metavar="NAME", help="of the pack (default: after its place)")
    option("--averaged", action="store_true", help="of a public training checkpoint, the averaged weights")
    option("--precision", dest="precisions", action="append", choices=("fp32", "fp16", "int8"),
           help="only this one; may be given again (default: int8 and fp16)")  # fmt: skip
    option(
        "--decoder-precision", choices=("fp32", "fp16", "int8"), help="only this one (default: all that the codec has)"
    )
    licence_options(parser, "public weights")


def _train(options: argparse.Namespace, progress: Progress) -> Answer:
    from dataclasses import replace

    from ...runtime.errors import UsageError
    from ..training.log import drawing
    from .config import config
    from .objective import RELEASED, Plan
    from .train import LOG, VALIDATION, described, train

    if (options.steps is not None and options.steps < 1) or (options.batch is not None and options.batch < 1):
        raise UsageError("a training has at least one step, of at least one window")
    shelf = _shelf(options, part(progress, 0.0, 0.1))
    size = config(options.config, policy=options.policy, rhythm=options.rhythm, fusion=options.fusion)
    more = {key: value for key, value in (("steps", options.steps), ("batch", options.batch)) if value is not None}
    size = replace(size, training=replace(size.training, **more))
    plan = replace(Plan() if size.fixed else RELEASED, scheduled=options.conditioning == "scheduled")
    run = train(
        shelf, options.out, size, plan=plan, seed=options.seed, minutes=options.minutes, resume=options.resume,
        bf16=options.bf16, progress=part(progress, 0.1, 1.0),
    )  # fmt: skip
    for name, columns in (("log", LOG[2:4]), ("validation", VALIDATION[2:])):
        (options.out / f"{name}.svg").write_text(drawing(options.out / f"{name}.csv", columns), "utf-8")
    return {
        "out": str(options.out),
        "size": described(run.config),
        "steps": run.step,
        "of": run.config.training.steps,
        "seconds": round(run.seconds, 1),
        "pieces": len(shelf.train()),
        "held_out": len(shelf.held_out()),
        "warnings": [] if shelf.held_out() else ["nothing is held out: validation looks at what was trained on"],
    }


def _shelf(options: argparse.Namespace, progress: Progress) -> Shelf:
    """The latents, made first where a corpus and a codec are given."""
    from dataclasses import replace

    from ...runtime.errors import UsageError
    from .latents import load, prepare

    folder = options.latents
    if options.corpus is not None and options.codec is not None:
        from ...runtime.picture.descriptor import OwnVision
        from ..corpus.reading import Corpus
        from .coder import coder

        with coder(options.codec) as made:
            folder = folder or _beside(options.corpus, made.coding.codec)
            coding = replace(made.coding, descriptor=OwnVision.name)
            prepare(folder, Corpus.open(options.corpus), made.encode, coding, progress)
    if folder is None:
        raise UsageError("what to train on is not said: give --corpus and --codec, or --latents that were made before")
    return load(folder)


def _beside(corpus: Path, codec: str) -> Path:
    return corpus.parent / f"{corpus.name}.latents" / codec.replace(" ", "-")


def _trained(answer: Answer) -> Iterator[str]:
    yield f"trained {answer['size']} to step {answer['steps']} of {answer['of']}, on {answer['pieces']} pieces"
    yield f"the run is in {answer['out']}; log.svg and validation.svg draw how it went"


def _export(options: argparse.Namespace, progress: Progress) -> Answer:
    from ...runtime.errors import UsageError
    from . import export as exporting
    from .train import CHECKPOINT

    precisions = options.precisions or ("int8", "fp16")
    if (options.source / CHECKPOINT).is_file() or options.source.is_file():
        if options.codec is None:
            raise UsageError("a run's pack carries the codec's decoder: give --codec PACK")
        source = exporting.of_run(options.source)
        pack = exporting.export(
            source, options.codec, options.out, name=options.name, precisions=precisions,
            decoder_precision=options.decoder_precision, progress=progress,
        )  # fmt: skip
        return {**_answer(options, source, pack), "warnings": exporting.warnings(source, options.codec)}
    from ..outside.licences import Said
    from .released import export as released

    said = Said(options.licence, options.commercial, options.licence_url)
    source, pack, found, where = released(
        options.source, options.out, said=said, name=options.name, precisions=precisions,
        averaged=options.averaged, codec=options.codec, progress=progress,
    )  # fmt: skip
    fresh = [f"{len(found.fresh)} of its tensors are not in {found.file} and begin anew: train it before you use it"]
    return {
        **_answer(options, source, pack),
        "kind": found.kind,
        "licence_found": where,
        "taken": found.taken,
        "fresh": list(found.fresh),
        "warnings": fresh if found.kind != "Diff-V2M" else [],
    }


def _answer(options: argparse.Namespace, source: Source, pack: Any) -> Answer:
    from .train import described

    return {
        "out": str(options.out),
        "name": pack.name,
        "bytes": pack.bytes(),
        "size": described(source.model.config),
        "licence": {"id": pack.licence.id, "name": pack.licence.name, "commercial": pack.licence.commercial},
        "differences": {
            f"{role} {name}": f"{variant.difference.value:g} {variant.difference.measure}"
            for role, graph in pack.graphs.items()
            for name, variant in graph.variants.items()
            if variant.difference
        },
    }


def _exported(answer: Answer) -> Iterator[str]:
    yield f"wrote {answer['out']}: {answer['name']} ({answer['size']}), {answer['bytes'] / 2**20:.1f} MiB"
    licence, where = answer["licence"], answer.get("licence_found", "ours")
    use = "" if licence["commercial"] else ", not for commercial use"
    yield f"licence: {licence['name']} ({licence['id']}{use}), {where}"
    if "taken" in answer:
        yield f"it was a {answer['kind']}: {answer['taken']} tensors of its transformer were taken"
    for which, words in answer["differences"].items():
        yield f"{which}: off by {words}"
