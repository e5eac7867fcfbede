"""What the tests of exporters share: one thread for torch, and a small CLIP that somebody might have downloaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

SIZE = 32


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Numbers of torch are then the same on every machine of a kind."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory) -> Path:
    """A CLIP of random weights, image and text, saved by transformers, with its preparation and a model card."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    torch.manual_seed(5)
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": SIZE, "patch_size": 8, "initializer_factor": 2.0,
    }  # fmt: skip
    text = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "vocab_size": 9,
    }
    model = CLIPModel(CLIPConfig(vision_config=vision, text_config=text, projection_dim=24))
    folder = tmp_path_factory.mktemp("clip") / "small-clip"
    model.save_pretrained(folder)
    square = {"height": SIZE, "width": SIZE}
    CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size=square).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: mit\ntags:\n- vision\n---\n# A small CLIP\n")
    return folder


@pytest.fixture
def clip(small_clip, tmp_path):
    """A copy of it to spoil: `change` edits one of its JSON files."""

    class Copy:
        folder = Path(shutil.copytree(small_clip, tmp_path / "small-clip"))

        def change(self, name: str, **said) -> None:
            path = self.folder / name
            held = {**json.loads(path.read_text()), **said}
            path.write_text(json.dumps({key: value for key, value in held.items() if value is not ...}))

        def weights(self):
            from safetensors.torch import load_file

            return load_file(self.folder / "model.safetensors")

        def keep(self, tensors) -> None:
            from safetensors.torch import save_file

            save_file(tensors, self.folder / "model.safetensors", {"format": "pt"})

    return Copy()
