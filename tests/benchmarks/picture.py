"""What looking at the picture costs: our whole parse of an edit with known cuts against PySceneDetect on the same film,
and how seconds and memory grow with length.

`.venv/bin/python tests/benchmarks/picture.py [--kind b-frames] [--height 1080] [--rounds 3] [--growth 1 5 20]`

The growth is in two-minute films, 60 of which are two hours; `--height 180 --rounds 0 --growth 1 60` shows it in minutes.
Without B-frames every frame of H.264 has to be decoded; of ProRes half of them are passed over, as each stands alone.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from machine import command, describe, paired

FPS, SECONDS, SHOT = 24, 60, 3
GOAL = 0.5
KINDS = {  # as x264 makes it when nobody says anything: B-frames and all
    "b-frames": ("libx264", ".mp4", {}),
    "no-b-frames": ("libx264", ".mp4", {"bf": "0"}),
    "prores": ("prores_ks", ".mov", {}),
}

PARSE = """
import json, resource, sys, time
from fractions import Fraction
from hitpoint.runtime.edit import Cut, Edit, Shot, Source
from hitpoint.runtime.picture.parse import parse
from hitpoint.runtime.rate import Rate
media, frames, shot = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
starts = range(0, frames, shot)
shots = tuple(Shot(n, n + shot, "", media, True, (Source(n, n + shot, media, Fraction(n, 24), Fraction(1)),)) for n in starts)
edit = Edit("film", Rate.of(24), frames, 0, False, 0, frames, tuple(Cut(n) for n in starts[1:]), shots=shots)
begin = time.perf_counter()
seen = parse(edit, cache=None)
took, usage = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
assert all(look.known for look in seen.looks) and not seen.warnings, seen.warnings
# ru_maxrss would be that of the process that started this one.
status = dict(line.split(":", 1) for line in open("/proc/self/status")) if sys.platform == "linux" else {}
peak = int(status["VmHWM"].split()[0]) if status else usage.ru_maxrss
print(json.dumps({"seconds": took, "cpu": usage.ru_utime + usage.ru_stime, "peak": peak / 1024, "colour": seen.colour.nbytes / 2**20}))
"""


def make(path: Path, height: int, codec: str, options: dict[str, str]) -> None:
    """A minute of soft scenes with texture and grain that move at different speeds, 16 to 9."""
    draw, width = np.random.default_rng(0), height * 16 // 9
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        stream.thread_type = "AUTO"
        for number in range(FPS * SECONDS):
            if number % (FPS * SHOT) == 0:
                coarse = draw.integers(0, 255, (10, 17, 3)).astype(np.float32)
                tall, wide = height + 240, width + 480
                scene = _smooth(coarse, tall, wide) + draw.normal(0, 6, (tall, wide, 1)).astype(np.float32)
                scene = scene.clip(0, 255).astype(np.uint8)
                speed = draw.integers(-3, 4, 2)
            step = number % (FPS * SHOT)
            top, left = 120 + int(speed[0] * step * 0.5), 240 + int(speed[1] * step)
            picture = np.ascontiguousarray(scene[top : top + height, left : left + width])
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _smooth(coarse: np.ndarray, height: int, width: int) -> np.ndarray:
    rows = np.linspace(0, coarse.shape[0] - 1.001, height)
    columns = np.linspace(0, coarse.shape[1] - 1.001, width)
    y, x = rows.astype(int), columns.astype(int)
    v, h = (rows - y)[:, None, None], (columns - x)[None, :, None]
    upper = coarse[y][:, x] * (1 - h) + coarse[y][:, x + 1] * h
    lower = coarse[y + 1][:, x] * (1 - h) + coarse[y + 1][:, x + 1] * h
    return upper * (1 - v) + lower * v


def repeated(source: Path, target: Path, times: int) -> None:
    """The same packets again and again, without decoding."""
    with av.open(str(target), "w") as out:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(source)) as film:
                old = film.streams.video[0]
                stream = stream or out.add_stream_from_template(old)
                length = int(Fraction(SECONDS) / old.time_base)
                for packet in film.demux(old):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        out.mux(packet)
            shift += length


def parsed(path: Path, seconds: int) -> dict:
    arguments = [sys.executable, "-c", PARSE, str(path), str(seconds * FPS), str(SHOT * FPS)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=path.parent)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def compare(film: Path, rounds: int) -> None:
    """Our parse beside PySceneDetect, in turns."""
    if importlib.util.find_spec("scenedetect") is None:
        print("scenedetect is not installed (pip install scenedetect-headless): nothing to compare with")
        return
    ours = command([sys.executable, "-c", PARSE, str(film), str(SECONDS * FPS), str(SHOT * FPS)])
    theirs = command([sys.executable, "-m", "scenedetect", "-i", str(film), "detect-content"])
    detect, parse, ratio = paired(theirs, ours, rounds)
    verdict = "met" if ratio <= GOAL else "missed"
    print(
        f"scenedetect detect-content {detect:.2f} s, our parse {parse:.2f} s: ratio {ratio:.2f}, goal {GOAL} {verdict}"
    )
    busy = statistics.median(cpu(ours) / cpu(theirs) for _ in range(rounds))
    print(f"of processor time, which other work on the machine changes less: ratio {busy:.2f}")


def cpu(call: Callable[[], object]) -> float:
    """Processor seconds of the programs that a call starts."""
    before = os.times()
    call()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3, help="beside PySceneDetect; 0 leaves it out")
    options.add_argument("--growth", type=int, nargs="*", default=[1, 5, 20])
    options.add_argument("--kind", choices=KINDS, default="b-frames")
    options.add_argument("--height", type=int, default=1080)
    options.add_argument("--film", type=Path, help="kept between runs")
    chosen = options.parse_args()
    print(describe())
    codec, suffix, settings = KINDS[chosen.kind]
    with tempfile.TemporaryDirectory() as folder:
        film = (chosen.film or Path(folder) / f"film{suffix}").resolve()
        if not film.exists():
            make(film, chosen.height, codec, settings)
        print(f"{SECONDS} s of {chosen.height}p {codec}, {chosen.kind}, {film.stat().st_size / 2**20:.0f} MB")
        if chosen.rounds:
            compare(film, chosen.rounds)
        base = None
        for times in chosen.growth:
            long = Path(folder) / f"long{suffix}"
            repeated(film, long, 2 * times)
            found = parsed(long, 2 * SECONDS * times)
            base = base or (times, found)
            wall, busy = (found[name] / base[1][name] / (times / base[0]) for name in ("seconds", "cpu"))
            print(
                f"{2 * times:4d} min: {found['seconds']:6.1f} s ({wall:.2f} of proportional), "
                f"{found['cpu']:6.1f} s of processor ({busy:.2f}), peak {found['peak']:5.0f} MiB, "
                f"of which the result's histograms are {found['colour']:.0f}"
            )
            long.unlink()
            time.sleep(0.1)


if __name__ == "__main__":
    main()
