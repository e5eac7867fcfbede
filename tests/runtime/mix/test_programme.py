"""From stems to the file that the host plays: length, loudness, peak, stems, and what can go wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tracemalloc
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import CueSheet, Storyboard
from hitpoint.runtime.engines.engine import Block, Performance
from hitpoint.runtime.errors import Cancelled, EngineError, OutputError
from hitpoint.runtime.mix.files import writing
from hitpoint.runtime.mix.loudness import Meter
from hitpoint.runtime.mix.programme import Programme, mix
from hitpoint.runtime.mix.wav import WavWriter
from hitpoint.runtime.rate import Rate

Player = Callable[[np.ndarray], dict[str, np.ndarray]]  # seconds (n,) -> stems (n, 2)


def sheet_of(frames: int, end: int | None = None, rate: str = "24000/1001") -> CueSheet:
    """One storyboard over the whole, or up to frame `end`; none where `end` is 0."""
    end = frames if end is None else end
    boards = (Storyboard("all", 0, end, 120.0),) if end else ()
    return CueSheet("test", Rate.of(rate), frames, storyboards=boards)


def played(sheet: CueSheet, player: Player, step: int = 48_000) -> Performance:
    def blocks() -> Iterator[Block]:
        for start in range(0, sheet.samples, step):
            at = np.arange(start, min(start + step, sheet.samples)) / 48_000
            yield Block({name: sound.astype(np.float32) for name, sound in player(at).items()})

    return Performance(tuple(player(np.zeros(1))), blocks(), ())


def band(level: float = 0.1, decay: float = 6.0) -> Player:
    """A bass, and drums that beat twice a second; the noise depends on the time alone, not on the blocks."""

    def play(at: np.ndarray) -> dict[str, np.ndarray]:
        noise = np.modf(np.sin(np.round(at * 48_000)[:, None] * [12.9898, 78.233]) * 43758.5453)[0]
        drums = noise * np.exp(-(at % 0.5) * decay)[:, None] * level
        bass = (np.sin(2 * np.pi * 110 * at) * level)[:, None].repeat(2, 1)
        return {"drums": drums, "bass": bass}

    return play


def integers(path: Path) -> np.ndarray:
    with wave.open(str(path)) as reader:
        data = np.frombuffer(reader.readframes(reader.getnframes()), np.uint8).reshape(-1, 3).astype(np.int32)
    values = data[:, 0] | data[:, 1] << 8 | data[:, 2] << 16
    return np.where(values >= 2**23, values - 2**24, values).reshape(-1, 2)


def measured(path: Path) -> tuple[float, float]:
    """LUFS and dBTP of the finished file, by a meter of its own."""
    meter = Meter()
    meter.feed((integers(path) / 2.0**23).astype(np.float32))
    result = meter.result()
    assert result.integrated is not None
    assert result.true_peak is not None
    return result.integrated, result.true_peak


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize(
    ("level", "decay"),
    [(0.002, 6.0), (0.1, 6.0), (3.0, 6.0), (0.1, 40.0), (0.01, 100.0)],
    ids=["very quiet", "even", "far too loud", "short hits", "very short hits"],
)
@pytest.mark.parametrize("target", [-16.0, -23.0])
def test_the_score_has_its_loudness_below_its_peak(tmp_path: Path, level: float, decay: float, target: float) -> None:
    sheet = sheet_of(480)
    programme = mix(played(sheet, band(level, decay)), sheet, tmp_path, loudness=target)
    loudness, peak = measured(tmp_path / "score.wav")
    assert loudness == pytest.approx(target, abs=0.1)
    assert peak <= -1.0
    assert programme.warnings == ()
    assert programme.loudness == pytest.approx(loudness, abs=0.01)
    assert programme.true_peak == pytest.approx(peak, abs=0.01)


def test_without_peaks_in_the_way_the_music_is_only_made_louder(tmp_path: Path) -> None:
    sheet = sheet_of(240)
    player = band(0.05, 0.0)
    programme = mix(played(sheet, player), sheet, tmp_path, loudness=-23.0)
    at = np.arange(sheet.samples) / 48_000
    raw = sum(player(at).values()) * 10 ** (programme.gain_db / 20)
    inside = slice(1000, -1000)  # without the fades
    assert np.abs(integers(tmp_path / "score.wav")[inside] - raw[inside] * 2**23).max() < 2


def test_a_ceiling_of_ones_own_holds(tmp_path: Path) -> None:
    sheet = sheet_of(240)
    mix(played(sheet, band(0.1, 30)), sheet, tmp_path, peak=-6.0)
    assert measured(tmp_path / "score.wav")[1] <= -6.0


@pytest.mark.parametrize(
    ("frames", "rate", "samples"),
    [
        (1440, "24000/1001", 2_882_880),
        (1001, "30000/1001", 1_603_202),  # 1603201.6
        (7, "25", 13_440),
        (1, "24000/1001", 2002),
        (0, "24", 0),
    ],
)
def test_the_file_is_exactly_as_long_as_the_timeline(tmp_path: Path, frames: int, rate: str, samples: int) -> None:
    sheet = sheet_of(frames, rate=rate)
    programme = mix(played(sheet, band()), sheet, tmp_path)
    assert programme.samples == samples
    assert len(integers(tmp_path / "score.wav")) == samples


def test_without_storyboards_there_is_silence_of_the_right_length(tmp_path: Path) -> None:
    sheet = sheet_of(100, end=0)
    quiet = lambda at: {"pad": np.zeros((len(at), 2))}
    programme = mix(played(sheet, quiet), sheet, tmp_path)
    samples = integers(tmp_path / "score.wav")
    assert len(samples) == sheet.samples
    assert not samples.any()
    assert programme.warnings == ("the score is silent",)
    assert (programme.loudness, programme.true_peak, programme.gain_db) == (None, None, 0.0)


def test_nothing_sounds_after_the_picture_and_nothing_clicks_at_its_end(tmp_path: Path) -> None:
    sheet = sheet_of(240, end=200)
    tone = lambda at: {"pad": 0.2 * np.sin(2 * np.pi * 440 * at + 1)[:, None].repeat(2, 1)}
    mix(played(sheet, tone), sheet, tmp_path)
    samples = integers(tmp_path / "score.wav")[:, 0]
    end = Rate.of("24000/1001").samples(200)
    assert not samples[end - 1 :].any()
    assert samples[end - 960 : end - 480].any()
    usual = np.abs(np.diff(samples[10_000:20_000])).max()
    assert np.abs(np.diff(samples[end - 2000 : end + 10])).max() <= usual * 1.01
    assert abs(samples[0]) < usual / 10


def test_below_0_4_s_only_the_peak_is_held(tmp_path: Path) -> None:
    sheet = sheet_of(9)  # 0.375 s
    loud = mix(played(sheet, band(2.0)), sheet, tmp_path)
    assert loud.loudness is None
    assert loud.true_peak is not None
    assert loud.true_peak <= -1.0
    assert loud.gain_db == 0
    assert "shorter than 0.4 s" in loud.warnings[0]


def test_what_is_hardly_there_is_not_blown_up(tmp_path: Path) -> None:
    sheet = sheet_of(240)
    programme = mix(played(sheet, band(6e-4)), sheet, tmp_path)
    assert programme.gain_db == 40
    assert "very quiet" in programme.warnings[0]


def test_a_click_in_silence_is_not_limited_to_death(tmp_path: Path) -> None:
    sheet = sheet_of(480)
    click = lambda at: {"click": np.where((at >= 3) & (at < 3.0005), 0.9, 0.0)[:, None].repeat(2, 1)}
    programme = mix(played(sheet, click), sheet, tmp_path)
    assert programme.true_peak is not None
    assert programme.true_peak <= -1.0
    assert programme.gain_db < 13
    assert "LUFS instead of -16.0" in programme.warnings[0]


def test_the_same_performance_gives_the_same_bytes_with_and_without_stems(tmp_path: Path) -> None:
    sheet = sheet_of(300)
    mix(played(sheet, band(0.3, 30)), sheet, tmp_path / "a")
    mix(played(sheet, band(0.3, 30), step=7001), sheet, tmp_path / "b", stems=True)
    assert (tmp_path / "a" / "score.wav").read_bytes() == (tmp_path / "b" / "score.wav").read_bytes()


def test_stems_add_up_to_the_score_also_where_it_is_limited(tmp_path: Path) -> None:
    sheet = sheet_of(300)
    programme = mix(played(sheet, band(0.3, 60)), sheet, tmp_path, stems=True)
    assert programme.stems == {name: tmp_path / "stems" / f"{name}.wav" for name in ("drums", "bass")}
    total = sum(integers(path) for path in programme.stems.values())
    assert programme.warnings == ()
    assert np.abs(total - integers(tmp_path / "score.wav")).max() <= 3  # steps of 2 ** -23
    assert names(tmp_path) == ["score.wav", "stems", "stems/bass.wav", "stems/drums.wav"]


def test_stems_that_cancel_each_other_are_lowered_and_not_clipped(tmp_path: Path) -> None:
    sheet = sheet_of(240)

    def against(at: np.ndarray) -> dict[str, np.ndarray]:
        tone = np.sin(2 * np.pi * 220 * at)[:, None].repeat(2, 1)
        return {"one": tone * 3, "two": tone * -2.9}

    programme = mix(played(sheet, against), sheet, tmp_path, stems=True)
    one, two = (integers(programme.stems[name]) for name in ("one", "two"))
    assert 2**23 - 20 < np.abs(one).max() <= 2**23 - 1
    ratio = np.abs(integers(tmp_path / "score.wav")).max() / np.abs(one + two).max()
    lowered = float(programme.warnings[0].split("are ")[1].split(" dB")[0])
    assert 20 * np.log10(ratio) == pytest.approx(lowered, abs=0.06)


def test_a_time_reference_is_for_whoever_asks(tmp_path: Path) -> None:
    sheet = sheet_of(48)
    mix(played(sheet, band()), sheet, tmp_path, time_reference=172_972_800, stems=True)
    for path in (tmp_path / "score.wav", tmp_path / "stems" / "bass.wav"):
        with av.open(str(path)) as container:
            assert container.metadata["time_reference"] == "172972800"


def broken(sheet: CueSheet, change: Callable[[int, dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Performance:
    sound = played(sheet, band())
    blocks = (Block(change(index, dict(block.stems))) for index, block in enumerate(sound.blocks))
    return Performance(sound.stems, blocks, ())


def with_nan(index: int, stems: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    stems["bass"][5] = np.nan
    return stems


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda i, s: {k: v[:-1] for k, v in s.items()} if i == 1 else s, "where the timeline has"),
        (lambda i, s: {k: np.repeat(v, 2, 0) for k, v in s.items()}, "more than"),
        (with_nan, "'bass' holds samples that are no numbers"),
        (lambda i, s: {k: v[:, 0] for k, v in s.items()}, "shape"),
        (lambda i, s: {"drums": s["drums"], "bass": s["bass"][1:]}, "shape"),
        (lambda i, s: {"drums": s["drums"]}, "announced"),
    ],
)
def test_an_engine_that_breaks_its_word_is_stopped(tmp_path: Path, change: Callable, words: str) -> None:
    sheet = sheet_of(72)
    with pytest.raises(EngineError, match=words):
        mix(broken(sheet, change), sheet, tmp_path / "new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["../escape", "a/b", "", ".hidden", "con:1"])
def test_a_stem_cannot_be_written_outside_its_folder(tmp_path: Path, name: str) -> None:
    sheet = sheet_of(24)
    with pytest.raises(EngineError, match="cannot be the name of a file"):
        mix(Performance((name,), iter(()), ()), sheet, tmp_path, stems=True)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.7, 0.95])
def test_cancelling_leaves_what_was_there(tmp_path: Path, fraction: float) -> None:
    (tmp_path / "score.wav").write_text("yesterday's")
    sheet = sheet_of(240)

    def stop(at: float, words: str) -> None:
        if at > fraction:
            raise Cancelled

    with pytest.raises(Cancelled):
        mix(played(sheet, band()), sheet, tmp_path, stems=True, progress=stop)
    assert names(tmp_path) == ["score.wav"]
    assert (tmp_path / "score.wav").read_text() == "yesterday's"


def test_progress_rises_and_comes_at_least_once_a_second_of_music(tmp_path: Path) -> None:
    sheet = sheet_of(480)
    told: list[float] = []
    mix(played(sheet, band(), step=10**9), sheet, tmp_path, progress=lambda at, words: told.append(at))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) >= 40  # twenty seconds, drawn and printed


SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_programme import band, mix, played, sheet_of
from hitpoint.runtime.errors import OutputError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
sheet = sheet_of(240)
try:
    mix(played(sheet, band()), sheet, Path(sys.argv[1]), stems=True)
except OutputError as error:
    print(error)
    sys.exit(error.status)
"""


