"""A model scores an edit: `score --engine diffv2m`, with packs made by hand whose answers are known."""

from __future__ import annotations

import json
import runpy
import wave
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import opentimelineio as otio
import pytest

from hitpoint.plugin import scoring
from hitpoint.plugin.choosing import Playing
from hitpoint.plugin.cli import main
from hitpoint.plugin.doctor import examine
from hitpoint.plugin.scoring import Wish
from hitpoint.plugin.takes import Revision
from hitpoint.plugin.timeline.reading import Source
from hitpoint.runtime.errors import Cancelled, EngineError, UsageError
from hitpoint.runtime.packs import store

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "runtime/engines/diffv2m/fake.py")))
SR = 48_000
LENGTHS = (48, 71, 60, 37, 48, 72, 55, 66)  # frames at 24: cuts at 2, 4.96, 7.46, 9, 11, 14, 16.29 s


def samples(path):
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
    return (((data[:, 0] | data[:, 1] << 8 | data[:, 2] << 16) ^ 0x800000) - 0x800000).reshape(-1, 2) / 2**23


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    return tmp_path_factory.mktemp("neural")


@pytest.fixture(scope="module")
def cut(make, room):
    """Nineteen seconds in three storyboards, whose media are nowhere."""
    made = make.timeline(make.track(*(make.clip(f"s{n}", length) for n, length in enumerate(LENGTHS))), start=86_400)
    for frame, name in ((0, "One"), (179, "Two"), (264, "Three")):
        make.mark(made.tracks, frame, f"storyboard: {name}")
    path = room / "cut.otio"
    path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def heeding(packs, room):
    """A pack that plays what it is told, each accent a little louder or softer from seed to seed."""
    return fake.write(packs, room / "heeding", models={"decoder": {"fp32": fake.decoder(480, SR, swing=0.3)}})


@pytest.fixture(scope="module")
def deaf(packs, room):
    """A pack that plays 113 beats a minute whatever it is told."""
    models = {"condition": {"fp32": fake.deaf(53)}, "decoder": {"fp32": fake.decoder(480, SR, swing=0.3)}}
    return fake.write(packs, room / "deaf", models=models)


def wish(pack, **more):
    playing = more.pop("playing", {})
    return Wish(engine="diffv2m", playing=Playing(pack=str(pack), **playing), **more)


@pytest.fixture(scope="module")
def plain(cut, heeding):
    """As it is made, without a beat bent."""
    return scoring.score(Source(cut), wish(heeding, align=False), out=cut.parent / "plain.otio")


@pytest.fixture(scope="module")
def aligned(cut, deaf):
    return scoring.score(Source(cut), wish(deaf), out=cut.parent / "aligned.otio")


def test_the_report_says_which_model_played_how_and_what_it_may_be_used_for(plain, heeding):
    report = json.loads((plain.folder / "report.json").read_text())
    assert report == plain.report
    assert (report["engine"], report["pack"], report["licence"]) == ("diffv2m", "heeding 1.0.0", "CC0-1.0")
    model = report["model"]
    assert model["licence"]["commercial"] is True and model["licence"]["url"] == "https://example.org/cc0"
    assert (model["device"], model["variant"], model["steps"], model["guidance"]) == ("cpu", "fp32", 4, 1.0)
    assert model["rhythm"] == "both" and model["picture"] is None
    import hashlib

    assert model["sha256"] == hashlib.sha256((heeding / "pack.json").read_bytes()).hexdigest()
    assert report["seed"] == 0 and report["alignment"] is None
    assert any("not looked at" in said for said in report["warnings"])


def test_the_music_lies_on_the_timeline_as_long_as_it_and_as_loud_as_every_score(plain, tracks, wav_form):
    assert wav_form(plain.wav) == (457 * 2000, SR, 2, 3)
    track = tracks(plain.out)[-1]
    assert track.name == "Hitpoint Score"
    assert track.metadata["hitpoint"]["pack"] == "heeding 1.0.0"
    assert plain.report["true_peak"] <= -1.0
    assert not (plain.folder / "score.mid").exists()


