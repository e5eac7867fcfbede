"""The door: `hitpoint` and `python -m hitpoint`."""

import sys


def main() -> int:
    from .plugin.cli import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
