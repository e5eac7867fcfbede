"""The built-in engine, by what one would hear."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Storyboard
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate


def an_edit(rate="24", frames=480, end=440, spacing=12):
    markers = (
        Marker(spacing * 16, 0, "storyboard: B", "", "", "timeline"),
        Marker(spacing * 24, 0, "boom", "", "", "clip"),
    )
    cuts = tuple(Cut(24 + n * spacing) for n in range(1, (end - 24) // spacing))
    return Edit("film", Rate.of(rate), frames, 0, False, 24, end, cuts=cuts, markers=markers)


def render(sheet, seed=0, block=5.0):
    stems = [piece.stems for piece in Composer(block).perform(sheet, seed=seed, progress=silent).blocks]
    return {stem: np.concatenate([piece[stem] for piece in stems]) for stem in stems[0]}


def whole(stems):
    return sum(sound.astype(np.float64) for sound in stems.values())


@pytest.fixture(scope="module")
def sheet():
    return plan(an_edit())


@pytest.fixture(scope="module")
def stems(sheet):
    return render(sheet)


def with_brief(sheet, **brief):
    boards = tuple(replace(board, brief=Brief(**brief)) for board in sheet.storyboards)
    return replace(sheet, storyboards=boards)


def test_the_stems_are_those_announced_in_stereo_single_precision(sheet, stems):
    assert Composer().perform(sheet, seed=0, progress=silent).stems == tuple(stems)
    for sound in stems.values():
        assert sound.dtype == np.float32
        assert sound.shape == (480 * 2000, 2)


@pytest.mark.parametrize("rate", ["24000/1001", "25", "30000/1001", "60"])
def test_the_length_is_the_timelines_to_the_sample(rate):
    made = plan(an_edit(rate, frames=301, end=290))
    exact = Fraction(301 * 48000) / Fraction(rate)
    assert len(whole(render(made))) == int(exact + Fraction(1, 2))


def test_one_seed_gives_one_piece_to_the_byte(sheet, stems):
    again = render(sheet)
    assert all(again[stem].tobytes() == stems[stem].tobytes() for stem in stems)


def test_another_seed_is_another_piece(sheet, stems):
    other = render(sheet, seed=1)
    assert all(not np.array_equal(other[stem], stems[stem]) for stem in ("harmony", "bass", "effects"))
    pitches = [{note.pitch for note in Composer().perform(sheet, seed=s, progress=silent).notes} for s in range(4)]
    assert len({frozenset(each) for each in pitches}) > 1


@pytest.mark.parametrize("block", [0.0137, 0.5, 1.0, 60.0])
def test_the_length_of_blocks_changes_no_sample(sheet, stems, block):
    other = render(sheet, block=block)
    for stem in stems:
        np.testing.assert_array_equal(other[stem], stems[stem])


def test_blocks_are_short_enough_for_any_length(sheet):
    sizes = [len(b.stems["bass"]) for b in Composer().perform(sheet, seed=0, progress=silent).blocks]
    assert max(sizes) <= 10 * 48000


def test_there_is_silence_before_and_after_the_picture_and_music_between(stems):
    sound = whole(stems)
    assert not sound[: 24 * 2000].any()
    assert not sound[440 * 2000 :].any()
    seconds = np.abs(sound[24 * 2000 : 432 * 2000]).reshape(17, -1).max(axis=1)
    assert seconds.min() > 0.01


def test_the_music_fades_to_nothing_with_the_picture(stems):
    sound = np.abs(whole(stems))
    end = 440 * 2000
    assert sound[end - 1440 : end].max() < 0.01
    assert sound[end - 48 : end].max() < 1e-4


def test_every_sample_is_a_number_and_the_sum_stays_in_range(stems):
    sound = whole(stems)
    assert np.isfinite(sound).all()
    assert 0.1 < np.abs(sound).max() < 1.0
    for stem in stems.values():
        assert 0.02 < np.abs(stem).max() < 0.8


@pytest.mark.parametrize("energy", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_any_energy_stays_in_range_and_without_direct_current(sheet, energy):
    sound = whole(render(with_brief(sheet, energy=energy, density=energy)))
    assert np.abs(sound).max() < 1.0
    assert np.abs(sound.mean(axis=0)).max() < 1e-3  # -60 dB


def test_tones_begin_and_end_without_a_click(stems):
    # A click is energy at all frequencies: harmony and bass have no partial above 18 kHz.
    for stem in ("harmony", "bass"):
        spectrum = np.abs(np.fft.rfft(stems[stem][:, 0].astype(np.float64))) ** 2
        hertz = np.fft.rfftfreq(len(stems[stem]), 1 / 48000)
        assert spectrum[hertz > 18_500].sum() < 1e-9 * spectrum.sum()


@pytest.mark.parametrize("stem, bound", [("harmony", 0.1), ("bass", 0.04), ("drums", 0.25), ("effects", 0.3)])
def test_no_sample_steps_further_than_its_stem_can(stems, stem, bound):
    assert np.abs(np.diff(stems[stem], axis=0)).max() < bound


def test_landed_hits_have_an_accent_on_their_very_sample(sheet):
    assert {hit.outcome for hit in sheet.hits} == {"landed"}
    hits = sheet.hits[::6]  # three seconds apart, so that the cymbal before has died away
    made = replace(sheet, hits=hits)
    loud = np.abs(render(made)["effects"]).max(axis=1)
    onsets = Composer().perform(made, seed=0, progress=silent).onsets
    assert len(hits) > 4
    for hit in hits[:-1]:  # the last rings out with the music
        at = hit.frame * 2000
        assert loud[at + 1 : at + 480].max() > 3 * loud[at - 480 : at + 1].max()
        assert loud[at + 1 : at + 48].max() > loud[at - 480 : at + 1].max()
        assert min(abs(onset - at / 48000) for onset in onsets) < 1e-9


def test_a_hit_that_is_missed_gets_no_accent(sheet):
    missed = replace(sheet, hits=tuple(replace(hit, outcome="missed") for hit in sheet.hits))
    notes = Composer().perform(missed, seed=0, progress=silent).notes
    assert {note.start for note in notes if note.stem == "effects"} == {1.0, 8.0}  # the storyboards' starts


def test_onsets_rise_and_beats_are_among_them(sheet):
    onsets = Composer().perform(sheet, seed=0, progress=silent).onsets
    assert list(onsets) == sorted(set(onsets))
    assert min(onsets) == 1.0
    beats = [beat for board in sheet.storyboards for beat in board.beats if beat < 440 / 24 - 3]
    assert all(min(abs(beat - onset) for onset in onsets) < 1e-4 for beat in beats)


def test_the_spectrum_reaches_from_bass_to_air(stems):
    spectrum = np.abs(np.fft.rfft(whole(stems)[:, 0])) ** 2
    hertz = np.fft.rfftfreq(len(stems["bass"]), 1 / 48000)
    for low, high, least in ((30, 120, 0.05), (120, 1000, 0.05), (1000, 4000, 0.003), (4000, 16000, 0.001)):
        assert spectrum[(hertz >= low) & (hertz < high)].sum() > least * spectrum.sum()


def test_the_bass_is_the_same_on_both_sides(stems):
    np.testing.assert_array_equal(stems["bass"][:, 0], stems["bass"][:, 1])


def test_more_energy_is_louder_and_busier(sheet):
    calm, wild = with_brief(sheet, energy=0.1, density=0.1), with_brief(sheet, energy=0.9, density=0.9)
    levels = [np.sqrt(np.mean(whole(render(each)) ** 2)) for each in (calm, wild)]
    counts = [len(Composer().perform(each, seed=0, progress=silent).notes) for each in (calm, wild)]
    assert levels[1] > 1.2 * levels[0]
    assert counts[1] > 2 * counts[0]


@pytest.mark.parametrize("seed", range(6))
def test_bright_briefs_are_in_major_and_dark_ones_in_minor(sheet, seed):
    # The last chord is home: its third above the bass tells the mode.
    for valence, third in ((0.8, 4), (-0.8, 3)):
        made = with_brief(sheet, valence=valence)
        notes = Composer().perform(made, seed=seed, progress=silent).notes
        root = max((note for note in notes if note.stem == "bass"), key=lambda note: note.start).pitch % 12
        start = max(note.start for note in notes if note.stem == "harmony")
        chord = {(note.pitch - root) % 12 for note in notes if note.stem == "harmony" and note.start == start}
        assert chord == {0, third, 7}


def test_the_voices_of_neighbouring_chords_move_little(sheet):
    notes = Composer().perform(sheet, seed=2, progress=silent).notes
    chords = {}
    for note in notes:
        if note.stem == "harmony" and note.seconds > 1:
            chords.setdefault(note.start, []).append(note.pitch)
    voicings = [sorted(chord) for _, chord in sorted(chords.items()) if len(chord) == 4]
    assert len(voicings) > 4
    moves = [sum(abs(a - b) for a, b in zip(x, y, strict=True)) for x, y in pairwise(voicings)]
    assert np.mean(moves) / 4 < 3


def test_progress_runs_from_composing_to_rendered(sheet):
    heard = []
    for _ in Composer(1.0).perform(sheet, seed=0, progress=lambda *said: heard.append(said)).blocks:
        pass
    assert {words for _, words in heard} == {"composing", "rendering"}
    assert all(0 <= fraction <= 1 for fraction, _ in heard)
    assert heard[-1][0] == 1.0
    assert sum(words == "rendering" for _, words in heard) >= 20


def test_a_cancelled_rendering_ends_with_the_next_block(sheet):
    stop = False

    def progress(fraction, words):
        if stop:
            raise Cancelled

    blocks = Composer(1.0).perform(sheet, seed=0, progress=progress).blocks
    next(blocks)
    stop = True
    with pytest.raises(Cancelled):
        next(blocks)


def test_composing_can_be_cancelled_too(sheet):
    def progress(fraction, words):
        raise Cancelled

    with pytest.raises(Cancelled):
        Composer().perform(sheet, seed=0, progress=progress)


def test_another_tempo_in_a_later_storyboard_leaves_the_first_ones_notes(sheet):
    later = replace(sheet.storyboards[1], tempo=71.3, metre=3, beats=())
    changed = replace(sheet, storyboards=(sheet.storyboards[0], later))

    def early(each):
        notes = Composer().perform(each, seed=0, progress=silent).notes
        return [note for note in notes if note.start < 8 and note.stem != "effects"]

    assert early(changed) == early(sheet)


ODD = {
    "one frame": [Storyboard("A", 3, 4, 120.0)],
    "slow and odd": [Storyboard("A", 0, 200, 30.0, 16), Storyboard("B", 200, 203, 300.0, 1)],
    "with a hole": [Storyboard("A", 10, 60, 100.0, 5), Storyboard("B", 150, 231, 133.0, 2)],
    "few beats": [Storyboard("A", 0, 240, 120.0, beats=(1.0, 1.01, 7.5))],
    "no storyboard": [],
}


@pytest.mark.parametrize("boards", ODD.values(), ids=ODD)
@pytest.mark.parametrize("energy", [0.0, 0.6, 1.0])
def test_odd_sheets_are_played_without_complaint(boards, energy):
    boards = tuple(replace(board, brief=Brief(energy=energy, density=energy)) for board in boards)
    hits = (Hit(3, "cut", at=0.125, outcome="landed"), Hit(170, "marker", weight=1.0, at=7.0, outcome="landed"))
    sound = whole(render(CueSheet("odd", Rate(Fraction(24)), 240, storyboards=boards, hits=hits), seed=-5))
    assert sound.shape == (480_000, 2)
    assert np.isfinite(sound).all() and np.abs(sound).max() < 1
    end = boards[-1].end * 2000 if boards else 0
    assert not sound[end:].any()
    assert sound.any() == bool(boards)
