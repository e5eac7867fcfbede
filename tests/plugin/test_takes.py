"""Takes to choose from, and an earlier score made anew in part: what is kept is kept to the sample."""

from __future__ import annotations

import json
import wave

import numpy as np
import pytest

from hitpoint.plugin import scoring, takes
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.takes import Revision
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.cues import sheet_json
from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.engine import Block, Note, Performance
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.errors import InputError, UsageError
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

RATE = 48_000


def samples(path):
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
    return (((data[:, 0] | data[:, 1] << 8 | data[:, 2] << 16) ^ 0x800000) - 0x800000).reshape(-1, 2) / 2**23


def level(sound):
    return 10 * np.log10(np.mean(sound**2) + 1e-12)


def report_of(folder):
    return json.loads((folder / "report.json").read_text())


def changed(folder, change):
    """Edits the cue sheet of a score."""
    sheet = json.loads((folder / "cues.json").read_text())
    change(sheet)
    (folder / "cues.json").write_text(json.dumps(sheet))


@pytest.fixture(scope="module")
def long_cut(make, tmp_path_factory):
    """Three storyboards of eight seconds."""
    import opentimelineio as otio

    made = make.timeline(make.track(*[make.clip(letter, 96) for letter in "ABCDEF"]))
    for number, name in enumerate(("One", "Two", "Three")):
        make.mark(made.tracks, number * 192, f"storyboard: {name}")
    path = tmp_path_factory.mktemp("long") / "cut.otio"
    path.write_text(otio.adapters.write_to_string(made, "otio_json"))
    return path


@pytest.fixture(scope="module")
def first(long_cut):
    return scoring.score(Source(long_cut), Wish(stems=True), out=long_cut.parent / "first.otio")


@pytest.fixture(scope="module")
def second(long_cut, first):
    """The middle one made anew."""
    wish = Wish(stems=True, revision=Revision(first.folder, ("two",)))
    return scoring.score(Source(long_cut), wish, out=long_cut.parent / "second.otio")


def test_one_storyboard_is_made_anew_and_the_rest_is_kept(first, second):
    assert second.report["seeds"] == [0, 1, 0]
    assert second.report["from"] == {"folder": "first.hitpoint", "anew": ["Two"], "kept_stems": []}
    bar = 4 * 60 / first.report["storyboards"][1]["tempo"]
    tail = 3.0
    before, after = int((8 - bar) * RATE), int((16 + bar + tail) * RATE)
    for stem in ("melody", "harmony", "bass", "drums", "effects"):
        one, two = (samples(done.folder / "stems" / f"{stem}.wav") for done in (first, second))
        assert np.array_equal(one[:before], two[:before])
        assert np.abs(one[after:] - two[after:]).max() < 1e-4
    middle = [samples(done.wav)[8 * RATE : 16 * RATE] for done in (first, second)]
    assert level(middle[0] - middle[1]) > level(middle[0]) - 20


def test_the_programme_moves_by_less_than_a_tenth_of_a_decibel_elsewhere(first, second):
    one, two = samples(first.wav), samples(second.wav)
    assert second.report["master"] == first.report["master"]
    for start in [*range(8), *range(17, 23)]:
        here = slice(start * RATE, (start + 1) * RATE)
        assert level(two[here]) == pytest.approx(level(one[here]), abs=0.1), start


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("seed", [1, -7, 2**40])
def test_another_seed_for_one_storyboard_leaves_the_notes_of_the_others(first, index, seed):
    sheet = sheet_json.read(first.folder / "cues.json")
    board = sheet.storyboards[index]
    bar = board.metre * 60 / board.tempo
    start, end = sheet.seconds(board.start) - bar, sheet.seconds(board.end) + bar

    def notes(**seeds):
        played = engine("composer").perform(sheet, seed=0, progress=silent, **seeds).notes
        return [n for n in played if not start <= n.start < end], [n for n in played if start <= n.start < end]

    (kept, old), (still, new) = notes(), notes(seeds={index: seed})
    assert kept == still
    assert old != new
    assert notes(seeds={index: 0}) == (kept, old)


