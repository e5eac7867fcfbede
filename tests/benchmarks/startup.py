"""How long `hitpoint --help` and `--version` take beside a Python that does nothing.

Run with the environment's own Python: `.venv/bin/python tests/benchmarks/startup.py`
"""

import sys
from pathlib import Path

from machine import command, describe, paired, python

ROUNDS = 41
LIMIT = 3.0

hitpoint = str(Path(sys.executable).parent / "hitpoint")
print(describe())
worst = 0.0
for word in ("--help", "--version"):
    idle, busy, ratio = paired(python("-c", "pass"), command([hitpoint, word]), ROUNDS)
    worst = max(worst, ratio)
    print(
        f"hitpoint {word:<10} {busy * 1000:6.1f} ms   python -c pass {idle * 1000:6.1f} ms   ratio {ratio:.2f} (limit {LIMIT:g})"
    )
sys.exit(worst > LIMIT)
