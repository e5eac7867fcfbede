"""Answers and progress for a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..runtime.progress import Progress, silent

Answer = dict[str, Any]
MOST_ROWS = 40
WIDEST = 48


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on standard error where that is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description:<32}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda fraction, words: bar.update(task, completed=fraction, description=words)


def inspect(answer: Answer) -> None:
    _head(answer)
    _say(
        f"picture: frames {answer['picture_start']} to {answer['picture_end']}" if answer["shots"] else "picture: none"
    )
    cuts = answer["cuts"]
    _say(f"{len(cuts)} cuts, {len(answer['through_edits'])} through edits, {len(answer['shots'])} shots")
    rows = [
        (c["frame"], f"{c['seconds']:.3f}", c["kind"] + (" (overlay?)" if c["maybe_overlay"] else "")) for c in cuts
    ]
    _table(("cut at frame", "seconds", "kind"), rows)
    marks = [
        (m["frame"], f"{m['seconds']:.3f}", m["name"], m["note"], m["color"], m["source"]) for m in answer["markers"]
    ]
    _table(("marker at", "seconds", "name", "note", "colour", "on"), marks)
    boards = [
        (
            b["name"],
            b["start"],
            b["end"],
            f"{b['mood']['valence']:+.2f}",
            f"{b['mood']['energy']:.2f}",
            _cell(", ".join(b["mood"]["reasons"])),
        )
        for b in answer.get("storyboards", [])
    ]
    _eyes(answer)
    _table(("storyboard", "from frame", "to", "valence", "energy", "because"), boards)
    spoken = [(d["start"], d["end"], d["track"], f"{d['confidence']:.2f}") for d in answer.get("dialogue", [])]
    _table(("speech from", "to", "track", "sure"), spoken)
    if answer.get("picture"):
        _say(f"drew {answer['picture']}")
    for track in answer["audio_tracks"]:
        _say(f"audio track '{track['name']}': {len(track['clips'])} clips")
    _warn(answer)


def cues(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {len(answer['storyboards'])} storyboards, {len(answer['hits'])} hits")
    for word, words in (("midi", "the tempo map"), ("csv", "the cue list")):
        if answer[word]:
            _say(f"wrote {answer[word]}: {words}")
    _eyes(answer)
    carried(answer)
    _warn(answer)


def _eyes(answer: Answer) -> None:
    """The vision pack that looked, with its licence."""
    if seen := answer.get("vision"):
        _say(f"looked with the pack {seen['pack']} {seen['version']} ({seen['licence']})")


def carried(answer: Answer) -> None:
    """Where the storyboards of an older cut went."""
    rows: list[tuple[Any, ...]] = []
    for board in answer.get("carried", []):
        was = (board["name"], f"{board['start']} to {board['end']}")
        now = [(place["name"], f"{place['start']} to {place['end']}", place["beats"]) for place in board["to"]]
        rows += [(*was, *place) for place in now or [("gone", "", "")]]
    _table(("storyboard", "was", "now", "frames", "beats"), rows)


def score(answer: Answer) -> None:
    if answer.get("host"):
        _placed(answer)
    else:
        _say(f"wrote {answer['out']}")
    _say(f"      {answer['folder']}: {', '.join(answer['files'])}")
    report(answer)


def _placed(answer: Answer) -> None:
    host = answer["host"]
    version = f" ({host['version']})" if host["version"][:1].isdigit() else ""  # a file has none
    _say(f"placed in {host['title']}{version}, on '{host['timeline']}': {', '.join(host['tracks'])}")
    if host["marks"]:
        _say(f"      {host['marks']} markers")
    for words in host["missing"]:
        _say(f"      did not arrive: {words}")


def hosts(answer: Answer) -> None:
    for host in answer["hosts"]:
        names = ", ".join([host["name"], *host["other_names"]])
        _say(f"{names}: {host['title']} ({host['kind']}{': ' + ' '.join(host['formats']) if host['formats'] else ''})")
        _say(f"      {host['how']}")
        if host["name"] != "files":  # which are no program
            _say(f"      on this machine: {host['seen'] or 'not seen'}")
        if host["launcher"]:
            put = host["installed"]
            _say(f"      launcher: {put['version'] + ' in ' + ', '.join(put['folders']) if put else 'not installed'}")
        for words in dict.fromkeys(host["cannot"].values()):
            _say(f"      limit: {words}")
        _say(f"      tested against {host['tested']}")
    _warn(answer)


_DID = {
    "write": ("put there", "would be put there"),
    "replace": ("renewed", "would be renewed"),
    "same": ("as it shall be", "as it shall be"),
    "remove": ("taken away", "would be taken away"),
    "keep": ("stays", "would stay"),
    "gone": ("is not there any more", "is not there any more"),
}


def installed(answer: Answer) -> None:
    for step in answer["steps"]:
        _say(f"{_DID[step['what']][answer['dry_run']]}: {step['path']}")
    if answer["after"] and not answer["dry_run"]:
        _say(f"now, {answer['after']}")
    _warn(answer)


def align(answer: Answer) -> None:
    _say(f"wrote {answer['out']}")
    _say(f"      {answer['folder']}: {', '.join(answer['files'])}")
    song = answer["song"]
    _say(
        f"{song['name']}: {song['tempo']:g} bpm, {song['metre']} beats a bar, "
        f"bent by at most {song['bend_percent']:.1f} %, from {song['from']:.1f} s on"
    )
    report(answer)


def report(answer: Answer) -> None:
    """The report of a score, as `score` and `demo` print it."""
    carried(answer)
    _say(f"engine {answer['engine']} {answer['engine_version']} ({answer['licence']}), {_seeds(answer)}")
    _model(answer)
    _eyes(answer)
    boards = [(b["name"], b["start"], b["end"], f"{b['tempo']:g}") for b in answer["storyboards"]]
    _table(("storyboard", "from frame", "to", "tempo"), boards)
    hits = [
        (
            h["timecode"],
            h["kind"],
            h["name"],
            h["outcome"],
            h["place"],
            _off(None if h["landed"] is None else h["landed"] - h["asked"]),
        )
        for h in answer["hits"]
    ]
    _table(("hit", "kind", "name", "outcome", "on", "ms off"), hits)
    total = len(answer["hits"])
    _say(f"{answer['landed']} of {total} hits landed, {answer['near']} near, {answer['missed']} missed")
    places = answer["places"]
    _say(
        f"landed on downbeats {places['downbeat']}, on other beats {places['beat']}, between two beats "
        f"{places['offbeat']}, by an accent of its own {places['free']}"
    )
    _say(f"{_level(answer)}, {answer['samples']} samples ({answer['seconds']:.3f} s)")
    _ducked(answer)
    _revised(answer)
    _warn(answer)


def _model(answer: Answer) -> None:
    """Which model played, what it may be used for, and how its music was bent."""
    model = answer.get("model")
    if not model:
        return
    licence = model["licence"]
    _say(f"pack {model['name']} {model['version']}: {licence['name']} ({_licence(model)}) {licence['url']}")
    _say(
        f"on {model['device']} in {model['variant']}, {model['steps']} steps, guidance {model['guidance']:g}, rhythm from "
        + {"plan": "the plan", "predicted": "the picture", "both": "the plan and the picture"}[model["rhythm"]]
    )
    bent = answer.get("alignment")
    if bent:
        _say(f"beats bent to the hits by at most {bent['bend_percent']:g} %" if bent["bent"] else "no beat was bent")


def _ducked(answer: Answer) -> None:
    if not answer["full"]:
        return
    stretches = answer["ducking"]["stretches"]
    times = f"{len(stretches)} times" if len(stretches) > 1 else "once"
    deepest = max(-stretch["gain_db"] for stretch in stretches)
    full = answer["full"]["loudness"]
    _say(
        f"{times} down under dialogue, by up to {deepest:g} dB; {answer['full']['file']} is without that"
        + ("" if full is None else f", at {full:.1f} LUFS")
    )


def _revised(answer: Answer) -> None:
    if answer["from"]:
        anew = ", ".join(name or "a storyboard without a name" for name in answer["from"]["anew"])
        kept = ", ".join(answer["from"]["kept_stems"])
        _say(f"from {answer['from']['folder']}; made anew: {anew or 'nothing'}" + (f"; kept: {kept}" if kept else ""))
    takes = [
        (
            take["folder"],
            ", ".join(map(str, dict.fromkeys(take["seeds"]))),
            "-" if take["loudness"] is None else f"{take['loudness']:.1f}",
            take["landed"],
        )
        for take in answer["takes"]
    ]
    _table(("take", "seed", "LUFS", "landed"), takes)


def _seeds(answer: Answer) -> str:
    seeds = answer.get("seeds") or [answer["seed"]]
    return f"seed {seeds[0]}" if len(set(seeds)) == 1 else f"seeds by storyboard {', '.join(map(str, seeds))}"


def _level(answer: Answer) -> str:
    if answer["true_peak"] is None:
        return "silent"
    loudness = answer["loudness"]
    words = "too short or too quiet for a loudness" if loudness is None else f"{loudness:.1f} LUFS"
    return f"{words}, true peak {answer['true_peak']:.1f} dBTP"


def _off(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:+.1f}"


def unscore(answer: Answer) -> None:
    if "host" in answer:
        _say(
            f"{answer['host']}: {answer['tracks_removed']} of our tracks taken off, {answer['markers_removed']} markers"
        )
    else:
        _say(f"wrote {answer['out']}: {answer['tracks_removed']} of our tracks taken out")
    _warn(answer)


def evaluate(answer: Answer) -> None:
    if "edits" in answer:
        _evaluated(answer)
        return
    moments = [
        (m["frame"], f"{m['seconds']:.3f}", m["kind"], m["name"], m["outcome"], _off(m["distance"]))
        for m in answer["moments"]
    ]
    _table(("frame", "seconds", "kind", "name", "outcome", "ms off"), moments)
    for key, words in (
        ("within_half_frame", "within half a frame"),
        ("within_frame", "within a frame"),
        ("within_near", "within 0.1 s"),
    ):
        share = answer[key]
        if share["fraction"] is not None:
            _say(
                f"{100 * share['fraction']:.0f} % of the moments have an onset {words}; chance is {100 * share['chance']:.0f} %"
            )
    beats = answer["beats"]
    tempo = f", {beats['tempo']:.1f} a minute" if beats["count"] else ""
    _say(f"{answer['onsets']} onsets and {beats['count']} beats heard{tempo}")
    measures = [
        ("rhythm recall: cuts with a beat", answer["rhythm_recall"]),
        ("precision: beats with a cut", answer["precision"]),
        *(("TB_IoU: cuts and beats, in pairs", measure) for measure in answer["tb_iou"]),
        *(("B_IoU: beats and the reference's", measure) for measure in answer["b_iou"] or ()),
        ("cuts with an onset, within a frame", answer["cuts_with_onset"]),
        ("storyboards heard to begin, to a beat", answer["audible_boundaries"]),
    ]
    rows = [
        (words, f"{m['tolerance']:.3g} s", *(_part(m[key]) for key in ("value", "chance", "ceiling")))
        for words, m in measures
        if m["value"] is not None
    ]
    _table(("measure", "within", "value", "chance", "ceiling"), rows)
    _say(_level(answer))
    _say(f"{answer['samples']} samples; the edit has {answer['expected_samples']} ({answer['difference']:+d})")
    if answer.get("picture"):
        _say(f"drew {answer['picture']}")
    _warn(answer)


def _evaluated(answer: Answer) -> None:
    """A folder: a row an edit, what could not be measured with its reason, and the mean."""
    head = ("edit", "cuts", "tempo", "recall", "onset", "heard", "TB_IoU 0.1 s", "LUFS", "samples off")
    rows: list[tuple[Any, ...]] = []
    for edit in answer["edits"]:
        if "error" in edit:
            rows.append((edit["file"], f"not measured: {edit['error']}"))
        else:
            rows.append((edit["file"], edit["cuts"], *_means(edit, edit["beats"]["tempo"]), f"{edit['difference']:+d}"))
    _table(head, [*rows[: MOST_ROWS - 1], ("mean", "", *_means(answer["mean"], answer["mean"]["tempo"]), "")])
    if len(rows) > MOST_ROWS - 1:
        _say(f"  ... and {len(rows) - MOST_ROWS + 1} more; --json lists all")
    _say(f"{answer['measured']} of {len(rows)} edits measured")
    _say("recall: cuts with a beat within 0.1 s; onset: cuts with one within a frame; heard: storyboards that are")
    _say("in brackets what chance gives, and of TB_IoU the most that such beats can reach")
    _warn(answer)


def _means(answer: Answer, tempo: float | None) -> tuple[str, ...]:
    shares = (answer["rhythm_recall"], answer["cuts_with_onset"], answer["audible_boundaries"])
    pairs = answer["tb_iou"][1]
    at_most = "" if pairs["ceiling"] is None else f", {_part(pairs['ceiling'])}"
    loudness = "-" if answer["loudness"] is None else f"{answer['loudness']:.1f}"
    return (f"{tempo:.1f}" if tempo else "-", *map(_beside_chance, shares), _beside_chance(pairs, at_most), loudness)


def _beside_chance(measure: Answer, more: str = "") -> str:
    return "-" if measure["value"] is None else f"{measure['value']:.2f} ({_part(measure['chance'])}{more})"


def _part(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def preview(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {answer['frames']} frames")
    _warn(answer)


def demo(answer: Answer) -> None:
    _say("made a film, cut it, scored it:")
    for path in answer["wrote"]:
        _say(f"  {path}")
    report(answer["report"])


def packs(answer: Answer) -> None:
    did = answer["did"]
    if did == "list":
        rows = [
            (p["name"], p["version"], p["family"], _size(p), " ".join(p["variants"]), _licence(p))
            for p in answer["packs"]
        ]
        _table(("pack", "version", "family", "size", "variants", "licence"), rows)
        _say(f"{len(rows)} {'pack' if len(rows) == 1 else 'packs'}; your own lie in {answer['folder']}")
    elif did == "remove":
        _say(f"removed {answer['name']} from {answer['folder']}")
    else:
        words = {"verify": "sound: ", "add": "replaced: " if answer.get("replaced") else "added: "}.get(did, "")
        _say(
            f"{words}{answer['name']} {answer['version']} ({answer['family']}), {_size(answer)}, in {answer['folder']}"
        )
        _say(f"licence: {answer['licence']['name']} ({_licence(answer)}) {answer['licence']['url']}")
    if did == "info":
        _pack_info(answer)
    if did == "bench":
        _pack_bench(answer)
    if did == "hear":
        _pack_hear(answer)
    _warn(answer)


def _pack_info(answer: Answer) -> None:
    made = answer["provenance"]
    if answer["description"]:
        _say(answer["description"])
    _say(f"trained on {made['trained_on']}; {made['steps']} steps, seed {made['seed']}, {made['code']}")
    for key, unit in (("sample_rate", "Hz"), ("hop", "samples"), ("receptive_field", "frames to either side")):
        if answer[key] is not None:
            _say(f"{key.replace('_', ' ')}: {answer[key]} {unit}")
    for graph in answer["graphs"]:
        off = graph["difference"]
        words = f", differs from fp32 by {off['value']:.2g} ({off['measure']})" if off else ""
        _say(f"graph '{graph['role']}' in {graph['variant']}, {_size(graph)}{words}")
    shown = {graph["role"]: graph for graph in reversed(answer["graphs"])}
    ends = [(r, word, t) for r, g in reversed(shown.items()) for word in ("inputs", "outputs") for t in g[word]]
    _table(("graph", "of its", "tensor"), [(role, word, tensor) for role, word, tensor in ends])


def _pack_bench(answer: Answer) -> None:
    rows = [
        (
            row["role"],
            row["variant"],
            row["device"],
            *(f"{row[key]:.1f}" for key in ("load_ms", "first_ms", "run_ms")),
            "-" if row["off"] is None else f"{row['off']:.1e}",
        )
        for row in answer["rows"]
    ]
    _table(("graph", "variant", "on", "load ms", "first ms", "run ms", "off fp32"), rows)
    _say(f"{answer['threads']} threads; made-up inputs: what counts is the difference on the sound, which info states")


def _pack_hear(answer: Answer) -> None:
    _say(f"wrote {answer['out']}: {answer['seconds']:.1f} s of {answer['audio']}, through {answer['variant']}")
    _say(
        f"off by {answer['log_mel']:.2f} dB of log-mel distance, spectral convergence {answer['convergence']:.3f}, "
        f"level {answer['level']:+.1f} dB; {answer['took']:.1f} s on {answer['device']}"
    )


def _licence(pack: Answer) -> str:
    said = pack["licence"]
    return str(said["id"]) if said["commercial"] else f"{said['id']}, not for commercial use"


def _size(pack: Answer) -> str:
    return f"{pack['bytes'] / 2**20:.1f} MiB"


def doctor(answer: Answer) -> None:
    for part in answer["parts"]:
        mark = "ok     " if part["found"] else ("missing" if part["needed"] else "absent ")
        _say(f"{mark} {part['name']:<28} {part['detail']}")
        if not part["found"] and part["remedy"]:
            _say(f"        {part['remedy']}")
    _warn(answer)


def lines(said: Iterable[str], answer: Answer) -> None:
    """An answer whose own room has put it into lines."""
    for line in said:
        _say(line)
    _warn(answer)


def _head(answer: Answer) -> None:
    drop = " drop-frame" if answer["drop_frame"] else ""
    _say(f"'{answer['name']}': {answer['frames']} frames at {answer['rate']}{drop} ({answer['seconds']:.3f} s)")
    _say(f"starts at {answer['start_timecode']}")


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Columns as wide as they need. A row with fewer cells than the head ends in one that runs on, whatever it says."""
    if not rows:
        return
    shown = [
        tuple(_cell(cell) if n < len(row) - 1 or len(row) == len(head) else str(cell) for n, cell in enumerate(row))
        for row in rows[:MOST_ROWS]
    ]
    whole = [row for row in [head, *shown] if len(row) == len(head)]
    widths = [max(len(row[i]) for row in whole) for i in range(len(head))]
    for row in [head, *shown]:
        _say("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip())
    if len(rows) > MOST_ROWS:
        _say(f"  ... and {len(rows) - MOST_ROWS} more; --json lists all")


def _cell(value: Any) -> str:
    text = str(value).replace("\n", " ")
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _warn(answer: Answer) -> None:
    for warning in answer.get("warnings", []):
        print(plain(f"warning: {warning}"), file=sys.stderr)


def plain(text: str) -> str:
    """Text without what would move a terminal's cursor or change its colours."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _say(text: str) -> None:
    text = plain(text)
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
