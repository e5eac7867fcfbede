"""What the composer's music measures as finished sound: its cleanness, its keys, its energy, its boundaries, its unity.

`.venv/bin/python tests/benchmarks/composer.py` renders every style in two moods, 75 s each; `--renders 8 --seconds 40`
other numbers, `--contrast 0` the same energy in all storyboards of an edit, and `--full` sixty renders over styles,
moods and lengths of 5 s, 30 s, 3 and 20 minutes. `--energy` leaves all out but how the music follows the energy,
`--no-energy` that. Keys are heard by Krumhansl's profiles on librosa's chroma.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import librosa
import numpy as np
from machine import describe
from numpy.typing import NDArray
from rules import MOODS, film, rank_correlation, with_mood

from hitpoint.runtime.cues.sheet import CueSheet
from hitpoint.runtime.engines.composer import style
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.engines.composer.event import STEMS
from hitpoint.runtime.engines.composer.keys import MINOR, MODES
from hitpoint.runtime.engines.composer.piece import Plan, compose
from hitpoint.runtime.engines.engine import Block, Performance
from hitpoint.runtime.measure.listening import listen
from hitpoint.runtime.measure.matching import covered, near
from hitpoint.runtime.measure.onsets import OnsetEnvelope, pick
from hitpoint.runtime.mix.loudness import Meter
from hitpoint.runtime.mix.presets import DEFAULT
from hitpoint.runtime.mix.programme import mix
from hitpoint.runtime.mix.wav import read_blocks
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import SAMPLE_RATE

Samples = NDArray[np.float64]

BOARD = 25.0  # seconds of a storyboard, about
CONTRAST = 0.3  # of energy between neighbouring storyboards
BARS = 8  # from which on a storyboard's key is asked for
HIGH, LOW = 0.3, -0.3  # valences from which on music should sound major, or minor
EDGE = 19_000.0  # Hz: above it no instrument plays
CONTEXT = 4096
HEARING = 22_050
ENERGIES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@dataclass(frozen=True)
class Case:
    style: str
    mood: tuple[float, float]
    seconds: float
    seed: int
    contrast: float

    def sheet(self) -> CueSheet:
        """Every other storyboard has so much more energy than the ones between, around the mood's."""
        made = with_mood(film(self.seed, self.seconds, storyboards=max(1, round(self.seconds / BOARD))), *self.mood)
        if self.contrast and len(made.storyboards) > 1:
            boards = tuple(
                replace(
                    b, brief=replace(b.brief, energy=float(np.clip(self.mood[1] + (n % 2 - 0.5) * self.contrast, 0, 1)))
                )
                for n, b in enumerate(made.storyboards)
            )
            made = replace(made, storyboards=boards, energy=())
        return styled(made, self.style)


