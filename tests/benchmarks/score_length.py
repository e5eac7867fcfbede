"""What scoring costs as edits grow: seconds and memory for 1, 10 and 60 minutes of picture, cut every two seconds.

`.venv/bin/python tests/benchmarks/score_length.py [minutes ...]`
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import opentimelineio as otio
from machine import describe

MEASURE = "import resource, sys; from hitpoint.plugin.cli import main; main(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"


def edit(minutes: float) -> otio.schema.Timeline:
    made = otio.schema.Timeline(f"{minutes:g} minutes")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for i in range(int(minutes * 30)):
        span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(48, 24))
        track.append(otio.schema.Clip(f"{i}", otio.schema.ExternalReference(f"{i}.mov", span), span))
    made.tracks.append(track)
    return made


print(describe())
for minutes in [float(word) for word in sys.argv[1:]] or [1.0, 10.0, 60.0]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut.otio"
        path.write_text(otio.adapters.write_to_string(edit(minutes), "otio_json"))
        start = time.perf_counter()
        arguments = [sys.executable, "-c", MEASURE, "score", str(path), "--json"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        took = time.perf_counter() - start
        peak = int(done.stderr.split()[-1]) / 1024
        report = json.loads(done.stdout)
        print(
            f"{minutes:5g} min: {took:7.1f} s ({60 * minutes / took:5.1f} s of music a second), peak {peak:6.0f} MiB, "
            f"{report['loudness']:.2f} LUFS, {report['true_peak']:.2f} dBTP, length error {report['samples'] - report['expected_samples']} samples"
        )
