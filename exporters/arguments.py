"""What commands here ask alike: numbers, checked before anything begins, and the licence of weights from outside."""

from __future__ import annotations

import argparse

LONGEST = 1e6  # minutes


def whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 0 on")
    return int(text[:12])


def some(text: str) -> int:
    if not (value := whole(text)):
        raise argparse.ArgumentTypeError("this must be 1 or more")
    return value


def minutes(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of minutes")
    return value


def licence_options(parser: argparse.ArgumentParser, weights: str) -> None:
    """What a user says where a folder of `weights` does not."""
    add = parser.add_argument
    add("--licence", metavar="ID", help=f"of {weights}, by SPDX, where the folder does not state it")
    add("--licence-url", metavar="URL", help="where that licence can be read")
    use = parser.add_mutually_exclusive_group()
    use.add_argument(
        "--commercial", action="store_const", const=True, help="the licence allows to sell what the pack makes"
    )
    use.add_argument("--no-commercial", dest="commercial", action="store_const", const=False, help="it does not")
