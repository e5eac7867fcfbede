"""Building, going on, finding damage, stopping: what becomes of a corpus on disk."""

import errno
import filecmp
import os
import time
from pathlib import Path

import numpy as np
import pytest

from hitpoint.exporters.corpus import item as items
from hitpoint.exporters.corpus.reading import Corpus
from hitpoint.exporters.corpus.shelf import HELD_OUT, build
from hitpoint.runtime.errors import Cancelled, OutputError, UsageError

CALM, PALE, FILMED, HELD = 893, 2495, 2360, 1_000_037


def place(corpus: Path, seed: int) -> Path:
    return corpus / "items" / f"{seed:09}"


def unlike(one: Path, other: Path) -> list[str]:
    """The files that are not in both folders, or not the same."""
    names = {path.name for folder in (one, other) for path in folder.iterdir()}
    return sorted(names - set(filecmp.cmpfiles(one, other, names, shallow=False)[0]))


def test_equal_seeds_give_equal_bytes_whatever_the_number_of_workers(small_corpus, tmp_path):
    build(tmp_path / "again", [CALM, PALE], workers=1, sound_only=True)
    build(tmp_path / "again", [FILMED], workers=2)
    for seed in (CALM, PALE, FILMED):
        assert unlike(place(small_corpus, seed), place(tmp_path / "again", seed)) == []


def test_an_item_is_a_whole_number_of_frames_at_the_loudness_of_a_score(small_corpus):
    for item in Corpus.open(small_corpus):
        assert item.audio.shape == (round(item.seconds * 48_000), 2)
        assert item.audio.dtype == np.int16
        assert np.abs(item.audio.astype(float)).max() < 32_768 * 10 ** (-0.9 / 20)  # -1 dBTP
        assert 0.02 < item.audio.astype(float).std() / 32_768 < 0.5


def test_a_build_that_is_called_again_makes_only_what_is_missing(corpus):
    before = os.stat(place(corpus, CALM) / "item.json").st_mtime_ns
    built = build(corpus, [CALM, PALE], workers=1, sound_only=True)
    assert (built.made, built.kept) == ((), (CALM, PALE))
    assert os.stat(place(corpus, CALM) / "item.json").st_mtime_ns == before


def test_damage_is_found_and_made_good(corpus, small_corpus):
    flipped = place(corpus, CALM) / "audio.npy"
    data = bytearray(flipped.read_bytes())
    data[5000] ^= 1
    flipped.write_bytes(data)
    (place(corpus, PALE) / "odf.npy").unlink()
    built = build(corpus, [CALM, PALE], workers=2, sound_only=True)
    assert built.damaged == (CALM, PALE)
    for seed in (CALM, PALE):
        assert unlike(place(corpus, seed), place(small_corpus, seed)) == []


def test_a_film_is_never_made_anew_for_the_sake_of_sound_alone_but_the_other_way_round(corpus):
    assert build(corpus, [FILMED], workers=1, sound_only=True).kept == (FILMED,)
    path = place(corpus, FILMED) / "item.json"
    path.write_text(path.read_text().replace('"film": true', '"film": false'))
    assert build(corpus, [FILMED], workers=1, sound_only=True).kept == (FILMED,)
    assert build(corpus, [FILMED], workers=1, distance=False).made == (FILMED,)
    item = next(item for item in Corpus.open(corpus) if item.seed == FILMED)
    assert item.has("meaning") and not item.has("distance")


def test_what_another_version_made_is_made_anew(corpus):
    path = place(corpus, CALM) / "item.json"
    path.write_text(path.read_text().replace("recipe 1", "recipe 0"))
    assert build(corpus, [CALM], workers=1, sound_only=True).made == (CALM,)


def test_the_rest_of_an_interrupted_build_is_neither_read_nor_left(corpus):
    half = corpus / "items" / f".unfinished-{CALM}-abc"
    half.mkdir()
    (half / "audio.npy").write_bytes(b"half")
    assert len(Corpus.open(corpus)) == 4
    build(corpus, [CALM], workers=1, sound_only=True)
    assert not half.exists()


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(UsageError, match="a folder of its own"):
        build(tmp_path, [0], sound_only=True)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_cancelling_stops_the_workers_and_keeps_the_folder_clean(tmp_path):
    begun = time.monotonic()

    def progress(fraction, words):
        if time.monotonic() - begun > 1.0:
            raise Cancelled

    with pytest.raises(Cancelled):
        build(tmp_path / "c", range(40), workers=2, sound_only=True, progress=progress)
    assert len(Corpus.open(tmp_path / "c")) < 40
    assert not list((tmp_path / "c" / "items").glob(".unfinished-*"))


def test_a_full_disk_is_one_line_and_nothing_half_made(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"^cannot write .*000000893: [^\n]*No space left[^\n]*$"):
        items.make(CALM, tmp_path, sound_only=True)
    assert not list((tmp_path / "items").iterdir())


def test_held_out_seeds_are_kept_apart(small_corpus):
    corpus = Corpus.open(small_corpus)
    assert corpus.seeds == (CALM, FILMED, PALE, HELD)
    assert corpus.train().seeds == (CALM, FILMED, PALE)
    assert corpus.held_out().seeds == (HELD,)
    assert HELD >= HELD_OUT
