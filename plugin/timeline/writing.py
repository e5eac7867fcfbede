"""Putting a score on a timeline and taking it off again, in the user's own file format."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import opentimelineio as otio

from ...runtime.edit import Edit
from ...runtime.errors import UsageError
from ...runtime.mix.files import Transaction
from ...runtime.rate import Rate
from . import bundle, fcp7_xml, media_path, music_only, score_track, scored_json
from .document import SUFFIXES, Document
from .layout import ZERO, target
from .reading import is_ours, stated_rates

Link = Literal["auto", "relative", "plain", "url", "localhost"]
Target = Literal["otio", "otioz", "otiod", "fcp7", "music-only"]

OTIO = ("otio", "otioz", "otiod")  # OpenTimelineIO's own formats


@dataclass(frozen=True)
class Mark:
    """A marker to write: a storyboard's start or a downbeat."""

    frame: int
    name: str
    color: str


@dataclass(frozen=True)
class Plan:
    """How a score will be written: as what, where its sound lies, and what the user should know."""

    document: Document
    out: Path
    target: Target
    wav: Path
    track: str
    warnings: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.wav.parent

    @property
    def writes_music_only(self) -> bool:
        """Whether a timeline with nothing but the music goes beside the WAV."""
        return self.target == "music-only" or (self.target == "otio" and self.document.format not in OTIO)


def folder_beside(out: Path) -> Path:
    """cut.scored.otio -> cut.scored.hitpoint"""
    return out.with_suffix(".hitpoint")


def default_out(path: Path, word: str) -> Path:
    """cut.otio -> cut.scored.otio; formats we only read become .otio."""
    suffix = path.suffix if SUFFIXES.get(path.suffix.lower()) in ("otio", "otioz", "otiod", "fcp7") else ".otio"
    stem = path.stem.removesuffix(".scored") if word != "scored" else path.stem
    return path.with_name(f"{stem}.{word}{suffix}")


def plan(document: Document, out: Path, *, only_music: bool = False) -> Plan:
    """What writing to `out` means. Raises UsageError where that format would lose part of the edit."""
    format = SUFFIXES.get(out.suffix.lower())
    folder = folder_beside(out)
    warnings: list[str] = []
    number, track = 1, score_track.NAME
    kept: Sequence[str] = ()
    if only_music:
        return Plan(document, folder / "music-only.otio", "music-only", folder / "score.wav", track)
    if format not in ("otio", document.format) or format not in ("otio", "otioz", "otiod", "fcp7"):
        raise UsageError(
            f"{_refusal(document, out)}; choose {_plain_name(out)}.otio for the whole edit, or "
            f"--music-only, which writes {folder.name}/music-only.otio and .xml with nothing but the music"
        )
    if document.text:
        decided = scored_json.plan(document.text, document.where)
        track, kept, warnings = decided.name, decided.kept_media, list(decided.warnings)
    elif format == "fcp7":
        again = fcp7_xml.plan(document.data, document.index)
        track, kept, warnings = again.name, again.kept_media, list(again.warnings)
    if format == "otio" and document.format not in OTIO:
        warnings.append(
            f"{document.path.name} itself is not changed: {out.name} holds what OpenTimelineIO reads of it, and "
            f"{folder.name}/music-only.otio and .xml the music alone, to be laid under the original"
        )
    in_bundle = format in ("otioz", "otiod")
    taken = {Path(url.replace("\\", "/")).name for url in kept}
    while _wav_name(in_bundle, number) in taken:
        number += 1
    return Plan(document, out, format, folder / _wav_name(False, number), track, tuple(warnings))


def _wav_name(in_bundle: bool, number: int) -> str:
    return (bundle.SCORE if in_bundle else "score") + (f"-{number}.wav" if number > 1 else ".wav")


def _plain_name(out: Path) -> str:
    return out.stem.strip(".") or "out"


def _refusal(document: Document, out: Path) -> str:
    own, asked = document.path.suffix.lower(), out.suffix.lower()
    if not asked:
        return f"{out}: has no suffix that says what to write"
    if asked not in SUFFIXES:
        return f"{out.name}: '{asked}' is not a format that a score is written to"
    if document.format in OTIO and asked in (".otio", ".otioz", ".otiod"):
        return f"{out.name}: from {own} a score is written to {own} or .otio, not to {asked}"
    if own == asked:
        return f"{out.name}: an edit in {asked} is read, but not written back without loss"
    return f"{out.name}: turning {own} into {asked} would lose part of the edit"


