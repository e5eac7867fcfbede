"""A sound held against an edit: which cuts it meets, and what chance would have met."""

from __future__ import annotations

import json
import runpy
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.errors import Cancelled, InputError
from hitpoint.runtime.measure.evaluate import evaluate
from hitpoint.runtime.mix.wav import WavWriter
from hitpoint.runtime.rate import Rate

sounds = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounds.py"))))

NTSC = Rate(Fraction(24000, 1001))
FRAME = 1001 / 24000


def edit_of(cuts: list[int], frames: int = 240, markers: tuple[Marker, ...] = ()) -> Edit:
    return Edit(
        "test",
        NTSC,
        frames,
        picture_start=0,
        picture_end=frames,
        cuts=tuple(Cut(frame) for frame in cuts),
        markers=markers,
    )


def marker(frame: int, visible: bool = True) -> Marker:
    return Marker(frame, 0, "hit me", "", "RED", "timeline", visible)


def sounding(path: Path, times: list[float], samples: int) -> Path:
    """Short beats over faint noise."""
    rng = np.random.default_rng(8)
    sound = rng.standard_normal((samples, 2)) * 0.001
    for time in times:
        start = round(time * 48_000)
        at = np.arange(min(9600, samples - start)) / 48_000
        sound[start : start + len(at)] += (0.4 * np.exp(-at / 0.03) * np.sin(2 * np.pi * 900 * at))[:, None]
    with WavWriter(path) as writer:
        writer.write(sound.astype(np.float32))
    return path


def test_each_cut_is_told_how_early_or_late_it_was_met(tmp_path: Path) -> None:
    edit = edit_of([48, 96, 144, 192])
    off = [0.0, -0.012, 0.060, 0.250]  # seconds
    times = [frame * FRAME + late for frame, late in zip([48, 96, 144, 192], off, strict=True)]
    result = evaluate(edit, sounding(tmp_path / "a.wav", times, edit.samples))
    assert [moment.distance for moment in result.moments] == pytest.approx(off, abs=0.003)
    assert [moment.outcome for moment in result.moments] == ["landed", "landed", "near", "missed"]
    assert result.within_half_frame.fraction == 0.5  # half a frame is 0.0209 s
    assert result.within_frame.fraction == 0.5
    assert result.within_near.fraction == 0.75
    assert result.within_near.tolerance == 0.1


def test_chance_is_the_part_of_the_picture_near_an_onset(tmp_path: Path) -> None:
    edit = edit_of([120], frames=240)  # 10.01 s
    times = [2.0, 2.05, 5.0, 10.0]  # the first two overlap, the last one sticks out
    result = evaluate(edit, sounding(tmp_path / "a.wav", times, edit.samples))
    extra = [onset for onset in result.onsets if min(abs(onset - time) for time in times) > 0.005]
    assert len(result.onsets) >= 3
    expected = np.zeros(100_100, bool)  # a tenth of a millisecond each
    for onset in result.onsets:
        expected[max(0, round((onset - 0.1) * 10_000)) : round((onset + 0.1) * 10_000)] = True
    assert result.within_near.chance == pytest.approx(expected.mean(), abs=0.001)
    assert len(extra) <= 1  # the noise that starts


