"""`hitpoint packs`, as somebody types it: what there is, what comes, what goes, and that nothing is left half done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from hitpoint.plugin import packing
from hitpoint.runtime.errors import EngineError, OutputError, UsageError
from hitpoint.runtime.packs import archive, store

NC = {"id": "CC-BY-NC-4.0", "name": "By, not commercial", "url": "https://example.org/nc", "commercial": False}


def run(*arguments, json_too=True):
    command = [sys.executable, "-m", "hitpoint", "packs", *map(str, arguments), *(["--json"] if json_too else [])]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def answer(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def tiny(packs, tmp_path):
    return packs.write(tmp_path / "tiny")


@pytest.fixture
def packed(tiny, tmp_path):
    path = tmp_path / "tiny.hitpack"
    with path.open("wb") as out:
        archive.pack_up(tiny, ["step.fp32.onnx"], out)
    return path


def left(folder):
    """Everything in the users' folder, hidden or not."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) if folder.exists() else []


WHOLE = ["tiny", "tiny/pack.json", "tiny/step.fp32.onnx"]


def test_a_pack_comes_is_shown_is_measured_and_goes(packed, own_packs):
    added = answer("add", packed)
    assert (added["did"], added["name"], added["replaced"]) == ("add", "tiny", False)
    assert added["folder"] == str(own_packs / "tiny")
    assert left(own_packs) == WHOLE
    listed = answer("list")
    assert [(p["name"], p["built_in"], p["licence"]["id"]) for p in listed["packs"] if not p["built_in"]] == [
        ("tiny", False, "CC0-1.0")
    ]
    info = answer("info", "tiny")
    assert info["graphs"][0]["inputs"] == ["x: float32 (batch, time)"]
    assert info["provenance"]["trained_on"] == "nothing"
    assert answer("verify", "tiny")["ok"] is True
    row = answer("bench", "tiny", "--rounds", "2", "--device", "cpu")["rows"][0]
    assert (row["inputs"], row["off"], row["device"]) == ({"x": [1, 8]}, 0, "cpu")
    assert answer("remove", "tiny")["name"] == "tiny"
    assert left(own_packs) == []


def test_people_are_told_the_licence_wherever_a_pack_is_chosen(packs, tmp_path, own_packs):
    folder = packs.write(
        tmp_path / "tiny", {"step": {"fp32": packs.straight(), "fp16": packs.straight(2.1)}}, licence=NC
    )
    for arguments in (
        ("add", folder),
        ("list",),
        ("info", "tiny"),
        ("verify", folder),
        ("bench", "tiny", "--rounds", "1"),
    ):
        done = run(*arguments, json_too=False)
        assert done.returncode == 0, done.stderr
        assert "CC-BY-NC-4.0, not for commercial use" in done.stdout
    assert "differs from fp32 by 0.01 (relative RMS on noise)" in run("info", "tiny", json_too=False).stdout
    assert "removed tiny" in run("remove", "tiny", json_too=False).stdout


def test_commercial_refuses_what_may_not_be_sold(packs, tmp_path, own_packs):
    folder = packs.write(tmp_path / "tiny", licence=NC)
    refused = run("add", folder, "--commercial")
    assert refused.returncode == 5
    assert "may not be used commercially" in json.loads(refused.stdout)["error"]
    assert left(own_packs) == []
    answer("add", folder)
    for what in ("info", "verify", "bench"):
        assert run(what, "tiny", "--commercial").returncode == 5
    assert "tiny" in [pack["name"] for pack in answer("list")["packs"]]
    listed = answer("list", "--commercial")
    assert "tiny" not in [pack["name"] for pack in listed["packs"]]
    assert listed["warnings"] == ["left out, as their licence forbids commercial use: tiny"]


