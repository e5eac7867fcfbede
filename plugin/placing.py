"""A take put on the timeline: said before it is done, done without playing it again, and undone."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ..runtime.cues import sheet_json
from ..runtime.errors import InputError, UsageError
from ..runtime.mix.files import Transaction, writing
from ..runtime.progress import Progress, part, silent
from . import auditioning, choosing, scoring
from .marking import marks
from .takes import FOLDER as TAKES
from .takes import Order
from .timeline import score_track
from .timeline.reading import Source, is_ours

KEPT = "kept.json"  # in the folder that keeps what was there before
SCHEMA = "hitpoint.kept/1"


@dataclass(frozen=True)
class Step:
    """One thing that writing does: `what` happens to the track, the markers or the file `target`."""

    what: Literal["add", "replace", "keep"]
    kind: Literal["track", "marker", "file"]
    target: str
    words: str = ""


@dataclass(frozen=True)
class Intent:
    """What writing a take would do."""

    out: Path
    folder: Path
    steps: tuple[Step, ...]
    warnings: tuple[str, ...] = ()


def intend(
    source: Source, take: Path, wish: scoring.Wish, *, out: Path | None = None, in_place: bool = False
) -> Intent:
    """What `place` would do with the take in the folder `take`; nothing is written. Raises as `place` would."""
    ready = _ready(source, take, wish, out, in_place)
    return Intent(ready.target, ready.planned.folder, tuple(_steps(ready, take, wish)), ready.planned.warnings)


def place(
    source: Source,
    take: Path,
    wish: scoring.Wish,
    *,
    out: Path | None = None,
    in_place: bool = False,
    keep: Path | None = None,
    progress: Progress = silent,
) -> scoring.Score:
    """Puts the take in the folder `take` on the timeline, as `scoring.score` would have. All or nothing.

    What it replaces is kept in the folder `keep`, for `take_back`.
    """
    ready = _ready(source, take, wish, out, in_place, progress)
    with writing(take):
        room = tempfile.TemporaryDirectory(prefix=".hitpoint-", dir=take.parent)
    with room as name:
        heard = auditioning.played(take, wish, Path(name))
        ready = replace(ready, sheet=heard.made.sheet, order=Order((heard.made.take,)), ducking=heard.ducking)
        kept = _keep(ready, keep) if keep else None
        done = scoring.put(
            heard.engine, heard.made.sheet, ready, heard.wish, part(progress, 0.3, 1.0), played=[heard.made]
        )
    if kept:
        _remember(kept, done)
    return done


@dataclass(frozen=True)
class TakenBack:
    """What became of the timeline. `whole`: it is as it was before, byte for byte."""

    out: Path
    whole: bool
    warnings: tuple[str, ...] = ()


def take_back(keep: Path) -> TakenBack:
    """Undoes the last `place` that kept in `keep`. Where the timeline was changed since, only our tracks leave it."""
    said = _read(keep)
    out, folder = Path(said["out"]), Path(said["folder"])
    if scoring.digest(out) != said["after"]:
        if not out.exists():
            raise InputError(f"{out}: is not there any more: there is nothing to take out")
        told = scoring.unscore(Source(out, timeline=said["timeline"]), out=out, in_place=True)
        words = f"{out.name} was changed since the score was written: the score is out, the changes stay"
        return TakenBack(out, False, (words, *told.warnings))
    with Transaction() as files:
        for name in said["files"]:
            _restore(files, keep / "files" / name, folder / name)
        if said["existed"]:
            _restore(files, keep / "timeline" / out.name, out)
        files.commit()
    if not said["existed"]:
        _remove(out)
    for name in said["new"]:
        _remove(folder / name)
        with suppress(OSError):
            (folder / name).parent.rmdir()
    forget(keep)
    return TakenBack(out, True)


def forget(keep: Path) -> None:
    """What was kept is not needed any more."""
    shutil.rmtree(keep, ignore_errors=True)


def _ready(
    source: Source,
    take: Path,
    wish: scoring.Wish,
    out: Path | None,
    in_place: bool,
    progress: Progress = silent,
) -> scoring.Ready:
    if wish.cues or wish.from_cues or wish.revision:
        raise UsageError("a take is written as it was played: neither with another cue sheet nor in part")
    # The take is finished: which engine plays it now, and what it would want to see, is no matter.
    asked = replace(wish, cues=take / "cues.json", duck=None, takes=1, engine="composer", playing=choosing.USUAL)
    return scoring.prepare(source, asked, out=out, in_place=in_place, progress=part(progress, 0.0, 0.3))


def _steps(ready: scoring.Ready, take: Path, wish: scoring.Wish) -> Iterator[Step]:
    planned = ready.planned
    theirs = [track for track in planned.document.timeline.tracks if is_ours(track)]
    names = [planned.track]
    if wish.stem_tracks:
        stems = sorted(path.stem for path in (take / "stems").glob("*.wav"))
        names = [score_track.track_name(planned.track, stem) for stem in stems] or names
    standing = {str(track.name) for track in theirs}
    for name in names:
        yield Step("replace" if name in standing else "add", "track", name)
    for name in sorted(standing - set(names)):
        same = score_track.TRACK_NAME.fullmatch(name)
        gone = same is not None and same[1] == planned.track
        yield Step("replace" if gone else "keep", "track", name, "" if gone else "it was moved or cut, so it stays")
    sheet = sheet_json.read(take / "cues.json")
    count = len(marks(sheet, wish.markers))
    if count:
        yield Step("add", "marker", str(count), wish.markers)
    files = [planned.wav, *(planned.folder / name for name in ("cues.json", "report.json")), ready.target]
    files += [planned.folder / "score.mid"] if (take / "score.mid").exists() else []
    files += [planned.full] if (take / "score-full.wav").exists() else []
    for path in files:
        yield Step("replace" if path.exists() else "add", "file", str(path))


def _keep(ready: scoring.Ready, keep: Path) -> Path:
    """Puts aside what the timeline and its folder hold now. Sounds are linked, not copied, where the disk can."""
    out, folder = ready.target, ready.planned.folder
    with writing(keep):
        shutil.rmtree(keep, ignore_errors=True)
        (keep / "files").mkdir(parents=True)
        (keep / "timeline").mkdir()
        existed = out.exists()
        if out.is_dir():
            shutil.copytree(out, keep / "timeline" / out.name, symlinks=True)
        elif existed:
            shutil.copyfile(out, keep / "timeline" / out.name)
        files = list(_standing(folder, keep))
        for name in files:
            _link(folder / name, keep / "files" / name)
        said = {
            "schema": SCHEMA,
            "out": str(out.absolute()),
            "folder": str(folder.absolute()),
            "existed": existed,
            "files": files,
            "new": [],
            "after": "",
            "timeline": ready.planned.document.timeline.name or None,
        }
        (keep / KEPT).write_text(json.dumps(said), encoding="utf-8", errors="backslashreplace")
    return keep


def _standing(folder: Path, keep: Path) -> Iterator[str]:
    """The files that belong to the score in a folder: those at its top, and its stems."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        ours = len(name.parts) == 1 or name.parts[0].startswith("stems")
        inside = path.absolute().is_relative_to(keep.absolute())
        if ours and not inside and path.is_file() and name.parts[0] != TAKES and _of_score(name.name):
            yield name.as_posix()


