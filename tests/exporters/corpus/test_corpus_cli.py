"""`hitpoint corpus`, as somebody types it."""

import argparse
import json

import pytest

from hitpoint.exporters.cli import run
from hitpoint.exporters.corpus.reading import Corpus
from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.runtime.progress import silent


def hitpoint(*words):
    answer, lines, as_json = run([str(word) for word in words], argparse.ArgumentParser(), silent)
    return answer, "\n".join(lines), as_json


def test_build_makes_what_is_asked_for_and_keeps_it(tmp_path):
    words = ("corpus", "build", tmp_path / "c", "--items", 1, "--seed", 893, "--workers", 1, "--sound-only")
    answer, said, _ = hitpoint(*words)
    assert (answer["made"], answer["kept"], answer["items"]) == (1, 0, 1)
    assert "made 1 items, kept 0" in said
    assert hitpoint(*words)[0]["kept"] == 1
    assert Corpus.open(tmp_path / "c").seeds == (893,)


def test_held_out_seeds_come_only_when_asked_for(tmp_path):
    with pytest.raises(UsageError, match="held out"):
        hitpoint("corpus", "build", tmp_path / "c", "--items", 2, "--seed", 999_999)
    assert not (tmp_path / "c").exists()
    words = ("--items", 1, "--seed", 37, "--held-out", "--sound-only", "--workers", 1)
    hitpoint("corpus", "build", tmp_path / "c", *words)
    assert Corpus.open(tmp_path / "c").seeds == (1_000_037,)


def test_info_counts_what_is_there(small_corpus):
    answer, said, as_json = hitpoint("corpus", "info", small_corpus, "--json")
    assert as_json and json.loads(json.dumps(answer)) == answer
    assert (answer["items"], answer["with_film"], answer["held_out"]) == (4, 1, 1)
    assert answer["minutes"] == pytest.approx(4 * 12.1 / 60, rel=0.03)
    assert 11e6 < answer["bytes_per_minute"] < 14e6
    assert sum(answer["styles"].values()) == sum(answer["modes"].values()) == answer["storyboards"]
    assert "4, 1 with film, 1 held out" in said


def test_info_names_what_is_broken(corpus):
    (corpus / "items" / "000000893" / "item.json").unlink()
    answer = hitpoint("corpus", "info", corpus)[0]
    assert answer["items"] == 3 and "000000893" in answer["warnings"][0]


def test_pack_makes_a_file_that_info_reads(small_corpus, tmp_path):
    answer = hitpoint("corpus", "pack", small_corpus, "-o", tmp_path / "some", "--items", 2)[0]
    assert answer["items"] == 2 and answer["bytes"] < 1_000_000
    assert hitpoint("corpus", "info", tmp_path / "some")[0]["items"] == 2


def test_a_place_without_a_corpus_is_one_line(tmp_path):
    with pytest.raises(InputError, match="hitpoint corpus build"):
        hitpoint("corpus", "info", tmp_path)


@pytest.mark.parametrize("words", [("--items", "-1"), ("--items", "x"), ("--workers", "0", "--items", "1")])
def test_numbers_that_make_no_sense_are_wrong_usage(tmp_path, words):
    with pytest.raises(SystemExit) as stopped:
        hitpoint("corpus", "build", tmp_path / "c", *words)
    assert stopped.value.code == 2
