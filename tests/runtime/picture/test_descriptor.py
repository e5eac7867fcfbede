"""Our own descriptor tells pictures apart, and VidMusician's distances follow from any tokens."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from hitpoint.runtime.picture.descriptor import OwnVision, distances, similarities, zero_stuffed


@pytest.fixture(scope="module")
def own():
    return OwnVision()


def scene(seed, size=(81, 144)):
    """A soft picture of a few blobs in a few colours."""
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]] / max(size)
    picture = np.tile(draw.uniform(20, 200, 3), (*size, 1))
    for _ in range(5):
        y, x, wide = draw.uniform(0, 0.6), draw.uniform(0, 1), draw.uniform(0.05, 0.3)
        blob = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / wide**2)[..., None]
        picture = picture * (1 - blob) + draw.uniform(0, 255, 3) * blob
    return picture.clip(0, 255).astype(np.uint8)


def naive_distances(tokens):
    """models.md 3.3, one cosine at a time."""
    out = [0.0, 0.0]
    for before, after in pairwise(tokens):
        cosines = [
            float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in zip(before, after, strict=True)
        ]
        out += [1 - sum(cosines) / len(cosines), 0.0]
    return out


def test_distances_are_those_of_the_paper():
    tokens = np.random.default_rng(0).standard_normal((9, 50, 64)).astype(np.float32)
    found = distances(tokens)
    np.testing.assert_allclose(found, naive_distances(tokens), atol=1e-6)
    assert found.shape == (18,)
    assert found.dtype == np.float32


def test_half_a_minute_has_1500_values_and_every_other_is_nothing():
    tokens = np.random.default_rng(0).standard_normal((750, 2, 4)).astype(np.float32)
    found = distances(tokens)
    assert found.shape == (1500,)
    assert found[0] == 0
    assert not found[1::2].any()
    assert found[2::2].min() > 0


def test_a_film_that_stands_still_has_no_distance():
    tokens = np.repeat(np.random.default_rng(0).standard_normal((1, 50, 8)), 5, axis=0).astype(np.float32)
    np.testing.assert_allclose(distances(tokens), 0, atol=1e-6)


def test_one_picture_has_nothing_to_differ_from():
    assert distances(np.ones((1, 3, 4), np.float32)).tolist() == [0, 0]
    assert zero_stuffed(similarities(np.ones((2, 3, 4), np.float32))).shape == (4,)


def test_vectors_have_the_shapes_of_clip(own):
    images = np.stack([scene(n) for n in range(3)])
    assert own.cls(images).shape == (3, 512)
    assert own.patches(images).shape == (3, 50, 512)
    assert own.cls(images).dtype == own.patches(images).dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(own.cls(images), axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(own.patches(images), axis=2), 1, atol=1e-5)


def test_a_picture_is_told_alone_as_in_company(own):
    images = np.stack([scene(n) for n in range(4)])
    np.testing.assert_allclose(own.cls(images)[2], own.cls(images[2:3])[0], atol=1e-6)


def test_the_same_scene_a_moment_later_is_nearer_than_any_other_scene(own):
    for seed in range(12):
        picture = scene(seed)
        later = np.roll(picture, 3, axis=1)
        later = (later * 0.95 + np.random.default_rng(seed).normal(0, 4, later.shape)).clip(0, 255).astype(np.uint8)
        others = np.stack([scene(n) for n in range(100, 120)])
        here, again = own.cls(np.stack([picture, later]))
        assert here @ again > max(own.cls(others) @ here)


def test_black_white_and_red_are_far_from_each_other(own):
    plain = [np.full((20, 30, 3), colour, np.uint8) for colour in ((0, 0, 0), (255, 255, 255), (255, 0, 0))]
    vectors = own.cls(np.stack(plain))
    assert (vectors @ vectors.T)[~np.eye(3, dtype=bool)].max() < 0.7


def test_a_pan_changes_less_than_a_cut(own):
    wide = scene(1, (81, 200))
    panned = np.stack([wide[:, n * 2 : n * 2 + 144] for n in range(10)] + [scene(2)])
    found = distances(own.patches(panned))[::2]
    assert 0 < found[1:10].max() < 0.25 * found[10]


def test_pictures_of_any_size_are_seen(own):
    for size in ((2, 2), (5, 3), (7, 200)):
        images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
        assert np.isfinite(own.cls(images)).all()
        assert np.isfinite(own.patches(images)).all()


def test_another_process_sees_the_same(own, tmp_path):
    code = (
        "import numpy as np; from hitpoint.runtime.picture.descriptor import OwnVision;"
        "print(OwnVision().cls(np.arange(5400, dtype=np.uint32).reshape(1, 36, 50, 3).astype(np.uint8)).tobytes().hex())"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    here = own.cls(np.arange(5400, dtype=np.uint32).reshape(1, 36, 50, 3).astype(np.uint8))
    assert bytes.fromhex(told.stdout.strip()) == here.tobytes()
