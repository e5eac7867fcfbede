"""What the worker does with a video editor that is followed: it alone talks to it, and it keeps the connection."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...runtime.errors import HitpointError, InputError
from ...runtime.progress import Progress

Given = dict[str, Any]

_SESSIONS: dict[tuple[str, str], Any] = {}  # plugin.hosting's, by the host's name and file


def open_edit(given: Given, progress: Progress) -> Given:
    """Reads the timeline that the host has open. `source` of the answer is how later orders say it."""
    from ...plugin import hosting
    from ..state.codec import to_json

    said = given["source"]
    progress(0.0, "asking the editor for its timeline")
    let_go(said)
    session = hosting.open(said["host"], _file(said))
    more = tuple(map(Path, said.get("media_roots", [])))
    roots_too = replace(session.source, media_roots=tuple(dict.fromkeys([*session.source.media_roots, *more])))
    session = _SESSIONS[_key(said)] = replace(session, source=roots_too)
    edit, document = session.source.read()
    about, found = session.host.about(), session.opened
    roots = [str(root) for root in session.source.media_roots]
    return {
        "path": str(session.source.path.absolute()),
        "edit": to_json(edit),
        "folder": str(session.folder.absolute()),
        "out": "",
        "format": document.format,
        "warnings": list(dict.fromkeys([*edit.warnings, *found.warnings])),
        "source": {
            **said,
            "path": str(session.source.path.absolute()),
            "rate": "",
            "timeline": "",
            "media_roots": roots,
            "held": True,
            "drop_frame": found.drop_frame,
            "revision": found.revision,
            "open": found.name,
        },
        "host": {
            "name": about.name,
            "title": about.title,
            "version": about.version,
            "timeline": found.name,
            "cannot": [[ability, words] for ability, words in about.cannot.items()],
        },
    }


def intend(given: Given, wish: Any, progress: Progress) -> Given:
    """What placing a take would change there."""
    from ...plugin import hosting

    progress(0.0, "asking the editor")
    session = _session(given["source"])
    plan = hosting.intend(session, Path(given["take"]), _able(session, wish))
    return {
        "out": _where(session),
        "changes": [_step(words) for words in plan.steps] or [_change("add", plan.track)],
        "warnings": [*plan.warnings, *_unwritten(session, wish)],
    }


def write(given: Given, wish: Any, progress: Progress) -> Given:
    """Places a take; the host's own undo, or `unwrite`, takes it off."""
    from ...plugin import hosting

    progress(0.0, "placing the score")
    session = _session(given["source"])
    placed = hosting.place(session, Path(given["take"]), _able(session, wish))
    marks = [{**_change("add", str(placed.marks)), "kind": "marker"}] if placed.marks else []
    return {
        "out": _where(session),
        "changes": [*(_change("add", track) for track in placed.tracks), *marks],
        "sha256": "",
        "undo": "remove" not in session.host.about().cannot,
        "warnings": [*(f"did not arrive: {words}" for words in placed.missing), *placed.warnings],
    }


def unwrite(given: Given, progress: Progress) -> Given:
    """Takes our scores off the host's timeline."""
    from ...plugin import hosting

    progress(0.0, "taking the score off")
    session = _session(given["source"])
    bare = hosting.remove(session)
    return {"out": _where(session), "whole": False, "warnings": list(bare.warnings)}


def playhead(given: Given, _: Progress) -> Given:
    """Where the host's playhead is; with `move`, after it was moved there."""
    session = _session(given["source"])
    if given.get("move") is not None:
        session.host.move(int(given["move"]))
        return {"frame": int(given["move"])}
    return {"frame": session.host.playhead()}


def let_go(said: Given) -> None:
    session = _SESSIONS.pop(_key(said), None)
    if session is not None:
        with suppress(HitpointError, OSError):
            session.host.close()


def _session(said: Given) -> Any:
    """The connection; made again where the worker was ended, to what was read before."""
    from ...plugin import hosting

    session = _SESSIONS.get(_key(said))
    if session is None:
        session = hosting.open(said["host"], _file(said))
        held = replace(session.opened, name=said["open"], revision=said["revision"])
        session = _SESSIONS[_key(said)] = replace(session, opened=held)
    return session


def _key(said: Given) -> tuple[str, str]:
    return said["host"], said.get("file", "")


def _file(said: Given) -> Any:
    from ...plugin.timeline.reading import Source

    if not said.get("file"):
        return None
    if not Path(said["file"]).exists():
        raise InputError(f"{said['file']}: there is no such file")
    return Source(Path(said["file"]))


def _able(session: Any, wish: Any) -> Any:
    """The wish without what this host cannot; `_unwritten` says so."""
    cannot = session.host.about().cannot
    return replace(
        wish,
        stem_tracks=wish.stem_tracks and "stems" not in cannot,
        markers="none" if "markers" in cannot else wish.markers,
    )


def _unwritten(session: Any, wish: Any) -> list[str]:
    cannot = session.host.about().cannot
    wanted = {"stems": wish.stem_tracks, "markers": wish.markers != "none"}
    return [
        f"{ability} are not written: {cannot[ability]}" for ability, on in wanted.items() if on and ability in cannot
    ]


def _where(session: Any) -> str:
    return f"{session.host.about().title}: {session.opened.name}"


def _change(what: str, track: str) -> Given:
    return {"what": what, "kind": "track", "target": track, "words": ""}


def _step(words: str) -> Given:
    return {"what": "add", "kind": "step", "target": words, "words": ""}
