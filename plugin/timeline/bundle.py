"""OpenTimelineIO bundles: a timeline and its media in one zip file (.otioz) or one folder (.otiod)."""

from __future__ import annotations

import copy
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from .document import CONTENT

MEDIA = "media"
SCORE = "hitpoint-score"  # our files inside a bundle: hitpoint-score.wav, hitpoint-score-2.wav, hitpoint-score.bass.wav


def write_zip(source: Path, target: Path, content: bytes, *, wavs: Mapping[str, Path], without: set[str]) -> None:
    """A copy of the bundle with another timeline, with or without our sound; every other member as it was.

    `wavs` are files by the names that they have inside.
    """
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        new.comment = old.comment
        for member in old.infolist():
            if member.filename in without or member.filename in wavs:
                continue
            info = copy.copy(member)
            if member.filename == CONTENT:
                new.writestr(info, content, compress_type=member.compress_type)
                continue
            with old.open(member) as data, new.open(info, "w", force_zip64=member.file_size >= 2**31) as to:
                shutil.copyfileobj(data, to, 2**20)
        for name, wav in wavs.items():
            # Stored with a fixed date: the same score gives the same bytes.
            info = zipfile.ZipInfo(name)
            with wav.open("rb") as data, new.open(info, "w", force_zip64=wav.stat().st_size >= 2**31) as to:
                shutil.copyfileobj(data, to, 2**20)


def write_folder(
    source: Path, target: Path, content: bytes, *, wavs: Mapping[str, Path], without: set[str], name: str = CONTENT
) -> None:
    """The same for a bundle folder; `target` is an empty folder, and `name` what the timeline is called in it."""
    gone = {source / name for name in without}

    def skipped(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder) / name in gone]

    shutil.copytree(source, target, symlinks=True, ignore=skipped, dirs_exist_ok=True)
    (target / name).write_bytes(content)
    for inside, wav in wavs.items():
        file = target / inside
        file.parent.mkdir(exist_ok=True)
        shutil.copyfile(wav, file)


def extract_media(source: Path, target: Path) -> None:
    """The media of an .otioz into the folder `target`, under the names the timeline knows them by."""
    with zipfile.ZipFile(source) as bundle:
        for member in bundle.infolist():
            parts = Path(member.filename).parts
            if member.is_dir() or len(parts) < 2 or parts[0] != MEDIA or ".." in parts:
                continue
            file = target.joinpath(*parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            with bundle.open(member) as data, file.open("wb") as to:
                shutil.copyfileobj(data, to, 2**20)