@pytest.mark.skipif(os.name == "nt", reason="a limit of POSIX")
@pytest.mark.parametrize("limit", [10_000, 3_000_000, 7_000_000])
def test_where_files_may_not_grow_there_is_one_line_and_nothing_left(tmp_path: Path, limit: int) -> None:
    # Ten seconds: a scratch of 7.7 MB, a score of 2.9 MB.
    (tmp_path / "score.wav").write_text("yesterday's")
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", SMALL_DISK, str(tmp_path), here, str(limit)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 6, run.stderr
    assert run.stdout == f"cannot write {tmp_path / 'score.wav'}: file too large\n"
    assert names(tmp_path) == ["score.wav"]


def test_a_disk_that_fills_up_while_the_score_is_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: WavWriter, block: np.ndarray) -> None:
        with writing(tmp_path / "score.wav"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(WavWriter, "write", full)
    sheet = sheet_of(240)
    with pytest.raises(OutputError, match=r"score.wav: the disk is full"):
        mix(played(sheet, band()), sheet, tmp_path)
    assert names(tmp_path) == []


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    def peak_of(frames: int) -> int:
        sheet = sheet_of(frames, rate="24")
        tracemalloc.start()
        mix(played(sheet, band()), sheet, tmp_path / str(frames))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_of(24)  # what is loaded once
    assert peak_of(24 * 60) < peak_of(24 * 10) * 1.3


def test_a_programme_is_plain_json(tmp_path: Path) -> None:
    sheet = sheet_of(48)
    programme: Programme = mix(played(sheet, band()), sheet, tmp_path, stems=True)
    plain = programme.to_json()
    assert plain["samples"] == 96_096
    assert plain["path"] == str(tmp_path / "score.wav")
    assert set(plain["stems"]) == {"drums", "bass"}
    assert plain["loudness"] == pytest.approx(-16, abs=0.1)
