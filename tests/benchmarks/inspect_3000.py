"""How long an edit of 3,000 clips takes to inspect, beside OpenTimelineIO merely parsing it; the limit is 2 s.

`.venv/bin/python tests/benchmarks/inspect_3000.py`
"""

import sys
import tempfile
from pathlib import Path

import opentimelineio as otio
from machine import command, describe, paired, python

ROUNDS = 5
CLIPS = 3000


def edit() -> otio.schema.Timeline:
    """Three layers of a thousand clips with a dissolve at every tenth cut, as a long programme has."""
    made = otio.schema.Timeline("long", global_start_time=otio.opentime.RationalTime(86400, 24))
    for layer in range(3):
        track = otio.schema.Track(f"V{layer + 1}", kind=otio.schema.TrackKind.Video)
        for i in range(CLIPS // 3):
            span = otio.opentime.TimeRange(
                otio.opentime.RationalTime(i, 24), otio.opentime.RationalTime(40 + i % 50, 24)
            )
            media = otio.schema.ExternalReference(f"file:///media/{layer}_{i}.mov", span)
            if i and i % 10 == 0:
                offset = otio.opentime.RationalTime(6, 24)
                track.append(otio.schema.Transition("d", "SMPTE_Dissolve", offset, offset))
            track.append(otio.schema.Clip(f"shot {i}", media, span))
        made.tracks.append(track)
    return made


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "long.otio"
    path.write_text(otio.adapters.write_to_string(edit(), "otio_json"))
    hitpoint = str(Path(sys.executable).parent / "hitpoint")
    parse = python("-c", f"import opentimelineio as otio; otio.adapters.read_from_file({str(path)!r})")
    alone, ours, ratio = paired(parse, command([hitpoint, "inspect", str(path), "--json"]), ROUNDS)
    print(describe())
    print(
        f"{CLIPS} clips, {path.stat().st_size / 1e6:.1f} MB: inspect {ours:.2f} s (limit 2), parsing alone {alone:.2f} s, ratio {ratio:.2f}"
    )
    sys.exit(ours > 2)
