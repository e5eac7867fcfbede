"""What is not speech: music of several kinds, noises, engines, and our own composer's score. Mono at 16 kHz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from dialogue_speech import RATE, Sound, resampled

Maker = Callable[[float, np.random.Generator], Sound]


def level(sound: Sound, rms: float = 0.1) -> Sound:
    return sound * np.float32(rms / (np.sqrt(np.mean(sound.astype(np.float64) ** 2)) + 1e-9))


def coloured(seconds: float, rng: np.random.Generator, slope: float, low: float = 20, high: float = 8000) -> Sound:
    """Noise that falls by `slope` dB an octave between two frequencies."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 1)
    gain = 10 ** (-slope * np.log2(frequency / 1000) / 20) * (frequency >= low) * (frequency <= high)
    return np.fft.irfft(spectrum * gain, count).astype(np.float32)


def slow(seconds: float, rng: np.random.Generator, rate: float, depth: float) -> Sound:
    """A swell around 1 that wanders `rate` times a second."""
    points = max(3, round(seconds * rate * 2))
    values = 1 + depth * rng.uniform(-1, 1, points)
    return np.interp(np.arange(round(seconds * RATE)), np.linspace(0, seconds * RATE, points), values).astype(
        np.float32
    )


# -- noises ------------------------------------------------------------------------------------------------------


def silence(seconds: float, rng: np.random.Generator) -> Sound:
    return (rng.standard_normal(round(seconds * RATE)) * 1e-5).astype(np.float32)


def room_tone(seconds: float, rng: np.random.Generator) -> Sound:
    """Air conditioning: falling noise, and mains hum a good deal below it."""
    return level(coloured(seconds, rng, rng.uniform(3, 6), 40)) + level(hum(seconds, rng), 0.02)


def white(seconds: float, rng: np.random.Generator) -> Sound:
    return coloured(seconds, rng, 0)


def pink(seconds: float, rng: np.random.Generator) -> Sound:
    return coloured(seconds, rng, 3)


def hum(seconds: float, rng: np.random.Generator) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    mains = rng.choice([50.0, 60.0])
    return sum(
        rng.uniform(0.2, 1) / n * np.sin(2 * np.pi * mains * n * time + rng.uniform(0, 6)) for n in range(1, 13)
    ).astype(np.float32)


def engine(seconds: float, rng: np.random.Generator) -> Sound:
    """Harmonics of a speed that rises and falls, and what rattles."""
    speed = rng.uniform(25, 90) * slow(seconds, rng, 0.4, 0.35)
    phase = 2 * np.pi * np.cumsum(speed) / RATE
    out = sum(rng.uniform(0.3, 1) / n**0.7 * np.sin(n * phase + rng.uniform(0, 6)) for n in range(1, 30))
    return level(out.astype(np.float32)) + level(coloured(seconds, rng, 4), 0.05) * slow(seconds, rng, 1, 0.4)


def applause(seconds: float, rng: np.random.Generator) -> Sound:
    out = np.zeros(round(seconds * RATE), np.float32)
    for at in rng.integers(0, out.size - 800, round(seconds * rng.uniform(30, 150))):
        count = int(rng.integers(80, 500))
        clap = rng.standard_normal(count) * np.exp(-np.arange(count) / (count / 4))
        out[at : at + count] += (clap * rng.uniform(0.2, 1)).astype(np.float32)
    return level(out * slow(seconds, rng, 0.5, 0.6)) + level(coloured(seconds, rng, 2, 400), 0.03)


def wind(seconds: float, rng: np.random.Generator) -> Sound:
    return coloured(seconds, rng, 8, 30, 1500) * slow(seconds, rng, 1.5, 0.9) ** 2


def surf(seconds: float, rng: np.random.Generator) -> Sound:
    return coloured(seconds, rng, 1, 100, 7000) * slow(seconds, rng, 0.3, 0.95) ** 2


def steps(seconds: float, rng: np.random.Generator) -> Sound:
    """Footsteps, doors and things put down, over a quiet room."""
    out = level(coloured(seconds, rng, 5), 0.01)
    at = 0.3
    while at < seconds - 0.6:
        count = int(rng.uniform(0.04, 0.4) * RATE)
        thud = coloured(0.4, rng, rng.uniform(2, 8), 60, 5000)[:count] * np.exp(-np.arange(count) / (count / 5))
        start = round(at * RATE)
        out[start : start + count] += (thud / np.abs(thud).max() * rng.uniform(0.2, 0.9)).astype(np.float32)
        at += rng.choice([0.55, rng.uniform(0.15, 1.5)])
    return out


