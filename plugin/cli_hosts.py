"""What may be asked of video editors on the command line."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[[str, str], argparse.ArgumentParser]

HOSTS = "blender, resolve, premiere: `hitpoint hosts` says what the others need"


def through(parser: argparse.ArgumentParser, words: str) -> None:
    """`--host`, for commands that do their work on what an editor has open."""
    parser.add_argument("--host", metavar="NAME", help=f"{words}; EDIT is left out, or the host's project file")


def commands(command: Command, path: Callable[[str], Path]) -> None:
    command("hosts", "list the video editors: what is here, what each cannot, tested against what")
    for name, words in (
        ("install", "put the launcher of a video editor where it looks"),
        ("uninstall", "take away what install put there"),
    ):
        sub = command(name, words)
        sub.add_argument("host", metavar="HOST", help=HOSTS)
        sub.add_argument(
            "--dir", dest="folder", type=path, metavar="DIR", help="there, and not where it looks by itself"
        )
        sub.add_argument("--dry-run", action="store_true", help="only say what would be done")
        sub.set_defaults(show="installed")
    bridge = command("bridge", "serve the piece of ours inside an editor, until that ends; the piece itself starts it")
    bridge.add_argument("host", metavar="HOST", help="blender, premiere, resolve")
    bridge.add_argument("--started", action="store_true", help="by that piece: the token comes on standard input")
    bridge.set_defaults(show=None)
