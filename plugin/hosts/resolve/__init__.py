"""DaVinci Resolve: from outside where it is Studio, else through a script that runs from its own menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..protocol import HostClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..known import Where
    from ..loopback import Loopback
    from .host import Resolve

MENU_SECONDS = 5.0  # a script of the menu looks every second


def reach(where: Where) -> Resolve:
    """Resolve as it runs. Raises HostClosed where neither way leads to it."""
    from . import outside
    from .host import Resolve

    resolve, why = outside.connect()
    if resolve is not None:
        return Resolve(resolve)
    from .. import remote

    try:
        met = remote.reach(where, MENU_SECONDS)
    except HostClosed:
        raise HostClosed(
            f"DaVinci Resolve cannot be reached from outside: {why}. From inside: Workspace > Scripts > Hitpoint Panel "
            "(`hitpoint install resolve` puts it there)"
        ) from None
    return through(met.service, met.close)


def through(service: Loopback, closing: Callable[[], None] | None = None) -> Resolve:
    """Resolve at the other end of a service."""
    from .far import Link
    from .host import Resolve

    return Resolve(Link(service).resolve(), closing)
