"""Putting a score on a timeline and taking it off again, in the user's own file format."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

import opentimelineio as otio

from ...runtime.edit import Edit
from ...runtime.errors import InputError, UsageError
from ...runtime.mix.files import Transaction
from ...runtime.rate import Rate
from . import (
    bundle,
    fcp7_xml,
    fcpxml_score,
    fcpxml_text,
    media_path,
    mlt_score,
    mlt_writing,
    music_only,
    score_track,
    scored_json,
)
from .document import SUFFIXES, Document
from .layout import ZERO, target
from .mlt_marks import Guide
from .reading import is_ours, stated_rates

Link = Literal["auto", "relative", "plain", "url", "localhost"]
Target = Literal["otio", "otioz", "otiod", "fcp7", "fcpxml", "fcpxmld", "kdenlive", "mlt", "music-only"]

OTIO: tuple[Target, ...] = ("otio", "otioz", "otiod")  # OpenTimelineIO's own formats
FCPXML: tuple[Target, ...] = ("fcpxml", "fcpxmld")
WRITES: tuple[Target, ...] = (*OTIO, "fcp7", *FCPXML, "kdenlive", "mlt")  # what a score goes back into


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
    def full(self) -> Path:
        """Where the sound lies that is not ducked: score-full.wav, score-full-2.wav."""
        return self.wav.with_name(self.wav.name.replace("score", "score-full", 1))

    def stem(self, name: str) -> Path:
        """Where the sound of a stem lies: stems/bass.wav, stems-2/bass.wav."""
        return self.folder / self.wav.stem.replace("score", "stems", 1) / f"{name}.wav"

    @property
    def writes_music_only(self) -> bool:
        """Whether a timeline with nothing but the music goes beside the WAV."""
        return self.target == "music-only" or (self.target == "otio" and self.document.format not in OTIO)


def folder_beside(out: Path) -> Path:
    """cut.scored.otio -> cut.scored.hitpoint"""
    return out.with_suffix(".hitpoint")


def default_out(path: Path, word: str) -> Path:
    """cut.otio -> cut.scored.otio; formats we only read become .otio."""
    suffix = path.suffix if SUFFIXES.get(path.suffix.lower()) in WRITES else ".otio"
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
    if format not in ("otio", document.format) or format not in WRITES:
        raise UsageError(
            f"{_refusal(document, out)}; choose {_plain_name(out)}.otio for the whole edit, or "
            f"--music-only, which writes {folder.name}/music-only.otio, .xml, .fcpxml and .edl with nothing but the music"
        )
    if document.text:
        decided = scored_json.plan(document.text, document.where)
        track, kept, warnings = decided.name, decided.kept_media, list(decided.warnings)
    elif format == "fcp7":
        again = fcp7_xml.plan(document.data, document.index)
        track, kept, warnings = again.name, again.kept_media, list(again.warnings)
    elif format in FCPXML:
        try:
            connected = fcpxml_score.plan(document.data, document.index)
        except InputError as error:
            raise InputError(f"{document.path}: {error}") from None
        track, kept, warnings = connected.name, connected.kept_media, list(connected.warnings)
    elif format in mlt_writing.FORMATS:
        laid = mlt_score.plan(document.data, document.index)
        track, kept, warnings = laid.name, laid.kept_media, list(laid.warnings)
    if format == "otio" and document.format not in OTIO:
        warnings.append(
            f"{document.path.name} itself is not changed: {out.name} holds what OpenTimelineIO reads of it, and "
            f"{folder.name}/music-only.otio, .xml, .fcpxml and .edl the music alone, to be laid under the original"
        )
    taken = {_number(url) for url in kept}
    while number in taken:
        number += 1
    return Plan(document, out, cast(Target, format), folder / _wav_name("score", number), track, tuple(warnings))


def _wav_name(word: str, number: int, stem: str = "") -> str:
    return word + (f"-{number}" if number > 1 else "") + (f".{stem}" if stem else "") + ".wav"


def _number(media: str) -> int:
    """Of the score that a file of ours belongs to: 2 for score-2.wav, stems-2/bass.wav, hitpoint-score-2.bass.wav."""
    found = re.search(r"(?:score(?:-(\d+))?\.[^\\/]*|stems(?:-(\d+))?[\\/][^\\/]+)$", media)
    return int(found[1] or found[2] or 1) if found else 1


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


@dataclass(frozen=True)
class _Sound:
    """What one track plays: the whole score, or one stem. `wav` is where the file will lie, `staged` where it is."""

    stem: str
    wav: Path
    staged: Path

    def inside(self, number: int) -> str:
        """Its name in a bundle."""
        return f"{bundle.MEDIA}/{_wav_name(bundle.SCORE, number, self.stem)}"


def write(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    staged_wav: Path,
    *,
    provenance: Mapping[str, Any],
    stems: Mapping[str, Path] | None = None,
    marks: Sequence[Mark] = (),
    link: Link = "auto",
) -> list[str]:
    """Stages the scored timeline, and the music-only one where the format needs it. Returns warnings.

    `stems`, staged files by name, come on tracks of their own in the place of the whole score.
    """
    document = plan.document
    rate = literal_rate(document, edit.rate)
    sounds = [_Sound(name, plan.stem(name), staged) for name, staged in (stems or {}).items()]
    sounds = sounds or [_Sound("", plan.wav, staged_wav)]
    if plan.writes_music_only:
        _write_music_only(plan, edit, files, rate, sounds, provenance)
    if plan.target == "music-only":
        return []
    if plan.target == "fcp7":
        musics = [
            fcp7_xml.Music(
                edit.frames,
                _linked(plan, sound.wav, _urls(document), link, default="localhost"),
                sound.wav.name,
                provenance,
                sound.stem,
            )
            for sound in sounds
        ]
        markers = [fcp7_xml.SequenceMarker(mark.frame, mark.name) for mark in marks]
        scored = fcp7_xml.replace(document.data, document.index, musics, markers=markers)
        files.stage(plan.out).write_bytes(scored.data)
        return list(scored.warnings)
    if plan.target in FCPXML:
        return _write_fcpxml(plan, edit, files, sounds, provenance, marks, link)
    if plan.target in mlt_writing.FORMATS:
        return _write_mlt(plan, edit, files, sounds, provenance, marks, link)
    return _write_json(plan, edit, files, sounds, rate, provenance, marks, link)


def _write_fcpxml(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    sounds: Sequence[_Sound],
    provenance: Mapping[str, Any],
    marks: Sequence[Mark],
    link: Link,
) -> list[str]:
    document = plan.document
    urls = [_linked(plan, sound.wav, _urls(document), link, default="url") for sound in sounds]
    rate = document.rate or edit.rate  # --rate counts in frames of its own; the file's are the project's

    def here(frame: int) -> int:
        return rate.frame_at(edit.rate.seconds(frame))

    musics = [
        fcp7_xml.Music(here(edit.frames), url, sound.wav.name, provenance, sound.stem)
        for sound, url in zip(sounds, urls, strict=True)
    ]
    markers = [fcp7_xml.SequenceMarker(here(mark.frame), mark.name) for mark in marks]
    scored = fcpxml_score.replace(document.data, document.index, musics, markers=markers)
    _stage_fcpxml(document, plan.out, files, scored.data)
    return list(scored.warnings)


def _write_mlt(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    sounds: Sequence[_Sound],
    provenance: Mapping[str, Any],
    marks: Sequence[Mark],
    link: Link,
) -> list[str]:
    document = plan.document
    scored = mlt_writing.scored(
        document.data,
        document.index,
        document.path,
        plan.out,
        [mlt_writing.Sound(sound.wav, sound.staged, sound.stem) for sound in sounds],
        edit.frames,
        provenance=provenance,
        markers=[Guide(mark.frame, mark.name, mark.color) for mark in marks],
        link=link,
    )
    return [*scored.warnings, *_stage_mlt(document, plan.out, files, scored.data)]


def _stage_mlt(document: Document, out: Path, files: Transaction, data: bytes) -> list[str]:
    """With a copy beside of a project that is changed in place: editors save over what they had open."""
    in_place = out.exists() and document.path.exists() and out.samefile(document.path)
    kept = mlt_writing.keep(document.data, document.path, files) if in_place and data != document.data else None
    files.stage(out).write_bytes(data)
    return [mlt_writing.kept(kept)] if kept else []


def _stage_fcpxml(document: Document, out: Path, files: Transaction, data: bytes) -> None:
    if document.format == "fcpxmld":
        inside = fcpxml_text.INFO
        bundle.write_folder(document.path, files.stage_folder(out), data, wavs={}, without=set(), name=inside)
    else:
        files.stage(out).write_bytes(data)


def _write_json(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    sounds: Sequence[_Sound],
    rate: float,
    provenance: Mapping[str, Any],
    marks: Sequence[Mark],
    link: Link,
) -> list[str]:
    document = plan.document
    in_bundle = plan.target in ("otioz", "otiod")
    inside = {sound.inside(_number(plan.wav.name)): sound.staged for sound in sounds}
    if in_bundle:
        urls = list(inside)
    else:
        urls = [_linked(plan, sound.wav, _urls(document), link, default="plain") for sound in sounds]
    lead = _lead(document, edit.rate)
    tracks = [
        score_track.score_track(
            name=plan.track,
            frames=edit.frames,
            rate=rate,
            lead=lead,
            media_url=url,
            media_name=sound.wav.name,
            samples=edit.samples,
            provenance=provenance,
            stem=sound.stem,
        )
        for sound, url in zip(sounds, urls, strict=True)
    ]
    markers = [
        score_track.marker(int(lead) + mark.frame, mark.name, rate, mark.color, {"kind": "beat"}) for mark in marks
    ]
    text = document.text or otio.adapters.write_to_string(document.timeline, "otio_json")
    where = document.where if document.text else ()
    prefix = "" if in_bundle else _prefix(document, plan)
    scored = scored_json.replace(text, where, tracks, markers, prefix)
    data = scored.text.encode(document.encoding if document.text else "utf-8")
    gone = _gone(document, scored.text)
    if plan.target == "otio":
        if document.format == "otioz" and prefix:
            staged = files.stage_folder(plan.folder / "bundle")
            bundle.extract_media(document.path, staged)
        files.stage(plan.out).write_bytes(data)
    elif plan.target == "otioz":
        bundle.write_zip(document.path, files.stage(plan.out), data, wavs=inside, without=gone)
    else:
        bundle.write_folder(document.path, files.stage_folder(plan.out), data, wavs=inside, without=gone)
    return scored.warnings


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


def _linked(plan: Plan, wav: Path, urls: Sequence[str], link: Link, *, default: Link) -> str:
    """The path of a WAV of ours, written the way that the host who wrote this timeline writes paths."""
    style = link if link != "auto" else media_path.style_of(urls) or default
    wav = plan.folder.resolve() / wav.relative_to(plan.folder)
    match style:
        case "relative":
            # A document inside a bundle folder counts from there.
            return media_path.as_relative(wav, (plan.out if plan.target == "fcpxmld" else plan.out.parent).resolve())
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


def _write_music_only(
    plan: Plan,
    edit: Edit,
    files: Transaction,
    rate: float,
    sounds: Sequence[_Sound],
    provenance: Mapping[str, Any],
) -> None:
    """The music alone, same name, rate and start, beside its WAV: for hosts whose own format we do not write."""
    tracks = [
        score_track.score_track(
            name=plan.track,
            frames=edit.frames,
            rate=rate,
            media_url=sound.wav.relative_to(plan.folder).as_posix(),
            media_name=sound.wav.name,
            samples=edit.samples,
            provenance=provenance,
            stem=sound.stem,
        )
        for sound in sounds
    ]
    text = music_only.otio_json(edit.name, rate, edit.start_frame, *tracks)
    musics = [
        fcp7_xml.Music(
            edit.frames,
            media_path.as_localhost_url(plan.folder.resolve() / sound.wav.relative_to(plan.folder)),
            sound.wav.name,
            provenance,
            sound.stem,
        )
        for sound in sounds
    ]
    xml = fcp7_xml.music_only(edit.name, edit.rate, edit.drop_frame, edit.start_frame, musics)
    files.stage(plan.folder / "music-only.xml").write_bytes(xml)
    connected = [
        replace(music, media_url=media_path.as_url(plan.folder.resolve() / sound.wav.relative_to(plan.folder)))
        for music, sound in zip(musics, sounds, strict=True)
    ]
    final_cut = fcpxml_score.music_only(edit.name, edit.rate, edit.drop_frame, edit.start_frame, connected)
    files.stage(plan.folder / "music-only.fcpxml").write_bytes(final_cut)
    files.stage(plan.folder / "music-only.otio").write_text(text, encoding="utf-8")
    for sound in sounds:  # an EDL has room for one stereo pair
        timed, wav = music_only.is_timed(sound.staged), sound.wav.name
        listed = music_only.edl(edit.name, edit.rate, edit.drop_frame, edit.start_frame, edit.frames, wav, timed=timed)
        if listed is not None:
            name = f"music-only.{sound.stem}.edl" if sound.stem else "music-only.edl"
            files.stage(plan.folder / name).write_bytes(listed.encode("ascii", "replace"))


@dataclass(frozen=True)
class Unscored:
    removed: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]


def take_out(
    document: Document, out: Path, files: Transaction, *, every: bool = True, touched: bool = True
) -> Unscored:
    """Stages the timeline without our score at `out`; `every`: without any, where the file holds several timelines.

    Where `touched` is False, what somebody moved or cut stays, and the file stays where it is.
    """
    format = SUFFIXES.get(out.suffix.lower())
    if document.format not in WRITES:
        raise UsageError(f"{document.path.name}: a score is never written into {document.path.suffix}: none is in it")
    if format != document.format:
        raise UsageError(f"{out.name}: a score is taken out of {document.path.suffix} into {document.path.suffix}")
    if format == "fcp7":
        bare = fcp7_xml.remove(document.data, None if every else document.index, touched=touched)
        files.stage(out).write_bytes(bare.data)
        return Unscored(tuple(bare.removed), tuple(bare.warnings))
    if format in FCPXML:
        freed = fcpxml_score.remove(document.data, None if every else document.index, touched=touched)
        _stage_fcpxml(document, out, files, freed.data)
        return Unscored(tuple(freed.removed), tuple(freed.warnings))
    if format in mlt_writing.FORMATS:
        lifted = mlt_score.remove(document.data, None if every else document.index, touched=touched)
        said = _stage_mlt(document, out, files, lifted.data)
        return Unscored(tuple(lifted.removed), (*lifted.warnings, *said))
    text, removed, warnings = document.text, [], []
    for where in [place for place, _ in scored_json.timelines(text)] if every else [document.where]:
        cleared = scored_json.remove(text, where, None if touched else "", touched=touched)
        text = cleared.text
        removed += cleared.removed
        warnings += cleared.warnings
    data = text.encode(document.encoding)
    gone = _gone(document, text)
    if format == "otio":
        files.stage(out).write_bytes(data)
    elif format == "otioz":
        bundle.write_zip(document.path, files.stage(out), data, wavs={}, without=gone)
    else:
        bundle.write_folder(document.path, files.stage_folder(out), data, wavs={}, without=gone)
    return Unscored(tuple(removed), tuple(warnings))


def _gone(document: Document, text: str) -> set[str]:
    """The files of ours in a bundle that its new text no longer plays."""
    if document.format not in ("otioz", "otiod"):
        return set()
    return {inside for name in _our_media(document) if (inside := f"{bundle.MEDIA}/{name}") not in text}


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
    """The sound file of our score on a timeline, where it can be found; where its stems are there, their sum."""
    finder = media_path.MediaFinder(document.folder, media_roots)
    for track in document.timeline.tracks:
        if is_ours(track):
            for clip in track.find_clips():
                url = target(clip.media_reference) or ""
                found = finder.find(url)
                if found is not None and (whole := _whole(document, url, found)) is not None:
                    return whole
    return None


def _whole(document: Document, url: str, found: Path) -> Path | None:
    """The score that a file of ours is, or is a stem of."""
    if found.name.startswith(bundle.SCORE) and "." in found.stem:
        folder = folder_beside(document.path)
    elif found.parent.name.startswith("stems"):
        folder = found.parent.parent
    else:
        return found
    whole = folder / _wav_name("score", _number(url))
    return whole if whole.is_file() else None
