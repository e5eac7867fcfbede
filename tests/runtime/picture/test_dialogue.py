"""Dialogue, by what an editor would hear: where people speak, and where they do not."""

import io
import subprocess
import time
import wave
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from hitpoint.plugin.demo.voice import babble
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import AudioTrack, Cut, Edit, Shot, Source
from hitpoint.runtime.engines.registry import engine
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.picture import dialogue as module
from hitpoint.runtime.picture.dialogue import Dialogue, dialogue, prior
from hitpoint.runtime.picture.hearing import Ear, mono
from hitpoint.runtime.picture.media import Unreadable
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

RATE = 16_000
FPS = 50


def write(path, channels, rate=RATE, layout=None, codec="pcm_s16le", streams=1, late=0.0):
    """Sound (channels, n) in a file; more streams than one are silent until the last."""
    channels = np.atleast_2d(channels).astype(np.float32)
    with av.open(str(path), "w") as container:
        layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(channels)]
        made = [container.add_stream(codec, rate=rate, layout=layout) for _ in range(streams)]
        for at in range(0, channels.shape[1], 4096):
            for stream in made:
                block = np.ascontiguousarray(channels[:, at : at + 4096]) * np.float32(stream is made[-1])
                frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
                frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), at + round(late * rate)
                container.mux(stream.encode(frame))
        for stream in made:
            container.mux(stream.encode(None))
    return path


def source(path, start=0, end=1000, at=0, speed=1):
    return Source(start, end, str(path), Fraction(at), Fraction(speed))


def edit_of(*sources, name="A1", frames=None):
    clips = tuple(Shot(s.start, s.end, "clip", s.media, True, (s,)) for s in sources)
    return Edit("cut", Rate.of(FPS), frames or max(s.end for s in sources), audio_tracks=(AudioTrack(name, clips),))


def marks(found: Dialogue, frames: int):
    """For each 100 ms whether speech was found in most of it."""
    out = np.zeros(frames, bool)
    for stretch in found.stretches:
        out[stretch.start : stretch.end] = True
    return out.reshape(-1, 5).mean(axis=1) >= 0.5


def heard(path, seconds=20.0, **more):
    frames = round(seconds * FPS)
    return marks(dialogue(edit_of(source(path, 0, frames, **more))), frames)


