"""The desk: blocks, lengths, sends, and what one hears of its settings."""

import runpy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hitpoint.runtime.cues.sheet import CueSheet
from hitpoint.runtime.engines.composer.desk.compression import Filter, Pump
from hitpoint.runtime.engines.composer.desk.delay import Echo
from hitpoint.runtime.engines.composer.desk.play import play
from hitpoint.runtime.engines.composer.desk.reverb import Reverb, answer
from hitpoint.runtime.engines.composer.desk_settings import Desk
from hitpoint.runtime.engines.composer.event import STEMS
from hitpoint.runtime.engines.composer.instruments.rack import Rack
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.progress import silent
from hitpoint.runtime.rate import Rate

heard = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("sounding.py"))))
RATE = heard.RATE
DRY = Desk(glue=0.0)
FULL = Desk(
    level={"melody": 2.0, "drums": -1.0},
    reverb={"melody": 0.4, "harmony": 0.4, "drums": 0.15, "effects": 0.5},
    delay={"melody": 0.3},
    chorus={"harmony": 0.6},
    pump=6.0,
    warmth=0.4,
    width=1.1,
)


@pytest.fixture(scope="module")
def rack():
    return Rack(0)


def render(rack, events, desks=FULL, sheet=None, block=48_000):
    sheet = sheet or heard.a_sheet()
    desks = [desks] * len(sheet.storyboards) if isinstance(desks, Desk) else desks
    return heard.joined(play(sheet, events, desks, rack, block, silent))


def whole(stems):
    return sum(sound.astype(float) for sound in stems.values())


def level(sound):
    return 10 * np.log10(np.mean(sound.astype(float) ** 2) + 1e-15)


@pytest.fixture(scope="module")
def played(rack):
    return render(rack, heard.a_piece())


def test_the_stems_are_those_of_the_contract_in_stereo_single_precision(played):
    assert tuple(played) == STEMS
    for sound in played.values():
        assert sound.dtype == np.float32 and sound.shape == (8 * RATE, 2)
        assert np.isfinite(sound).all() and sound.any()


@pytest.mark.parametrize("block", [997, 65_536, 65_537, 10_000_000])
def test_the_length_of_blocks_changes_no_sample(rack, played, block):
    other = render(rack, heard.a_piece(), block=block)
    assert all(other[stem].tobytes() == played[stem].tobytes() for stem in STEMS)


def test_blocks_are_as_long_as_asked_for_and_the_last_is_the_rest(rack):
    lengths = [len(block.stems["bass"]) for block in play(heard.a_sheet(3.0), [], [DRY] * 2, rack, 50_000, silent)]
    assert lengths == [50_000, 50_000, 44_000]


def test_two_renders_are_the_same_to_the_byte(played):
    other = render(Rack(0), heard.a_piece())
    assert all(other[stem].tobytes() == played[stem].tobytes() for stem in STEMS)


def test_the_music_ends_with_the_picture(rack):
    sheet = replace(heard.a_sheet(8.0), frames=24 * 10)
    stems = render(rack, heard.a_piece(10.0), sheet=sheet)
    for sound in stems.values():
        assert len(sound) == 10 * RATE
        assert not sound[8 * RATE - 1 :].any()
    assert np.abs(whole(stems)[8 * RATE - 2 * RATE : 8 * RATE - RATE]).max() > 0.01


def test_nothing_sounds_before_the_picture(rack):
    stems = render(rack, heard.a_piece(), sheet=heard.a_sheet(8.0, start=24))
    assert not whole(stems)[:RATE].any()


def test_silence_in_is_silence_out(rack):
    assert not whole(render(rack, [])).any()


