"""Where a storyboard begins, as an ear hears it: what sounds after differs from what sounded before, within a beat."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from hitpoint.runtime.cues.beats import lay, meet
from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Storyboard
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.measure.matching import covered, near
from hitpoint.runtime.measure.novelty import novelty
from hitpoint.runtime.measure.spectra import Spectra
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

FILM = Rate(Fraction(24))
LENGTHS = (18, 17, 19)  # seconds of the storyboards
STYLES = ("cinematic", "documentary", "electronic", "jazz", "lofi", "trailer")


def a_film(style, energies, valence, tempo):
    edges = [0, *np.cumsum(LENGTHS).tolist()]
    boards = tuple(
        Storyboard(
            "ABC"[n],
            24 * start,
            24 * end,
            tempo,
            beats=lay(float(start), float(end), tempo),
            brief=Brief(energy=energies[n], density=0.5, valence=valence, style=style),
        )
        for n, (start, end) in enumerate(pairwise(edges))
    )
    cuts = [Hit(frame, "cut", weight=0.5) for frame in range(60, 24 * edges[-1] - 24, 60)]
    starts = [Hit(board.start, "storyboard", board.name, 1.0) for board in boards]
    begun = {hit.frame for hit in starts}
    wanted = sorted([*starts, *(hit for hit in cuts if hit.frame not in begun)], key=lambda hit: hit.frame)
    return CueSheet("film", FILM, 24 * edges[-1], storyboards=boards, hits=meet(wanted, boards, FILM))


def changes(sheet, seed):
    """The seconds at which the music is heard to change."""
    spectra = Spectra()
    for block in Composer(draft=True).perform(sheet, seed=seed, progress=silent).blocks:
        spectra.feed(np.sum(list(block.stems.values()), axis=0, dtype=np.float32))
    spectra.finish()
    return novelty(spectra.slices).peaks


@pytest.fixture(scope="module")
def heard():
    """For every style whether its boundaries, into a calmer and into a livelier storyboard, are heard within a beat; and
    how often a moment would be by chance.
    """
    met, chances = [], []
    for seed, style in enumerate(STYLES):
        tempo = (96.0, 112.0, 124.0)[seed % 3]
        low = (0.35, 0.5)[seed % 2]
        sheet = a_film(style, (low + 0.3, low, low + 0.3), (0.5, -0.5)[seed % 2], tempo)
        peaks, beat = changes(sheet, seed), 60 / tempo
        met.append(near([sheet.seconds(board.start) for board in sheet.storyboards[1:]], peaks, beat))
        chances.append(covered(peaks, beat, 0.0, sum(LENGTHS)) / sum(LENGTHS))
    return np.array(met), float(np.mean(chances))


def test_it_is_heard_that_a_calmer_storyboard_begins(heard):
    met, chance = heard
    assert met[:, 0].mean() >= 0.8 and chance < 0.35


def test_it_is_heard_that_a_livelier_storyboard_begins(heard):
    met, chance = heard
    assert met[:, 1].mean() >= 0.8 and chance < 0.35


def test_a_calmer_storyboard_is_as_loud_as_it_would_be_after_an_equal_one_once_it_has_begun():
    def loud(energies):
        sheet = a_film("cinematic", energies, 0.5, 120.0)
        events = Composer(draft=True).perform(sheet, seed=1, progress=silent).notes
        return sum(n.velocity**3 for n in events if 18 + 6 <= n.start < 18 + 12)

    assert loud((0.7, 0.4, 0.4)) == pytest.approx(loud((0.4, 0.4, 0.4)), rel=0.02)
