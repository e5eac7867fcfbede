"""From the sidebar's button to the music in Blender's own mix: the add-on starts our process, which scores and places."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from hitpoint.plugin.hosts.protocol import Mark, Music, Sound

from .blender_stand import BlenderStand, Room, program, wheel
from .contract import SCORE, Cut

RATE = 48_000


@pytest.fixture(scope="module", params=[program, wheel], ids=["installed", "later"])
def room(request, tmp_path_factory):
    room = Room(request.param(), tmp_path_factory.mktemp("blender"))
    yield room
    room.close()


@pytest.fixture
def stand(room, tmp_path):
    stand = BlenderStand(room, tmp_path)
    yield stand
    stand.quit()


def one_version(test):
    """What has nothing to do with Blender's version is tested with one."""
    return pytest.mark.parametrize("room", [program], ids=["installed"], indirect=True)(test)


def heard(path):
    """Samples of a WAV, (length, channels), from -1 to 1."""
    with av.open(str(path)) as file:
        blocks = [frame.to_ndarray() for frame in file.decode(audio=0)]
        channels, rate = file.streams.audio[0].channels, file.streams.audio[0].rate
    assert rate == RATE and blocks[0].dtype == np.int32
    return np.concatenate([block.reshape(-1, channels) for block in blocks]).astype(np.float64) / 2**31


def mixed(stand, folder):
    """Blender's own mixdown of the scene."""
    path = folder / "mixdown.wav"
    code = (
        "scene.render.ffmpeg.audio_mixrate = 48000; scene.render.ffmpeg.audio_channels = 'STEREO'\n"
        f"bpy.ops.sound.mixdown(filepath={str(path)!r}, check_existing=False, container='WAV', codec='PCM', format='S24')"
    )
    stand.run(code)
    return heard(path)


