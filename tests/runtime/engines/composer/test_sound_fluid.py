"""SoundFonts, where the system has FluidSynth and a file to play."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.engines.composer import fluid
from hitpoint.runtime.engines.composer.desk.play import play
from hitpoint.runtime.engines.composer.desk_settings import Desk
from hitpoint.runtime.engines.composer.event import KITS, PITCHED, STEMS
from hitpoint.runtime.engines.composer.instruments.rack import Rack
from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.progress import silent

heard = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounding.py"))))
RATE = heard.RATE
PLACES = (
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)


@pytest.fixture(scope="module")
def font():
    found = [path for place in PLACES for path in sorted(Path(place).glob("*.sf2"))]
    if fluid.library() is None or not found:
        if os.environ.get("CI"):
            pytest.fail("CI is to have FluidSynth and a SoundFont")
        pytest.skip("no FluidSynth or no SoundFont on this machine")
    return found[0]


def render(source, events, seconds=6.0):
    return heard.joined(play(heard.a_sheet(seconds, 1), events, [Desk(glue=0.0)], source, 48_000, silent))


def test_every_instrument_has_a_program():
    assert set(fluid.PROGRAMS) == set(PITCHED)
    assert set(fluid.DRUM_PROGRAMS) == set(KITS)


def test_a_soundfont_plays_each_stem_in_time_and_in_tune(font):
    events = [
        heard.event("piano", 69, 0.9, 2.0, 1.0, "melody"),
        heard.event("guitar", 57, 0.9, 2.0, 2.0, "harmony"),
        heard.event("upright", 40, 0.9, 2.0, 3.0, "bass"),
        heard.event("kit_acoustic", 38, 0.9, 0.1, 2.5, "drums"),
        heard.event("impact", 35, 0.9, 1.0, 1.5, "effects"),
    ]
    stems = render(fluid.SoundFont(font, 0), events)
    for event in events:
        sound = stems[event.note.stem]
        first = np.argmax(np.abs(sound).max(axis=1) > 0.02 * np.abs(sound).max()) / RATE
        assert -0.002 < first - event.note.start < 0.02, event
        assert np.abs(sound).max() > 0.01
    assert abs(heard.cents_off(stems["melody"][RATE : 3 * RATE], 69)) < 8


def test_the_librarys_version_is_known(font):
    assert fluid.version().split(".")[0].isdigit()


def test_a_soundfont_is_about_as_loud_as_the_rack(font):
    events = heard.a_piece(6.0)
    loud = [heard.loudness(sum(render(source, events).values()), 3.0) for source in (fluid.SoundFont(font, 0), Rack(0))]
    assert abs(loud[0] - loud[1]) < 6


def test_a_soundfont_gives_the_same_samples_again(font):
    one, other = (render(fluid.SoundFont(font, 0), heard.a_piece(4.0), 4.0) for _ in range(2))
    assert all(one[stem].tobytes() == other[stem].tobytes() for stem in STEMS)


def test_a_key_struck_again_while_it_sounds_sounds_again(font):
    events = [heard.event("piano", 60, 0.8, 3.0, at) for at in (0.5, 1.5)]
    sound = np.abs(render(fluid.SoundFont(font, 0), events)["melody"]).max(axis=1)
    assert sound[int(1.5 * RATE) : int(1.6 * RATE)].max() > 1.3 * sound[int(1.4 * RATE) : int(1.5 * RATE)].max()
    assert sound[int(3.0 * RATE) : int(3.5 * RATE)].max() > 0.01 * sound.max()  # until the later note's end


def test_files_that_are_no_soundfonts_are_refused_in_one_line(tmp_path, font):
    missing, other, damaged = (tmp_path / name for name in ("none.sf2", "text.sf2", "damaged.sf2"))
    other.write_text("not a SoundFont at all")
    damaged.write_bytes(font.read_bytes()[:4000])
    for path, words in ((missing, "cannot be read"), (other, "not a SoundFont"), (damaged, "damaged")):
        with pytest.raises(EngineError, match=words) as error:
            fluid.SoundFont(path, 0)
        assert str(path) in str(error.value) and "\n" not in str(error.value)
        assert error.value.status == 5


def test_what_the_library_has_to_say_is_not_heard(tmp_path, font):
    damaged = tmp_path / "damaged.sf2"
    damaged.write_bytes(font.read_bytes()[:4000])
    script = (
        "import sys; from pathlib import Path; from hitpoint.runtime.engines.composer import fluid\n"
        "try: fluid.SoundFont(Path(sys.argv[1]), 0)\nexcept Exception as error: print(type(error).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(damaged)], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("EngineError", "")


def test_without_the_library_one_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(fluid, "library", lambda: None)
    path = tmp_path / "some.sf2"
    path.write_bytes(b"RIFF\0\0\0\0sfbk")
    with pytest.raises(EngineError, match="FluidSynth is not installed"):
        fluid.SoundFont(path, 0)
