"""Sound through a codec pack: pieces that join without a seam, clear words, and the pack that is shipped."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import onnx
import pytest
from onnx import helper

from hitpoint.runtime.errors import EngineError, HitpointError, InputError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.codec.codec import Codec
from hitpoint.runtime.packs.codec.likeness import likeness, mel_filters
from hitpoint.runtime.packs.session import Graph, OutOfMemory, Sessions

HOP, WIDTH = 4, 3
SHIPPED = "codec-mini"


def a_codec(packs, folder, *, hop=HOP, encoder=True, **said):
    """A pack whose graphs look one frame to either side, and nothing further."""
    dice = np.random.default_rng(0)

    def one(op, given, taken, weights):
        shape = {"latents": ["batch", WIDTH, "frames"], "audio": ["batch", 2, "samples"]}
        node = helper.make_node(op, [given, "w"], [taken], strides=[hop], pads=[hop, hop], kernel_shape=[3 * hop])
        return packs.model([node], [(given, shape[given])], [(taken, shape[taken])], [("w", weights)])

    weights = dice.standard_normal((WIDTH, 2, 3 * hop)).astype(np.float32)
    models = {"decoder": {"fp32": one("ConvTranspose", "latents", "audio", weights)}}
    if encoder:
        models["encoder"] = {"fp32": one("Conv", "audio", "latents", weights)}
    said = {"sample_rate": 48_000, "hop": HOP, "receptive_field": 1, **said}
    return store.open_folder(packs.write(folder, models, **said))


@pytest.fixture
def pack(packs, tmp_path):
    return a_codec(packs, tmp_path / "small")


@pytest.fixture(scope="module")
def shipped():
    return store.find(SHIPPED)


def with_piece(pack, piece):
    return Codec(replace(pack, settings={"piece": piece}), Sessions("cpu"))


def some(*shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def music(seconds=2.0):
    """Three notes with harmonics, a drum of noise, wider than mono."""
    time = np.arange(round(seconds * 48_000)) / 48_000
    tone = sum(np.sin(2 * np.pi * f * n * time) / n for f in (110, 165, 262) for n in (1, 2, 3, 4))
    drum = some(len(time), seed=3) * np.exp(-((time % 0.5) * 30))
    return (np.stack([tone + drum, 0.8 * tone + 1.1 * drum], 1) * 0.05).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 2, 5, 16, 17])
@pytest.mark.parametrize("piece", [1, 2, 5, 100])
def test_pieces_of_any_size_give_what_the_whole_gives(pack, frames, piece):
    latents, sound = some(WIDTH, frames), some(frames * HOP, 2)
    whole = Sessions("cpu").open(pack, "decoder").run({"latents": latents[None]})["audio"][0].T
    assert np.abs(with_piece(pack, piece).decode(latents) - whole).max() < 1e-5
    right = Sessions("cpu").open(pack, "encoder").run({"audio": sound.T[None].copy()})["latents"][0]
    assert np.abs(with_piece(pack, piece).encode(sound) - right).max() < 1e-5


@pytest.mark.parametrize("cuts", [(1, 1, 1, 1, 1, 1, 1, 1, 1), (4, 0, 5), (8, 1), (9,)])
def test_blocks_of_any_length_give_the_same_sound_and_as_soon_as_it_is_known(pack, cuts):
    latents, codec = some(WIDTH, 9), with_piece(pack, 2)
    edges = np.cumsum((0, *cuts))
    asked = []

    def blocks():
        for start, stop in pairwise(edges):
            asked.append(stop)
            yield latents[:, start:stop]

    played = []
    for block in codec.decode_blocks(blocks()):
        played.append(block)
        if sum(map(len, played)) < 6 * HOP and len(cuts) == 9:
            assert asked[-1] <= sum(map(len, played)) // HOP + 2  # no more than a piece and what it hears after it
    assert np.abs(np.concatenate(played) - codec.decode(latents)).max() < 1e-5


@pytest.mark.parametrize("samples", [1, 3, 4, 5, 4 * HOP + 1])
def test_a_sound_that_ends_within_a_frame_comes_back_as_long_as_it_was(pack, samples):
    codec = with_piece(pack, 2)
    sound = some(samples, 2)
    assert codec.encode(sound).shape == (WIDTH, -(-samples // HOP))
    assert codec.through(sound).shape == (samples, 2)
    assert [b.shape[1] for b in codec.encode_blocks([sound[:1], sound[1:1], sound[1:]])]


def test_no_latents_are_no_sound(pack):
    assert with_piece(pack, 4).decode(np.zeros((WIDTH, 0), np.float32)).shape == (0, 2)


def test_a_reach_that_is_stated_too_small_is_heard_at_the_seams(pack):
    """What the tests of seams rest on: without its neighbours a piece is another."""
    latents = some(WIDTH, 8)
    blind = Codec(replace(pack, receptive_field=0, settings={"piece": 4}), Sessions("cpu"))
    assert np.abs(blind.decode(latents) - with_piece(pack, 100).decode(latents)).max() > 0.1


def test_memory_that_runs_out_makes_pieces_smaller_once_and_says_so(pack, monkeypatch):
    codec, runs = with_piece(pack, 8), []
    latents = some(WIDTH, 30)
    right = with_piece(pack, 100).decode(latents)
    run = Graph.run

    def narrow(graph, inputs, wanted=None):
        frames = inputs["latents"].shape[2]
        runs.append(frames)
        if frames > 5:
            raise OutOfMemory("full")
        return run(graph, inputs, wanted)

    monkeypatch.setattr(Graph, "run", narrow)
    assert np.abs(codec.decode(latents) - right).max() < 1e-5
    assert sum(frames > 5 for frames in runs) == 2  # 8 and its neighbours, 4 and its neighbours, then never again
    assert "ran in pieces of 2 instead of 8" in codec.sessions.warnings[0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: c.encode(np.zeros((0, 2), np.float32)), "there is no sound to encode"),
        (lambda c: c.encode(np.zeros(100, np.float32)), "a codec hears stereo"),
        (lambda c: c.encode(np.zeros((100, 1), np.float32)), "a codec hears stereo"),
        (lambda c: c.encode(np.full((9600, 2), np.nan, np.float32)), "holds numbers that are none, from 0.000 s on"),
        (lambda c: c.decode(np.zeros((7, 3), np.float32)), "decodes latents of 3 channels, not (7, 3)"),
        (lambda c: c.decode(np.full((WIDTH, 3), np.inf, np.float32)), "the model ran astray"),
    ],
)
def test_what_cannot_be_coded_is_said_in_one_line(pack, call, words):
    with pytest.raises(HitpointError) as caught:
        call(with_piece(pack, 4))
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert isinstance(caught.value, InputError | EngineError)


def test_packs_that_hold_no_codec_say_so(packs, tmp_path):
    def line(pack):
        with pytest.raises(EngineError) as caught:
            Codec(pack, Sessions("cpu"))
        return str(caught.value)

    assert "it has no graph 'decoder'" in line(store.open_folder(packs.write(tmp_path / "other")))
    lacking = replace(a_codec(packs, tmp_path / "lacking"), hop=None)
    assert "pack.json lacks its sample_rate, hop or receptive_field" in line(lacking)
    flat = store.open_folder(
        packs.write(
            tmp_path / "flat", {"decoder": {"fp32": packs.straight()}}, sample_rate=48_000, hop=4, receptive_field=0
        )
    )
    assert "does not go between latents" in line(flat)
    deaf = a_codec(packs, tmp_path / "deaf", encoder=False)
    assert Codec(deaf, Sessions("cpu")).decode(some(WIDTH, 2)).shape == (2 * HOP, 2)
    with pytest.raises(EngineError, match="it has no graph 'encoder'"):
        Codec(deaf, Sessions("cpu")).encode(some(8, 2))


def test_a_pack_that_states_another_hop_than_its_graphs_have_is_found_out(packs, tmp_path):
    wrong = a_codec(packs, tmp_path / "wrong", hop=HOP + 2)
    with pytest.raises(EngineError, match="2 frames give 12 rows, not 4 each"):
        Codec(wrong, Sessions("cpu")).decode(some(WIDTH, 2))


def test_likeness_knows_the_same_silence_a_gain_and_a_low_pass():
    sound = music()
    same = likeness(sound, sound)
    assert (same.log_mel, same.convergence, same.level) == (0, 0, 0)
    half = likeness(0.5 * sound, sound)
    assert half.convergence == pytest.approx(0.5) and half.level == pytest.approx(-6.02, abs=0.01)
    assert 2.0 < half.log_mel < 6.03  # bands below the floor do not count
    loud = some(48_000, 2)
    assert likeness(0.5 * loud, loud).log_mel == pytest.approx(6.02, abs=0.01)
    silent = likeness(np.zeros_like(sound), sound)
    assert silent.convergence == pytest.approx(1.0) and silent.log_mel > half.log_mel
    bins = np.fft.rfft(sound, axis=0)
    bins[len(bins) // 3 :] = 0
    dull = likeness(np.fft.irfft(bins, len(sound), axis=0).astype(np.float32), sound)
    assert dull.convergence < 0.2 < dull.log_mel


def test_mel_bands_cover_every_bin_once_or_twice_and_weigh_alike():
    filters = mel_filters()
    assert filters.shape == (80, 1025)
    assert np.allclose(filters.sum(axis=1), 1.0)
    assert (filters[:, 1:-1] > 0).sum(axis=0).max() <= 2 and (filters[:, 1:-1].sum(axis=0) > 0).all()


@pytest.mark.parametrize("frames", [1, 2, 13, 60])
def test_the_shipped_codec_decodes_in_pieces_as_in_one(shipped, frames):
    codec = with_piece(shipped, 1000)
    latents = codec.encode(music(3.0))[:, :frames]
    whole = codec.decode(latents)
    assert whole.shape == (frames * 2048, 2) and np.abs(whole).max() < 2.0
    for piece in (1, 7, 32):
        assert np.abs(with_piece(shipped, piece).decode(latents) - whole).max() < 1e-4, piece


@pytest.mark.parametrize("samples", [1, 2047, 2049, 70_001])
def test_the_shipped_codec_takes_sounds_of_any_length(shipped, samples):
    codec = with_piece(shipped, 8)
    sound = music()[:samples]
    latents = codec.encode(sound)
    assert latents.shape == (codec.channels, -(-samples // 2048))
    assert np.abs(latents - with_piece(shipped, 1000).encode(sound)).max() < 1e-3
    assert np.isfinite(codec.through(sound)).all()


def test_the_shipped_codec_is_nearer_than_silence_and_than_a_codec_of_chance(shipped):
    sound = music(4.0)
    codec = with_piece(shipped, 128)
    latents = codec.encode(sound)
    made = likeness(codec.decode(latents)[: len(sound)], sound)
    chance = likeness(codec.decode(some(*latents.shape))[: len(sound)], sound)
    silence = likeness(np.zeros_like(sound), sound)
    assert made.log_mel < 0.6 * min(chance.log_mel, silence.log_mel)
    assert made.convergence < 0.5 * min(chance.convergence, silence.convergence)
    assert abs(made.level) < 2.0


def test_silence_stays_all_but_silent(shipped):
    made = with_piece(shipped, 128).through(np.zeros((48_000, 2), np.float32))
    assert np.sqrt(np.mean(made**2)) < 1e-3


def test_the_same_sound_comes_back_every_time(shipped):
    sound = music(1.0)
    one, other = (with_piece(shipped, 128).through(sound) for _ in range(2))
    assert np.array_equal(one, other)


def test_the_shipped_pack_says_what_it_is(shipped):
    assert shipped.licence.id == "Apache-2.0" and shipped.licence.commercial
    assert shipped.family == "codec" and (shipped.sample_rate, shipped.hop) == (48_000, 2048)
    made = shipped.provenance
    assert "synthetic music by hitpoint's own composer" in made.trained_on and "on a CPU" in made.trained_on
    assert made.steps > 1000
    assert shipped.bytes() < 20 * 2**20
    assert all(variant.difference for graph in shipped.graphs.values() for variant in graph.variants.values())


def test_the_shipped_codec_plays_where_torch_is_not_installed():
    code = """
import sys
for name in ("torch", "onnx", "transformers", "diffusers"):
    sys.modules[name] = None
import numpy as np
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.codec.codec import Codec
from hitpoint.runtime.packs.session import Sessions
codec = Codec(store.find("codec-mini"), Sessions("cpu"))
time = np.arange(20_000) / 48_000
sound = np.stack([np.sin(2 * np.pi * 220 * time)] * 2, 1).astype(np.float32) / 4
made = codec.through(sound)
print(made.shape, float(np.sqrt(np.mean(made**2))))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/", timeout=120
    )
    assert done.returncode == 0, done.stderr
    shape, level = done.stdout.rsplit(" ", 1)
    assert shape == "(20000, 2)" and 0.05 < float(level) < 0.5


def test_the_graphs_hold_nothing_but_plain_operators(shipped):
    for graph in shipped.graphs.values():
        for variant in graph.variants.values():
            model = onnx.load(shipped.folder / variant.file.name)
            assert {node.domain for node in model.graph.node} <= {"", "com.microsoft"}
            assert not {"STFT", "DFT", "Loop", "If", "Scan"} & {node.op_type for node in model.graph.node}
