"""The cache gives back what it was given or nothing, stays small, and never stands in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hitpoint.runtime.picture import cache as module
from hitpoint.runtime.picture.cache import Cache, default_folder, identity, key


def entries(folder):
    return sorted((folder / "picture").iterdir()) if (folder / "picture").exists() else []


def test_what_was_put_comes_back(tmp_path):
    cache = Cache(tmp_path)
    arrays = {"a": np.arange(6, dtype=np.float16).reshape(2, 3), "b": np.zeros((0, 4), np.uint8)}
    assert cache.put("x", arrays)
    found = Cache(tmp_path).get("x")
    assert set(found) == {"a", "b"}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert cache.get("y") is None
    assert cache.knows("x") and not cache.knows("y")


@pytest.mark.parametrize("harm", ["cut off", "emptied", "turned bit", "other file", "pickle"])
def test_a_damaged_entry_is_no_entry_and_goes(harm, tmp_path):
    cache = Cache(tmp_path)
    cache.put("x", {"a": np.arange(1000)})
    (path,) = entries(tmp_path)
    data = bytearray(path.read_bytes())
    if harm == "cut off":
        path.write_bytes(data[: len(data) // 2])
    elif harm == "emptied":
        path.write_bytes(b"")
    elif harm == "turned bit":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif harm == "other file":
        path.write_bytes(b"hello")
    else:
        with path.open("wb") as file:
            np.savez(file, a=np.array([{}], object))
    assert cache.get("x") is None
    assert entries(tmp_path) == []
    assert cache.put("x", {"a": np.arange(3)})
    assert cache.get("x")["a"].tolist() == [0, 1, 2]


def test_what_was_used_longest_ago_goes_first(tmp_path):
    cache = Cache(tmp_path, limit=35_000)
    for n, name in enumerate("abc"):
        cache.put(name, {"a": np.zeros(10_000, np.uint8)})
        for path in entries(tmp_path):
            if path.stat().st_mtime > 1e9:
                os.utime(path, (n, n))
    cache.get("a")
    cache.put("d", {"a": np.zeros(10_000, np.uint8)})
    assert [name for name in "abcd" if cache.get(name)] == ["a", "c", "d"]
    assert sum(path.stat().st_size for path in entries(tmp_path)) <= 35_000


def test_an_entry_larger_than_the_cache_is_not_kept(tmp_path):
    cache = Cache(tmp_path, limit=1000)
    assert not cache.put("x", {"a": np.zeros(5000, np.uint8)})
    assert entries(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "below")
    assert not cache.put("x", {"a": np.zeros(3)})
    assert cache.get("x") is None


def test_unfinished_files_of_the_dead_are_cleared_and_those_of_the_living_stay(tmp_path):
    cache = Cache(tmp_path)
    cache.put("x", {"a": np.zeros(3)})
    old, new = tmp_path / "picture" / ".old.part", tmp_path / "picture" / ".new.part"
    old.write_text(""), new.write_text("")
    os.utime(old, (1, 1))
    cache.put("y", {"a": np.zeros(3)})
    assert not old.exists()
    assert new.exists()


def test_two_processes_may_write_and_read_at_once(tmp_path):
    code = """
import sys, numpy as np
from pathlib import Path
from hitpoint.runtime.picture.cache import Cache
cache = Cache(Path(sys.argv[1]), limit=60_000)
for n in range(150):
    cache.put(f"k{n % 9}", {"a": np.full(9_000, n % 9, np.uint8)})
    for m in range(9):
        found = cache.get(f"k{m}")
        assert found is None or (found["a"] == m).all() and found["a"].size == 9_000
print("fine")
"""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in running:
        out, errors = process.communicate(timeout=60)
        assert out.strip() == b"fine", errors.decode()
    assert not [path for path in entries(tmp_path) if path.suffix == ".part"]


def test_the_folder_is_where_it_was_named(monkeypatch, tmp_path):
    monkeypatch.setenv("HITPOINT_CACHE", str(tmp_path / "here"))
    assert default_folder() == tmp_path / "here"
    Cache().put("x", {"a": np.zeros(1)})
    assert entries(tmp_path / "here")
    monkeypatch.delenv("HITPOINT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform.startswith("linux"):
        assert default_folder() == tmp_path / "xdg" / "hitpoint"


def test_a_medium_is_another_when_anything_about_it_changed(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(200_000))
    os.utime(path, ns=(5, 5))
    known = {identity(path)}
    assert identity(path) in known

    def changed():
        found = identity(path)
        fresh = found not in known
        known.add(found)
        return fresh

    path.write_bytes(b"x" + bytes(199_999))
    os.utime(path, ns=(5, 5))
    assert changed()
    path.write_bytes(bytes(199_999) + b"x")
    os.utime(path, ns=(5, 5))
    assert changed()
    os.utime(path, ns=(6, 6))
    assert changed()
    path.write_bytes(bytes(200_001))
    os.utime(path, ns=(5, 5))
    assert changed()
    path = path.rename(tmp_path / "b.mp4")
    assert changed()


def test_a_sequence_is_another_when_one_still_changed(tmp_path):
    for number in (1, 2):
        (tmp_path / f"x{number}.png").write_bytes(b"1")
    before = identity(tmp_path / "x%d.png")
    (tmp_path / "x2.png").write_bytes(b"12")
    assert identity(tmp_path / "x%d.png") != before


def test_other_code_has_other_keys(monkeypatch):
    before = key("m", 1)
    assert key("m", 1) == before != key("m", 2)
    monkeypatch.setattr(module, "_code", lambda: "newer")
    assert key("m", 1) != before


def test_a_missing_medium_has_no_identity():
    with pytest.raises(OSError, match="nowhere"):
        identity(Path("/nowhere/a.mp4"))