def write(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    staged_wav: Path,
    *,
    provenance: Mapping[str, Any],
    marks: Sequence[Mark] = (),
    link: Link = "auto",
) -> list[str]:
    """Stages the scored timeline, and the music-only one where the format needs it. Returns warnings."""
    document = plan.document
    rate = literal_rate(document, edit.rate)
    if plan.writes_music_only:
        _write_music_only(plan, edit, files, rate, provenance)
    if plan.target == "music-only":
        return []
    if plan.target == "fcp7":
        url = _linked(plan, _urls(document), link, default="localhost")
        music = fcp7_xml.Music(edit.frames, url, plan.wav.name, provenance)
        markers = [fcp7_xml.SequenceMarker(mark.frame, mark.name) for mark in marks]
        scored = fcp7_xml.replace(document.data, document.index, music, markers=markers)
        files.stage(plan.out).write_bytes(scored.data)
        return list(scored.warnings)
    return _write_json(plan, edit, files, staged_wav, rate, provenance, marks, link)


def _write_json(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    staged_wav: Path,
    rate: float,
    provenance: Mapping[str, Any],
    marks: Sequence[Mark],
    link: Link,
) -> list[str]:
    document = plan.document
    in_bundle = plan.target in ("otioz", "otiod")
    inside = f"{bundle.MEDIA}/{_wav_name(True, _number(plan.wav))}"
    url = inside if in_bundle else _linked(plan, _urls(document), link, default="plain")
    lead = _lead(document, edit.rate)
    track = score_track.score_track(
        name=plan.track,
        frames=edit.frames,
        rate=rate,
        lead=lead,
        media_url=url,
        media_name=plan.wav.name,
        samples=edit.samples,
        provenance=provenance,
    )
    markers = [
        score_track.marker(int(lead) + mark.frame, mark.name, rate, mark.color, {"kind": "beat"}) for mark in marks
    ]
    text = document.text or otio.adapters.write_to_string(document.timeline, "otio_json")
    where = document.where if document.text else ()
    prefix = "" if in_bundle else _prefix(document, plan)
    scored = scored_json.replace(text, where, track, markers, prefix)
    data = scored.text.encode(document.encoding if document.text else "utf-8")
    if plan.target == "otio":
        if document.format == "otioz" and prefix:
            staged = files.stage_folder(plan.folder / "bundle")
            bundle.extract_media(document.path, staged)
        files.stage(plan.out).write_bytes(data)
    elif plan.target == "otioz":
        bundle.write_zip(document.path, files.stage(plan.out), data, wav=(inside, staged_wav), without=set())
    else:
        bundle.write_folder(document.path, files.stage_folder(plan.out), data, wav=(inside, staged_wav), without=set())
    return scored.warnings


def _number(wav: Path) -> int:
    digits = wav.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 1


def _prefix(document: Document, plan: Plan) -> str:
    """What leads from the scored timeline's folder to where its relative media paths start."""
    out_folder = plan.out.parent.resolve()
    if document.format == "otioz":
        return f"{plan.folder.name}/bundle/"
    base = document.folder.resolve()
    if base == out_folder:
        return ""
    try:
        return Path(os.path.relpath(base, out_folder)).as_posix() + "/"
    except ValueError:  # another drive
        return base.as_posix() + "/"


def _urls(document: Document) -> list[str]:
    """The media references of the user's own clips, as written."""
    stack = document.timeline.tracks
    tracks = [track for track in stack if not is_ours(track)]
    urls: list[str] = []
    for track in tracks:
        clips = track.find_clips() if isinstance(track, otio.core.Composition) else []
        urls += [url for clip in clips if (url := target(clip.media_reference))]
    return urls


def _linked(plan: Plan, urls: Sequence[str], link: Link, *, default: Link) -> str:
    """The path of our WAV, written the way that the host who wrote this timeline writes paths."""
    style = link if link != "auto" else media_path.style_of(urls) or default
    wav = plan.folder.resolve() / plan.wav.name
    match style:
        case "relative":
            return media_path.as_relative(wav, plan.out.parent.resolve())
        case "url":
            return media_path.as_url(wav)
        case "localhost":
            return media_path.as_localhost_url(wav)
        case _:
            return media_path.as_plain(wav)


