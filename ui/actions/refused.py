"""What cannot be done, said in a sentence."""

from __future__ import annotations

from ...runtime.errors import UsageError


class Refused(UsageError):
    """A change that was asked for and not made; nothing is different."""
