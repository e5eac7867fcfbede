"""Colour against computations that share nothing with ours."""

from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest

from hitpoint.runtime.picture.colour import histogram, luma, oklab, palette, tones


def plain(*colour, size=(6, 8)):
    return np.full((*size, 3), colour, np.uint8)


def naive_histogram(picture):
    """models.md 1.2 with the widened kernel, pixel by pixel."""
    bins = [-3 + 6 * n / 31 for n in range(32)]
    out = np.zeros((3, 32, 32))
    for pixel in picture.reshape(-1, 3):
        values = [int(value) / 255 for value in pixel]
        length = math.sqrt(sum(value * value for value in values))
        for channel, (first, second) in enumerate([(1, 2), (0, 2), (0, 1)]):
            u = math.log(values[channel] + 1e-6) - math.log(values[first] + 1e-6)
            v = math.log(values[channel] + 1e-6) - math.log(values[second] + 1e-6)
            across = [1 / (1 + (u - b) ** 2 / 0.1**2) for b in bins]
            down = [1 / (1 + (v - b) ** 2 / 0.1**2) for b in bins]
            out[channel] += length * np.outer(across, down)
    return out / out.sum()


@pytest.mark.parametrize("seed", range(4))
def test_the_histogram_is_that_of_a_loop_over_pixels(seed):
    draw = np.random.default_rng(seed)
    picture = draw.integers(0, [256, 60, 256][seed % 3], (7 + seed, 9, 3), dtype=np.uint8)
    np.testing.assert_allclose(histogram(picture), naive_histogram(picture), rtol=2e-3, atol=1e-8)


def test_the_histogram_sums_to_one_whatever_its_size():
    draw = np.random.default_rng(7)
    for size in ((1, 1), (16, 16), (17, 31), (81, 144)):
        assert histogram(draw.integers(0, 256, (*size, 3), dtype=np.uint8)).sum() == pytest.approx(1, abs=1e-5)


def test_grey_lies_on_the_four_bins_around_nothing():
    found = histogram(plain(128, 128, 128))
    for channel in found:
        middle = channel[15:17, 15:17]
        np.testing.assert_allclose(middle, middle[0, 0], rtol=1e-4)
        assert middle.min() > 5 * channel[14, 14]
        np.testing.assert_allclose(channel, channel[::-1, ::-1], rtol=1e-4)


def test_black_has_a_flat_histogram():
    np.testing.assert_allclose(histogram(plain(0, 0, 0)), 1 / 3072, rtol=1e-6)


def test_a_brighter_pixel_weighs_more():
    dark_red_and_bright_blue = np.array([[[60, 20, 20], [60, 60, 240]]], np.uint8)
    blue, red = histogram(dark_red_and_bright_blue[:, 1:]), histogram(dark_red_and_bright_blue[:, :1])
    both = histogram(dark_red_and_bright_blue)
    assert np.abs(both - blue).sum() < np.abs(both - red).sum()


@pytest.mark.parametrize(("colour", "light", "saturation", "warmth"), [
    ((255, 0, 0), 0.2126, 1, 1),
    ((0, 255, 0), 0.7152, 1, 0),
    ((0, 0, 255), 0.0722, 1, -1),
    ((255, 255, 0), 0.9278, 1, 1),
    ((40, 0, 0), 0.2126 * 40 / 255, 1, 1),
    ((128, 128, 128), 128 / 255, 0, 0),
    ((255, 255, 255), 1, 0, 0),
    ((0, 0, 0), 0, 0, 0),
    ((200, 150, 100), None, colorsys.rgb_to_hsv(200, 150, 100)[1], 0.5),
])  # fmt: skip
def test_plain_colours_have_the_tones_they_are_known_for(colour, light, saturation, warmth):
    found = tones(plain(*colour))
    if light is not None:
        assert found.light == pytest.approx(light, abs=1e-4)
    assert found.contrast == pytest.approx(0, abs=1e-4)
    assert found.saturation == pytest.approx(saturation, abs=1e-6)
    assert found.warmth == pytest.approx(warmth, abs=1e-6)


def test_half_black_half_white_is_all_contrast():
    assert tones(np.concatenate([plain(0, 0, 0), plain(255, 255, 255)])).contrast == pytest.approx(1, abs=1e-4)


def test_luma_of_a_ramp_is_the_ramp():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    np.testing.assert_allclose(luma(ramp)[0], np.arange(256) / 255, atol=1e-5)


@pytest.mark.parametrize(("colour", "expected"), [
    ((1, 1, 1), (1, 0, 0)),
    ((0, 0, 0), (0, 0, 0)),
    ((1, 0, 0), (0.62796, 0.22486, 0.12585)),  # CSS Color 4's sample values
    ((0, 1, 0), (0.86644, -0.23389, 0.17950)),
    ((0, 0, 1), (0.45201, -0.03246, -0.31153)),
])  # fmt: skip
def test_oklab_has_the_values_that_css_gives(colour, expected):
    np.testing.assert_allclose(oklab(np.array(colour, float)), expected, atol=2e-4)


def test_a_red_picture_has_one_colour_and_it_is_red():
    (swatch,) = palette(plain(255, 0, 0))
    assert str(swatch) == "#ff0000"
    assert swatch.share == pytest.approx(1)


def test_stripes_are_found_with_their_shares():
    colours = [(220, 30, 30), (30, 200, 40), (40, 60, 220), (240, 240, 240), (10, 10, 10)]
    widths = [40, 25, 20, 10, 5]
    picture = np.concatenate([plain(*c, size=(10, w)) for c, w in zip(colours, widths, strict=True)], axis=1)
    found = palette(picture)
    assert [(s.red, s.green, s.blue) for s in found] == colours
    assert [s.share for s in found] == pytest.approx([w / 100 for w in widths])


def test_a_palette_has_at_most_five_colours_and_is_the_same_every_time():
    picture = np.random.default_rng(3).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    first = palette(picture)
    assert 1 < len(first) <= 5
    assert palette(picture) == first
    shuffled = np.random.default_rng(4).permutation(picture.reshape(-1, 3))
    assert palette(shuffled) == first


def test_shades_that_eyes_hardly_part_are_one_colour():
    assert len(palette(np.concatenate([plain(100, 100, 100), plain(106, 106, 106)]))) == 1
    assert palette(np.zeros((0, 3), np.uint8)) == ()
