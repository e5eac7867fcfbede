"""One small picture a shot, as files in the cache, named by what they show."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from ...runtime.progress import Progress

FOLDER = "thumbs"


def keep_thumbs(shown: Any, progress: Progress) -> list[str]:
    """The path of each shot's picture, "" where there is none; `shown` is a plugin.looking.Shown."""
    from ...runtime.picture.cache import default_folder

    shots = shown.edit.shots
    if shown.thumbs is None:
        return [""] * len(shots)
    folder = default_folder() / FOLDER
    paths = []
    for number, shot in enumerate(shots):
        if number % 50 == 0:
            progress(number / len(shots), "keeping small pictures")
        middle = min(max((shot.start + shot.end) // 2, 0), max(0, shown.edit.frames - 1))
        jpeg = shown.thumbs.jpeg(middle)
        paths.append("" if jpeg is None else _kept(folder, jpeg))
    return paths


def _kept(folder: Path, jpeg: bytes) -> str:
    name = hashlib.sha256(jpeg).hexdigest()
    path = folder / name[:2] / f"{name}.jpg"
    try:
        if path.exists():
            os.utime(path)  # what is used stays longest
            return str(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{uuid4().hex}.part")
        fresh.write_bytes(jpeg)
        fresh.replace(path)
    except (OSError, RuntimeError):
        return ""  # a full disk costs the pictures, nothing else
    return str(path)
