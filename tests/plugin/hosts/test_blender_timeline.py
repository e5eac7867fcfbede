"""What Blender's sequencer shows is what our reader finds: layers, metas, speed, dissolves, stills and sound."""

from __future__ import annotations

import json

import pytest

from .blender_stand import BlenderStand, Room, movie, program, still, wheel
from .contract import Cut, silent_wav, the_edit


@pytest.fixture(scope="module", params=[program, wheel], ids=["installed", "later"])
def room(request, tmp_path_factory):
    room = Room(request.param(), tmp_path_factory.mktemp("blender"))
    yield room
    room.close()


class Sequence:
    """An empty scene of 200 frames from frame 1 on, with films of 120 frames to put there."""

    def __init__(self, room, folder):
        self.stand = BlenderStand(room, folder)
        self.folder = folder
        self.stand.make(Cut(shots=()))
        self.stand.run("scene.frame_start, scene.frame_end = 1, 200")

    def film(self, name, rate="24", frames=120):
        return str(movie(self.folder / "films" / f"{name}.mp4", rate, frames))

    def lay(self, code):
        films = {name: self.film(name) for name in "ABCD"}
        put = "def put(name, at, channel=1, file=None): return strips.new_movie(name, file or films[name[0]], channel, at)\n"
        return self.stand.run(f"films = {films!r}\n{put}{code}")

    def read(self):
        host = self.stand.host()
        self.opened = host.read()
        return the_edit(host, self.folder)


@pytest.fixture
def sequence(room, tmp_path):
    sequence = Sequence(room, tmp_path)
    yield sequence
    sequence.stand.quit()


def shown(edit):
    """(first frame, name) of each shot."""
    return [(shot.start, shot.name) for shot in edit.shots]


def test_gaps_are_black_and_the_timeline_is_the_scene(sequence):
    sequence.lay("put('A', 11).frame_final_end = 51; put('B', 61).frame_final_end = 101")
    edit = sequence.read()
    assert (edit.frames, edit.picture_start, edit.picture_end) == (200, 10, 100)
    assert [(cut.frame, cut.kind) for cut in edit.cuts] == [
        (10, "from_black"),
        (50, "to_black"),
        (60, "from_black"),
    ]
    assert shown(edit) == [(10, "A"), (60, "B")]


def test_the_topmost_strip_wins_and_a_muted_one_or_a_muted_channel_does_not_exist(sequence):
    sequence.lay(
        "put('A', 1)\n"
        "top = put('B', 41, 3); top.frame_final_end = 61\n"
        "off = put('C', 21, 4); off.frame_final_end = 31; off.mute = True\n"
        "hushed = put('D', 71, 5); hushed.frame_final_end = 81\n"
        "scene.sequence_editor.channels[5].mute = True"
    )
    edit = sequence.read()
    assert [cut.frame for cut in edit.cuts] == [40, 60]
    assert shown(edit) == [(0, "A"), (40, "B"), (60, "A")]


def test_what_lies_beyond_the_scene_is_left_out_and_said(sequence):
    sequence.lay("scene.frame_start, scene.frame_end = 31, 90; put('A', 1).frame_final_end = 61; put('B', 61)")
    edit = sequence.read()
    assert (edit.frames, edit.start_frame, [cut.frame for cut in edit.cuts]) == (60, 31, [30])
    assert any("90 more frames" in words for words in sequence.opened.warnings)


def test_a_trimmed_strip_plays_its_medium_from_where_it_is_trimmed(sequence):
    sequence.lay("a = put('A', 1); a.frame_final_start = 21; a.frame_final_end = 81")
    (shot,) = sequence.read().shots
    assert (shot.start, shot.end) == (20, 80)
    assert shot.sources[0].at == pytest.approx(20 / 24)


def test_a_strip_that_was_cut_in_two_is_a_through_edit_and_no_cut(sequence):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 41\n"
        "b = put('A2', 1, 2); b.frame_final_start = 41; b.frame_final_end = 81; b.channel = 1; put('B', 81).frame_final_end = 121"
    )
    edit = sequence.read()
    assert [cut.frame for cut in edit.cuts] == [80]
    assert list(edit.through_edits) == [40]


