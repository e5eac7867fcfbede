import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitpoint.runtime.errors import HitpointError, OutputError
from hitpoint.ui import project as projects
from hitpoint.ui.claim import claim
from hitpoint.ui.project import NAME, Found, Project, Saver, dumps, load, loads, mark_of, write
from hitpoint.ui.state.panel import InOut, ScoreSettings
from hitpoint.ui.state.take import Take
from hitpoint.ui.work.room import remove_takes, superfluous, trim_cache


def sounding(folder, *ids):
    """Takes with a sound each."""
    takes = []
    for id in ids:
        own = folder / "takes" / f"{id:02}"
        own.mkdir(parents=True)
        (own / "score.wav").write_bytes(b"RIFF")
        takes.append(Take(id, f"Take {id}", str(own), stars=id % 6))
    return tuple(takes)


def test_a_project_comes_back_as_it_was_kept(tmp_path, plan):
    kept = Project(plan, ScoreSettings(seed=4), sounding(tmp_path, 1, 3), 3, InOut(5, 9), gone=(2,), next_take=4)
    write(tmp_path, dumps(kept))
    assert load(tmp_path) == Found(kept, mark=mark_of(dumps(kept)), next_take=4)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [NAME]


def test_where_there_is_none_there_is_nothing_to_say(tmp_path):
    assert load(tmp_path) == Found()
    assert load(tmp_path / "nowhere") == Found()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{", "is not JSON"),
        (b"", "is not JSON"),
        (b"[]", "is no project"),
        (b'{"schema": "hitpoint.cues/1"}', "is no project"),
        (b'{"schema": "hitpoint.project/1", "takes": [{"id": "x"}]}', "takes[0].id: must be a whole number"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_one_that_cannot_be_read_is_kept_aside_and_said_in_one_line(tmp_path, data, words):
    (tmp_path / NAME).write_bytes(b"first")
    load(tmp_path)
    (tmp_path / NAME).write_bytes(data)
    found = load(tmp_path)
    said = found.told
    assert found.project is None and not found.barred and words in said and "\n" not in said
    assert (tmp_path / "project.damaged-2.json").read_bytes() == data
    assert "project.damaged-2.json" in said
    assert not (tmp_path / NAME).exists()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_a_project_or_one_clear_error(plan, data):
    whole = bytearray(dumps(Project(plan, takes=(Take(1, "a", "/takes/01"),))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        assert isinstance(loads(bytes(whole)), Project)
    except HitpointError as error:
        assert "\n" not in str(error)


def test_takes_follow_the_folder_and_lost_ones_are_left_out(tmp_path):
    old = tmp_path / "old"
    takes = sounding(old, 1, 2, 3)
    write(old, dumps(Project(takes=takes, current=2, next_take=1)))
    new = old.rename(tmp_path / "new")
    remove_takes(new, [2])
    found = load(new).project
    assert [(take.id, take.folder) for take in found.takes] == [
        (1, str(new / "takes" / "01")),
        (3, str(new / "takes" / "03")),
    ]
    assert found.current == 0
    assert found.next_take == 4  # no take gets the number of one that is there


def test_one_of_a_newer_hitpoint_stays_where_it_is(tmp_path):
    data = b'{"schema": "hitpoint.project/99", "plan": 7}'
    (tmp_path / NAME).write_bytes(data)
    found = load(tmp_path)
    assert found.project is None and "was written by a newer Hitpoint" in found.barred
    assert (tmp_path / NAME).read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_one_that_the_system_does_not_give_out_stays_where_it_is(tmp_path):
    (tmp_path / NAME).mkdir()  # what nobody can open as a file, not even root
    found = load(tmp_path)
    assert found.project is None and "cannot be read" in found.barred


def test_what_is_another_panels_is_not_tidied(tmp_path):
    (tmp_path / NAME).write_bytes(b"{")
    half = tmp_path / f".{NAME}.4711"
    half.write_bytes(b"being written")
    found = load(tmp_path, ours=False)
    assert "is not JSON" in found.barred
    assert half.exists() and (tmp_path / NAME).read_bytes() == b"{"


def test_a_damaged_project_costs_no_take_its_folder(tmp_path):
    """Its numbers start behind those of the takes that lie there, whoever made them."""
    sounding(tmp_path, 1, 7)
    (tmp_path / NAME).write_bytes(b"{")
    found = load(tmp_path)
    assert found.next_take == 8 and "takes" in found.told


def test_takes_that_others_made_beside_a_project_keep_their_numbers(tmp_path):
    takes = sounding(tmp_path, 1)
    write(tmp_path, dumps(Project(takes=takes, next_take=2)))
    sounding(tmp_path, 2)  # as `score --takes 2` leaves them
    assert load(tmp_path).next_take == 3


def test_only_one_panel_claims_a_folder_until_it_lets_go(tmp_path):
    first, _ = claim(tmp_path / "cut.scored.hitpoint")
    second, who = claim(tmp_path / "cut.scored.hitpoint")
    assert first and second is None and str(os.getpid()) in who
    del first
    assert claim(tmp_path / "cut.scored.hitpoint")[0]


HOLDS = """
import sys
from pathlib import Path
from hitpoint.ui.claim import claim
held, _ = claim(Path(sys.argv[1]))
print("held" if held else "not", flush=True)
sys.stdin.read()
"""


def test_the_claim_of_a_killed_panel_counts_no_more(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout.readline() == b"held\n"
    refused, who = claim(tmp_path)
    assert refused is None and str(child.pid) in who
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert claim(tmp_path)[0]


def test_a_folder_that_cannot_be_written_is_open_to_all(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    assert claim(tmp_path / "file")[0]


def test_a_project_that_somebody_else_wrote_since_is_not_written_over(tmp_path):
    said = []
    write(tmp_path, dumps(Project(current=1)))
    saver = Saver(tmp_path, said.append, delay=0.0, mark=load(tmp_path).mark, overtaken=said.append)
    saver.put(Project(current=2))
    assert saver.flush() and said == []
    theirs = dumps(Project(current=77))
    (tmp_path / NAME).write_bytes(theirs)
    for number in (3, 4):
        saver.put(Project(current=number))
        assert saver.flush()
    saver.close()
    assert (tmp_path / NAME).read_bytes() == theirs
    assert loads((tmp_path / "project.other-1.json").read_bytes()).current == 4
    assert len(said) == 1 and "changed by another program" in said[0] and "project.other-1.json" in said[0]


def test_a_project_of_this_version_says_so_in_its_file(tmp_path):
    write(tmp_path, dumps(Project()))
    assert json.loads((tmp_path / NAME).read_text())["schema"] == "hitpoint.project/1"


CRASH = """
import sys
from pathlib import Path
from hitpoint.ui.project import Project, dumps, write
from hitpoint.ui.state.take import Take
folder, count = Path(sys.argv[1]), 0
while True:
    count += 1
    notes = str(count % 10) * 40_000
    write(folder, dumps(Project(takes=(Take(count, notes, "/takes"),), current=count)))
    if count == 1:
        print("begun", flush=True)
"""


def test_killed_at_any_moment_of_saving_a_whole_project_is_there(tmp_path):
    for attempt in range(6):
        child = subprocess.Popen([sys.executable, "-c", CRASH, str(tmp_path)], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"begun\n"
        time.sleep(0.013 * attempt)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        found = loads((tmp_path / NAME).read_bytes())
        assert found.takes[0].name == str(found.current % 10) * 40_000
    load(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]  # nothing half-written is left behind


def test_a_failed_write_leaves_the_old_project(tmp_path, monkeypatch):
    write(tmp_path, dumps(Project(current=1)))
    monkeypatch.setattr(projects.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="the disk is full"):
        write(tmp_path, dumps(Project(current=2)))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert loads((tmp_path / NAME).read_bytes()).current == 1


def test_saving_waits_for_the_last_of_many_changes(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(projects, "write", lambda folder, data, name: written.append(loads(data).current))
    saver = Saver(tmp_path, written.append, delay=0.15)
    for number in range(1, 30):
        saver.put(Project(current=number))
    assert written == []
    assert saver.close()
    assert written == [29]


def test_saving_that_fails_is_said_once_and_tried_again(tmp_path, monkeypatch):
    said, broken, written = [], [True], []

    def writes(folder, data, name):
        if broken[0]:
            raise OutputError("cannot write project.json: the disk is full")
        written.append(loads(data).current)

    monkeypatch.setattr(projects, "write", writes)
    saver = Saver(tmp_path, said.append, delay=0.0)
    for number in (1, 2):
        saver.put(Project(current=number))
        assert not saver.flush()
    assert len(said) == 1 and "the panel goes on" in said[0]
    broken[0] = False
    saver.put(Project(current=3))
    assert saver.close() and written == [3]


def take(id, stars=0, size=10):
    return Take(id, "", "", stars=stars, bytes=size)


def test_the_oldest_takes_without_stars_make_room():
    takes = [take(1), take(2, stars=1), take(3), take(4), take(5)]
    assert [each.id for each in superfluous(takes, 3, 10**9, ())] == [1, 3]
    assert [each.id for each in superfluous(takes, 3, 10**9, {1})] == [3, 4]
    assert [each.id for each in superfluous(takes, 99, 25, ())] == [1, 3, 4]
    assert superfluous(takes, 5, 50, ()) == ()


def test_the_newest_take_and_starred_ones_stay_however_little_room_there_is():
    takes = [take(1, stars=5), take(2), take(3)]
    assert [each.id for each in superfluous(takes, 0, 0, ())] == [2]
    assert superfluous([], 0, 0, ()) == ()
    assert superfluous([replace(take(7), bytes=10**12)], 1, 5, ()) == ()


def test_removing_takes_takes_what_a_killed_worker_left_long_ago_too(tmp_path):
    sounding(tmp_path, 1, 2)
    for name, age in ((".hitpoint-old", 90_000), (".hitpoint-new", 60), ("mine", 90_000)):
        (tmp_path / "takes" / name).mkdir()
        os.utime(tmp_path / "takes" / name, (time.time() - age,) * 2)
    remove_takes(tmp_path, [2, 9])
    assert sorted(path.name for path in (tmp_path / "takes").iterdir()) == [".hitpoint-new", "01", "mine"]
    remove_takes(tmp_path / "nowhere", [1])


def test_the_cache_is_held_to_its_size_and_what_was_used_last_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("HITPOINT_CACHE", str(tmp_path))
    for number, name in enumerate(("thumbs/aa/1.jpg", "picture/2.npz", "thumbs/bb/3.jpg", "thumbs/bb/.4.part")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (1000 + number,) * 2)
    trim_cache(0)
    trim_cache(300)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 4
    trim_cache(150)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [".4.part", "3.jpg"]
