"""No skew between training and use: an item's features are those that the product finds in the same film."""

import json

import numpy as np
import opentimelineio as otio
import pytest

from hitpoint.exporters.corpus.film import film
from hitpoint.exporters.corpus.reading import Corpus
from hitpoint.exporters.corpus.recipe import recipe
from hitpoint.plugin import looking
from hitpoint.plugin.cli import main
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.cues.sheet_read import from_json
from hitpoint.runtime.picture.rhythm import distance_sequence

FILMED = 2360


@pytest.fixture(scope="module")
def written(as_timeline, tmp_path_factory):
    """The item's edit as a timeline on disk, beside its films."""
    folder = tmp_path_factory.mktemp("films")
    made = recipe(FILMED)
    film(made, folder)
    path = folder / "cut.otio"
    otio.adapters.write_to_file(as_timeline(made, folder), str(path))
    return path


@pytest.fixture(scope="module")
def item(small_corpus):
    return next(item for item in Corpus.open(small_corpus) if item.seed == FILMED)


@pytest.fixture(scope="module")
def inspected(written):
    return looking.look(Source(written).read()[0])


def test_the_product_sees_the_same_meaning_and_colours(item, inspected):
    seen = inspected.seen
    assert item.said["descriptor"] == seen.descriptor
    np.testing.assert_array_equal(item.meaning, seen.meaning.astype(np.float16))
    np.testing.assert_array_equal(item.colour, seen.colour.reshape(len(seen.colour), -1).astype(np.float16))
    np.testing.assert_array_equal(item.density, seen.density)
    np.testing.assert_array_equal(item.curves["motion"], seen.curves.motion.astype(np.float16))


def test_inspect_prints_the_same_cuts_looks_and_beats(item, written, capsys):
    assert main(["inspect", str(written), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(item.cuts, [cut["seconds"] for cut in said["cuts"]], atol=1e-6)
    for word in ("light", "contrast", "saturation", "warmth", "motion"):
        np.testing.assert_allclose(item.looks[word], [look[word] for look in said["looks"]], atol=1e-4)
    times = [beat["seconds"] for beat in said["visual_beats"]]
    assert times
    np.testing.assert_allclose(item.visual_peaks["time"], times, atol=1e-3)


def test_the_product_hears_the_same_moods_and_hits(item, written, inspected, tmp_path):
    cues = tmp_path / "cues.json"
    style = recipe(FILMED).boards[0].style
    assert main(["cues", str(written), "--style", style, "-o", str(cues)]) == 0
    sheet = from_json(json.loads(cues.read_text()))
    assert [board.mood.valence for board in inspected.boards] == item.boards["valence"].tolist()
    assert [board.mood.energy for board in inspected.boards] == item.boards["energy"].tolist()
    assert [board.tempo for board in sheet.storyboards] == item.boards["tempo"].tolist()
    np.testing.assert_allclose([float(sheet.rate.seconds(hit.frame)) for hit in sheet.hits], item.hits["time"])
    np.testing.assert_allclose([beat for board in sheet.storyboards for beat in board.beats], item.beats["time"])


def test_distances_are_those_of_the_edit_on_disk(item, inspected):
    np.testing.assert_array_equal(item.distance, distance_sequence(inspected.edit))


def test_films_look_as_their_recipes_ask(item):
    shots = recipe(FILMED).shots
    for word, near in (("light", 0.08), ("saturation", 0.15), ("warmth", 0.2), ("motion", 0.25)):
        asked = np.array([getattr(shot.look, word) for shot in shots])
        assert np.abs(item.looks[word] - asked).mean() < near


def test_a_scene_onset_stands_in_the_second_nearest_to_its_cut(item):
    wanted = np.zeros(len(item.onsets01), int)
    for cut in item.cuts:
        if int(cut + 0.5) < len(wanted):
            wanted[int(cut + 0.5)] = 1
    assert item.onsets01.tolist() == wanted.tolist()
    assert len(item.onsets01) == len(item.meaning) == len(item.visual_beats)
