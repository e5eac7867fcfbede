"""What the tests of whole scores share."""

from __future__ import annotations

import json
import subprocess
import sys
import wave

import opentimelineio as otio
import pytest


@pytest.fixture
def cut(make, save):
    """Four shots of two seconds in two storyboards, at 24, and a voice."""

    def build(name="cut.otio", **options):
        shots = [make.clip(letter, 48) for letter in "ABCD"]
        made = make.timeline(
            make.track(*shots), make.track(make.clip("voice", 100), kind="Audio", name="A1"), **options
        )
        make.mark(made.tracks, 0, "storyboard: One")
        make.mark(made.tracks, 96, "storyboard: Two")
        return save(made, name)

    return build


class Timelines(list):
    """The tracks of a timeline, which they need to stay alive."""

    owner = None


@pytest.fixture(scope="session")
def tracks():
    """Reads the tracks of a file as any program would."""

    def read(path):
        timeline = otio.adapters.read_from_file(str(path))
        found = Timelines(timeline.tracks)
        found.owner = timeline
        return found

    return read


@pytest.fixture(scope="session")
def wav_form():
    """Samples, rate, channels and bytes a sample of a WAV, by Python's own reader."""

    def form(path):
        with wave.open(str(path)) as file:
            return file.getnframes(), file.getframerate(), file.getnchannels(), file.getsampwidth()

    return form


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "made"
    watch = "import sys\nfrom hitpoint.plugin.cli import main\nstatus = main(sys.argv[1:])\nprint('librosa' in sys.modules, file=sys.stderr)\nsys.exit(status)"
    done = subprocess.run(
        [sys.executable, "-c", watch, "demo", "--out", str(folder), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "False"  # nothing slow was imported on the way
    return folder, json.loads(done.stdout)
