"""A trained model as a pack: its graphs against torch, played by the runtime's own loop."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from hitpoint.exporters.diffv2m import export as exporting
from hitpoint.exporters.diffv2m import parts
from hitpoint.exporters.diffv2m.coder import coder
from hitpoint.exporters.diffv2m.config import FUSIONS
from hitpoint.exporters.diffv2m.data import Scales
from hitpoint.exporters.diffv2m.model import nothing
from hitpoint.exporters.graphs.part import Part
from hitpoint.exporters.graphs.write import About, write_pack
from hitpoint.runtime.errors import HitpointError
from hitpoint.runtime.packs.diffusion.defaults import sampling_of, windows_of
from hitpoint.runtime.packs.diffusion.guidance import Asked
from hitpoint.runtime.packs.diffusion.sample import sample
from hitpoint.runtime.packs.pack import Licence, Provenance, Tensor
from hitpoint.runtime.packs.session import Sessions
from hitpoint.runtime.packs.store import open_folder

HOP = 2048


class Blocks(torch.nn.Module):
    """A codec of four blocks' means."""

    def forward(self, audio):
        return audio.mean(1).unflatten(1, (-1, 4, HOP // 4)).mean(-1).transpose(1, 2)


class Back(torch.nn.Module):
    def forward(self, latents):
        one = latents.transpose(1, 2).flatten(1).repeat_interleave(HOP // 4, dim=1)
        return torch.stack([one, one], dim=1)


def codec(folder):
    latents, audio = (
        Tensor("latents", "float32", ("batch", 4, "frames")),
        Tensor("audio", "float32", ("batch", 2, "samples")),
    )
    sizes = ({"batch": 1, "frames": 8}, {"batch": 2, "frames": 3})
    return write_pack(
        folder,
        About(
            "codec-of-blocks", "codec", "1.0.0", "", Licence("CC0-1.0", "CC0", "https://example.org", True),
            Provenance("nothing", 0, 0, "tests"), 48_000, HOP, 2,
        ),
        [
            Part("decoder", Back().eval(), (latents,), (audio,), sizes),
            Part("encoder", Blocks().eval(), (audio,), (latents,), sizes, derived={"samples": f"{HOP}*frames"}),
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    model = small.model(depth=1)
    other = codec(folder / "codec-of-blocks")
    with coder(folder / "codec-of-blocks") as found:
        coding, latents = found.coding, found.encode(np.full((2, HOP * 6), 0.25, np.float32))
    source = exporting.Source(
        model, coding, Scales((0.5,) * 4, (2.0,) * 4, (0.0,), (1.0,), 0.36), exporting.APACHE,
        Provenance("nothing", 0, 0, "tests"), "tiny", {},
    )  # fmt: skip
    pack = exporting.export(source, folder / "codec-of-blocks", folder / "tiny-v2m", precisions=("fp32", "int8"))
    return SimpleNamespace(model=model, pack=pack, source=source, folder=folder, codec=other, latents=latents)


def arrays(asked, names):
    return {name: getattr(asked, name).numpy() for name in names}


def test_a_codec_pack_makes_latents(made):
    assert made.source.coding.channels == 4
    assert made.latents.shape == (4, 6)
    assert np.allclose(made.latents, 0.25)
    assert exporting.warnings(made.source, made.folder / "codec-of-blocks") == []


def test_the_pack_opens_as_the_runtime_opens_packs_and_says_what_it_is(made):
    pack = open_folder(made.folder / "tiny-v2m")
    assert sorted(pack.graphs) == ["condition", "decoder", "predictor", "step"]
    assert pack.settings["policy"] == "fixed"
    assert pack.settings["rhythm_rate"] == 23.4375
    assert pack.settings["null"] == ["colour_heard", "meaning_heard", "rhythm_heard", "curve"]
    assert (pack.sample_rate, pack.hop, pack.receptive_field) == (48_000, HOP, 2)
    assert (
        pack.graphs["decoder"].variants["fp32"].file.sha256 == made.codec.graphs["decoder"].variants["fp32"].file.sha256
    )
    assert {"fp32", "int8"} == set(pack.graphs["step"].variants)
    said = json.loads((made.folder / "tiny-v2m" / "pack.json").read_text())
    assert said["sampler"]["multiple"] == 2
    windows_of(pack.sampler)
    # What `condition` gives is what `step` takes besides noise and time.
    outputs = {t.name for t in pack.graphs["condition"].variants["fp32"].outputs}
    inputs = {t.name for t in pack.graphs["step"].variants["fp32"].inputs}
    assert inputs - outputs == {"x", "time"}
    assert outputs <= inputs


@pytest.mark.parametrize(("batch", "latents", "seconds"), [(1, 64, 3), (2, 20, 2), (1, 130, 7)])
def test_one_look_and_many_steps_are_what_torch_gives_asked_and_not_asked(made, small, batch, latents, seconds):
    sessions = Sessions("cpu", "fp32")
    condition, step = (sessions.open(made.pack, role) for role in ("condition", "step"))
    asked = small.clip(made.model, batch, latents, seconds, seed=7)
    asked = asked._replace(seen=torch.arange(seconds).expand(batch, -1) != 1)
    given = condition.run(arrays(asked, condition.inputs))
    null = {name: np.zeros_like(v) if name in made.pack.settings["null"] else v for name, v in given.items()}
    x, t = torch.randn(batch, 4, latents), torch.full((batch,), 0.4)
    for conditions, clip in ((given, asked), (null, nothing(asked))):
        v = step.run({"x": x.numpy(), "time": t.numpy(), **conditions})["v"]
        with torch.no_grad():
            right = made.model(x, t, clip).numpy()
        assert np.abs(v - right).max() < 1e-4


def test_the_predictor_is_what_torch_gives_between_0_and_1(made):
    chance = torch.Generator().manual_seed(0)
    meaning, beats = torch.randn(1, 50, 512, generator=chance), torch.rand(1, 50, generator=chance)
    onsets = (torch.rand(1, 50, generator=chance) < 0.2).long()
    known = torch.arange(50)[None] < 40
    found = Sessions("cpu", "fp32").open(made.pack, "predictor").run(
        {"meaning": meaning.numpy(), "onsets": onsets.numpy(), "beats": beats.numpy(), "known": known.numpy()}
    )["rhythm"]  # fmt: skip
    with torch.no_grad():
        right = made.model.predict(meaning, onsets, beats, known)
    assert np.abs(found - right.clamp(0, 1).numpy()).max() < 1e-4


def test_the_runtimes_loop_plays_the_pack(made, small):
    """Guided, in int8, through overlapping windows; the same seed gives the same."""
    sessions = Sessions("cpu")
    condition, step = (sessions.open(made.pack, role) for role in ("condition", "step"))
    assert step.variant.precision == "int8"
    asked = small.clip(made.model, 1, 64, 4, seed=7)
    given = condition.run(arrays(asked, condition.inputs))
    null = {name: np.zeros_like(v) if name in made.pack.settings["null"] else v for name, v in given.items()}

    def model(x, time, conditions):
        return step.run({"x": x, "time": np.full(len(x), time, np.float32), **conditions})["v"]

    def played(seed):
        return sample(
            model, 4, 150, lambda start, stop: Asked(given, null), seed=seed,
            sampling=sampling_of(made.pack.sampler, together=False, steps=4), windows=windows_of(made.pack.sampler),
        )  # fmt: skip

    one = played(1)
    assert one.shape == (4, 150)
    assert np.isfinite(one).all()
    assert np.array_equal(one, played(1))
    assert not np.array_equal(one, played(2))
    decoder = sessions.open(made.pack, "decoder")
    assert decoder.run({"latents": one[None]})["audio"].shape == (1, 2, 150 * HOP)


def test_a_codec_of_another_rate_is_refused_in_one_line(made, tmp_path):
    source = exporting.Source(**{
        **vars(made.source), "coding": exporting.Coding("other", 44_100, HOP, 4, "", ()),
    })  # fmt: skip
    with pytest.raises(HitpointError) as refused:
        exporting.export(source, made.folder / "codec-of-blocks", tmp_path / "pack")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "pack").exists()


@pytest.mark.parametrize("policy", ["fixed", "compat"])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_in_every_fusion_one_look_and_a_step_are_the_whole_model(small, policy, fusion):
    """The two modules that graphs are made of, in torch; where contexts hang on the time, they pass between them."""
    model = small.model(policy=policy, fusion=fusion)
    condition, step = parts.condition(model), parts.step(model)
    asked = small.clip(model, seconds=3)
    given = condition.module(*(getattr(asked, tensor.name) for tensor in condition.inputs))
    assert [tensor.name for tensor in condition.outputs] == [tensor.name for tensor in step.inputs[2:]]
    nulls = [
        torch.zeros_like(v) if t.name in parts.null_of(model.config) else v
        for t, v in zip(condition.outputs, given, strict=True)
    ]
    x, t = torch.randn(2, 4, 64), torch.tensor([0.15, 0.6])
    with torch.no_grad():
        assert torch.allclose(step.module(x, t, *given), model(x, t, asked), atol=1e-5)
        assert torch.allclose(step.module(x, t, *nulls), model(x, t, nothing(asked)), atol=1e-5)
