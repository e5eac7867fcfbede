import numpy as np
import pytest

from hitpoint.runtime.errors import InputError
from hitpoint.runtime.mix.wav import WavWriter
from hitpoint.ui.state import waveform
from hitpoint.ui.work.outline import write_peaks

RATE = 48_000


@pytest.fixture(scope="module")
def sound():
    rng = np.random.default_rng(5)
    loud = np.linspace(0, 0.9, RATE * 5)[:, None]
    return (rng.uniform(-1, 1, (RATE * 5, 2)) * loud).astype(np.float32)


@pytest.fixture(scope="module")
def peaks(sound, tmp_path_factory):
    folder = tmp_path_factory.mktemp("peaks")
    with WavWriter(folder / "sound.wav") as writer:
        writer.write(sound)
    return write_peaks(folder / "sound.wav", folder / "deep" / "peaks.bin", lambda *_: None)


@pytest.mark.parametrize(("first", "last", "width"), [(0, 5, 40), (0, 5, 1500), (1.3, 1.4, 10), (4.9, 5.0, 3)])
def test_columns_reach_as_far_as_the_sound_between_them(peaks, sound, first, last, width):
    found = waveform.load(peaks).columns(first, last, width)
    assert len(found) == width
    for column, (low, high) in enumerate(found):
        start = (first + (last - first) * column / width) * RATE
        end = (first + (last - first) * (column + 1) / width) * RATE
        inside = sound[int(start) : int(end)]
        slack = 2 / 127
        assert low <= inside.min() + slack and high >= inside.max() - slack  # nothing inside is left out
        step = max(waveform.FINEST, end - start)
        around = sound[max(0, int(start - step)) : int(end + step)]
        assert low >= around.min() - slack and high <= around.max() + slack  # and nothing from far away is in


def test_before_and_after_the_sound_there_is_nothing(peaks):
    drawn = waveform.load(peaks)
    assert drawn.columns(-2, -1, 4) == [(0.0, 0.0)] * 4
    assert drawn.columns(6, 7, 4) == [(0.0, 0.0)] * 4
    assert drawn.columns(1, 1, 4) == []
    assert drawn.samples == 5 * RATE


def test_a_sound_shorter_than_a_stretch_is_drawn(tmp_path):
    with WavWriter(tmp_path / "a.wav") as writer:
        writer.write(np.full((10, 2), 0.5, np.float32))
    drawn = waveform.load(write_peaks(tmp_path / "a.wav", tmp_path / "p", lambda *_: None))
    assert drawn.columns(0, 10 / RATE, 1) == [(0.0, pytest.approx(64 / 127))]


def test_a_file_that_is_cut_off_or_no_waveform_is_said_so(peaks, tmp_path):
    data = peaks.read_bytes()
    for cut in [0, 3, 8, 20, 26, len(data) - 1]:
        (tmp_path / "cut").write_bytes(data[:cut])
        with pytest.raises(InputError, match="is no waveform"):
            waveform.load(tmp_path / "cut")
    with pytest.raises(InputError, match="cannot be read"):
        waveform.load(tmp_path / "nothing")


def test_a_stopped_drawing_leaves_no_file(peaks, tmp_path):
    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    with pytest.raises(Stop):
        write_peaks(peaks.parent.parent / "sound.wav", tmp_path / "p", stop)
    assert list(tmp_path.iterdir()) == []
