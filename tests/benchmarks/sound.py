"""What the composer's instruments measure, note by note, and pictures of their spectra.

`.venv/bin/python tests/benchmarks/sound.py [FOLDER]`: with a folder, a PNG of every instrument's spectrogram goes there,
and styles.png, the same edit in every style, one below the other in the order of their names: low tones below.
"""

import runpy
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from machine import describe
from rules import film, with_mood

from hitpoint.runtime.engines.composer import style
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.engines.composer.event import EFFECTS, KITS, PITCHED
from hitpoint.runtime.engines.composer.instruments.rack import Rack
from hitpoint.runtime.progress import silent

heard = SimpleNamespace(**runpy.run_path(str(Path(__file__).parent.parent / "runtime/engines/composer/sounding.py")))
FRAME, HOP, RANGE_DB = 2048, 512, 90


def spectrogram(sound: np.ndarray) -> np.ndarray:
    """(height, width) from 0 to 255, low tones below."""
    line = np.pad(sound.mean(axis=1), (0, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(line, FRAME)[::HOP] * np.hanning(FRAME)
    level = 20 * np.log10(np.abs(np.fft.rfft(frames))[:, : FRAME * 5 // 12] + 1e-7)
    return (255 * np.clip((level - level.max()) / RANGE_DB + 1, 0, 1)).astype(np.uint8).T[::-1]


def write_png(path: Path, grey: np.ndarray) -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(grey))
    parts = (
        (b"IHDR", struct.pack(">2I5B", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def pitched(rack: Rack, voice: str) -> str:
    worst = {"above": -200.0, "dc": -200.0, "cents": 0.0}
    levels = []
    low, _, high = heard.RANGES[voice]
    for pitch in range(low, high + 1, 5):
        for velocity in (0.2, 0.7, 1.0):
            sound = rack.sound(heard.event(voice, pitch, velocity, 2.0))
            worst["above"] = max(worst["above"], heard.above(sound, 18_000))
            worst["dc"] = max(worst["dc"], heard.direct_current(sound))
            worst["cents"] = max(worst["cents"], abs(heard.cents_off(sound, pitch)))
            if velocity == 0.7:
                levels.append(heard.loudness(sound))
    rise = heard.rise(rack.sound(heard.event(voice, heard.RANGES[voice][1], 0.8)), 0.1)
    return (
        f"{voice:15} above 18 kHz {worst['above']:6.0f} dB, DC {worst['dc']:6.0f} dB, off pitch {worst['cents']:4.1f} cents, "
        f"speaks in {1000 * rise:4.1f} ms, {min(levels):6.1f} to {max(levels):6.1f} LUFS over its range"
    )


def unpitched(rack: Rack, voice: str, pitches: tuple[int, ...]) -> str:
    sounds = [rack.sound(heard.event(voice, pitch, 0.8, 1.0)) for pitch in pitches]
    above, dc = max(heard.above(each, 18_000) for each in sounds), max(heard.direct_current(each) for each in sounds)
    loud = heard.loudness(sounds[0])
    return f"{voice:15} above 18 kHz {above:6.0f} dB, DC {dc:6.0f} dB, {loud:6.1f} LUFS"


def in_style(name: str, seconds: float = 30.0) -> tuple[np.ndarray, str]:
    """The spectrogram of an edit of three storyboards, and in words how its power lies in octaves, dB below the loudest."""
    sheet = with_mood(film(7, seconds), 0.3, 0.6)
    boards = tuple(replace(b, brief=replace(b.brief, style=name)) for b in sheet.storyboards)
    blocks = Composer().perform(replace(sheet, storyboards=boards), seed=7, progress=silent).blocks
    sound = np.concatenate([np.sum(list(block.stems.values()), axis=0) for block in blocks])
    power = np.abs(np.fft.rfft(sound.mean(axis=1))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / 48_000)
    edges = [31.25 * 2**n for n in range(10)]
    octaves = [float(power[(hertz >= low) & (hertz < 2 * low)].sum()) for low in edges]
    levels = 10 * np.log10(np.array(octaves) / max(octaves))
    words = " ".join(f"{low:.0f}:{level:.0f}" for low, level in zip(edges, levels, strict=True))
    return spectrogram(sound)[::4, ::2], f"{name:12} dB by octave from Hz: {words}"


def main() -> None:
    print(describe())
    rack = Rack(0)
    for voice in PITCHED:
        print(pitched(rack, voice))
    for voice in KITS:
        print(unpitched(rack, voice, heard.DRUMS))
    for voice in EFFECTS:
        print(unpitched(rack, voice, (49,)))
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        for voice in (*PITCHED, *EFFECTS):
            middle = heard.RANGES.get(voice, (0, 49, 0))[1]
            notes = [rack.sound(heard.event(voice, middle, velocity, 1.6)) for velocity in (0.3, 0.9)]
            write_png(folder / f"{voice}.png", np.concatenate([spectrogram(note) for note in notes], axis=1))
        for kit in KITS:
            strokes = [rack.sound(heard.event(kit, pitch, 0.8)) for pitch in (36, 38, 42, 46, 45, 49, 51, 39)]
            write_png(folder / f"{kit}.png", np.concatenate([spectrogram(stroke) for stroke in strokes], axis=1))
        rows = []
        for name in style.names():
            picture, words = in_style(name)
            rows += [picture, np.full((4, picture.shape[1]), 255, np.uint8)]
            print(words)
        write_png(folder / "styles.png", np.concatenate(rows))
        print(f"pictures in {folder}")


main()
