"""What is open in Resolve: the project, its timeline, and the tracks of sound on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ....runtime.errors import InputError
from ..protocol import HostClosed
from .frames import Clock, clock
from .program import CLOSED, Program, numbers

KINDS = ("video", "audio", "subtitle")


@dataclass(frozen=True)
class Session:
    """Handles on what is open. They are asked for anew by every method of the host: a person may open something else."""

    program: Program
    manager: Any
    project: Any
    pool: Any
    timeline: Any

    @property
    def name(self) -> str:
        return self.program.text(self.timeline, "GetName")

    def clock(self) -> Clock:
        ask, timeline = self.program.ask, self.timeline
        return clock(
            ask(timeline, "GetSetting", "timelineFrameRate") or ask(self.project, "GetSetting", "timelineFrameRate"),
            ask(timeline, "GetSetting", "timelineDropFrameTimecode"),
            ask(timeline, "GetStartTimecode"),
            ask(timeline, "GetStartFrame"),
        )

    def tracks(self, kind: str) -> range:
        return range(1, round(self.program.number(self.timeline, "GetTrackCount", kind) or 0) + 1)

    def track_name(self, index: int, kind: str = "audio") -> str:
        return self.program.text(self.timeline, "GetTrackName", kind, index)

    def locked(self, index: int) -> bool:
        return self.program.does(self.timeline, "GetIsTrackLocked", "audio", index)

    def items(self, index: int, kind: str = "audio") -> list[Any]:
        return self.program.list(self.timeline, "GetItemListInTrack", kind, index)

    def others(self) -> Iterator[Any]:
        """The other timelines of the project."""
        own = self._called(self.timeline)
        for index in numbers(self.program.number(self.project, "GetTimelineCount")):
            timeline = self.program.ask(self.project, "GetTimelineByIndex", index)
            if timeline is not None and self._called(timeline) != own:
                yield timeline

    def _called(self, timeline: Any) -> str:
        """What tells a timeline from others; its name, where a version gives it no number."""
        return self.program.text(timeline, "GetUniqueId") or self.program.text(timeline, "GetName")

    def outline(self, without: frozenset[str] = frozenset()) -> list[tuple[str, str, int]]:
        """Every track that is not called one of `without`, and how many items lie on it."""
        return [
            (kind, self.track_name(index, kind), len(self.items(index, kind)))
            for kind in KINDS
            for index in self.tracks(kind)
            if self.track_name(index, kind) not in without
        ]


def session(program: Program) -> Session:
    """Raises HostClosed where Resolve does not run or has no project open, InputError where no timeline is."""
    program.there()
    manager = program.ask(program.resolve, "GetProjectManager")
    project = program.ask(manager, "GetCurrentProject") if manager is not None else None
    if project is None:
        raise HostClosed(CLOSED)
    timeline = program.ask(project, "GetCurrentTimeline")
    if timeline is None:
        raise InputError("no timeline is open in DaVinci Resolve: open one on the Edit page")
    return Session(program, manager, project, program.ask(project, "GetMediaPool"), timeline)