def birds(seconds: float, rng: np.random.Generator) -> Sound:
    out = level(coloured(seconds, rng, 2), 0.01)
    for start in np.sort(rng.uniform(0, seconds - 0.5, round(seconds * 2.5))):
        length = rng.uniform(0.05, 0.25)
        time = np.arange(round(length * RATE)) / RATE
        pitch = rng.uniform(2200, 4500) + rng.uniform(-6000, 6000) * time + 300 * np.sin(2 * np.pi * 25 * time)
        chirp = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.sin(np.pi * time / length) ** 2
        at = round(start * RATE)
        out[at : at + time.size] += (0.2 * rng.uniform(0.2, 1) * chirp).astype(np.float32)
    return out


def squeaks(seconds: float, rng: np.random.Generator) -> Sound:
    """Hinges, wheels, whistles: tones that slide, high up."""
    out = level(coloured(seconds, rng, 3), 0.01)
    for start in np.sort(rng.uniform(0, seconds - 1, round(seconds * 1.2))):
        length = rng.uniform(0.08, 0.8)
        time = np.arange(round(length * RATE)) / RATE
        points = rng.uniform(900, 3200) * 2 ** rng.uniform(-0.3, 0.3, 5)
        phase = 2 * np.pi * np.cumsum(np.interp(time, np.linspace(0, length, 5), points)) / RATE
        squeak = sum(rng.uniform(0, 1) / n * np.sin(n * phase) for n in (1, 2, 3)) * np.sin(np.pi * time / length)
        at = round(start * RATE)
        out[at : at + time.size] += (0.2 * rng.uniform(0.2, 1) * squeak).astype(np.float32)
    return out


def beeps(seconds: float, rng: np.random.Generator) -> Sound:
    """Apparatus that beeps, now regular, now not."""
    out = level(coloured(seconds, rng, 4), 0.005)
    at, pitch, every = 0.3, rng.uniform(300, 2500), rng.uniform(0.2, 1.5)
    while at < seconds - 1:
        time = np.arange(round(rng.choice([0.06, 0.12, 0.3]) * RATE)) / RATE
        beep = np.sin(2 * np.pi * pitch * time) + 0.3 * np.sign(np.sin(2 * np.pi * pitch * time))
        start = round(at * RATE)
        out[start : start + time.size] += (0.15 * beep).astype(np.float32)
        at += every if rng.random() < 0.7 else rng.uniform(0.1, 1)
        pitch = pitch if rng.random() < 0.7 else rng.uniform(300, 2500)
    return out


def siren(seconds: float, rng: np.random.Generator) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 800 + 350 * np.sin(2 * np.pi * rng.uniform(0.15, 0.6) * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return level((np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase)).astype(np.float32)) + level(
        pink(seconds, rng), 0.02
    )


def phone(seconds: float, rng: np.random.Generator) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    ring = np.sin(2 * np.pi * 440 * time) + np.sin(2 * np.pi * 480 * time)
    gate = (time % rng.uniform(2, 4)) < rng.uniform(0.4, 1.2)
    trill = 0.6 + 0.4 * np.sign(np.sin(2 * np.pi * 20 * time))
    return level((ring * gate * trill).astype(np.float32)) + level(pink(seconds, rng), 0.005)


def machine(seconds: float, rng: np.random.Generator) -> Sound:
    """A loom or a train: noise that beats 2 to 7 times a second, as syllables do."""
    time = np.arange(round(seconds * RATE)) / RATE
    beat = np.maximum(0, np.sin(2 * np.pi * rng.uniform(2, 7) * time)) ** rng.uniform(0.5, 4)
    return level((coloured(seconds, rng, rng.uniform(0, 6), 80, 6000) * (0.1 + beat)).astype(np.float32))


# -- music -------------------------------------------------------------------------------------------------------

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