def cells(sound):
    """For each 100 ms whether clean speech sounds in it; pauses of up to 0.3 s belong to it."""
    power = np.mean(sound[: sound.size // 1600 * 1600].reshape(-1, 1600).astype(np.float64) ** 2, axis=1)
    out = power > np.percentile(power[power > 1e-9], 90) * 1e-4
    for a, b in pairwise(np.flatnonzero(out)):
        out[a:b] |= b - a <= 4
    return out


def scores(found, truth):
    both = (found & truth).sum()
    return both / max(found.sum(), 1), both / truth.sum()


def level(sound, rms=0.1):
    return (sound * (rms / np.sqrt(np.mean(sound.astype(np.float64) ** 2)))).astype(np.float32)


def spoken(program, lines, seconds):
    """Lines of (voice, speed, words) by espeak-ng with pauses, and the truth."""
    out, at = np.zeros(round(seconds * RATE), np.float32), 2 * RATE
    for voice, speed, words in lines:
        done = subprocess.run(
            [program, "-v", voice, "-s", str(speed), "--stdout", words], capture_output=True, check=True
        )
        with wave.open(io.BytesIO(done.stdout)) as file:
            said = np.frombuffer(file.readframes(1 << 30), "<i2").astype(np.float32)
            said = np.interp(np.arange(0, said.size, file.getframerate() / RATE), np.arange(said.size), said)
        assert at + said.size + RATE < out.size
        out[at : at + said.size] = level(said)
        at += said.size + round(1.6 * RATE)
    return out[: at + RATE // 2 // 1600 * 1600], cells(out[: at + RATE // 2 // 1600 * 1600])


# Voices and languages that the gate was not fitted on.
LINES = (
    ("en-gb+m2", 160, "Nobody told us that the bridge was closed, so we walked along the river until it got dark."),
    ("fr-fr+f4", 155, "Je ne sais pas pourquoi il est parti si vite, il n'a rien dit à personne."),
    ("it+m5", 180, "Domani mattina andiamo al mercato, e poi torniamo a casa con il treno."),
    ("sv+f2", 165, "Det var en gång en gammal man som bodde ensam vid havet."),
    ("en-gb+f5", 190, "Wait! You can't go in there."),
    ("pl+m7", 160, "Nie wiem, gdzie zostawiłem klucze, ale na pewno gdzieś tutaj są."),
)


@pytest.fixture(scope="module")
def speech(program):
    return spoken(program("espeak-ng", "espeak-ng"), LINES, 60)


@pytest.fixture(scope="module")
def music():
    """Forty seconds of our own composer's, mono at 16 kHz."""
    cuts = tuple(Cut(frame) for frame in range(30, 970, 75))
    sheet = plan(Edit("made", Rate.of(25), 1000, picture_start=0, picture_end=1000, cuts=cuts))
    blocks = [sum(b.stems.values()) for b in engine("composer").perform(sheet, seed=77, progress=silent).blocks]
    return level(np.concatenate(blocks).mean(axis=1).reshape(-1, 3).mean(axis=1))


@pytest.fixture(scope="module")
def voice():
    """Twenty seconds of the demo's voice at 48 kHz, of a seed that the gate was not fitted on."""
    return babble(20, 7)


@pytest.fixture(scope="module")
def spoken_file(voice, tmp_path_factory):
    return write(tmp_path_factory.mktemp("media") / "voice.wav", voice, 48_000)


@pytest.fixture(scope="module")
def truth(voice):
    return cells(voice[::3])


def room(samples, seed=3):
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    spectrum /= np.maximum(np.arange(spectrum.size), 50) ** 0.7
    return level(np.fft.irfft(spectrum, samples))


@pytest.mark.parametrize("below", [None, 20, 10])
def test_voices_are_found_over_silence_and_over_a_noisy_room(speech, tmp_path, below):
    sound, truth = speech
    if below is not None:
        sound = sound + room(sound.size) * np.float32(10 ** (-below / 20))
    precision, recall = scores(heard(write(tmp_path / "a.wav", sound * 0.5), truth.size / 10), truth)
    assert precision >= 0.9
    assert recall >= 0.9


@pytest.mark.parametrize("below", [15, 10, 5])
def test_voices_are_found_over_music(speech, music, tmp_path, below):
    sound, truth = speech
    sound = sound + np.resize(music, sound.size) * np.float32(10 ** (-below / 20))
    precision, recall = scores(heard(write(tmp_path / "a.wav", sound * 0.5), truth.size / 10), truth)
    assert recall >= 0.9
    assert precision >= 0.85


def test_music_alone_is_no_dialogue(music, tmp_path):
    assert heard(write(tmp_path / "a.wav", music * 0.5), 40).mean() < 0.03


def riff(tempo, seed):
    """Sixteenths of a synthesiser that opens and closes, over a drum: as fast as syllables, and again in every bar."""
    rng, length = np.random.default_rng(seed), round(15 / tempo * RATE)
    line, phases = rng.choice([0, 3, 5, 7, 10, 12], 16) + rng.integers(33, 45), rng.uniform(0, 6, 20)
    time, beat = np.arange(length) / RATE, np.arange(4 * length) / RATE
    notes = []
    for n in range(20 * RATE // length):
        pitch, fall = 440 * 2 ** ((line[n % 16] - 69) / 12), 1.3 + 0.7 * np.sin(2 * np.pi * n / 64)
        tones = sum(np.sin(2 * np.pi * k * pitch * time + phases[k - 1]) / k**fall for k in range(1, 21))
        notes.append(tones * np.clip(time / 0.003, 0, 1) * np.clip((0.9 * length / RATE - time) / 0.03, 0, 1))
    drum = np.sin(2 * np.pi * np.cumsum(45 + 120 * np.exp(-beat / 0.03)) / RATE) * np.exp(-beat / 0.09)
    out = np.concatenate(notes)
    return level(0.5 * out + 1.2 * np.resize(drum, out.size))


def test_a_riff_as_fast_as_syllables_is_no_dialogue(tmp_path):
    tunes = [
        heard(write(tmp_path / "a.wav", riff(tempo, seed)), 19.8) for seed, tempo in enumerate((120, 126, 138, 124))
    ]
    assert np.mean(tunes) < 0.05


def hum():
    time = np.arange(20 * RATE) / RATE
    return level(sum(np.sin(2 * np.pi * 50 * n * time) / n for n in range(1, 12)))


def motor():
    speed = 60 + 20 * np.sin(2 * np.pi * 0.2 * np.arange(20 * RATE) / RATE)
    phase = 2 * np.pi * np.cumsum(speed) / RATE
    return level(sum(np.sin(n * phase) / n**0.7 for n in range(1, 25)) + 0.3 * room(20 * RATE))


def claps():
    rng, out = np.random.default_rng(1), np.zeros(20 * RATE)
    for at in rng.integers(0, out.size - 400, 1200):
        out[at : at + 400] += rng.standard_normal(400) * np.exp(-np.arange(400) / 80) * rng.uniform(0.2, 1)
    return level(out)


@pytest.mark.parametrize("make", [hum, motor, claps, lambda: room(20 * RATE), lambda: np.zeros(20 * RATE)])
def test_machines_hum_applause_and_nothing_are_no_dialogue(make, tmp_path):
    assert heard(write(tmp_path / "a.wav", make())).mean() < 0.02


def test_the_demos_voice_is_dialogue(spoken_file, truth):
    precision, recall = scores(heard(spoken_file), truth)
    assert precision > 0.85
    assert recall > 0.85


def silence_around(sound, count, place):
    out = np.zeros((count, sound.size), np.float32)
    out[place] = sound
    return out


@pytest.mark.parametrize(
    "lay",
    [
        lambda v: np.stack([v, v]),
        lambda v: np.stack([v, -v]),
        lambda v: silence_around(v, 2, 1),
        lambda v: silence_around(v, 6, 2),
        lambda v: silence_around(v, 6, 0),
    ],
    ids=["dual mono", "one side upside down", "right only", "centre of 5.1", "front left of 5.1"],
)
def test_a_voice_is_found_wherever_it_lies_in_the_layout(lay, voice, truth, tmp_path):
    precision, recall = scores(heard(write(tmp_path / "a.wav", lay(voice[::3]))), truth)
    assert precision > 0.85
    assert recall > 0.8


def test_a_voice_in_the_centre_is_found_under_loud_sides(voice, truth, tmp_path):
    channels = silence_around(voice[::3], 6, 2)
    channels[[0, 1, 4, 5]] = [2 * level(room(channels.shape[1], n)) for n in range(4)]
    assert scores(heard(write(tmp_path / "a.wav", channels)), truth)[1] > 0.8


# At 8 kHz the hisses are gone, and with them a part of what tells a voice.
@pytest.mark.parametrize(("rate", "least"), [(8_000, 0.7), (44_100, 0.85), (96_000, 0.85)])
def test_any_rate_of_samples_will_do(rate, least, voice, truth, tmp_path):
    frame = av.AudioFrame.from_ndarray(voice.reshape(1, -1), "fltp", "mono")
    frame.sample_rate = 48_000
    sound = np.concatenate([piece.to_ndarray()[0] for piece in av.AudioResampler("fltp", "mono", rate).resample(frame)])
    precision, recall = scores(heard(write(tmp_path / "a.wav", sound, rate)), truth)
    assert precision > 0.8
    assert recall > least


def test_a_voice_in_the_last_of_several_streams_is_found(voice, truth, tmp_path):
    path = write(tmp_path / "a.mov", voice[::3], streams=4)
    assert scores(heard(path), truth)[1] > 0.85


def test_compressed_sound_is_found_where_it_is(voice, truth, tmp_path):
    path = write(tmp_path / "a.m4a", voice, 48_000, codec="aac")
    assert scores(heard(path), truth)[1] > 0.85
    whole = heard(path)
    part = heard(path, 8.0, at=7)
    assert (part[10:-10] == whole[80:140]).mean() > 0.9


def test_only_the_part_that_plays_counts_and_lands_on_its_frames(spoken_file, truth):
    whole = dialogue(edit_of(source(spoken_file, 0, 1000))).stretches
    # The same ten seconds, four seconds in, placed at frame 300 behind a gap.
    moved = dialogue(edit_of(source(spoken_file, 300, 800, at=4))).stretches
    assert moved[0].start >= 300
    assert moved[-1].end <= 800
    inside = [s for s in whole if s.start > 250 and s.end < 650]
    assert inside
    for stretch in inside:
        assert any(abs(s.start - 100 - stretch.start) <= 5 and abs(s.end - 100 - stretch.end) <= 5 for s in moved)


def test_a_voice_cut_into_many_clips_is_found_like_a_whole_one(spoken_file):
    pieces = [source(spoken_file, n, n + 20, at=Fraction(n, FPS)) for n in range(0, 1000, 20)]
    together = marks(dialogue(edit_of(*pieces)), 1000)
    assert (together == heard(spoken_file)).mean() > 0.99


def test_speed_up_to_a_quarter_is_followed(spoken_file, truth):
    fast = heard(spoken_file, 18.0, speed=Fraction(11, 10))
    wanted = truth[np.minimum((np.arange(fast.size) * 1.1).astype(int), truth.size - 1)]
    precision, recall = scores(fast, wanted)
    assert precision > 0.8
    assert recall > 0.8


@pytest.mark.parametrize("speed", [-1, 0, 2, Fraction(1, 2)])
def test_what_plays_backwards_or_at_another_pace_is_not_searched(spoken_file, speed):
    found = dialogue(edit_of(source(spoken_file, 0, 400, at=10, speed=speed)))
    assert found == Dialogue()


def test_two_tracks_become_one_line_of_stretches(spoken_file, tmp_path):
    first = edit_of(source(spoken_file, 0, 1000), name="Anna").audio_tracks[0]
    second = edit_of(source(spoken_file, 1200, 2200), source(spoken_file, 500, 900, at=2), name="Ben").audio_tracks[0]
    found = dialogue(Edit("cut", Rate.of(FPS), 2200, audio_tracks=(first, second)))
    assert all(a.end < b.start for a, b in pairwise(found.stretches))
    assert found.stretches[0].track == "Anna"
    assert found.stretches[-1].track == "Ben"
    assert all(0.5 < s.confidence <= 1 for s in found.stretches)
    alone = dialogue(Edit("cut", Rate.of(FPS), 2200, audio_tracks=(first,)))
    assert marks(found, 2200)[:200].sum() >= marks(alone, 2200)[:200].sum()


def test_pieces_join_without_a_seam(spoken_file, monkeypatch):
    whole = heard(spoken_file)
    monkeypatch.setattr(module, "PIECE", 6 * RATE)
    assert (heard(spoken_file) == whole).mean() > 0.97


def test_the_same_edit_gives_the_same_stretches(spoken_file):
    edit = edit_of(source(spoken_file))
    assert dialogue(edit) == dialogue(edit)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        *((name, 1) for name in ("Dialogue 1", "VO", "O-Ton", "Diálogos", "对白轨", "Диалоги", "インタビュー2")),
        *((name, -1) for name in ("Music", "MX_stem", "Geräusche", "M&E", "Ambiance", "音楽")),
        *((name, 0) for name in ("A1", "", "Voice and music", "Novo")),
    ],
)
def test_a_tracks_name_speaks_for_or_against(name, says):
    assert np.sign(prior(name)) == says


def test_a_name_tips_the_balance_and_decides_nothing(spoken_file, music, tmp_path):
    tune = write(tmp_path / "tune.wav", music * 0.5)
    assert marks(dialogue(edit_of(source(tune, 0, 2000), name="Dialogue")), 2000).mean() < 0.2
    said = {name: dialogue(edit_of(source(spoken_file), name=name)).stretches for name in ("Dialogue", "A1", "Music")}
    length = {name: sum(s.end - s.start for s in stretches) for name, stretches in said.items()}
    assert length["Dialogue"] >= length["A1"] >= length["Music"] > 0


def test_what_cannot_be_read_is_said_and_the_rest_is_found(spoken_file, tmp_path):
    empty, text, gone = tmp_path / "empty.wav", tmp_path / "text.mov", tmp_path / "gone.wav"
    empty.touch()
    text.write_text("not a film")
    clips = [source(path, 0, 100) for path in (empty, text, gone)]
    found = dialogue(edit_of(*clips, source(spoken_file, 100, 1100)))
    assert len(found.warnings) == 3
    for path in (empty, text, gone):
        assert sum(line.startswith(f"{path}: ") for line in found.warnings) == 1
    assert found.stretches


@pytest.mark.parametrize("harm", ["cut short", "overwritten"])
def test_a_damaged_medium_gives_what_is_left_of_it(harm, voice, tmp_path):
    path = write(tmp_path / "a.mp3", voice, 48_000, codec="mp3")
    data = bytearray(path.read_bytes())
    if harm == "cut short":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2 :] = np.random.default_rng(1).bytes(len(data) - len(data) // 2)
    path.write_bytes(data)
    assert heard(path)[:90].any()


def test_a_file_without_sound_is_said(tmp_path):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode(None))
    found = dialogue(edit_of(source(tmp_path / "a.mp4", 0, 50)))
    assert found == Dialogue((), (f"{tmp_path / 'a.mp4'}: has no sound; no dialogue is sought in it",))


def test_an_edit_without_sound_has_no_dialogue():
    assert dialogue(Edit("cut", Rate.of(25), 100)) == Dialogue()


def test_media_are_found_where_the_caller_says(spoken_file):
    named = edit_of(replace(source(spoken_file), media="reel 7"))
    assert dialogue(named, find=lambda name: spoken_file if name == "reel 7" else None).stretches
    assert dialogue(named).warnings == ("reel 7: not found; no dialogue is sought in it",)


def test_it_stops_within_a_second(voice, tmp_path):
    path = write(tmp_path / "long.wav", np.tile(voice[::3], 60))
    stopped = []

    def progress(fraction, words):
        assert words
        if fraction > 0 or stopped:
            stopped.append(time.monotonic())
            raise Cancelled

    with pytest.raises(Cancelled):
        dialogue(edit_of(source(path, 0, 60_000)), progress=progress)
    assert time.monotonic() - stopped[0] < 1


def test_progress_runs_from_nothing_to_all(spoken_file):
    said = []
    dialogue(edit_of(source(spoken_file)), progress=lambda fraction, _: said.append(fraction))
    assert said[0] == 0
    assert said[-1] == 1
    assert said == sorted(said)


def test_a_short_clip_of_a_long_file_reads_little_of_it(voice, tmp_path):
    path = write(tmp_path / "long.wav", np.tile(voice[::3], 15))
    packets = {}
    for seconds in (5, 300):
        ear = Ear(path)
        calls = []
        ear.listen(Fraction(0 if seconds == 300 else 200), seconds * RATE, RATE, lambda calls=calls: calls.append(1))
        ear.close()
        packets[seconds] = len(calls)
    assert packets[5] < packets[300] / 20


def test_listening_gives_the_very_samples(voice, tmp_path):
    path = write(tmp_path / "a.wav", voice[::3])
    ear = Ear(path)
    (line,) = ear.listen(Fraction(5), 4000, RATE, lambda: None)
    (early,) = ear.listen(Fraction(-1, 8), 4000, RATE, lambda: None)
    ear.close()
    np.testing.assert_allclose(line, voice[::3][5 * RATE : 5 * RATE + 4000], atol=1e-4)
    assert not early[:2000].any()
    np.testing.assert_allclose(early[2000:], voice[::3][:2000], atol=1e-4)
    with pytest.raises(Unreadable):
        Ear(tmp_path)


def test_a_centre_is_heard_apart_from_what_is_around_it():
    channels = np.zeros((6, 10), np.float32)
    channels[2], channels[4] = 0.5, 1.0
    centre, rest = mono(channels, ["FL", "FR", "FC", "LFE", "BL", "BR"])
    assert (centre == 0.5).all()
    np.testing.assert_allclose(rest, 0.2 * 5**0.5, rtol=1e-6)


def test_samples_that_are_no_numbers_do_no_harm(voice, truth, tmp_path):
    sound = voice[::3].copy()
    sound[5000:5100] = np.nan
    sound[8000:8010] = np.inf
    path = write(tmp_path / "a.wav", sound, codec="pcm_f32le")
    assert scores(heard(path), truth)[1] > 0.8
