"""What the worker can do, each by name: plain data in, plain data out, through the same functions as the command line.

Everything is imported when first asked for. A task may raise HitpointError; its sentence is shown as it is.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ...runtime.progress import Progress, forward, part
from . import hosted

Given = hosted.Given
Task = Callable[[Given, Progress], Given]


def open_edit(given: Given, progress: Progress) -> Given:
    """Reads the timeline: quick, nothing of the picture yet."""
    from ...plugin.timeline.writing import default_out, folder_beside
    from ..state.codec import to_json

    if given["source"].get("host"):
        return hosted.open_edit(given, progress)
    progress(0.0, "reading the edit")
    source = _source(given)
    edit, document = source.read()
    out = default_out(source.path, "scored")
    return {
        "path": str(source.path.absolute()),
        "edit": to_json(edit),
        "folder": str(folder_beside(out).absolute()),
        "out": str(out.absolute()),
        "format": document.format,
        "warnings": list(edit.warnings),
    }


def parse(given: Given, progress: Progress) -> Given:
    """Looks at the picture, listens for speech, and plans. `older` is the JSON of a plan to go on from: kept where the
    edit is the one that it was made for, carried over where it was cut anew.
    """
    from ...plugin import scoring
    from ...plugin.looking import look, opened
    from ...runtime.cues import sheet_json
    from ...runtime.errors import HitpointError, NothingToScore
    from ..state.codec import to_json
    from .thumbs import keep_thumbs

    progress = forward(progress)
    with opened(_source(given)) as (edit, _, _):
        edit = _reworded(edit, given)
        shown = look(edit, _wanted(given), part(progress, 0.0, 0.85))
        thumbs = keep_thumbs(shown, part(progress, 0.85, 0.9))
    answer: Given = {**_seen(shown, thumbs), "edit": to_json(shown.edit), "sheet": None, "told": []}
    try:
        fresh = scoring.plan(shown.edit, asked=_asked(given), shown=shown, progress=part(progress, 0.9, 1.0))
    except NothingToScore as nothing:
        return {**answer, "told": [str(nothing)], "carried": False}
    carried = False
    if given.get("older"):
        try:
            older = sheet_json.loads(json.dumps(given["older"]))
            fresh, told, carried = _carried(older, fresh, shown.edit)
            answer["told"] = told
        except HitpointError as error:
            answer["told"] = [f"the plan that was kept with this edit cannot be read, so it was planned anew: {error}"]
            carried = True
    return {**answer, "sheet": sheet_json.to_json(fresh), "carried": carried}


def lay(given: Given, progress: Progress) -> Given:
    """The plan as it would be played: beats laid anew where they no longer fit."""
    from ...runtime.cues import sheet_json

    progress(0.0, "laying the beats")
    sheet = sheet_json.loads(json.dumps(given["plan"]))
    return {"digest": given.get("digest", ""), "warnings": list(sheet.warnings), **_laid(sheet_json.to_json(sheet))}


def score(given: Given, progress: Progress) -> Given:
    """Plays the plan into a folder; the timeline is not touched. Answers the take."""
    from ...plugin import auditioning
    from ...runtime.cues.place import Place
    from ..state.edit import Speech

    progress = forward(progress)
    folder = Path(given["folder"])
    seeds = [Place("seed", seed).whole(0, 2**31 - 1) for seed in given["seeds"]]
    wish = _wish(given)
    with tempfile.TemporaryDirectory(prefix="hitpoint-plan-") as room:
        cues = Path(room) / "cues.json"
        cues.write_text(json.dumps(given["plan"]), encoding="utf-8")
        what = auditioning.Audition(
            cues,
            seeds={index: seed for index, seed in enumerate(seeds) if seed != wish.seed},
            spoken=[Speech(*said) for said in given.get("spoken", [])],
            level_of=Path(given["level_of"]) if given.get("level_of") else None,
        )
        report = auditioning.audition(_source(given), wish, what, folder, progress=part(progress, 0.0, 0.95))
    made = peaks({"wav": str(folder / "score.wav"), "peaks": str(folder / PEAKS)}, part(progress, 0.95, 1.0))
    return {
        "folder": str(folder),
        "engine": report["engine"],
        "pack": report["pack"] or "",
        "seed": report["seed"],
        "seeds": report["seeds"],
        "target": [wish.loudness, wish.peak],
        **{word: report[word] for word in ("landed", "near", "missed", "loudness", "true_peak", "seconds", "warnings")},
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "peaks": made["peaks"],
        "heard": heard({"folder": str(folder)}, progress),
    }


PEAKS = "peaks.bin"


def heard(given: Given, progress: Progress) -> Given:
    """How a take met its hits, and its beats, as its files say."""
    from ...runtime.errors import InputError

    progress(0.0, "reading the take")
    folder = Path(given["folder"])
    try:
        sheet = json.loads((folder / "cues.json").read_text(encoding="utf-8"))
        laid = _laid(sheet)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{folder}: the take's cue sheet cannot be read: make it anew") from None
    full = folder / "score-full.wav"
    return {"wav": str(folder / "score.wav"), "full": str(full) if full.exists() else "", "sheet": sheet, **laid}


def peaks(given: Given, progress: Progress) -> Given:
    """The waveform of a sound, as a file."""
    from .outline import write_peaks

    return {"peaks": str(write_peaks(Path(given["wav"]), Path(given["peaks"]), progress))}


def intend(given: Given, progress: Progress) -> Given:
    """What writing a take to the timeline would change."""
    from ...plugin import placing

    if given["source"].get("host"):
        return hosted.intend(given, _wish(given), progress)
    progress(0.0, "looking at the timeline")
    out = Path(given["out"]) if given.get("out") else None
    plan = placing.intend(
        _source(given), Path(given["take"]), _wish(given), out=out, in_place=bool(given.get("in_place"))
    )
    return {
        "out": str(plan.out),
        "changes": [asdict(step) for step in plan.steps],
        "warnings": list(plan.warnings),
    }


def write(given: Given, progress: Progress) -> Given:
    """Writes a take to the timeline; what was there before is kept for `unwrite`."""
    from ...plugin import placing, scoring

    if given["source"].get("host"):
        return hosted.write(given, _wish(given), progress)
    intended = intend(given, part(progress, 0.0, 0.1))
    done = placing.place(
        _source(given),
        Path(given["take"]),
        _wish(given),
        out=Path(given["out"]) if given.get("out") else None,
        in_place=bool(given.get("in_place")),
        keep=Path(given["keep"]),
        progress=part(progress, 0.1, 1.0),
    )
    return {
        "out": str(done.out),
        "changes": intended["changes"],
        "sha256": scoring.digest(done.out) or "",
        "warnings": done.report["warnings"],
    }


def unwrite(given: Given, progress: Progress) -> Given:
    """Takes the score that was written last out again; without `keep`, our tracks out of the timeline `out`."""
    from ...plugin import placing, scoring
    from ...plugin.timeline.reading import Source

    if given.get("source", {}).get("host"):
        return hosted.unwrite(given, progress)
    progress(0.0, "taking the score out")
    if not given.get("keep"):
        out = Path(given["out"])
        bare = scoring.unscore(Source(out, timeline=given.get("timeline") or None), out=out, in_place=True)
        return {"out": str(bare.out), "whole": False, "warnings": list(bare.warnings)}
    done = placing.take_back(Path(given["keep"]))
    return {"out": str(done.out), "whole": done.whole, "warnings": list(done.warnings)}


def packs(given: Given, progress: Progress) -> Given:
    """The packs that are installed, after what `do` says: verify, add or remove one of them."""
    from ...plugin import packing
    from ...runtime.packs import store

    told = ""
    match given.get("do", "list"):
        case "verify":
            progress(0.0, "verifying the pack")
            with store.opened(given["pack"]) as pack:
                told = f"the pack {pack.name} is sound, to its last byte"
        case "add":
            pack, replaced = packing.add(Path(given["pack"]), replace=bool(given.get("replace")), progress=progress)
            told = f"{'replaced' if replaced else 'added'} the pack {pack.name} {pack.version}"
        case "remove":
            told = f"removed the pack {given['pack']} from {packing.remove(given['pack'])}"
    return {"packs": [_pack(found) for found in store.shelf()], "told": told}


def examine(given: Given, progress: Progress) -> Given:
    """What this machine has: engines, devices, styles, and the parts that `doctor` looks for."""
    from ...plugin.doctor import examine as doctor
    from ...runtime.engines.composer import style
    from ...runtime.engines.registry import ENGINES
    from ...runtime.errors import EngineError
    from ...runtime.packs import providers

    progress(0.0, f"looking at this machine{given.get('words', '')}")
    parts = doctor()["parts"]
    try:
        works = [found.name for found in providers.examine() if found.works]
        device, words = providers.choose(providers.AUTO)
    except EngineError as error:
        works, device, words = [], providers.CPU, str(error)
    return {
        "engines": list(ENGINES),
        "devices": [providers.AUTO, *dict.fromkeys([*works, providers.CPU])],
        "device_words": f"{device}{f'; {words}' if words else ''}",
        "styles": list(style.names()),
        "doctor": [[p["name"], p["found"], p["detail"], p["remedy"]] for p in parts],
    }


def demo(given: Given, progress: Progress) -> Given:
    """Makes the demo's film and its edit."""
    from ...plugin.demo.run import make_edit

    return {"path": str(make_edit(Path(given["folder"]), progress))}


