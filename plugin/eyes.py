"""What looks at the picture: our own descriptor, or a vision pack that somebody names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..runtime.packs import store

if TYPE_CHECKING:
    from ..runtime.picture.descriptor import Vision


@contextmanager
def opened(pack: str | None, commercial: bool, warnings: list[str]) -> Iterator[Vision | None]:
    """A vision pack at work, by its name, folder or file; None without one, which is our own descriptor.

    What came out otherwise than asked is added to the warnings at the end. Raises EngineError.
    """
    if pack is None:
        yield None
        return
    from ..runtime.packs.session import Sessions
    from ..runtime.picture.vision_pack import PackVision

    with store.opened(pack) as found:
        found.allow(commercial)
        sessions = Sessions()
        yield PackVision(found, sessions)
        warnings += sessions.warnings


def said(pack: str | None) -> dict[str, Any]:
    """What is told of it: nothing without one."""
    if pack is None:
        return {}
    found = store.glance(store.place(pack) or Path(pack))
    return {"vision": {"pack": found.name, "version": found.version, "licence": str(found.licence)}}
