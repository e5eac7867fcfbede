"""Asking Resolve, which answers None for what went wrong, for what it does not know, and for being closed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..protocol import HostClosed, HostRefused

# All that is ever called, so that a menu script need offer no more (hosts.md A1.3).
CALLED = frozenset(
    {
        "AddMarker", "AddSubFolder", "AddTrack", "AppendToTimeline", "DeleteClips", "DeleteFolders",
        "DeleteMarkerByCustomData", "DeleteTrack", "Export", "GetClipEnabled", "GetClipList", "GetClipProperty",
        "GetCurrentFolder", "GetCurrentPage", "GetCurrentProject", "GetCurrentTimecode", "GetCurrentTimeline",
        "GetDuration", "GetEnd", "GetIsTrackEnabled", "GetIsTrackLocked", "GetItemListInTrack", "GetLeftOffset",
        "GetMarkers", "GetMediaId", "GetMediaPool", "GetMediaPoolItem", "GetMetadata", "GetName", "GetProductName",
        "GetProjectManager", "GetRootFolder", "GetSetting", "GetStart", "GetStartFrame", "GetStartTimecode",
        "GetSubFolderList", "GetThirdPartyMetadata", "GetTimelineByIndex", "GetTimelineCount", "GetTrackCount",
        "GetTrackName", "GetTrackSubType", "GetUniqueId", "GetVersionString", "ImportMedia", "OpenPage", "SaveProject",
        "SetCurrentFolder", "SetCurrentTimecode", "SetMetadata", "SetThirdPartyMetadata", "SetTrackName",
    }
)  # fmt: skip
READ = frozenset({"EXPORT_NONE", "EXPORT_OTIO"})  # names of values, not of calls
# What the free edition answers with a dialog, which makes all later calls fail until somebody clicks (A1.1): never called.
STUDIO_ONLY = frozenset(
    {"AnalyzeForIntellisearch", "AnalyzeForSlate", "CreateMagicMask", "CreateSubtitlesFromAudio", "DetectSceneCuts",
     "GenerateSpeech", "SmartReframe", "Stabilize", "TranscribeAudio"}
)  # fmt: skip
UNSAVED = "Untitled Project"  # SaveProject never returns for it, where Resolve runs without a window (A1.1)

CLOSED = "DaVinci Resolve does not answer: it was closed, or has no project open"


class Program:
    """Resolve as it runs. `resolve` is its scripting object, or one that speaks for it."""

    def __init__(self, resolve: Any) -> None:
        self.resolve = resolve

    def answers(self) -> bool:
        try:
            return isinstance(self.resolve.GetProductName(), str)
        except Exception:
            return False

    def ask(self, thing: Any, name: str, *given: Any) -> Any:
        """What a call answers. None too, unless Resolve does not answer at all. Raises HostClosed."""
        if name not in CALLED:
            raise AssertionError(f"{name} is not among the calls that are agreed on")
        if thing is None:
            self.there()
            raise HostRefused(f"DaVinci Resolve gave nothing to ask for {name}")
        try:
            method = getattr(thing, name)
            answer = method(*given) if method is not None else None
        except HostClosed:
            raise
        except Exception as error:
            self.there()
            raise HostRefused(f"DaVinci Resolve failed at {name}: {_one_line(error)}") from None
        if answer is None:
            self.there()
        return answer

    def does(self, thing: Any, name: str, *given: Any) -> bool:
        return bool(self.ask(thing, name, *given))

    def text(self, thing: Any, name: str, *given: Any) -> str:
        answer = self.ask(thing, name, *given)
        return answer if isinstance(answer, str) else ""

    def number(self, thing: Any, name: str, *given: Any) -> float | None:
        answer = self.ask(thing, name, *given)
        return float(answer) if isinstance(answer, int | float) and not isinstance(answer, bool) else None

    def list(self, thing: Any, name: str, *given: Any) -> list[Any]:
        return listed(self.ask(thing, name, *given))

    def offers(self, thing: Any, name: str) -> bool:
        """Whether this version has a call. By dir() alone: hasattr is True for every name there is (A1.1)."""
        return name in dir(thing)

    def there(self) -> None:
        """Raises HostClosed where Resolve is not there any more."""
        if not self.answers():
            raise HostClosed(CLOSED)

    @property
    def version(self) -> tuple[int, ...]:
        return tuple(int(number) for number in re.findall(r"\d+", self.text(self.resolve, "GetVersionString"))[:4])


def listed(answer: Any) -> list[Any]:
    """A list, whatever a language makes of it: Lua has tables that count from 1, and one empty table for all."""
    if isinstance(answer, list | tuple):
        return list(answer)
    if isinstance(answer, Mapping):
        return [answer[key] for key in sorted(answer, key=float)]
    return []


def mapped(answer: Any) -> dict[Any, Any]:
    if isinstance(answer, Mapping):
        return dict(answer)
    return dict(enumerate(answer, 1)) if isinstance(answer, list | tuple) else {}


def numbers(count: float | None) -> Iterator[int]:
    """Resolve counts tracks and timelines from 1."""
    yield from range(1, round(count or 0) + 1)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
