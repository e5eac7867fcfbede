"""Numbers on the command line, checked before anything begins."""

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
