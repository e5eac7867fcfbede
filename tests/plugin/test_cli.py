"""The command line, as somebody types it: answers, exit statuses, one line for what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import opentimelineio as otio
import pytest

COMMAND = [sys.executable, "-m", "hitpoint"]


def run(*arguments, **options):
    environment = {**os.environ, **options.pop("environment", {})}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=300, **options
    )


@pytest.fixture
def cut(make, save):
    made = make.timeline(
        make.track(make.clip("A", 48), make.clip("B", 24), make.gap(12), make.clip("C", 24)), start=86400
    )
    return save(make.mark(made.tracks, 6, "hit é") and made)


def test_inspect_prints_the_edit_as_one_json_object(cut):
    done = run("inspect", cut, "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    keys = {
        "name", "rate", "drop_frame", "start_frame", "frames", "seconds", "picture_start", "picture_end",
        "cuts", "through_edits", "markers", "shots", "audio_tracks", "warnings",
    }  # fmt: skip
    assert keys <= set(answer)
    assert (answer["rate"], answer["start_frame"], answer["frames"]) == ("24", 86400, 108)
    assert answer["cuts"][0] == {"frame": 48, "seconds": 2.0, "kind": "cut", "maybe_overlay": False}
    assert [cut["kind"] for cut in answer["cuts"]] == ["cut", "to_black", "from_black"]
    marker = answer["markers"][0]
    assert marker == {
        "frame": 6, "frames": 0, "seconds": 0.25, "name": "hit é", "note": "", "color": "RED",
        "source": "timeline", "visible": True,
    }  # fmt: skip


def test_inspect_speaks_to_people_too_even_in_a_plain_terminal(cut):
    done = run("inspect", cut, environment={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0
    assert "3 cuts" in done.stdout


def test_score_cues_evaluate_unscore_one_after_the_other(cut, tmp_path):
    out = tmp_path / "out.otio"
    sheet = tmp_path / "cues.json"
    assert run("cues", cut, "-o", sheet).returncode == 0
    scored = run("score", cut, "-o", out, "--cues", sheet, "--json")
    report = json.loads(scored.stdout)
    assert scored.returncode == 0
    assert report["samples"] == report["expected_samples"] == 108 * 2000
    assert report["loudness"] == pytest.approx(-16, abs=0.5)
    assert report["true_peak"] <= -1
    assert {"landed", "near", "missed", "hits", "engine", "seed", "warnings"} <= set(report)
    assert {"asked", "landed", "outcome"} <= set(report["hits"][0])
    assert json.loads((tmp_path / "out.hitpoint" / "report.json").read_text())["hits"] == report["hits"]
    measured = json.loads(run("evaluate", cut, "--audio", report["wav"], "--json").stdout)
    assert measured["warnings"] is not None
    bare = run("unscore", out, "-o", tmp_path / "bare.otio", "--json")
    assert json.loads(bare.stdout)["tracks_removed"] == 1
    assert (tmp_path / "bare.otio").read_bytes() == cut.read_bytes()


def test_cues_go_to_standard_output_where_no_file_is_named(cut):
    done = run("cues", cut)
    assert json.loads(done.stdout)["schema"].startswith("hitpoint.cues/")


def test_where_to_write_has_a_sensible_default(cut):
    done = run("score", cut)
    assert done.returncode == 0, done.stderr
    assert (cut.parent / "cut.scored.otio").is_file()
    assert (cut.parent / "cut.scored.hitpoint" / "score.wav").is_file()


def test_rate_and_timeline_are_chosen_on_the_command_line(make, save, tmp_path):
    edl = tmp_path / "cut.edl"
    edl.write_text("TITLE: x\n001  A V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n")
    assert json.loads(run("inspect", edl, "--rate", "29.97", "--json").stdout)["rate"] == "30000/1001"
    one, two = (make.timeline(make.track(make.clip("A", n)), name=f"t{n}") for n in (10, 20))
    path = save(otio.schema.SerializableCollection("bin", [one, two]), "bin.otio")
    assert json.loads(run("inspect", path, "--timeline", "t20", "--json").stdout)["frames"] == 20


def test_media_are_looked_for_where_asked(make, save, tmp_path):
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "A.mov").write_bytes(b"x")
    path = save(make.timeline(make.track(make.clip("A", 24, url="C:\\old\\A.mov"))))
    answer = json.loads(run("inspect", path, "--media-root", tmp_path / "moved", "--json").stdout)
    assert answer["shots"][0]["online"] is True


STATUSES = [
    (["nonsense"], 2),
    (["inspect"], 2),
    ([], 2),
    (["inspect", "gone.otio"], 3),
    (["score", "gone.otio"], 3),
    (["inspect", "{cut}", "--rate", "fast"], 2),
    (["inspect", "{cut}", "--media-root", "nowhere"], 2),
    (["inspect", "{cut}", "--timeline", "other"], 3),
    (["score", "{cut}", "-o", "{tmp}/out.aaf"], 2),
    (["score", "{cut}", "-o", "{cut}"], 2),
    (["score", "{cut}", "--engine", "orchestra"], 5),
    (["score", "{cut}", "--cues", "{cut}"], 3),
    (["score", "{cut}", "--loudness", "3"], 2),
    (["score", "{sound}"], 4),
    (["cues", "{sound}"], 4),
    (["inspect", "{sound}"], 0),
    (["score", "{cut}", "-o", "{cut}/in/a/file.otio"], 6),
    (["evaluate", "{cut}", "--audio", "{cut}"], 3),
    (["evaluate", "{cut}", "--audio", "gone.wav"], 3),
]


@pytest.mark.parametrize(("arguments", "status"), STATUSES)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_end_has_its_exit_status_and_one_line(cut, make, save, tmp_path, arguments, status, as_json):
    sound = save(make.timeline(make.track(make.clip("wav", 240), kind="Audio")), "sound.otio")
    filled = [a.format(cut=cut, tmp=tmp_path, sound=sound) for a in arguments] + (["--json"] if as_json else [])
    before = sorted(p.name for p in tmp_path.rglob("*"))
    done = run(*filled, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    if status:
        lines = done.stderr.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("hitpoint: ")
        assert sorted(p.name for p in tmp_path.rglob("*")) == before
        if as_json:
            assert json.loads(done.stdout)["status"] == status
        else:
            assert done.stdout == ""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_score_ends_with_130_and_leaves_nothing(make, save, tmp_path, kind):
    path = save(make.timeline(make.track(*[make.clip(f"c{i}", 240) for i in range(60)])))
    running = subprocess.Popen(
        [*COMMAND, "score", str(path), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not any(p.name.startswith(".hitpoint-") for p in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    running.send_signal(kind)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert json.loads(out)["status"] == 130
    assert len(err.strip().splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["cut.otio"]


def test_help_and_version_import_nothing_slow():
    script = "import sys; from hitpoint.__main__ import main\ntry: main()\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    for word in ("--help", "--version"):
        done = subprocess.run([sys.executable, "-c", script, word], capture_output=True, text=True)
        for slow in ("numpy", "av", "opentimelineio", "rich", "PySide6", "onnxruntime"):
            assert f"'{slow}'" not in done.stderr, (word, slow)
    assert run("--version").stdout.startswith("hitpoint ")
    assert "score" in run("--help").stdout


def test_an_answer_that_nobody_reads_is_no_fault(cut):
    command = " ".join([*COMMAND, "inspect", str(cut), "--json"]) + " | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_doctor_says_what_is_there():
    done = run("doctor", "--json")
    answer = json.loads(done.stdout)
    assert answer["ok"] is True
    names = {part["name"]: part for part in answer["parts"]}
    assert names["numpy"]["found"]
    assert {"host", "provider", "codec", "adapter", "package", "pack"} <= {part["group"] for part in answer["parts"]}
    assert run("doctor").returncode == 0
