"""The door: `hitpoint` and `python -m hitpoint`."""

import os
import sys


def main() -> int:
    from .plugin import stop

    stop.listen()
    try:
        from .plugin.cli import main as run

        status = run(sys.argv[1:])
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


if __name__ == "__main__":
    sys.exit(main())
