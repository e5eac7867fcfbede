"""Projects of Kdenlive and Shotcut made for tests, as those programs write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

UUID = "{4c3e2a10-8f5b-4d2e-9a77-0123456789ab}"
HELD = "2147483647"


@dataclass(frozen=True)
class Clip:
    """`frames` of a medium from its frame `first` on, after `gap` frames of nothing. `length` is the medium's own.

    `service` is what MLT plays it with; `more` goes into its properties, `inside` into its entry.
    """

    resource: str
    frames: int
    first: int = 0
    gap: int = 0
    length: int = 5000
    service: str = "avformat-novalidate"
    more: tuple[tuple[str, str], ...] = ()
    inside: str = ""


def props(*pairs: tuple[str, object], indent: str = "  ") -> str:
    return "".join(
        f"{indent}<property name={quoteattr(name)}>{escape(str(value))}</property>\n" for name, value in pairs
    )


def _profile(rate: tuple[int, int]) -> str:
    return (
        f' <profile colorspace="709" description="test" display_aspect_den="9" display_aspect_num="16" '
        f'frame_rate_den="{rate[1]}" frame_rate_num="{rate[0]}" height="180" progressive="1" sample_aspect_den="1" '
        'sample_aspect_num="1" width="320"/>\n'
    )


def _producer(tag: str, name: str, clip: Clip, *more: tuple[str, object]) -> str:
    own = (("length", clip.length), ("eof", "pause"), ("resource", clip.resource), ("mlt_service", clip.service))
    told = dict([*own, *clip.more, *more])
    return f' <{tag} id="{name}" in="0" out="{clip.length - 1}">\n{props(*told.items())} </{tag}>\n'


def _entries(clips: Sequence[tuple[str, Clip, int | None]], indent: str = "  ") -> str:
    text = ""
    for producer, clip, number in clips:
        text += f'{indent}<blank length="{clip.gap}"/>\n' if clip.gap else ""
        inside = props(("kdenlive:id", number), indent=indent + " ") if number is not None else ""
        inside += clip.inside
        tag = f'{indent}<entry producer="{producer}" in="{clip.first}" out="{clip.first + clip.frames - 1}"'
        text += f"{tag}>\n{inside}{indent}</entry>\n" if inside else f"{tag}/>\n"
    return text


def kdenlive(
    picture: Sequence[Sequence[Clip]],
    sound: Sequence[Sequence[Clip]] = (),
    *,
    rate: tuple[int, int] = (25, 1),
    guides: Sequence[tuple[int, str]] = (),
    modern: bool = True,
    name: str = "Sequence 1",
    extra: str = "",
    position: int = 0,
    root: str = "",
) -> str:
    """Tracks of pictures and of sound, the lowest first. `modern`: as 24.02 writes it, with sequences; else as 22.12.

    `extra` goes into the sequence, after its own transitions.
    """
    tag = "chain" if modern else "producer"
    bins: list[tuple[str, str]] = []
    bodies, tracks, number, serial = "", [], 4, 0
    for audio, rows in ((True, sound), (False, picture)):
        for row, clips in enumerate(rows):
            placed: list[tuple[str, Clip, int | None]] = []
            for clip in clips:
                in_bin, on_track = f"{tag}{serial}", f"{tag}{serial + 1}"
                shared = (("kdenlive:id", number), ("kdenlive:folderid", -1), ("kdenlive:clip_type", 1 if audio else 2))
                bins.append((in_bin, _producer(tag, in_bin, clip, *shared)))
                tests = (("set.test_audio", 0 if audio else 1), ("set.test_image", 1 if audio else 0))
                bodies += _producer(tag, on_track, clip, *shared[:1], *tests)
                placed.append((on_track, clip, number))
                number, serial = number + 1, serial + 2
            first, index = 2 * len(tracks), len(tracks)
            flag = props(("kdenlive:audio_track", 1)) if audio else ""
            hide = "video" if audio else "audio"
            bodies += f' <playlist id="playlist{first}">\n{flag}{_entries(placed)} </playlist>\n'
            bodies += f' <playlist id="playlist{first + 1}">\n{flag} </playlist>\n'
            called = props(("kdenlive:trackheight", 67), ("kdenlive:track_name", f"{'A' if audio else 'V'}{row + 1}"))
            frames = sum(clip.gap + clip.frames for clip in clips)
            bodies += f' <tractor id="tractor{index}" in="0" out="{max(0, frames - 1)}">\n{flag}{called}'
            for playlist in (first, first + 1):
                bodies += f'  <track hide="{hide}" producer="playlist{playlist}"/>\n'
            bodies += " </tractor>\n"
            tracks.append((f"tractor{index}", audio, frames))
    longest = max((frames for _, _, frames in tracks), default=0)
    listed = json.dumps([{"comment": t, "pos": f, "type": 0} for f, t in guides], indent=4) if guides else "[\n]"
    kept = [("activeTrack", len(sound)), ("audioTarget", 0 if sound else -1), ("videoTarget", len(sound))]
    kept += [("tracksCount", len(tracks)), ("groups", "[\n]\n"), ("guides", listed + "\n"), ("position", position)]
    inner = ""
    for at, (service, audio, _) in enumerate([("producer_black", False, 0), *tracks]):
        inner += f'  <track producer="{service}"/>\n' if at or not audio else ""
    for at, (_, audio, _) in enumerate(tracks, start=1):
        mixing = (
            ("mlt_service", "mix"),
            ("kdenlive_id", "mix"),
            ("internal_added", 237),
            ("always_active", 1),
            ("sum", 1),
        )
        blend = (("mlt_service", "qtblend"), ("kdenlive_id", "qtblend"), ("internal_added", 237), ("always_active", 1))
        inner += f'  <transition id="transition{at - 1}">\n'
        inner += (
            props(("a_track", 0), ("b_track", at), *(mixing if audio else blend), indent="   ") + "  </transition>\n"
        )
    black = _producer(
        "producer", "producer_black",
        Clip("black", 1, length=longest + 1, service="color", more=(("kdenlive:playlistid", "black_track"), ("length", HELD))),
    )  # fmt: skip
    head = (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        f'<mlt LC_NUMERIC="C" producer="main_bin" version="7.12.0" root={quoteattr(root)}>\n{_profile(rate)}'
    )
    prefix = "kdenlive:sequenceproperties." if modern else "kdenlive:docproperties."
    whole = props(*((prefix + key, value) for key, value in kept))
    docs = [("version", "1.1" if modern else "1.04"), ("kdenliveversion", "24.02.0" if modern else "22.12.3")]
    docs += (
        [("profile", ""), ("documentid", 1700000000000), ("uuid", UUID)] if modern else [("documentid", 1700000000000)]
    )
    docs += [("activetimeline", UUID), ("opensequences", UUID)] if modern else []
    described = props(*((f"kdenlive:docproperties.{key}", value) for key, value in docs if value != ""))
    in_bin = "".join(f'  <entry producer="{each}" in="0" out="{100}"/>\n' for each, _ in bins)
    span = f'in="0" out="{max(0, longest - 1)}"'
    if modern:
        said = props(("kdenlive:uuid", UUID), ("kdenlive:clipname", name), ("kdenlive:producer_type", 17))
        said += props(("kdenlive:id", 3), ("kdenlive:folderid", 2), ("kdenlive:clip_type", 0)) + whole
        main = f' <tractor id="{UUID}" {span}>\n{said}{inner}{extra} </tractor>\n'
        folder = props(("kdenlive:folder.-1.2", "Sequences"), ("kdenlive:sequenceFolder", 2))
        listing = f' <playlist id="main_bin">\n{folder}{described}{props(("xml_retain", 1))}{in_bin}'
        listing += f'  <entry producer="{UUID}" {span}/>\n </playlist>\n'
        last = f' <tractor id="tractor{len(tracks)}" {span}>\n{props(("kdenlive:projectTractor", 1))}'
        last += f'  <track producer="{UUID}" {span}/>\n </tractor>\n'
        return head + "".join(text for _, text in bins) + black + bodies + main + listing + last + "</mlt>\n"
    listing = f' <playlist id="main_bin">\n{described}{whole}{props(("xml_retain", 1))}{in_bin} </playlist>\n'
    main = f' <tractor id="tractor{len(tracks)}" global_feed="1" {span}>\n{inner}{extra} </tractor>\n'
    return head + "".join(text for _, text in bins) + listing + black + bodies + main + "</mlt>\n"


def shotcut(
    picture: Sequence[Sequence[Clip]],
    sound: Sequence[Sequence[Clip]] = (),
    *,
    rate: tuple[int, int] = (25, 1),
    markers: Sequence[tuple[int, str]] = (),
) -> str:
    """As Shotcut 23.05 writes it: pictures with their sound on one track."""
    text, tracks, serial = "", [], 0
    for audio, rows in ((False, picture), (True, sound)):
        for row, clips in enumerate(rows):
            placed: list[tuple[str, Clip, int | None]] = []
            for clip in clips:
                text += _producer("chain", f"chain{serial}", clip, ("shotcut:caption", clip.resource))
                placed.append((f"chain{serial}", clip, None))
                serial += 1
            kind = ("shotcut:audio", 1) if audio else ("shotcut:video", 1)
            named = props(kind, ("shotcut:name", f"{'A' if audio else 'V'}{row + 1}"))
            text += f' <playlist id="playlist{len(tracks)}">\n{named}{_entries(placed)} </playlist>\n'
            tracks.append((f"playlist{len(tracks)}", audio, sum(clip.gap + clip.frames for clip in clips)))
    longest = max(frames for _, _, frames in tracks)
    marked = ""
    for number, (frame, name) in enumerate(markers):
        told = (("text", name), ("start", frame), ("end", frame), ("color", "#008000"))
        marked += f'   <properties name="{number}">\n{props(*told, indent="    ")}   </properties>\n'
    marked = f'  <properties name="shotcut:markers">\n{marked}  </properties>\n' if marked else ""
    inner = '  <track producer="background"/>\n'
    for service, audio, _ in tracks:
        inner += f'  <track producer="{service}"{" hide=" + quoteattr("video") if audio else ""}/>\n'
    for at in range(1, len(tracks) + 1):
        mixing = (("a_track", 0), ("b_track", at), ("mlt_service", "mix"), ("always_active", 1), ("sum", 1))
        inner += f'  <transition id="transition{at - 1}">\n{props(*mixing, indent="   ")}  </transition>\n'
    span = f'in="0" out="{longest - 1}"'
    black = Clip("0", 1, length=longest, service="color", more=(("mlt_image_format", "rgba"), ("set.test_audio", "0")))
    return (
        '<?xml version="1.0" standalone="no"?>\n'
        f'<mlt LC_NUMERIC="C" version="7.15.0" title="Shotcut version 23.05.14" producer="main_bin">\n{_profile(rate)}'
        f' <playlist id="main_bin">\n{props(("xml_retain", 1))} </playlist>\n'
        + _producer("producer", "black", black)
        + f' <playlist id="background">\n  <entry producer="black" {span}/>\n </playlist>\n{text}'
        f' <tractor id="tractor0" title="Shotcut version 23.05.14" {span}>\n{props(("shotcut", 1))}{marked}{inner}'
        " </tractor>\n</mlt>\n"
    )