def test_outcomes_are_those_that_are_heard(plain):
    """This model does as it is told: every hit is heard on its frame."""
    assert plain.report["landed"] == len(plain.report["hits"]) == 8
    offs = [hit["landed"] - hit["asked"] for hit in plain.report["hits"]]
    assert any(off != 0 for off in offs) and max(map(abs, offs)) < 0.5 / 24


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(plain, cut, heeding, tmp_path):
    again = scoring.score(Source(cut), wish(heeding, align=False), out=tmp_path / "plain.otio")
    other = scoring.score(Source(cut), wish(heeding, align=False, seed=1), out=tmp_path / "other.otio")
    assert again.wav.read_bytes() == plain.wav.read_bytes()
    assert other.wav.read_bytes() != plain.wav.read_bytes()


def test_beats_that_nobody_planned_are_bent_onto_the_hits(aligned, cut, deaf, tmp_path):
    unbent = scoring.score(Source(cut), wish(deaf, align=False), out=tmp_path / "unbent.otio")
    before, after = ([abs(h["landed"] - h["asked"]) for h in done.report["hits"]] for done in (unbent, aligned))
    near = [sum(off <= 0.1 for off in offs) / len(offs) for offs in (before, after)]
    assert near[1] >= 0.8 > near[0]
    assert aligned.report["alignment"]["bent"] and 0 < aligned.report["alignment"]["bend_percent"] <= 10
    assert unbent.report["alignment"] is None
    assert len(samples(aligned.wav)) == len(samples(unbent.wav)) == 457 * 2000


@pytest.fixture(scope="module")
def revised(aligned, cut):
    """The middle storyboard made anew."""
    done = Wish(
        engine="diffv2m", revision=Revision(aligned.folder, ("Two",)), playing=Playing(str(cut.parent / "deaf"))
    )
    return scoring.score(Source(cut), done, out=cut.parent / "revised.otio")


def test_one_storyboard_is_made_anew_and_the_rest_is_kept_to_the_sample(aligned, revised):
    assert revised.report["seeds"] == [0, 1, 0]
    one, two = samples(aligned.wav), samples(revised.wav)
    start, end = (round(frame / 24 * SR) for frame in (179, 264))
    assert np.abs(one[: start - SR] - two[: start - SR]).max() < 2**-22
    assert np.abs(one[end + 2 * SR :] - two[end + 2 * SR :]).max() < 2**-22
    inside = slice(start + SR, end - SR)
    assert not np.array_equal(one[inside], two[inside])


def test_going_on_keeps_the_model_and_how_it_played(aligned, cut, heeding, deaf, tmp_path):
    def on(**more):
        playing = more.pop("playing", Playing(str(deaf)))
        revision = Revision(more.pop("folder", aligned.folder), **more.pop("revision", {}))
        done = Wish(engine=more.pop("engine", "diffv2m"), revision=revision, playing=playing, **more)
        return scoring.score(Source(cut), done, out=tmp_path / "on.otio")

    assert on().wav.read_bytes() == aligned.wav.read_bytes()  # nothing anew: the same music
    for words, more in (
        ("another pack", {"playing": Playing(str(heeding))}),
        ("steps 4", {"playing": Playing(str(deaf), steps=5)}),
        ("rhythm both", {"playing": Playing(str(deaf), rhythm="plan")}),
        ("--align", {"align": False}),
        ("one stem", {"revision": {"keep_stems": ("music",)}}),
        ("made by the engine diffv2m", {"engine": "composer", "playing": Playing()}),
    ):
        with pytest.raises(UsageError, match=words):
            on(**more)


def test_takes_differ_and_each_has_its_own_report(cut, heeding, tmp_path):
    done = scoring.score(Source(cut), wish(heeding, align=False, takes=2), out=tmp_path / "takes.otio")
    first, second = (samples(done.folder / "takes" / name / "score.wav") for name in ("01", "02"))
    assert not np.array_equal(first, second)
    report = json.loads((done.folder / "takes/02/report.json").read_text())
    assert report["seed"] == 1 and report["model"]["name"] == "heeding"


