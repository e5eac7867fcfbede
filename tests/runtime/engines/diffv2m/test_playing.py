"""A model of the family diffv2m plays a cue sheet: packs made by hand, whose every answer is known."""

from __future__ import annotations

import runpy
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, KnownShot, Rest, Storyboard
from hitpoint.runtime.engines.diffv2m import model
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.packs import providers, store
from hitpoint.runtime.packs.session import OutOfMemory
from hitpoint.runtime.picture.look import Curves, Seen, VisualBeat
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

fake = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent / "fake.py")))
SR = 48_000
HUNDRED = Rate.of(100)


@pytest.fixture(scope="module")
def made(packs, tmp_path_factory):
    """An engine with a pack of its own; the same for the same settings."""
    known = {}

    def build(*, playing=None, models=None, key="", **said):
        name = f"p{len(known)}"
        place = (repr(playing), key, repr(said))
        if place not in known or models:
            folder = fake.write(packs, tmp_path_factory.mktemp("packs") / name, models=models, **said)
            known[place] = engine("diffv2m", pack=store.open_folder(folder), **(playing or {}))
        return known[place]

    return build


def sheet_of(hits=(), *, seconds=8, rate=HUNDRED, boards=None, tempo=60.0, **more):
    """Storyboards that fill the timeline, hits at these seconds. Beats of the plan are a second apart, and weak."""
    frames = round(seconds * rate.fps)
    boards = boards or ((0, frames),)
    return CueSheet(
        "cut",
        rate,
        frames,
        storyboards=tuple(
            Storyboard(f"board {n}", start, end, tempo, brief=Brief(energy=0.0, density=0.0))
            for n, (start, end) in enumerate(boards)
        ),
        hits=tuple(Hit(rate.frame_at(at), "cut", weight=1.0) for at in hits),
        **more,
    )


def sound_of(player, sheet, *, seed=0, progress=silent, **more):
    blocks = player.perform(sheet, seed=seed, progress=progress, **more).blocks
    return np.concatenate([block.stems["music"] for block in blocks])


def loudness(sound, second=0.01):
    """The loudest of each hundredth of a second."""
    step = round(second * SR)
    return np.abs(sound[: len(sound) // step * step, 0]).reshape(-1, step).max(axis=1)


def accents(sound, least=0.15):
    """The middles of what is loud, in seconds; each is two clicks, a latent frame apart, around its moment."""
    loud = np.flatnonzero(loudness(sound, 0.0025) > least) * 0.0025
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > 0.05) + 1) if len(loud) else []
    return [(group[0] + group[-1]) / 2 for group in groups]


@pytest.fixture(scope="module")
def looked():
    """Eight seconds of picture that was seen, red in its first half."""
    meaning, colour = np.ones((8, 512), np.float32), np.zeros((8, 3, 32, 32), np.float32)
    colour[:4, 0, 0, 0] = 1
    colour[4:, 2, 5, 5] = 1
    flat = np.zeros(8, np.float32)
    return Seen((), Curves(flat, flat, flat, flat, flat), (VisualBeat(3.3, 0.9),), meaning, "hitpoint-1", colour, flat)


def test_every_hit_is_heard_where_the_sheet_has_it_and_half_a_second_later_where_it_is_moved(made):
    player = made(playing={"rhythm": "plan"})
    hits = [0.47, 1.31, 2.55, 2.9, 5.03, 7.4]
    assert accents(sound_of(player, sheet_of(hits))) == pytest.approx(hits, abs=0.006)
    moved = [0.47, 1.31, 3.05, 3.4, 5.03, 7.4]
    assert accents(sound_of(player, sheet_of(moved))) == pytest.approx(moved, abs=0.006)


def test_a_hit_is_as_loud_as_it_weighs_and_louder_than_a_beat(made):
    player = made(playing={"rhythm": "plan"})
    sheet = sheet_of([1.5, 3.5])
    light = replace(sheet, hits=(replace(sheet.hits[0], weight=0.2), sheet.hits[1]))
    heard = loudness(sound_of(player, light))
    beat, faint, strong = (heard[at - 3 : at + 3].max() for at in (500, 150, 350))
    assert faint / strong == pytest.approx(0.4 + 0.6 * 0.2, abs=0.02)  # from an ordinary accent, 0.4, to a strong one
    assert beat / strong == pytest.approx(0.4 * 0.7, abs=0.02)  # a calm beat


