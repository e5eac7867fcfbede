"""Music with recorded instruments, where fluidsynth and a General MIDI sound font are installed. The weights are not fitted on it."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
from dialogue_sounds import MAJOR, MINOR, _degree, level
from dialogue_speech import RATE, Sound

FONTS = (
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
)
PPQ = 480
# General MIDI programs from 0: what leads, what accompanies, what lies below.
LEADS = (0, 11, 22, 26, 40, 42, 56, 60, 65, 68, 71, 73, 75, 80)
SUNG = (52, 53, 54)  # choir and voices
PADS = (4, 16, 24, 27, 46, 48, 50, 61, 88, 92)
BASSES = (32, 33, 38, 43)


def font() -> str | None:
    return next((path for path in FONTS if Path(path).exists()), None) if shutil.which("fluidsynth") else None


def band(seconds: float, rng: np.random.Generator, leads: tuple[int, ...] = LEADS) -> Sound:
    """A tune, chords, a bass and most often drums, by instruments drawn at random."""
    tempo = rng.uniform(65, 140)
    root, scale, chords = int(rng.integers(45, 57)), (MAJOR if rng.random() < 0.5 else MINOR), rng.choice(7, 4)
    events: list[tuple[int, bytes]] = []

    def note(channel: int, pitch: int, at: float, beats: float, velocity: float) -> None:
        start, end = round(at * PPQ), round((at + beats) * PPQ)
        events.append((start, bytes([0x90 | channel, pitch & 127, int(velocity)])))
        events.append((end, bytes([0x80 | channel, pitch & 127, 0])))

    for channel, programs in enumerate((leads, PADS, BASSES)):
        events.append((0, bytes([0xC0 | channel, int(rng.choice(programs))])))
    drums = rng.random() < 0.7
    bars = int(seconds * tempo / 240) + 1
    degree = 7
    for bar in range(bars):
        chord = int(chords[bar % 4])
        for voice in (0, 2, 4):
            note(1, _degree(root + 12, scale, chord + voice), bar * 4, 4, rng.uniform(45, 80))
        for beat in range(4):
            note(2, _degree(root - 12, scale, chord), bar * 4 + beat, 0.9, 85)
            if drums:
                note(9, 36 if beat % 2 == 0 else 38, bar * 4 + beat, 0.2, 95)
                note(9, 42, bar * 4 + beat, 0.2, 60)
                note(9, 42, bar * 4 + beat + 0.5, 0.2, 50)
        at = 0.0
        while at < 4:
            length = float(rng.choice([0.5, 0.5, 1, 1, 2]))
            degree = int(np.clip(degree + rng.integers(-3, 4), 0, 14))
            if rng.random() < 0.85:
                note(0, _degree(root + 12, scale, degree), bar * 4 + at, length, rng.uniform(70, 115))
            at += length
    events.sort(key=lambda event: event[0])
    body, last = bytearray(b"\0\xff\x51\x03" + round(60e6 / tempo).to_bytes(3, "big")), 0
    for at, message in events:
        body += _variable(at - last) + message
        last = at
    body += b"\0\xff\x2f\0"
    file = struct.pack(">4sIHHH", b"MThd", 6, 0, 1, PPQ) + b"MTrk" + struct.pack(">I", len(body)) + bytes(body)
    return _played(file, seconds)


def sung(seconds: float, rng: np.random.Generator) -> Sound:
    """The same with a choir or a synthetic voice as the lead."""
    return band(seconds, rng, SUNG)


def _played(file: bytes, seconds: float) -> Sound:
    sound_font = font()
    assert sound_font is not None
    with tempfile.TemporaryDirectory() as folder:
        tune, out = Path(folder) / "a.mid", Path(folder) / "a.wav"
        tune.write_bytes(file)
        call = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-F", str(out), "-T", "wav", sound_font, str(tune)]
        subprocess.run(call, check=True, capture_output=True)
        with wave.open(str(out)) as sound:
            samples = np.frombuffer(sound.readframes(1 << 30), "<i2").reshape(-1, sound.getnchannels())
            assert sound.getframerate() == RATE
    return level((samples.mean(axis=1) / 32768).astype(np.float32)[: round(seconds * RATE)])


def _variable(value: int) -> bytes:
    """A MIDI delta time: seven bits a byte."""
    out = [value & 127]
    while value := value >> 7:
        out.append(value & 127 | 128)
    return bytes(reversed(out))
