"""How fast instruments and desk play, beside FluidSynth with the same notes; memory for 20 minutes; the rehearsal.

`.venv/bin/python tests/benchmarks/render_speed.py [SOUNDFONT.sf2]`. Seconds of the clock and of the processor: on a
machine that does other things too, the latter is the fairer one.
"""

import os
import resource
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from machine import describe, timed

from hitpoint.runtime.cues.midi import midi_bytes
from hitpoint.runtime.engines.composer.desk.play import play
from hitpoint.runtime.engines.composer.desk_settings import Desk
from hitpoint.runtime.engines.composer.instruments.rack import Rack
from hitpoint.runtime.progress import silent

heard = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent.parent / "runtime/engines/composer/sounding.py")))
SENDS = {"melody": 0.3, "harmony": 0.35, "drums": 0.12, "effects": 0.4}
DESK = Desk(reverb=SENDS, delay={"melody": 0.2}, chorus={"harmony": 0.4}, pump=4.0, warmth=0.2)
FONTS = ("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/TimGM6mb.sf2")


def rendered(seconds: float, rack: Rack) -> tuple[float, float]:
    """Seconds of the clock and of the processor."""
    sheet, events = heard.a_sheet(seconds, 4), heard.a_piece(seconds)
    clock, processor = time.perf_counter(), time.process_time()
    for _ in play(sheet, events, [DESK] * 4, rack, 240_000, silent):
        pass
    return time.perf_counter() - clock, time.process_time() - processor


def fluidsynth(seconds: float, font: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        midi = Path(folder) / "piece.mid"
        midi.write_bytes(midi_bytes(heard.a_sheet(seconds, 4), [event.note for event in heard.a_piece(seconds)]))
        command = ["fluidsynth", "-ni", "-q", "-r", "48000", "-F", f"{folder}/piece.wav", font, str(midi)]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True))


def main() -> None:
    print(describe())
    print(f"other work on this machine: load {os.getloadavg()[0]:.1f}")
    for seconds in (60.0, 180.0, 1200.0):
        clock, processor = rendered(seconds, Rack(0))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{seconds / 60:4g} min: {clock:6.2f} s by the clock ({seconds / clock:5.1f} s of music a second), "
            f"{processor:6.2f} s of the processor ({seconds / processor:5.1f}), {len(heard.a_piece(seconds))} notes, "
            f"peak {peak:.0f} MiB"
        )
        if seconds == 180.0:
            font = sys.argv[1] if len(sys.argv) > 1 else next((each for each in FONTS if Path(each).is_file()), None)
            if font and shutil.which("fluidsynth"):
                other = fluidsynth(seconds, font)
                print(
                    f"       FluidSynth, the same notes: {other:6.2f} s by the clock ({seconds / other:5.1f} s of music a second)"
                )
            else:
                print("       FluidSynth or a SoundFont is not on this machine")
    coarse = Rack(0, coarse=True)
    for words in ("cold", "warm"):
        clock, processor = rendered(60.0, coarse)
        print(f"rehearsal of 1 min, {words}: {clock:.2f} s by the clock, {processor:.2f} s of the processor")


main()
