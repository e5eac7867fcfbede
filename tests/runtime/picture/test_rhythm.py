"""VidMusician's distance sequence of an edit: at the edit's own time, whatever the rates and speeds."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from hitpoint.runtime.edit import Edit, Shot, Source
from hitpoint.runtime.picture.rhythm import distance_sequence
from hitpoint.runtime.rate import Rate

LEVELS = [40, 200, 90, 240, 10, 150, 70, 220]


def film(path, fps=24, seconds=4):
    """A plain grey that changes every half second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "8", "g": "12", "bf": "2"})
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for number in range(fps * seconds):
            picture = np.full((32, 32, 3), LEVELS[number * 2 // fps], np.uint8)
            picture[:16] //= 2
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def edit_of(*pieces, rate=24):
    shots = tuple(
        Shot(start, end, "", str(media), True, (Source(start, end, str(media), Fraction(at), Fraction(speed)),))
        for start, end, media, at, speed in pieces
    )
    return Edit("cut", Rate(Fraction(rate)), max(shot.end for shot in shots), shots=shots)


class Level:
    """Tokens that turn by as many degrees as a picture is bright."""

    name, side = "level", 32

    def __init__(self):
        self.seen = 0

    def cls(self, images):
        raise NotImplementedError

    def patches(self, images):
        self.seen += len(images)
        turn = np.deg2rad(images.mean(axis=(2, 3)).reshape(len(images), 2, -1).mean(axis=2) / 2)
        return np.stack([np.cos(turn), np.sin(turn)], axis=2).astype(np.float32)


def expected(levels):
    """The distances of a series of levels, from the angles themselves."""
    out = [0.0]
    for before, after in pairwise(levels):
        out.append(1 - np.mean([np.cos(np.deg2rad((after - before) / part)) for part in (4, 2)]))
    return out


@pytest.mark.parametrize("rate", ["24", "25", "24000/1001", "60"])
@pytest.mark.parametrize("fps", [24, 50])
def test_a_change_stands_where_the_edit_has_it(rate, fps, tmp_path):
    path = film(tmp_path / "a.mp4", fps)
    frames = int(3 * Fraction(rate))
    found = distance_sequence(edit_of((0, frames, path, Fraction(1, 2), 1), rate=rate), vision=Level())
    times = np.arange(len(found) // 2) / 25
    assert len(found) == 2 * -(-frames * 25 // Fraction(rate))
    assert not found[1::2].any()
    levels = [LEVELS[int((at + 0.5) * 2 + 1e-9)] for at in times]
    np.testing.assert_allclose(found[::2], expected(levels), atol=0.02)


def test_backwards_and_across_cuts_neighbours_are_those_of_the_edit(tmp_path):
    path = film(tmp_path / "a.mp4")
    edit = edit_of((0, 36, path, Fraction(7, 4), -1), (36, 60, path, 3, 1))
    found = distance_sequence(edit, vision=Level())[::2]
    levels = [
        LEVELS[int((1.75 - n / 25) * 2 + 0.002)] if n / 25 < 1.5 else LEVELS[int((1.5 + n / 25) * 2)] for n in range(63)
    ]
    np.testing.assert_allclose(found[:62], expected(levels)[:62], atol=0.02)


def test_a_picture_that_stands_is_looked_at_once(tmp_path):
    level = Level()
    distance_sequence(edit_of((0, 48, film(tmp_path / "a.mp4"), 1, 0)), vision=level)
    assert level.seen == 1


def test_what_cannot_be_seen_makes_no_rhythm(tmp_path):
    found = distance_sequence(edit_of((0, 48, tmp_path / "missing.mp4", 0, 1)))
    assert found.shape == (100,)
    assert not found.any()
    assert distance_sequence(Edit("empty", Rate(Fraction(24)), 0)).shape == (0,)


def test_our_own_descriptor_finds_the_cuts(tmp_path):
    path = film(tmp_path / "a.mp4", 25)
    found = distance_sequence(edit_of((0, 90, path, 0, 1), rate=25))[::2]
    assert set(np.argsort(found)[-7:]) == {13, 25, 38, 50, 63, 75, 88}