def lag(music, mix):
    """By how many samples the music is late in the mix, and how alike they are there."""
    length = min(len(music), len(mix))
    a, b = music[:length].mean(axis=1), mix[:length].mean(axis=1)
    size = 1 << (2 * length - 1).bit_length()
    spectrum = np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size))
    peak = np.fft.irfft(spectrum, size)
    at = int(np.argmax(peak))
    return (at if at < size // 2 else at - size), peak[at] / (np.linalg.norm(a) * np.linalg.norm(b))


def button(stand, name, **settings):
    for key, value in settings.items():
        stand.run(f"scene.hitpoint_score.{key} = {value!r}")
    return stand.run(
        "import hitpoint_score.panel as panel\n"
        f"try: answer = list(bpy.ops.hitpoint.{name}())\n"
        "except RuntimeError as error: answer = [str(error)]\n"
        "told = panel.session\n"
        "answer += [told.state, told.words, told.warnings] if told else []"
    )


@pytest.mark.parametrize(
    ("room", "rate", "start"),
    [(program, "60000/1001", 215_784), (program, "24000/1001", 86_400), (wheel, "24000/1001", 86_400)],
    ids=["installed-59.94", "installed-23.976", "later-23.976"],
    indirect=["room"],
)
def test_a_sequence_is_scored_by_a_press_of_the_button_and_sounds_in_time(stand, tmp_path, rate, start):
    per_second = round(float(eval(rate)))
    shots = tuple(per_second * part // 2 for part in (3, 2, 4, 3))
    stand.make(Cut(rate=rate, start=start, shots=shots, markers=((shots[0], "hit: the door"),)))
    stand.run(
        "m = strips.new_meta('meta', 3, named('shot 3').frame_final_start)\n"
        "third = named('shot 3'); first, last = third.frame_final_start, third.frame_final_end\n"
        "third.move_to_meta(m); m.frame_final_end = last\n"
        "two = named('shot 2')\n"
        "fast = effect('fast', 'SPEED', 2, two.frame_final_start, two.frame_final_end, two)\n"
        "fast.speed_control = 'MULTIPLY'; fast.speed_factor = 1.5"
    )
    stand.do("save")
    before = stand.snapshot()
    state = button(stand, "score", seed=3, markers="storyboards")
    assert state[:2] == ["FINISHED", "done"], state
    stand.reopen()
    (lying,) = [clip for clip in stand.sounds() if clip.track == SCORE]
    assert (lying.start, lying.frames) == (0, sum(shots))
    report = json.loads((lying.sound.parent / "report.json").read_text())
    cuts = [hit["frame"] for hit in report["hits"] if hit["kind"] in ("cut", "marker", "storyboard")]
    assert {shots[0], sum(shots[:2]), sum(shots[:3])} <= set(cuts)
    music = heard(lying.sound)
    assert len(music) == round(sum(shots) / eval(rate) * RATE)
    late, alike = lag(music, mixed(stand, tmp_path))
    assert (late, alike > 0.99) == (0, True), (late, alike)
    assert button(stand, "remove")[0] == "FINISHED"
    after = stand.snapshot()
    assert {**after, "scene": before["scene"]} == before


def tone(path, seconds):
    """A steady tone."""
    wav = np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE) * 0.25
    data = (np.repeat(wav[:, None], 2, axis=1) * 2**23).astype("<i4")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(RATE)
        file.writeframes(data.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    return path


def test_ducking_is_keyframes_that_are_heard_and_go_with_the_score(stand, tmp_path):
    stand.make(Cut(shots=(96, 96)))
    before = stand.snapshot()
    host = stand.host()
    duck = ((0, 0.0), (48, 0.0), (54, -12.0), (96, -12.0), (108, 0.0))
    music = Music((Sound(tone(tmp_path / "tone.wav", 8)),), 192, "24", {"seed": 0}, duck=duck)
    host.place(music)
    assert stand.snapshot()["animated"]
    mix = mixed(stand, tmp_path)
    loud = {frame: np.std(mix[frame * 2000 : (frame + 6) * 2000]) for frame in (24, 70, 130)}
    assert 20 * np.log10(loud[70] / loud[24]) == pytest.approx(-12, abs=0.1)
    assert loud[130] == pytest.approx(loud[24], rel=0.01)
    host.place(Music(music.sounds, 192, "24", {"seed": 1}))
    assert not stand.snapshot()["animated"]
    host.place(music)
    host.remove()
    assert stand.snapshot() == before


def test_a_volume_that_somebody_set_stays_when_the_score_is_made_anew(stand, tmp_path):
    stand.make(Cut(shots=(48,)))
    host = stand.host()
    music = Music((Sound(tone(tmp_path / "tone.wav", 2)),), 48, "24", {})
    host.place(music)
    stand.run("next(s for s in strips if s.type == 'SOUND').volume = 0.5")
    host.place(music)
    assert stand.run("answer = next(s for s in strips if s.type == 'SOUND').volume") == 0.5


def test_a_copy_of_our_strip_is_somebodys_own_and_stays(stand, tmp_path):
    stand.make(Cut(shots=(48,)))
    host = stand.host()
    music = Music((Sound(tone(tmp_path / "tone.wav", 2)),), 48, "24", {})
    host.place(music)
    stand.run(
        "s = next(s for s in strips if s.type == 'SOUND')\n"
        "t = strips.new_sound('copy', s.sound.filepath, s.channel + 1, 100); t['hitpoint'] = s['hitpoint']"
    )
    placed = host.place(music)
    assert placed.tracks == ("Hitpoint Score 2",) and "copied" in placed.warnings[0]
    assert host.remove().tracks == ("Hitpoint Score 2",)
    assert len(stand.sounds()) == 2


def test_markers_of_a_score_whose_strip_was_deleted_by_hand_go_with_the_next_removal(stand, tmp_path):
    stand.make(Cut(shots=(48,), markers=((10, "One"),)))
    before = stand.snapshot()
    host = stand.host()
    marks = (Mark(10, "One"), Mark(20, "Two"))
    host.place(Music((Sound(tone(tmp_path / "tone.wav", 2)),), 48, "24", {}, marks))
    assert (
        stand.run(
            "s = next(s for s in strips if s.type == 'SOUND'); strips.remove(s)\nanswer = len(scene.timeline_markers)"
        )
        == 3
    )
    assert host.remove().marks == 2
    assert stand.snapshot() == before


@one_version
def test_no_free_channel_is_said_and_nothing_changes(stand, tmp_path):
    stand.make(Cut(shots=(48,)))
    stand.run("for n in range(2, len(scene.sequence_editor.channels)): scene.sequence_editor.channels[n].lock = True")
    before = stand.snapshot()
    with pytest.raises(Exception, match="1 free channels are needed"):
        stand.host().place(Music((Sound(tone(tmp_path / "tone.wav", 2)),), 48, "24", {}))
    assert stand.snapshot() == before


def test_a_sound_that_is_none_is_refused_and_nothing_changes(stand, tmp_path):
    stand.make(Cut(shots=(48,)))
    before = stand.snapshot()
    (tmp_path / "score.wav").write_bytes(b"no sound at all")
    host = stand.host()
    for sounds in (
        (Sound(tmp_path / "score.wav"),),
        (Sound(tone(tmp_path / "t.wav", 2), "a"), Sound(tmp_path / "score.wav", "b")),
    ):
        with pytest.raises(Exception, match="the scene is as it was"):
            host.place(Music(sounds, 48, "24", {}, (Mark(1, "One"),)))
        assert stand.snapshot() == before


@one_version
def test_another_file_that_was_opened_meanwhile_is_not_written_to(stand, tmp_path):
    stand.make(Cut(shots=(48,)))
    host = stand.host()
    host.read()
    stand.make(Cut(shots=(48,), name="another"))
    before = stand.snapshot()
    with pytest.raises(Exception, match="another file was opened"):
        host.place(Music((Sound(tone(tmp_path / "tone.wav", 2)),), 48, "24", {}))
    assert stand.snapshot() == before


@one_version
@pytest.mark.parametrize("python", ["", "/nowhere/python", "/bin/false", sys.base_prefix + "/bin/python3"])
def test_a_wrong_python_is_said_in_one_line(stand, python):
    stand.make(Cut(shots=(48,)))
    before = stand.snapshot()
    words = stand.run(
        "import hitpoint_score.panel as panel\n"
        "was = panel.python\n"
        f"panel.python = lambda: {python!r}\n"
        "panel.session = None\n"
        "try: answer = str(bpy.ops.hitpoint.score())\n"
        "except RuntimeError as error: answer = str(error)\n"
        "panel.python = was"
    )
    assert "hitpoint" in words.lower() and "Traceback" not in words, words
    assert stand.snapshot() == before


@one_version
def test_our_process_that_dies_halfway_is_said_and_nothing_changes(stand):
    stand.make(Cut(shots=(240, 240)))
    before = stand.snapshot()
    words = stand.run(
        "import hitpoint_score.panel as panel\n"
        "session = panel.Session(panel.python(), 'score', {'seed': 1})\n"
        "session.wait(until=lambda: session.fraction > 0.05)\n"
        "session._process.kill()\n"
        "session.wait()\n"
        "answer = [session.state, session.words]"
    )
    assert words[0] == "failed" and "as it was" in words[1], words
    assert stand.snapshot() == before


@one_version
def test_cancelling_ends_the_work_and_nothing_changes(stand):
    stand.make(Cut(shots=(240, 240)))
    before = stand.snapshot()
    words = stand.run(
        "import hitpoint_score.panel as panel\n"
        "session = panel.Session(panel.python(), 'score', {'seed': 1})\n"
        "session.wait(until=lambda: session.fraction > 0.05)\n"
        "session.cancel(); session.wait()\n"
        "answer = [session.state, session.words, session._process.wait(30)]"
    )
    assert words[0] == "cancelled" and words[2] in (0, 130), words
    assert stand.snapshot() == before


@one_version
def test_our_process_ends_when_blender_dies(stand, room):
    stand.make(Cut(shots=(240, 240)))
    process = stand.run(
        "import hitpoint_score.panel as panel\n"
        "session = panel.Session(panel.python(), 'score', {'seed': 1})\n"
        "session.wait(until=lambda: session.fraction > 0.02)\n"
        "panel.session = session; answer = session._process.pid"
    )
    room.blender.process.kill()
    room.blender.process.wait()
    until = time.monotonic() + 40
    while time.monotonic() < until and Path(f"/proc/{process}/cmdline").exists():
        if b"bridge" not in Path(f"/proc/{process}/cmdline").read_bytes():
            break
        threading.Event().wait(0.05)
    else:
        assert time.monotonic() < until, "it is still there"


@one_version
def test_from_outside_the_command_line_scores_what_blender_has_open(stand, room, tmp_path):
    stand.make(Cut(shots=(48, 72, 48)))
    before = stand.snapshot()
    stand.do("meet")
    environment = {**os.environ, "HITPOINT_DATA": str(room.folder / "data")}
    command = [sys.executable, "-m", "hitpoint", "score", "--host", "blender", "--no-look", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=240)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["host"]["tracks"] == [SCORE]
    assert [(clip.start, clip.frames) for clip in stand.sounds()] == [(0, 168)]
    command = [sys.executable, "-m", "hitpoint", "unscore", "--host", "blender", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120)
    assert (done.returncode, json.loads(done.stdout)["tracks_removed"]) == (0, 1), done.stderr
    assert stand.snapshot() == before
    assert not list((room.folder / "data" / "meetings").iterdir())
