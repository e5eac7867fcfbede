"""`hitpoint export`, `train` and `corpus` from the command line: what they say, their exit statuses, what they cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

WITHOUT = "import sys\nfor name in {names}: sys.modules[name] = None\nsys.argv[0] = 'hitpoint'\nfrom hitpoint.__main__ import main\nsys.exit(main())"


@pytest.fixture
def hitpoint(tmp_path):
    """Runs the command line as a person does: (status, standard output, standard error)."""

    def call(*words, without=()):
        start = ["-c", WITHOUT.format(names=tuple(without))] if without else ["-m", "hitpoint"]
        done = subprocess.run([sys.executable, *start, *map(str, words)], capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    return call


def test_a_clip_becomes_a_pack_that_can_be_added_and_played(hitpoint, small_clip, tmp_path, monkeypatch):
    monkeypatch.setenv("HITPOINT_PACKS", str(tmp_path / "own"))
    status, out, err = hitpoint(
        "export", "vision", "--from", small_clip, "-o", "small.hitpack", "--precision", "fp32", "--precision", "int8", "--json"
    )  # fmt: skip
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert (answer["did"], answer["name"], answer["warnings"]) == ("export vision", "small", [])
    assert answer["licence"]["id"] == "MIT" and answer["licence"]["found"] == "README.md"
    assert (answer["embedding"], answer["tokens"]) == (24, [17, 32])
    assert set(answer["differences"]) == {"fp32", "int8"}
    status, out, err = hitpoint("packs", "add", "small.hitpack")
    assert (status, err) == (0, "") and out.startswith("added: small 1.0.0 (vision)")
    status, out, _ = hitpoint("packs", "info", "small", "--json")
    assert status == 0
    assert {graph["variant"] for graph in json.loads(out)["graphs"]} == {"fp32", "int8"}
    status, out, _ = hitpoint("packs", "bench", "small", "--rounds", "1", "--json")
    assert status == 0 and len(json.loads(out)["rows"]) == 2


def test_a_person_reads_what_was_written_and_under_which_licence():
    from hitpoint.exporters.vision.cli import _lines

    licence = {"id": "CC-BY-NC-4.0", "name": "Non Commercial", "commercial": False, "found": "README.md"}
    differences = {"fp32": "the measure", "int8": "0.02 (relative RMS)"}
    answer = {"out": "out/small", "name": "small", "bytes": 3 << 20, "licence": licence, "differences": differences}
    assert list(_lines(answer)) == [
        "wrote out/small: the vision pack small, 3.0 MiB",
        "licence: Non Commercial (CC-BY-NC-4.0, not for commercial use), README.md",
        "fp32: the measure",
        "int8: off by 0.02 (relative RMS)",
    ]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("export",), 2, "say what to export: hitpoint export --help lists it"),
        (("train",), 2, "say what to train: hitpoint train --help lists it"),
        (("corpus",), 2, "say what to corpus: hitpoint corpus --help lists it"),
        (("export", "nothing"), 2, "invalid choice: 'nothing'"),
        (
            ("export", "vision"),
            2,
            "the following arguments are required: --from, -o/--out; hitpoint export vision --help",
        ),
        (("export", "vision", "--from", ".", "-o", "x"), 2, ". does not say under which licence"),
        (
            ("export", "vision", "--from", "nowhere", "-o", "x", "--licence", "MIT"),
            3,
            "nowhere: there is no such folder",
        ),
        (
            ("export", "vision", "--from", "x", "-o", "x", "--commercial", "--no-commercial"),
            2,
            "not allowed with argument",
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_status(hitpoint, words, status, said):
    found, out, err = hitpoint(*words)
    assert (found, out) == (status, "")
    assert err.startswith("hitpoint: ") and err.count("\n") == 1 and said in err
    found, out, _ = hitpoint(*words, "--json")
    assert found == status
    assert json.loads(out)["status"] == status


@pytest.mark.parametrize("package", ["torch", "onnx_ir"])
def test_without_the_extra_it_says_what_to_install(hitpoint, small_clip, package):
    words = ("export", "vision", "--from", small_clip, "-o", "x", "--json")
    status, out, err = hitpoint(*words, without=[package])
    assert status == 5
    assert (
        err == f"hitpoint: training and export need {package}, which is not installed: pip install 'hitpoint[export]'\n"
    )
    assert json.loads(out)["status"] == 5


def test_help_lists_everything_and_imports_nothing_heavy(hitpoint):
    heavy = ("torch", "onnx", "numpy", "av", "opentimelineio", "transformers", "PySide6")
    status, out, err = hitpoint("--help", without=heavy)
    assert (status, err) == (0, "")
    for words in ("export    write a model as a pack", "train     train a model", "corpus    make the edits"):
        assert words in out
    status, out, err = hitpoint("export", "--help", without=("torch", "onnx", "transformers"))
    assert (status, err) == (0, "") and "vision" in out
    status, out, _ = hitpoint("export", "vision", "--help", without=("torch", "onnx", "transformers"))
    assert status == 0 and "--no-commercial" in out and "usage: hitpoint export vision" in out


def test_every_room_that_is_listed_adds_its_commands():
    import argparse

    from hitpoint.exporters import COMMANDS
    from hitpoint.exporters.cli import Commands, rooms

    commands = Commands(argparse.ArgumentParser())
    found = rooms()
    assert found
    for room in found:
        room.add(commands)
    assert set(COMMANDS) == {"export", "train", "corpus"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_an_interruption_leaves_nothing_half_written(small_clip, tmp_path):
    words = ["export", "vision", "--from", str(small_clip), "-o", str(tmp_path / "out" / "small")]
    work = subprocess.Popen(
        [sys.executable, "-m", "hitpoint", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    while not (tmp_path / "out").exists() and work.poll() is None:
        time.sleep(0.02)
    time.sleep(0.3)
    os.kill(work.pid, signal.SIGINT)
    out, err = work.communicate(timeout=120)
    assert (work.returncode, out, err) == (130, "", "hitpoint: cancelled\n")
    assert not (tmp_path / "out").exists()
