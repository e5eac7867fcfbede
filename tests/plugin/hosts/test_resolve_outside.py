"""Reaching Resolve from a process of our own: where its module lies, and what is said where it does not lead there."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from hitpoint.plugin.hosts.known import Where
from hitpoint.plugin.hosts.protocol import HostClosed
from hitpoint.plugin.hosts.resolve import frames, outside, padding, reach
from hitpoint.plugin.hosts.resolve.frames import Clock, clock
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.rate import Rate

from .contract import Cut, one_line, silent_wav
from .resolve_stand import ResolveStand
from .resolve_standin import scripting

# As Blackmagic's module does it: the library it loads takes its place among Python's modules.
MODULE = """
import os, sys, types
library = types.ModuleType("fusionscript")
library.scriptapp = lambda name: {answer}
library.loaded = os.environ.get("RESOLVE_SCRIPT_LIB")
sys.modules[__name__] = library
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Puts a module there that answers in some way."""

    def put(text):
        folder = tmp_path / "Developer" / "Scripting"
        (folder / "Modules").mkdir(parents=True)
        (folder / "Modules" / "DaVinciResolveScript.py").write_text(text)
        monkeypatch.setenv("RESOLVE_SCRIPT_API", str(folder))
        monkeypatch.setenv("RESOLVE_SCRIPT_LIB", "/some/fusionscript.so")

    monkeypatch.setenv("HITPOINT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("hitpoint.plugin.hosts.resolve.MENU_SECONDS", 0.05)
    return put


def test_studio_is_reached_by_the_module_that_comes_with_it(installed, tmp_path, monkeypatch):
    stand = ResolveStand(tmp_path)
    stand.make(Cut())
    monkeypatch.setattr(sys, "the_resolve", scripting(stand.program), raising=False)
    installed(MODULE.format(answer="sys.the_resolve if name == 'Resolve' else None"))
    host = reach(Where("resolve"))
    assert host.about().title == "DaVinci Resolve Studio"
    assert host.read().name == "the cut"
    assert "DaVinciResolveScript" not in sys.modules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MODULE.format(answer="None"), "free edition"),
        ("raise ImportError('fusionscript.so: wrong ELF class')", "wrong ELF class"),
        ("import sys; sys.exit(1)", "fails under Python"),
        (MODULE.format(answer="1 / 0"), "division"),
    ],
)
def test_what_keeps_it_from_being_reached_is_said_in_a_line(installed, text, words):
    installed(text)
    with pytest.raises(HostClosed) as caught:
        reach(Where("resolve"))
    assert words in one_line(caught.value) and "Workspace > Scripts" in str(caught.value)


def test_a_machine_without_resolve_is_told_so(installed, monkeypatch, tmp_path):
    monkeypatch.setattr(outside, "folders", lambda platform="": [tmp_path / "nothing"])
    with pytest.raises(HostClosed, match="not on this machine"):
        reach(Where("resolve"))


@pytest.mark.parametrize(
    ("platform", "environment", "module", "library"),
    [
        ("linux", {}, "/opt/resolve/Developer/Scripting/Modules", "/opt/resolve/libs/Fusion/fusionscript.so"),
        (
            "darwin",
            {},
            "/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting/Modules",
            "/Applications/DaVinci Resolve/DaVinci Resolve.app/Contents/Libraries/Fusion/fusionscript.so",
        ),
        (
            "win32",
            {"PROGRAMDATA": "D:/Data", "PROGRAMFILES": "D:/Programs"},
            "D:/Data/Blackmagic Design/DaVinci Resolve/Support/Developer/Scripting/Modules",
            "D:/Programs/Blackmagic Design/DaVinci Resolve/fusionscript.dll",
        ),
        (
            "linux",
            {"RESOLVE_SCRIPT_API": "/else", "RESOLVE_SCRIPT_LIB": "/else/lib.so"},
            "/else/Modules",
            "/else/lib.so",
        ),
    ],
)
def test_it_is_looked_for_where_the_documentation_says(platform, environment, module, library):
    assert outside.folders(platform, environment)[0] == Path(module)
    assert outside.libraries(platform, environment)[0] == Path(library)


class TestFrames:
    """Numbers from SMPTE ST 12 and from hosts.md A1.4, not from the code."""

    def test_the_usual_start_is_an_hour(self):
        film = clock("24", "0", "01:00:00:00", 86_400)
        assert (film.absolute(96), film.relative(86_496.0), film.timecode(96)) == (86_496, 96, "01:00:04:00")
        assert film.frame("01:00:04:00") == 96

    def test_drop_frame_is_said_in_three_ways(self):
        assert clock("29.97 DF", "", "01:00:00;00", 107_892).drop
        assert clock("29.97", "1", "01:00:00;00", 107_892).drop
        assert clock(29.97, None, "01:00:00;00", None).start == 107_892
        assert not clock("29.97", "0", "01:00:00:00", 108_000).drop
        assert not clock("24", "1", "01:00:00:00", 86_400).drop  # there is none at 24

    def test_a_minute_of_drop_frame_leaves_two_numbers_out(self):
        news = clock("29.97 DF", "1", "00:59:50;00", 107_592)
        assert news.timecode(1798 - 592 + 300) == news.timecode(1506)
        assert clock("29.97 DF", "1", "00:00:00;00", 0).timecode(1800) == "00:01:00;02"
        assert clock("29.97 DF", "1", "00:00:00;00", 0).timecode(17_982) == "00:10:00;00"

    @pytest.mark.parametrize(("said", "rate"), [("23.976", "24000/1001"), (59.94, "60000/1001"), ("25.0", "25")])
    def test_rates_are_exact(self, said, rate):
        assert str(frames.rate_of(said)) == rate

    @pytest.mark.parametrize("said", ["", None, "none", "-24", "nan"])
    def test_a_rate_that_is_none_is_refused_in_a_line(self, said):
        with pytest.raises(InputError) as caught:
            frames.rate_of(said)
        one_line(caught.value)

    @pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60"])
    @pytest.mark.parametrize("drop", [False, True])
    def test_timecodes_lead_back_to_their_frames_past_midnight_too(self, rate, drop):
        ratio = Rate.of(rate)
        late = Clock(ratio, drop and ratio.can_drop, ratio.frame_of("23:59:59:00"))
        for frame in (0, 5, 100, 4321):
            assert late.frame(late.timecode(frame)) == frame

    def test_a_medium_of_another_rate_is_filled_to_the_last_frame(self):
        # 217 frames at 25 are 208.32 at 24: with 208 Resolve, which cuts fractions off, lays 216.
        assert Clock(Rate.of("25"), False, 0).media(217, Rate.of("24")) == 209
        assert Clock(Rate.of("24"), False, 0).media(217, Rate.of("24")) == 217


class TestPadding:
    def test_a_chunk_after_the_sound_stays_after_it(self, tmp_path):
        path = silent_wav(tmp_path / "score.wav", 3, "25")
        tail = b"bext\x05\x00\x00\x00hello\x00"
        data = bytearray(path.read_bytes() + tail)
        data[4:8] = (len(data) - 8).to_bytes(4, "little")
        path.write_bytes(data)
        out = padding.padded(path, Fraction(1))
        found = out.read_bytes()
        assert found.endswith(tail) and len(found) == 44 + 48_000 * 6 + len(tail)
        assert int.from_bytes(found[4:8], "little") == len(found) - 8
        assert out.name == "score-48000.wav" and path.read_bytes() == bytes(data)

    def test_what_is_no_wav_is_said(self, tmp_path):
        path = tmp_path / "score.wav"
        path.write_bytes(b"RIFF....WAVEfmt ")
        with pytest.raises(InputError, match="no WAV"):
            padding.padded(path, Fraction(1))
        with pytest.raises(InputError, match="cannot be read"):
            padding.whole_frames(tmp_path / "none.wav", Rate.of("24"))
