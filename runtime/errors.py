"""What can go wrong, said in one line, with the exit status the command line answers."""

from __future__ import annotations


class HitpointError(Exception):
    """A message for a person: what, where, and what to do about it. Never a traceback."""

    status = 1


class UsageError(HitpointError):
    """The request itself does not make sense."""

    status = 2


class InputError(HitpointError):
    """An edit, a cue sheet or a sound cannot be read."""

    status = 3


class NothingToScore(HitpointError):
    """The edit is readable but holds no picture to make music for."""

    status = 4


class EngineError(HitpointError):
    """An engine or a pack is unavailable or damaged."""

    status = 5


class OutputError(HitpointError):
    """A result cannot be written; what was there before is still there."""

    status = 6


class Cancelled(HitpointError):
    """Somebody stopped the work; what was there before is still there."""

    status = 130

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message)
