"""How fast the corpus is made, how its moods spread, and whether what a film shows says what its music is like.

    .venv/bin/python tests/benchmarks/corpus.py [FOLDER] [--items 8] [--pictures DIR]

times the making of some items (full, and sound alone), then tells about the corpus in FOLDER, or about those items. With
--pictures it draws a contact sheet, and of a few items the film, the spectrogram and the onset curve under each other.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import describe

from hitpoint.exporters.corpus.edit import edit
from hitpoint.exporters.corpus.film import film, names
from hitpoint.exporters.corpus.inventory import inventory
from hitpoint.exporters.corpus.item import make
from hitpoint.exporters.corpus.reading import MODES, STYLES, Corpus
from hitpoint.exporters.corpus.recipe import recipe
from hitpoint.exporters.corpus.scene import painter
from hitpoint.exporters.corpus.targets import decibels, mel, mono
from hitpoint.plugin.canvas import curve, fill, write_png
from hitpoint.plugin.lettering import write
from hitpoint.plugin.pictures import contact_sheet
from hitpoint.runtime.picture.parse import parse_with_pictures
from hitpoint.runtime.picture.storyboards import storyboards

FIRST = 20_000
SEEN = ("light", "saturation", "warmth", "motion")
HEARD = ("valence", "energy", "mode", "tempo", "treble", "notes", "onset strength")


def timed(folder: Path, count: int) -> None:
    for words, how in (("sound alone", {"sound_only": True}), ("no distance", {"distance": False}), ("full", {})):
        clock, busy = time.perf_counter(), time.process_time()
        items = [make(seed, folder / words, **how) for seed in range(FIRST, FIRST + count)]
        clock, busy = time.perf_counter() - clock, time.process_time() - busy
        seconds = sum(item.seconds for item in items)
        print(
            f"{words:12} {count} items, {seconds:.0f} s of music: {count / clock:.2f} items a second by the clock, "
            f"{count / busy:.2f} by the processor; {seconds / clock:.1f} and {seconds / busy:.1f} s of music a second"
        )


def rank(values):
    """Ranks, of equal values their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[place]


def rho(one, other) -> float:
    """Spearman's rank correlation."""
    one, other = rank(one), rank(other)
    return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else float("nan")


def boards(corpus: Corpus) -> dict[str, np.ndarray]:
    """One value a storyboard of what was meant, what is seen and what is heard; `colour` is its mean histogram."""
    rows: dict[str, list] = {}

    def put(**values) -> None:
        for name, value in values.items():
            rows.setdefault(name, []).append(float(value))

    for item in corpus:
        table, meant, notes = item.boards, item.intended, item.notes
        low, odf = 10 ** (item.mel_low.astype(float) / 10), item.odf
        for start, end, valence, energy, _, style, key, mode, tempo in table.values.tolist():
            overlap = np.minimum(meant["end"], end) - np.maximum(meant["start"], start)
            best = int(overlap.argmax())
            here = low[round(start * 11.71875) : round(end * 11.71875)].sum(axis=0)
            loud = odf[round(start * 93.75) : round(end * 93.75)]
            inside = (notes["start"] >= start) & (notes["start"] < end)
            put(valence=valence, energy=energy, mode=mode, tempo=tempo, style=style, key=key)
            put(meant_valence=meant["valence"][best], meant_energy=meant["energy"][best])
            put(treble=(here * np.arange(16)).sum() / max(here.sum(), 1e-12))
            put(notes=inside.sum() / (end - start), **{"onset strength": loud.mean() if len(loud) else 0.0})
            if item.has("curves"):
                seen = item.curves.values[round(start * 10) : round(end * 10)].astype(float)
                put(**dict(zip(SEEN, np.nanmean(seen, axis=0), strict=True)))
                seconds = slice(int(start), max(int(start) + 1, int(end)))
                rows.setdefault("colour", []).append(np.sqrt(item.colour[seconds].astype(float).mean(axis=0)))
    return {name: np.array(values) for name, values in rows.items()}


def explained(features: np.ndarray, values: np.ndarray) -> float:
    """How much of the values' variance a ridge regression on the features tells, each fifth by the other four."""
    order = np.random.default_rng(0).permutation(len(values))
    told = np.zeros(len(values))
    for fold in range(5):
        out = np.zeros(len(values), bool)
        out[order[fold::5]] = True
        middle, mean = features[~out].mean(axis=0), values[~out].mean()
        x = features[~out] - middle
        gram = x @ x.T
        weights = np.linalg.solve(gram + 0.01 * np.trace(gram) / len(gram) * np.eye(len(gram)), values[~out] - mean)
        told[out] = (features[out] - middle) @ x.T @ weights + mean
    return 1 - float(((told - values) ** 2).sum() / ((values - values.mean()) ** 2).sum())