def sweep(given: Given, progress: Progress) -> Given:
    """Removes the folders of takes that nobody wants any more, and what a killed worker left."""
    from .room import remove_takes, trim_cache

    progress(0.0, "tidying up")
    remove_takes(Path(given["folder"]), [int(id) for id in given.get("ids", [])])
    trim_cache(int(given.get("cache_bytes", 0)))
    return {}


TASKS: dict[str, Task] = {
    "open": open_edit,
    "parse": parse,
    "lay": lay,
    "score": score,
    "rehearse": score,
    "heard": heard,
    "peaks": peaks,
    "intend": intend,
    "write": write,
    "unwrite": unwrite,
    "packs": packs,
    "examine": examine,
    "demo": demo,
    "sweep": sweep,
    "playhead": hosted.playhead,
}


def _source(given: Given) -> Any:
    from ...plugin.timeline.reading import Source
    from ...runtime.errors import UsageError
    from ...runtime.rate import Rate

    said = given["source"]
    try:
        rate = Rate.of(said["rate"]) if said.get("rate") else None
    except ValueError as error:
        raise UsageError(str(error)) from None
    if said.get("held"):
        from ...plugin.hosting import Read

        roots = tuple(map(Path, said["media_roots"]))
        return Read(Path(said["path"]), media_roots=roots, drop_frame=bool(said["drop_frame"]))
    return Source(Path(said["path"]), rate, said.get("timeline") or None, tuple(map(Path, said.get("media_roots", []))))