def test_after_the_tail_there_is_silence(rack):
    sheet = heard.a_sheet(16.0, 1)
    stems = render(rack, [heard.event("kit_acoustic", 38, 1.0, 0.1, 0.0, stem) for stem in STEMS], sheet=sheet)
    total = np.abs(whole(stems))
    assert total[: RATE // 10].max() > 0.1
    assert total[RATE : 2 * RATE].max() > 1e-5  # the room rings
    assert not total[12 * RATE :].any()


def test_without_sends_the_desk_only_sets_levels(rack):
    note = heard.event("piano", 60, 0.3, 0.5, 1.0)
    stems = render(rack, [note], replace(DRY, level={"melody": -6.0}), heard.a_sheet(6.0, 1))
    alone = rack.sound(note) * np.float32(10 ** (-6 / 20))
    piece = stems["melody"][RATE : RATE + len(alone)]
    assert np.corrcoef(piece[:20_000, 0], alone[:20_000, 0])[0, 1] > 0.999
    assert abs(level(piece) - level(alone)) < 0.7
    assert not stems["bass"].any()


def test_a_note_lies_on_its_sample(rack):
    for start in (0.5, 1.23456, 1.3653):  # the last a little before a stretch ends
        stems = render(rack, [heard.event("marimba", 67, 0.9, 0.3, start)], DRY, heard.a_sheet(4.0, 1))
        first = np.argmax(np.abs(stems["melody"]).max(axis=1) > 1e-5) / RATE
        assert 0 <= first - start < 0.0015


def test_a_lead_up_ends_where_its_note_does(rack):
    stems = render(rack, [heard.event("riser", 60, 0.8, 1.5, 1.0, "effects")], DRY, heard.a_sheet(6.0, 1))
    sounding = np.flatnonzero(np.abs(stems["effects"]).max(axis=1) > 1e-5)
    assert abs(sounding[-1] / RATE - 2.5) < 0.003


def test_the_pump_gives_way_to_each_kick(rack):
    pad = [heard.event("warm_pad", pitch, 0.6, 7.0, 0.0, "harmony") for pitch in (52, 59, 64)]
    kicks = [heard.event("kit_electronic", 36, 1.0, 0.1, at, "drums") for at in (3.0, 4.0, 5.0)]
    still, pumped = (render(rack, pad + kicks, replace(DRY, pump=db))["harmony"] for db in (0.0, 9.0))
    for at in (3.0, 4.0, 5.0):
        here = slice(int((at + 0.01) * RATE), int((at + 0.04) * RATE))
        later = slice(int((at + 0.5) * RATE), int((at + 0.6) * RATE))
        assert -10 < level(pumped[here]) - level(still[here]) < -7
        assert abs(level(pumped[later]) - level(still[later])) < 0.1


def test_glue_takes_off_loud_passages_and_only_those(rack):
    loud = heard.a_piece()
    soft = [replace(each, note=replace(each.note, velocity=0.12 * each.note.velocity)) for each in loud]
    for events, least, most in ((loud, -4.2, -1.0), (soft, -0.3, 0.1)):
        free, glued = (render(rack, events, replace(DRY, glue=db)) for db in (0.0, 4.0))
        assert least < level(whole(glued)) - level(whole(free)) < most


def test_warmth_darkens(rack):
    def brightness(warmth):
        return heard.above(
            whole(render(rack, heard.a_piece(4.0), replace(DRY, warmth=warmth), heard.a_sheet(4.0))), 3000
        )

    assert brightness(1.0) < brightness(0.0) - 2 < brightness(-1.0) - 4


def test_width_is_the_distance_of_the_sides_and_the_bass_stays_in_the_middle(rack):
    def side(stems, stem):
        sound = stems[stem].astype(float)
        return np.sqrt(np.mean((sound[:, 0] - sound[:, 1]) ** 2) / np.mean((sound[:, 0] + sound[:, 1]) ** 2))

    narrow, wide = (render(rack, heard.a_piece(), replace(DRY, width=width)) for width in (0.3, 1.4))
    assert side(wide, "harmony") > 3 * side(narrow, "harmony")
    for stems in (narrow, wide, render(rack, heard.a_piece())):
        left, right = stems["bass"].T.astype(float)
        assert np.corrcoef(left, right)[0, 1] > 0.9
    left, right = whole(wide).T
    assert np.corrcoef(left, right)[0, 1] > 0.2


def test_the_delay_comes_back_in_time(rack):
    desk = replace(DRY, delay={"melody": 1.0}, delay_beats=0.75)
    note = heard.event("marimba", 72, 0.9, 0.1, 1.0)
    free, delayed = (render(rack, [note], each, heard.a_sheet(8.0, 1, tempo=100.0))["melody"] for each in (DRY, desk))
    echoes = np.abs(delayed - free).max(axis=1)
    assert abs(np.argmax(echoes > 0.3 * echoes.max()) / RATE - (1.0 + 0.75 * 0.6)) < 0.004


def test_a_longer_room_rings_longer(rack):
    def ringing(room):
        stems = render(
            rack,
            [heard.event("pluck", 69, 0.9, 0.1, 0.5)],
            replace(DRY, reverb={"melody": 0.8}, room=room),
            heard.a_sheet(10.0, 1),
        )
        return level(stems["melody"][int(1.4 * RATE) : int(1.7 * RATE)])

    assert ringing(0.5) + 15 < ringing(1.5) < ringing(4.0) - 3


def test_settings_cross_over_between_storyboards_without_a_click(rack):
    pad = [heard.event("warm_pad", pitch, 0.6, 7.0, 0.0, "harmony") for pitch in (52, 59, 64)]
    other = replace(FULL, level={"harmony": -14.0}, room=4.0, damping=0.9, width=0.2, warmth=-1.0, reverb={}, chorus={})
    steady = render(rack, pad, FULL)["harmony"].astype(float)
    crossing = render(rack, pad, [FULL, other])["harmony"].astype(float)
    assert np.abs(np.diff(crossing, 2, axis=0)).max() < 2 * np.abs(np.diff(steady, 2, axis=0)).max()
    assert level(crossing[5 * RATE : 6 * RATE]) < level(steady[5 * RATE : 6 * RATE]) - 10


def test_extreme_settings_stay_finite(rack):
    ones = dict.fromkeys(STEMS, 1.0)
    wild = [
        Desk(dict.fromkeys(STEMS, 60.0), ones, ones, ones, 100.0, 5.0, 50.0, 90.0, 40.0, 9.0, 3.0),
        Desk(dict.fromkeys(STEMS, float("nan")), ones, ones, ones, -1.0, -3.0, 0.0, -5.0, -5.0, -2.0, -9.0),
    ]
    for desks in (wild, wild[::-1]):
        total = whole(render(rack, heard.a_piece(), desks))
        assert np.isfinite(total).all() and np.abs(total).max() < 100


def test_many_storyboards_and_few_samples(rack):
    sheet = heard.a_sheet(8.0, 24)
    desks = [replace(FULL, room=1 + number % 5, delay_beats=0.25 + number % 4) for number in range(24)]
    assert np.isfinite(whole(render(rack, heard.a_piece(), desks, sheet))).all()
    empty = CueSheet("empty", Rate.of(24), 0)
    assert list(play(empty, [], [], rack, 48_000, silent)) == []
    bare = CueSheet("bare", Rate.of(24), 24)
    assert not whole(render(rack, [], [], bare)).any()


def test_without_glue_and_pump_a_stem_does_not_hear_the_others(rack):
    desk = replace(FULL, glue=0.0, pump=0.0)
    together = render(rack, heard.a_piece(), desk)
    for stem in STEMS:
        alone = render(rack, [each for each in heard.a_piece() if each.note.stem == stem], desk)
        assert alone[stem].tobytes() == together[stem].tobytes()


def test_what_comes_later_changes_nothing_before_it(rack, played):
    other = [each for each in heard.a_piece() if each.note.start < 5 or each.note.stem == "bass"]
    changed = render(rack, other)
    for stem in STEMS:
        stretch = 3 * 65_536  # a room's answer to a stretch is one transform, exact to its rounding
        assert changed[stem][:stretch].tobytes() == played[stem][:stretch].tobytes()
        before = slice(0, int(4.99 * RATE))  # the harmony gives way a little before a kick
        np.testing.assert_allclose(changed[stem][before], played[stem][before], atol=1e-6)
    assert any(changed[stem].tobytes() != played[stem].tobytes() for stem in STEMS)


def test_what_was_changed_is_forgotten_after_its_tail(rack):
    sheet, piece = heard.a_sheet(24.0, 3), heard.a_piece(24.0)
    whole_piece = render(rack, piece, sheet=sheet)
    changed = render(rack, [each for each in piece if not 4 <= each.note.start < 8], sheet=sheet)
    late = slice(18 * RATE, 24 * RATE)
    for stem in STEMS:
        np.testing.assert_allclose(changed[stem][late], whole_piece[stem][late], atol=2e-5)


def test_a_wrong_number_of_desks_is_said(rack):
    with pytest.raises(ValueError, match="1 desks for 2 storyboards"):
        render(rack, [], [DRY])


def test_progress_is_told_and_may_cancel(rack):
    told = []
    for _ in play(heard.a_sheet(4.0), heard.a_piece(4.0), [DRY] * 2, rack, 48_000, lambda *said: told.append(said)):
        pass
    assert told[0] == (0.0, "rendering") and told[-1] == (1.0, "rendering")
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)

    def stop(fraction, words):
        if fraction:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(play(heard.a_sheet(4.0), heard.a_piece(4.0), [DRY] * 2, rack, 48_000, stop))