def spread(corpus: Corpus) -> None:
    told = inventory(corpus)
    for name in ("items", "with_film", "held_out", "minutes", "bytes_per_minute", "storyboards", "styles", "modes"):
        print(f"{name:16} {told[name]}")
    found = boards(corpus)
    print("storyboards by heard valence (down, -1 to 1) and energy (across, 0 to 1)")
    counts = np.histogram2d(found["valence"], found["energy"], bins=5, range=[[-1, 1], [0, 1]])[0].astype(int)
    for low, row in zip((-1.0, -0.6, -0.2, 0.2, 0.6), counts, strict=True):
        print(f"  {low:4.1f} " + " ".join(f"{count:4}" for count in row))
    for word in ("valence", "energy"):
        print(f"meant against heard {word}: rank correlation {rho(found['meant_' + word], found[word]):.2f}")
    if "light" not in found:
        return
    print("rank correlations  " + " ".join(f"{name:>14}" for name in HEARD))
    for word in SEEN:
        print(f"  {word:16} " + " ".join(f"{rho(found[word], found[name]):14.2f}" for name in HEARD))
    print("variance that the colour histogram tells of: " + ", ".join(
        f"{name} {explained(found['colour'], found[name]):.2f}" for name in ("valence", "mode", "tempo", "treble", "energy")
    ))  # fmt: skip
    light, warm = found["light"], found["warmth"]
    for words, chosen in (
        ("bright and warm", (light > 0.5) & (warm > 0.15)),
        ("dark and cold", (light < 0.3) & (warm < -0.15)),
    ):
        if chosen.any():
            major = np.isin(found["mode"][chosen], [MODES.index(mode) for mode in ("mixolydian", "ionian", "lydian")])
            print(
                f"{words:16} {chosen.sum()} storyboards: major {major.mean():.2f}, tempo {found['tempo'][chosen].mean():.0f}, "
                f"treble {found['treble'][chosen].mean():.2f}, notes a second {found['notes'][chosen].mean():.1f}"
            )
    played = [STYLES[int(style)] for style in found["style"]]
    print("styles: mean heard valence and energy: " + "; ".join(
        f"{name} {found['valence'][mask].mean():.2f} {found['energy'][mask].mean():.2f}"
        for name in STYLES for mask in [np.array([each == name for each in played])] if mask.any()
    ))  # fmt: skip


def draw(corpus: Corpus, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for item in corpus[:14]:
        shots = recipe(item.seed).shots
        chosen = [shots[place] for place in np.linspace(0, len(shots) - 1, 9).astype(int)]
        rows.append(np.concatenate([painter(shot)(0.6) for shot in chosen], axis=1))
    write_png(folder / "films.png", np.concatenate(rows))
    for item in corpus[:4]:
        write_png(folder / f"item-{item.seed}.png", strip(item))
    made = recipe(corpus[0].seed)
    with tempfile.TemporaryDirectory() as room:
        film(made, Path(room))
        shown = edit(made, names(made))
        seen, thumbs = parse_with_pictures(shown, cache=None, find=lambda name: Path(room) / name)
        write_png(folder / "sheet.png", contact_sheet(shown, storyboards(shown, seen)[0], seen, thumbs.at, width=1600))


def strip(item) -> np.ndarray:
    """(height, width, 3): film, spectrogram, onset curve, cuts and storyboards over one axis of time."""
    wide, tall = 1600, 256
    made = recipe(item.seed)
    per_second = wide / item.seconds
    image = np.full((90 + tall + 120 + 40, wide, 3), 16, np.uint8)
    shots = {shot: painter(shot) for shot in made.shots}
    for left in range(0, wide - 159, 160):
        frame = (left + 80) / per_second * float(made.rate.fps)
        shot = next((each for each in made.shots if each.start <= frame < each.end), None)
        if shot is not None:
            at = (frame - shot.start) / float(made.rate.fps) * float(shot.speed)
            image[:90, left : left + 160] = shots[shot](at)
    levels = decibels(mel(mono(item.audio)))
    columns = np.clip(np.arange(wide) / per_second * 93.75, 0, len(levels) - 1).astype(int)
    shade = np.clip((levels[columns] - levels.max() + 80) / 80, 0, 1).T[::-1]
    heat = np.stack([shade**0.7, shade**1.6, shade**3 + 0.25 * shade * (1 - shade)], axis=-1)
    image[90 : 90 + tall] = (255 * np.clip(np.repeat(heat, 2, axis=0), 0, 1)).astype(np.uint8)
    bins = np.clip((np.arange(len(item.odf)) / 93.75 * per_second).astype(int), 0, wide - 1)
    highest = np.zeros(wide)
    np.maximum.at(highest, bins, item.odf)
    curve(image, 0, 90 + tall + 4, highest / max(highest.max(), 1e-9), 110, (120, 200, 255))
    for cut in item.cuts:
        fill(image, cut * per_second, 90, 1, tall + 120, (255, 255, 255), 0.55)
    for start, end, valence, energy, _, style, key, mode, tempo in item.boards.values.tolist():
        fill(image, start * per_second, 90, 2, tall + 160, (255, 200, 60))
        names = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
        words = f"{STYLES[int(style)]} {names[int(key)]} {MODES[int(mode)]} {tempo:.0f}, v {valence:.2f} e {energy:.2f}"
        write(
            image,
            round(start * per_second) + 6,
            90 + tall + 124,
            words,
            (230, 230, 230),
            2,
            round((end - start) * per_second),
        )
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--items", type=int, default=8)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as room:
        if options.items:
            timed(Path(room), options.items)
        place = options.folder or Path(room) / "full"
        if not options.folder:
            (place / "corpus.json").write_text("{}")
        corpus = Corpus.open(place)
        if not len(corpus):
            sys.exit("there is nothing to tell about")
        spread(corpus)
        if options.pictures:
            draw(corpus, options.pictures)


if __name__ == "__main__":
    main()