def _of_score(name: str) -> bool:
    return name.endswith((".wav", ".mid", ".otio", ".xml", ".fcpxml", ".edl")) or name in ("cues.json", "report.json")


def _remember(keep: Path, done: scoring.Score) -> None:
    said = _read(keep)
    said["new"] = [name for name in done.report["files"] if name not in said["files"]]
    said["after"] = scoring.digest(Path(said["out"]))
    fresh = keep / f".{KEPT}"
    with writing(keep):
        fresh.write_text(json.dumps(said), encoding="utf-8", errors="backslashreplace")
        fresh.replace(keep / KEPT)


def _read(keep: Path) -> dict[str, Any]:
    try:
        said = json.loads((keep / KEPT).read_text(encoding="utf-8"))
        names = [*said["files"], *said["new"]]
        if said["schema"] != SCHEMA or any(".." in Path(name).parts or Path(name).is_absolute() for name in names):
            raise ValueError
        return {key: said[key] for key in ("out", "folder", "existed", "files", "new", "after", "timeline", "schema")}
    except (OSError, ValueError, TypeError, KeyError):
        raise InputError(f"{keep}: what was there before is not known any more; unscore takes the score out") from None


def _restore(files: Transaction, kept: Path, target: Path) -> None:
    if kept.is_dir():
        shutil.copytree(kept, files.stage_folder(target), symlinks=True, dirs_exist_ok=True)
        return
    staged = files.stage(target)
    with writing(target):
        staged.unlink()
        _link(kept, staged)


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, to)
    except OSError:
        shutil.copyfile(path, to)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