def test_the_midi_of_the_others_stays_in_time(first, second):
    assert (first.folder / "score.mid").read_bytes() != (second.folder / "score.mid").read_bytes()
    one, two = (starts(done.folder / "score.mid") for done in (first, second))
    bar = 4 * 60 / first.report["storyboards"][1]["tempo"]
    for early, late in ((0.0, 8 - bar), (16 + bar, 24.0)):
        assert [at for at in one if early <= at < late] == pytest.approx([at for at in two if early <= at < late])
    played = engine("composer").perform(
        sheet_json.read(second.folder / "cues.json"), seed=0, seeds={1: 1}, progress=silent
    )
    asked, two = np.array([note.start for note in played.notes]), np.array(two)
    # Two notes of one key at once are one in a MIDI file.
    assert max(np.abs(two - at).min() for at in asked) < 0.002
    assert max(np.abs(asked - at).min() for at in two) < 0.002


def starts(path):
    """Seconds of every note of a Standard MIDI File, by a reader of its own."""
    data = path.read_bytes()
    ticks, at, tempi, notes = int.from_bytes(data[12:14], "big"), 14, [], []
    while at < len(data):
        end, now, status = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big"), 0, 0
        at += 8
        while at < end:
            step, at = variable(data, at)
            now += step
            if data[at] & 0x80:
                status, at = data[at], at + 1
            if status == 0xFF:
                kind = data[at]
                length, at = variable(data, at + 1)
                if kind == 0x51:
                    tempi.append((now, int.from_bytes(data[at : at + 3], "big") / 1e6))
                at += length
            else:
                if status >> 4 == 9 and data[at + 1]:
                    notes.append(now)
                at += 1 if status >> 4 in (0xC, 0xD) else 2
    marks = sorted(tempi)

    def seconds(tick):
        total, before, beat = 0.0, 0, 0.5
        for mark, tempo in marks:
            if mark >= tick:
                break
            total, before, beat = total + (mark - before) * beat / ticks, mark, tempo
        return total + (tick - before) * beat / ticks

    return sorted(map(seconds, notes))


def variable(data, at):
    value = 0
    while True:
        value, at = value << 7 | data[at] & 0x7F, at + 1
        if not data[at - 1] & 0x80:
            return value, at


def test_without_anything_to_make_anew_the_same_bytes_come_out(long_cut, first, tmp_path):
    again = scoring.score(Source(long_cut), Wish(revision=Revision(first.folder)), out=tmp_path / "again.otio")
    assert again.wav.read_bytes() == first.wav.read_bytes()
    assert (again.folder / "score.mid").read_bytes() == (first.folder / "score.mid").read_bytes()


def test_a_revision_goes_on_from_a_revision(long_cut, second, tmp_path):
    wish = Wish(revision=Revision(second.folder, ("3",), seed=40))
    third = scoring.score(Source(long_cut), wish, out=tmp_path / "third.otio")
    assert third.report["seeds"] == [0, 1, 40]
    two, three = samples(second.wav), samples(third.wav)
    assert np.array_equal(two[: 13 * RATE], three[: 13 * RATE])


def test_a_stem_that_is_kept_sounds_as_before_where_all_else_is_new(long_cut, first, tmp_path):
    wish = Wish(stems=True, revision=Revision(first.folder, keep_stems=("drums",), seed=9))
    kept = scoring.score(Source(long_cut), wish, out=tmp_path / "kept.otio")
    one, two = (samples(done.folder / "stems" / "drums.wav") for done in (first, kept))
    # The master's glue follows the whole, so the level of a stem may breathe a little; its notes may not.
    assert level(one - two) < level(one) - 25
    one, two = (samples(done.folder / "stems" / "bass.wav") for done in (first, kept))
    assert level(one - two) > level(one) - 10
    assert kept.report["from"]["kept_stems"] == ["drums"]
    total = sum(samples(path) for path in (kept.folder / "stems").glob("*.wav"))
    assert np.abs(total - samples(kept.wav)).max() < 1e-5


def test_a_locked_storyboard_is_kept_where_all_are_made_anew(long_cut, tmp_path):
    done = scoring.score(Source(long_cut), out=tmp_path / "out.otio")
    changed(done.folder, lambda sheet: sheet["storyboards"][0].update(locked=True))
    before = samples(done.wav)
    wish = Wish(revision=Revision(done.folder, seed=5))
    again = scoring.score(Source(long_cut), wish, out=tmp_path / "out.otio")
    assert again.report["seeds"] == [0, 5, 5]
    assert np.array_equal(samples(again.wav)[: 5 * RATE], before[: 5 * RATE])
    with pytest.raises(UsageError, match="'One' is locked"):
        scoring.score(Source(long_cut), Wish(revision=Revision(again.folder, ("One",))), out=tmp_path / "out.otio")
    changed(again.folder, lambda sheet: [board.update(locked=True) for board in sheet["storyboards"]])
    with pytest.raises(UsageError, match="every storyboard is locked"):
        scoring.score(Source(long_cut), Wish(revision=Revision(again.folder, seed=1)), out=tmp_path / "out.otio")


