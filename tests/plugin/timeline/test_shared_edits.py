"""Real timelines with known answers: cuts, through edits and markers within a frame, length and rate."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from hitpoint.plugin.timeline.reading import read_edit
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate, snap

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "edits"
EXPECTED = json.loads((FOLDER / "expected.json").read_text()) if FOLDER.is_dir() else []
FCPXML = [entry for entry in EXPECTED if entry["file"].endswith(".fcpxml")]
OTHERS = [entry for entry in EXPECTED if entry not in FCPXML]
CASES = [
    pytest.param(entry, number, id=f"{entry['file']}-{number}")
    for entry in OTHERS
    for number in range(len(entry["timelines"]))
]

pytestmark = pytest.mark.skipif(not EXPECTED, reason="the sample timelines are not on this machine")


@pytest.mark.parametrize(("entry", "number"), CASES)
def test_a_real_timeline_gives_its_known_answers(entry, number):
    expected = entry["timelines"][number]
    hand = entry.get("hand_truth", {})
    rate = entry["read_args"].get("rate")
    name = expected["name"] if len(entry["timelines"]) > 1 else None
    edit, _ = read_edit(FOLDER / entry["file"], rate=Rate.of(rate) if rate else None, timeline=name)

    stated = Fraction(hand.get("rate", expected["rate"])).limit_denominator(1_000_000)
    assert float(edit.rate.fps) == pytest.approx(float(snap(stated)), rel=1e-6)
    # The answers count seconds at the rate as written; ours at the rate it means.
    stretch = float(stated / snap(stated))
    frame = 1 / float(edit.rate.fps) + 1e-3

    def near(ours, theirs):
        assert len(ours) == len(theirs), (ours, theirs)
        for mine, known in zip(ours, theirs, strict=True):
            assert mine == pytest.approx(known * stretch, abs=frame)

    near([edit.seconds(edit.frames)], [expected["seconds"]])
    end = [] if edit.picture_end is None else [edit.seconds(edit.picture_end)]
    near(end, [] if expected["picture_end"] is None else [expected["picture_end"]])
    cuts, through = expected["cuts"], expected["through_edits"]
    if len(through) > len(cuts):  # a scene-detected master: they join the cuts (design.md)
        cuts = sorted(cuts + through)
    near([edit.seconds(cut.frame) for cut in edit.cuts], cuts)
    near([edit.seconds(at) for at in edit.through_edits], through)
    assert [i for i, cut in enumerate(edit.cuts) if cut.maybe_overlay] == expected["maybe_overlay"]

    ours = sorted(edit.markers, key=lambda m: (m.frame, m.name))
    theirs = sorted(expected["markers"], key=lambda m: (round(m["time"] * float(edit.rate.fps)), m["name"]))
    near([edit.seconds(m.frame) for m in ours], [m["time"] for m in theirs])
    assert [(m.name, m.source, m.visible) for m in ours] == [(m["name"], m["on"], m["visible"]) for m in theirs]


@pytest.mark.parametrize(
    "entry", [e for e in OTHERS if "error" in e and not e.get("independent_reading")], ids=lambda e: e["file"]
)
def test_a_file_without_a_timeline_is_refused_and_a_newer_one_is_read(entry):
    path = FOLDER / entry["file"]
    if "schema version" in entry["error"]:
        edit, _ = read_edit(path)
        assert (len(edit.cuts), len(edit.markers)) == (8, 3)  # the same cut as cmx__screening_example.edl
    else:
        with pytest.raises(InputError):
            read_edit(path)


def test_an_edl_that_its_adapter_cannot_read_gives_the_independent_answer():
    entry = next(e for e in OTHERS if e["file"] == "cmx__dissolve_test_fail.edl")
    known = entry["independent_reading"][0]
    edit, _ = read_edit(FOLDER / entry["file"])
    assert [edit.seconds(cut.frame) for cut in edit.cuts] == pytest.approx(known["cuts"], abs=1 / 24)
    assert [edit.seconds(at) for at in edit.through_edits] == pytest.approx(known["through_edits"], abs=1 / 24)


# Where the independent reading does not look at speeds: the medium runs on through these cuts, at another speed or in
# conformed frames, so they are through edits (interchange.md, 2.4). The media times on both sides, by hand, in seconds.
RUN_ON = {
    "swfcpxml__23.98.fcpxml": {
        84.66792: (2088086 / 24000 + 624624 / 24000, 1192711 / 24000 * 149819760 / 65872008),
        113.6135: ((1192711 + 694694) / 24000 * 149819760 / 65872008, 4292288 / 24000),
        174.00717: ((4292288 + 1449448) / 24000, 2458899 / 24000 * 149819760 / 64160328),
    },
    "swfcpxml__30.fcpxml": {
        69.23333: (49.390341 + 112700 / 3000 * 1.001, 1044043 / 12000),
        124.23333: ((148899 / 3000 + 29) * 149819760 / 65872008, 67067 / 375),
    },
    "swfcpxml__60.fcpxml": {
        69.23333: (49.390341 + 112700 / 3000 * 1.001, 1044043 / 12000),
        124.23333: ((148899 / 3000 + 29) * 149819760 / 65872008, 67067 / 375),
    },
}


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        pytest.param(entry, number, id=f"{entry['file']}-{number}")
        for entry in FCPXML
        for number in range(len(entry["independent_reading"]))
    ],
)
def test_fcpxml_gives_the_independent_answer(entry, number):
    known = entry["independent_reading"][number]
    edit, _ = read_edit(FOLDER / entry["file"], timeline=known["name"])
    assert float(edit.rate.fps) == pytest.approx(known["rate"], rel=1e-9)
    frame = 1 / known["rate"] + 1e-3
    assert edit.seconds(edit.frames) == pytest.approx(known["duration"], abs=frame)

    cuts, through = known["cuts"], known["through_edits"]
    run_on = RUN_ON.get(entry["file"], {})
    assert all(before == pytest.approx(after, abs=frame) for before, after in run_on.values())
    through = sorted([*through, *run_on])
    cuts = [cut for cut in cuts if not any(cut == pytest.approx(at, abs=frame) for at in run_on)]
    if len(through) > len(cuts):
        cuts = sorted(cuts + through)
    assert [edit.seconds(cut.frame) for cut in edit.cuts] == pytest.approx(cuts, abs=frame)
    assert [edit.seconds(at) for at in edit.through_edits] == pytest.approx(through, abs=frame)
    if (
        known["adapter_reading"]["agrees"] and known["cuts"]
    ):  # then its markers are right, but that it misses those on gaps
        markers = next(t["markers"] for t in entry["timelines"] if t["name"] == known["name"])
        ours = [m for m in edit.markers if m.source != "gap"]
        assert [(m.name, m.color, m.visible) for m in ours] == [(m["name"], m["color"], m["visible"]) for m in markers]
        assert [edit.seconds(m.frame) for m in ours] == pytest.approx([m["time"] for m in markers], abs=frame)
