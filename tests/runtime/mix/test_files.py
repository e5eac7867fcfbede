"""Several files appear together or not at all, whatever goes wrong and whoever else writes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hitpoint.runtime.errors import OutputError
from hitpoint.runtime.mix import files
from hitpoint.runtime.mix.files import Transaction, writing

posix = pytest.mark.skipif(os.name == "nt", reason="a matter of POSIX")
not_root = pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() == 0, reason="root may write anywhere")


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its content; folders end in a slash."""
    return {
        path.relative_to(folder).as_posix() + ("/" if path.is_dir() else ""): "" if path.is_dir() else path.read_text()
        for path in sorted(folder.rglob("*"))
    }


def put(transaction: Transaction, target: Path, text: str) -> None:
    transaction.stage(target).write_text(text)


def fail_at(monkeypatch: pytest.MonkeyPatch, failing: set[int], code: int = errno.EACCES) -> list[str]:
    """Lets the given renames (from 1) fail as the system would; the list grows with every rename tried."""
    real, tried = os.replace, []

    def replace(source: object, target: object) -> None:
        tried.append(str(target))
        if len(tried) in failing:
            raise OSError(code, os.strerror(code))
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", replace)
    return tried


def test_files_appear_with_the_commit_and_not_before(tmp_path: Path) -> None:
    with Transaction() as transaction:
        put(transaction, tmp_path / "new" / "deep" / "a.wav", "a")
        put(transaction, tmp_path / "b.otio", "b")
        assert not (tmp_path / "b.otio").exists()
        transaction.commit()
    assert tree(tmp_path) == {"b.otio": "b", "new/": "", "new/deep/": "", "new/deep/a.wav": "a"}


def test_what_is_staged_keeps_its_suffix_and_hides(tmp_path: Path) -> None:
    with Transaction() as transaction:
        staged = transaction.stage(tmp_path / "movie.mp4")
        assert staged.parent == tmp_path
        assert staged.suffix == ".mp4"
        assert staged.name.startswith(".")


def test_without_a_commit_nothing_is_left_of_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "b.otio").write_text("old")
    with pytest.raises(KeyboardInterrupt), Transaction() as transaction:
        put(transaction, tmp_path / "new" / "deep" / "a.wav", "a")
        put(transaction, tmp_path / "b.otio", "b")
        (transaction.stage_folder(tmp_path / "c.otiod") / "content").write_text("c")
        raise KeyboardInterrupt
    assert tree(tmp_path) == {"b.otio": "old"}


def test_a_folder_that_somebody_else_used_meanwhile_stays(tmp_path: Path) -> None:
    with Transaction() as transaction:
        put(transaction, tmp_path / "new" / "a.wav", "a")
        (tmp_path / "new" / "theirs.txt").write_text("theirs")
    assert tree(tmp_path) == {"new/": "", "new/theirs.txt": "theirs"}


def staged_three(transaction: Transaction, folder: Path) -> None:
    put(transaction, folder / "a.wav", "new a")
    put(transaction, folder / "fresh" / "b.json", "new b")
    inside = transaction.stage_folder(folder / "c.otiod")
    (inside / "content.otio").write_text("new c")
    put(transaction, folder / "d.otio", "new d")


def old_three(folder: Path) -> dict[str, str]:
    (folder / "a.wav").write_text("old a")
    (folder / "c.otiod").mkdir()
    (folder / "c.otiod" / "media.wav").write_text("old c")
    (folder / "d.otio").write_text("old d")
    return tree(folder)


def test_a_commit_replaces_files_and_folders(tmp_path: Path) -> None:
    old_three(tmp_path)
    with Transaction() as transaction:
        staged_three(transaction, tmp_path)
        transaction.commit()
    assert tree(tmp_path) == {
        "a.wav": "new a",
        "c.otiod/": "",
        "c.otiod/content.otio": "new c",
        "d.otio": "new d",
        "fresh/": "",
        "fresh/b.json": "new b",
    }


# Four files and the old folder aside; where there are no links, the two old files aside as well.
@pytest.mark.parametrize(
    ("nth", "links"), [*((nth, True) for nth in range(1, 6)), *((nth, False) for nth in range(1, 8))]
)
def test_if_any_rename_fails_everything_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int, links: bool
) -> None:
    before = old_three(tmp_path)
    if not links:  # as on FAT
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
    tried = fail_at(monkeypatch, {nth})
    with pytest.raises(OutputError) as caught, Transaction() as transaction:
        staged_three(transaction, tmp_path)
        transaction.commit()
    assert len(tried) >= nth
    assert tree(tmp_path) == before
    assert "permission denied" in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.status == 6


def test_what_cannot_be_put_back_is_kept_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old_three(tmp_path)
    fail_at(monkeypatch, {5, 6, 7, 8, 9})
    with pytest.raises(OutputError, match=r"the old .* is kept as") as caught, Transaction() as transaction:
        staged_three(transaction, tmp_path)
        transaction.commit()
    kept = Path(str(caught.value).rsplit(" ", 1)[1])
    assert (kept / "media.wav").read_text() == "old c" if kept.is_dir() else kept.read_text().startswith("old")


