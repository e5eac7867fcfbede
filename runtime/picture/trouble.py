"""What was wrong with media, said once a trouble and not once a medium."""

from __future__ import annotations

from collections.abc import Iterable

_NAMED = 5  # media that are named with one trouble


def told(troubles: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Warnings from pairs of a medium and what is wrong with it, in a few words."""
    media: dict[str, list[str]] = {}
    for name, words in troubles:
        media.setdefault(words, []).append(name)
    lines: list[str] = []
    for words, names in media.items():
        lines += [f"{name}: {words}" for name in names[:_NAMED]]
        if len(names) > _NAMED:
            lines.append(f"and {len(names) - _NAMED} more: {words}")
    return tuple(lines)