def test_two_packs_of_one_name_need_a_word(packs, tiny, tmp_path, own_packs):
    packing.add(tiny, replace=False)
    newer = packs.write(tmp_path / "newer", name="tiny", version="2.0.0")
    again = run("add", newer)
    assert again.returncode == 2
    assert "there is a pack 'tiny' already" in json.loads(again.stdout)["error"]
    assert store.find("tiny").version == "1.0.0"
    assert answer("add", newer, "--replace")["replaced"] is True
    assert store.find("tiny").version == "2.0.0"
    assert left(own_packs) == WHOLE


def test_a_built_in_pack_stays_and_comes_back(packs, tmp_path, own_packs, monkeypatch):
    monkeypatch.setattr(store, "BUILT_IN", tmp_path / "built in")
    packs.write(store.BUILT_IN / "tiny")
    with pytest.raises(UsageError, match="is built in"):
        packing.remove("tiny")
    newer = packs.write(tmp_path / "newer", name="tiny", version="2.0.0")
    with pytest.raises(UsageError, match="--replace"):
        packing.add(newer, replace=False)
    packing.add(newer, replace=True)
    assert store.find("tiny").version == "2.0.0"
    packing.remove("tiny")
    assert store.find("tiny").version == "1.0.0"


@pytest.mark.parametrize("way", ["folder", "file"])
def test_a_damaged_pack_leaves_nothing_behind(tiny, packed, own_packs, way):
    source = tiny if way == "folder" else packed
    path = tiny / "step.fp32.onnx" if way == "folder" else packed
    content = bytearray(path.read_bytes())
    content[content.index(b"gain")] ^= 1
    path.write_bytes(content)
    done = run("add", source)
    assert done.returncode == 5
    assert json.loads(done.stdout)["error"].startswith(f"the pack {source} is refused")
    assert left(own_packs) == []