@posix
def test_permissions_are_those_that_the_umask_gives(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with Transaction() as transaction:
            put(transaction, tmp_path / "a.wav", "a")
            transaction.stage_folder(tmp_path / "b.otiod")
            transaction.commit()
    finally:
        os.umask(before)
    assert (tmp_path / "a.wav").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b.otiod").stat().st_mode & 0o777 == 0o750


@posix
def test_a_link_stays_a_link_to_the_new_content(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.otio").write_text("old")
    (tmp_path / "link.otio").symlink_to("elsewhere/real.otio")
    with Transaction() as transaction:
        put(transaction, tmp_path / "link.otio", "new")
        transaction.commit()
    assert (tmp_path / "link.otio").is_symlink()
    assert (tmp_path / "elsewhere" / "real.otio").read_text() == "new"


def test_a_folder_is_not_overwritten_by_a_file_nor_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with Transaction() as transaction:
        with pytest.raises(OutputError, match=r"folder: it is a folder"):
            transaction.stage(tmp_path / "folder")
        with pytest.raises(OutputError, match=r"file: a file is there"):
            transaction.stage_folder(tmp_path / "file")
        with pytest.raises(OutputError, match=r"not a directory|file exists"):
            transaction.stage(tmp_path / "file" / "a.wav")
    assert tree(tmp_path) == {"file": "", "folder/": ""}


@posix
def test_a_device_is_not_replaced() -> None:
    with Transaction() as transaction, pytest.raises(OutputError, match="/dev/null: it is a device"):
        transaction.stage(Path("/dev/null"))
    assert not Path("/dev/null").is_file()


@posix
@not_root
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o555)
    with Transaction() as transaction, pytest.raises(OutputError, match=r"shut/a.wav: permission denied"):
        transaction.stage(tmp_path / "shut" / "a.wav")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENAMETOOLONG])
def test_whatever_the_system_says_is_one_line_with_the_path(tmp_path: Path, code: int) -> None:
    with pytest.raises(OutputError) as caught, writing(tmp_path / "a.wav"):
        raise OSError(code, os.strerror(code))
    text = os.strerror(code)
    assert str(caught.value) == f"cannot write {tmp_path / 'a.wav'}: {text[:1].lower() + text[1:]}"


def test_a_name_that_is_too_long_is_said_at_once(tmp_path: Path) -> None:
    with Transaction() as transaction, pytest.raises(OutputError, match="too long"):
        transaction.stage(tmp_path / ("x" * 300 + ".otio"))
    assert tree(tmp_path) == {}


def test_a_disk_that_is_full_at_the_last_moment_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old_three(tmp_path)

    def fsync(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError, match="the disk is full"), Transaction() as transaction:
        staged_three(transaction, tmp_path)
        transaction.commit()
    assert tree(tmp_path) == before


def test_a_target_is_staged_once(tmp_path: Path) -> None:
    with Transaction() as transaction:
        transaction.stage(tmp_path / "a.wav")
        with pytest.raises(ValueError, match="twice"):
            transaction.stage(tmp_path / "." / "a.wav")


def test_a_lock_that_is_never_given_back_ends_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.05)
    first, second = files.locked(tmp_path / "a"), files.locked(tmp_path / "a")
    with first, pytest.raises(OutputError, match="another process"), second:
        raise AssertionError("two hold one lock")
    with files.locked(tmp_path / "a"):
        pass


WRITER = """
import json, sys
from pathlib import Path
from hitpoint.runtime.mix.files import Transaction, locked
folder, name, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
targets = [folder / "cut.hitpoint" / f"part{i}.wav" for i in range(4)] + [folder / "cut.otio"]
mixed, seen = [], set()
for number in range(rounds):
    identity = f"{name}-{number}"
    with Transaction() as files:
        for target in targets[:-1]:
            files.stage(target).write_text(identity)
        bundle = files.stage_folder(folder / "cut.otiod")
        for i in range(3):
            (bundle / str(i)).write_text(identity)
        files.stage(targets[-1]).write_text(identity)  # what both agree on comes last
        files.commit()
    with locked(targets[-1]):
        found = {path.read_text() for path in [*targets, *(folder / "cut.otiod").iterdir()]}
    seen |= {identity.split("-")[0] for identity in found}
    if len(found) != 1:
        mixed.append(sorted(found))
print(json.dumps({"mixed": mixed, "seen": sorted(seen)}))
"""


def test_two_processes_that_write_one_score_never_mix(tmp_path: Path) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), name, "120"], stdout=subprocess.PIPE, cwd=tmp_path, text=True
        )
        for name in ("one", "two")
    ]
    printed = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    results = [json.loads(text) for text in printed]
    assert [result["mixed"] for result in results] == [[], []]
    assert any(result["seen"] == ["one", "two"] for result in results)  # they did meet
    assert not list(tmp_path.rglob(".*"))