def test_a_locked_storyboard_without_an_earlier_score_is_remarked_on(long_cut, first, tmp_path):
    sheet = json.loads((first.folder / "cues.json").read_text())
    sheet["storyboards"][1]["locked"] = True
    (tmp_path / "mine.json").write_text(json.dumps(sheet))
    done = scoring.score(Source(long_cut), Wish(cues=tmp_path / "mine.json"), out=tmp_path / "out.otio")
    assert any("'Two'" in warning and "--from" in warning for warning in done.report["warnings"])


def test_takes_differ_and_the_first_is_on_the_timeline(cut, tmp_path, wav_form):
    done = scoring.score(Source(cut()), Wish(seed=3, takes=3), out=tmp_path / "out.otio")
    folders = [done.folder / "takes" / f"{number:02}" for number in (1, 2, 3)]
    assert [report_of(folder)["seed"] for folder in folders] == [3, 4, 5]
    assert [take["seed"] for take in done.report["takes"]] == [3, 4, 5]
    sounds = [(folder / "score.wav").read_bytes() for folder in folders]
    assert sounds[0] == done.wav.read_bytes()
    assert len(set(sounds)) == 3
    for folder in folders:
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["cues.json", "report.json", "score.mid", "score.wav"]
        assert wav_form(folder / "score.wav") == (8 * RATE, RATE, 2, 3)
        assert report_of(folder)["loudness"] == pytest.approx(-16, abs=0.1)
    listed = {name for name in done.report["files"] if name.startswith("takes/")}
    assert listed == {f"takes/{number:02}/{name}" for number in (1, 2, 3) for name in names}
    alone = scoring.score(Source(cut()), Wish(seed=4), out=tmp_path / "alone.otio")
    assert alone.wav.read_bytes() == sounds[1]
    chosen = scoring.score(Source(cut()), Wish(revision=Revision(folders[2])), out=tmp_path / "chosen.otio")
    assert chosen.wav.read_bytes() == sounds[2]
    assert chosen.report["from"]["folder"] == "out.hitpoint/takes/03"


def test_fewer_takes_leave_none_of_the_earlier_ones(cut, tmp_path):
    done = scoring.score(Source(cut()), Wish(takes=3), out=tmp_path / "out.otio")
    (done.folder / "takes" / "03" / "mine.txt").write_text("a note")
    scoring.score(Source(cut()), Wish(takes=2, seed=7), out=tmp_path / "out.otio")
    assert sorted(path.name for path in (done.folder / "takes").iterdir()) == ["01", "02", "03"]
    assert [path.name for path in (done.folder / "takes" / "03").iterdir()] == ["mine.txt"]
    (done.folder / "takes" / "03" / "mine.txt").unlink()
    scoring.score(Source(cut()), out=tmp_path / "out.otio")  # one score more leaves takes to choose from
    assert (done.folder / "takes" / "02" / "score.wav").is_file()


def test_takes_of_one_storyboard_share_all_else(long_cut, first, tmp_path):
    wish = Wish(takes=2, revision=Revision(first.folder, ("Three",)))
    done = scoring.score(Source(long_cut), wish, out=tmp_path / "out.otio")
    assert [take["seeds"] for take in done.report["takes"]] == [[0, 0, 1], [0, 0, 2]]
    one, two = (samples(done.folder / "takes" / name / "score.wav") for name in ("01", "02"))
    assert np.array_equal(one[: 13 * RATE], two[: 13 * RATE])
    assert not np.array_equal(one[17 * RATE :], two[17 * RATE :])


def test_its_loudness_stays_unless_set_anew(cut, tmp_path):
    quiet = scoring.score(Source(cut()), Wish(loudness=-23.0, peak=-3.0), out=tmp_path / "quiet.otio")
    again = scoring.score(Source(cut()), Wish(revision=Revision(quiet.folder, ("1",))), out=tmp_path / "again.otio")
    assert again.report["master"] == quiet.report["master"]
    assert (again.report["loudness_target"], again.report["peak_target"]) == (-23.0, -3.0)
    revision = Revision(quiet.folder, ("1",), level_anew=True)
    loud = scoring.score(Source(cut()), Wish(loudness=-14.0, revision=revision), out=tmp_path / "loud.otio")
    assert loud.report["loudness"] == pytest.approx(-14, abs=0.1)


