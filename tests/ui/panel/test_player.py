"""The player, on a machine without a loudspeaker."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from hitpoint.runtime.edit import Source
from hitpoint.ui.panel.play.player import Player
from hitpoint.ui.state.edit import SeenEdit
from hitpoint.ui.state.take import Heard, LaidBoard


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Two seconds at 25 frames a second; frame n is a grey of 5 n."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25, options={"q:v": "2"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((36, 64, 3), 5 * n, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def with_film(shown, film):
    """The first shot plays the film from its tenth frame on; the others are not found."""
    edit = shown.edit.edit
    first = replace(
        edit.shots[0], media=film.name, online=True, sources=(Source(0, 40, film.name, Fraction(10, 25), Fraction(1)),)
    )
    return replace(
        shown,
        edit=replace(
            shown.edit, path=str(film.parent / "cut.otio"), edit=replace(edit, shots=(first, *edit.shots[1:]))
        ),
    )


@pytest.fixture
def player(qtbot, make_desk, with_film):
    made = Player(make_desk(with_film), lambda: None)
    qtbot.addWidget(made)
    made.resize(480, 400)
    made.show()
    yield made
    made.close_down()


def grey(player):
    image = player.view.image
    return -1 if image.isNull() else image.pixelColor(image.width() // 2, image.height() // 2).lightness()


def test_the_picture_of_the_playheads_frame_is_shown(qtbot, player):
    qtbot.waitUntil(lambda: abs(grey(player) - 50) < 6, timeout=20_000)  # frame 0 of the edit is frame 10 of the film
    player._desk.store.set("view.playhead", 20)
    qtbot.waitUntil(lambda: abs(grey(player) - 150) < 6, timeout=20_000)


def test_where_a_medium_is_missing_its_name_stands_instead(qtbot, player):
    player._desk.store.set("view.playhead", 45)
    qtbot.waitUntil(lambda: "shot 1" in player.view.accessibleDescription(), timeout=20_000)


def test_without_a_loudspeaker_it_plays_in_silence_and_says_so(qtbot, player):
    assert player._notice.isHidden()
    player.play_button.click()
    assert player.playing
    assert "no sound output" in player._notice.text()
    assert not player._notice.isHidden()
    qtbot.waitUntil(lambda: player._desk.state.view.playhead >= 5, timeout=20_000)
    player.play_button.click()
    assert not player.playing
    rest = player._desk.state.view.playhead
    qtbot.wait(80)
    assert player._desk.state.view.playhead == rest


def test_a_loop_keeps_the_playhead_in_its_storyboard(qtbot, player):
    desk = player._desk
    board = desk.state.plan.boards[1]
    desk.select(board.id)
    player.loop_button.click()
    assert desk.state.view.loop == board.id
    player.toggle()
    assert board.start <= desk.state.view.playhead < board.end
    player.toggle()
    player.loop_button.click()
    assert desk.state.view.loop == 0


def test_a_and_b_change_places_without_a_stop(player):
    desk = player._desk
    assert not player.compare_button.isEnabled()
    desk.store.set("view.other", 2)
    assert player._levels().music.endswith("01/score.wav")
    player.toggle()
    player.compare_button.click()
    assert player.playing
    assert player._levels().music.endswith("02/score.wav")
    player.compare_button.click()
    assert player._levels().music.endswith("01/score.wav")
    player.stop()


def test_a_rehearsal_plays_when_it_is_there_and_the_take_comes_back(player):
    desk = player._desk
    board = desk.state.plan.boards[2]
    draft = Heard(0, "/rehearsal/score.wav", boards=(LaidBoard(board.start, board.end, board.name, 120.0),))
    desk.store.set("rehearsal", draft)
    assert player.playing
    assert player.hearing == "draft"
    assert board.start <= desk.state.view.playhead < board.end
    assert player._levels().music == "/rehearsal/score.wav"
    player.stop()
    desk.actions.choose_take(2)
    assert player.hearing == "take"


def test_levels_are_kept_in_the_view_and_written_in_decibels(player):
    player.music.setValue(player.music.maximum())
    player.dialogue.setValue(0)
    assert (player._desk.state.view.music_db, player._desk.state.view.dialogue_db) == (6.0, -40.0)
    assert (player._music_db.text(), player._dialogue_db.text()) == ("+6 dB", "-∞ dB")


def test_another_edit_starts_from_nothing(qtbot, player, edit):
    player.toggle()
    player._desk.store.change("", edit=SeenEdit("/edits/other.otio", edit), plan=None, takes=(), current=0)
    assert not player.playing
    player._desk.store.set("edit", None)
    assert not player.play_button.isEnabled()
    assert player.view.accessibleDescription() == "No edit is open"
