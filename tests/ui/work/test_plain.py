"""What scoring says of options, in the words of who has no command line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import hitpoint
from hitpoint.ui.work.plain import plain, plainly

OPTION = re.compile(r"(?<![\w-])--[a-z]")
TOLD_IN_A_PANEL = (  # what its worker calls
    "plugin/timeline", "plugin/scoring.py", "plugin/looking.py", "plugin/placing.py", "plugin/auditioning.py",
    "plugin/choosing.py", "plugin/takes.py", "plugin/spotting.py", "plugin/packing.py", "plugin/playing.py",
    "plugin/settling.py", "plugin/reporting.py", "runtime",
)  # fmt: skip


def sentences():
    """Every text in the rooms of scoring that names an option, as it is written there."""
    root = Path(hitpoint.__file__).parent
    files = [
        path
        for each in TOLD_IN_A_PANEL
        for path in ([root / each] if each.endswith(".py") else (root / each).rglob("*.py"))
    ]
    for path in sorted(files):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documents = {id(node.body[0].value) for node in ast.walk(tree)
                     if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)}  # fmt: skip
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
            id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        }
        for node in ast.walk(tree):
            if id(node) in documents or id(node) in inside:
                continue
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "THIS" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            if OPTION.search(text):
                yield pytest.param(text, id=f"{path.name}-{node.lineno}")


FOUND = list(sentences())


def test_there_are_sentences_to_be_said_otherwise():
    assert len(FOUND) > 25


@pytest.mark.parametrize("sentence", FOUND)
def test_no_sentence_of_scoring_names_an_option_in_the_panel(sentence):
    said = plain(sentence)
    assert said.strip() and "``" not in said
    assert not OPTION.search(said.replace("`hitpoint score --music-only` in a terminal", ""))


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("2 of 3 media not found: a.mov, b.mov; --media-root DIR looks for them there",
         "2 of 3 media not found: a.mov, b.mov; “Look in a folder” finds them"),
        ("an EDL does not state its rate: 24 frames a second is a guess that may be wrong; give --rate R",
         "an EDL does not state its rate: 24 frames a second is a guess that may be wrong; “Read the edit another way” beside Open sets it"),
        ("--style: there is no style 'x'", "there is no style 'x'"),
        ("x was made by composer 2; `score --cues /a/cues.json` makes all of it anew", "x was made by composer 2; make all of it anew"),
        ("the clip 'a--b' is too short; nothing is done", "the clip 'a--b' is too short; nothing is done"),
    ],
)  # fmt: skip
def test_the_control_that_does_the_same_is_named(there, here):
    assert plain(there) == here


def test_only_sentences_of_an_answer_are_changed():
    answer = {
        "path": "/a/--rate R/b.otio",
        "warnings": ["x; give --rate R"],
        "edit": {"name": "--b c", "warnings": ["y; give --rate R"]},
    }
    said = plainly(answer)
    assert said["path"] == answer["path"] and said["edit"]["name"] == "--b c"
    assert all("--rate" not in each for each in (*said["warnings"], *said["edit"]["warnings"]))
    assert plainly(None) is None