def test_a_failed_replacement_leaves_the_old_one(tiny, packed, own_packs):
    packing.add(tiny, replace=False)
    before = (own_packs / "tiny" / "pack.json").read_bytes()
    packed.write_bytes(packed.read_bytes()[:-40])
    with pytest.raises(EngineError, match="no sound zip"):
        packing.add(packed, replace=True)
    assert left(own_packs) == WHOLE
    assert (own_packs / "tiny" / "pack.json").read_bytes() == before


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(28, "No space left on device"), MemoryError()])
def test_an_interrupted_add_leaves_nothing(tiny, own_packs, monkeypatch, fault):
    def breaks(*_, **__):
        raise fault

    monkeypatch.setattr(packing.shutil, "copyfile", breaks)
    with pytest.raises((KeyboardInterrupt, OutputError, MemoryError)):
        packing.add(tiny, replace=False)
    assert left(own_packs) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_a_killed_add_is_never_seen_and_is_swept_up_later(tiny, packed, own_packs):
    stuck = "import hitpoint.plugin.packing as p, pathlib, sys, time\n"
    stuck += "p.Transaction.commit = lambda self: (print('here', flush=True), time.sleep(60))\n"
    stuck += "p.add(pathlib.Path(sys.argv[1]), replace=False)"
    process = subprocess.Popen([sys.executable, "-c", stuck, str(packed)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"here\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    half = next(own_packs.iterdir())
    assert half.name.startswith(".hitpoint-")
    assert [found.name for found in store.shelf() if not found.built_in] == []
    packing.add(tiny, replace=False)  # the dead one's lock holds nobody up
    assert half.exists()  # it may be somebody's who works on it
    os.utime(half, (time.time() - 7200,) * 2)
    packing.add(tiny, replace=True)
    assert left(own_packs) == WHOLE


def test_several_who_add_at_once_take_turns(tiny, packed, own_packs):
    said = []

    def add(source):
        try:
            packing.add(source, replace=False)
            said.append("added")
        except UsageError:
            said.append("there already")

    threads = [threading.Thread(target=add, args=(source,)) for source in (tiny, packed) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["added"] + ["there already"] * 5
    assert left(own_packs) == WHOLE


def test_only_what_is_listed_is_copied_and_as_plain_files(tiny, own_packs):
    (tiny / ".DS_Store").write_bytes(b"")
    (tiny / "pack.json").chmod(0o400)
    packing.add(tiny, replace=False)
    assert left(own_packs) == WHOLE
    assert os.access(own_packs / "tiny" / "pack.json", os.W_OK)


def test_a_damaged_pack_can_be_removed_and_a_strange_name_removes_nothing(tiny, own_packs, tmp_path):
    packing.add(tiny, replace=False)
    (own_packs / "tiny" / "pack.json").write_text("{")
    listed = answer("list")
    assert [warning for warning in listed["warnings"] if "tiny is refused: pack.json, line 1" in warning]
    for name in ("..", "../own packs", str(tmp_path), "none", ""):
        done = run("remove", name)
        assert done.returncode == 5
    packing.remove("tiny")
    assert left(own_packs) == []


def test_a_linked_pack_goes_and_what_it_points_to_stays(tiny, own_packs):
    own_packs.mkdir()
    (own_packs / "tiny").symlink_to(tiny)
    assert store.find("tiny").name == "tiny"
    with pytest.raises(UsageError, match="is a link to a pack elsewhere"):
        packing.add(tiny, replace=True)
    packing.remove("tiny")
    assert left(own_packs) == []
    assert (tiny / "pack.json").is_file()


@pytest.mark.parametrize("inside", ["thesis.txt", "chapters/one.txt", "chapters/pack.json"])
def test_a_folder_that_is_no_pack_is_never_removed_as_one(tiny, own_packs, inside):
    """Where somebody's packs and other things of theirs lie in one folder."""
    theirs = own_packs / "tiny" / inside
    theirs.parent.mkdir(parents=True)
    theirs.write_text("years of work")
    for call in (lambda: packing.add(tiny, replace=True), lambda: packing.remove("tiny")):
        with pytest.raises(UsageError, match="holds what no pack holds"):
            call()
    assert theirs.read_text() == "years of work"


def test_what_is_not_there_is_one_line(own_packs, tmp_path):
    for arguments in (
        ("info", "none"),
        ("verify", tmp_path / "none.hitpack"),
        ("add", tmp_path / "none"),
        ("bench", "x"),
    ):
        done = run(*arguments)
        assert done.returncode == 5
        assert len(done.stderr.splitlines()) == 1
    assert run("bench", "x", "--rounds", "0").returncode == 2
    assert run().returncode == 2


def test_a_folder_that_cannot_be_written_is_said(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HITPOINT_PACKS", str(tmp_path / "file" / "packs"))
    assert run("add", tiny).returncode == 6


def test_the_doctor_knows_the_packs_and_what_they_run_on(packs, tiny, own_packs):
    packing.add(tiny, replace=False)
    packs.write(own_packs / "half")
    shutil.rmtree(own_packs / "half")
    (own_packs / "half").mkdir()
    done = subprocess.run([sys.executable, "-m", "hitpoint", "doctor", "--json"], capture_output=True, text=True)
    parts = {(part["group"], part["name"]): part for part in json.loads(done.stdout)["parts"]}
    assert parts["pack", "tiny"]["detail"] == "1.0.0, CC0-1.0"
    assert not parts["pack", "half"]["found"]
    assert "pack.json is missing" in parts["pack", "half"]["detail"]
    assert parts["provider", "cpu"]["found"]
    assert parts["provider", "packs run on"]["detail"].split(",")[0] in ("cpu", "cuda")
    assert not [name for _, name in parts if "Azure" in name]


def test_a_pack_is_told_from_a_folder_of_its_name(tiny, own_packs, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert answer("verify", "tiny")["folder"] == "tiny"
    packing.add(tiny, replace=False)
    assert answer("verify", "tiny")["folder"] == str(own_packs / "tiny")