def test_what_weighs_nothing_is_no_accent(made):
    sheet = sheet_of([1.5, 3.5])
    released = replace(sheet, hits=(replace(sheet.hits[0], weight=0.0), sheet.hits[1]))
    assert accents(sound_of(made(playing={"rhythm": "plan"}), released)) == pytest.approx([3.5], abs=0.006)


def test_energy_makes_beats_stronger_and_density_sets_something_between_them(made):
    player = made(playing={"rhythm": "plan"})

    def heard(**brief):
        board = replace(sheet_of().storyboards[0], brief=Brief(**brief))
        return loudness(sound_of(player, replace(sheet_of(), storyboards=(board,))))

    calm, lively = heard(energy=0.1, density=0.2), heard(energy=1.0, density=0.2)
    dense = heard(energy=0.1, density=0.9)
    assert lively[195:205].max() > 1.5 * calm[195:205].max()
    assert calm[240:260].max() < 0.01 < 5 * calm[240:260].max() + 0.05 < dense[240:260].max() * 2


def test_windows_leave_no_seam(made):
    """The same piece through windows of 2.56 s and through one window that holds all of it."""
    sheet = sheet_of(np.arange(0.3, 11.6, 0.37), seconds=12)
    short, whole = (
        sound_of(made(playing={"rhythm": "plan"}, window=window, key=str(window)), sheet, seed=3)
        for window in (256, 2048)
    )
    assert np.abs(short - whole).max() < 1e-5
    assert len(accents(short)) == 31


@pytest.fixture(scope="module")
def noisy(made):
    """A pack whose music differs from seed to seed, and hears what lies around it."""
    models = {"decoder": {"fp32": fake.decoder(480, SR, bed=0.1)}, "step": {"fp32": fake.step(social=0.8)}}
    return made(models=models, playing={"rhythm": "plan"}, key="noisy")


BOARDS = ((0, 300), (300, 700), (700, 1200))


def test_one_seed_repeats_and_two_differ(noisy, made, packs):
    sheet = sheet_of([1.5], boards=BOARDS, seconds=12)
    first = sound_of(noisy, sheet, seed=1)
    assert not np.array_equal(first, sound_of(noisy, sheet, seed=2))
    assert np.array_equal(first, sound_of(noisy, sheet, seed=1))
    assert np.array_equal(first, sound_of(noisy, sheet, seed=1, seeds={1: 1}))


