"""The door: `hitpoint` and `python -m hitpoint`."""

import sys


def main() -> int:
    try:
        from .plugin.stop import listen

        listen()
        from .plugin.cli import main as run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command line could take it
        print("hitpoint: cancelled", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
