"""Reading a corpus: lazily, with numpy alone, and nothing that is not whole; and packed into one file."""

import json
import subprocess
import sys

import numpy as np
import pytest

from hitpoint.exporters.corpus.packed import pack
from hitpoint.exporters.corpus.reading import COLUMNS, FILM_ARRAYS, MODES, SOUND_ARRAYS, STEMS, Corpus
from hitpoint.runtime.engines.composer import event, keys
from hitpoint.runtime.errors import InputError, UsageError

CALM, PALE, FILMED, HELD = 893, 2495, 2360, 1_000_037

ALONE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("av", "librosa", "torch", "scipy", "onnxruntime", "opentimelineio", "scenedetect"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from hitpoint.exporters.corpus.reading import Corpus
corpus = Corpus.open(sys.argv[1])
print(len(corpus), int(corpus[0].audio[:10].shape[0]), len(corpus[0].boards))
"""


def test_nothing_but_numpy_is_needed_to_read(small_corpus):
    ran = subprocess.run(
        [sys.executable, "-c", ALONE, str(small_corpus)], capture_output=True, text=True, check=True, cwd="/"
    )
    assert ran.stdout.split() == ["4", "10", "2"]


def test_arrays_are_mapped_and_not_read(small_corpus):
    assert all(isinstance(item.audio, np.memmap) for item in Corpus.open(small_corpus))


def test_every_array_has_the_shape_that_is_promised(small_corpus):
    for item in Corpus.open(small_corpus):
        promised = SOUND_ARRAYS + (FILM_ARRAYS if item.said["film"] else ())
        assert set(item.names) == set(promised)
        seconds = int(np.ceil(item.seconds))
        assert item.odf.shape == (1 + len(item.audio) // 512,)
        assert item.mel_low.shape == item.tempogram_low.shape == (len(item.odf) // 8, 16)
        assert item.onsets01.shape == (seconds,)
        for name in COLUMNS:
            if item.has(name):
                assert item.table(name).values.shape[1] == len(COLUMNS[name])
        if item.said["film"]:
            assert item.meaning.shape == (seconds, 512) and item.colour.shape == (seconds, 3072)
            assert item.distance[1::2].max() == 0 and item.distance[::2].max() > 0
            np.testing.assert_allclose(item.colour.astype(float).sum(axis=1), 1, atol=0.01)


def test_names_stand_for_what_the_composer_calls_so():
    assert STEMS == event.STEMS
    assert set(MODES) == set(keys.MODES)
    assert [keys.mode_for(value) for value in (-0.9, -0.5, -0.1, 0.1, 0.5, 0.9)] == list(MODES)


def test_what_an_item_lacks_is_said(small_corpus):
    item = Corpus.open(small_corpus)[0]
    with pytest.raises(InputError, match="item 893 has no meaning"):
        _ = item.meaning
    with pytest.raises(AttributeError):
        _ = item.nonsense


@pytest.mark.parametrize("harm", ["cut", "no list", "bad list", "gone"])
def test_an_item_that_is_not_whole_is_left_out_and_named(corpus, harm):
    place = corpus / "items" / f"{CALM:09}"
    if harm == "cut":
        path = place / "audio.npy"
        path.write_bytes(path.read_bytes()[:-4])
    elif harm == "no list":
        (place / "item.json").unlink()
    elif harm == "bad list":
        (place / "item.json").write_text(json.dumps({"schema": "hitpoint.corpus/1", "arrays": []}))
    else:
        (place / "beats.npy").unlink()
    found = Corpus.open(corpus)
    assert found.seeds == (FILMED, PALE, HELD)
    assert len(found.broken) == 1 and "build it anew" in found.broken[0]


def test_a_folder_without_a_corpus_is_one_line(tmp_path):
    with pytest.raises(InputError, match="is no corpus"):
        Corpus.open(tmp_path)
    (tmp_path / "x.npz").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(InputError, match="is no packed corpus"):
        Corpus.open(tmp_path / "x.npz")


def test_a_packed_file_reads_as_the_folder_does(small_corpus, tmp_path):
    corpus = Corpus.open(small_corpus)
    made = tmp_path / "small.corpus"
    assert pack(corpus, made, more=lambda item: {"latents": np.full((2, 3), item.seed, np.float32)}) == 4
    assert made.stat().st_size < 2_000_000
    packed = Corpus.open(made)
    assert packed.seeds == corpus.seeds
    for here, there in zip(packed, corpus, strict=True):
        assert not here.has("audio")
        np.testing.assert_array_equal(here.odf, there.odf)
        np.testing.assert_array_equal(here.boards.values, there.boards.values)
        assert here.array("latents")[1, 2] == there.seed
        assert here.seconds == there.seconds


def test_packing_twice_gives_the_same_bytes_and_keeps_to_the_limit(small_corpus, tmp_path):
    corpus = Corpus.open(small_corpus)
    for name in ("one", "two"):
        pack(corpus, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    limit = (tmp_path / "one").stat().st_size - 1000
    assert pack(corpus, tmp_path / "less", limit=limit) == 3
    assert (tmp_path / "less").stat().st_size <= limit
    with pytest.raises(UsageError, match="no item fits"):
        pack(corpus, tmp_path / "none", limit=1000)
    assert not (tmp_path / "none").exists()