@pytest.mark.parametrize("kind", ["CROSS", "GAMMA_CROSS", "WIPE"])
def test_a_cross_between_two_channels_is_one_cut_at_its_middle(sequence, kind):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 61\n"
        "b = put('B', 51, 2); b.frame_final_end = 111\n"
        f"effect('x', '{kind}', 3, 51, 61, a, b)"
    )
    edit = sequence.read()
    assert [(cut.frame, cut.kind) for cut in edit.cuts] == [(55, "transition")]
    assert shown(edit) == [(0, "A"), (55, "B")]


def test_a_row_of_crosses_back_and_forth_has_a_cut_in_each_middle(sequence):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 61\n"
        "b = put('B', 51, 2); b.frame_final_end = 111\n"
        "c = put('C', 101); c.frame_final_end = 161\n"
        "effect('x', 'CROSS', 3, 51, 61, a, b); effect('y', 'CROSS', 3, 101, 111, b, c)"
    )
    edit = sequence.read()
    assert [(cut.frame, cut.kind) for cut in edit.cuts] == [(55, "transition"), (105, "transition")]
    assert shown(edit) == [(0, "A"), (55, "B"), (105, "C")]


def test_a_cross_that_something_lies_between_is_a_cut_all_the_same(sequence):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 61\n"
        "put('C', 81, 2).frame_final_end = 91\n"
        "b = put('B', 51, 3); b.frame_final_end = 111\n"
        "d = put('D', 1, 2); d.frame_final_end = 11\n"
        "effect('x', 'CROSS', 4, 51, 61, a, b)"
    )
    edit = sequence.read()
    assert [cut.frame for cut in edit.cuts] == [10, 55]
    assert shown(edit)[-1] == (55, "B")


def test_a_muted_cross_leaves_what_it_joined_as_it_lies(sequence):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 61\n"
        "b = put('B', 51, 2); b.frame_final_end = 111\n"
        "effect('x', 'CROSS', 3, 51, 61, a, b).mute = True"
    )
    assert [(cut.frame, cut.kind) for cut in sequence.read().cuts] == [(50, "cut")]


def test_a_meta_is_seen_into_where_it_is_visible(sequence):
    sequence.lay(
        "a = put('A', 31); a.frame_final_end = 61\n"
        "b = put('B', 61); b.frame_final_end = 91\n"
        "meta = strips.new_meta('meta', 4, 31)\n"
        "a.move_to_meta(meta); b.move_to_meta(meta)\n"
        "meta.frame_final_end = 81; meta.frame_final_start = 41"
    )
    assert sequence.stand.run("m = named('meta'); answer = [m.frame_final_start, m.frame_final_end]") == [41, 81]
    edit = sequence.read()
    assert shown(edit) == [(40, "A"), (60, "B")]
    assert (edit.picture_start, edit.picture_end) == (40, 80)


def test_a_meta_that_was_moved_carries_its_cuts_along(sequence):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 31\n"
        "b = put('B', 31); b.frame_final_end = 61\n"
        "meta = strips.new_meta('meta', 4, 1)\n"
        "a.move_to_meta(meta); b.move_to_meta(meta)\n"
        "meta.frame_final_end = 61\n"
        "meta.frame_start += 50"
    )
    assert shown(sequence.read()) == [(50, "A"), (80, "B")]


def test_another_scene_as_a_strip_is_seen_into(sequence):
    sequence.lay(
        "other = bpy.data.scenes.new('other'); other.frame_start, other.frame_end = 1, 60\n"
        "inner = other.sequence_editor_create(); inner = inner.strips if hasattr(inner, 'strips') else inner.sequences\n"
        "inner.new_movie('A', films['A'], 1, 1).frame_final_end = 31\n"
        "inner.new_movie('B', films['B'], 1, 31).frame_final_end = 61\n"
        "s = strips.new_scene('nest', other, 1, 101); s.scene_input = 'SEQUENCER'"
    )
    assert shown(sequence.read()) == [(100, "A"), (130, "B")]