def tone(
    pitch: float,
    seconds: float,
    rng: np.random.Generator,
    *,
    bright: float = 1.0,
    attack: float = 0.01,
    decay: float = 0.0,
    vibrato: float = 0.0,
    glide: float = 0.0,
    detune: int = 1,
) -> Sound:
    """A note: harmonics that fall by n to the power of `bright`; `vibrato` and `glide` in semitones."""
    time = np.arange(round(seconds * RATE)) / RATE
    out = np.zeros(time.size)
    for _ in range(detune):
        bend = (
            vibrato * np.sin(2 * np.pi * rng.uniform(4.8, 6.2) * time + rng.uniform(0, 6)) * np.clip(time / 0.3, 0, 1)
        )
        bend += rng.normal(0, 0.06) * (detune > 1) - glide * np.exp(-time / 0.05)
        phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69 + bend) / 12)) / RATE
        turn = np.exp(1j * phase).astype(np.complex64)
        fade = np.exp(-time * decay).astype(np.float32)
        wave = np.ones(time.size, np.complex64)
        for n in range(1, int(min(20, 7000 / (440 * 2 ** ((pitch - 69) / 12)))) + 1):
            wave *= turn * fade if decay else turn
            out += (wave * np.complex64(np.exp(1j * rng.uniform(0, 6)) / n**bright)).imag
    shape = np.clip(time / attack, 0, 1) * np.clip((seconds - time) / min(0.08, seconds / 3), 0, 1)
    return (out * shape).astype(np.float32)


def _place(out: Sound, sound: Sound, at: float, gain: float) -> None:
    start = round(at * RATE)
    part = sound[: max(0, out.size - start)]
    out[start : start + part.size] += np.float32(gain) * part


def _chords(rng: np.random.Generator) -> tuple[int, tuple[int, ...], list[int]]:
    return int(rng.integers(45, 57)), (MAJOR if rng.random() < 0.5 else MINOR), list(rng.choice(7, 4))


