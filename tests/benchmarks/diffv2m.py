"""What packs of Diff-V2M do with edits that nothing was trained on, as a table.

    hitpoint corpus build --held-out --items 64 DIR
    python tests/benchmarks/diffv2m.py DIR NAME=PACK [NAME=PACK ...] [--items 64] [--first 1000000] [--steps N]
        [--rows curve,colour,frechet] [--pictures FILE.png]

Each edit of the corpus has its plan: its hits and beats are the curve that is asked for, up to 24 s of each. Heard is what the
corpus teaches: peaks of the onset strength of the sound, drawn at the rate of the latents.

curve     correlation of the curve heard with the one asked for; with that of another edit; and a paired test of the two
          (signs flipped at random). The curve moved by 12 latents: how many pieces follow it best 12 latents later.
          The part of the cuts with a beat within 0.1 s, by librosa's tracker, before and after the beats are bent to the hits.
colour    the same plans and seeds with the pictures of the brightest, warmest and of the darkest, coldest edits: how they differ
          in brightness (mel centroid, in octaves) and mode (fit of major over minor keys); with their colours alone; with colour
          cut off. Beside it how the composer's own music for those edits differs.
frechet   Frechet distance from the composer's music of the same edits: on means and spreads of 64 mel bands over 2 s, and on 64
          features of a random network (one layer of 2,048 patches of 16 bands by 16 frames, seed 0, rectified, mean over 2 s,
          then a random turn to 64). Beside it music that was told nothing, and the composer's with itself in halves.

Variants of the paper that no pack was given for are printed as `not run`: NAME is one of those, or any other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
from diffv2m_player import Held, Player, held
from machine import describe

from hitpoint.exporters.corpus import targets
from hitpoint.exporters.corpus.reading import Corpus
from hitpoint.exporters.diffv2m.rhythm import accents
from hitpoint.plugin.hearing import tracked
from hitpoint.plugin.settling import settled
from hitpoint.runtime.engines.diffv2m.rows import drawn
from hitpoint.runtime.engines.engine import Block, Performance
from hitpoint.runtime.measure.embedding import frechet
from hitpoint.runtime.measure.rhythm import Picture, recall
from hitpoint.runtime.progress import silent

VARIANTS = (
    "fixed", "mel", "tempogram", "gate", "FiLM_choose", "real-only", "compat",
)  # fmt: skip
WORDS = {
    "fixed": "fixed, ODF, additive, scheduled",
    "mel": "rhythm as 16 mel bands",
    "tempogram": "rhythm as a tempogram",
    "gate": "fusion by a gate",
    "FiLM_choose": "fusion by FiLM and choice",
    "real-only": "no scheduled conditioning",
    "compat": "as released",
}
MOVED = 12  # latents
REACH = 24
SR = 48_000
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])


def heard(sound: np.ndarray, frames: int, rate: float) -> np.ndarray:
    """(frames,): the accents of a sound as the corpus draws them."""
    return drawn(*accents(targets.odf(sound), targets.RATE), frames, rate)


def alike(one: np.ndarray, two: np.ndarray) -> float:
    n = min(len(one), len(two))
    one, two = one[:n] - one[:n].mean(), two[:n] - two[:n].mean()
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / size if size else 0.0


def lag(asked: np.ndarray, found: np.ndarray) -> int:
    """By how many latents `found` comes after `asked` where both are most alike."""
    n = min(len(asked), len(found)) - REACH
    return max(range(-REACH, REACH + 1), key=lambda k: alike(asked[max(0, -k) :][:n], found[max(0, k) :][:n]))


def chance_of(differences: np.ndarray) -> float:
    """How often signs flipped at random give as large a mean, of 20,000 times."""
    flips = np.random.default_rng(0).choice([-1.0, 1.0], (20_000, len(differences)))
    return float((np.abs((flips * differences).mean(axis=1)) >= abs(differences.mean())).mean())


def bent(sound: np.ndarray, edit: Held) -> np.ndarray:
    """The sound with its beats bent to the hits, as `score` bends it."""
    sheet = edit.sheet
    begin = sheet.storyboards[0].start
    last = min(begin + sheet.rate.frame_at(len(sound) / SR), sheet.frames)
    boards = [replace(board, end=min(board.end, last)) for board in sheet.storyboards if board.start < last]
    hits = tuple(hit for hit in sheet.hits if hit.frame < last)
    sheet = replace(sheet, frames=last, storyboards=tuple(boards), hits=hits)
    first = sheet.rate.samples(begin)
    laid = np.zeros((sheet.samples, 2), np.float32)
    laid[first : first + len(sound)] = sound[: max(sheet.samples - first, 0)]
    made = Performance(("music",), iter([Block({"music": laid})]), None, rings=False)
    with tempfile.TemporaryDirectory() as room:
        played, _ = settled(made, sheet, Path(room), None, silent)
        return np.concatenate([block.stems["music"] for block in played.blocks])[first : first + len(sound)]


def met(sound: np.ndarray, edit: Held) -> tuple[float, float] | None:
    """The part of the cuts with a beat within 0.1 s, and what chance gives. None where there are no cuts or no beats."""
    begin = edit.sheet.seconds(edit.sheet.storyboards[0].start)
    long = len(sound) / SR
    cuts = tuple(float(cut - begin) for cut in edit.cuts if 0.2 < cut - begin < long - 0.2)
    beats = tracked(sound).seconds
    if not cuts or len(beats) < 4:
        return None
    found = recall(Picture(cuts, 0.0, long), beats)
    return (found.value or 0.0, found.chance or 0.0)


def curve(player: Player, edits: list[Held]) -> dict[str, str]:
    own, other, lags, before, after = [], [], [], [], []
    curves = [player.curve(player.plan(edit), player.frames(edit)) for edit in edits]
    for number, edit in enumerate(edits):
        frames, plan = player.frames(edit), player.plan(edit)
        sound = player.usual(edit)
        found = heard(sound, frames, player.rate)
        own.append(alike(curves[number], found))
        other.append(alike(curves[(number + 1) % len(edits)], found))
        before.append(met(sound, edit))
        after.append(met(bent(sound, edit), edit))
        later = player.make(edit, edit.seed, plan=replace(plan, times=plan.times + MOVED / player.rate))
        lags.append(lag(curves[number], heard(later, frames, player.rate)))
    differences = np.array(own) - np.array(other)
    both = [(a, b) for a, b in zip(before, after, strict=True) if a and b]
    return {
        "curve asked": f"{np.mean(own):.2f}",
        "another's": f"{np.mean(other):.2f}",
        "better": f"{(differences > 0).sum()} of {len(edits)}, p {chance_of(differences):.4f}",
        "follows": f"{sum(abs(k - MOVED) <= 1 for k in lags)} of {len(edits)}, median {np.median(lags):.0f}",
        "recall": _recalled([a for a, _ in both]),
        "bent": _recalled([b for _, b in both]) + f" ({len(both)} edits)",
    }


def _recalled(pairs: list[tuple[float, float]]) -> str:
    return f"{np.mean([a for a, _ in pairs]):.2f}, chance {np.mean([b for _, b in pairs]):.2f}" if pairs else "no beats"


def brightness(sound: np.ndarray) -> float:
    """Octaves above 1 kHz of the centroid of the mel spectrum's power."""
    power = targets.mel(targets.mono(sound)).mean(axis=0).astype(np.float64)
    tones = librosa.mel_frequencies(len(power) + 2, fmax=SR / 2)[1:-1]
    return float((power * np.log2(tones / 1000)).sum() / max(power.sum(), 1e-12))


