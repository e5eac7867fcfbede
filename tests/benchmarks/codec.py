"""What the audio codec does to sounds, and how fast it is, beside silence, low-passes, chance and torch.

`.venv/bin/python tests/benchmarks/codec.py [PACK] [--seconds 10] [--rounds 5] [--wav FOLDER]`: PACK is a name or a place
(default: codec-mini). Music comes from seeds that no codec is trained on; speech from espeak-ng, a SoundFont's music from
FluidSynth where they are installed. With a folder, what went in and what came out goes there as WAVs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from machine import describe, paired, timed

from hitpoint.exporters.corpus.edit import edit as edit_of
from hitpoint.exporters.corpus.item import sound as composed
from hitpoint.exporters.corpus.planning import intended, sheet
from hitpoint.exporters.corpus.reading import HELD_OUT
from hitpoint.exporters.corpus.recipe import recipe
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.mix.wav import WavWriter, read_blocks
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.codec.codec import Codec
from hitpoint.runtime.packs.codec.likeness import Likeness, likeness
from hitpoint.runtime.packs.session import Sessions
from hitpoint.runtime.progress import silent

RATE = 48_000
MUSIC = range(HELD_OUT + 800_000, HELD_OUT + 800_008)
FONTS = (
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
)
TEXT = "In film scoring a hit point is a moment in the picture that the music meets. The quick brown fox jumps over it."

Sound = np.ndarray


def sounds(seconds: float) -> Iterator[tuple[str, Sound]]:
    """(kind, sound); the first kind is what it was made for."""
    length = round(seconds * RATE)
    for seed in MUSIC:
        whole = composed(seed).audio
        start = max(0, (len(whole) - length) // 2)
        yield "held-out music", whole[start : start + length].astype(np.float32) / 32768
    yield from _fonts(length)
    yield from _speech(length)
    time = np.arange(length) / RATE
    sweep = 0.3 * np.sin(2 * np.pi * 40 * seconds / np.log(400) * (400 ** (time / seconds) - 1))
    yield "sweep 40 Hz to 16 kHz", np.stack([sweep, sweep], 1).astype(np.float32)
    dice = np.random.default_rng(0)
    bursts = dice.normal(0, 0.2, (length, 2)) * np.exp(-(time % 0.5) * 12)[:, None]
    yield "noise bursts", bursts.astype(np.float32)


def _fonts(length: int) -> Iterator[tuple[str, Sound]]:
    font = next((Path(name) for name in FONTS if Path(name).exists()), None)
    if font is None:
        return
    for seed in MUSIC[:3]:
        made = recipe(seed)
        plan = sheet(made, edit_of(made), intended(made))
        performance = Composer(soundfont=font).perform(plan, seed=seed, progress=silent)
        whole = np.concatenate([np.sum(list(block.stems.values()), axis=0) for block in performance.blocks])
        start = max(0, (len(whole) - length) // 2)
        piece = whole[start : start + length]
        yield "SoundFont", (piece * (0.5 / max(1e-6, float(np.abs(piece).max())))).astype(np.float32)


def _speech(length: int) -> Iterator[tuple[str, Sound]]:
    if not (program := shutil.which("espeak-ng")):
        return
    for voice in ("en-gb", "de", "fr"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            subprocess.run([program, "-v", voice, "-w", str(path), TEXT], check=True)
            yield "speech", np.concatenate(list(read_blocks(path)))[:length]


def low_pass(hertz: float) -> Callable[[Sound], Sound]:
    def passed(sound: Sound) -> Sound:
        bins = np.fft.rfft(sound, axis=0)
        bins[round(hertz * len(sound) / RATE) :] = 0
        return np.fft.irfft(bins, len(sound), axis=0).astype(np.float32)

    return passed


def by_chance(codec: Codec) -> Callable[[Sound], Sound]:
    def drawn(sound: Sound) -> Sound:
        frames = -(-len(sound) // codec.hop)
        latents = np.random.default_rng(1).standard_normal((codec.channels, frames)).astype(np.float32)
        return codec.decode(latents)[: len(sound)]

    return drawn


def quality(pack, seconds: float, wavs: Path | None) -> None:
    variants = sorted({name for graph in pack.graphs.values() for name in graph.variants})
    codecs = {name: Codec(pack, Sessions("cpu", name)) for name in variants}
    ways: dict[str, Callable[[Sound], Sound]] = {name: codec.through for name, codec in codecs.items()}
    ways |= {
        "silence": np.zeros_like,
        "low-pass 4 kHz": low_pass(4000),
        "low-pass 16 kHz": low_pass(16000),
        "chance": by_chance(codecs[variants[0]]),
    }
    found: dict[tuple[str, str], list[Likeness]] = {}
    between: dict[str, list[Likeness]] = {}
    for number, (kind, sound) in enumerate(sounds(seconds)):
        made = {way: call(sound) for way, call in ways.items()}
        for way, heard in made.items():
            found.setdefault((kind, way), []).append(likeness(heard, sound))
        for name in variants[1:]:
            between.setdefault(f"{name} from {variants[0]}", []).append(likeness(made[name], made[variants[0]]))
        if wavs:
            wavs.mkdir(parents=True, exist_ok=True)
            for name, samples in (("in", sound), ("out", made[variants[0]])):
                with WavWriter(wavs / f"{number:02} {kind} {name}.wav") as wav:
                    wav.write(samples)
    print(f"{'sound':24} {'through':18} {'log-mel dB':>10} {'convergence':>12} {'level dB':>9}  of")
    for (kind, way), rows in found.items():
        mean = [float(np.mean([getattr(row, name) for row in rows])) for name in ("log_mel", "convergence", "level")]
        print(f"{kind:24} {way:18} {mean[0]:10.2f} {mean[1]:12.3f} {mean[2]:+9.1f}  {len(rows)}")
    for words, rows in between.items():
        off, size = np.mean([row.log_mel for row in rows]), np.mean([row.convergence for row in rows])
        print(f"{words}: {off:.3f} dB of log-mel distance, convergence {size:.4f}, over all sounds")


def speed(pack, rounds: int) -> None:
    seconds = 20.0
    dice = np.random.default_rng(2)
    sound = (0.1 * dice.standard_normal((round(seconds * RATE), 2))).astype(np.float32)
    print(f"\nreal-time factor, {seconds:g} s of sound, threads as the runtime sets them, median of {rounds}")
    for name in sorted({name for graph in pack.graphs.values() for name in graph.variants}):
        encode, decode = _factors(Codec(pack, Sessions("cpu", name)), sound, rounds)
        print(f"{name}: encoder {encode:.4f}, decoder {decode:.4f}")


def _factors(codec: Codec, sound: Sound, rounds: int) -> tuple[float, float]:
    latents = codec.encode(sound)
    codec.decode(latents)
    seconds = len(sound) / codec.rate
    encode = statistics.median(timed(lambda: codec.encode(sound)) for _ in range(rounds))
    decode = statistics.median(timed(lambda: codec.decode(latents)) for _ in range(rounds))
    return encode / seconds, decode / seconds


def beside_torch(pack, rounds: int) -> None:
    """The shipped graphs and a torch codec of the same size, in turns. Weights do not change the time."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as ours wait, beside other programs
    import torch

    from hitpoint.exporters.codec import model
    from hitpoint.exporters.codec.config import MINI

    torch.set_num_threads(Sessions("cpu").threads)
    torch.manual_seed(0)
    codec = model.Codec(MINI.size).eval().requires_grad_(False)
    frames = 234  # 10 s
    dice = np.random.default_rng(3)
    latents = dice.standard_normal((1, MINI.size.latent, frames)).astype(np.float32)
    sound = (0.1 * dice.standard_normal((1, 2, frames * 2048))).astype(np.float32)
    print("\n10 s in one run, in turns with torch eager (fp32)")
    for role, given, call in (
        ("decoder", {"latents": latents}, lambda: codec.decoder(torch.from_numpy(latents))),
        ("encoder", {"audio": sound}, lambda: codec.encoder(torch.from_numpy(sound))),
    ):
        for name in sorted(pack.graphs[role].variants):
            graph = Sessions("cpu", name).open(pack, role)
            graph.run(given)
            call()
            mine, theirs, ratio = paired(lambda: graph.run(given), call, rounds)  # noqa: B023
            print(f"{role} {name}: {1000 * mine:.0f} ms, torch {1000 * theirs:.0f} ms, {ratio:.2f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", nargs="?", default="codec-mini")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wav", type=Path)
    options = parser.parse_args()
    print(describe())
    with store.opened(options.pack) as pack:
        made = pack.provenance
        print(f"{pack.name} {pack.version}: {made.trained_on}; {made.steps} steps, seed {made.seed}")
        quality(pack, options.seconds, options.wav)
        speed(pack, options.rounds)
        if pack.hop == 2048 and pack.sample_rate == RATE:
            beside_torch(pack, options.rounds)


if __name__ == "__main__":
    main()