def test_music_without_aim_scores_about_chance(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    cuts = sorted({int(frame) for frame in rng.integers(24, 2850, 150)})
    edit = edit_of(cuts, frames=2880)
    result = evaluate(edit, sounding(tmp_path / "a.wav", list(np.arange(0.5, 119, 0.5)), edit.samples))
    near = result.within_near
    assert near.chance == pytest.approx(0.4, abs=0.02)  # 0.2 s of each half second
    assert near.fraction == pytest.approx(near.chance, abs=0.12)


def test_visible_markers_are_moments_and_a_frame_counts_once(tmp_path: Path) -> None:
    edit = edit_of([48], markers=(marker(48), marker(100), marker(150, visible=False)))
    result = evaluate(edit, sounding(tmp_path / "a.wav", [48 * FRAME], edit.samples))
    assert [(m.frame, m.kind) for m in result.moments] == [(48, "cut"), (48, "marker"), (100, "marker")]
    assert result.within_half_frame.fraction == 0.5


def test_onsets_without_a_moment_are_counted(tmp_path: Path) -> None:
    edit = edit_of([48])
    times = [48 * FRAME, 3.0, 4.0, 5.0]
    result = evaluate(edit, sounding(tmp_path / "a.wav", times, edit.samples))
    onsets = [onset for onset in result.onsets if onset > 0.1]
    assert onsets == pytest.approx(times, abs=0.003)
    assert result.onsets_met == pytest.approx(1 / len(result.onsets))


def test_silence_misses_everything_and_says_so(tmp_path: Path) -> None:
    edit = edit_of([48, 96])
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(np.zeros((edit.samples, 2), np.float32))
    result = evaluate(edit, tmp_path / "a.wav")
    assert [moment.outcome for moment in result.moments] == ["missed", "missed"]
    assert [moment.onset for moment in result.moments] == [None, None]
    assert (result.within_near.fraction, result.within_near.chance) == (0.0, 0.0)
    assert (result.loudness, result.true_peak, result.onsets_met) == (None, None, None)
    assert len(result.warnings) == 2
    assert result.difference == 0


@pytest.mark.parametrize("samples", [0, 1, 4000, 19_000])
def test_a_sound_that_is_too_short_is_measured_as_far_as_it_goes(tmp_path: Path, samples: int) -> None:
    edit = edit_of([48])
    result = evaluate(edit, sounding(tmp_path / "a.wav", [], samples))
    assert result.samples == samples
    assert result.expected_samples == 480_480
    assert result.difference == samples - 480_480
    assert result.loudness is None
    assert f"({480_480 - samples} samples) shorter" in result.warnings[0]


def test_loudness_and_peak_are_those_of_the_sound(tmp_path: Path) -> None:
    edit = edit_of([48])
    at = np.arange(edit.samples) / 48_000
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write((0.0707946 * np.sin(2 * np.pi * 1000 * at))[:, None].repeat(2, 1).astype(np.float32))
    result = evaluate(edit, tmp_path / "a.wav")
    assert result.loudness == pytest.approx(-23.0, abs=0.05)
    assert result.true_peak == pytest.approx(-23.0, abs=0.05)


def test_an_edit_without_moments_has_no_fractions(tmp_path: Path) -> None:
    edit = edit_of([])
    result = evaluate(edit, sounding(tmp_path / "a.wav", [1.0], edit.samples))
    assert result.within_frame.fraction is None
    assert result.onsets_met == 0.0


def test_an_edit_without_length_is_evaluated(tmp_path: Path) -> None:
    edit = Edit("empty", NTSC, 0)
    result = evaluate(edit, sounding(tmp_path / "a.wav", [0.5], 48_000))
    assert result.within_near.chance is None
    assert result.difference == 48_000


def test_the_evaluation_is_json(tmp_path: Path) -> None:
    edit = edit_of([48, 96])
    result = evaluate(edit, sounding(tmp_path / "a.wav", [48 * FRAME], edit.samples))
    plain = json.loads(json.dumps(result.to_json()))
    assert plain["landed"] == 1
    assert plain["missed"] == 1
    assert plain["moments"][0]["frame"] == 48
    assert plain["within_frame"]["tolerance"] == pytest.approx(FRAME, abs=1e-6)
    assert plain["onsets"] == len(result.onsets)
    assert {"tolerance", "value", "chance", "ceiling"} == set(plain["rhythm_recall"]) == set(plain["cuts_with_onset"])
    assert [measure["tolerance"] for measure in plain["tb_iou"]] == [0.5, 0.1, 0.07]
    assert plain["b_iou"] is plain["reference_beats"] is None
    assert {"count", "tempo", "pulse", "seconds"} == set(plain["beats"])


def written(path: Path, sound: np.ndarray) -> Path:
    with WavWriter(path) as writer:
        writer.write(sound)
    return path


@dataclass(frozen=True)
class Board:
    name: str
    start: int


def test_music_cut_to_has_the_recall_and_precision_that_were_built_in(tmp_path: Path) -> None:
    beats = sounds.grid(100, 40, 0.5)  # at 24000/1001 a beat lies within 21 ms of a frame
    cuts = [round(time / FRAME) for time in beats[4:60:4]] + [round((time + 0.3) / FRAME) for time in beats[6:30:12]]
    edit = edit_of(sorted(cuts), frames=round(40 / FRAME))
    result = evaluate(edit, written(tmp_path / "a.wav", sounds.ticks(beats, 40)))
    rhythm = result.rhythm
    assert rhythm.recall.value == pytest.approx(14 / 16)
    assert rhythm.recall.chance == pytest.approx(0.2 * 100 / 60, abs=0.03)
    assert rhythm.precision.value == pytest.approx(14 / len(result.beats))
    assert result.heard.beats.tempo == pytest.approx(100, rel=0.01)
    pairs = [measure.value for measure in rhythm.tb_iou]
    assert pairs[1] == pairs[2] == pytest.approx(14 / (16 + len(result.beats) - 14))
    assert pairs[0] > pairs[1]
    assert rhythm.b_iou == ()


def test_the_same_music_is_its_own_reference_and_other_music_is_not(tmp_path: Path) -> None:
    edit = edit_of([240], frames=round(30 / FRAME))
    one = written(tmp_path / "a.wav", sounds.ticks(sounds.grid(100, 30), 30))
    other = written(tmp_path / "b.wav", sounds.ticks(sounds.grid(100, 30, 0.6), 30))  # half a beat later
    same = evaluate(edit, one, reference=one).rhythm.b_iou
    assert [(m.tolerance, m.value) for m in same] == [(0.5, 1.0), (0.1, 1.0), (0.07, 1.0)]
    apart = evaluate(edit, one, reference=other).rhythm.b_iou
    assert apart[0].value == pytest.approx(1.0, abs=0.05)  # half a second forgives everything
    assert apart[2].value < 0.1 < apart[2].chance


def test_a_storyboard_is_heard_to_begin_where_the_music_changes(tmp_path: Path) -> None:
    rate = Rate(Fraction(25))
    edit = Edit("test", rate, 1000, picture_start=0, picture_end=1000, cuts=(Cut(300), Cut(600)))
    path = written(tmp_path / "a.wav", sounds.sections(40, [12.0, 24.0], 1))
    boards = [Board("One", 0), Board("Two", 300), Board("Three", 600), Board("Four", 725)]
    result = evaluate(edit, path, storyboards=boards)
    assert [(b.name, b.frame) for b in result.boundaries] == [("Two", 300), ("Three", 600), ("Four", 725)]
    assert [b.audible for b in result.boundaries][:2] == [True, True]
    assert [abs(b.distance) < 0.5 for b in result.boundaries] == [True, True, False]
    assert result.rhythm.audible.value == pytest.approx(sum(b.audible for b in result.boundaries) / 3)
    assert 0 < result.rhythm.audible.chance < 0.5


def test_speech_has_no_beats_and_that_is_said(tmp_path: Path) -> None:
    edit = edit_of([48, 96], frames=480)
    result = evaluate(edit, written(tmp_path / "a.wav", sounds.babble(20.02)[: edit.samples]))
    assert result.beats == ()
    assert result.rhythm.recall.value == result.rhythm.recall.chance == 0.0
    assert result.rhythm.precision.value is None
    assert any("no beats" in warning for warning in result.warnings)
    assert result.to_json()["beats"]["tempo"] is None


def test_an_edit_without_cuts_says_so_and_one_cut_is_enough(tmp_path: Path) -> None:
    music = written(tmp_path / "a.wav", sounds.ticks(sounds.grid(120, 10.01), 10.01))
    bare = evaluate(edit_of([]), music)
    assert (bare.rhythm.recall.value, bare.rhythm.cuts_with_onset.value) == (None, None)
    assert any("no cuts" in warning for warning in bare.warnings)
    assert bare.rhythm.precision.value == 0.0
    assert evaluate(edit_of([127]), music).rhythm.recall.value == 1.0  # 5.297 s; a beat lies at 5.3 s


def test_cuts_with_an_onset_are_held_against_shifted_ones(tmp_path: Path) -> None:
    edit = edit_of([48, 96, 144, 192])
    times = [frame * FRAME for frame in (48, 96, 144)]
    result = evaluate(edit, sounding(tmp_path / "a.wav", times, edit.samples), storyboards=[Board("only", 0)])
    found = result.rhythm.cuts_with_onset
    assert found.value == 0.75
    shifted = []
    for shift in range(240):
        moved = [(cut + shift) % 240 * FRAME for cut in (48, 96, 144, 192)]
        shifted.append(np.mean([min(abs(m - onset) for onset in result.onsets) <= FRAME + 1e-9 for m in moved]))
    assert found.chance == pytest.approx(np.mean(shifted), abs=0.02)
    assert result.rhythm.audible.value is None  # one storyboard has no boundary


def test_a_sound_that_ends_early_misses_what_comes_after(tmp_path: Path) -> None:
    edit = edit_of([120, 360], frames=480)  # 5.005 s, 15.015 s
    result = evaluate(edit, written(tmp_path / "a.wav", sounds.ticks(sounds.grid(120, 10, 0.005), 10)))
    assert result.rhythm.recall.value == 0.5
    assert result.difference == 480_000 - edit.samples
    assert "shorter" in result.warnings[0]


def test_a_text_file_is_no_sound(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("take 1: good\n" * 100)
    with pytest.raises(InputError, match=r"a\.wav"):
        evaluate(edit_of([48]), tmp_path / "a.wav")


def test_it_can_be_cancelled(tmp_path: Path) -> None:
    edit = edit_of([48])

    def stop(at: float, words: str) -> None:
        if at > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(edit, sounding(tmp_path / "a.wav", [1.0], edit.samples), stop)
