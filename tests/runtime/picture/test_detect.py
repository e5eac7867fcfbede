"""Cuts inside flattened media, on films that are generated and encoded here."""

from __future__ import annotations

import dataclasses
import gc
import importlib.util
import sys
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from hitpoint.runtime.edit import Cut, Edit, Shot, Source, with_detected
from hitpoint.runtime.errors import Cancelled
from hitpoint.runtime.picture import reel
from hitpoint.runtime.picture.boundaries import _Frame, boundaries
from hitpoint.runtime.picture.detect import Detected, DetectedCut, detect
from hitpoint.runtime.rate import Rate


def _films():
    spec = importlib.util.spec_from_file_location("hitpoint_films", Path(__file__).with_name("films.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


films = _films()
LOOKS = [(0, "clouds"), (1, "stripes"), (2, "tiles"), (3, "city"), (4, "blobs"), (5, "clouds")]


def plan(name, lengths, *, fps=25, joins=None, scene=None, **more):
    parts = []
    for n, length in enumerate(lengths):
        palette, texture = LOOKS[n % len(LOOKS)]
        how, into = (joins or {}).get(n, ("cut", 0))
        parts.append(films.Part(films.Scene(40 + n, palette, texture, **(scene or {})), length, how, into))
    return films.Plan(name, tuple(parts), Fraction(fps), **more)


def edit_of(path, frames, fps=25, *, at=0, speed=1, media=None):
    source = Source(0, frames, media or str(path), Fraction(at), Fraction(speed))
    shot = Shot(0, frames, "film", source.media, True, (source,))
    return Edit("e", Rate(Fraction(fps)), frames, picture_start=0, picture_end=frames, shots=(shot,))


def found(path, truth, fps=25, **more):
    return [cut.frame for cut in detect(edit_of(path, truth.frames, fps, **more), mode="always").cuts]


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """Five scenes of 30 to 50 frames at 25."""
    return films.write(plan("five", [40, 35, 50, 30, 45]), tmp_path_factory.mktemp("five"))


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("h264 24", {"fps": 24}),
        ("hevc 50", {"fps": 50, "codec": "libx265"}),
        ("prores 25", {"codec": "prores_ks"}),
        ("mpeg2 30", {"fps": 30, "codec": "mpeg2video"}),
        ("h264 60", {"fps": 60}),
        ("variable 30", {"fps": 30, "variable": True}),
        ("pan 24", {"fps": 24, "scene": {"pan": (1.8, 0.2)}}),
        ("shake 30", {"fps": 30, "scene": {"shake": 7.0}}),
        ("grain", {"grain": 25}),
        ("dark", {"scene": {"light": 0.12}}),
        ("low contrast", {"scene": {"contrast": 0.15}}),
    ],
)
def test_each_hard_cut_is_found_on_its_frame_and_nothing_else(tmp_path, name, more):
    path, truth = films.write(plan(name, [32, 28, 36, 30], **more), tmp_path)
    assert found(path, truth, more.get("fps", 25)) == pytest.approx(list(truth.cuts), abs=1)


def test_two_scenes_of_one_palette_are_still_two(tmp_path):
    scenes = [films.Scene(seed, 3, "clouds") for seed in (7, 8, 9)]
    path, truth = films.write(films.Plan("same", tuple(films.Part(s, 30) for s in scenes), Fraction(25)), tmp_path)
    assert found(path, truth) == list(truth.cuts)


def test_a_flash_is_no_cut(tmp_path):
    path, truth = films.write(plan("flash", [70, 60], flashes=((20, 1), (40, 3), (95, 5))), tmp_path)
    assert found(path, truth) == [70]


def test_a_dissolve_is_cut_at_its_middle_with_less_confidence_than_a_hard_cut(tmp_path):
    path, truth = films.write(plan("soft", [70, 80, 60], joins={1: ("dissolve", 20)}), tmp_path)
    soft, hard = detect(edit_of(path, truth.frames), mode="always").cuts
    start, end = truth.gradual[0]
    assert abs(soft.frame - (start + end) / 2) <= 4
    assert hard.frame == truth.cuts[0]
    assert 0 < soft.confidence < 0.5 <= hard.confidence <= 1