def _wanted(given: Given) -> Any:
    from ...plugin.looking import Wanted

    colours = tuple(given.get("settings", {}).get("storyboard_colours", []))
    return Wanted(speech=True, pictures=True, colours=colours)


def _asked(given: Given) -> Any:
    from ...plugin.spotting import USUAL

    said = given.get("settings", {})
    tempi = (float(said.get("slowest", USUAL.tempi[0])), float(said.get("fastest", USUAL.tempi[1])))
    return replace(USUAL, hit_colours=tuple(said.get("hit_colours", [])), tempi=tempi)


def _reworded(edit: Any, given: Given) -> Any:
    from ...plugin.wording import Words, reworded

    said = given.get("settings", {})
    names = ("hit_words", "storyboard_words", "silence_words", "silence_colours")
    return reworded(edit, Words(*(tuple(said.get(name, [])) for name in names)))


def _wish(given: Given) -> Any:
    from ...plugin.choosing import USUAL, Playing, plays_model
    from ...plugin.scoring import Wish

    said = given["score"]
    playing = USUAL
    if plays_model(said["engine"]):
        playing = Playing(pack=said["pack"] or None, device=said.get("device") or None)
    return Wish(
        engine=said["engine"],
        seed=said["seed"],
        loudness=said["loudness"],
        peak=said["peak"],
        duck=said["duck"],
        stems=said["stems"],
        stem_tracks=said["stem_tracks"],
        markers=said["markers"],
        soundfont=Path(said["soundfont"]) if said.get("soundfont") else None,
        playing=playing,
    )