def _degree(root: int, scale: tuple[int, ...], n: int) -> int:
    return root + scale[n % 7] + 12 * (n // 7)


def drum(kind: str, rng: np.random.Generator) -> Sound:
    time = np.arange(round(0.25 * RATE)) / RATE
    if kind == "kick":
        return (np.sin(2 * np.pi * np.cumsum(45 + 120 * np.exp(-time / 0.03)) / RATE) * np.exp(-time / 0.09)).astype(
            np.float32
        )
    noise = rng.standard_normal(time.size)
    if kind == "snare":
        return (0.6 * (noise + np.sin(2 * np.pi * 190 * time)) * np.exp(-time / 0.06)).astype(np.float32)
    return (0.4 * np.diff(noise, prepend=0) * np.exp(-time / 0.03)).astype(np.float32)


def drums(seconds: float, rng: np.random.Generator) -> Sound:
    out = np.zeros(round(seconds * RATE), np.float32)
    eighth = 30 / rng.uniform(75, 150)
    fill = rng.random(16) < 0.3
    for n in range(int(seconds / eighth)):
        _place(out, drum("hat", rng), n * eighth, 0.5)
        if n % 4 == 0 or fill[n % 16]:
            _place(out, drum("kick", rng), n * eighth, 1)
        if n % 4 == 2:
            _place(out, drum("snare", rng), n * eighth, 0.8)
    return level(out)


def pop(seconds: float, rng: np.random.Generator) -> Sound:
    """Drums, bass, a pad and a lead with vibrato."""
    out = np.zeros(round(seconds * RATE), np.float32)
    beat = 60 / rng.uniform(80, 140)
    root, scale, chords = _chords(rng)
    for bar in range(int(seconds / (4 * beat)) + 1):
        chord = chords[bar % 4]
        for voice in (0, 2, 4):
            note = tone(_degree(root + 12, scale, chord + voice), 4 * beat, rng, bright=1.4, attack=0.05, detune=2)
            _place(out, note, bar * 4 * beat, 0.05)
        at = 0.0
        while at < 4:
            length = float(rng.choice([0.5, 0.5, 1, 1.5]))
            _place(
                out,
                tone(_degree(root - 12, scale, chord), length * beat, rng, bright=1.1, decay=1),
                (bar * 4 + at) * beat,
                0.2,
            )
            pitch = _degree(root + 24, scale, chord + int(rng.integers(0, 7)))
            _place(
                out,
                tone(pitch, length * beat, rng, bright=1.2, vibrato=rng.uniform(0, 0.4), glide=rng.choice([0, 1.0])),
                (bar * 4 + at) * beat,
                0.1,
            )
            at += length
    return level(out) + drums(seconds, rng)[: out.size] * np.float32(rng.uniform(0.4, 1.0))


def strings(seconds: float, rng: np.random.Generator) -> Sound:
    """An orchestra that swells: many players, a slow bow, now and then a timpano."""
    out = np.zeros(round(seconds * RATE), np.float32)
    root, scale, chords = _chords(rng)
    at = 0.0
    while at < seconds:
        length = rng.uniform(0.8, 4)
        for voice in (-7, 0, 2, 4, 7, 9):
            pitch = _degree(root + 7, scale, int(rng.choice(chords)) + voice)
            note = tone(pitch, length + 0.3, rng, bright=1.0, attack=rng.uniform(0.08, 0.5), vibrato=0.25, detune=3)
            _place(out, note, at + rng.uniform(0, 0.04), rng.uniform(0.3, 1))
        if rng.random() < 0.4:
            _place(out, tone(root - 12, 1.0, rng, bright=1.8, decay=3), at, 4)
        at += length
    return level(out * slow(seconds, rng, 0.25, 0.7))


def piano(seconds: float, rng: np.random.Generator) -> Sound:
    out = np.zeros(round(seconds * RATE), np.float32)
    root, scale, chords = _chords(rng)
    eighth = 30 / rng.uniform(60, 130)
    for n in range(int(seconds / eighth)):
        if rng.random() < 0.75:
            pitch = _degree(
                root + int(rng.choice([-12, 0, 12, 12])), scale, chords[n // 8 % 4] + int(rng.choice([0, 2, 4, 7]))
            )
            _place(
                out,
                tone(pitch, rng.uniform(0.8, 2), rng, bright=1.3, attack=0.004, decay=0.9),
                n * eighth,
                rng.uniform(0.3, 1),
            )
    return level(out)


def sequence(seconds: float, rng: np.random.Generator) -> Sound:
    """Short notes of a synthesiser up and down a chord, over a pad."""
    out = np.zeros(round(seconds * RATE), np.float32)
    root, scale, chords = _chords(rng)
    step = 60 / rng.uniform(80, 140) / rng.choice([2, 3, 4])
    bright, decay = rng.uniform(0.6, 1.5), rng.uniform(0, 3)
    for n in range(int(seconds / step)):
        chord = chords[n // 16 % 4]
        pitch = _degree(root + int(rng.choice([0, 12])), scale, chord + (0, 2, 4, 7)[n % 4])
        _place(
            out, tone(pitch, step * rng.uniform(0.5, 1), rng, bright=bright, attack=0.003, decay=decay), n * step, 0.5
        )
        if n % 16 == 0:
            _place(
                out,
                tone(_degree(root - 12, scale, chord), 16 * step, rng, bright=1.5, attack=0.2, detune=2),
                n * step,
                0.15,
            )
    return level(out)


def solo(seconds: float, rng: np.random.Generator) -> Sound:
    """One line that slides and sings: a violin, a saxophone, a theremin. The nearest that music comes to a voice."""
    out = np.zeros(round(seconds * RATE), np.float32)
    root, scale, _ = _chords(rng)
    degree, at = 7, 0.2
    bright = rng.uniform(0.7, 1.6)
    while at < seconds - 1:
        length = float(rng.choice([0.2, 0.35, 0.5, 1.0, 1.6]))
        degree = int(np.clip(degree + rng.integers(-3, 4), 0, 14))
        note = tone(
            _degree(root, scale, degree),
            length,
            rng,
            bright=bright,
            attack=0.03,
            vibrato=rng.uniform(0.1, 0.6),
            glide=rng.uniform(-2, 2),
        )
        _place(out, note, at, rng.uniform(0.5, 1))
        at += length + rng.choice([0, 0, 0.4])
    return level(out)


def guitar(seconds: float, rng: np.random.Generator) -> Sound:
    """Plucked strings, each a delay line that loses its brightness (Karplus and Strong 1983)."""
    out = np.zeros(round(seconds * RATE), np.float32)
    root, scale, chords = _chords(rng)
    eighth = 30 / rng.uniform(70, 130)
    for n in range(int(seconds / eighth)):
        pitch = _degree(root, scale, chords[n // 8 % 4] + int(rng.choice([-7, 0, 2, 4, 7, 9])))
        period = round(RATE / (440 * 2 ** ((pitch - 69) / 12)))
        loop = rng.uniform(-1, 1, period)
        rounds = []
        for _ in range(int(1.5 * RATE / period)):
            rounds.append(loop)
            loop = 0.498 * (loop + np.roll(loop, 1))
        _place(out, np.concatenate(rounds).astype(np.float32), n * eighth + rng.uniform(0, 0.02), rng.uniform(0.3, 1))
    return level(out)


def techno(seconds: float, rng: np.random.Generator) -> Sound:
    """A line of sixteenths through a filter that opens and closes, over a kick on each beat."""
    out = np.zeros(round(seconds * RATE), np.float32)
    sixteenth = 15 / rng.uniform(118, 140)
    line = rng.choice([0, 3, 5, 7, 10, 12], 16) + int(rng.integers(33, 45))
    for n in range(int(seconds / sixteenth)):
        bright = 1.3 + 0.7 * np.sin(2 * np.pi * n / 64)
        _place(out, tone(float(line[n % 16]), sixteenth * 0.9, rng, bright=bright, attack=0.003), n * sixteenth, 0.5)
        if n % 4 == 0:
            _place(out, drum("kick", rng), n * sixteenth, 1.2)
        if n % 4 == 2:
            _place(out, drum("hat", rng), n * sixteenth, 0.6)
    return level(out)


def choir(seconds: float, rng: np.random.Generator) -> Sound:
    """Held vowels of many singers: a formant filter over detuned tones with vibrato."""
    raw = strings(seconds, rng)
    frequency = np.fft.rfftfreq(raw.size, 1 / RATE)
    gain = sum(1 / (1 + ((frequency - f) / 90) ** 2) for f in (rng.uniform(350, 700), rng.uniform(900, 1400), 2700))
    return level(np.fft.irfft(np.fft.rfft(raw) * (gain + 0.01), raw.size).astype(np.float32))


def composed(seconds: float, rng: np.random.Generator) -> Sound:
    """Our own composer's score for an edit that is cut at random, in a random mood."""
    from hitpoint.runtime.cues.sheet import Brief
    from hitpoint.runtime.cues.spot import plan
    from hitpoint.runtime.edit import Cut, Edit
    from hitpoint.runtime.engines.registry import engine as find
    from hitpoint.runtime.progress import silent
    from hitpoint.runtime.rate import Rate

    frames = round(seconds * 25)
    cuts = tuple(Cut(int(frame)) for frame in np.unique(rng.integers(20, frames - 5, round(seconds / 3))))
    sheet = plan(Edit("made", Rate.of(25), frames, picture_start=0, picture_end=frames, cuts=cuts))
    brief = Brief(valence=rng.uniform(-1, 1), energy=rng.uniform(0, 1), density=rng.uniform(0, 1))
    sheet = replace(sheet, storyboards=tuple(replace(board, brief=brief) for board in sheet.storyboards))
    played = find("composer").perform(sheet, seed=int(rng.integers(1 << 30)), progress=silent)
    both = np.concatenate([sum(block.stems.values()) for block in played.blocks])
    return level(resampled(both.mean(axis=1).astype(np.float32), 48_000)[: round(seconds * RATE)])


# The gate is fitted on these ...
FITTED_MUSIC: dict[str, Maker] = {
    "composer": composed,
    "pop": pop,
    "strings": strings,
    "piano": piano,
    "solo line": solo,
    "drums": drums,
    "sequence": sequence,
}
FITTED_NOISE: dict[str, Maker] = {
    "room": room_tone, "white": white, "hum": hum, "engine": engine, "applause": applause, "wind": wind, "steps": steps,
    "machine": machine, "siren": siren, "squeaks": squeaks, "beeps": beeps,
}  # fmt: skip
# ... and measured on these as well: kinds that it has not met.
NEW_MUSIC: dict[str, Maker] = {"guitar": guitar, "techno": techno, "choir": choir}
NEW_NOISE: dict[str, Maker] = {"pink": pink, "surf": surf, "birds": birds, "phone": phone}