def test_music_without_a_beat_is_left_as_it_is_and_said_so(cut, packs, room, tmp_path):
    drone = fake.write(
        packs,
        tmp_path / "drone",
        models={"condition": {"fp32": fake.deaf(100_000)}, "decoder": {"fp32": fake.decoder(480, SR, bed=0.1)}},
    )
    done = scoring.score(Source(cut), wish(drone), out=tmp_path / "drone.otio")
    assert any("no steady beat" in said for said in done.report["warnings"])
    assert done.report["alignment"]["bent"] is False


@pytest.fixture(scope="module")
def filmed(make, room):
    """Two shots of four seconds that were really filmed: red, then blue."""
    shots = []
    for name, colour in (("red", (230, 60, 30)), ("blue", (10, 20, 60))):
        with av.open(str(room / f"{name}.mp4"), "w") as file:
            stream = file.add_stream("mpeg4", 24, width=64, height=48, pix_fmt="yuv420p")
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), colour, np.uint8), format="rgb24")
            for packet in [p for _ in range(96) for p in stream.encode(picture)] + list(stream.encode(None)):
                file.mux(packet)
        shots.append(make.clip(name, 96, url=(room / f"{name}.mp4").as_uri()))
    made = make.timeline(make.track(*shots))
    make.mark(make.mark(made.tracks, 0, "storyboard: Fire"), 96, "storyboard: Night")
    path = room / "filmed.otio"
    path.write_text(otio.adapters.write_to_string(made, "otio_json"), encoding="utf-8")
    return path


def test_what_the_picture_showed_reaches_the_model_also_where_the_plan_was_made_before(filmed, heeding, tmp_path):
    done = scoring.score(Source(filmed), wish(heeding, align=False), out=tmp_path / "seen.otio")
    assert len(done.report["model"]["picture"]) == 16
    assert not any("not looked at" in said for said in done.report["warnings"])
    unseen = scoring.score(
        Source(filmed), wish(heeding, align=False, look=scoring.looking.Wanted(picture=False)), out=tmp_path / "un.otio"
    )
    assert unseen.report["model"]["picture"] is None
    sheet = json.loads((done.folder / "cues.json").read_text())
    sheet["storyboards"][1]["brief"]["valence"] = 0.9
    (tmp_path / "other.json").write_text(json.dumps(sheet))
    planned = scoring.score(
        Source(filmed), wish(heeding, align=False, cues=tmp_path / "other.json"), out=tmp_path / "planned.otio"
    )
    assert planned.report["model"]["picture"] == done.report["model"]["picture"]
    (told,) = (said for said in planned.report["warnings"] if "come from the picture" in said)
    assert "'Night' (+0.90" in told and "Fire" not in told
    with pytest.raises(UsageError, match="not seen"):
        blind = wish(heeding, revision=Revision(done.folder), look=scoring.looking.Wanted(picture=False))
        scoring.score(Source(filmed), blind, out=tmp_path / "blind.otio")


