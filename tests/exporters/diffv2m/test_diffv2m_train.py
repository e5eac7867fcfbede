"""A run from its first step to its checkpoint, and on."""

from __future__ import annotations

import csv
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from hitpoint.exporters.corpus.reading import Item
from hitpoint.exporters.diffv2m import latents
from hitpoint.exporters.diffv2m.config import config
from hitpoint.exporters.diffv2m.export import of_run
from hitpoint.exporters.diffv2m.objective import Plan
from hitpoint.exporters.diffv2m.train import CHECKPOINT, Often, average, learning_rate, train, trained
from hitpoint.exporters.training.log import drawing
from hitpoint.runtime.errors import HitpointError, InputError, UsageError

SELDOM = Often(log=2, validation=4, checkpoint=1e9)


def size(steps=6, **said):
    made = config("tiny", **said)
    return replace(made, training=replace(made.training, steps=steps))


def first(model):
    return float(next(model.parameters()).detach().flatten()[0])


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(small, tmp_path):
    held = small.shelf()
    whole = train(held, tmp_path / "whole", size(6), often=SELDOM)

    class Enough(Exception):
        pass

    def stop(fraction, words):
        if words.startswith("step 4 "):
            raise Enough

    with pytest.raises(Enough):
        train(held, tmp_path / "parts", size(6), often=SELDOM, progress=stop)
    assert trained(tmp_path / "parts").step == 4
    gone_on = train(held, tmp_path / "parts", size(6), often=SELDOM, resume=True)
    for one, other in zip(whole.average.parameters(), gone_on.average.parameters(), strict=True):
        assert torch.equal(one, other)
    assert gone_on.step == 6
    kept = trained(tmp_path / "parts")
    assert all(torch.equal(a, b) for a, b in zip(kept.model.parameters(), whole.model.parameters(), strict=True))
    one, other = (rows(tmp_path / name / "log.csv") for name in ("whole", "parts"))
    assert [{**row, "seconds": ""} for row in one] == [{**row, "seconds": ""} for row in other]
    assert [row["step"] for row in one] == ["2", "4", "6"]


def test_a_run_knows_what_it_heard_and_its_pack_will_say_so(small, tmp_path):
    held = small.shelf()
    train(held, tmp_path / "run", size(2), often=SELDOM)
    hours = sum(clip.seconds for clip in held.clips if clip.seed < 1_000_000) / 3600
    count = sum(clip.seed < 1_000_000 for clip in held.clips)
    made = of_run(tmp_path / "run").provenance
    assert made.trained_on.startswith(f"{count} synthetic edits, {hours:.1f} h, with music by hitpoint's own composer")
    assert made.trained_on.endswith(" for 0.0 h") and made.steps == 2


def test_what_is_learned_makes_the_error_smaller(small, tmp_path):
    made = size(40, fusion="additive")
    made = replace(made, training=replace(made.training, batch=8, rate=5e-3, ema=0.9))
    train(small.shelf(), tmp_path / "run", made, often=Often(log=10, validation=20, checkpoint=1e9))
    found = rows(tmp_path / "run" / "validation.csv")
    assert float(found[-1]["mse_0.5"]) < float(found[0]["mse_0.5"]) - 0.02
    assert {"mse_0.1", "mse_0.3", "mse_0.5", "mse_0.7", "mse_0.9", "mse_predicted", "rhythm"} < set(found[0])
    picture = drawing(tmp_path / "run" / "validation.csv", ("mse_0.5", "rhythm"))
    assert picture.startswith("<svg")
    assert picture.count("<polyline") == 5 + 2


def test_a_batch_in_parts_is_the_same_step(small, tmp_path):
    plan = Plan(joint=0.0, single=0.0, scheduled=False)
    found = []
    for at_once in (0, 2, 3):
        made = size(1)
        made = replace(made, training=replace(made.training, at_once=at_once))
        run = train(small.shelf(), tmp_path / str(at_once), made, plan=plan, often=SELDOM)
        gradients = [parameter.grad.flatten() for parameter in run.model.parameters() if parameter.grad is not None]
        found.append(torch.cat(gradients))
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert torch.allclose(found[0], found[2], atol=1e-5)


def test_a_run_can_be_ended_by_the_clock(small, tmp_path):
    run = train(small.shelf(), tmp_path / "run", size(1000), minutes=0.0, often=SELDOM)
    assert run.step == 0
    assert (tmp_path / "run" / CHECKPOINT).exists()


def test_the_rate_rises_as_the_paper_says():
    made = config("paper")
    shares = [learning_rate(made, step - 1) / 1e-4 for step in (69, 230, 459)]
    assert np.allclose(shares, [0.50, 0.90, 0.99], atol=0.002)
    assert learning_rate(made, 3_000_000) == pytest.approx(1e-4 * 0.5, rel=1e-3)


