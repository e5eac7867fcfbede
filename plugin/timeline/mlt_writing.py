"""A score into an MLT project file and out of it: how its sound is named there, and what is kept beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ...runtime.errors import InputError
from ...runtime.mix.files import Transaction
from . import media_path, mlt_media, mlt_score
from .mlt_marks import Guide
from .mlt_track import Music, digest
from .mlt_xml import Mlt, parse

FORMATS = ("kdenlive", "mlt")
KEPT = "before-hitpoint"  # cut.kdenlive as it was: cut.before-hitpoint.kdenlive

Form = Literal["auto", "relative", "plain", "url", "localhost"]


@dataclass(frozen=True)
class Sound:
    """A WAV of ours: where it will lie, where its bytes are now, and the stem it is."""

    wav: Path
    bytes_at: Path
    stem: str = ""


@dataclass(frozen=True)
class Written:
    data: bytes
    name: str
    warnings: tuple[str, ...]


def scored(
    data: bytes,
    sequence: int,
    project: Path,
    out: Path,
    sounds: Sequence[Sound],
    frames: int,
    *,
    provenance: Mapping[str, Any],
    markers: Sequence[Guide] = (),
    link: Form = "auto",
) -> Written:
    """The project `data`, read from `project`, with a score, to lie at `out`."""
    document = parse(data)
    moves = out.parent.resolve() != project.parent.resolve()
    root = media_path.parse(document.root.attributes.get("root", ""))
    anchored = root is not None and root.kind != "relative"
    relative = _relative(document)
    rebased = str(project.parent.resolve()) if moves and relative and not anchored else None
    musics = []
    for sound in sounds:
        wav = sound.wav.parent.resolve() / sound.wav.name
        name = media_path.as_plain(wav)
        if link == "relative" or (link == "auto" and relative and not rebased):
            base = Path(root.text) if anchored and root is not None else out.parent
            name = media_path.as_relative(wav, base.resolve())
        known, size = digest(sound.bytes_at)
        musics.append(Music(frames, name, sound.wav.name, provenance, sound.stem, known, size))
    done = mlt_score.replace(data, sequence, musics, markers=markers, root=rebased)
    return Written(done.data, done.name, tuple(done.warnings))


def _relative(document: Mlt) -> bool:
    """Whether most of a project's own media are named from where the project lies."""
    forms = []
    for node in document.services.values():
        service = node.get("mlt_service")
        if node.tag in ("producer", "chain") and service.startswith(("avformat", "qimage", "pixbuf", "timewarp")):
            read = media_path.parse(node.get("warp_resource") or node.get("resource"))
            if read is not None and mlt_media.known(node) is None:
                forms.append(read.kind == "relative")
    return sum(forms) * 2 > len(forms)


def keep(data: bytes, path: Path, files: Transaction) -> Path | None:
    """Stages a copy of a project that is about to be changed in place; None where one lies there that lacks nothing but
    our own score.
    """
    try:
        bare = mlt_score.remove(data).data
    except InputError:
        bare = data
    number = 1
    while True:
        more = f"-{number}" if number > 1 else ""
        target = path.with_name(f"{path.stem}.{KEPT}{more}{path.suffix}")
        if not target.exists():
            files.stage(target).write_bytes(data)
            return target
        if target.is_file() and target.read_bytes() in (data, bare):
            return None
        number += 1


def kept(path: Path) -> str:
    return f"the project as it was is kept as {path.name}"
