"""Edits made from known groups of shots, parsed as a picture would be: what storyboards ought to find."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hitpoint.runtime.edit import Cut, Edit, Shot
from hitpoint.runtime.picture.look import Curves, Look, Seen
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))
KEYS = ("light", "contrast", "saturation", "warmth", "motion")
LOW = np.array([0.1, 0.2, 0.1, -0.7, 0.0])
HIGH = np.array([0.9, 0.8, 0.9, 0.7, 0.8])
MEANING_SIZE = 64


def film(lengths, looks, *, meaning=None, colour=None, cuts=None, markers=(), known=None, rate=FILM, jitter=None):
    """An edit of shots of `lengths` frames and its picture: `looks` (shots, 5) by KEYS; `meaning` (shots, d) and
    `colour` (shots, 3, 32, 32), given to each second of a shot; `jitter(rows)` roughens what is given each second.
    """
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends][: len(ends)]
    shots = tuple(
        Shot(a, b, f"shot {n}", f"/m/{n}.mov", True) for n, (a, b) in enumerate(zip(starts, ends, strict=True))
    )
    known = [True] * len(shots) if known is None else known
    made = tuple(
        Look(**dict(zip(KEYS, map(float, row), strict=True)), known=True) if sees else Look()
        for row, sees in zip(looks, known, strict=True)
    )
    frames = ends[-1] if ends else 0
    count = int(np.ceil(float(rate.seconds(frames))))
    middles = (np.arange(count) + 0.5).astype(np.float32)
    of = np.minimum(np.searchsorted(ends, middles * float(rate.fps), side="right"), max(0, len(shots) - 1))
    rough = jitter or (lambda rows: rows)
    values = np.array([[getattr(look, key) if look.known else np.nan for key in KEYS] for look in made]).reshape(-1, 5)
    curve = values[of].astype(np.float32) if len(shots) else np.zeros((0, 5), np.float32)
    seen = Seen(
        looks=made,
        curves=Curves(middles, curve[:, 0], curve[:, 2], curve[:, 3], curve[:, 4]),
        beats=(),
        meaning=np.zeros((count, 4), np.float32)
        if meaning is None
        else rough(np.asarray(meaning)[of]).astype(np.float32),
        descriptor="made",
        colour=np.zeros((count, 3, 32, 32), np.float32) if colour is None else np.asarray(colour, np.float32)[of],
        density=np.zeros(count, np.float32),
    )
    cuts = tuple(Cut(frame) for frame in starts[1:]) if cuts is None else cuts
    edit = Edit("film", rate, frames, 0, False, 0 if shots else None, frames if shots else None, cuts=cuts, shots=shots)
    return Edit(**{**edit.__dict__, "markers": tuple(markers)}), seen


def groups(seed, noise=0.06, *, rich=True, to_and_fro=False, count=None):
    """3 to 12 groups of 2 to 12 shots of log-normal lengths. Each group has a look; its shots stray from it by `noise`.

    `rich` gives meaning and colour beside the five numbers. `to_and_fro` gives each group two looks that take turns.
    Returns the edit, its picture, and the frames at which groups start but the first.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 13, count or rng.integers(3, 13))
    of = np.repeat(np.arange(len(sizes)), sizes)
    if to_and_fro:
        of = 2 * of + np.arange(len(of)) % 2
    kinds = of.max() + 1
    lengths = np.round(24 * np.clip(rng.lognormal(np.log(3.5), 0.5, len(of)), 1.0, 20.0)).astype(int)
    looks = rng.uniform(LOW, HIGH, (kinds, 5))[of] + rng.normal(0, noise, (len(of), 5)) * np.array([1, 1, 1, 2, 1])
    looks = np.clip(looks, [0, 0, 0, -1, 0], 1)
    meaning = colour = jitter = None
    if rich:
        # All frames of one film have much in common: different scenes are about 0.6 alike, by cosine.
        centres = rng.normal(0, 1, (kinds, MEANING_SIZE)) + 1.2 * rng.normal(0, 1, MEANING_SIZE)
        meaning = centres[of] + rng.normal(0, 6 * noise, (len(of), MEANING_SIZE))
        jitter = lambda rows: rows + rng.normal(0, 3 * noise, rows.shape)
        colour = np.array([_histogram(rng) for _ in range(kinds)])[of]
        strays = np.array([_histogram(rng) for _ in range(len(of))])
        share = np.clip(3 * noise * rng.uniform(0, 1, len(of)), 0, 1)[:, None, None, None]
        colour = colour * (1 - share) + strays * share
    edit, seen = film(lengths, looks, meaning=meaning, colour=colour, jitter=jitter)
    firsts = np.cumsum(sizes)[:-1]
    return edit, seen, [edit.shots[first].start for first in firsts]


def _histogram(rng):
    """Three blobs of colour on each of the three planes; sums to 1."""
    grid = np.arange(32)
    planes = np.zeros((3, 32, 32))
    for plane in planes:
        for _ in range(3):
            u, v = rng.uniform(6, 26, 2)
            plane += np.exp(-((grid[:, None] - u) ** 2 + (grid[None, :] - v) ** 2) / (2 * 2.5**2)) * rng.uniform(0.2, 1)
    return planes / planes.sum()


def f1(found, wanted):
    """The harmonic mean of precision and recall of boundaries, to the frame."""
    found, wanted = set(found), set(wanted)
    if not found and not wanted:
        return 1.0
    return 2 * len(found & wanted) / (len(found) + len(wanted))