def test_the_average_follows_at_once_and_then_slowly(small):
    mean, model = small.model(), small.model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(1.0)
        for parameter in mean.parameters():
            parameter.fill_(0.0)
    average(mean, model, 1, 0.9999)
    assert first(mean) == pytest.approx(2**-0.75, abs=1e-5)
    average(mean, model, 10**9, 0.9999)
    assert first(mean) == pytest.approx(2**-0.75 + (1 - 2**-0.75) * 1e-4, abs=1e-5)


def test_a_folder_with_a_run_is_not_begun_anew(small, tmp_path):
    train(small.shelf(), tmp_path, size(1), often=SELDOM)
    with pytest.raises(UsageError, match="--resume"):
        train(small.shelf(), tmp_path, size(1), often=SELDOM)
    with pytest.raises(UsageError, match="another size"):
        train(small.shelf(), tmp_path, size(2, fusion="gate"), often=SELDOM, resume=True)


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("content", [b"", b"no weights", None, {"config": "{}"}, "evil"])
def test_broken_checkpoints_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / CHECKPOINT
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(Evil() if content == "evil" else content, path)
    with pytest.raises(InputError) as refused:
        trained(tmp_path)
    assert str(tmp_path) in str(refused.value)
    assert "\n" not in str(refused.value)


def item(seed: int, film: bool) -> Item:
    chance = np.random.default_rng(seed)
    arrays = {
        "audio": chance.integers(-9999, 9999, (48_000 * 3 + 100, 2)).astype(np.int16),
        "odf": chance.random(285).astype(np.float32),
        "cuts": np.array([1.0, 2.0]),
        "mel_low": np.zeros((35, 16), np.float16),
        "tempogram_low": np.zeros((35, 16), np.float16),
    }
    if film:
        arrays |= {
            "meaning": chance.normal(size=(4, 512)).astype(np.float16),
            "colour": np.full((4, 3072), 1 / 3072, np.float16),
            "visual_peaks": np.array([[0.5, 0.9]]),
        }
    return Item(seed, {"arrays": dict.fromkeys(arrays), "seconds": 3.002}, arrays.__getitem__)


def encode(sound):
    return np.stack([block.std(axis=(0, 2)) for block in np.split(sound.reshape(2, -1, 2048), [1])])


def test_latents_are_made_once_and_read_as_they_were_made(tmp_path):
    made = []

    def counted(sound):
        made.append(sound.shape)
        return encode(sound)

    coding = latents.Coding("codec 1", 48_000, 2048, 2, "hitpoint-1", ())
    items = [item(3, film=True), item(1_000_000, film=False)]
    latents.prepare(tmp_path, items, counted, coding)
    latents.prepare(tmp_path, items, counted, coding)
    assert len(made) == 2 + 2  # of silence each time
    held = latents.load(tmp_path)
    assert held.coding.rate == 23.4375
    assert [piece.seed for piece in held.train()] == [3]
    assert [piece.seed for piece in held.held_out()] == [1_000_000]
    piece = held.train()[0]
    assert piece.latents.shape == (2, 71)  # the last one begun counts whole
    assert np.allclose(piece.latents[0, 0], items[0].audio[:2048, 0].astype(np.float32).std() / 32768, rtol=1e-2)
    assert np.allclose(piece.colour / 3072, 1 / 3072, rtol=1e-3)
    assert np.allclose(piece.moves, [[0.5, 0.9]])
    assert not held.held_out()[0].meaning.any()


def test_latents_of_two_codecs_do_not_mix(tmp_path):
    latents.prepare(tmp_path, [item(3, film=False)], encode, latents.Coding("codec 1", 48_000, 2048, 2, "", ()))
    with pytest.raises(UsageError, match="another codec"):
        latents.prepare(tmp_path, [], encode, latents.Coding("codec 2", 48_000, 2048, 2, "", ()))


@pytest.mark.parametrize("broken", ["no list", "list", "item"])
def test_a_folder_that_holds_no_latents_is_refused_in_one_line(tmp_path, broken):
    latents.prepare(tmp_path, [item(3, film=False)], encode, latents.Coding("codec 1", 48_000, 2048, 2, "", ()))
    if broken == "no list":
        (tmp_path / latents.LIST).unlink()
    elif broken == "list":
        (tmp_path / latents.LIST).write_text("{")
    else:
        (tmp_path / "000000003.npz").write_bytes(b"PK")
    with pytest.raises(HitpointError) as refused:
        latents.load(tmp_path)
    assert "\n" not in str(refused.value)
