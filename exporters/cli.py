"""`hitpoint export`, `hitpoint train` and `hitpoint corpus`: what each room here can do from the command line.

A room takes part by a module `cli.py` of its own with one function:

    def add(commands: Commands) -> None:
        options = commands.export("codec", "write the audio codec as a pack", _export, _lines)
        options.add_argument("--from", dest="source", type=Path, required=True, metavar="DIR", help="...")
        commands.train("codec", "...", _train, _lines)
        commands.corpus("build", "...", _build, _lines)

`_export(options, progress)` does the work and gives the answer, plain data that JSON can hold. `_lines(answer)`
gives the lines that a person reads; `answer["warnings"]`, where there are any, are said after them. Every command
has `--json`. Errors are those of runtime/errors.py. Such a module is imported for `--help` too: what it imports
at its top is light, and torch, numpy and the rest of its room come in when `_export` runs. Where a package of the extra is
missing then, `run` says which. Nothing here prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

from ..runtime.errors import UsageError
from ..runtime.progress import Progress
from . import COMMANDS
from .graphs import lacking

Answer = dict[str, Any]
Work = Callable[[argparse.Namespace, Progress], Answer]
Lines = Callable[[Answer], Iterable[str]]

ROOMS = ("vision", "codec", "corpus", "diffv2m")


class Commands:
    """What the first words can be followed by; rooms add to it."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        listed = parser.add_subparsers(title="commands", metavar="COMMAND")
        self._parser = type(parser)
        self._first = {name: _command(listed, name, words) for name, words in COMMANDS.items()}
        self._second = {name: first.add_subparsers(title="what", metavar="WHAT") for name, first in self._first.items()}

    def export(self, name: str, words: str, work: Work, lines: Lines) -> argparse.ArgumentParser:
        """`hitpoint export NAME`; the parser, to add options to. `words` go on where the name of the command left."""
        return self._add("export", name, words, work, lines)

    def train(self, name: str, words: str, work: Work, lines: Lines) -> argparse.ArgumentParser:
        return self._add("train", name, words, work, lines)

    def corpus(self, name: str, words: str, work: Work, lines: Lines) -> argparse.ArgumentParser:
        return self._add("corpus", name, words, work, lines)

    def _add(self, first: str, name: str, words: str, work: Work, lines: Lines) -> argparse.ArgumentParser:
        sub = _command(self._second[first], name, words)
        sub.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object on standard output"
        )
        sub.set_defaults(work=work, lines=lines)
        return sub


def run(
    arguments: Sequence[str], parser: argparse.ArgumentParser, progress: Progress
) -> tuple[Answer, Iterable[str], bool]:
    """The answer of one command, as lines, and whether JSON was asked for. `parser` says how usage is told."""
    options = _parse(arguments, parser)
    with lacking.named():
        answer = options.work(options, progress)
    return {"did": " ".join(options.said), **answer}, options.lines(answer), options.json


def _parse(arguments: Sequence[str], parser: argparse.ArgumentParser) -> argparse.Namespace:
    parser.set_defaults(json=False, work=None)
    commands = Commands(parser)
    for room in rooms():
        room.add(commands)
    options = parser.parse_args(arguments)
    if options.work is None:
        raise UsageError(f"say what to {arguments[0]}: hitpoint {arguments[0]} --help lists it")
    options.said = tuple(arguments[:2])
    return options


def rooms() -> list[Any]:
    """The modules that add commands."""
    return [import_module(f".{room}.cli", __package__) for room in ROOMS]


def _command(listed: Any, name: str, words: str) -> argparse.ArgumentParser:
    description = words[0].upper() + words[1:] + "."
    made: argparse.ArgumentParser = listed.add_parser(name, help=words, description=description, allow_abbrev=False)
    return made
