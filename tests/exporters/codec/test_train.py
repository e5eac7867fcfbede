"""Training: the same seed is the same run, interrupted or not; the log says how it went; what is no checkpoint is refused."""

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from hitpoint.exporters.codec import config, data
from hitpoint.exporters.codec.data import Crops, held_out_crops
from hitpoint.exporters.codec.train import CHECKPOINT, COLUMNS, LOG, Often, read, train, trained
from hitpoint.runtime.errors import Cancelled, InputError, UsageError


def weights(folder):
    return {name: value for part in ("codec", "critic", "average") for name, value in read(folder)[part].items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_that_was_interrupted_ends_as_one_that_was_not(sounds, tiny, trained_folder, tmp_path):
    folder = tmp_path / "halved"

    def stop_at_eight(fraction, words):
        if fraction >= 8 / tiny.plan.steps:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(sounds[:4], sounds[4:], folder, tiny, seed=7, often=Often(log=3, held_out=6), progress=stop_at_eight)
    assert read(folder)["step"] == 8
    train(sounds[:4], sounds[4:], folder, tiny, resume=True, often=Often(log=3, held_out=6))
    assert same(weights(folder), weights(trained_folder))
    assert torch.equal(read(folder)["deviation"], read(trained_folder)["deviation"])


def test_another_seed_is_another_run(sounds, tiny, trained_folder, tmp_path):
    short = replace(tiny, plan=replace(tiny.plan, steps=1))
    train(sounds[:4], [], tmp_path / "a", short, seed=7)
    train(sounds[:4], [], tmp_path / "b", short, seed=8)
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_it_learns(sounds, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_QUIET", 0.0)  # a crop of silence is a peak in so short a log
    plan = replace(tiny.plan, steps=240, critic_from=240, windows=(512,), rate=4e-3)
    train(sounds[:4], sounds[4:], tmp_path / "run", replace(tiny, plan=plan), often=Often(log=5, held_out=240))
    with (tmp_path / "run" / LOG).open() as file:
        mel = [float(row["mel"]) for row in csv.DictReader(file)]
    assert np.mean(mel[-12:]) < 0.92 * mel[0]  # so small a codec learns little, but it does


def test_the_log_has_a_line_every_few_steps_and_none_twice(trained_folder):
    with (trained_folder / LOG).open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["step"]) for row in rows] == [3, 6, 9, 12]
    assert [bool(row["tell"]) for row in rows] == [False, False, True, True]
    assert [bool(row["held_log_mel"]) for row in rows] == [False, True, False, True]


def test_a_run_is_not_begun_where_another_lies(sounds, tiny, trained_folder):
    with pytest.raises(UsageError, match="--resume goes on with it"):
        train(sounds[:4], [], trained_folder, tiny)


def test_a_run_does_not_go_on_under_another_configuration(sounds, trained_folder):
    with pytest.raises(UsageError, match="holds a run of the configuration tiny"):
        train(sounds[:4], [], trained_folder, config.MINI, resume=True)


def test_what_is_no_checkpoint_is_named(tmp_path, trained_folder):
    with pytest.raises(InputError, match="there is no such checkpoint"):
        read(tmp_path / "nothing")
    (tmp_path / CHECKPOINT).write_bytes(b"PK nothing of the kind")
    with pytest.raises(InputError, match="is no checkpoint of a codec"):
        read(tmp_path)
    torch.save({"step": 3}, tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match="is no checkpoint of a codec"):
        trained(tmp_path / CHECKPOINT)


def test_what_comes_out_is_the_average_of_the_weights(trained_folder):
    codec, said = trained(trained_folder)
    state = read(trained_folder)
    assert same(dict(codec.state_dict()), dict(state["average"]))
    assert not same(state["average"], state["codec"])
    assert said["step"] == 12 and said["seed"] == 7 and said["trained_on"] == "tones"


def test_crops_hang_on_the_seed_and_the_step_alone(sounds):
    one, other = Crops(sounds, 4), Crops(sounds, 4)
    other.batch(1, 2, 8)
    assert np.array_equal(one.batch(5, 2, 8), other.batch(5, 2, 8))
    assert not np.array_equal(one.batch(5, 2, 8), one.batch(6, 2, 8))
    assert not np.array_equal(one.batch(5, 2, 8), Crops(sounds, 5).batch(5, 2, 8))


def test_crops_of_sounds_that_are_too_short_end_in_silence():
    short = [np.full((3000, 2), 1000, np.int16)]
    batch = Crops(short, 0).batch(0, 3, 4)
    assert batch.shape == (3, 2, 4 * 2048)
    assert np.abs(batch[:, :, :1900]).min() > 0
    assert np.abs(batch[:, :, 3600:]).max() < 1e-3
    held = held_out_crops(short, 1, 4000)
    assert np.allclose(held[0, :, :3000], 1000 / 32768) and not held[0, :, 3000:].any()