def major(sound: np.ndarray) -> float:
    """How much better the best major key fits than the best minor one."""
    low = librosa.resample(targets.mono(sound), orig_sr=SR, target_sr=16_000)
    chroma = librosa.feature.chroma_cqt(y=low, sr=16_000, hop_length=1024).mean(axis=1)
    best = [max(np.corrcoef(chroma, np.roll(profile, t))[0, 1] for t in range(12)) for profile in (MAJOR, MINOR)]
    return float(best[0] - best[1])


def colour(player: Player, edits: list[Held]) -> dict[str, str]:
    """Bright and warm against dark and cold, over the same plans and seeds."""
    order = sorted(edits, key=lambda edit: edit.light + 0.5 * edit.warmth)
    count = max(1, min(8, len(edits) // 4))
    dark, bright = order[:count], order[-count:]
    plans = order[len(order) // 2 - count : len(order) // 2 + count]

    def apart(change) -> list[tuple[float, float]]:
        found = []
        for number, edit in enumerate(plans):
            one, two = bright[number % count], dark[number % count]
            sounds = [player.make(edit, edit.seed, sight=change(edit, each)) for each in (one, two)]
            found.append(tuple(measure(sounds[0]) - measure(sounds[1]) for measure in (brightness, major)))
        return found

    def whole(edit: Held, other: Held):
        return replace(_filled(other, edit), cuts=edit.sight.cuts)

    def alone(edit: Held, other: Held):
        return replace(edit.sight, colour=_filled(other, edit).colour)

    def cut_off(edit: Held, _: Held):
        return replace(edit.sight, colour=np.zeros_like(edit.sight.colour))

    music = [[measure(each.music) for each in group] for group in (bright, dark) for measure in (brightness, major)]
    taught = [np.mean(music[0]) - np.mean(music[2]), np.mean(music[1]) - np.mean(music[3])]
    return {
        "composer": f"brightness {taught[0]:+.2f}, major {taught[1]:+.3f}",
        "picture": _apart(apart(whole)),
        "colour alone": _apart(apart(alone)),
        "colour cut off": _apart(apart(cut_off)),
    }


def _filled(other: Held, edit: Held):
    """What `other` shows, repeated to be as long as what `edit` shows."""
    count = len(edit.sight.seen)
    rows = np.resize(np.flatnonzero(other.sight.seen), count)
    return replace(
        edit.sight, meaning=other.sight.meaning[rows], colour=other.sight.colour[rows], seen=np.ones(count, np.bool_)
    )


def _apart(differences: list[tuple[float, float]]) -> str:
    both = np.array(differences)
    return ", ".join(
        f"{name} {both[:, k].mean():+.{digits}f} (p {chance_of(both[:, k]):.3f})"
        for k, (name, digits) in enumerate((("brightness", 2), ("major", 3)))
    )


def features(sounds: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A row for each 2 s: mel statistics (n, 128), and a random network's (n, 64)."""
    dice = np.random.default_rng(0)
    patches = (dice.standard_normal((16 * 16, 2048)) / 16).astype(np.float32)
    turn = dice.standard_normal((2048, 64)) / np.sqrt(2048)
    plain, random = [], []
    for sound in sounds:
        levels = 10 * np.log10(targets.mel(targets.mono(sound)).reshape(-1, 64, 2).mean(axis=2) + 1e-8)
        step = round(2 * targets.RATE)
        for start in range(0, len(levels) - step + 1, step):
            window = levels[start : start + step]
            plain.append(np.concatenate([window.mean(axis=0), window.std(axis=0)]))
            tiles = np.lib.stride_tricks.sliding_window_view(window / 20 + 2, (16, 16))[::8, ::8]
            answer = np.maximum(tiles.reshape(-1, 256).astype(np.float32) @ patches, 0).mean(axis=0)
            random.append(answer @ turn)
    return np.array(plain), np.array(random)


def distances(player: Player, edits: list[Held]) -> dict[str, str]:
    truth = features([edit.music[: round(player.seconds(edit) * SR)] for edit in edits])
    made = features([player.usual(edit) for edit in edits])
    blind = features([player.make(edit, edit.seed, nothing=True) for edit in edits])
    halves = [(rows[::2], rows[1::2]) for rows in truth]
    answer = {}
    for name, which in (("mel", 0), ("random network", 1)):
        answer[f"Frechet, {name}"] = (
            f"{frechet(truth[which], made[which]):.4g}, told nothing {frechet(truth[which], blind[which]):.4g}, "
            f"the composer's halves {frechet(*halves[which]):.4g}"
        )
    return answer


ROWS = {"curve": curve, "colour": colour, "frechet": distances}


def picture(players: dict[str, Player], edit: Held, path: Path) -> None:
    """Spectrograms of one edit under each other: the composer's music, then each pack's, then told nothing."""
    from hitpoint.plugin.canvas import fill, write_png
    from hitpoint.plugin.lettering import write

    first = next(iter(players.values()))
    frames = first.frames(edit)
    asked = first.curve(first.plan(edit), frames)
    rows = [("the composer's music for this edit", edit.music[: round(first.seconds(edit) * SR)])]
    for name, player in players.items():
        rows.append((f"{name}, told the picture and the rhythm that is drawn below", player.make(edit, edit.seed)))
    rows.append(("told nothing", first.make(edit, edit.seed, nothing=True)))
    wide, tall = 1200, 200
    image = np.full((len(rows) * (tall + 26) + 70, wide, 3), 16, np.uint8)
    for number, (words, sound) in enumerate(rows):
        top = number * (tall + 26)
        write(image, 6, top + 6, words, (230, 230, 230), 2, wide)
        levels = targets.decibels(targets.mel(targets.mono(sound)))
        columns = np.linspace(0, len(levels) - 1, wide).astype(int)
        shade = np.clip((levels[columns] - levels.max() + 80) / 80, 0, 1).T[::-1]
        shade = shade[np.linspace(0, len(shade) - 1, tall).astype(int)]
        heat = np.stack([shade**0.7, shade**1.6, shade**3 + 0.25 * shade * (1 - shade)], axis=-1)
        image[top + 26 : top + 26 + tall] = (255 * np.clip(heat, 0, 1)).astype(np.uint8)
    top = len(rows) * (tall + 26)
    for at, strength in enumerate(asked.tolist()):
        if strength > 0.05:
            fill(image, at / frames * wide, top + 64 - 56 * strength, 2, 56 * strength, (120, 200, 255))
    write_png(path, image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("packs", nargs="+", metavar="NAME=PACK")
    parser.add_argument("--items", type=int, default=64)
    parser.add_argument("--first", type=int, default=0, help="leave out seeds below this")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    items = [item for item in Corpus.open(options.corpus) if item.seed >= options.first and item.has("meaning")]
    edits = [held(item) for item in items[: options.items]]
    if not edits:
        sys.exit(f"{options.corpus} has no items with films from seed {options.first} on")
    wrong = [each for each in options.packs if "=" not in each]
    if wrong:
        sys.exit(f"{wrong[0]}: say NAME=PACK")
    players = {}
    for name, _, place in (each.partition("=") for each in options.packs):
        players[name] = Player(Path(place), options.steps, options.guidance)
    print(describe())
    print(f"{len(edits)} edits, seeds {edits[0].seed} to {edits[-1].seed}")
    for name in dict.fromkeys([*players, *VARIANTS]):
        print(f"\n{name} ({WORDS[name]})" if name in WORDS else f"\n{name}")
        if name not in players:
            print("  not run")
            continue
        player = players[name]
        said = player.pack.provenance
        print(f"  {player.pack.name} {player.pack.version}: {said.steps} steps, on {said.trained_on}")
        print("  sampled by {method} in {steps} steps, guidance {guidance:g}, {variant}".format_map(player.played))
        for row in filter(None, options.rows.split(",")):
            for what, value in ROWS[row](player, edits).items():
                print(f"  {what:24} {value}", flush=True)
    if options.pictures:
        picture(players, edits[0], options.pictures)


if __name__ == "__main__":
    main()
