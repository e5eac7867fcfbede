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


# What must never happen to somebody's files


def test_nothing_that_is_read_is_written_over(make, save, tmp_path):
    media = tmp_path / "A.mov"
    media.write_bytes(b"precious")
    path = save(make.timeline(make.track(make.clip("A", 48, url=str(media)), make.clip("B", 48))))
    assert run("cues", path, "-o", tmp_path / "mine.json").returncode == 0
    (tmp_path / "song.mp4").write_bytes(b"a song")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    for arguments in (
        ("cues", path, "-o", path),
        ("cues", path, "-o", media),
        ("preview", path, "-o", path),
        ("preview", path, "-o", media),
        ("preview", path, "--audio", tmp_path / "song.mp4", "-o", tmp_path / "song.mp4"),
        ("preview", path, "-o", tmp_path / "p.txt"),
        ("score", path, "-o", path),
        ("score", path, "--cues", tmp_path / "mine.json", "-o", tmp_path / "mine.json"),
    ):
        done = run(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_demo_goes_into_a_folder_of_its_own(tmp_path):
    (tmp_path / "demo.otio").write_text("{}")
    done = run("demo", "--out", tmp_path)
    assert done.returncode == 6
    assert (tmp_path / "demo.otio").read_text() == "{}"


def test_scores_of_two_timelines_do_not_share_a_folder(cut, make, tmp_path):
    other = cut.with_suffix(".xml")
    made = make.timeline(make.track(make.clip("A", 48), make.clip("B", 24)), start=0)
    other.write_text(otio.adapters.write_to_string(made, "fcp_xml"))
    assert run("score", cut).returncode == 0
    refused = run("score", other)
    assert refused.returncode == 2
    assert "cut.scored.otio" in refused.stderr
    assert run("score", other, "-o", cut.parent / "other.xml").returncode == 0


def test_a_scored_timeline_that_was_changed_since_is_not_written_over_unasked(cut):
    assert run("score", cut).returncode == 0
    assert run("score", cut, "--seed", 2).returncode == 0  # ours, unchanged
    scored = cut.parent / "cut.scored.otio"
    scored.write_text(scored.read_text().replace('"A"', '"renamed"'))
    refused = run("score", cut)
    assert refused.returncode == 2
    assert "renamed" in scored.read_text()
    assert run("score", cut, "-o", scored).returncode == 0


def test_stems_of_the_score_before_do_not_stay_beside_the_new_one(cut):
    assert run("score", cut, "--stems").returncode == 0
    folder = cut.parent / "cut.scored.hitpoint"
    (folder / "stems" / "mine.wav").write_bytes(b"x")
    assert len(list((folder / "stems").iterdir())) > 2
    assert run("score", cut, "--seed", 1).returncode == 0
    assert [p.name for p in (folder / "stems").iterdir()] == ["mine.wav"]


def test_a_private_edit_stays_private(cut):
    cut.chmod(0o600)
    assert run("score", cut, "--in-place").returncode == 0
    assert cut.stat().st_mode & 0o777 == 0o600


def test_unscore_takes_the_score_out_of_whichever_timeline_has_it(make, save, tmp_path):
    one, two = (make.timeline(make.track(make.clip("A", n), make.clip("B", n)), name=f"t{n}") for n in (10, 20))
    path = save(otio.schema.SerializableCollection("bin", [one, two]), "bin.otio")
    out, bare = tmp_path / "out.otio", tmp_path / "bare.otio"
    assert run("score", path, "--timeline", "t20", "-o", out).returncode == 0
    answer = json.loads(run("unscore", out, "-o", bare, "--json").stdout)
    assert answer["tracks_removed"] == 1
    assert bare.read_bytes() == path.read_bytes()


# Odd surroundings


def test_a_pipe_is_no_edit(tmp_path):
    os.mkfifo(tmp_path / "pipe.otio")
    assert run("inspect", tmp_path / "pipe.otio").returncode == 3


@pytest.mark.parametrize(
    "words", [("inspect", ""), ("install", "blender", "--dir", ""), ("score", "cut.otio", "-o", "")]
)
def test_an_empty_name_is_not_the_folder_one_is_in(words, tmp_path):
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "an empty name is no file and no folder" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", ["1e999999999", "1e-30", "0", "-25", "nan", "25/0", "100000"])
def test_an_impossible_rate_is_wrong_usage_at_once(cut, rate):
    assert run("inspect", cut, f"--rate={rate}").returncode == 2


def test_streams_that_are_closed_or_full_bring_no_traceback(cut):
    for redirection, status in ((">&-", 0), (">/dev/full", 6), (">&- 2>&-", 0)):
        done = subprocess.run(
            ["bash", "-c", f"{' '.join(COMMAND)} inspect {cut} {redirection}"], capture_output=True, text=True
        )
        assert done.returncode == status, (redirection, done.stderr)
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} inspect gone --json >/dev/full"], capture_output=True, text=True
    )
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (3, 1)


def test_a_name_that_is_no_unicode_is_carried_through(cut):
    odd = os.fsencode(cut.parent) + b"/bad\xff.otio"
    os.rename(cut, odd)
    done = subprocess.run([*map(os.fsencode, COMMAND), b"score", odd, b"--json"], capture_output=True)
    assert done.returncode == 0, done.stderr
    report = os.fsencode(cut.parent) + b"/bad\xff.scored.hitpoint/report.json"
    with open(report, encoding="utf-8") as file:
        assert json.load(file)["loudness"]


def test_a_name_that_is_too_long_is_said(cut):
    assert run("score", cut, "-o", cut.parent / ("x" * 300 + ".otio")).returncode == 6


def test_names_with_control_characters_do_not_reach_the_terminal(make, save):
    path = save(make.timeline(make.track(make.clip("A", 24), make.clip("B", 24)), name="red \x1b[31m\a name"))
    done = run("inspect", path)
    assert "\x1b" not in done.stdout
    assert "\a" not in done.stdout


def test_options_are_not_guessed(cut):
    assert run("inspect", cut, "--js").returncode == 2


def test_an_interruption_at_any_moment_ends_with_130(cut):
    ends = set()
    for wait in range(6, 40, 2):
        running = subprocess.Popen(
            [*COMMAND, "inspect", str(cut), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        time.sleep(wait / 100)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
        ends.add(running.returncode)
        assert b"fault" not in err, err
    # Before our first line runs the system's own way of ending holds; after our last one it is done.
    assert ends <= {130, 0, -signal.SIGTERM}, ends
