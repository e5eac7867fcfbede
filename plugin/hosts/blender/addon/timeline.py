# SPDX-License-Identifier: GPL-3.0-or-later
"""The sequence of a scene as OpenTimelineIO's JSON: from the scene's first frame to its last, without what is ours."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath

from . import compat, otio, ours
from .layers import Layers, Piece

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction
    from typing import Any

    # A clip or a stack without times, its medium's rate, and whether it stands still.
    _Shown = tuple[dict[str, Any], Fraction | float, bool]

CROSSES = {"CROSS", "GAMMA_CROSS", "WIPE"}
MIXES = {"ADD", "SUBTRACT", "MULTIPLY", "ALPHA_OVER", "ALPHA_UNDER", "OVER_DROP", "COLORMIX"}
ALTERS = {"SPEED", "TRANSFORM", "GLOW", "GAUSSIAN_BLUR"}  # one input, as long as it
OPAQUE = {"REPLACE", "ALPHA_OVER"}
TRANSPARENT = {".png", ".exr", ".tif", ".tiff", ".tga", ".webp", ".dpx", ".psd"}
DEEPEST = 12
_NUMBERED = re.compile(r"(.*?)(\d+)(\.[^.]*)?")
_NEAR = 1e-6


def to_otio(scene: Any) -> tuple[dict[str, Any], list[str]]:
    """The timeline, and what of it could not be told."""
    walk = _Walk(scene)
    window = ours.span(scene)
    editor = scene.sequence_editor
    tracks: list[dict[str, Any]] = []
    if editor is not None:
        every = list(compat.strips(editor))
        names = _names(editor)
        tracks = walk.picture(every, compat.channels(editor), names, window, 0)
        tracks += walk.sound(every, compat.channels(editor), window)
        beyond = [strip for strip in every if not ours.is_ours(strip) and compat.right(strip) > window[1]]
        if beyond:
            more = max(compat.right(strip) for strip in beyond) - window[1]
            walk.warn(
                f"the scene ends at frame {window[1] - 1}; {more} more frames of its strips lie beyond, without music"
            )
    if not tracks:
        tracks = [otio.track("Channel 1", "Video", [otio.gap(window[1] - window[0], walk.rate)], {})]
    markers = [
        otio.marker(marker.name, marker.frame - window[0], walk.rate)
        for marker in sorted(ours.foreign_markers(scene), key=lambda marker: (marker.frame, marker.name))
        if marker.camera is None and window[0] <= marker.frame < window[1]
    ]
    return otio.timeline(scene.name, ours.start_frame(scene), walk.rate, tracks, markers), walk.warnings


def _names(owner: Any) -> dict[int, str]:
    listed = compat.channels(owner)
    return {} if listed is None else {number: str(channel.name) for number, channel in enumerate(listed)}


class _Walk:
    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.rate: Fraction = compat.rate(scene)
        self.warnings: list[str] = []
        self._within: list[str] = [scene.name]
        self._animated = _animated(scene)

    def warn(self, words: str) -> None:
        if words not in self.warnings:
            self.warnings.append(words)

    # Picture

    def picture(
        self, strips: list[Any], listed: Any, names: dict[int, str], window: tuple[int, int], depth: int
    ) -> list[dict[str, Any]]:
        layers = Layers()
        places: dict[str, int] = {}  # a strip's name -> the piece that shows it
        seen = [strip for strip in strips if strip.type != "SOUND" and not ours.is_ours(strip)]
        effects = [s for s in seen if not s.mute and not compat.channel_muted(listed, s.channel) and compat.inputs(s)]
        taken = {e.name for effect in effects if effect.type in ALTERS for e in compat.inputs(effect)}
        for strip in seen:
            if strip.name in taken or (strip.type in ALTERS and strip not in effects):
                continue
            piece = None if strip.type in CROSSES | MIXES else self._piece(strip, depth)
            if piece is None:
                continue
            if strip.mute or compat.channel_muted(listed, strip.channel):
                piece = replace(piece, enabled=False)
            places[strip.name] = len(layers.pieces)
            for base in _chain(strip):
                places[base.name] = len(layers.pieces)
            layers.pieces.append(piece)
        for effect in sorted((e for e in effects if e.type in CROSSES), key=compat.left):
            pair = [places.get(each.name) for each in compat.inputs(effect)]
            if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
                layers.join(pair[0], pair[1], compat.left(effect), compat.right(effect))
        for effect in effects:
            if effect.type in MIXES:
                on_top = compat.inputs(effect)[0 if effect.type == "ALPHA_UNDER" else -1]
                if on_top.name in places:
                    shown = layers.pieces[places[on_top.name]].cut_to(compat.left(effect), compat.right(effect))
                    more = (*shown.effects, effect.type.title())
                    layers.pieces.append(replace(shown, channel=effect.channel, effects=more, dissolve=None))
        for camera in seen:
            if camera.type == "MULTICAM" and not camera.mute and not compat.channel_muted(listed, camera.channel):
                layers.pieces += self._multicam(camera, layers.pieces)
        return layers.tracks(window, self.rate, "Video", names)

    def _multicam(self, camera: Any, pieces: list[Piece]) -> list[Piece]:
        if (camera.name, "multicam_source") in self._animated:
            self.warn(f"the camera of the multicam strip '{camera.name}' is animated: only its first setting is read")
        first, last = compat.left(camera), compat.right(camera)
        return [
            replace(piece.cut_to(max(piece.start, first), min(piece.end, last)), channel=camera.channel)
            for piece in pieces
            if piece.channel == camera.multicam_source and piece.start < last and piece.end > first
        ]

    def _piece(self, strip: Any, depth: int) -> Piece | None:
        if strip.type in ALTERS:
            given = compat.inputs(strip)
            below = self._piece(given[0], depth) if given else None
            if below is None:
                return None
            below = replace(below, channel=strip.channel, enabled=True, effects=self._effects(strip) + below.effects)
            if strip.type == "SPEED":
                return self._sped(strip, below)
            return replace(below, effects=(*below.effects, strip.type.title()))
        kind = {
            "MOVIE": self._movie,
            "IMAGE": self._image,
            "META": self._meta,
            "SCENE": self._scene,
            "MOVIECLIP": self._movieclip,
        }.get(strip.type)
        step = compat.speed(strip, self.scene)
        if step is None:
            self.warn(f"the speed of '{strip.name}' changes on the way: where its picture is looked at is uncertain")
        if kind is not None:
            item, rate, steady = kind(strip, depth)
        elif strip.type in ("COLOR", "TEXT", "MASK"):
            word = {"COLOR": "SolidColor", "TEXT": "Text"}.get(strip.type, "Mask")
            item, rate, steady = otio.clip(strip.name, otio.generator(word), _known(strip)), self.rate, True
        else:
            return None  # an adjustment is no picture of its own; a multicam shows another channel
        at: float = 0
        if steady:
            step = 0.0
        elif step is not None:
            first = compat.content_start(strip)
            if strip.type == "META":
                first = min(int(first), compat.left(strip))
            at = (compat.left(strip) - first) * step
            if getattr(strip, "use_reverse_frames", False):
                at, step = (compat.content_end(strip) - compat.right(strip)) * step, -step
            at += compat.trimmed(strip)
        visible = strip.blend_alpha > 0 or (strip.name, "blend_alpha") in self._animated
        return Piece(
            compat.left(strip),
            compat.right(strip),
            strip.channel,
            item,
            at,
            rate,
            step,
            self._effects(strip),
            visible,
        )

    def _effects(self, strip: Any) -> tuple[str, ...]:
        """What lets the picture below shine through."""
        if strip.blend_type not in OPAQUE:
            return (strip.blend_type.title(),)
        if strip.blend_alpha < 1 or (strip.name, "blend_alpha") in self._animated:
            return ("Opacity",)
        if strip.type == "IMAGE" and strip.blend_type == "ALPHA_OVER" and strip.elements:
            return ("Alpha",) if PurePath(strip.elements[0].filename).suffix.lower() in TRANSPARENT else ()
        return ()

    def _movie(self, strip: Any, _: int) -> _Shown:
        rate = _exact(float(strip.fps or 0), self.rate)
        frames = compat.content_length(strip) + compat.trimmed(strip)
        retimed = len(getattr(strip, "retiming_keys", ()))  # its length is that of the timeline then
        available = None if retimed else otio.span(otio.time(0, rate), otio.time(frames, rate))
        media = otio.file(compat.absolute(strip.filepath, strip.id_data.library), available)
        return otio.clip(strip.name, media, _known(strip)), rate, False

    def _movieclip(self, strip: Any, _: int) -> _Shown:
        clip = getattr(strip, "clip", None)
        media = otio.file(compat.absolute(clip.filepath, clip.library), None) if clip is not None else None
        return otio.clip(strip.name, media, _known(strip)), self.rate, False

    def _image(self, strip: Any, _: int) -> _Shown:
        folder = compat.absolute(strip.directory, strip.id_data.library)
        files = [element.filename for element in strip.elements]
        if len(files) > 1 and (numbered := _sequence(files)):
            prefix, suffix, first, digits = numbered
            media = otio.images(folder, prefix, suffix, first, digits, self.rate, len(files))
            return otio.clip(strip.name, media, _known(strip)), self.rate, False
        path = str(PurePath(folder) / files[0]) if files else folder
        return otio.clip(strip.name, otio.file(path, None), _known(strip)), self.rate, len(files) <= 1

    def _meta(self, strip: Any, depth: int) -> _Shown:
        # A meta may be drawn out beyond what it was made of, and still shows what lies in it there.
        start = int(compat.content_start(strip))
        window = (
            min(start, compat.left(strip)),
            max(start + compat.content_length(strip), compat.right(strip)),
        )
        inner: list[dict[str, Any]] = []
        if depth < DEEPEST:
            names = _names(strip)
            inner = self.picture(list(compat.strips(strip)), compat.channels(strip), names, window, depth + 1)
        return self._nest(strip, inner, window), self.rate, False

    def _scene(self, strip: Any, depth: int) -> _Shown:
        scene = strip.scene
        shows = scene is not None and strip.scene_input == "SEQUENCER" and scene.sequence_editor is not None
        if not shows or scene.name in self._within or depth >= DEEPEST:
            return otio.clip(strip.name, None, _known(strip)), self.rate, False
        window = ours.span(scene)
        self._within.append(scene.name)
        editor = scene.sequence_editor
        inner = self.picture(list(compat.strips(editor)), compat.channels(editor), _names(editor), window, depth + 1)
        self._within.pop()
        return self._nest(strip, inner, window), self.rate, False

    def _nest(self, strip: Any, inner: list[dict[str, Any]], window: tuple[int, int]) -> dict[str, Any]:
        blank = otio.track("", "Video", [otio.gap(window[1] - window[0], self.rate)], {})
        return otio.stack(strip.name, inner or [blank], _known(strip))

    def _sped(self, strip: Any, below: Piece) -> Piece:
        """A speed effect over what it alters. `below.step` of media that play steadily multiplies."""
        if below.step is None:
            return below
        control = getattr(strip, "speed_control", "MULTIPLY")
        moving = {"MULTIPLY": "speed_factor", "LENGTH": "speed_length", "FRAME_NUMBER": "speed_frame_number"}
        if (strip.name, moving.get(control, "")) in self._animated or control in ("FRAME_NUMBER", "LENGTH"):
            self.warn(f"the speed effect '{strip.name}' says which frame is shown: how fast that is, is uncertain")
            return replace(below, step=None)
        given = compat.inputs(strip)[0]
        if control == "STRETCH":
            length = max(compat.right(strip) - compat.left(strip), 1)
            factor = compat.content_length(given) / length
            return replace(below, at=compat.trimmed(given), step=below.step * factor)
        return replace(below, step=below.step * float(strip.speed_factor))

    # Sound

    def sound(self, strips: list[Any], listed: Any, window: tuple[int, int]) -> list[dict[str, Any]]:
        """Those inside metas too, on tracks of the outermost channel that they lie on."""
        layers = Layers(list(self._sounds(strips, listed, None, 0, window, True)))
        names = {} if listed is None else {number: str(each.name) for number, each in enumerate(listed)}
        return layers.tracks(window, self.rate, "Audio", names)

    def _sounds(
        self, strips: list[Any], listed: Any, channel: int | None, depth: int, window: tuple[int, int], heard: bool
    ) -> Iterator[Piece]:
        for strip in strips:
            if ours.is_ours(strip):
                continue
            on = heard and not strip.mute and not compat.channel_muted(listed, strip.channel)
            start, end = max(compat.left(strip), window[0]), min(compat.right(strip), window[1])
            place = channel or strip.channel
            if strip.type == "META" and depth < DEEPEST and start < end:
                inner = list(compat.strips(strip))
                yield from self._sounds(inner, compat.channels(strip), place, depth + 1, (start, end), on)
            elif strip.type == "SOUND" and start < end:
                yield self._sounding(strip, place, on).cut_to(start, end)

    def _sounding(self, strip: Any, channel: int, heard: bool) -> Piece:
        sound = strip.sound
        path = compat.absolute(sound.filepath, sound.library) if sound is not None else ""
        media = otio.file(path, None) if path else None
        step = compat.speed(strip, self.scene)
        lead = float(getattr(strip, "sound_offset", 0.0)) * float(self.rate)
        at = (compat.left(strip) - compat.content_start(strip)) * (step or 1.0) + compat.trimmed(strip) + max(lead, 0.0)
        known = {**_known(strip), "volume": round(float(strip.volume), 6)}
        silent = strip.volume == 0 and (strip.name, "volume") not in self._animated
        item = otio.clip(strip.name, media, known)
        return Piece(
            compat.left(strip), compat.right(strip), channel, item, at, self.rate, step, (), heard and not silent
        )


def _known(strip: Any) -> dict[str, Any]:
    return {"type": strip.type, "channel": strip.channel}


def _chain(strip: Any) -> Iterator[Any]:
    """What a strip alters, down to its medium."""
    while strip.type in ALTERS and (given := compat.inputs(strip)):
        strip = given[0]
        yield strip


def _exact(rate: float, scene_rate: Fraction) -> float:
    """A medium's rate, which Blender knows to seven digits, as it must have been meant."""
    if rate <= 0:
        return float(scene_rate)
    for near in (float(scene_rate), round(rate), round(rate * 1.001) * 1000 / 1001):
        if abs(near - rate) < rate * _NEAR:
            return near
    return rate


def _sequence(files: list[str]) -> tuple[str, str, int, int] | None:
    """(prefix, suffix, first, digits) of names that count up by one; None for any others."""
    matches = [_NUMBERED.fullmatch(name) for name in files]
    numbers = [int(match[2]) if match else -1 for match in matches]
    first = matches[0]
    if first is None or numbers != list(range(numbers[0], numbers[0] + len(files))):
        return None
    if any(match is None or (match[1], match[3]) != (first[1], first[3]) for match in matches):
        return None
    return first[1], first[3] or "", numbers[0], len(first[2])


def _animated(scene: Any) -> set[tuple[str, str]]:
    """(strip, property) of what is keyframed."""
    found = set()
    pattern = re.compile(r'sequence_editor\.(?:sequences|strips)_all\["(.*)"\]\.(\w+)', re.DOTALL)
    for curve in compat.curves(scene):
        match = pattern.fullmatch(curve.data_path)
        if match:
            found.add((match[1].replace('\\"', '"').replace("\\\\", "\\"), match[2]))
    return found
