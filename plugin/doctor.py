"""What is installed, what is missing, and how to get it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .. import __version__


@dataclass(frozen=True)
class Part:
    """One thing looked for. `needed` says that the program does not do its work without it."""

    group: str
    name: str
    found: bool
    detail: str = ""
    remedy: str = ""
    needed: bool = False


def examine() -> dict[str, Any]:
    """Looks at everything; imports what is slow only here."""
    parts = [
        *_packages(),
        *_adapters(),
        *_codecs(),
        *_providers(),
        *_packs(),
        *_engines(),
        *_styles(),
        *_hosts(),
        *_programs(),
        _fluidsynth(),
    ]
    missing = [part for part in parts if part.needed and not part.found]
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "parts": [asdict(part) for part in parts],
        "ok": not missing,
        "warnings": [f"{part.name} is missing: {part.remedy}" for part in missing],
    }


def _packages() -> Iterator[Part]:
    install = "pip install hitpoint"
    wanted = (
        ("numpy", "numpy", True, install),
        ("av", "av", True, install),
        ("opentimelineio", "opentimelineio", True, install),
        ("PySide6", "PySide6_Essentials", True, install),
        ("torch", "torch", False, "only for exporting and training: pip install 'hitpoint[export]'"),
    )
    yield Part("python", "python", True, f"{platform.python_version()} at {sys.executable}", needed=True)
    for module, distribution, needed, remedy in wanted:
        found = importlib.util.find_spec(module) is not None
        yield Part("package", module, found, _version(distribution) if found else "", remedy, needed)


def _fluidsynth() -> Part:
    from ..runtime.engines.composer.fluid import version

    found = version()
    remedy = "only for --soundfont: apt-get install libfluidsynth3, brew install fluid-synth"
    return Part("program", "FluidSynth", found is not None, found or "", remedy)


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "version unknown"


def _adapters() -> Iterator[Part]:
    import opentimelineio as otio

    known = set(otio.adapters.available_adapter_names())
    for name, reads, distribution in (
        ("otio_json", ".otio", "opentimelineio"),
        ("fcp_xml", "FCP7 XML", "otio-fcp-adapter"),
        ("AAF", ".aaf", "otio-aaf-adapter"),
    ):
        yield Part(
            "adapter", f"reads {reads}", name in known, _version(distribution), f"pip install {distribution}", True
        )


def _codecs() -> Iterator[Part]:
    import av

    available = av.codecs_available
    for codec, use in (("libx264", "preview pictures"), ("aac", "preview sound"), ("pcm_s24le", "WAV")):
        yield Part(
            "codec",
            f"{codec} ({use})",
            codec in available,
            f"PyAV {av.__version__}",
            "pip install --force-reinstall av",
        )
    filters = av.filter.filters_available
    yield Part("codec", "ebur128 (loudness)", "ebur128" in filters, "", "pip install --force-reinstall av", True)


def _providers() -> Iterator[Part]:
    if importlib.util.find_spec("onnxruntime") is None:
        yield Part("provider", "onnxruntime", False, "", "pip install hitpoint; only packs need it")
        return
    from ..runtime.errors import EngineError
    from ..runtime.packs import providers

    try:
        found = providers.examine()
        device, words = providers.choose(providers.AUTO)
    except EngineError as error:
        yield Part("provider", "onnxruntime", False, str(error), "pip install --force-reinstall hitpoint")
        return
    for provider in found:
        lacks = provider.name == providers.CUDA and not provider.driver
        remedy = f"with an NVIDIA GPU: {providers.REMEDY}" if lacks else ""
        yield Part("provider", provider.name, provider.works, provider.words, remedy)
    yield Part(
        "provider", "packs run on", True, f"{device}, onnxruntime {_version_of_runtime()}{words and f'; {words}'}"
    )


def _version_of_runtime() -> str:
    from ..runtime.packs import providers

    return str(providers.runtime().__version__)


def _packs() -> Iterator[Part]:
    from ..runtime.packs import store

    shelved = store.shelf()
    for found in shelved:
        remedy = "" if found.pack else f"hitpoint packs remove {found.name}"
        words = f"{found.pack.version}, {found.pack.licence}" if found.pack else found.trouble
        yield Part("pack", found.name, found.pack is not None, words, remedy)
    if not shelved:
        yield Part("pack", "packs", False, "there are none; the composer needs none")


def _engines() -> Iterator[Part]:
    """Each engine with the packs that it can play."""
    from ..runtime.engines.registry import ENGINES
    from .choosing import packs_for, plays_model

    for name in ENGINES:
        if not plays_model(name):
            yield Part("engine", name, True, "built in, needs no pack")
            continue
        packs = [
            f"{entry.name} ({entry.pack.licence}{', built in' if entry.built_in else ''})"
            for entry in packs_for(name)
            if entry.pack
        ]
        remedy = f"get a pack of the family '{name}' and `hitpoint packs add FILE`"
        yield Part("engine", name, bool(packs), "plays " + ", ".join(packs) if packs else "has no pack to play", remedy)


def _styles() -> Iterator[Part]:
    """The user's own styles; those that come with the composer are always there."""
    from ..runtime.engines.composer import style

    for path, made, wrong in style.own():
        detail = made.words or str(path) if made else wrong
        yield Part("style", path.stem, made is not None, detail, "" if made else f"mend or remove {path}")


def _hosts() -> Iterator[Part]:
    """Editors on this machine, and what was installed for each."""
    from .hosts.listing import listed

    for host in listed()["hosts"]:
        if host["name"] == "files":
            continue
        yield Part("host", host["title"], bool(host["seen"]), host["seen"] or "not seen on this machine")
        if host["launcher"]:
            put = host["installed"]
            words = f"{put['version']} in {', '.join(put['folders'])}" if put else "not installed"
            remedy = f"hitpoint install {host['name']}"
            sound = bool(put) and not put["trouble"]
            yield Part("host", f"{host['title']}: launcher", sound, put["trouble"] or words if put else words, remedy)


def _programs() -> Iterator[Part]:
    path = shutil.which("melt") or shutil.which("mlt-melt")
    yield Part("program", "melt", path is not None, path or "", "only to check what MLT plays: apt-get install melt")