@dataclass
class Cleanness:
    """What passes by in the stems of a performance. `steps` are the largest that no band allows, in dB of the stem's peak."""

    numbers: bool = True
    loudest: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEMS, 0.0))
    above: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEMS, 0.0))
    bass: Samples = field(default_factory=lambda: np.zeros((2, 2)))

    def passing(self, blocks: Iterator[Block]) -> Iterator[Block]:
        before = {stem: np.zeros((CONTEXT, 2)) for stem in STEMS}
        for block in blocks:
            for stem, sound in block.stems.items():
                self.numbers &= bool(np.isfinite(sound).all())
                line = np.concatenate([before[stem], sound])
                before[stem] = line[-CONTEXT:]
                self.loudest[stem] = max(self.loudest[stem], float(np.abs(sound).max(initial=0)))
                heard = np.abs(above_the_band(line))[CONTEXT // 2 : len(line) - CONTEXT // 2]
                self.above[stem] = max(self.above[stem], float(heard.max(initial=0)))
            low = block.stems["bass"].astype(np.float64)
            self.bass += low.T @ low
            yield block

    @property
    def steps(self) -> dict[str, float]:
        step = np.zeros((8192, 2))
        step[4096:] = 1
        part = np.abs(above_the_band(step))[2048:6144].max()
        return {s: decibels(self.above[s] / part / self.loudest[s]) for s in STEMS if self.loudest[s] > 0}

    @property
    def one_sided(self) -> float:
        """The correlation of the bass's sides."""
        size = np.sqrt(self.bass[0, 0] * self.bass[1, 1])
        return float(self.bass[0, 1] / size) if size else 1.0


@dataclass(frozen=True)
class Heard:
    """A storyboard of at least a few seconds: what its plan says, and the chroma and rhythm of its sound."""

    case: Case
    plan: Plan
    valence: float
    chroma: Samples
    rhythm: Samples


@dataclass(frozen=True)
class Render:
    clean: Cleanness
    current: float
    loudness_error: float
    true_peak: float
    length_error: int
    boundaries: tuple[int, int, float]
    heard: tuple[Heard, ...]


def styled(sheet: CueSheet, name: str) -> CueSheet:
    boards = tuple(replace(board, brief=replace(board.brief, style=name)) for board in sheet.storyboards)
    return replace(sheet, storyboards=boards)


def decibels(ratio: float) -> float:
    return 20 * float(np.log10(max(ratio, 1e-12)))


def above_the_band(sound: Samples) -> Samples:
    """(n, 2): what lies above the band in which instruments play: there a click is alone."""
    size = 1 << (len(sound) + CONTEXT).bit_length()
    kept = np.clip((np.fft.rfftfreq(size, 1 / SAMPLE_RATE) - EDGE) / 500, 0, 1)[:, None]
    return np.fft.irfft(np.fft.rfft(sound, size, axis=0) * kept, size, axis=0)[: len(sound)]


def rendered(case: Case, composer: Composer, folder: Path) -> Render:
    sheet, clean = case.sheet(), Cleanness()
    performance = composer.perform(sheet, seed=case.seed, progress=silent)
    watched = replace(performance, blocks=clean.passing(performance.blocks))
    done = mix(watched, sheet, folder)
    sound = np.concatenate(list(read_blocks(done.path)))
    plans = compose(sheet, case.seed, silent).plans
    assert done.loudness is not None
    assert done.true_peak is not None
    return Render(
        clean,
        decibels(float(np.abs(sound.mean(axis=0, dtype=np.float64)).max())),
        done.loudness - DEFAULT.loudness,
        done.true_peak,
        len(sound) - sheet.samples,
        boundaries(sheet, done.path),
        tuple(listened(case, sheet, plans, sound.mean(axis=1))),
    )


def boundaries(sheet: CueSheet, path: Path) -> tuple[int, int, float]:
    """How many boundaries of storyboards are novelty peaks within a beat, of how many, and how many would be by chance."""
    boards = sheet.storyboards[1:]
    if not boards:
        return 0, 0, 0.0
    peaks = listen(path, sheet.samples).novelty.peaks
    first, last = sheet.seconds(sheet.storyboards[0].start), sheet.seconds(boards[-1].end)
    met = sum(near([sheet.seconds(board.start)], peaks, 60 / board.tempo)[0] for board in boards)
    return met, len(boards), sum(covered(peaks, 60 / b.tempo, first, last) for b in boards) / (last - first)


def listened(case: Case, sheet: CueSheet, plans: Sequence[Plan], sound: NDArray[np.float32]) -> Iterator[Heard]:
    for plan, board in zip(plans, sheet.storyboards, strict=True):
        line = sound[int(plan.start * SAMPLE_RATE) : int(plan.end * SAMPLE_RATE)]
        if len(line) < 4 * SAMPLE_RATE:
            continue
        low = librosa.resample(line, orig_sr=SAMPLE_RATE, target_sr=HEARING)
        chroma = librosa.feature.chroma_cqt(y=low, sr=HEARING, hop_length=1024).mean(axis=1)
        strength = librosa.onset.onset_strength(y=low, sr=HEARING)
        rhythm = librosa.feature.tempogram(onset_envelope=strength, sr=HEARING, win_length=384).mean(axis=1)
        yield Heard(case, plan, board.brief.valence, chroma, rhythm[8:])


def fits(chroma: Samples, tonic: int, minor: bool) -> float:
    """How well a chroma is that of a key, by Krumhansl's profiles."""
    return float(np.corrcoef(chroma, np.roll(MINOR_PROFILE if minor else MAJOR_PROFILE, tonic))[0, 1])


def key_of(chroma: Samples) -> tuple[int, bool]:
    """The tonic, and whether it is minor."""
    return max(((t, m) for t in range(12) for m in (False, True)), key=lambda key: fits(chroma, *key))


def right_key(heard: Heard) -> tuple[bool, bool]:
    """Whether the key that is heard is the planned tonic's; and whether it is that or of the same or a neighbouring
    collection of pitches.
    """
    tonic, minor = key_of(heard.chroma)
    planned = {(heard.plan.tonic + step) % 12 for step in MODES[heard.plan.mode]}
    found = {(tonic + step) % 12 for step in MODES["aeolian" if minor else "ionian"]}
    return tonic == heard.plan.tonic, tonic == heard.plan.tonic or len(planned & found) >= 6


def says_gender(heard: Heard) -> tuple[bool, bool]:
    """Whether it sounds major or minor as asked: at its tonic; and by the key that is heard."""
    asked = heard.valence < 0
    at_tonic = fits(heard.chroma, heard.plan.tonic, True) > fits(heard.chroma, heard.plan.tonic, False)
    return at_tonic == asked, key_of(heard.chroma)[1] == asked


def likeness(heard: Sequence[Heard], what: str) -> tuple[float, float, float]:
    """How alike storyboards are within an edit, and across edits; and how often a pair within is the more alike."""
    if len(heard) < 2:
        return np.nan, np.nan, np.nan
    alike = np.corrcoef([getattr(each, what) for each in heard])
    edits = np.array([each.case.seed for each in heard])
    first, second = np.triu_indices(len(heard), 1)
    same = edits[first] == edits[second]
    within, across = alike[first, second][same], np.sort(alike[first, second][~same])
    if not within.size or not across.size:
        return np.nan, np.nan, np.nan
    return float(within.mean()), float(across.mean()), float((np.searchsorted(across, within) / across.size).mean())


def cases(count: int, seconds: float, contrast: float) -> list[Case]:
    names = style.names()
    moods = [MOODS[(n + n // len(names)) % len(MOODS)] for n in range(count)]
    return [Case(names[n % len(names)], mood, seconds, n, contrast) for n, mood in enumerate(moods)]


def full(contrast: float) -> list[Case]:
    lengths = (5.0, 30.0, 180.0, 30.0, 5.0, 30.0, 180.0)
    made = [replace(case, seconds=lengths[n // 8 % 7]) for n, case in enumerate(cases(56, 30.0, contrast))]
    return made + [replace(case, seconds=1200.0, seed=56 + n) for n, case in enumerate(cases(4, 30.0, contrast))]


def whole_piece(made: Sequence[Case]) -> None:
    renders, composer = [], Composer()
    with tempfile.TemporaryDirectory() as folder:
        for case in made:
            render = rendered(case, composer, Path(folder))
            renders.append(render)
            print(
                f"{case.style:12} valence {case.mood[0]:+.2f} energy {case.mood[1]:.1f} {case.seconds:5.0f} s: "
                f"step {max(render.clean.steps.values()):4.0f} dB, DC {render.current:4.0f} dB, "
                f"{render.loudness_error:+.2f} LU, {render.true_peak:.2f} dBTP, length {render.length_error:+d}, "
                f"bass sides {render.clean.one_sided:.2f}",
                flush=True,
            )
    print(f"\n{len(renders)} renders, {sum(case.seconds for case in made) / 60:.0f} minutes")
    print(f"not a number: {sum(not r.clean.numbers for r in renders)}")
    for stem in STEMS:
        worst = max(r.clean.steps.get(stem, -200.0) for r in renders)
        print(f"largest step beyond the band, {stem}: {worst:.0f} dB of the stem's peak (a click: above -40)")
    print(f"largest DC: {max(r.current for r in renders):.0f} dB (below -60)")
    print(f"true peak: {max(r.true_peak for r in renders):.2f} dBTP (below -1)")
    print(f"largest loudness error: {max(abs(r.loudness_error) for r in renders):.2f} LU (within 0.5)")
    print(f"largest length error: {max(abs(r.length_error) for r in renders)} samples (0)")
    print(f"least correlation of the bass's sides: {min(r.clean.one_sided for r in renders):.2f} (above 0.2)")
    met, of, chance = (sum(r.boundaries[k] for r in renders) for k in range(3))
    if of:
        print(
            f"boundaries that are novelty peaks within a beat: {met} of {of}, {met / of:.2f} (0.8; chance {chance / of:.2f})"
        )
    everything = [heard for render in renders for heard in render.heard]
    keys(everything)
    for what in ("chroma", "rhythm"):
        within, across, more = likeness(everything, what)
        if not np.isnan(more):
            print(
                f"likeness of storyboards, {what}: {within:.2f} within an edit, {across:.2f} across; within is more in {more:.2f}"
            )
    two_seeds(made[0])


def keys(heard: Sequence[Heard]) -> None:
    long = [each for each in heard if len(each.plan.bars) >= BARS]
    if not long:
        return
    same, fitting = np.mean([right_key(each) for each in long], axis=0)
    print(
        f"key heard in {len(long)} storyboards of {BARS} bars or more: the tonic {same:.2f}, that or a near key {fitting:.2f} (0.9)"
    )
    for each in long:
        if not right_key(each)[1]:
            print(
                f"   {each.case.style} {each.case.mood}: planned {each.plan.tonic} {each.plan.mode}, heard {key_of(each.chroma)}"
            )
    clear = [each for each in long if not LOW < each.valence < HIGH]
    if clear:
        tonic, by_key = np.mean([says_gender(each) for each in clear], axis=0)
        print(f"major or minor as asked in {len(clear)}: {tonic:.2f} at the tonic, {by_key:.2f} by the key heard")
    agreed = [(each.plan.mode in MINOR) == (each.valence < 0) for each in clear]
    print(f"   (planned so: {np.mean(agreed) if agreed else np.nan:.2f})")


def two_seeds(case: Case) -> None:
    sheet = case.sheet()

    def digest(seed: int) -> str:
        found = hashlib.sha256()
        for block in Composer().perform(sheet, seed=seed, progress=silent).blocks:
            for stem in STEMS:
                found.update(block.stems[stem].tobytes())
        return found.hexdigest()

    first, again, other = digest(1), digest(1), digest(2)
    print(
        f"one seed again: {'the same' if first == again else 'DIFFERENT'}; another: {'another' if first != other else 'THE SAME'}"
    )


def traits(performance: Performance, seconds: float) -> tuple[float, float, float, float]:
    """Onsets a second, spectral centroid in Hz, loudness in LUFS and its range in LU, before any mastering."""
    meter, onsets, pieces = Meter(), OnsetEnvelope(), []
    for block in performance.blocks:
        total = np.sum(list(block.stems.values()), axis=0, dtype=np.float32)
        meter.feed(total)
        onsets.feed(total)
        pieces.append(total.mean(axis=1))
    line = np.concatenate(pieces)
    power = np.abs(librosa.stft(line, n_fft=4096, hop_length=2048)) ** 2
    hertz = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=4096)
    loud = power.sum(axis=0) > 1e-4 * power.sum(axis=0).max()
    centroid = (np.sqrt(power[:, loud]) * hertz[:, None]).sum(axis=0) / np.sqrt(power[:, loud]).sum(axis=0)
    measured = meter.result()
    assert measured.integrated is not None
    return len(pick(onsets.result())) / seconds, float(centroid.mean()), measured.integrated, measured.range


def following_energy(names: Sequence[str], seconds: float, seeds: int) -> None:
    words = ("onsets a second", "centroid in Hz", "loudness in LUFS", "range in LU")
    print(f"\nrank correlation with the energy, {seeds} pieces of {seconds:.0f} s at {len(ENERGIES)} energies a style")
    rows = []
    for name in names:
        found = []
        for seed in range(seeds):
            sheet, composer = styled(film(100 + seed, seconds, storyboards=1), name), Composer()
            for energy in ENERGIES:
                asked = replace(with_mood(sheet, 0.3, energy, energy), energy=())
                found.append(traits(composer.perform(asked, seed=seed, progress=silent), seconds))
        by_seed = np.array(found).reshape(seeds, len(ENERGIES), 4)
        rows.append([np.mean([rank_correlation(ENERGIES, list(piece[:, k])) for piece in by_seed]) for k in range(4)])
        ends = by_seed.mean(axis=0)
        print(
            f"{name:12} "
            + "; ".join(
                f"{w} {r:+.2f} ({a:.1f} to {b:.1f})"
                for w, r, a, b in zip(words, rows[-1], ends[0], ends[-1], strict=True)
            ),
            flush=True,
        )
    means = np.mean(rows, axis=0)
    print("all          " + "; ".join(f"{w} {r:+.2f}" for w, r in zip(words, means, strict=True)) + " (0.8)")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--renders", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=75.0)
    parser.add_argument("--contrast", type=float, default=CONTRAST)
    parser.add_argument("--energy", action="store_true")
    parser.add_argument("--no-energy", action="store_true")
    parser.add_argument("--styles", nargs="+", default=style.names())
    asked = parser.parse_args()
    print(describe())
    if not asked.energy:
        whole_piece(full(asked.contrast) if asked.full else cases(asked.renders, asked.seconds, asked.contrast))
    if not asked.no_energy:
        following_energy(asked.styles, 24.0, 3 if asked.full else 1)


if __name__ == "__main__":
    main()