def test_a_cancelled_score_leaves_nothing(cut, heeding, tmp_path):
    def stop(fraction, words):
        if "step 2" in words:
            raise Cancelled

    with pytest.raises(Cancelled):
        scoring.score(Source(cut), wish(heeding), out=tmp_path / "out.otio", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", [12, 30])
def test_an_edit_of_half_a_second_is_scored_and_said_to_be_too_short_for_a_beat(make, save, deaf, tmp_path, frames):
    path = save(make.timeline(make.track(make.clip("A", frames))))
    done = scoring.score(Source(path), wish(deaf), out=tmp_path / "short.otio")
    assert done.report["samples"] == frames * 2000
    assert any("no steady beat" in said or "too short" in said for said in done.report["warnings"])


def run(capsys, *words):
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_without_a_pack_the_engine_says_how_to_get_one(cut, own_packs, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BUILT_IN", tmp_path / "nothing built in")
    status, _, said = run(capsys, "score", cut, "-o", tmp_path / "no.otio", "--engine", "diffv2m")
    assert status == 5 and said.count("\n") == 1
    assert "has no pack to play" in said and "`hitpoint packs add FILE`" in said
    assert not (tmp_path / "no.otio").exists()


def test_the_command_line_shows_the_licence_and_refuses_in_one_line(cut, heeding, packs, own_packs, capsys, tmp_path):
    sold = {
        "id": "CC-BY-NC-4.0",
        "name": "Attribution, not commercial",
        "url": "https://example.org/nc",
        "commercial": False,
    }
    free = fake.write(packs, tmp_path / "unsold", licence=sold)
    out = ("-o", tmp_path / "out.otio")
    status, said, _ = run(
        capsys,
        "score",
        cut,
        "--engine",
        "diffv2m",
        "--pack",
        free,
        *out,
        "--no-align",
        "--steps",
        2,
        "--rhythm",
        "plan",
    )
    assert status == 0
    assert "Attribution, not commercial (CC-BY-NC-4.0, not for commercial use) https://example.org/nc" in said
    assert "2 steps, guidance 1, rhythm from the plan" in said
    for words, expected, line in (
        (("--engine", "diffv2m", "--pack", free, "--commercial"), 5, "may not be used commercially"),
        (("--engine", "diffv2m", "--pack", tmp_path / "nowhere"), 5, "no such pack"),
        (("--engine", "diffv2m", "--pack", heeding, "--soundfont", "x.sf2"), 2, "the composer's"),
        (("--engine", "diffv2m", "--pack", heeding, "--steps", 0), 2, "between 1 and 1000"),
        (("--pack", heeding), 2, "plays none"),
        (("--steps", 3), 2, "plays none"),
        (("--no-align",), 2, "plays none"),
        (("--engine", "orchestra"), 5, "composer, diffv2m"),
    ):
        status, _, said = run(capsys, "score", cut, "-o", tmp_path / "no.otio", *words)
        assert (status, said.count("\n")) == (expected, 1), said
        assert line in said
    assert not (tmp_path / "no.otio").exists()


def test_a_pack_of_ones_own_is_named_and_doctor_says_who_plays_it(cut, packs, own_packs, capsys, tmp_path, monkeypatch):
    fake.write(packs, own_packs / "mine")
    monkeypatch.setattr(store, "BUILT_IN", tmp_path / "nothing built in")
    status, _, said = run(capsys, "score", cut, "--engine", "diffv2m", "-o", tmp_path / "out.otio")
    assert status == 5 and "(mine)" in said
    status, _, _ = run(
        capsys, "score", cut, "--engine", "diffv2m", "--pack", "mine", "--no-align", "-o", tmp_path / "o.otio"
    )
    assert status == 0
    engines = {part["name"]: part for part in examine()["parts"] if part["group"] == "engine"}
    assert engines["composer"]["found"]
    assert engines["diffv2m"]["found"] and "mine (CC0-1.0)" in engines["diffv2m"]["detail"]


def test_a_pack_in_one_file_plays_as_its_folder_does(cut, heeding, plain, tmp_path):
    from hitpoint.runtime.packs.archive import pack_up

    names = [path.name for path in heeding.iterdir()]
    with (tmp_path / "one.hitpack").open("wb") as file:
        pack_up(heeding, names, file)
    done = scoring.score(Source(cut), wish(tmp_path / "one.hitpack", align=False), out=tmp_path / "one.otio")
    assert done.wav.read_bytes() == plain.wav.read_bytes()
    assert done.report["model"] == plain.report["model"]


def test_a_damaged_pack_is_refused_before_the_edit_is_read(heeding, tmp_path):
    import shutil

    shutil.copytree(heeding, tmp_path / "heeding")
    broken = tmp_path / "heeding" / "step.fp32.onnx"
    content = bytearray(broken.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(bytes(content))
    with pytest.raises(EngineError, match="damaged"):
        scoring.score(Source(tmp_path / "there is none.otio"), wish(tmp_path / "heeding"), out=tmp_path / "o.otio")
