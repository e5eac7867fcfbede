"""What Premiere leaves open or does wrong, steps to undo, the panel's own page, and how it finds Hitpoint's process."""

from __future__ import annotations

import io
import json
import re
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest

from hitpoint.plugin.hosts import known, remote
from hitpoint.plugin.hosts.launchers import premiere as launcher
from hitpoint.plugin.hosts.loopback import Loopback
from hitpoint.plugin.hosts.protocol import HostRefused, Mark
from hitpoint.runtime.errors import InputError

from .contract import SCORE, SECOND, Contract, Cut
from .premiere_stand import SECONDS, TICKS, PremiereStand, node

contract = Contract()
PANEL = launcher.SOURCE


@pytest.fixture
def stand(tmp_path):
    stand = PremiereStand(node(), tmp_path)
    yield stand
    stand.quit()


@pytest.fixture
def older(tmp_path):
    stand = PremiereStand(node(), tmp_path, "25.6.4")
    yield stand
    stand.quit()


@pytest.fixture
def music(tmp_path):
    return contract.composer(tmp_path)


def until(true, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


# What Premiere is asked to do


def test_placing_is_one_step_to_undo_and_names_and_bins_are_steps_of_their_own(stand, music):
    stand.make(Cut())
    host = stand.host()
    host.place(music(host, marks=((0, "One"),)))
    assert stand.do("steps") == ["Hitpoint: place the score", "Hitpoint: name its tracks"]
    host.place(music(host, marks=((30, "bar 2"),)))  # on the same track, which has its name
    assert stand.do("steps")[2:] == ["Hitpoint: place the score"]
    scored = stand.snapshot()
    host.remove()
    assert stand.do("steps")[3:] == ["Hitpoint: remove the score", "Hitpoint: tidy the bin"]
    stand.do("undo"), stand.do("undo")
    assert stand.snapshot() == scored


def test_undoing_gives_back_the_score_before(stand, music):
    stand.make(Cut())
    host = stand.host()
    first = music(host, marks=((7, "old"),))
    host.place(first)
    host.place(music(host, marks=((9, "new"),)))
    stand.do("undo")
    assert [clip.sound for clip in stand.sounds() if clip.track == SCORE] == [first.sounds[0].path]
    assert host.remove().tracks == (SCORE,)
    assert not any(".hitpoint" in item["path"] for item in stand.do("project")["items"])
    stand.do("undo"), stand.do("undo")
    assert stand.marks() == [(7, "old")]


def test_an_empty_track_of_ours_stays_is_said_and_is_used_again(stand, music):
    stand.make(Cut())
    host = stand.host()
    host.place(music(host, "bass", "drums"))
    removed = host.remove()
    assert any("delete a track" in words for words in removed.warnings)
    (sequence,) = stand.do("project")["sequences"]
    assert [track["name"] for track in sequence["audio"]] == ["Audio 1", f"{SCORE}: bass", f"{SCORE}: drums"]
    host.place(music(host))
    (sequence,) = stand.do("project")["sequences"]
    assert [track["name"] for track in sequence["audio"]] == ["Audio 1", SCORE, f"{SCORE}: drums"]


def test_markers_get_their_colours_and_where_they_came_from(stand, music):
    stand.make(Cut())
    host = stand.host()
    score = music(host)
    colored = (Mark(0, "One", "BLUE"), Mark(50, "Two", "GREEN"))
    host.place(type(score)(score.sounds, score.frames, score.rate, score.provenance, colored))
    assert stand.do("marks") == [[0, "One", 6], [50, "Two", 0]]
    (sequence,) = stand.do("project")["sequences"]
    assert [mark["comments"] for mark in sequence["markers"]] == ["hitpoint: cut.hitpoint/takes/01"] * 2


def test_a_version_that_names_no_tracks_says_so_and_knows_its_clips_all_the_same(older, music):
    older.make(Cut())
    before = older.snapshot()
    host = older.host()
    placed = host.place(music(host))
    assert placed.missing == () and any("25.6.4" in words and "26.3" in words for words in placed.warnings)
    (sequence,) = older.do("project")["sequences"]
    assert (sequence["audio"][1]["name"], sequence["audio"][1]["items"][0]["name"]) == ("Audio 2", SCORE)
    second = host.place(music(host))
    assert second.tracks == (SCORE,)
    assert len([clip for clip in older.sounds() if ".hitpoint" in str(clip.sound)]) == 1
    older.do("move")
    assert host.place(music(host)).tracks == (SECOND,)
    assert host.remove().tracks == (SECOND,)
    older.do("undo"), older.do("undo")
    assert older.snapshot() != before


def test_a_clip_that_was_trimmed_by_a_frame_is_somebodys_work(stand, music):
    stand.make(Cut())
    host = stand.host()
    host.place(music(host))
    stand.do("trim")
    assert host.plan(music(host)).track == SECOND
    assert host.remove().tracks == ()


def test_a_score_that_another_sequence_plays_stays_in_the_bin(stand, music):
    stand.make(Cut())
    host = stand.host()
    host.place(music(host))
    project = stand.do("project")
    copied = json.loads(json.dumps(project["sequences"][0])) | {"guid": "2222", "name": "a copy"}
    project["sequences"].append(copied)
    stand.path.write_text(json.dumps(project))
    stand.do("open", version="26.3.0", file=str(stand.path))
    host = stand.host()
    host.remove()
    one, other = stand.do("project")["sequences"]
    assert [len(track["items"]) for track in one["audio"]] == [1, 0]
    assert other == copied


# What goes wrong


@pytest.mark.parametrize(
    ("silence", "words"),
    [
        ({"importFails": True}, "did not import"),
        ({"transactionFails": True}, "carried out nothing"),
        ({"dropsPlacements": True}, "is not on audio track 2"),
        ({"lateBy": TICKS}, "does not begin with the sequence"),
    ],
)
@pytest.mark.parametrize("scored", [False, True])
def test_what_premiere_does_not_do_is_refused_and_the_project_is_as_it_was(stand, music, silence, words, scored):
    stand.make(Cut(markers=((10, "mine"),)))
    host = stand.host()
    if scored:
        host.place(music(host, marks=((60, "bar 3"),)))
    before = stand.do("sounds"), stand.do("marks"), len(stand.do("project")["items"])
    score = music(host, marks=((30, "bar 2"),))
    stand.do("silence", **silence)
    with pytest.raises(HostRefused) as caught:
        host.place(score)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    after = stand.do("sounds"), stand.do("marks"), len(stand.do("project")["items"])
    if scored and ("lateBy" in silence or "dropsPlacements" in silence):
        assert "undo in Premiere" in str(caught.value)  # it does not lay what was there before, either
        while "Hitpoint: place the score" in stand.do("steps")[2:]:
            stand.do("undo")
        assert (stand.do("sounds"), stand.do("marks")) == before[:2]
    else:
        assert "as it was" in str(caught.value)
        assert after[:2] == before[:2]
        assert after == before or "transactionFails" in silence  # then it does not clear its bin, either


def test_a_premiere_that_lays_the_music_over_somebodys_clip_is_caught(stand, music):
    stand.make(Cut())
    host = stand.host()
    stand.do("silence", clampsTracks=True)
    before = stand.snapshot()
    with pytest.raises(HostRefused, match=r"changed 'Audio 1', which is not ours.*undo in Premiere"):
        host.place(music(host))
    stand.do("undo"), stand.do("undo")
    assert stand.do("sounds") == [["Audio 1", 3, 20, "/f/voice.wav"]]
    assert stand.snapshot()["sequences"] == before["sequences"]


def test_markers_that_do_not_arrive_are_no_reason_to_refuse_the_music(stand, music):
    stand.make(Cut())
    host = stand.host()
    stand.do("silence", dropsMarkers=True)
    placed = host.place(music(host, marks=((0, "One"), (9, "Two"))))
    assert (placed.tracks, placed.marks, placed.missing) == ((SCORE,), 0, ("2 of 2 markers",))


def test_a_locked_track_is_found_out_afterwards(stand, music):
    stand.make(Cut())
    host = stand.host()
    host.place(music(host))
    stand.do("lock")
    before = stand.do("sounds")
    with pytest.raises(HostRefused):
        host.place(music(host))
    assert stand.do("sounds") == before
    removed = host.remove()
    assert removed.tracks == () and any("locked" in words for words in removed.warnings)
    assert stand.do("sounds") == before


def test_an_export_that_fails_is_said(stand):
    stand.make(Cut())
    host = stand.host()
    stand.do("silence", exportFails=True)
    with pytest.raises(HostRefused, match="did not export 'the cut'"):
        host.read()


def test_no_open_sequence_is_said(stand):
    stand.make(Cut())
    project = json.loads(stand.path.read_text()) | {"active": None}
    stand.path.write_text(json.dumps(project))
    stand.do("open", version="26.3.0", file=str(stand.path))
    with pytest.raises(InputError, match="no sequence is open"):
        stand.host().read()


def test_another_project_in_between_is_never_written_to(stand, music):
    stand.make(Cut())
    host = stand.host()
    score = music(host)
    project = json.loads(stand.path.read_text()) | {"guid": "another"}
    stand.path.write_text(json.dumps(project))
    stand.do("open", version="26.3.0", file=str(stand.path))
    before = stand.snapshot()
    with pytest.raises(HostRefused, match="another project"):
        host.place(score)
    assert stand.snapshot() == before


@pytest.mark.parametrize("start", [0, 86_400])
def test_an_export_without_a_start_timecode_gets_premieres_own(stand, tmp_path, start):
    stand.make(Cut(rate="24000/1001", start=start))
    stand.do("silence", noStart=True)
    opened = stand.host().read()
    said = json.loads(opened.otio)["global_start_time"]
    assert (said["value"], Fraction(said["rate"]).limit_denominator(1001)) == (start, Fraction(24000, 1001))


def test_a_version_without_a_playhead_says_so(stand):
    stand.make(Cut())
    stand.do("silence", noPlayhead=True)
    assert set(stand.host().about().cannot) == {"duck", "playhead", "move"}


# The panel's page


@pytest.fixture
def bridge(tmp_path, monkeypatch):
    """`hitpoint bridge premiere`, as a person starts it."""
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    process = subprocess.Popen(
        [sys.executable, "-m", "hitpoint", "bridge", "premiere"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=SECONDS)


def shown(stand, part="status", what="text"):
    return stand.do("shown").get(part, {}).get(what)


def test_the_panel_scores_and_removes_by_its_buttons(stand, bridge, tmp_path):
    stand.make(Cut())
    before = stand.snapshot()
    line = bridge.stdout.readline()
    said = json.loads(line)
    assert said["port"] in remote.PORTS["premiere"]
    (note,) = (tmp_path / "data" / "meetings").glob("premiere-*.json")
    assert stat.S_IMODE(note.stat().st_mode) == 0o600 and stat.S_IMODE(note.parent.stat().st_mode) == 0o700
    stand.do("start")
    assert shown(stand, "finding", "display") == "block" and shown(stand, "wishes", "display") == "none"
    stand.do("choose", folder=str(tmp_path / "data"))  # or the folder of meetings itself
    until(lambda: shown(stand) == "connected to Hitpoint")
    assert shown(stand, "wishes", "display") == "block"
    until(lambda: not note.exists())
    stand.do("click", id="score")
    assert shown(stand, "score", "disabled") is True
    until(lambda: shown(stand, "score", "disabled") is False, 120)
    assert "hits landed" in shown(stand) and SCORE in shown(stand)
    assert [clip.frames for clip in stand.sounds() if clip.track == SCORE] == [120]
    assert (tmp_path / "a film" / "cut #1.hitpoint" / "takes" / "01" / "score.wav").is_file()
    stand.do("click", id="remove")
    until(lambda: shown(stand) == f"removed {SCORE}")
    assert "delete a track" in shown(stand, "warnings")
    assert stand.snapshot() == before
    stand.premiere.end()  # and it ends with its host
    assert bridge.wait(SECONDS) == 0


def test_the_line_can_be_pasted_and_nonsense_is_said(stand):
    stand.make(Cut())
    wishes = []

    def asked(what, given):
        wishes.append((what, dict(given)))
        return {}

    with Loopback(asked=asked) as service:
        stand.do("start")
        for wrong in ("", "{", "[1]", '{"port": 1}', json.dumps({"bridge": 1, "port": "80", "token": service.token})):
            stand.do("click", id="connect", line=wrong)
            assert "that is not the line" in shown(stand)
        refused = {"bridge": 1, "port": service.port, "token": "not-the-right-one-at-all"}
        stand.do("click", id="connect", line=json.dumps(refused))
        assert "wrong token" in shown(stand)
        line = {"bridge": 1, "port": service.port, "token": service.token}
        stand.do("click", id="connect", line=json.dumps(line))
        assert shown(stand) == "connected to Hitpoint"
        assert shown(stand, "line", "value") == ""
        stand.do("click", id="score")
        until(lambda: wishes)
        assert wishes == [("score", {"markers": "none", "stem_tracks": False})]
        service.tell("progress", fraction=0.25, words="playing")
        until(lambda: shown(stand) == "playing")
        assert shown(stand, "progress", "value") == 0.25
        stand.do("click", id="cancel")
        until(lambda: wishes[1:])
        assert wishes[1:] == [("cancel", {})]
        service.tell("cancelled", words="cancelled; the timeline is as it was")
        until(lambda: "cancelled" in shown(stand))
        assert shown(stand, "score", "disabled") is False
    until(lambda: "Hitpoint ended" in shown(stand))


def test_a_terminal_reaches_the_panel_that_knows_the_folder(stand, tmp_path, monkeypatch):
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    stand.make(Cut())
    (tmp_path / "data" / "meetings").mkdir(parents=True)
    stand.do("start")
    stand.do("choose", folder=str(tmp_path / "data" / "meetings"))
    host = known.reach("premiere")
    try:
        assert host.about().title == "Adobe Premiere Pro"
        assert host.read().name == "the cut"
        assert not list((tmp_path / "data" / "meetings").iterdir())
    finally:
        host.close()
    assert shown(stand, "wishes", "display") == "none"  # such a one takes no wishes


# What is installed


def test_the_manifest_asks_for_no_more_than_it_needs():
    pieces = {str(piece.target): piece.data for piece in launcher.pieces(Path("/our/python"), "1.2.3")}
    manifest = json.loads(pieces[f"{launcher.NAME}/manifest.json"])
    assert (manifest["manifestVersion"], manifest["id"], manifest["version"]) == (5, launcher.NAME, "1.2.3")
    assert manifest["host"] == {"app": "premierepro", "minVersion": "25.6.0"}
    domains = [f"http://127.0.0.1:{port}" for port in remote.PORTS["premiere"]]
    assert manifest["requiredPermissions"] == {"localFileSystem": "request", "network": {"domains": domains}}
    assert (PANEL / manifest["main"]).is_file()
    with zipfile.ZipFile(io.BytesIO(pieces[f"{launcher.NAME}.ccx"])) as package:
        held = {f"{launcher.NAME}/{name}": package.read(name) for name in package.namelist()}
    assert held == {name: data for name, data in pieces.items() if not name.endswith(".ccx")}


def test_the_panel_has_every_part_that_its_script_asks_for_and_needs_nothing_else():
    page = (PANEL / "index.html").read_text()
    script = (PANEL / "main.js").read_text()
    listed = re.search(r"const PARTS = \[(.*?)\]", script, re.DOTALL)
    assert listed is not None
    names = re.findall(r'"(\w+)"', listed[1])
    assert sorted(names) == sorted(re.findall(r'id="(\w+)"', page))
    for file in PANEL.glob("*.js"):
        text = file.read_text()
        for module in re.findall(r'require\("(.+?)"\)', text):
            assert module in ("uxp", "premierepro") or (PANEL / module).is_file()
        # UXP has none of these.
        assert not re.search(r"TextDecoder|TextEncoder|structuredClone|Worker\(|process\.|Buffer|__dirname", text)


def test_exact_ticks(tmp_path):
    program = (
        "const t = require(process.argv[1]); const per = BigInt(process.argv[2]);"
        "console.log([t.rateText(per), t.ticksAt(172800, per), t.frameAt(t.ticksAt(172800, per) + per / 2n - 1n, per),"
        " t.frameAt(t.ticksAt(172800, per) + per / 2n + 1n, per), t.frameAt(-per / 2n - 1n, per), t.frameAt(0n, per)].join(' '))"
    )
    for rate in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60"):
        per = TICKS / Fraction(rate)
        said = subprocess.run(
            [node(), "-e", program, str(PANEL / "ticks.js"), str(per)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert said == [rate, str(172_800 * per), "172800", "172801", "-1", "0"]


def test_two_panels_at_once_meet_one_process_each_once(stand, tmp_path):
    stand.make(Cut())
    met = threading.Event()
    with Loopback() as service:
        stand.do("connect", port=service.port, token=service.token)
        met.set()
        stand.do("start")
        stand.do("click", id="connect", line=json.dumps({"port": service.port, "token": service.token}))
        assert "another client is connected already" in shown(stand)
