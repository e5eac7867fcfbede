"""What is put where an editor looks, and that exactly this goes away again."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest

import hitpoint
from hitpoint.plugin.cli import main
from hitpoint.plugin.hosts import installing, launchers
from hitpoint.plugin.hosts.launchers import HOSTS, Launcher, Piece, System, blender, filled, premiere, resolve
from hitpoint.runtime.errors import InputError, OutputError, UsageError

PYTHON = Path('/opt/My "own" env/é/bin/python')


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """A launcher of two files in a folder of its own, for an editor that looks in two places."""
    said = {"text": "first"}
    roots = [tmp_path / "home" / "editor" / "4.1" / "addons", tmp_path / "home" / "editor" / "4.2" / "addons"]

    def pieces(python, version):
        main_ = Piece(PurePosixPath("hitpoint/__init__.py"), f"{said['text']} {python}".encode())
        return [main_, *([] if said["text"] == "second" else [Piece(PurePosixPath("hitpoint/data/old.txt"), b"old")])]

    monkeypatch.setattr(blender, "LAUNCHER", Launcher("blender", lambda _: roots, pieces, "start it", "start it once"))
    roots[0].parent.mkdir(parents=True)
    roots[1].mkdir(parents=True)
    (roots[1] / "another.py").write_text("somebody's")
    return said, roots


def held(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def folders(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir())


def test_it_is_put_where_the_editor_looks_and_goes_away_without_a_trace(editor, tmp_path):
    _, roots = editor
    home = tmp_path / "home"
    before = held(home), folders(home)
    done = installing.install("blender", python=PYTHON)
    assert [step.what for step in done.steps] == ["write"] * 4
    for root in roots:
        assert (root / "hitpoint" / "__init__.py").read_text() == f"first {PYTHON}"
        assert (root / "hitpoint" / "data" / "old.txt").read_bytes() == b"old"
    gone = installing.uninstall("blender")
    assert [step.what for step in gone.steps] == ["remove"] * 4
    assert (held(home), folders(home)) == before
    assert installing.installed("blender") is None


def test_again_changes_nothing(editor, tmp_path):
    installing.install("blender")
    before = held(tmp_path)
    done = installing.install("blender")
    assert [step.what for step in done.steps] == ["same"] * 4
    assert held(tmp_path) == before


def test_a_newer_one_takes_the_place_and_what_it_has_no_more_goes(editor, tmp_path):
    said, roots = editor
    installing.install("blender", python=PYTHON)
    said["text"] = "second"
    done = installing.install("blender", python=PYTHON)
    assert sorted(step.what for step in done.steps) == ["remove", "remove", "replace", "replace"]
    assert held(roots[0]) == {"hitpoint/__init__.py": f"second {PYTHON}".encode()}
    assert folders(roots[0]) == ["hitpoint"]
    installing.uninstall("blender")
    assert held(tmp_path / "home") == {"editor/4.2/addons/another.py": b"somebody's"}


def test_a_file_that_is_not_ours_is_never_written_over(editor, tmp_path):
    _, roots = editor
    theirs = roots[1] / "hitpoint" / "__init__.py"
    theirs.parent.mkdir()
    theirs.write_text("somebody else's")
    before = held(tmp_path)
    with pytest.raises(OutputError, match="is not ours") as caught:
        installing.install("blender")
    assert str(theirs) in str(caught.value) and "\n" not in str(caught.value)
    assert held(tmp_path) == before  # and nothing is put into the other place either


def test_a_link_is_not_followed(editor, tmp_path):
    _, roots = editor
    (roots[0] / "hitpoint").mkdir(parents=True)
    (tmp_path / "precious.py").write_text("precious")
    (roots[0] / "hitpoint" / "__init__.py").symlink_to(tmp_path / "precious.py")
    with pytest.raises(OutputError, match="is not ours"):
        installing.install("blender")
    assert (tmp_path / "precious.py").read_text() == "precious"


def test_a_file_that_a_person_changed_stays_and_is_said(editor):
    _, roots = editor
    installing.install("blender")
    theirs = roots[0] / "hitpoint" / "__init__.py"
    theirs.write_text("changed by a person")
    with pytest.raises(OutputError, match="was changed since"):
        installing.install("blender", python=PYTHON)
    (roots[1] / "hitpoint" / "data" / "old.txt").unlink()
    done = installing.uninstall("blender")
    assert sorted(step.what for step in done.steps) == ["gone", "keep", "remove", "remove"]
    assert any(str(theirs) in words for words in done.warnings)
    assert theirs.read_text() == "changed by a person"
    assert not (roots[1] / "hitpoint").exists()


def test_what_somebody_put_beside_it_stays(editor):
    _, roots = editor
    installing.install("blender")
    (roots[0] / "hitpoint" / "notes.txt").write_text("mine")
    compiled = roots[0] / "hitpoint" / "__pycache__"
    compiled.mkdir()
    (compiled / "__init__.cpython-311.pyc").write_bytes(b"made by the editor")
    installing.uninstall("blender")
    assert held(roots[0]) == {"hitpoint/notes.txt": b"mine"}


def test_a_dry_run_says_all_of_it_and_does_nothing(editor, tmp_path):
    before = held(tmp_path), folders(tmp_path)
    done = installing.install("blender", dry_run=True)
    assert [step.what for step in done.steps] == ["write"] * 4
    assert (held(tmp_path), folders(tmp_path)) == before
    installing.install("blender")
    before = held(tmp_path), folders(tmp_path)
    assert [step.what for step in installing.uninstall("blender", dry_run=True).steps] == ["remove"] * 4
    assert (held(tmp_path), folders(tmp_path)) == before


def test_a_folder_that_is_named_is_taken_and_given_back_alone(editor, tmp_path):
    _, roots = editor
    installing.install("blender")
    installing.install("blender", tmp_path / "portable")
    assert (tmp_path / "portable" / "hitpoint" / "__init__.py").exists()
    installing.uninstall("blender", tmp_path / "portable")
    assert not (tmp_path / "portable").exists()
    assert (roots[0] / "hitpoint" / "__init__.py").exists()
    installing.uninstall("blender")
    assert not (roots[0] / "hitpoint").exists()


def test_a_place_that_cannot_be_written_leaves_all_as_it_was(editor, tmp_path):
    _, roots = editor
    (roots[1] / "hitpoint").write_text("a file where a folder must be")
    before = held(tmp_path)
    with pytest.raises(OutputError):
        installing.install("blender")
    assert held(tmp_path) == before
    assert not (roots[0] / "hitpoint").exists()


def test_the_receipt_says_what_was_written(editor, data):
    done = installing.install("blender", python=PYTHON)
    (path,) = data.rglob("*.json")
    receipt = json.loads(path.read_text())
    assert receipt["schema"] == "hitpoint.installed/1"
    assert (receipt["host"], receipt["python"]) == ("blender", str(PYTHON))
    assert [file["path"] for file in receipt["files"]] == [str(step.path) for step in done.steps]
    assert all(len(file["sha256"]) == 64 for file in receipt["files"])


@pytest.mark.parametrize(
    "damage",
    [
        "{",
        "[]",
        "{}",
        '{"schema": "hitpoint.installed/1", "host": "blender", "version": "1", "python": "p", '
        '"files": [{"path": "relative.py", "sha256": ""}], "folders": []}',
    ],
)
def test_a_damaged_receipt_is_one_line_and_takes_nothing_away(editor, data, damage):
    _, roots = editor
    installing.install("blender")
    next(data.rglob("*.json")).write_text(damage)
    for attempt in (installing.install, installing.uninstall):
        with pytest.raises(InputError, match="not known any more") as caught:
            attempt("blender")
        assert "\n" not in str(caught.value)
    assert (roots[0] / "hitpoint" / "__init__.py").exists()


def test_what_is_wrong_with_a_launcher_is_known(editor, tmp_path):
    _, roots = editor
    python = tmp_path / "python"
    python.write_text("")
    installing.install("blender", python=python)
    assert installing.trouble(installing.installed("blender")) == ""
    (roots[0] / "hitpoint" / "__init__.py").unlink()
    assert "is gone or was changed" in installing.trouble(installing.installed("blender"))
    installing.install("blender", python=python)
    python.unlink()
    assert "its Python is gone" in installing.trouble(installing.installed("blender"))


# Where editors look


def system(platform, home, **environment):
    return System(platform, Path(home), environment)


def test_blender_is_looked_for_by_version(tmp_path):
    config = tmp_path / ".config" / "blender"
    for name in ("2.93", "3.4", "4.1", "4.2", "5.0", "5.1x", "notes"):
        (config / name).mkdir(parents=True)
    found = [path.relative_to(config).as_posix() for path in blender.places(system("linux", tmp_path))]
    assert found == [
        "3.4/scripts/addons", "4.1/scripts/addons", "4.2/extensions/user_default", "5.0/extensions/user_default",
    ]  # fmt: skip
    elsewhere = tmp_path / "roaming" / "Blender Foundation" / "Blender" / "4.1"
    elsewhere.mkdir(parents=True)
    windows = system("win32", tmp_path, APPDATA=str(tmp_path / "roaming"))
    assert blender.places(windows) == [elsewhere / "scripts" / "addons"]
    (tmp_path / "Library" / "Application Support" / "Blender" / "5.0").mkdir(parents=True)
    (mac,) = blender.places(system("darwin", tmp_path))
    assert mac == tmp_path / "Library/Application Support/Blender/5.0/extensions/user_default"
    assert blender.places(system("linux", tmp_path / "nobody")) == []


def test_resolve_looks_where_its_documentation_says():
    scripts = Path("Fusion/Scripts/Utility")
    assert resolve.places(system("linux", "/home/a")) == [Path("/home/a/.local/share/DaVinciResolve") / scripts]
    mac = Path("/Users/a/Library/Application Support/Blackmagic Design/DaVinci Resolve")
    assert resolve.places(system("darwin", "/Users/a")) == [mac / scripts]
    windows = resolve.places(system("win32", "C:/Users/a", APPDATA="C:/Users/a/AppData/Roaming"))
    assert windows == [Path("C:/Users/a/AppData/Roaming/Blackmagic Design/DaVinci Resolve/Support") / scripts]


def test_the_panel_for_premiere_lies_among_our_own_data():
    assert premiere.places(system("darwin", "/Users/a")) == [Path("/Users/a/Library/Application Support/hitpoint/uxp")]


def test_the_pythons_path_is_written_as_a_string_of_the_launchers_own_language():
    python = Path('C:\\My "own" env\\é\\python.exe')
    data = filled(b'run("@HITPOINT_PYTHON@", "@HITPOINT_VERSION@")', python, "1.2.3")
    names: dict = {}
    exec(data.decode().replace("run", "said = "), names)
    assert names["said"] == (str(python), "1.2.3")


def test_the_add_on_for_blender_is_whole():
    pieces = {str(piece.target): piece.data for piece in blender.LAUNCHER.pieces(PYTHON, "9.9.9")}
    manifest = tomllib.loads(pieces["hitpoint_score/blender_manifest.toml"].decode())
    assert manifest["id"] == blender.NAME
    assert manifest["version"] == hitpoint.__version__
    assert "hitpoint_score/__init__.py" in pieces
    assert json.loads(pieces["hitpoint_score/hitpoint.json"])["python"] == str(PYTHON)
    assert not any("__pycache__" in name or b"@HITPOINT_" in data for name, data in pieces.items())


def test_every_launcher_is_for_a_host_that_is_known():
    names = {path.stem for path in (HOSTS / "launchers").glob("*.py")} - {"__init__"}
    assert names == {"blender", "resolve", "premiere"}
    for name in names:
        assert launchers.launcher(name).host == name
    assert launchers.launcher("mlt") is None


# The command line


def test_install_and_uninstall_on_the_command_line(editor, capsys):
    _, roots = editor
    assert main(["install", "blender", "--dry-run"]) == 0
    assert f"would be put there: {roots[0]}/hitpoint/__init__.py" in capsys.readouterr().out
    assert main(["install", "blender", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [step["what"] for step in answer["steps"]] == ["write"] * 4
    assert answer["after"] == "start it"
    assert (roots[0] / "hitpoint" / "__init__.py").read_text() == f"first {sys.executable}"
    assert main(["hosts", "--json"]) == 0
    row = next(host for host in json.loads(capsys.readouterr().out)["hosts"] if host["name"] == "blender")
    assert row["installed"]["version"] == hitpoint.__version__
    assert str(roots[0] / "hitpoint") in row["installed"]["folders"]
    assert main(["uninstall", "blender"]) == 0
    assert "taken away" in capsys.readouterr().out
    assert main(["uninstall", "blender"]) == 0
    assert "nothing is installed for blender" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["install", "nobody"], "there is no host 'nobody'"),
        (["install", "shotcut"], "mlt needs nothing installed"),
        (["uninstall", "avid"], "avid needs nothing installed"),
        (["install"], "HOST"),
    ],
)
def test_what_cannot_be_installed_gets_one_line(arguments, words, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1


def test_an_editor_that_was_never_started_is_said(monkeypatch):
    with pytest.raises(UsageError, match="start Blender once"):
        installing.install("blender", system=system("linux", "/nonexistent"))


def test_doctor_says_what_it_sees_of_hosts(editor, capsys, monkeypatch):
    from hitpoint.plugin.doctor import _hosts

    before = {part.name: part for part in _hosts()}
    assert not before["Blender: launcher"].found and before["Blender: launcher"].remedy == "hitpoint install blender"
    installing.install("blender")
    after = {part.name: part for part in _hosts()}["Blender: launcher"]
    assert after.found and hitpoint.__version__ in after.detail
    assert {"DaVinci Resolve", "Adobe Premiere Pro", "Kdenlive and Shotcut projects"} <= set(before)
