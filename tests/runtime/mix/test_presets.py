"""A score meets the loudness and the peak of where it is going to be heard, and a later take keeps an earlier one's."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hitpoint.runtime.mix.master import Master
from hitpoint.runtime.mix.presets import PRESETS
from hitpoint.runtime.mix.programme import mix


@pytest.mark.parametrize(
    ("name", "loudness", "peak"),
    [("streaming", -14, -1), ("default", -16, -1), ("ebu", -23, -1), ("atsc", -24, -2)],
)
@pytest.mark.parametrize("decay", [6.0, 60.0])
def test_a_preset_is_met(
    playing: ModuleType, tmp_path: Path, name: str, loudness: float, peak: float, decay: float
) -> None:
    sheet, aim = playing.sheet_of(300), PRESETS[name]
    mix(playing.played(sheet, playing.band(0.1, decay)), sheet, tmp_path, loudness=aim.loudness, peak=aim.peak)
    found = playing.measured(tmp_path / "score.wav")
    assert found[0] == pytest.approx(loudness, abs=0.1)
    assert found[1] <= peak


def test_beats_are_glued_and_an_even_sound_is_not(playing: ModuleType, tmp_path: Path) -> None:
    sheet = playing.sheet_of(300)

    def beats(at: np.ndarray) -> dict[str, np.ndarray]:
        return {"drums": 6 * playing.band(0.1, 9.0)(at)["drums"], "bass": playing.band(0.1)(at)["bass"]}

    assert 0.5 < mix(playing.played(sheet, beats), sheet, tmp_path).glue_db < 2.5
    assert mix(playing.played(sheet, playing.band(0.1, 0.0)), sheet, tmp_path).glue_db == 0


def test_an_earlier_takes_master_gives_the_same_bytes(playing: ModuleType, tmp_path: Path) -> None:
    sheet = playing.sheet_of(300)
    first = mix(playing.played(sheet, playing.band(0.1, 30)), sheet, tmp_path / "a")
    kept = Master(**json.loads(json.dumps(first.master.to_json())))
    again = mix(playing.played(sheet, playing.band(0.1, 30)), sheet, tmp_path / "b", master=kept)
    assert (tmp_path / "a" / "score.wav").read_bytes() == (tmp_path / "b" / "score.wav").read_bytes()
    assert (again.master, again.warnings) == (first.master, ())


def test_a_louder_part_does_not_move_the_rest(playing: ModuleType, tmp_path: Path) -> None:
    sheet = playing.sheet_of(480)

    def louder(at: np.ndarray) -> dict[str, np.ndarray]:
        return {name: sound * np.where(at > 12, 4.0, 1.0)[:, None] for name, sound in playing.band(0.05)(at).items()}

    first = mix(playing.played(sheet, playing.band(0.05)), sheet, tmp_path / "a")
    kept = mix(playing.played(sheet, louder), sheet, tmp_path / "b", master=first.master)
    one, two = playing.integers(tmp_path / "a" / "score.wav"), playing.integers(tmp_path / "b" / "score.wav")
    assert np.array_equal(one[: 11 * 48_000], two[: 11 * 48_000])
    assert "instead of -16.0" in kept.warnings[0]
    assert kept.true_peak is not None
    assert kept.true_peak <= -1.0
