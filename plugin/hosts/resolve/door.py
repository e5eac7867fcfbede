"""`python -m hitpoint.plugin.hosts.resolve.door`: the panel, for a script of Resolve's menu, which looks for nobody itself.

Every process of ours that wants this Resolve leaves a note (remote.py); each note becomes a line on standard output:
{"bridge": 1, "port": 40123, "token": "..."}. It ends with the panel; {"words": "..."} says what the panel ended with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

LOOK = 0.2  # s between two looks
NAME = "resolve"


def main(command: Sequence[str] = (sys.executable, "-m", "hitpoint", "panel", "--host", NAME)) -> int:
    with tempfile.TemporaryFile() as log:
        try:
            panel = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        except OSError as error:
            _say({"words": f"{command[0]} does not start: {error.strerror or error}"})
            return 1
        seen: set[str] = set()
        try:
            while panel.poll() is None:
                for note in _notes(seen):
                    _say(note)
                time.sleep(LOOK)
            if panel.returncode:
                log.seek(0)
                lines = log.read().decode("utf-8", "replace").strip().splitlines()
                _say({"words": f"the panel ended: {lines[-1] if lines else f'status {panel.returncode}'}"})
        except (BrokenPipeError, OSError):  # nobody reads any more: the panel goes on without Resolve
            return 0
    return panel.returncode


def _notes(seen: set[str]) -> list[dict[str, Any]]:
    from ..remote import meetings

    found = []
    with suppress(OSError):
        for path in sorted(meetings().glob(f"{NAME}-*.json")):
            if path.name not in seen:
                with suppress(OSError, ValueError, TypeError, KeyError):
                    said = json.loads(path.read_text(encoding="utf-8"))
                    found.append({"bridge": 1, "port": int(said["port"]), "token": str(said["token"])})
                    seen.add(path.name)
    return found


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main())