def test_a_dissolve_under_a_moving_camera_is_not_placed_beside_itself():
    one = films.Scene(642301, 3, "stripes", pan=(0.5, 0.1), zoom=0.05, shapes=0)
    other = films.Scene(642302, 0, "stripes", pan=(0.5, 0.1), shapes=1, shape_speed=0.12)
    made = films.Plan("pan", (films.Part(one, 131), films.Part(other, 107, "dissolve", 16)), Fraction(30))
    assert all(115 <= at <= 131 for at in shown(films.pictures(made), 30))


def test_a_fade_through_black_is_one_cut_in_the_black(tmp_path):
    path, truth = films.write(plan("fade", [70, 80], joins={1: ("fade", 24)}), tmp_path)
    (cut,) = detect(edit_of(path, truth.frames), mode="always").cuts
    start, end = truth.gradual[0]
    assert abs(cut.frame - (start + end) / 2) <= 3


def test_one_shot_has_no_cuts(tmp_path):
    path, truth = films.write(plan("one", [150], scene={"pan": (0.4, 0.0), "shapes": 5}), tmp_path)
    assert found(path, truth) == []


def shown(frames, fps=24):
    """What the search sees of pictures that no codec touched."""
    size = (reel.WIDTH, reel.HEIGHT)
    small = [cv2.cvtColor(cv2.resize(f, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2BGR) for f in frames]
    return [float(b.time * fps) for b in boundaries(reel.Small(Fraction(n, fps), s) for n, s in enumerate(small))]


def scene(seed, length=60, **more):
    palette, texture = LOOKS[seed % len(LOOKS)]
    return list(films.pictures(films.Plan("s", (films.Part(films.Scene(seed, palette, texture, **more), length),))))


def lit(frames, light):
    return [np.clip(f * light(n), 0, 255).astype(np.uint8) for n, f in enumerate(frames)]


def test_light_that_changes_within_a_scene_is_no_cut():
    frames = scene(6)
    assert shown(lit(frames, lambda n: 0.35 if n < 30 else 1.0)) == []  # somebody turns it on
    assert shown(lit(frames, lambda n: min(1, n / 20, (59 - n) / 20))) == []  # the film begins and ends in black
    assert shown(lit(frames, lambda n: 1 - 0.8 * abs(n - 30) / 30)) == []


def test_a_broken_picture_is_no_cut():
    frames = scene(6)
    noise = np.random.default_rng(0).integers(0, 256, frames[0].shape, np.uint8)
    assert shown([*frames[:30], noise, *frames[30:]]) == []
    assert shown([*frames[:30], *scene(8)[:2], *frames[30:]]) == []


def test_a_short_insert_is_two_cuts_and_a_white_moment_between_scenes_is_one():
    one, other = scene(6), scene(8)
    assert shown([*one, *other[:8], *one]) == [60, 68]
    assert shown([*one, *[np.full_like(one[0], 250)] * 3, *other]) == [63]


def test_a_title_on_black_begins_and_ends_with_a_cut():
    black = np.zeros((180, 320, 3), np.uint8)
    title = cv2.putText(black.copy(), "A FILM BY", (60, 90), 0, 1.5, (255, 255, 255), 3)
    assert shown([*[black] * 30, *[title] * 40, *[black] * 20, *scene(8)]) == [30, 70, 90]


def test_pictures_that_are_shown_several_times_each_make_no_cuts():
    frames = [*scene(10, 40, pan=(2.2, 0.0)), *scene(9, 40, pan=(-2.0, 0.0))]
    assert shown([f for f in frames for _ in range(5)], 60) == [200]
    assert shown([f for n, f in enumerate(frames) for _ in range(2 + n % 2)], 60) == [100]


def test_memory_does_not_grow_with_the_film():
    small = cv2.resize(scene(6, 1)[0], (reel.WIDTH, reel.HEIGHT))
    kept = []

    def pictures(count):
        for n in range(count):
            yield reel.Small(Fraction(n, 24), small)
        kept.append(sum(type(thing) is _Frame for thing in gc.get_objects()))

    assert list(boundaries(pictures(3300))) == []
    assert kept[0] <= 1900


def test_only_the_part_that_the_edit_shows_is_searched(five):
    path, _ = five  # cuts at 40, 75, 125, 155
    edit = edit_of(path, 70, at=Fraction(60, 25))
    assert [cut.frame for cut in detect(edit, mode="always").cuts] == [15, 65]


def test_speed_maps_a_cut_to_the_frame_that_first_shows_the_new_scene(five):
    path, _ = five
    double = detect(edit_of(path, 100, speed=2), mode="always").cuts
    assert [cut.frame for cut in double] == [20, 38, 63, 78]  # 37.5 and 62.5 and 77.5 are not frames yet
    half = detect(edit_of(path, 400, speed=Fraction(1, 2)), mode="always").cuts
    assert [cut.frame for cut in half] == [80, 150, 250, 310]


def test_backwards_a_cut_is_the_first_frame_of_the_earlier_scene(five):
    path, _ = five
    back = detect(edit_of(path, 200, at=Fraction(199, 25), speed=-1), mode="always").cuts
    assert [cut.frame for cut in back] == [45, 75, 125, 160]  # 199 - n is 154, 124, 74, 39


def test_a_cut_that_the_timeline_knows_is_not_found_again(five):
    path, _ = five
    edit = edit_of(path, 200)
    shot = edit.shots[0]
    cut = dataclasses.replace(
        edit, shots=(shot.cut_to(0, 75, edit.rate), shot.cut_to(75, 200, edit.rate)), cuts=(Cut(75),)
    )
    assert [c.frame for c in detect(cut, mode="always").cuts] == [40, 125, 155]


def test_auto_searches_only_long_lone_clips_and_never_nothing():
    def searched(lengths, mode="auto"):
        shots, at = [], 0
        for length in lengths:
            shots.append(
                Shot(at, at + length, "s", "gone", True, (Source(at, at + length, "gone", Fraction(0), Fraction(1)),))
            )
            at += length
        edit = Edit("e", Rate(Fraction(25)), at, picture_start=0, picture_end=at, shots=tuple(shots))
        return [(s.end - s.start) // 25 for s in detect(edit, mode=mode).searched]

    assert searched([25 * 30, 25 * 4]) == [30]
    assert searched([25 * 30, 25 * 40]) == [40]  # only one can be most of the picture
    assert searched([25 * 90, 25 * 95]) == [90, 95]  # two shots, both over a minute
    assert searched([25 * 12, 25 * 2]) == []
    assert searched([25 * 12, 25 * 2, 25], "always") == [12, 2]
    assert searched([25 * 300], "never") == []


def test_what_cannot_be_read_is_a_warning(tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    text = tmp_path / "text.mov"
    text.write_text("no film")
    for medium in (str(empty), str(text), str(tmp_path / "gone.mp4")):
        answer = detect(edit_of(medium, 100), mode="always")
        assert answer.cuts == ()
        assert len(answer.warnings) == 1
        assert answer.warnings[0].startswith(medium)


def test_the_readable_part_of_a_broken_film_is_searched(tmp_path):
    path, truth = films.write(plan("broken", [40, 35, 50, 30, 45], codec="mpeg2video"), tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3 :] = b"\x55" * (len(data) - len(data) * 2 // 3)
    path.write_bytes(data)
    answer = detect(edit_of(path, truth.frames), mode="always")
    assert [cut.frame for cut in answer.cuts if cut.frame < 90] == [40, 75]
    assert answer.warnings


def test_the_search_stops_within_a_second(five):
    path, truth = five
    asked = []

    def progress(fraction, words):
        asked.append(time.monotonic())
        if len(asked) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        detect(edit_of(path, truth.frames), mode="always", progress=progress)
    assert asked[1] - asked[0] < 1


def test_found_cuts_join_the_edit_and_part_its_shots():
    edit = dataclasses.replace(edit_of("m", 100), cuts=(Cut(60),))
    merged = with_detected(edit, Detected((DetectedCut(30, 0.9), DetectedCut(60, 0.6)), (), ("m: odd",)))
    assert merged.cuts == (Cut(30, "detected", confidence=0.9), Cut(60))
    assert [(s.start, s.end, s.sources[0].at) for s in merged.shots] == [
        (0, 30, 0),
        (30, 100, Fraction(30, 25)),
    ]
    assert merged.warnings == ("m: odd",)
    cuts = merged.to_json()["cuts"]
    assert cuts[0] == {"frame": 30, "seconds": 1.2, "kind": "detected", "maybe_overlay": False, "confidence": 0.9}
    assert "confidence" not in cuts[1]