def test_a_coarse_rehearsal_is_the_same_music(rack, played):
    rough = render(Rack(0, coarse=True), heard.a_piece())
    for stem in STEMS:
        assert rough[stem].shape == played[stem].shape
        assert abs(level(rough[stem]) - level(played[stem])) < 3
        frames = [
            np.sqrt((sound[: 8 * RATE] ** 2).reshape(-1, 4800, 2).mean(axis=(1, 2)))
            for sound in (rough[stem], played[stem])
        ]
        assert np.corrcoef(*frames)[0, 1] > 0.85, stem


def test_no_stem_has_direct_current_or_much_above_the_band(played):
    for stem, sound in played.items():
        assert np.abs(sound.mean(axis=0)).max() < 1e-3
        assert heard.above(sound, 18_500) < -55, stem


def test_a_filter_hears_no_seams():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 4096)).astype(np.float32)
    once, pieces = Filter(0.93, 2)(values), Filter(0.93, 2)
    parts = np.concatenate([pieces(values[:, :1024]), pieces(values[:, 1024:])], axis=1)
    exact, last = np.empty((2, 4096)), np.zeros(2)
    for index in range(4096):
        last = exact[:, index] = 0.93 * last + 0.07 * values[:, index]
    np.testing.assert_allclose(once, exact, atol=1e-5)
    np.testing.assert_allclose(parts, exact, atol=1e-5)


