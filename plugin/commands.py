"""What each command does: options in, an answer of plain data out."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from ..runtime.errors import OutputError, UsageError
from . import host_commands, show
from .host_commands import bridge as bridge
from .host_commands import hosts as hosts
from .host_commands import install as install
from .host_commands import uninstall as uninstall

Answer = dict[str, Any]

FILMS = (".mp4", ".mov", ".m4v", ".mkv")
RATES = (1, 1000)  # what --rate may say


def inspect(options: argparse.Namespace) -> Answer:
    from . import eyes

    source = source_of(options)
    if options.pictures is None and not options.look and not options.vision:
        edit, _ = source.read()
        answer: Answer = edit.to_json()
        return answer
    from .looking import look, opened

    with opened(source) as (edit, _, _), show.progress() as progress:
        wanted = _wanted(options, speech=True, pictures=options.pictures is not None)
        shown = look(edit, wanted, progress)
        answer = {**shown.to_json(), **eyes.said(options.vision)}
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

    if options.vision and not options.look:
        raise UsageError("--vision looks at the picture, and --no-look does not")
    colours = tuple(options.colours)
    return Wanted(options.detect, options.look, speech, pictures, colours, options.vision, options.commercial)


def _asked(options: argparse.Namespace) -> Any:
    from .spotting import Asked

    silences = tuple((start, end) for start, end in options.silences)
    return Asked(tuple(options.hit_colours), silences, options.tempi, options.style)


def cues(options: argparse.Namespace) -> Answer:
    from ..runtime.cues import sheet_json
    from . import eyes, scoring
    from .looking import opened

    targets = [path for path in (options.out, options.midi, options.csv) if path]
    if len({path.resolve() for path in targets}) < len(targets):
        raise UsageError("-o, --midi and --csv name files of their own")
    carried = None
    with opened(source_of(options)) as (edit, _, _), show.progress() as progress:
        for path in targets:
            scoring.spare(path, edit, {"the edit": options.edit, "the older cue sheet": options.older})
        if options.older:
            carried = scoring.carry(
                edit, options.older, look=_wanted(options), asked=_asked(options), progress=progress
            )
        sheet = carried.sheet if carried else None
        sheet = sheet or scoring.plan(edit, look=_wanted(options), asked=_asked(options), progress=progress)
    answer = {**sheet_json.to_json(sheet), **eyes.said(options.vision)}
    answer["warnings"] = list(dict.fromkeys([*edit.warnings, *sheet.warnings]))
    answer |= carried.to_json() if carried else {}
    _write_plan(sheet, options.out, options.midi, options.csv)
    if not options.out and not options.json:
        sys.stdout.write(sheet_json.dumps(sheet))
        options.show = None
    wrote = {"out": options.out, "midi": options.midi, "csv": options.csv}
    return {**answer, **{word: str(path) if path else None for word, path in wrote.items()}}


def _write_plan(sheet: Any, out: Path | None, midi: Path | None, table: Path | None) -> None:
    """The plan as a cue sheet, as a tempo map and as a cue list, all or none of them."""
    from ..runtime.cues import sheet_json
    from ..runtime.cues.cue_list import cue_list
    from ..runtime.cues.midi import midi_bytes
    from ..runtime.mix.files import Transaction, writing

    with Transaction() as files:
        for path, made in ((out, sheet_json.dumps), (midi, lambda plan: midi_bytes(plan, [])), (table, cue_list)):
            if path is None:
                continue
            staged = files.stage(path)
            data = made(sheet)
            with writing(path):
                staged.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "backslashreplace"))
        files.commit()


def score(options: argparse.Namespace) -> Answer:
    from . import scoring

    host_commands.check(options)
    source = source_of(options) if options.edit else None
    wish = scoring.Wish(
        engine=options.engine,
        soundfont=options.soundfont,
        playing=_playing(options),
        align=options.align,
        seed=options.seed or 0,
        takes=options.takes,
        revision=_revision(options),
        stem_tracks=options.stem_tracks,
        stems=options.stems,
        **_sounding(options),
    )
    if source is None or options.host:
        return host_commands.score(options, source, wish)
    with show.progress() as progress:
        done = scoring.score(source, wish, out=options.out, in_place=options.in_place, progress=progress)
    return _scored(done)


def _playing(options: argparse.Namespace) -> Any:
    from .choosing import Playing

    return Playing(
        options.pack,
        options.device,
        options.variant,
        options.steps,
        options.guidance,
        options.rhythm,
        options.commercial,
    )


def _scored(done: Any) -> Answer:
    return {**done.report, "out": str(done.out), "folder": str(done.folder), "wav": str(done.wav)}


def _sounding(options: argparse.Namespace) -> dict[str, Any]:
    """What `score` and `align` are both asked: the plan, how it sounds on the timeline, and how it is named there."""
    return {
        **_level(options),
        "cues": options.cues,
        "from_cues": options.from_cues,
        "markers": options.markers,
        "music_only": options.music_only,
        "link": options.link,
        "broadcast_wave": options.broadcast_wave,
        "look": _wanted(options),
        "asked": _asked(options),
    }


def _level(options: argparse.Namespace) -> dict[str, Any]:
    """How loud, and how far down under dialogue."""
    if options.duck and not options.look:
        raise UsageError("--duck listens for dialogue in the media: it goes without --no-look")
    wished: dict[str, Any] = {}
    if options.loudness is not None:
        wished |= {"loudness": options.loudness.loudness, "peak": options.loudness.peak}
    if options.duck is not None:
        wished["duck"] = options.duck or None
    return wished


def _revision(options: argparse.Namespace) -> Any:
    from .takes import Revision

    if options.earlier is None:
        for word, given in (("--only", options.only), ("--keep-stem", options.keep_stems)):
            if given:
                raise UsageError(f"{word} keeps the rest of an earlier score: --from FOLDER says which")
        return None
    only, keep = tuple(options.only), tuple(options.keep_stems)
    level_anew, duck_anew = options.loudness is not None, options.duck is not None
    return Revision(options.earlier, only, keep, options.seed, level_anew, duck_anew)


def align(options: argparse.Namespace) -> Answer:
    from . import aligning, scoring

    source = source_of(options)
    wish = scoring.Wish(**_sounding(options))
    with show.progress() as progress:
        done = aligning.align(
            source, options.audio, wish, out=options.out, in_place=options.in_place, progress=progress
        )
    return _scored(done)


def unscore(options: argparse.Namespace) -> Answer:
    from . import scoring

    host_commands.check(options)
    if options.host:
        return host_commands.unscore(options, source_of(options) if options.edit else None)
    done = scoring.unscore(source_of(options), out=options.out, in_place=options.in_place)
    return {"out": str(done.out), "tracks_removed": done.tracks, "warnings": list(done.warnings)}


def evaluate(options: argparse.Namespace) -> Answer:
    from . import evaluating, scoring

    source = source_of(options)
    if evaluating.is_folder(options.edit):
        return _evaluate_folder(options, source)
    picture = options.picture
    if picture is not None and picture.suffix.lower() != ".png":
        raise UsageError(f"--picture {picture}: a picture is a .png")
    if picture is not None and not os.access(picture.parent, os.W_OK):
        raise OutputError(f"cannot write {picture}: its folder is not there, or may not be written to")
    with show.progress() as progress:
        done = evaluating.evaluate(
            source, options.audio, reference=options.reference, cues=options.cues, progress=progress
        )
    answer: Answer = done.to_json()
    if picture is not None:
        from .canvas import write_png
        from .chart import chart

        inputs = {"the edit": options.edit, "the sound": done.audio, "the reference": options.reference}
        scoring.spare(picture, done.edit, {**inputs, "the cue sheet": options.cues})
        write_png(picture, chart(done.edit, done.evaluation, done.boards))
        answer["picture"] = str(picture)
    return answer


def _evaluate_folder(options: argparse.Namespace, source: Any) -> Answer:
    from . import evaluating

    for word, given in (("--picture", options.picture), ("--cues", options.cues)):
        if given is not None:
            raise UsageError(f"{word} is for one edit; {options.edit} is a folder")
    with show.progress() as progress:
        rows = evaluating.evaluate_folder(source, options.audio, reference=options.reference, progress=progress)
    edits = [row.to_json() for row in rows]
    measured = [edit for edit in edits if "error" not in edit]
    return {
        "folder": str(options.edit),
        "edits": edits,
        "measured": len(measured),
        "failed": len(edits) - len(measured),
        "mean": evaluating.mean(measured),
        "warnings": [f"{edit['file']}: {warning}" for edit in measured for warning in edit["warnings"]],
    }


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


def packs(options: argparse.Namespace) -> Answer:
    from .packing import run

    return run(options)


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
