"""The built-in engine, by what one would hear."""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import Brief, CueSheet, Hit, Storyboard
from hitpoint.runtime.cues.spot import plan
from hitpoint.runtime.edit import Cut, Edit, Marker
from hitpoint.runtime.engines.composer.engine import Composer
from hitpoint.runtime.engines.composer.piece import compose
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.mix.programme import mix
from hitpoint.runtime.mix.wav import read_blocks
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

LOUDEST = 4.0  # of the stems together, before the mix brings them below full scale


def an_edit(rate="24", frames=480, end=440, spacing=12):
    markers = (
        Marker(spacing * 16, 0, "storyboard: B", "", "", "timeline"),
        Marker(spacing * 24, 0, "boom", "", "", "clip"),
    )
    cuts = tuple(Cut(24 + n * spacing) for n in range(1, (end - 24) // spacing))
    return Edit("film", Rate.of(rate), frames, 0, False, 24, end, cuts=cuts, markers=markers)


@cache
def player(block):
    """One for all tests: what it has sounded before it need not sound again."""
    return Composer(block_seconds=block)


def render(sheet, seed=0, block=5.0, by=None):
    composer = by or player(block)
    stems = [piece.stems for piece in composer.perform(sheet, seed=seed, progress=silent).blocks]
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
    again = render(sheet, by=Composer())
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
    assert 0.1 < np.abs(sound).max() < LOUDEST
    for stem in stems.values():
        assert 0.02 < np.abs(stem).max() < LOUDEST / 2


def test_the_finished_file_is_as_loud_as_asked_and_stays_below_the_ceiling(sheet, tmp_path):
    done = mix(Composer().perform(sheet, seed=0, progress=silent), sheet, tmp_path)
    assert abs(done.loudness + 16) < 0.5
    assert done.true_peak < -1
    assert done.samples == sum(len(block) for block in read_blocks(done.path)) == 480 * 2000


@pytest.mark.parametrize("energy", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_any_energy_stays_in_range_and_without_direct_current(sheet, energy):
    sound = whole(render(with_brief(sheet, energy=energy, density=energy)))
    assert np.abs(sound).max() < LOUDEST
    assert np.abs(sound.mean(axis=0)).max() < 1e-3  # -60 dB


def test_tones_begin_and_end_without_a_click(stems):
    # A click is energy at all frequencies: harmony and bass have no partial above 18 kHz.
    for stem in ("harmony", "bass"):
        spectrum = np.abs(np.fft.rfft(stems[stem][:, 0].astype(np.float64))) ** 2
        hertz = np.fft.rfftfreq(len(stems[stem]), 1 / 48000)
        assert spectrum[hertz > 18_500].sum() < 1e-9 * spectrum.sum()


def above_the_band(sound):
    """What of a sound (n, 2) lies above 19 kHz, where no instrument plays: there a click is alone."""
    size = 1 << (len(sound) + 9600).bit_length()
    part = np.clip((np.fft.rfftfreq(size, 1 / 48000) - 19_000) / 500, 0, 1)
    return np.fft.irfft(np.fft.rfft(sound.astype(np.float64), size, axis=0) * part[:, None], size, axis=0)[: len(sound)]


@pytest.mark.parametrize("style", ["cinematic", "electronic", "jazz"])
def test_no_sample_steps_further_than_its_band_allows(sheet, style):
    made = with_brief(sheet, style=style, energy=0.8, density=0.8)
    step = np.zeros((9600, 2))
    step[4800:] = 1
    part = np.abs(above_the_band(step)[2400:7200]).max()  # of a step that is heard up there
    for stem, sound in render(made).items():
        loudest = np.abs(sound).max()
        assert np.abs(above_the_band(sound)).max() < 0.01 * loudest * part, stem
        clicking = sound.copy()
        clicking[300_000:] += 0.02 * loudest
        assert np.abs(above_the_band(clicking)[240_000:360_000]).max() > 0.01 * loudest * part, stem


def test_landed_hits_have_an_onset_on_their_very_sample(sheet):
    assert {hit.outcome for hit in sheet.hits} == {"landed"}
    hits = sheet.hits[::6]  # three seconds apart, so that what was struck before has died away
    made = replace(sheet, hits=hits)
    performed = Composer().perform(made, seed=0, progress=silent)
    loud = {stem: np.abs(np.diff(sound, axis=0)).max(axis=1) for stem, sound in render(made).items()}
    assert len(hits) > 4
    for hit in hits[:-1]:  # the last rings out with the music
        at = hit.frame * 2000
        rises = [each[at : at + 480].max() / max(each[at - 480 : at].max(), 1e-6) for each in loud.values()]
        assert max(rises) > 3
        assert any(each[at : at + 48].max() > each[at - 480 : at].max() for each in loud.values())
        assert min(abs(onset - at / 48000) for onset in performed.onsets) < 1e-9
        assert any(abs(note.start - at / 48000) < 1e-9 for note in performed.notes)


def test_a_hit_that_is_missed_gets_no_accent(sheet):
    missed = replace(sheet, hits=tuple(replace(hit, outcome="missed") for hit in sheet.hits))
    met, unmet, none = (
        Composer().perform(each, seed=0, progress=silent).notes for each in (sheet, missed, replace(sheet, hits=()))
    )
    assert unmet == none
    assert not [note for note in unmet if note.stem == "effects"]
    assert len(met) > len(unmet)
    starts = {note.start for note in unmet}
    assert {sheet.seconds(board.start) for board in sheet.storyboards} <= starts


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


def test_the_bass_may_be_heard_from_one_loudspeaker(stems):
    left, right = stems["bass"].T.astype(np.float64)
    assert np.corrcoef(left, right)[0, 1] > 0.2
    middle, side = np.mean((left + right) ** 2), np.mean((left - right) ** 2)
    assert side < 0.1 * middle


def test_more_energy_is_louder_and_busier(sheet):
    energies = (0.05, 0.3, 0.6, 0.9)
    sheets = [replace(with_brief(sheet, energy=energy, density=energy), energy=()) for energy in energies]
    levels = [np.sqrt(np.mean(whole(render(each)) ** 2)) for each in sheets]
    counts = [len(Composer().perform(each, seed=0, progress=silent).notes) for each in sheets]
    assert all(before < after for before, after in pairwise(levels))
    assert all(before < after for before, after in pairwise(counts))
    assert levels[-1] > 2 * levels[0]
    assert counts[-1] > 2 * counts[0]


@pytest.mark.parametrize("seed", range(6))
def test_bright_briefs_are_in_major_and_dark_ones_in_minor(sheet, seed):
    # The last chord is home: its third above the bass tells the mode.
    for valence, third in ((0.8, 4), (-0.8, 3)):
        made = with_brief(sheet, valence=valence)
        notes = Composer().perform(made, seed=seed, progress=silent).notes
        last = max((note for note in notes if note.stem == "bass"), key=lambda note: note.start)
        chord = {
            (note.pitch - last.pitch) % 12 for note in notes if note.stem == "harmony" and note.start >= last.start
        }
        assert chord == {0, third, 7}


def test_the_voices_of_neighbouring_chords_move_little(sheet):
    chords = {}
    for event in compose(replace(with_brief(sheet, energy=0.3), energy=()), 2, silent).events:
        if event.voice == "warm_pad":
            chords.setdefault(event.note.start, []).append(event.note.pitch)
    voicings = [sorted(chord) for _, chord in sorted(chords.items())]
    assert len(voicings) > 4
    assert {len(chord) for chord in voicings} == {4}
    moves = [sum(abs(a - b) for a, b in zip(x, y, strict=True)) for x, y in pairwise(voicings)]
    assert np.mean(moves) / 4 < 3


def test_progress_runs_from_composing_to_rendered(sheet):
    heard = []
    performed = Composer(block_seconds=1.0).perform(sheet, seed=0, progress=lambda *said: heard.append(said))
    composed = len(heard)
    for _ in performed.blocks:
        pass
    for said, words, least in ((heard[:composed], "composing", 3), (heard[composed:], "rendering", 20)):
        fractions = [fraction for fraction, _ in said]
        assert {each for _, each in said} == {words}
        assert fractions == sorted(fractions)
        assert fractions[0] == 0.0
        assert fractions[-1] == 1.0
        assert fractions.count(1.0) == 1
        assert len(said) >= least


def test_a_cancelled_rendering_ends_with_the_next_block(sheet):
    stop = False

    def progress(fraction, words):
        if stop:
            raise Cancelled

    blocks = Composer(block_seconds=1.0).perform(sheet, seed=0, progress=progress).blocks
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
    assert np.isfinite(sound).all() and np.abs(sound).max() < LOUDEST
    end = boards[-1].end * 2000 if boards else 0
    assert not sound[end:].any()
    assert sound.any() == bool(boards)
