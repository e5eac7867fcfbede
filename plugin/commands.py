"""What each command does: options in, an answer of plain data out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..runtime.errors import UsageError
from . import show

Answer = dict[str, Any]

FILMS = (".mp4", ".mov", ".m4v", ".mkv")
RATES = (1, 1000)  # what --rate may say


def inspect(options: argparse.Namespace) -> Answer:
    source = source_of(options)
    if options.pictures is None and not options.look:
        edit, _ = source.read()
        answer: Answer = edit.to_json()
        return answer
    from .looking import look, opened

    with opened(source) as (edit, _, _), show.progress() as progress:
        wanted = _wanted(options, speech=True, pictures=options.pictures is not None)
        shown = look(edit, wanted, progress)
        answer = shown.to_json()
        if options.pictures is not None:
            answer["picture"] = str(_draw(options, shown))
    return answer


def _draw(options: argparse.Namespace, shown: Any) -> Path:
    """The contact sheet, NAME.png in the folder that was named."""
    from ..runtime.mix.files import writing
    from .pictures import contact_sheet, write_png

    if shown.seen is None:
        raise UsageError("--pictures: no medium of this edit can be looked at; --media-root DIR looks for them there")
    spoken = [(shown.edit.seconds(said.start), shown.edit.seconds(said.end)) for said in shown.dialogue]
    thumbs = shown.thumbs.at if shown.thumbs else lambda _: None
    image = contact_sheet(shown.edit, shown.boards, shown.seen, thumbs, spoken)
    path: Path = options.pictures / f"{options.edit.stem}.png"
    with writing(path):
        options.pictures.mkdir(parents=True, exist_ok=True)
    write_png(path, image)
    return path


def _wanted(options: argparse.Namespace, *, speech: bool = False, pictures: bool = False) -> Any:
    from .looking import Wanted

    return Wanted(options.detect, options.look, speech, pictures, tuple(options.colours))


def cues(options: argparse.Namespace) -> Answer:
    from ..runtime.cues import sheet_json
    from ..runtime.mix.files import Transaction, writing
    from . import scoring
    from .looking import opened

    with opened(source_of(options)) as (edit, _, _), show.progress() as progress:
        if options.out:
            scoring.spare(options.out, edit, {"the edit": options.edit})
        sheet = scoring.plan(edit, look=_wanted(options), progress=progress)
    answer = sheet_json.to_json(sheet)
    answer["warnings"] = list(dict.fromkeys([*edit.warnings, *sheet.warnings]))
    if options.out:
        with Transaction() as files:
            staged = files.stage(options.out)
            with writing(options.out):
                staged.write_text(sheet_json.dumps(sheet), encoding="utf-8", errors="backslashreplace")
            files.commit()
    elif not options.json:
        sys.stdout.write(sheet_json.dumps(sheet))
        options.show = None
    return {**answer, "out": str(options.out) if options.out else None}


def score(options: argparse.Namespace) -> Answer:
    from . import scoring

    source = source_of(options)
    wish = scoring.Wish(
        engine=options.engine,
        seed=options.seed,
        loudness=options.loudness,
        cues=options.cues,
        stems=options.stems,
        markers=options.markers,
        music_only=options.music_only,
        link=options.link,
        broadcast_wave=options.broadcast_wave,
        look=_wanted(options),
    )
    with show.progress() as progress:
        done = scoring.score(source, wish, out=options.out, in_place=options.in_place, progress=progress)
    return {**done.report, "out": str(done.out), "folder": str(done.folder), "wav": str(done.wav)}


def unscore(options: argparse.Namespace) -> Answer:
    from . import scoring

    done = scoring.unscore(source_of(options), out=options.out, in_place=options.in_place)
    return {"out": str(done.out), "tracks_removed": done.tracks, "warnings": list(done.warnings)}


def evaluate(options: argparse.Namespace) -> Answer:
    from ..runtime.measure.evaluate import evaluate as measure

    edit, _ = source_of(options).read()
    with show.progress() as progress:
        measured = measure(edit, options.audio, progress)
    answer: Answer = measured.to_json()
    answer["warnings"] = list(dict.fromkeys([*edit.warnings, *answer["warnings"]]))
    return answer


def preview(options: argparse.Namespace) -> Answer:
    from . import scoring
    from .looking import opened
    from .preview import render_preview
    from .timeline.writing import music_of

    out = options.out or options.edit.with_suffix(".preview.mp4")
    if out.suffix.lower() not in FILMS:
        raise UsageError(f"{out}: a preview is a film: {', '.join(FILMS)}")
    with opened(source_of(options)) as (edit, document, finding), show.progress() as progress:
        music = options.audio or music_of(document, finding.media_roots)
        scoring.spare(out, edit, {"the edit": options.edit, "the music": music})
        done = render_preview(edit, music, out, height=options.height, progress=progress)
    # What is missing is said by the preview, frame by frame; the edit would say it again.
    said = [warning for warning in edit.warnings if not (done.warnings and "not found" in warning)]
    warnings = list(dict.fromkeys([*said, *done.warnings]))
    if music is None:
        warnings.insert(0, "no score on this timeline: the preview has the edit's own sound only")
    return {"out": str(done.path), "frames": done.frames, "music": str(music) if music else None, "warnings": warnings}


def demo(options: argparse.Namespace) -> Answer:
    from .demo.run import run

    with show.progress() as progress:
        return run(options.out, seed=options.seed, progress=progress)


def doctor(_: argparse.Namespace) -> Answer:
    from .doctor import examine

    return examine()


def source_of(options: argparse.Namespace) -> Any:
    """The timeline.reading.Source that the options name."""
    from ..runtime.rate import Rate
    from .timeline.reading import Source

    rate = None
    if options.rate is not None:
        try:
            rate = Rate.of(options.rate)
        except ValueError as error:
            raise UsageError(f"--rate: {error}") from None
        if not RATES[0] <= rate.fps <= RATES[1]:
            raise UsageError(f"--rate {options.rate}: not between {RATES[0]} and {RATES[1]} frames a second")
    for root in options.media_root:
        if not root.is_dir():
            raise UsageError(f"--media-root {root}: there is no such folder")
    part = (getattr(options, "start", None), getattr(options, "end", None))
    return Source(options.edit, rate, options.timeline, tuple(options.media_root), *part)