def test_a_room_falls_in_its_time_and_is_balanced():
    for seconds in (0.6, 2.0, 5.0):
        sound = answer(seconds, 0.5, 24_000)
        np.testing.assert_allclose((sound**2).sum(axis=1), 1, rtol=1e-3)
        backward = 10 * np.log10(np.cumsum((sound[0] ** 2)[::-1])[::-1] + 1e-12)
        fallen = np.argmax(backward < backward[0] - 25) / 24_000
        assert 0.2 * seconds < fallen < 0.55 * seconds
        assert abs(np.corrcoef(sound)[0, 1]) < 0.2


def test_a_room_answers_the_same_at_any_place_in_a_chunk():
    answers = []
    for place in (1000, 30_000, 60_000):
        room, sent = Reverb(1.0, 0.5, 65_536, RATE), np.zeros(3 * 65_536, np.float32)
        sent[place] = 1
        pieces = [room.ring(sent[at : at + 65_536]) for at in range(0, len(sent), 65_536)]
        line = np.concatenate(
            [np.zeros((2, 65_536), np.float32) if piece is None else piece for piece in pieces], axis=1
        )
        answers.append(line[:, place : place + 40_000])
    np.testing.assert_allclose(answers[1], answers[0], atol=1e-5)
    np.testing.assert_allclose(answers[2], answers[0], atol=1e-5)


def test_echoes_die_away_and_then_cost_nothing():
    echo, sent = Echo(5000, 1), np.zeros((1, 2, 20_000), np.float32)
    assert echo.echo(sent) is None
    sent[0, :, 0] = 1
    first = echo.echo(sent)
    assert first is not None and abs(first[0, 0, 5000]) > 0.5
    rest = [echo.echo(np.zeros_like(sent)) for _ in range(12)]
    assert rest[-1] is None


def test_the_pump_is_known_beforehand():
    way = Pump([(1.0, 0.8)], RATE).over(0, 2 * RATE)
    assert way is not None
    assert abs(way.max() - 0.8) < 1e-3
    assert not way[: RATE - 300].any() and not way[int(1.35 * RATE) :].any()
