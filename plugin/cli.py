"""The command line: what may be asked, how it is answered, and the exit status.

Nothing slow is imported here: `--help` answers at once. Each command imports what it needs.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ..runtime.errors import Cancelled, HitpointError, UsageError

Answer = dict[str, Any]
LOUDNESS = -16.0


def main(arguments: Sequence[str]) -> int:
    """Runs one command. Standard output carries its answer, everything else goes to standard error."""
    as_json = "--json" in arguments
    try:
        signal.signal(signal.SIGTERM, _stop)
        return _run(arguments)
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else 2
    except KeyboardInterrupt:
        return _failed(Cancelled(), as_json)
    except HitpointError as error:
        return _failed(error, as_json)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our answer has left; there is nobody to tell
        return 0
    except Exception as error:  # our own fault: one line, and where the details are
        return _failed(HitpointError(_details(error)), as_json)


def _run(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    if options.run is None:
        raise UsageError("say what to do: hitpoint --help lists it")
    answer: Answer = options.run(options)
    if options.json:
        print(json.dumps(answer, indent=1, ensure_ascii=True))
    else:
        from . import show

        options.show(show, answer)
    sys.stdout.flush()
    return 0


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _failed(error: HitpointError, as_json: bool) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"hitpoint: {text}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": text, "status": error.status, "warnings": []}))
    return error.status


def _details(error: Exception) -> str:
    """Writes the traceback to a file and says where."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="hitpoint-", suffix=".log", delete=False, encoding="utf-8") as log:
        traceback.print_exception(error, file=log)
    return f"this is a fault of ours ({type(error).__name__}); the details are in {log.name}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; {self.prog} --help says more")


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from .. import __version__

        print(f"hitpoint {__version__}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="hitpoint", description="Music that lands on the cuts.")
    parser.add_argument("--version", nargs=0, action=_Version, help="print the version")
    parser.set_defaults(run=None, json=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, words: str, run: Callable[[argparse.Namespace], Answer]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
        sub.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        sub.set_defaults(run=run, show=lambda show, answer: getattr(show, name)(answer))
        return sub

    demo = command("demo", "make a small edit, score it, and render a preview of it", _demo)
    demo.add_argument(
        "--out", type=Path, default=Path("hitpoint-demo"), metavar="DIR", help="where (default: %(default)s)"
    )
    demo.add_argument("--seed", type=int, default=0, metavar="N", help="another number, another piece (default: 0)")

    inspect = command("inspect", "show what an edit says: cuts, markers, shots, sound", _inspect)
    _edit(inspect)
    _part(inspect)

    cues = command("cues", "plan the music of an edit and write the plan", _cues)
    _edit(cues)
    _part(cues)
    cues.add_argument("-o", "--out", type=Path, metavar="FILE", help="the cue sheet (default: standard output)")

    score = command("score", "score an edit and put the music on its timeline", _score)
    _edit(score)
    _part(score)
    _target(score, "scored")
    _wishes(score)

    unscore = command("unscore", "take our music off a timeline again", _unscore)
    _edit(unscore)
    _target(unscore, "unscored")

    evaluate = command("evaluate", "measure how a piece of audio meets an edit", _evaluate)
    _edit(evaluate)
    _part(evaluate)
    evaluate.add_argument("--audio", type=Path, required=True, metavar="FILE", help="any file with sound")

    preview = command("preview", "render the picture of an edit with music", _preview)
    _edit(preview)
    preview.add_argument("--audio", type=Path, metavar="FILE", help="the music (default: the score on the timeline)")
    preview.add_argument("-o", "--out", type=Path, metavar="FILE", help="an .mp4 (default: beside the edit)")
    preview.add_argument("--height", type=int, default=360, metavar="LINES", help="of the picture (default: 360)")

    command("doctor", "say what is installed, what is missing and how to get it", _doctor)
    return parser


def _edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("edit", type=Path, metavar="EDIT", help=".otio .otioz .otiod .xml (FCP7) .aaf .edl .kdenlive")
    parser.add_argument(
        "--rate", metavar="R", help="frames a second, for formats that state none: 25, 23.976, 24000/1001"
    )
    parser.add_argument("--timeline", metavar="NAME", help="which timeline, where the file holds several")
    parser.add_argument(
        "--media-root", type=Path, action="append", default=[], metavar="DIR", help="look for moved media here too"
    )


def _part(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", metavar="TC", help="only from this timecode on")
    parser.add_argument("--end", metavar="TC", help="only up to this timecode")


def _target(parser: argparse.ArgumentParser, word: str) -> None:
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help=f"what to write (default: NAME.{word}.SUFFIX)")
    parser.add_argument("--in-place", action="store_true", help="change the edit itself")


def _wishes(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--engine", default="composer", metavar="NAME", help="what makes the music (default: composer)")
    add("--seed", type=int, default=0, metavar="N", help="another number, another piece (default: 0)")
    add("--cues", type=Path, metavar="FILE", help="a cue sheet to play, as `cues` writes it")
    add("--loudness", type=_loudness, default=LOUDNESS, metavar="LUFS", help="of the programme (default: -16)")
    add("--stems", action="store_true", help="write every stem beside the programme")
    add("--markers", choices=("storyboards", "beats", "none"), default="none", help="to write on the timeline")
    add("--music-only", action="store_true", help="write a timeline with nothing but the music")
    add(
        "--link",
        choices=("auto", "relative", "plain", "url", "localhost"),
        default="auto",
        help="how the timeline names its WAV (default: as it names its other media)",
    )
    add(
        "--broadcast-wave",
        action="store_true",
        help="put the start timecode into the WAV: for Avid; other hosts shift it",
    )


def _loudness(text: str) -> float:
    value = float(text)
    if not -70.0 <= value <= -5.0:
        raise argparse.ArgumentTypeError(f"{text} is not between -70 and -5 LUFS")
    return value


# Commands


def _source(options: argparse.Namespace) -> Any:
    from ..runtime.rate import Rate
    from .timeline.reading import Source

    rate = None
    if options.rate is not None:
        try:
            rate = Rate.of(options.rate)
        except ValueError as error:
            raise UsageError(f"--rate: {error}") from None
    for root in options.media_root:
        if not root.is_dir():
            raise UsageError(f"--media-root {root}: there is no such folder")
    part = (getattr(options, "start", None), getattr(options, "end", None))
    return Source(options.edit, rate, options.timeline, tuple(options.media_root), *part)


def _inspect(options: argparse.Namespace) -> Answer:
    edit, _ = _source(options).read()
    answer: Answer = edit.to_json()
    return answer


def _cues(options: argparse.Namespace) -> Answer:
    from ..runtime.cues import sheet_json
    from ..runtime.mix.files import Transaction, writing
    from . import scoring

    edit, _ = _source(options).read()
    sheet = scoring.plan(edit)
    answer = sheet_json.to_json(sheet)
    answer["warnings"] = list(dict.fromkeys([*edit.warnings, *sheet.warnings]))
    if options.out:
        with Transaction() as files:
            staged = files.stage(options.out)
            with writing(options.out):
                staged.write_text(sheet_json.dumps(sheet), encoding="utf-8")
            files.commit()
    elif not options.json:
        options.show = lambda *_: sys.stdout.write(sheet_json.dumps(sheet))
    return {**answer, "out": str(options.out) if options.out else None}


def _score(options: argparse.Namespace) -> Answer:
    from . import scoring, show

    source = _source(options)
    wish = scoring.Wish(
        engine=options.engine,
        seed=options.seed,
        loudness=options.loudness,
        cues=options.cues,
        stems=options.stems,
        markers=options.markers,
        music_only=options.music_only,
        link=options.link,
        broadcast_wave=options.broadcast_wave,
    )
    with show.progress() as progress:
        done = scoring.score(source, wish, out=options.out, in_place=options.in_place, progress=progress)
    return {"out": str(done.out), "folder": str(done.folder), "wav": str(done.wav), **done.report}


def _unscore(options: argparse.Namespace) -> Answer:
    from . import scoring

    done = scoring.unscore(_source(options), out=options.out, in_place=options.in_place)
    return {"out": str(done.out), "tracks_removed": done.tracks, "warnings": list(done.warnings)}


def _evaluate(options: argparse.Namespace) -> Answer:
    from ..runtime.measure.evaluate import evaluate
    from . import show

    edit, _ = _source(options).read()
    with show.progress() as progress:
        measured = evaluate(edit, options.audio, progress)
    answer: Answer = measured.to_json()
    answer["warnings"] = list(dict.fromkeys([*edit.warnings, *answer.get("warnings", [])]))
    return answer


def _preview(options: argparse.Namespace) -> Answer:
    import tempfile
    from dataclasses import replace

    from . import show
    from .preview import render_preview
    from .timeline.bundle import extract_media
    from .timeline.writing import music_of

    source = _source(options)
    out = options.out or options.edit.with_suffix(".preview.mp4")
    with tempfile.TemporaryDirectory(prefix="hitpoint-") as room, show.progress() as progress:
        edit, document = source.read()
        if document.format == "otioz":
            extract_media(document.path, Path(room))
            source = replace(source, media_roots=(Path(room), *source.media_roots))
            edit, document = source.read()
        music = options.audio or music_of(document, source.media_roots)
        done = render_preview(edit, music, out, height=options.height, progress=progress)
    warnings = list(dict.fromkeys([*edit.warnings, *done.warnings]))
    if music is None:
        warnings.insert(0, "no score on this timeline: the preview has the edit's own sound only")
    return {"out": str(done.path), "frames": done.frames, "music": str(music) if music else None, "warnings": warnings}


def _demo(options: argparse.Namespace) -> Answer:
    from . import show
    from .demo.run import run

    with show.progress() as progress:
        return run(options.out, seed=options.seed, progress=progress)


def _doctor(_: argparse.Namespace) -> Answer:
    from .doctor import examine

    return examine()
