"""The command line: what may be asked, how it is answered, and the exit status.

`--help` answers at once: what takes milliseconds to import (pathlib, typing, json) waits until a command runs.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys

from ..runtime.errors import Cancelled, HitpointError, InputError, OutputError, UsageError
from . import cli_hosts, stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any, NoReturn

    from ..runtime.mix.presets import Target
    from ..runtime.progress import Progress

    # Commands of another room: their words, a parser and a progress -> the answer, its lines, whether JSON was asked for.
    Elsewhere = Callable[[Sequence[str], argparse.ArgumentParser, Progress], tuple[dict[str, Any], Iterable[str], bool]]

_CANNOT_WRITE = (errno.ENOSPC, errno.EROFS, errno.EFBIG, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EIO)
DEEPEST = 40.0  # dB
MOST_TAKES = 99
TEMPI = (60.0, 180.0)


def main(arguments: Sequence[str], others: Mapping[str, str] | None = None, elsewhere: Elsewhere | None = None) -> int:
    """Runs one command. Standard output carries its answer, everything else goes to standard error.

    `others` are the commands, and what each does, that `elsewhere` runs: those of a room that is not to be imported here.
    """
    _open_streams()
    as_json = "--json" in arguments
    try:
        try:
            if elsewhere and arguments and arguments[0] in (others or {}):
                return _run_elsewhere(arguments, elsewhere)
            return _run(arguments, others or {})
        except SystemExit as exit:
            sys.stdout.flush()
            return exit.code if isinstance(exit.code, int) else 2
        except HitpointError as error:
            return _failed(error, as_json)
        except KeyboardInterrupt:
            return _failed(Cancelled(), as_json)
        except BrokenPipeError:
            _open_streams(anew=True)  # whoever read our answer has left; there is nobody to tell
            return 0
        except OSError as error:
            if stop.asked() or error.errno not in _CANNOT_WRITE:
                raise
            name = error.filename or "the answer to standard output"
            return _failed(OutputError(f"cannot write {name}: {(error.strerror or str(error)).lower()}"), as_json)
    except Exception as error:
        if stop.asked():  # native libraries turn the interruption into errors of their own
            return _failed(Cancelled(), as_json)
        return _failed(HitpointError(_details(error)), as_json)


def _run(arguments: Sequence[str], others: Mapping[str, str]) -> int:
    options = _parser(others).parse_args(arguments)
    if options.run is None:
        raise UsageError("say what to do: hitpoint --help lists it")
    from . import commands, show

    answer = getattr(commands, options.run)(options)
    return _answered(answer, options.json, getattr(show, options.show) if options.show else None)


def _run_elsewhere(arguments: Sequence[str], elsewhere: Elsewhere) -> int:
    from . import show

    with show.progress() as progress:
        try:
            answer, lines, as_json = elsewhere(arguments, _Parser(prog="hitpoint", allow_abbrev=False), progress)
        except HitpointError:
            if stop.asked():  # what exports graphs takes the interruption for a fault of the graph
                raise Cancelled from None
            raise
    return _answered(answer, as_json, lambda answer: show.lines(lines, answer))


def _answered(answer: dict[str, Any], as_json: bool, show: Callable[[dict[str, Any]], None] | None) -> int:
    import json

    if stop.asked():
        raise Cancelled
    if as_json:
        print(json.dumps(answer, indent=1, ensure_ascii=True))
    elif show:
        show(answer)
    sys.stdout.flush()
    return InputError.status if answer.get("failed") else 0


def _open_streams(anew: bool = False) -> None:
    """Gives us streams to write to where the caller closed them, or where they broke."""
    if anew or sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def _failed(error: HitpointError, as_json: bool) -> int:
    import json

    from .show import plain

    text = plain(" ".join(str(error).split())) or type(error).__name__
    try:
        print(f"hitpoint: {text}", file=sys.stderr)
        if as_json:
            print(json.dumps({"error": text, "status": error.status, "warnings": []}))
        sys.stdout.flush()
    except OSError:
        _open_streams(anew=True)
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


def _parser(others: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="hitpoint", description="Music that lands on the cuts.", allow_abbrev=False)
    parser.add_argument("--version", nargs=0, action=_Version, help="print the version")
    parser.set_defaults(run=None, json=False)
    listed = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, words: str) -> argparse.ArgumentParser:
        description = words[0].upper() + words[1:] + "."
        sub = listed.add_parser(name, help=words, description=description, allow_abbrev=False)
        sub.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        sub.set_defaults(run=name, show=name)
        return sub

    demo = command("demo", "make a small edit, score it, and render a preview of it")
    demo.add_argument("--out", type=_path, default="hitpoint-demo", metavar="DIR", help="where (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, metavar="N", help="another number, another piece (default: 0)")

    inspect = command("inspect", "show what an edit says: cuts, markers, shots, sound")
    _edit(inspect)
    _part(inspect)
    _looking(inspect)
    inspect.add_argument(
        "--pictures", type=_path, metavar="DIR", help="draw a contact sheet of the edit there, NAME.png"
    )

    cues = command("cues", "plan the music of an edit and write the plan")
    _edit(cues)
    _part(cues)
    _looking(cues)
    _spotting(cues)
    _style(cues)
    cues.add_argument("-o", "--out", type=_path, metavar="FILE", help="the cue sheet (default: standard output)")
    cues.add_argument(
        "--from", dest="older", type=_path, metavar="CUES", help="carry over the cue sheet of an older cut, or a score"
    )
    cues.add_argument("--midi", type=_path, metavar="FILE", help="write the tempo map with its hits, as MIDI")
    cues.add_argument("--csv", type=_path, metavar="FILE", help="write the cue list, for a spreadsheet")

    score = command("score", "score an edit and put the music on its timeline")
    _edit(score, optional=True)
    cli_hosts.through(score, "the timeline that this editor has open, and put the music there")
    score.add_argument(
        "--host-duck",
        action="store_true",
        help="with --host: the editor itself goes down under dialogue, to be changed there",
    )
    _part(score)
    _looking(score)
    _spotting(score)
    _style(score)
    _target(score, "scored")
    _wishes(score)

    align = command("align", "bend a song so that its beats meet the cuts, and put it on the timeline")
    _edit(align)
    align.add_argument(
        "--audio", type=_path, required=True, metavar="SONG", help="music with a beat: any file with sound"
    )
    _part(align)
    _looking(align)
    _spotting(align)
    align.set_defaults(style=None)
    _target(align, "scored")
    _sound(align)

    unscore = command("unscore", "take our music off a timeline again")
    _edit(unscore, optional=True)
    cli_hosts.through(unscore, "the timeline that this editor has open")
    _target(unscore, "unscored")

    evaluate = command("evaluate", "measure how a piece of audio meets an edit, or those of a folder")
    _edit(evaluate)
    _part(evaluate)
    evaluate.add_argument(
        "--audio", type=_path, metavar="FILE", help="any file with sound (default: the score); a folder for a folder"
    )
    evaluate.add_argument("--reference", type=_path, metavar="FILE", help="music whose beats are right, for B_IoU")
    evaluate.add_argument("--cues", type=_path, metavar="FILE", help="the cue sheet that says where storyboards start")
    evaluate.add_argument("--picture", type=_path, metavar="FILE", help="draw it: sound, beats, cuts, hits; a .png")

    preview = command("preview", "render the picture of an edit with music")
    _edit(preview)
    preview.add_argument("--audio", type=_path, metavar="FILE", help="the music (default: the score on the timeline)")
    preview.add_argument("-o", "--out", type=_path, metavar="FILE", help="an .mp4 (default: beside the edit)")
    preview.add_argument("--height", type=_height, default=360, metavar="LINES", help="of the picture (default: 360)")

    _packs(command("packs", "list, check, add and remove models"))
    cli_hosts.commands(command, _path)

    for name, words in others.items():
        listed.add_parser(name, help=words, add_help=False)
    command("doctor", "say what is installed, what is missing and how to get it")
    return parser


def _packs(parser: argparse.ArgumentParser) -> None:
    listed = parser.add_subparsers(title="what to do", metavar="WHAT", dest="what", required=True)

    def action(name: str, words: str, given: str = "", commercial: bool = True) -> argparse.ArgumentParser:
        description = words[0].upper() + words[1:] + "."
        sub = listed.add_parser(name, help=words, description=description, allow_abbrev=False)
        sub.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object on standard output"
        )
        if given:
            sub.add_argument("pack", type=_path if given == "FILE_OR_FOLDER" else str, metavar=given)
        if commercial:
            sub.add_argument(
                "--commercial", action="store_true", help="refuse packs whose licence forbids commercial use"
            )
        return sub

    action("list", "show which packs there are, and their licences")
    action("info", "show what a pack is, holds and may be used for", "NAME")
    action("verify", "check every byte and every graph of a pack", "NAME_OR_PATH")
    add = action("add", "copy a pack to your own, whole or not at all", "FILE_OR_FOLDER")
    add.add_argument("--replace", action="store_true", help="in the place of the one of that name")
    action("remove", "take one of your own packs away", "NAME", commercial=False)
    bench = action("bench", "measure how fast a pack runs here", "NAME")
    bench.add_argument("--device", default="auto", metavar="D", help="auto, cuda, cpu, tensorrt, coreml, directml")
    bench.add_argument("--variant", choices=("fp32", "fp16", "int8"), help="only this one (default: all)")
    bench.add_argument("--rounds", type=_rounds, default=5, metavar="N", help="runs to measure (default: 5)")
    hear = action("hear", "send a sound through the codec of a pack, to hear what it does to it", "NAME")
    hear.add_argument("--audio", type=_path, required=True, metavar="FILE", help="any file with sound")
    hear.add_argument("-o", "--out", type=_path, required=True, metavar="WAV", help="what comes back, 48 kHz, 24 bit")
    hear.add_argument("--device", default="auto", metavar="D", help="auto, cuda, cpu, tensorrt, coreml, directml")
    hear.add_argument("--variant", choices=("fp32", "fp16", "int8"), help="only this one (default: what suits)")


def _edit(parser: argparse.ArgumentParser, optional: bool = False) -> None:
    count = "?" if optional else None
    parser.add_argument(
        "edit",
        nargs=count,
        type=_path,
        metavar="EDIT",
        help=".otio .otioz .otiod .xml (FCP7) .aaf .edl .kdenlive .mlt .fcpxml .fcpxmld",
    )
    parser.add_argument(
        "--rate", metavar="R", help="frames a second, for formats that state none: 25, 23.976, 24000/1001"
    )
    parser.add_argument("--timeline", metavar="NAME", help="which timeline, where the file holds several")
    parser.add_argument(
        "--media-root", type=_path, action="append", default=[], metavar="DIR", help="look for moved media here too"
    )


def _part(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", metavar="TC", help="only from this timecode on")
    parser.add_argument("--end", metavar="TC", help="only up to this timecode")


def _looking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detect",
        choices=("auto", "always", "never"),
        default="auto",
        help="look for cuts inside media: in long lone clips (default), in every shot, or not",
    )
    parser.add_argument(
        "--storyboard-colour",
        dest="colours",
        action="append",
        default=[],
        metavar="COLOUR",
        help="markers of this colour start storyboards too: RED, GREEN, CYAN...",
    )
    parser.add_argument("--vision", metavar="PACK", help="look with a vision pack, not with our own descriptor")
    parser.add_argument("--commercial", action="store_true", help="refuse packs whose licence forbids commercial use")
    parser.add_argument(
        "--no-look", dest="look", action="store_false", help="do not open media: only what the timeline itself says"
    )


def _style(parser: argparse.ArgumentParser) -> None:
    styles = "cinematic, ambient, electronic, pop, lofi, trailer, documentary, jazz"
    parser.add_argument("--style", metavar="NAME", help=f"{styles}, or your own (default: cinematic)")


def _spotting(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--hit-colour",
        dest="hit_colours",
        action="append",
        default=[],
        metavar="COLOUR",
        help="only markers of this colour are hits (default: of all colours)",
    )
    add(
        "--silence",
        dest="silences",
        nargs=2,
        action="append",
        default=[],
        metavar=("TC", "TC"),
        help="no music from here to there; markers named `silence` say so too",
    )
    add("--tempo", dest="tempi", type=_tempi, default=TEMPI, metavar="BPM", help="only these: 90-120, or 100")


def _target(parser: argparse.ArgumentParser, word: str) -> None:
    parser.add_argument("-o", "--out", type=_path, metavar="OUT", help=f"what to write (default: NAME.{word}.SUFFIX)")
    parser.add_argument("--in-place", action="store_true", help="change the edit itself")


def _wishes(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--engine", default="composer", metavar="NAME", help="what makes the music (default: composer)")
    _playing(parser)
    add("--soundfont", type=_path, metavar="FILE", help="play with the instruments of a SoundFont, through FluidSynth")
    add("--seed", type=int, metavar="N", help="another number, another piece (default: 0)")
    add("--takes", type=_takes, default=1, metavar="N", help="as many pieces to choose from, with seeds from --seed on")
    add(
        "--from",
        dest="earlier",
        type=_path,
        metavar="FOLDER",
        help="go on from an earlier score or take: NAME.hitpoint, NAME.hitpoint/takes/02",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="STORYBOARD",
        help="with --from: make only this one anew, by name or number; may be given again",
    )
    add(
        "--keep-stem",
        dest="keep_stems",
        action="append",
        default=[],
        metavar="STEM",
        help="with --from: this stem stays as it was",
    )
    add("--stems", action="store_true", help="write every stem beside the programme")
    add(
        "--stem-tracks", action="store_true", help="put every stem on a track of its own, in the place of the programme"
    )
    _sound(parser)


def _playing(parser: argparse.ArgumentParser) -> None:
    """What is for engines that play a model."""
    group = parser.add_argument_group("for engines that play a model (diffv2m)")
    add = group.add_argument
    add("--pack", metavar="PACK", help="which model: its name, a folder or a .hitpack file (default: the built-in one)")
    add("--device", metavar="D", help="auto (default), cuda, cpu, tensorrt, coreml, directml")
    add("--variant", choices=("fp32", "fp16", "int8"), help="which precision (default: what suits the device)")
    add("--steps", type=_steps, metavar="N", help="of the diffusion: more take longer (default: the pack's)")
    add("--guidance", type=_guidance, metavar="G", help="how closely it follows what it is asked (default: the pack's)")
    add(
        "--rhythm",
        choices=("plan", "predicted", "both"),
        help="what it is told: the plan's hits and beats, what the picture suggests, or both (default, where it can)",
    )
    add(
        "--align",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="bend the music so that its beats meet the hits (default), or leave it as it was made",
    )


def _sound(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--cues", type=_path, metavar="FILE", help="a cue sheet to play, as `cues` writes it")
    add("--from-cues", type=_path, metavar="CUES", help="the cue sheet of an older cut, or its score, to carry over")
    add(
        "--loudness",
        type=_loudness,
        metavar="LUFS",
        help="streaming (-14), default (-16), ebu (-23), atsc (-24, -2 dBTP), or a number",
    )
    add(
        "--duck",
        type=_duck,
        metavar="DB",
        help="how far the music goes down under dialogue (default: 10), or off; score-full.wav has it without",
    )
    add("--markers", choices=("storyboards", "beats", "none"), default="none", help="to write on the timeline too")
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


def _path(text: str) -> Path:
    from pathlib import Path

    if not text:  # of a variable that is not set; it would be the folder one is in
        raise argparse.ArgumentTypeError("an empty name is no file and no folder")
    return Path(text)


def _loudness(text: str) -> Target:
    from ..runtime.mix.presets import PRESETS, Target

    if text.isalpha() and text.lower() not in PRESETS:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number of LUFS nor one of {', '.join(PRESETS)}")
    return PRESETS.get(text.lower()) or Target(_number(text, -60.0, -5.0, "LUFS"))


def _duck(text: str) -> float:
    """In dB; 0 for off."""
    return 0.0 if text.lower() == "off" else _number(text, 0.0, DEEPEST, "dB")


def _takes(text: str) -> int:
    return int(_number(text, 1, MOST_TAKES, "takes"))


def _tempi(text: str) -> tuple[float, float]:
    low, dash, high = text.partition("-")
    slowest, fastest = _number(low, *TEMPI, "bpm"), _number(high if dash else low, *TEMPI, "bpm")
    if slowest > fastest:
        raise argparse.ArgumentTypeError(f"'{text}' falls: the slower tempo comes first")
    return slowest, fastest


def _steps(text: str) -> int:
    return int(_number(text, 1, 1000, "steps"))


def _guidance(text: str) -> float:
    return _number(text, 0, 100, "times")


def _rounds(text: str) -> int:
    return int(_number(text, 1, 1000, "rounds"))


def _height(text: str) -> int:
    return int(_number(text, 16, 4320, "lines"))


def _number(text: str, least: float, most: float, unit: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number between {least:g} and {most:g} {unit}")
    return value
