"""How the composer's music lands on edits it has never seen, heard by trackers that know nothing of the plan.

Edits with log-normal shot lengths (sigma 0.55, 0.4 to 12 s, whole frames at 24 a second, 30 shots) are planned, played
and mixed; the finished WAV is held against the cuts. `recall` is the part of the cuts with a beat within 0.1 s, by
librosa's beat tracker on the file, beside what the same beats give on cuts anywhere; `onset` the part with an onset
within a frame, beside the same on shifted cuts.

`.venv/bin/python tests/benchmarks/landing.py [seeds a median] [edit files ...]`
"""

import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import librosa
import numpy as np
from machine import describe

from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.cues.tempo import STEP, SWAY
from hitpoint.runtime.edit import Cut, Edit
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.errors import HitpointError
from hitpoint.runtime.measure.evaluate import evaluate
from hitpoint.runtime.mix.programme import mix
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))
MEDIANS = {0.8: 0.6, 1.2: 0.75, 2.2: 0.85, 4.0: 0.85}  # seconds, and the recall wanted
SHOTS, SIGMA = 30, 0.55
SHIFTS = 200


def generated(median: float, seed: int) -> Edit:
    chance = np.random.default_rng([seed, round(1000 * median)])
    lengths = np.clip(np.exp(np.log(median) + SIGMA * chance.standard_normal(SHOTS)), 0.4, 12)
    cuts = np.cumsum(np.round(lengths * 24).astype(int)).tolist()
    return Edit("generated", FILM, cuts[-1], 0, False, 0, cuts[-1], cuts=tuple(Cut(frame) for frame in cuts[:-1]))


def bounds_kept(sheet) -> bool:
    for board in sheet.storyboards:
        lengths = np.diff(board.beats)
        steps = lengths[1:] / lengths[:-1]
        local = 60 / board.tempo / lengths
        if (abs(local - 1) > SWAY).any() or (steps > 1 + STEP).any() or (1 / steps > 1 + STEP).any():
            return False
    return True


def landed(edit: Edit, seed: int) -> dict[str, float]:
    sheet = plan(edit)
    with tempfile.TemporaryDirectory() as folder:
        wav = mix(Composer().perform(sheet, seed=seed, progress=silent), sheet, Path(folder)).path
        heard = evaluate(edit, wav)
        sound, rate = librosa.load(wav, sr=22050)
    _, beats = librosa.beat.beat_track(y=sound, sr=rate, units="time")
    cuts = np.array([edit.seconds(cut.frame) for cut in edit.cuts])
    length = edit.seconds(edit.frames)

    def near(times, at, tolerance):
        return (
            float((np.abs(at[:, None] - np.asarray(times)).min(axis=1) <= tolerance + 1e-9).mean())
            if len(times)
            else 0.0
        )

    shifted = [(cuts + length * k / SHIFTS) % length for k in range(1, SHIFTS)]
    frame = edit.seconds(1)
    return {
        "recall": near(beats, cuts, 0.1),
        "chance": float(np.mean([near(beats, at, 0.1) for at in shifted])),
        "our tracker": heard.rhythm.recall.value or 0.0,
        "onset": near(heard.onsets, cuts, frame),
        "shifted": float(np.mean([near(heard.onsets, at, frame) for at in shifted])),
        "on beats": float(np.mean([hit.place in ("downbeat", "beat") for hit in sheet.hits])),
        "tempo": float(np.mean([board.tempo for board in sheet.storyboards])),
        "bounds kept": float(bounds_kept(sheet)),
    }


def show(name: str, rows: list[dict[str, float]], wanted: str = "") -> None:
    means = "  ".join(f"{key} {np.mean([row[key] for row in rows]):.2f}" for key in rows[0])
    print(f"{name:<32} {means}  {wanted}", flush=True)


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(describe())
    start = time.perf_counter()
    for median, wanted in MEDIANS.items():
        rows = [landed(generated(median, seed), seed) for seed in range(seeds)]
        show(f"shots of {median} s, {seeds} edits", rows, f"(wanted: recall {wanted})")
    for name in sys.argv[2:]:
        from hitpoint.plugin.timeline.reading import Source

        try:
            edit, _ = Source(Path(name)).read()
            show(f"{Path(name).name} ({len(edit.cuts)} cuts)", [landed(edit, 0)]) if edit.cuts else None
        except HitpointError as error:
            print(f"{Path(name).name}: {error}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
