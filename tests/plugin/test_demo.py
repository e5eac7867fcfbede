"""`hitpoint demo`, the first thing a newcomer runs, and previews of what it made."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import av
import pytest

from hitpoint.plugin.timeline.reading import read_edit

COMMAND = [sys.executable, "-m", "hitpoint"]


def test_the_demo_writes_what_it_names_with_the_timeline_on_top(demo):
    folder, answer = demo
    assert {"demo.otio", "demo.scored.otio", "demo.preview.mp4"} <= {path.name for path in folder.iterdir()}
    for path in answer["wrote"]:
        assert (folder.parent / path).stat().st_size > 100


def test_the_demo_is_a_real_edit(demo):
    folder, _ = demo
    edit, _ = read_edit(folder / "demo.otio")
    assert len(edit.cuts) == 12
    assert [cut.kind for cut in edit.cuts].count("transition") == 1
    assert all(shot.online for shot in edit.shots)
    boards = [marker.name for marker in edit.markers if marker.name.startswith("storyboard: ")]
    assert len(boards) == 3
    assert any(track.name == "Dialogue" for track in edit.audio_tracks)


def test_the_demo_tells_the_hits_it_landed(demo):
    _, answer = demo
    report = answer["report"]
    assert report["landed"] + report["near"] + report["missed"] == len(report["hits"]) >= 15
    boards = [hit for hit in report["hits"] if hit["kind"] == "storyboard"]
    assert [hit["outcome"] for hit in boards] == ["landed"] * 3
    assert report["true_peak"] < -1
    assert report["loudness"] == pytest.approx(-16, abs=0.5)


def test_the_preview_has_the_picture_and_the_score_at_full_length(demo):
    folder, answer = demo
    frames = read_edit(folder / "demo.otio")[0].frames
    with av.open(answer["preview"]) as film:
        assert {stream.type for stream in film.streams} == {"video", "audio"}
        pictures = [float(frame.to_ndarray(format="gray").mean()) for frame in film.decode(video=0)]
    assert len(pictures) == frames
    assert max(pictures) - min(pictures) > 50  # night and day


def test_a_bundle_of_the_demo_is_previewed_from_inside(demo, tmp_path):
    folder, _ = demo
    with zipfile.ZipFile(tmp_path / "demo.otioz", "w") as bundle:
        bundle.write(folder / "demo.otio", "content.otio")
        for path in (folder / "media").iterdir():
            bundle.write(path, f"media/{path.name}")
    edit, _ = read_edit(tmp_path / "demo.otioz")
    assert all(shot.online for shot in edit.shots)
    out = tmp_path / "small.mp4"
    command = [*COMMAND, "preview", str(tmp_path / "demo.otioz"), "-o", str(out), "--height", "90", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["frames"]) == (0, edit.frames)
    assert [warning for warning in answer["warnings"] if "no score" in warning]

    scored, small = tmp_path / "demo.scored.otioz", tmp_path / "scored.mp4"
    command = [*COMMAND, "score", str(tmp_path / "demo.otioz"), "--no-look", "-o", str(scored)]
    assert subprocess.run(command, capture_output=True, timeout=300).returncode == 0
    command = [*COMMAND, "preview", str(scored), "-o", str(small), "--height", "90", "--json"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300).stdout)
    assert answer["music"].endswith("hitpoint-score.wav")
    assert not [warning for warning in answer["warnings"] if "no score" in warning]