def _seen(shown: Any, thumbs: list[str]) -> Given:
    looks = shown.seen.looks if shown.seen else ()
    motion = [] if shown.seen is None else [round(float(x), 3) if x == x else 0.0 for x in shown.seen.curves.motion]
    return {
        "looks": [
            {
                "light": round(float(look.light), 4),
                "warmth": round(float(look.warmth), 4),
                "motion": round(float(look.motion), 4),
                "palette": [{"colour": str(s), "share": round(float(s.share), 4)} for s in look.palette],
                "known": bool(look.known),
                "thumb": thumb,
            }
            for look, thumb in zip(looks, thumbs if looks else [], strict=True)
        ],
        "speech": [{"start": s.start, "end": s.end, "confidence": round(s.confidence, 4)} for s in shown.dialogue],
        "reasons": [{"start": b.start, "end": b.end, "words": list(b.mood.reasons)} for b in shown.boards],
        "motion": motion,
        "warnings": list(dict.fromkeys([*shown.edit.warnings, *shown.warnings])),
    }


def _carried(older: Any, fresh: Any, edit: Any) -> tuple[Any, list[str], bool]:
    """The sheet to go on with, what to say of it, and whether it is another than the one that was kept."""
    from ...runtime.cues.known import known_shots
    from ...runtime.cues.reconform import reconform

    starts = {shot.start for shot in older.shots}
    same = older.rate == edit.rate and older.frames == edit.frames
    if same and (not starts or all(shot.start in starts for shot in known_shots(edit)[1:])):
        return older, [], False
    done = reconform(older, fresh, edit)
    gone = sum(1 for board in done.carried if not board.to)
    words = f"the edit was cut anew: its {len(done.carried)} storyboards were carried over"
    return done.sheet, [words + (f", {gone} of them are gone" if gone else "")], True


def _laid(sheet: Given) -> Given:
    """Hits and beats of a cue sheet's JSON, for drawing."""
    boards = []
    for board in sheet["storyboards"]:
        downbeats, at = [], 0
        for bar in [*board["bars"], *[board["metre"]] * len(board["beats"])]:
            if at >= len(board["beats"]):
                break
            downbeats.append(at)
            at += bar
        boards.append(
            {**{key: board[key] for key in ("start", "end", "name", "tempo", "beats")}, "downbeats": downbeats}
        )
    hits = [{key: hit[key] for key in ("frame", "name", "at", "outcome", "place")} for hit in sheet["hits"]]
    return {"hits": hits, "boards": boards}


def _pack(found: Any) -> Given:
    from ...plugin.packing import about

    if found.pack is None:
        return {"name": found.name, "built_in": found.built_in, "folder": str(found.folder), "trouble": found.trouble}
    said = about(found.pack)
    return {
        **{key: said[key] for key in ("name", "family", "version", "bytes", "folder")},
        "licence": said["licence"]["id"],
        "licence_url": said["licence"]["url"],
        "commercial": said["licence"]["commercial"],
        "built_in": found.built_in,
    }
