"""What the picture and the sound show, in `inspect` and in the plan of the music."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import av
import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.looking import Wanted, look
from hitpoint.plugin.timeline.reading import Source, read_edit

COMMAND = [sys.executable, "-m", "hitpoint"]


def run(*arguments):
    done = subprocess.run([*COMMAND, *map(str, arguments), "--json"], capture_output=True, text=True, timeout=300)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def looked(demo, tmp_path_factory):
    folder, _ = demo
    pictures = tmp_path_factory.mktemp("sheets") / "new"
    status, answer = run("inspect", folder / "demo.otio", "--pictures", pictures)
    assert status == 0
    return answer, pictures


def test_inspect_tells_storyboards_looks_and_dialogue(looked):
    answer, _ = looked
    assert [board["name"] for board in answer["storyboards"]] == ["Morning", "The fair", "Storm"]
    assert all(board["mood"]["reasons"] for board in answer["storyboards"])
    assert len(answer["looks"]) == len(answer["shots"]) == 13
    assert all(look["known"] for look in answer["looks"])
    assert {stretch["track"] for stretch in answer["dialogue"]} >= {"Dialogue"}


def test_the_fair_is_warmer_and_livelier_than_the_morning(looked):
    morning, fair, _ = (board["mood"] for board in looked[0]["storyboards"])
    assert fair["energy"] > morning["energy"] + 0.1
    assert fair["valence"] > morning["valence"]


def test_speech_is_found_where_the_dialogue_lies_and_hardly_elsewhere(looked):
    said = [frame for s in looked[0]["dialogue"] for frame in range(s["start"], s["end"])]
    inside = [frame for frame in said if 40 <= frame < 280]
    assert len(inside) > 100
    assert len(said) - len(inside) < 25


def test_the_contact_sheet_is_a_picture(looked):
    answer, pictures = looked
    assert answer["picture"] == str(pictures / "demo.png")
    with av.open(answer["picture"]) as image:
        frame = next(image.decode(video=0))
    assert frame.width == 1920
    assert frame.to_ndarray(format="gray").std() > 10


def test_a_contact_sheet_needs_media(make, save, tmp_path):
    path = save(make.timeline(make.track(make.clip("A", 48), make.clip("B", 48))))
    status, answer = run("inspect", path, "--pictures", tmp_path)
    assert (status, "--media-root" in answer["error"]) == (2, True)


def test_media_can_be_left_alone(demo):
    folder, _ = demo
    status, answer = run("inspect", folder / "demo.otio", "--no-look")
    assert (status, "storyboards" in answer) == (0, False)
    assert len(answer["cuts"]) == 12


def test_cuts_inside_a_finished_film_are_found_and_marked(demo, make, save):
    folder, answer = demo
    film = otio.schema.Clip(
        "film", otio.schema.ExternalReference(answer["preview"], make.span(0, 674)), make.span(0, 674)
    )
    path = save(make.timeline(make.track(film)))
    known = [cut.frame for cut in read_edit(folder / "demo.otio")[0].cuts]
    _, found = run("inspect", path)
    cuts = found["cuts"]
    assert {cut["kind"] for cut in cuts} == {"detected"}
    assert all(0 < cut["confidence"] <= 1 for cut in cuts)
    near = [frame for frame in known if any(abs(cut["frame"] - frame) <= 1 for cut in cuts)]
    assert len(near) >= 11  # one of the twelve is a dissolve
    assert len(cuts) <= 14
    assert len(found["shots"]) == len(cuts) + 1
    assert run("inspect", path, "--detect", "never")[1]["cuts"] == []


def test_the_plan_takes_its_moods_from_the_picture(demo):
    folder, _ = demo
    edit, _ = Source(folder / "demo.otio").read()
    with_eyes = scoring.plan(edit)
    without = scoring.plan(edit, look=Wanted(picture=False))
    assert [b.start for b in with_eyes.storyboards] == [b.start for b in without.storyboards]
    assert {b.brief.valence for b in without.storyboards} == {0.0}
    assert len({b.brief.energy for b in with_eyes.storyboards}) == 3


def test_markers_of_a_colour_start_storyboards_where_that_is_wished(make, save):
    made = make.timeline(make.track(*[make.clip(letter, 240) for letter in "ABCD"]))
    make.mark(made.tracks, 480, "Chase", color="GREEN")
    path = save(make.mark(made.tracks, 720, "no matter", color="RED") and made)
    assert [b["start"] for b in run("cues", path)[1]["storyboards"]] == [0]
    found = run("cues", path, "--storyboard-colour", "green")[1]["storyboards"]
    assert [(b["start"], b["name"]) for b in found][1:] == [(480, "Chase")]


@pytest.mark.parametrize("damage", ["empty", "text", "truncated"])
def test_damaged_media_give_a_warning_and_a_usable_result(demo, tmp_path, damage):
    folder, _ = demo
    (tmp_path / "media").mkdir()
    for path in (folder / "media").iterdir():
        data = path.read_bytes()
        if path.name == "fair.mp4":
            data = {"empty": b"", "text": b"no film " * 500, "truncated": data[: len(data) // 2]}[damage]
        (tmp_path / "media" / path.name).write_bytes(data)
    (tmp_path / "demo.otio").write_bytes((folder / "demo.otio").read_bytes())
    edit, _ = read_edit(tmp_path / "demo.otio")
    shown = look(edit, Wanted(speech=True, pictures=True))
    assert any("fair.mp4" in warning for warning in shown.warnings)
    assert len(shown.boards) == 3
    unseen = [shot.name for shot, look in zip(edit.shots, shown.seen.looks, strict=True) if not look.known]
    assert set(unseen) <= {"fair.mp4"}


def test_looking_is_cancelled_within_a_second(demo, tmp_path):
    folder, _ = demo
    environment = {**os.environ, "HITPOINT_CACHE": str(tmp_path / "cold")}
    running = subprocess.Popen(
        [*COMMAND, "inspect", str(folder / "demo.otio"), "--detect", "always", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
    )  # fmt: skip
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    start = time.monotonic()
    running.communicate(timeout=30)
    assert running.returncode in (130, 0)  # 0 where the machine was faster than we
    assert time.monotonic() - start < 5  # a second, on a machine that has nothing else to do
