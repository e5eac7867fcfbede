"""Which licence a local folder of a model states, and what the user says where it states none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...runtime.errors import InputError, UsageError
from ...runtime.packs.pack import Licence

CARDS = ("README.md", "model_card.md")
TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "LICENCE.md", "license.txt", "COPYING")

_SPDX = "https://spdx.org/licenses/{}.html"
_KNOWN = {
    "mit": ("MIT", "MIT License", True),
    "apache-2.0": ("Apache-2.0", "Apache License 2.0", True),
    "bsd-2-clause": ("BSD-2-Clause", "BSD 2-Clause License", True),
    "bsd-3-clause": ("BSD-3-Clause", "BSD 3-Clause License", True),
    "cc0-1.0": ("CC0-1.0", "Creative Commons Zero 1.0", True),
    "unlicense": ("Unlicense", "The Unlicense", True),
    "cc-by-4.0": ("CC-BY-4.0", "Creative Commons Attribution 4.0", True),
    "cc-by-sa-4.0": ("CC-BY-SA-4.0", "Creative Commons Attribution Share Alike 4.0", True),
    "cc-by-nc-4.0": ("CC-BY-NC-4.0", "Creative Commons Attribution Non Commercial 4.0", False),
    "cc-by-nc-sa-4.0": ("CC-BY-NC-SA-4.0", "Creative Commons Attribution Non Commercial Share Alike 4.0", False),
    "cc-by-nc-nd-4.0": ("CC-BY-NC-ND-4.0", "Creative Commons Attribution Non Commercial No Derivatives 4.0", False),
    "gpl-3.0": ("GPL-3.0-only", "GNU General Public License 3.0", True),
}
# Words of a licence's text that no other has; the narrower one first.
_TELLING = (
    ("cc-by-nc-nd-4.0", "Attribution-NonCommercial-NoDerivatives 4.0"),
    ("cc-by-nc-sa-4.0", "Attribution-NonCommercial-ShareAlike 4.0"),
    ("cc-by-nc-4.0", "Attribution-NonCommercial 4.0"),
    ("cc-by-sa-4.0", "Attribution-ShareAlike 4.0"),
    ("cc-by-4.0", "Attribution 4.0 International"),
    ("cc0-1.0", "CC0 1.0 Universal"),
    ("gpl-3.0", "GNU GENERAL PUBLIC LICENSE Version 3"),
    ("apache-2.0", "Apache License Version 2.0"),
    ("bsd-3-clause", "Neither the name of"),
    ("bsd-2-clause", "Redistributions in binary form must reproduce"),
    ("mit", "Permission is hereby granted, free of charge, to any person obtaining a copy"),
)
_MOST = 512 * 1024  # bytes of a card or a licence that are looked at
_ID = re.compile(r"[A-Za-z0-9.+-]{1,60}")
_URL = re.compile(r"https?://[!-~]{1,500}")


@dataclass(frozen=True)
class Said:
    """What the user says of the licence; None where they say nothing."""

    id: str | None = None
    commercial: bool | None = None
    url: str | None = None


@dataclass(frozen=True)
class Found:
    """A licence, where it was found in words, and its text where it lies in the folder."""

    licence: Licence
    where: str
    text: str | None


def settle(folder: Path, said: Said) -> Found:
    """The licence of the model in a folder. Raises UsageError where neither it nor the user states it whole."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    path = next((folder / name for name in TEXTS if (folder / name).is_file()), None)
    text = _text(path) if path else None
    if said.id:
        return Found(_chosen(said.id, said, folder), "as the command line says", text)
    card = next((folder / name for name in CARDS if (folder / name).is_file()), None)
    stated = front_matter(_text(card)) if card else {}
    told, in_text = stated.get("license", ""), recognised(text) if text else None
    if card and told:
        if in_text and told.lower() in _KNOWN and told.lower() != in_text:
            raise UsageError(
                f"{folder}: {card.name} says {told}, {path and path.name} is {in_text}: say which with --licence ID"
            )
        name = stated.get("license_name") or told
        url = said.url or stated.get("license_link")
        return Found(_chosen(name if told.lower() == "other" else told, _with(said, url), folder), card.name, text)
    if in_text and path:
        return Found(_chosen(in_text, said, folder), path.name, text)
    raise UsageError(
        f"{folder} does not say under which licence its weights are: look it up, then --licence ID "
        "and --commercial or --no-commercial"
    )


def front_matter(text: str) -> Mapping[str, str]:
    """The plain `key: value` lines at the top of a model card, between two lines of ---."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    said: dict[str, str] = {}
    key = ""
    for line in lines[1:]:
        if line.strip() == "---":
            return said
        if listed := re.fullmatch(r"\s*-\s+(\S.*)", line):
            if key and not said[key]:
                said[key] = _bare(listed[1])
        elif found := re.fullmatch(r"([A-Za-z_][\w-]*):\s*(.*)", line):
            key = found[1]
            said.setdefault(key, _bare(found[2].strip("[]").partition(",")[0]))
    return {}


def recognised(text: str) -> str | None:
    """Which licence a text is."""
    words = " ".join(text.split())
    return next((name for name, telling in _TELLING if telling.lower() in words.lower()), None)


def _chosen(name: str, said: Said, folder: Path) -> Licence:
    known = _KNOWN.get(name.lower())
    if known:
        spdx, words, commercial = known
        if said.commercial and not commercial:
            raise UsageError(f"{spdx} forbids commercial use: leave --commercial out")
        allowed = commercial if said.commercial is None else said.commercial
        return Licence(spdx, words, _url(said.url) or _SPDX.format(spdx), allowed)
    if said.commercial is None:
        raise UsageError(
            f"{folder}: hitpoint does not know the licence '{name:.60}': read it, then say --commercial or --no-commercial"
        )
    spdx = name if name.startswith("LicenseRef-") else f"LicenseRef-{re.sub(r'[^A-Za-z0-9.+-]+', '-', name).strip('-')}"
    if not _ID.fullmatch(spdx):
        raise UsageError(f"'{name:.60}' is no name of a licence")
    url = _url(said.url)
    if not url:
        raise UsageError(f"{folder}: where can the licence '{name:.60}' be read? --licence-url URL says it")
    return Licence(spdx, name[:200], url, said.commercial)


def _with(said: Said, url: str | None) -> Said:
    return Said(said.id, said.commercial, url if url and _URL.fullmatch(url) else said.url)


def _url(url: str | None) -> str | None:
    if url and not _URL.fullmatch(url):
        raise UsageError(f"'{url:.80}' is no address of the web")
    return url


def _bare(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode("utf-8", "replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