@pytest.mark.parametrize("seeds", [{0: 5}, {1: 5}, {2: -7}, {1: 2**70}])
def test_another_seed_for_one_storyboard_leaves_every_sample_of_the_others_outside_the_join(noisy, seeds):
    sheet = sheet_of([1.5], boards=BOARDS, seconds=12)
    (number,) = seeds
    start, end = (edge * SR // 100 for edge in BOARDS[number])
    half = round(noisy.join / 2 * SR)
    plain, other = sound_of(noisy, sheet, seed=1), sound_of(noisy, sheet, seed=1, seeds=seeds)
    assert np.array_equal(plain[: max(0, start - half)], other[: max(0, start - half)])
    assert np.array_equal(plain[end + half :], other[end + half :])
    for edge in (start, end):  # over the join the one becomes the other
        if 0 < edge < len(plain):
            assert not np.array_equal(plain[edge : edge + half], other[edge : edge + half])
            assert not np.array_equal(plain[edge - half : edge], other[edge - half : edge])
    inside = slice(start + half, end - half)
    assert np.std(plain[inside] - other[inside]) > 0.5 * np.std(plain[inside])


def test_what_a_storyboard_becomes_does_not_depend_on_its_neighbours_seeds(noisy):
    sheet = sheet_of([1.5], boards=BOARDS, seconds=12)
    half = round(noisy.join / 2 * SR)
    both, one, other = (sound_of(noisy, sheet, seed=1, seeds=s) for s in ({1: 5, 2: 6}, {1: 5}, {1: 9, 2: 6}))
    middle, last = slice(3 * SR + half, 7 * SR - half), slice(7 * SR + half, 12 * SR)
    assert np.array_equal(both[middle], one[middle])
    assert np.array_equal(both[last], other[last])
    assert np.array_equal(both[: 3 * SR - half], sound_of(noisy, sheet, seed=1)[: 3 * SR - half])


def test_a_cancelled_run_asks_the_model_nothing_more(made, monkeypatch):
    player = made(playing={"rhythm": "plan"})
    asked = []
    step = player._model.step
    monkeypatch.setattr(step, "run", lambda *given, run=step.run: (asked.append(1), run(*given))[1], raising=True)

    def stop(fraction, words):
        if "step 3" in words:
            raise Cancelled

    with pytest.raises(Cancelled):
        player.perform(sheet_of([1.0]), seed=11, progress=stop)
    assert len(asked) == 2 * 4  # windows of 2.56 s that share 0.64 s, over 8 s


def test_progress_rises_step_by_step_and_says_how_long_it_takes(made):
    said = []
    player = made(playing={"rhythm": "plan", "steps": 12}, key="12")
    sound_of(player, sheet_of([1.0]), progress=lambda fraction, words: said.append((fraction, words)))
    fractions = [fraction for fraction, _ in said]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    assert {f"step {n} of 12" for n in range(1, 13)} <= {part for _, words in said for part in words.split(", ")}
    assert any("left" in words for _, words in said)


def test_a_run_that_is_cancelled_while_it_is_decoded_stops(made):
    def stop(fraction, words):
        if "decoding" in words:
            raise Cancelled

    with pytest.raises(Cancelled):
        sound_of(made(playing={"rhythm": "plan"}), sheet_of([1.0]), progress=stop)


@pytest.mark.parametrize(("rate", "frames"), [("24000/1001", 241), ("25", 13), ("30000/1001", 17), ("24", 1)])
def test_the_music_is_as_long_as_the_timeline_to_the_sample(made, rate, frames):
    rate = Rate.of(rate)
    sheet = CueSheet(
        "cut", rate, frames, 86_400, storyboards=(Storyboard("", 0, frames, 100.0),), hits=(Hit(0, "storyboard"),)
    )
    assert len(sound_of(made(), sheet)) == rate.samples(frames)


def test_before_after_and_between_storyboards_and_in_rests_there_is_silence(noisy):
    sheet = sheet_of([2.5, 5.5], seconds=12, boards=((200, 400), (500, 1000)), rests=(Rest(700, 800),))
    sound = sound_of(noisy, sheet)
    for start, end in ((0, 200), (400, 500), (700, 800), (1000, 1200)):
        assert not sound[start * 480 + 1 : end * 480].any(), (start, end)
    for start, end in ((200, 370), (510, 670), (810, 970)):
        assert np.abs(sound[start * 480 : end * 480]).max() > 0.05


def test_a_sheet_without_storyboards_is_silence(made):
    sheet = replace(sheet_of(), storyboards=())
    assert not sound_of(made(), sheet).any()
    assert len(sound_of(made(), sheet)) == 8 * SR


def test_no_hits_and_no_beats_are_silence_too(made):
    quiet = made(settings={"rhythm_usual": 0.0}, playing={"rhythm": "plan"})
    assert np.abs(sound_of(quiet, sheet_of())).max() < 1e-3


def test_a_pack_of_another_rate_plays_in_time(made):
    """44.1 kHz in hops of 441 samples: a hundred latent frames a second again."""
    models = {"decoder": {"fp32": fake.decoder(441, 44_100)}}
    player = made(hop=441, rate=44_100, models=models, playing={"rhythm": "plan"}, key="44")
    hits = [0.47, 1.31, 2.55, 5.03, 7.4]
    sound = sound_of(player, sheet_of(hits))
    assert len(sound) == 8 * SR
    assert accents(sound, 0.12) == pytest.approx(hits, abs=0.006)


def test_guidance_asks_for_more_of_what_was_asked(made):
    plain = sound_of(made(playing={"rhythm": "plan"}), sheet_of([1.5]))
    twice = sound_of(made(playing={"rhythm": "plan", "guidance": 2.0}, key="twice"), sheet_of([1.5]))
    assert np.abs(twice - 2 * plain).max() < 1e-4


def test_in_int8_with_and_without_go_side_by_side_and_sound_as_one_after_another(packs, tmp_path, monkeypatch):
    monkeypatch.setattr(providers, "threads", lambda: 2)
    steps = {"fp32": fake.step(social=0.8), "int8": fake.step(social=0.8)}  # alike, so that only the way differs
    models = {"decoder": {"fp32": fake.decoder(480, SR, bed=0.1)}, "step": steps}
    pack = store.open_folder(fake.write(packs, tmp_path / "two", models=models))
    playing = {"device": "cpu", "guidance": 2.0, "rhythm": "plan"}
    plain, paired = (engine("diffv2m", pack=pack, variant=name, **playing) for name in ("fp32", "int8"))
    assert paired.model["variant"] == "int8"
    meeting, step, calls = threading.Barrier(2), paired._model.step, []

    def run(inputs, wanted=None, run=step.run):
        calls.append(1)
        meeting.wait(60)  # the other run of the step, which is therefore there at the same time
        return run(inputs, wanted)

    monkeypatch.setattr(step, "run", run, raising=True)
    sheet = sheet_of([1.5], boards=BOARDS, seconds=12)
    before = threading.enumerate()
    assert np.array_equal(sound_of(paired, sheet, seed=1), sound_of(plain, sheet, seed=1))
    whole = len(calls)
    assert whole == 2 * 4 * 6  # runs, steps, windows
    assert np.array_equal(sound_of(paired, sheet, seed=1, seeds={1: 5}), sound_of(plain, sheet, seed=1, seeds={1: 5}))
    assert len(calls) > whole
    assert threading.enumerate() == before


def test_a_processor_that_stands_in_for_a_full_gpu_asks_in_its_own_way(packs, tmp_path, monkeypatch):
    """A GPU is asked for both answers in one batch; in int8 on the processor that batch would share its scales."""
    monkeypatch.setattr(providers, "threads", lambda: 2)
    pack = store.open_folder(
        fake.write(packs, tmp_path / "two", models={"step": {"fp32": fake.step(), "int8": fake.step()}})
    )
    player = engine("diffv2m", pack=pack, device="cpu", guidance=2.0, rhythm="plan")
    step, sessions, rows = player._model.step, player._model.sessions, []
    reference = sound_of(player, sheet_of([1.5]), seed=1)

    def opened(graph, open_on_cpu=sessions.open_on_cpu):
        found = open_on_cpu(graph)

        def run(inputs, wanted=None, run=found.run):
            rows.append(len(inputs["x"]))
            return run(inputs, wanted)

        monkeypatch.setattr(found, "run", run)
        return found

    def full(*given):
        raise OutOfMemory("full")

    monkeypatch.setattr(sessions, "open_on_cpu", opened)
    monkeypatch.setattr(model, "Binding", full)
    monkeypatch.setattr(step, "device", "cuda")
    monkeypatch.setattr(step, "beside", False)
    monkeypatch.setattr(step, "variant", pack.graph("step").variants["fp32"])
    again = sound_of(player, sheet_of([1.5]), seed=2)
    assert set(rows) == {1}
    monkeypatch.undo()
    monkeypatch.setattr(providers, "threads", lambda: 2)
    assert np.array_equal(again, sound_of(player, sheet_of([1.5]), seed=2))
    assert not np.array_equal(again, reference)


def test_latents_are_given_to_the_decoder_in_its_own_measure(made):
    plain = sound_of(made(playing={"rhythm": "plan"}), sheet_of([1.5]))
    wide = made(
        playing={"rhythm": "plan"},
        settings={"latent_spread": [3.0, 1.0, 1.0, 1.0], "latent_mean": [0.0, 5.0, 5.0, 0.0], "gain_db": -6.0},
    )
    assert np.abs(sound_of(wide, sheet_of([1.5])) - 3 * 10 ** (-0.3) * plain).max() < 1e-4


def test_the_picture_is_heard_as_colour_and_not_where_it_was_not_seen(made, looked):
    """The colour of each window goes to channel 1, which this decoder clicks by."""
    kernel = fake.decoder(480, SR)
    weights = next(each for each in kernel.graph.initializer if each.name == "kernel")
    array = np.frombuffer(weights.raw_data, np.float32).reshape(4, 2, 480)[[1, 0, 2, 3]]
    weights.raw_data = array.tobytes()
    player = made(models={"decoder": {"fp32": kernel}}, playing={"rhythm": "plan"}, window=100, key="tint",
                  sampler={"overlap": 0})  # fmt: skip
    heard = loudness(sound_of(player, sheet_of(), seen=looked))
    assert heard[50:250].min() > 0.2
    assert heard[550:750].max() < 1e-3
    assert loudness(sound_of(player, sheet_of())).max() < 1e-3


def test_a_predicted_rhythm_is_heard_at_cuts_and_where_the_plan_has_something_the_plan(made, looked):
    """The plan's beats are a second apart; the predictor of this pack wants an onset of 0.7 wherever there is a cut."""
    shots = tuple(KnownShot(start, end) for start, end in ((0, 155), (155, 390), (390, 800)))
    sheet = replace(sheet_of([6.5]), shots=shots)

    def heard(rhythm, seen=looked):
        found = loudness(sound_of(made(playing={"rhythm": rhythm}), sheet, seen=seen))
        return [float(found[at - 3 : at + 4].max()) for at in (155, 390, 500, 650)]

    cut, close, beat, hit = heard("predicted")
    assert cut == close > 0.2
    assert max(beat, hit) < 1e-3
    planned = heard("plan")
    assert planned[0] < 1e-3
    both = heard("both")
    assert both[0] == pytest.approx(cut, rel=0.01)
    assert both[2:] == pytest.approx(planned[2:], rel=0.01)
    assert both[1] < 0.5 * close  # 0.1 s before a beat of the plan
    assert heard("both", None) == planned
    assert max(heard("predicted", None)) < 1e-3


def test_warnings_say_what_of_the_briefs_and_of_the_picture_is_not_in_the_music(made, looked):
    sheet = sheet_of()
    board = replace(sheet.storyboards[0], brief=Brief(style="jazz", prompt="a lone trumpet"))
    asked = replace(sheet, storyboards=(board,))

    def said(sheet, seen, **more):
        return " ".join(made(**more).perform(sheet, seed=0, seen=seen, progress=silent).warnings)

    assert said(sheet, looked) == ""
    assert "'jazz'" in said(asked, looked) and "prompts" in said(asked, looked)
    assert "not looked at" in said(sheet, None)
    nothing = replace(looked, meaning=np.zeros((8, 512), np.float32))
    assert "could be seen" in said(sheet, nothing)
    told = said(sheet, looked, settings={"descriptor": "clip-vit-b32"})
    assert "clip-vit-b32" in told and "hitpoint-1" in told
    assert said(sheet, looked, settings={"descriptor": "hitpoint-1"}) == ""


def test_twenty_minutes_take_no_more_memory_than_their_latents(made):
    """All the sound would be 460 MB."""
    minutes = made(hop=2048, window=4096, playing={"rhythm": "plan", "steps": 2}, key="long",
                   models={"decoder": {"fp32": fake.decoder(2048, SR)}})  # fmt: skip
    sheet = sheet_of(np.arange(1, 1199, 2.0), seconds=1200, rate=Rate.of(24))
    tracemalloc.start()
    samples = 0
    for block in minutes.perform(sheet, seed=0, progress=silent).blocks:
        samples += len(block.stems["music"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert samples == 1200 * SR
    assert peak < 60e6


@pytest.fixture(scope="module")
def released(made):
    """A pack of the released layout: 44.1 kHz, windows of 30 s."""
    models = {
        "condition": {"fp32": fake.released()},
        "decoder": {"fp32": fake.decoder(2048, 44_100)},
        "predictor": {"fp32": fake.predictor(known=False)},
    }

    def build(rhythm):
        return made(hop=2048, rate=44_100, models=models, window=645, key=rhythm, playing={"rhythm": rhythm},
                    settings={"policy": "compat", "rhythm_rate": 1.0}, sampler={"overlap": 129, "multiple": 1})  # fmt: skip

    return build


def test_a_pack_of_the_released_layout_is_loud_in_the_seconds_of_the_hits(released):
    """Rows are around whole seconds: a hit at 12.3 s belongs to the row from 11.5 to 12.5 s."""
    sheet = sheet_of([12.3, 20.8], seconds=26.5, tempo=1000.0)
    quiet = replace(sheet, storyboards=(replace(sheet.storyboards[0], beats=(0.0,)),))
    sound = sound_of(released("plan"), quiet)
    assert len(sound) == 26.5 * SR
    by_row = loudness(sound, 1.0)
    assert set(np.argsort(by_row)[-2:].tolist()) == {12, 21}


def test_a_pack_of_the_released_layout_plays_on_after_its_thirty_seconds(released):
    sheet = sheet_of(np.arange(2.0, 44, 5.0), seconds=45)
    sound = sound_of(released("both"), sheet)
    assert len(sound) == 45 * SR
    heard = loudness(sound, 1.0)
    assert min(heard[at] for at in range(2, 44, 5)) > 2 * np.median(heard)


def test_the_released_layout_is_told_how_long_a_short_clip_is(released):
    told = released("plan")._maker(sheet_of([1.0], seconds=8), None, []).asked_of(0, 645).given
    assert told["tint"].item() == pytest.approx(8.0)
    assert told["curve"][0, 0, 300:].any() == np.False_  # nothing is told of seconds that there are not
