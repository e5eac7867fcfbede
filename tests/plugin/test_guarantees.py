"""What must hold always: equality, nothing half written, nothing mixed, memory that does not grow."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.plugin import scoring
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.timeline.reading import Source, read_edit
from hitpoint.runtime.errors import Cancelled, OutputError

RATES = st.sampled_from([24000 / 1001, 23.976, 24.0, 25.0, 29.97, 30000 / 1001, 30.0, 59.94, 60.0])


@st.composite
def timelines(draw, make):
    rate = draw(RATES)

    def item(depth=0):
        kind = draw(st.sampled_from(["clip", "clip", "clip", "gap", "nest"] if depth < 2 else ["clip", "gap"]))
        length = draw(st.integers(1, 60))
        if kind == "gap":
            return make.gap(length, rate)
        if kind == "nest":
            inner = make.track(*[item(depth + 1) for _ in range(draw(st.integers(1, 3)))])
            return make.stack(inner, source_range=make.span(draw(st.integers(0, 9)), length, rate))
        name = draw(st.text(st.characters(blacklist_categories=["Cs"]), max_size=6))
        url = draw(
            st.sampled_from(["media/a b#1.mov", "file:///x/%C3%A9.mov", "/x/y.mov", "C:\\m\\z.mov", './"q".mov'])
        )
        made = make.clip(
            name,
            length,
            draw(st.integers(0, 500)),
            rate,
            url=url,
            speed=draw(st.sampled_from([None, None, 2.0, -1.0, 0.0])),
        )
        if draw(st.booleans()):
            make.mark(made, draw(st.integers(0, 600)), draw(st.text(max_size=4)).replace("\ud800", ""), rate=rate)
        return made

    tracks = [
        make.track(*[item() for _ in range(draw(st.integers(0, 5)))], name=f"V{i}")
        for i in range(draw(st.integers(1, 3)))
    ]
    tracks.append(make.track(make.clip("sound", draw(st.integers(1, 90)), rate=rate), kind="Audio", name="A1"))
    tracks[0].append(make.clip("picture", 30, rate=rate))
    return make.timeline(
        *tracks, name=draw(st.text(max_size=8)), start=draw(st.sampled_from([None, 0, 86400])), rate=rate
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_read_score_unscore_gives_equality(tmp_path_factory, make, data):
    folder = tmp_path_factory.mktemp("property")
    path = folder / "cut.otio"
    indent = data.draw(st.sampled_from([-1, 2, 4]))
    path.write_text(
        otio.adapters.write_to_string(data.draw(timelines(make)), "otio_json", indent=indent), encoding="utf-8"
    )
    before = read_edit(path)[0]
    deep = data.draw(st.booleans())
    done = scoring.score(
        Source(path), Wish(markers="storyboards"), out=folder / ("deep/out.otio" if deep else "out.otio")
    )
    after = read_edit(done.out)[0]
    for ours in ("rate", "frames", "start_frame", "cuts", "through_edits", "markers", "picture_start", "picture_end"):
        assert getattr(after, ours) == getattr(before, ours), ours
    assert done.report["samples"] == before.rate.samples(before.frames)
    bare = scoring.unscore(Source(done.out), out=folder / "bare.otio")
    assert bare.out.read_bytes() == path.read_bytes()
    shutil.rmtree(folder)


def everything(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_a_cancelled_run_leaves_what_was_there(cut, tmp_path):
    path = cut()
    scoring.score(Source(path), out=tmp_path / "out.otio")
    before = everything(tmp_path)
    for limit in (0.0, 0.1, 0.5, 0.95, 0.97):

        def stop(fraction, words, limit=limit):
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            scoring.score(Source(path), Wish(seed=8, stems=True), out=tmp_path / "out.otio", progress=stop)
        assert everything(tmp_path) == before


def test_a_full_disk_leaves_what_was_there(cut, tmp_path):
    path = cut()
    scoring.score(Source(path), out=tmp_path / "out.otio")
    before = everything(tmp_path)
    script = f"""
import sys, signal, resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
from hitpoint.plugin.cli import main
sys.exit(main(["score", {str(path)!r}, "--seed", "5", "-o", {str(tmp_path / "out.otio")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 6, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "cannot write" in done.stderr
    assert everything(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_said(cut, tmp_path, monkeypatch):
    path = cut()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        scoring.score(Source(path), out=tmp_path / "file" / "out.otio")


def test_two_processes_writing_one_out_do_not_mix(cut, tmp_path):
    path = cut()
    out = tmp_path / "out.otio"
    command = [sys.executable, "-m", "hitpoint", "score", str(path), "-o", str(out), "--markers", "none"]
    running = [subprocess.Popen([*command, "--seed", str(seed)]) for seed in (1, 2, 3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    scored = otio.adapters.read_from_file(str(out))
    seed = scored.tracks[-1].metadata["hitpoint"]["seed"]
    alone = scoring.score(Source(path), Wish(seed=seed), out=tmp_path / "alone" / "out.otio")
    for name in set(alone.report["files"]) - {"report.json"}:
        assert (tmp_path / "out.hitpoint" / name).read_bytes() == (alone.folder / name).read_bytes()
    written = json.loads((tmp_path / "out.hitpoint" / "report.json").read_text())
    assert written["out_sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    left = [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]
    assert left == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not say it")
def test_memory_does_not_grow_with_the_number_of_clips(make, save, tmp_path):
    """3,000 clips over 100 s against 3 clips over 100 s: the audio is as long, so the memory is the same but for the timeline.

    The composer may remember as many sounds in either, here few. What a process says of its most memory may be that of
    the one that started it; VmHWM is its own.
    """
    peaks = []
    for count in (3, 3000):
        path = save(
            make.timeline(make.track(*[make.clip(f"c{i}", 3000 // count, rate=30) for i in range(count)])),
            f"{count}.otio",
        )
        script = (
            "import sys; from hitpoint.plugin.cli import main; "
            "from hitpoint.runtime.engines.composer.instruments import rack; rack.BODIES = rack.NOTES = 1 << 24; "
            f"main(['score', {str(path)!r}, '-o', {str(tmp_path / f'o{count}.otio')!r}, '--json']); "
            "print([line for line in open('/proc/self/status') if line.startswith('VmHWM')][0], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        peaks.append(int(done.stderr.split()[-2]))
    assert peaks[1] < peaks[0] + 150_000  # KiB; the timeline itself is 5 MB of JSON, held as text and as objects