def test_a_speed_effect_plays_faster_and_moves_no_cut(sequence):
    sequence.lay(
        "a = put('A', 1); a.frame_final_end = 51\n"
        "s = effect('fast', 'SPEED', 2, 1, 51, a); s.speed_control = 'MULTIPLY'; s.speed_factor = 2.0\n"
        "put('B', 51).frame_final_end = 101"
    )
    edit = sequence.read()
    assert [cut.frame for cut in edit.cuts] == [50]
    assert edit.shots[0].sources[0].speed == pytest.approx(2.0)


def test_a_film_of_another_rate_plays_frame_by_frame(sequence):
    film = sequence.film("thirty", "30", 120)
    sequence.lay(f"a = put('A', 1, 1, {film!r}); a.frame_final_start = 31; a.frame_final_end = 61")
    (shot,) = sequence.read().shots
    assert shot.sources[0].speed == pytest.approx(24 / 30)
    assert shot.sources[0].at == pytest.approx(30 / 30)  # its 30th frame


def test_what_runs_backwards_says_so(sequence):
    sequence.lay("a = put('A', 1); a.use_reverse_frames = True; a.frame_final_end = 41")
    (shot,) = sequence.read().shots
    assert shot.sources[0].speed == pytest.approx(-1)
    assert shot.sources[0].at == pytest.approx(120 / 24)


def test_stills_stand_and_titles_above_a_picture_may_be_overlays(sequence):
    one, two = (str(still(sequence.folder / f"{name}.png")) for name in ("one", "two"))
    sequence.lay(
        f"i = strips.new_image('one', {one!r}, 1, 1); i.frame_final_duration = 40\n"
        f"j = strips.new_image('two', {two!r}, 1, 41); j.frame_final_duration = 60\n"
        "t = effect('words', 'TEXT', 2, 61, 81, None)"
    )
    edit = sequence.read()
    assert [(cut.frame, cut.maybe_overlay) for cut in edit.cuts] == [(40, False), (60, True), (80, True)]
    assert shown(edit)[:2] == [(0, "one"), (40, "two")]


def test_an_adjustment_is_no_picture_and_a_colour_is_one(sequence):
    sequence.lay(
        "put('A', 1).frame_final_end = 101\n"
        "effect('grade', 'ADJUSTMENT', 2, 21, 31, None)\n"
        "effect('red', 'COLOR', 3, 51, 71, None)"
    )
    assert [cut.frame for cut in sequence.read().cuts] == [50, 70]


def test_a_multicam_shows_the_channel_it_was_told(sequence):
    sequence.lay(
        "put('A', 1).frame_final_end = 101; put('B', 1, 2).frame_final_end = 101; put('C', 1, 3).frame_final_end = 101\n"
        "m = effect('m', 'MULTICAM', 5, 21, 41, None); m.multicam_source = 1\n"
        "n = effect('n', 'MULTICAM', 5, 41, 61, None); n.multicam_source = 2"
    )
    edit = sequence.read()
    assert shown(edit) == [(0, "C"), (20, "A"), (40, "B"), (60, "C")]


def test_an_image_sequence_is_one_shot_with_its_rate(sequence):
    for number in range(10):
        still(sequence.folder / "frames" / f"f_{number + 5:04}.png")
    first = str(sequence.folder / "frames" / "f_0005.png")
    sequence.lay(
        f"i = strips.new_image('frames', {first!r}, 1, 1)\n"
        "for n in range(6, 15): i.elements.append(f'f_{n:04}.png')\n"
        "i.frame_final_end = 11"
    )
    edit = sequence.read()
    (shot,) = edit.shots
    assert (shot.start, shot.end, shot.sources[0].speed) == (0, 10, 1)
    (clip,) = json.loads(sequence.opened.otio)["tracks"]["children"][0]["children"][:1]
    media = clip["media_references"]["DEFAULT_MEDIA"]
    assert (media["name_prefix"], media["start_frame"], media["frame_zero_padding"]) == ("f_", 5, 4)


