"""The door: `hitpoint` and `python -m hitpoint`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> int:
    from .plugin import stop

    stop.listen()
    try:
        from .exporters import COMMANDS
        from .plugin.cli import main as run
        from .ui import COMMANDS as PANEL

        status = run(sys.argv[1:], PANEL | COMMANDS, _elsewhere)
    except BaseException:
        if not stop.asked():
            raise
        print("hitpoint: cancelled", file=sys.stderr)  # before the command line could say it
        status = 130
    stop.ignore()
    if stop.asked():
        # Python itself may remember the interruption and die of it once more, after all has been said and tidied.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def _elsewhere(arguments: Any, *asked: Any) -> Any:
    """The command line's way to the rooms that it does not know."""
    from .ui import COMMANDS as PANEL

    if arguments[0] in PANEL:
        from .ui.app import run as panel

        return panel(arguments, *asked)
    from .exporters.cli import run

    return run(arguments, *asked)


if __name__ == "__main__":
    sys.exit(main())
