"""A vision pack in the place of our own descriptor: what it is shown, what it gives, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper

from hitpoint.runtime.errors import EngineError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.session import OutOfMemory, Sessions
from hitpoint.runtime.picture.descriptor import distances
from hitpoint.runtime.picture.vision_pack import PackVision, _weights

SIZE = 16
SETTINGS = {"size": SIZE, "fit": "crop", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}


def tower(packs, gain=1.0):
    """A model that means nothing: the mean colour as the whole, and of each quarter, with the whole first."""
    whole = helper.make_node("ReduceMean", ["scaled", "space"], ["mean"], keepdims=0)
    nodes = [
        helper.make_node("Mul", ["pixels", "gain"], ["scaled"]),
        whole,
        helper.make_node("Identity", ["mean"], ["embedding"]),
        helper.make_node("AveragePool", ["scaled"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Reshape", ["pooled", "rows"], ["parts"]),
        helper.make_node("Transpose", ["parts"], ["turned"], perm=[0, 2, 1]),
        helper.make_node("Unsqueeze", ["mean", "one"], ["first"]),
        helper.make_node("Concat", ["first", "turned"], ["tokens"], axis=1),
    ]
    weights = [
        ("gain", np.float32([gain])),
        ("space", np.int64([2, 3])),
        ("rows", np.int64([0, 3, 4])),
        ("one", np.int64([1])),
    ]
    ends = [("embedding", ["batch", 3]), ("tokens", ["batch", 5, 3])]
    return packs.model(nodes, [("pixels", ["batch", 3, SIZE, SIZE])], ends, weights)


@pytest.fixture
def vision(packs, tmp_path):
    def make(sessions=None, **said):
        variants = {"fp32": tower(packs), "int8": tower(packs, 1.01)}
        said = {"family": "vision", "settings": SETTINGS, **said}
        pack = store.open_folder(packs.write(tmp_path / "tower", {"image": variants}, **said))
        return PackVision(pack, sessions or Sessions("cpu", "fp32"))

    return make


def picture(height, width, colour):
    return np.full((1, height, width, 3), colour, np.uint8)


def test_colours_reach_the_model_as_it_learned_them(vision):
    look = vision()
    assert look.side == 29  # 16 lines of a picture 16 to 9
    given = look.cls(picture(16, 29, (0, 255, 128)))
    assert given.dtype == np.float32
    assert given[0] == pytest.approx([-2, 2, (128 / 255 - 0.5) / 0.25], abs=1e-4)
    tokens = look.patches(picture(16, 29, (0, 255, 128)))
    assert tokens.shape == (1, 5, 3)
    assert tokens == pytest.approx(np.broadcast_to(given[:, None], (1, 5, 3)), abs=1e-4)


@pytest.mark.parametrize(("height", "width"), [(16, 29), (9, 16), (29, 16), (64, 64), (17, 400), (16, 16), (3, 2)])
def test_pictures_of_any_shape_are_seen(vision, height, width):
    for fit in ("crop", "squash"):
        tokens = vision(settings={**SETTINGS, "fit": fit}).patches(picture(height, width, (10, 200, 90)))
        assert tokens[0, 0] == pytest.approx((np.array([10, 200, 90]) / 255 - 0.5) / 0.25, abs=1e-4)


def test_crop_shows_the_middle_and_squash_the_whole(vision):
    sides = picture(16, 48, (255, 255, 255))
    sides[:, :, 16:32] = 0
    assert vision().cls(sides)[0] == pytest.approx([-2, -2, -2], abs=0.2)
    squash = vision(settings={**SETTINGS, "fit": "squash"})
    assert squash.side == SIZE
    assert squash.cls(sides)[0].mean() == pytest.approx((2 / 3 - 0.5) / 0.25, abs=0.1)


def test_made_smaller_a_picture_keeps_its_light_and_loses_what_is_too_fine():
    stripes = np.tile([0.0, 255.0], 64)
    assert (_weights(128, 16) @ stripes)[1:-1] == pytest.approx(np.full(14, 127.5), abs=1)
    slope = np.arange(100, dtype=np.float32)
    assert (_weights(100, 20) @ slope)[3:-3] == pytest.approx(np.arange(20)[3:-3] * 5 + 2, abs=1e-3)
    assert (_weights(20, 20) == np.eye(20)).all()


def test_pictures_do_not_change_each_others_vectors(vision):
    chance = np.random.default_rng(0)
    many = chance.integers(0, 256, (35, 18, 32, 3), np.uint8)
    for sessions in (Sessions("cpu", "fp32"), Sessions("cpu", "int8")):
        look = vision(sessions)
        together = look.patches(many)
        assert (together == np.concatenate([look.patches(one[None]) for one in many])).all()
    assert distances(together).shape == (70,)


def test_the_name_changes_with_whatever_decides_what_is_seen(vision):
    names = {vision().name, vision(Sessions("cpu", "int8")).name, vision(version="1.0.1").name}
    assert len(names) == 3
    assert vision().name == vision().name


def test_full_memory_is_met_with_fewer_pictures_at_once(vision, monkeypatch):
    sessions = Sessions("cpu", "fp32")
    look = vision(sessions)
    real = look._graph.run

    def small(inputs, wanted):
        if len(inputs["pixels"]) > 4:
            raise OutOfMemory("full")
        return real(inputs, wanted)

    monkeypatch.setattr(look._graph, "run", small)
    assert look.cls(np.zeros((9, 16, 16, 3), np.uint8)).shape == (9, 3)
    assert "in pieces of 4 instead of 9" in sessions.warnings[0]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"family": "codec"}, "is of the family codec, and a vision pack is wanted"),
        ({"settings": {**SETTINGS, "size": 32}}, "is not pixels (batch, 3, 32, 32)"),
        ({"settings": {**SETTINGS, "size": "16"}}, "settings.size"),
        ({"settings": {**SETTINGS, "fit": "stretch"}}, "settings.fit"),
        ({"settings": {**SETTINGS, "std": [1, 0, 1]}}, "settings.std"),
        ({"settings": {**SETTINGS, "mean": [1, 0]}}, "settings.mean"),
    ],
)
def test_a_pack_that_does_not_see_is_one_line(vision, said, words):
    with pytest.raises(EngineError) as caught:
        vision(**said)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_edit_is_parsed_with_a_pack_in_the_place_of_our_own_descriptor(vision, tmp_path, make, read):
    import av

    from hitpoint.runtime.picture.cache import Cache
    from hitpoint.runtime.picture.parse import parse

    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 160, 90, "yuv420p"
        for number in range(72):
            colour = (200, 30, 30) if number < 36 else (30, 30, 200)
            frame = av.VideoFrame.from_ndarray(picture(90, 160, colour)[0], "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clips = [make.clip(letter, 36, start, url=str(film)) for letter, start in (("A", 0), ("B", 36))]
    edit = read(make.timeline(make.track(*clips)))
    look = vision()
    for _ in range(2):  # the second time out of the cache
        seen = parse(edit, vision=look, cache=Cache(tmp_path / "cache"))
        assert seen.descriptor == look.name
        assert seen.meaning.shape[1] == 3
        first, last = seen.meaning[0], seen.meaning[-1]
        assert first[0] > first[2]
        assert last[2] > last[0]