def test_sound_is_found_inside_metas_too_and_silent_strips_are_not_heard(sequence):
    wav = str(silent_wav(sequence.folder / "voice.wav", 100, "24"))
    sequence.lay(
        f"v = strips.new_sound('voice', {wav!r}, 3, 11); v.frame_final_end = 51\n"
        f"w = strips.new_sound('inside', {wav!r}, 4, 61); w.frame_final_end = 101\n"
        "meta = strips.new_meta('meta', 5, 61); w.move_to_meta(meta); meta.frame_final_end = 91; meta.frame_final_start = 71\n"
        f"strips.new_sound('hushed', {wav!r}, 6, 1).volume = 0\n"
        f"strips.new_sound('muted', {wav!r}, 7, 1).mute = True\n"
        "put('A', 1)"
    )
    heard = [(clip.start, clip.end) for track in sequence.read().audio_tracks for clip in track.clips]
    assert sorted(heard) == [(10, 50), (70, 90)]


def test_paths_are_whole_whatever_they_are_called(sequence):
    film = sequence.film("Müsic #1 100% ?")
    relative = "//../films/" + film.rsplit("/", 1)[1]
    sequence.lay(f"a = put('A', 1, 1, {film!r}); a.filepath = {relative!r}")
    edit = sequence.read()
    assert edit.shots[0].media == film and edit.shots[0].online


def test_markers_of_the_scene_are_read_and_those_that_bind_a_camera_are_not(sequence):
    sequence.lay(
        "put('A', 1)\n"
        "for f, n in ((1, 'storyboard: One'), (50, 'hit'), (201, 'beyond'), (0, 'before')): scene.timeline_markers.new(n, frame=f)\n"
        "camera = bpy.data.objects.new('camera', bpy.data.cameras.new('camera')); scene.timeline_markers.new('F_01', frame=20).camera = camera"
    )
    assert [(mark.frame, mark.name) for mark in sequence.read().markers] == [(0, "storyboard: One"), (49, "hit")]


def test_an_empty_sequence_is_read_as_one_without_picture(sequence):
    edit = sequence.read()
    assert (edit.frames, edit.picture_end) == (200, None)


def test_the_rate_is_exact_however_blender_keeps_it(sequence):
    for fps, base, rate in ((24, 1.001, "24000/1001"), (60, 1.001, "60000/1001"), (30, 1.0, "30"), (25, 2.0, "25/2")):
        sequence.lay(f"scene.render.fps, scene.render.fps_base = {fps}, {base}")
        assert json.loads(sequence.stand.host().read().otio)["global_start_time"]["rate"] == pytest.approx(
            eval(rate), abs=1e-12
        )


RETIME = """
window = bpy.context.window_manager.windows[0]
window.workspace.sequencer_scene = scene
area = window.screen.areas[0]
area.type = "SEQUENCE_EDITOR"
region = next(each for each in area.regions if each.type == "WINDOW")
scene.sequence_editor.active_strip = a
a.select = True
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.sequencer.retiming_segment_speed_set(speed=200.0, keep_retiming=False)
answer = [key.timeline_frame for key in a.retiming_keys]
"""


@pytest.mark.parametrize("room", [wheel], ids=["later"], indirect=True)
def test_a_retimed_strip_plays_at_its_speed_from_where_it_is_trimmed(sequence):
    assert sequence.lay(f"a = put('A', 1)\n{RETIME}") == [1, 61]
    sequence.stand.run("named('A').frame_final_start = 21")
    before = sequence.stand.snapshot()
    (shot,) = sequence.read().shots
    assert (shot.start, shot.end) == (20, 60)
    assert (float(shot.sources[0].speed), shot.sources[0].at) == (2.0, pytest.approx(40 / 24))
    assert sequence.stand.snapshot() == before and sequence.stand.run("answer = len(bpy.data.scenes)") == 1


@pytest.mark.parametrize("room", [program], ids=["installed"], indirect=True)
def test_a_speed_factor_of_a_strip_is_its_speed(sequence):
    sequence.lay("a = put('A', 1); a.speed_factor = 2.0; a.frame_final_start = 21; a.frame_final_end = 41")
    (shot,) = sequence.read().shots
    assert (shot.start, shot.end) == (20, 40)
    assert (float(shot.sources[0].speed), shot.sources[0].at) == (2.0, pytest.approx(40 / 24))