@pytest.mark.parametrize(
    ("only", "words"),
    [(("Four",), "1 'One', 2 'Two', 3 'Three'"), (("4",), "no such"), (("0",), "no such"), (("",), "no such")],
)
def test_a_storyboard_that_is_not_there_is_wrong_usage(long_cut, first, tmp_path, only, words):
    with pytest.raises(UsageError, match=words):
        scoring.score(Source(long_cut), Wish(revision=Revision(first.folder, only)), out=tmp_path / "out.otio")
    assert list(tmp_path.iterdir()) == []


def test_names_are_told_apart_by_number():
    boards = tuple(Storyboard(name, start, start + 10, 100.0) for start, name in ((0, "A"), (10, "b"), (20, "A")))
    sheet = CueSheet("x", Rate.of("25"), 30, storyboards=boards)
    before = takes.Earlier(tmp := None, "e", "1", takes.Take(0), 3, None, None)  # type: ignore[arg-type]
    assert tmp is None

    def anew(*only):
        return takes.order(sheet, 0, 1, Revision(None, only), before).anew  # type: ignore[arg-type]

    assert anew("B") == (1,)
    assert anew("3", "1") == (0, 2)
    with pytest.raises(UsageError, match="numbers are 1, 3"):
        anew("a")


def test_what_does_not_fit_is_said(long_cut, first, tmp_path):
    def score(change=None, **wished):
        folder = tmp_path / "copy.hitpoint"
        folder.mkdir(exist_ok=True)
        for name in ("cues.json", "report.json"):
            (folder / name).write_bytes((first.folder / name).read_bytes())
        if change:
            change(folder)
        wish = Wish(**{"revision": Revision(folder, ("Two",)), **wished})
        return scoring.score(Source(long_cut), wish, out=tmp_path / "out.otio")

    def reported(**changes):
        def change(folder):
            (folder / "report.json").write_text(json.dumps({**report_of(folder), **changes}))

        return change

    with pytest.raises(InputError, match="holds no score"):
        score(revision=Revision(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="made by composer 0"):
        score(reported(engine_version="0"))
    with pytest.raises(UsageError, match="--engine other"):
        score(reported(engine="other"))
    with pytest.raises(UsageError, match="no such stem; there is: melody, harmony"):
        score(revision=Revision(tmp_path / "copy.hitpoint", keep_stems=("voice",), seed=1))
    with pytest.raises(UsageError, match="--from plays"):
        score(cues=first.folder / "cues.json")
    with pytest.raises(InputError, match="3 storyboards"):
        score(reported(storyboards=[{}], seeds=[0]))
    for broken in ({"seed": "x"}, {"seeds": 3}, {"master": {"gain_db": 1}}, {"ducking": {"depth_db": 900}}):
        with pytest.raises(InputError, match="not the report of a score"):
            score(reported(**broken))
    assert not (tmp_path / "out.otio").exists()


def test_blocks_of_different_lengths_are_joined_to_the_sample():
    length = 1000

    def playing(value, step, notes, onsets):
        def blocks():
            for start in range(0, length, step):
                at = np.arange(start, min(start + step, length), dtype=np.float32)[:, None].repeat(2, 1)
                yield Block({"a": at + value, "b": at - value})

        return Performance(("a", "b"), blocks(), onsets, notes)

    new = playing(0.25, 300, (Note("a", 0.5, 1, 60, 1), Note("b", 0.7, 1, 60, 1)), (0.5, 0.7))
    old = playing(0.5, 128, (Note("a", 0.4, 1, 60, 1), Note("b", 0.9, 1, 60, 1)), (0.4, 0.9))
    joined = takes._joined(new, old, frozenset({"b"}))
    blocks = list(joined.blocks)
    assert [len(block.stems["b"]) for block in blocks] == [300, 300, 300, 100]
    at = np.arange(length)
    assert np.array_equal(np.concatenate([block.stems["a"] for block in blocks])[:, 0], at + 0.25)
    assert np.array_equal(np.concatenate([block.stems["b"] for block in blocks])[:, 0], at - 0.5)
    assert joined.onsets == (0.5, 0.9)
    assert [(note.stem, note.start) for note in joined.notes] == [("a", 0.5), ("b", 0.9)]