def _lead(document: Document, rate: Rate) -> float:
    """Frames of nothing before our clip: a top stack that is trimmed starts inside its tracks."""
    stack = document.timeline.tracks
    if stack.source_range is None:
        return 0.0
    start = stack.source_range.start_time
    seconds = Fraction(start.value) / Rate.of(start.rate).fps if start.value else ZERO
    return float(seconds * rate.fps)


def literal_rate(document: Document, rate: Rate) -> float:
    """The timeline's rate as the file itself writes it: 23.976 stays 23.976."""
    start = document.timeline.global_start_time
    literals = [start.rate] if start is not None else []
    literals += stated_rates(document.timeline)
    for literal in literals:
        if literal > 0 and Rate.of(literal) == rate:
            return float(literal)
    return float(rate.fps)


def _write_music_only(plan: Plan, edit: Edit, files: Transaction, rate: float, provenance: Mapping[str, Any]) -> None:
    """The music alone, same name, rate and start, beside its WAV: for hosts whose own format we do not write."""
    name = plan.wav.name
    track = score_track.score_track(
        name=plan.track,
        frames=edit.frames,
        rate=rate,
        media_url=name,
        media_name=name,
        samples=edit.samples,
        provenance=provenance,
    )
    text = music_only.otio_json(edit.name, rate, edit.start_frame, track)
    music = fcp7_xml.Music(edit.frames, media_path.as_localhost_url(plan.folder.resolve() / name), name, provenance)
    xml = fcp7_xml.music_only(edit.name, edit.rate, edit.drop_frame, edit.start_frame, music)
    files.stage(plan.folder / "music-only.xml").write_bytes(xml)
    files.stage(plan.folder / "music-only.otio").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Unscored:
    removed: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]


def take_out(document: Document, out: Path, files: Transaction, *, every: bool = True) -> Unscored:
    """Stages the timeline without our score at `out`; `every`: without any, where the file holds several timelines."""
    format = SUFFIXES.get(out.suffix.lower())
    if document.format not in ("otio", "otioz", "otiod", "fcp7"):
        raise UsageError(f"{document.path.name}: a score is never written into {document.path.suffix}: none is in it")
    if format != document.format:
        raise UsageError(f"{out.name}: a score is taken out of {document.path.suffix} into {document.path.suffix}")
    if format == "fcp7":
        bare = fcp7_xml.remove(document.data, None if every else document.index)
        files.stage(out).write_bytes(bare.data)
        return Unscored(tuple(bare.removed), tuple(bare.warnings))
    text, removed, warnings = document.text, [], []
    for where in [place for place, _ in scored_json.timelines(text)] if every else [document.where]:
        cleared = scored_json.remove(text, where)
        text = cleared.text
        removed += cleared.removed
        warnings += cleared.warnings
    data = text.encode(document.encoding)
    ours = {f"{bundle.MEDIA}/{name}" for name in _our_media(document)} if format != "otio" else set()
    gone = {name for name in ours if name not in text}
    if format == "otio":
        files.stage(out).write_bytes(data)
    elif format == "otioz":
        bundle.write_zip(document.path, files.stage(out), data, wav=None, without=gone)
    else:
        bundle.write_folder(document.path, files.stage_folder(out), data, wav=None, without=gone)
    return Unscored(tuple(removed), tuple(warnings))


def _our_media(document: Document) -> list[str]:
    tracks = [track for track in document.timeline.tracks if is_ours(track)]
    names = []
    for track in tracks:
        for clip in track.find_clips():
            name = Path(target(clip.media_reference) or "").name
            if name.startswith(bundle.SCORE):
                names.append(name)
    return names


def music_of(document: Document, media_roots: Sequence[Path] = ()) -> Path | None:
    """The sound file of our track on a timeline, where it can be found."""
    finder = media_path.MediaFinder(document.folder, media_roots)
    for track in document.timeline.tracks:
        if is_ours(track):
            for clip in track.find_clips():
                found = finder.find(target(clip.media_reference))
                if found is not None:
                    return found
    return None
