"""Being told to stop: SIGINT and SIGTERM alike, and only once."""

from __future__ import annotations

import os
import signal

PATIENCE = 3  # so many signals, and we go without tidying up

_asked = 0


def listen() -> None:
    """From now on a signal raises KeyboardInterrupt in the main thread."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, _stop)


def ignore() -> None:
    """The work is done: what comes now must not turn its end into another."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_IGN)


def asked() -> bool:
    """Whether somebody asked: what a native library makes of the exception is not always KeyboardInterrupt."""
    return _asked > 0


def _stop(*_: object) -> None:
    global _asked
    _asked += 1
    if _asked >= PATIENCE:
        os._exit(130)
    if _asked == 1:
        raise KeyboardInterrupt
