"""From a folder of CLIP to a pack that looks at pictures, held against transformers' own way from picture to vector."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import torch

from hitpoint.exporters.outside.licences import Said, settle
from hitpoint.exporters.vision import pack as vision
from hitpoint.exporters.vision.clip import load
from hitpoint.runtime.errors import InputError
from hitpoint.runtime.packs import store
from hitpoint.runtime.packs.session import Sessions
from hitpoint.runtime.picture.vision_pack import PackVision


@pytest.fixture(scope="module")
def written(small_clip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "small"
    return vision.export(small_clip, folder, settle(small_clip, Said()))[0], folder


@pytest.fixture(scope="module")
def photographs():
    """Two of scikit-learn's, 427 x 640, and parts of them: upright, square, and smaller than the tower."""
    from sklearn.datasets import load_sample_images

    china, flower = load_sample_images().images
    return [china, flower, china[:, 100:301], flower[:300, :300], china[200:230, 300:347], flower[100:117, 50:650]]


def test_pictures_become_the_vectors_that_transformers_makes_of_them(written, small_clip, photographs):
    from transformers import CLIPImageProcessor, CLIPModel

    theirs, prepare = CLIPModel.from_pretrained(small_clip).eval(), CLIPImageProcessor.from_pretrained(small_clip)
    look = PackVision(store.open_folder(written[1]), Sessions("cpu", "fp32"))
    vectors = []
    for picture in photographs:
        with torch.no_grad():
            right = theirs.vision_model(prepare(images=picture, return_tensors="pt")["pixel_values"])
            whole = theirs.visual_projection(right.pooler_output).numpy()
        for found, wanted in (
            (look.cls(picture[None]), whole),
            (look.patches(picture[None]), right.last_hidden_state.numpy()),
        ):
            assert found.shape == wanted.shape
            off = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
            assert off < 0.01  # Pillow rounds between its two passes; one pixel aside is 0.3
        vectors.append(whole[0])
    apart = [np.linalg.norm(a - b) / np.linalg.norm(a) for a, b in pairwise(vectors)]
    assert min(apart) > 0.05  # other pictures, other vectors


def test_smaller_variants_see_nearly_the_same(written, photographs):
    pack = store.open_folder(written[1])
    looks = {name: PackVision(pack, Sessions("cpu", name)) for name in ("fp32", "fp16", "int8")}
    right = looks["fp32"].cls(photographs[0][None])[0]
    for name, most in (("fp16", 0.005), ("int8", 0.1)):
        found = looks[name].cls(photographs[0][None])[0]
        off = np.linalg.norm(found - right) / np.linalg.norm(right)
        assert 0 < off < most
        assert 0 < pack.graph("image").variants[name].difference.value < most


def test_the_pack_says_what_it_is_and_where_it_comes_from(written, small_clip):
    import hashlib

    pack = store.open_folder(written[1])
    weights = hashlib.sha256((small_clip / "model.safetensors").read_bytes()).hexdigest()
    assert (pack.name, pack.family, pack.licence.id, pack.licence.commercial) == ("small", "vision", "MIT", True)
    assert "'small-clip'" in pack.provenance.trained_on and weights in pack.provenance.trained_on
    assert pack.provenance.steps == 0
    assert pack.settings["size"] == 32 and pack.settings["fit"] == "crop"
    assert pack.settings["mean"] == pytest.approx([0.48145466, 0.4578275, 0.40821073])  # CLIP's own
    assert str(small_clip.parent) not in (written[1] / "pack.json").read_text()


def test_the_pack_plays_where_torch_is_not_installed(written):
    code = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'onnxscript', 'onnx_ir', 'transformers', 'safetensors'): sys.modules[name] = None\n"
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from hitpoint.runtime.packs.store import open_folder\n"
        "from hitpoint.runtime.packs.session import Sessions\n"
        "from hitpoint.runtime.picture.vision_pack import PackVision\n"
        "look = PackVision(open_folder(Path(sys.argv[1])), Sessions('cpu'))\n"
        "print(look.cls(np.zeros((2, 40, 60, 3), np.uint8)).shape, look.patches(np.zeros((2, 40, 60, 3), np.uint8)).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, written[1]], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(2, 24) (2, 17, 32)\n", "")


def test_what_fails_writes_nothing(clip, tmp_path):
    target = tmp_path / "packs" / "small"
    held = clip.weights()
    del held["vision_model.embeddings.class_embedding"]
    clip.keep(held)
    with pytest.raises(InputError, match=r"lacks 'vision_model\.embeddings\.class_embedding'"):
        vision.export(clip.folder, target, settle(clip.folder, Said()))
    assert not target.parent.exists()


def test_made_up_pictures_lie_where_real_ones_do(small_clip):
    preparation = load(small_clip).preparation
    made = vision.pictures(4, preparation)
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (preparation.mean, preparation.std))
    bytes_ = (made * std + mean) * 255
    assert torch.equal(bytes_.round(), bytes_.round().clip(0, 255))
    assert torch.allclose(bytes_, bytes_.round(), atol=1e-3)
    assert float(made.std()) == pytest.approx(1, abs=0.4)  # what the tower was normed for
    assert torch.equal(made, vision.pictures(4, preparation))


@pytest.mark.parametrize(("place", "name"), [("My CLIP (v2)", "my-clip-v2"), ("a.hitpack", "a"), ("___", "vision")])
def test_a_pack_without_a_name_is_called_after_its_place(tmp_path, place, name):
    assert vision.named(tmp_path / place) == name


def test_the_manifest_is_json_of_the_same_order_every_time(written):
    text = (written[1] / "pack.json").read_text()
    assert json.dumps(json.loads(text), indent=1) + "\n" == text
