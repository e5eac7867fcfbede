"""Keys, chords, voices and tunes, each by itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hitpoint.runtime.engines.composer.harmonise import Span
from hitpoint.runtime.engines.composer.keys import MODES, Key, chord, dominant, fitting, key_for, mode_for, pivot
from hitpoint.runtime.engines.composer.theme import inverted, theme
from hitpoint.runtime.engines.composer.tune import Want, solve
from hitpoint.runtime.engines.composer.voicing import parallel, roots, voice

C_MAJOR, A_MINOR = Key(0, "ionian"), Key(9, "aeolian")


def test_modes_darken_as_the_valence_falls():
    found = [mode_for(valence) for valence in np.linspace(1, -1, 200)]
    assert list(dict.fromkeys(found)) == list(MODES)


def test_relations_give_neighbouring_keys():
    assert key_for(0, False, "dominant", 0.5) == Key(7, "ionian")
    assert key_for(0, False, "relative", -0.5) == Key(9, "aeolian")
    assert key_for(9, True, "relative", 0.5) == Key(0, "ionian")
    assert key_for(0, False, "parallel", -0.5) == Key(0, "aeolian")
    assert key_for(0, False, "relative", 0.5) == Key(5, "ionian")


@pytest.mark.parametrize(
    "key, symbol, size, tones",
    [
        (C_MAJOR, "1", 3, (0, 4, 7)),
        (C_MAJOR, "5", 4, (7, 11, 2, 5)),
        (C_MAJOR, "2", 5, (2, 5, 9, 0, 4)),
        (C_MAJOR, "7", 3, (7, 11, 2)),
        (C_MAJOR, "b7", 3, (10, 2, 5)),
        (C_MAJOR, "5s", 3, (7, 0, 2)),
        (C_MAJOR, "4m", 3, (5, 8, 0)),
        (A_MINOR, "5M", 4, (4, 8, 11, 2)),
        (A_MINOR, "2", 4, (11, 2, 5, 9)),
        (A_MINOR, "2", 3, (7, 11, 2)),
    ],
)
def test_symbols_mean_chords(key, symbol, size, tones):
    assert chord(key, symbol, size).tones == tones


def test_inversions_have_the_third_in_the_bass():
    assert chord(C_MAJOR, "5^").bass == 11


def test_a_pivot_belongs_to_both_keys_and_the_dominant_to_the_second():
    after = Key(7, "ionian")
    common = pivot(C_MAJOR, after)
    assert set(common.tones) <= set(C_MAJOR.scale) & set(after.scale)
    assert dominant(after).tones == (2, 6, 9)


def test_melodies_avoid_what_rubs_against_a_foreign_note():
    scale = fitting(A_MINOR, chord(A_MINOR, "5M"))
    assert 8 in scale and 7 not in scale


@pytest.mark.parametrize("mode", MODES)
def test_voices_move_little_and_their_outer_ones_never_in_parallel(mode):
    key = Key(4, mode)
    rng = np.random.default_rng(5)
    for size in (3, 4, 5):
        symbols = ["1", *map(str, rng.integers(1, 8, 60))]
        spans = [Span(n, n + 1, chord(key, symbol, size)) for n, symbol in enumerate(symbols)]
        low = roots(spans)
        voicings = voice(spans, low, [62.0] * len(spans))
        moves = [np.abs(np.subtract(a, b)).mean() for a, b in pairwise(voicings)]
        assert np.mean(moves) < 3.5
        assert not any(
            parallel(a[3], b[3], x, y) for (a, b), (x, y) in zip(pairwise(voicings), pairwise(low), strict=True)
        )
        for span, voicing in zip(spans, voicings, strict=True):
            assert list(voicing) == sorted(voicing)
            assert {pitch % 12 for pitch in voicing} <= set(span.chord.tones)


def test_parallels_are_known():
    assert parallel(67, 69, 48, 50)
    assert parallel(72, 74, 48, 50)
    assert not parallel(67, 69, 48, 47)
    assert not parallel(67, 67, 48, 50)
    assert not parallel(64, 65, 48, 50)


def test_themes_are_of_two_bars_with_one_leap():
    found = {theme(seed) for seed in range(200)}
    assert len({each.degrees for each in found}) > 150
    assert {each.tonic for each in found} == set(range(12))
    for each in found:
        steps = np.abs(np.diff(each.degrees))
        assert 1 <= (steps >= 3).sum() <= 3 and steps.max() <= 7
        for beats in range(1, 8):
            for bar in (0, 1):
                onsets = each.onsets(bar, beats)
                assert all(at < beats for at in onsets) and list(onsets) == sorted(onsets)
                assert len(onsets) <= len(each.bar(bar))


def test_inversion_turns_every_interval():
    assert inverted((0, 2, 1, 4)) == (0, -2, -1, -4)


def test_tunes_stand_on_chord_tones_on_strong_beats():
    tones, scale = frozenset({0, 4, 7}), frozenset(C_MAJOR.scale)
    wanted = [Want(n, n + 1, 60.0 + n, n % 2 == 0, chord=tones, scale=scale, bass=36) for n in range(12)]
    found = solve(wanted, 60, 84)
    assert all(pitch % 12 in tones for pitch in found[::2])
    assert all(pitch % 12 in scale for pitch in found)
    assert max(abs(a - b) for a, b in pairwise(found)) <= 12


def test_tunes_find_the_best_of_all_ways():
    """Against every way there is, by the same costs."""
    from itertools import product

    from hitpoint.runtime.engines.composer.tune import _local, _steps

    rng = np.random.default_rng(2)
    pitches = np.arange(60, 66)
    for _ in range(10):
        wanted = [
            Want(
                n,
                n + 1,
                float(rng.integers(58, 68)),
                bool(rng.integers(2)),
                chord=frozenset(rng.choice(12, 4).tolist()),
                scale=frozenset(range(12)),
                bass=int(rng.integers(30, 48)),
            )
            for n in range(4)
        ]
        local = [_local(want, pitches, last=n == 3) for n, want in enumerate(wanted)]
        between = [_steps(a, b, pitches) for a, b in pairwise(wanted)]

        def cost(way, local=local, between=between):
            return sum(each[k] for each, k in zip(local, way, strict=True)) + sum(
                each[a, b] for each, (a, b) in zip(between, pairwise(way), strict=True)
            )

        best = min(cost(way) for way in product(range(6), repeat=4))
        assert cost([pitch - 60 for pitch in solve(wanted, 60, 65)]) == pytest.approx(best)
