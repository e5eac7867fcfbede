"""Sentences of the command line in the panel's own words: what it calls an option is a control here."""

from __future__ import annotations

import re
from typing import Any

_ANOTHER_WAY = "“Read the edit another way” beside Open"
_SAID: tuple[tuple[str, str], ...] = (  # what is said there, and here
    (r"; --media-root \S+ looks for them there", "; “Look in a folder” finds them"),
    (r"; if many differ, --rate \S+ may be wanted", f"; if many differ, {_ANOTHER_WAY} sets the rate"),
    (r"; --rate gives the rate it was made at", f"; {_ANOTHER_WAY} sets the rate that it was made at"),
    (r"; (?:give )?--rate R(?: says otherwise| gives the one it plays at)?", f"; {_ANOTHER_WAY} sets it"),
    (r"; --timeline NAME chooses", f"; {_ANOTHER_WAY} chooses another"),
    (r"; `score --from-cues` and `cues --from` carry it over", "; open the edit again, and it is carried over"),
    (r"; `score --cues [^`]*` makes all of it anew", "; make all of it anew"),
    (r", or `score --cues [^`]*` starts anew", ", or make all of it anew"),
    (r" keep their music with `score --from FOLDER` only", " keep their music while their seeds stay"),
    (r", as `score` writes them", ""),
    (r"; --loudness levels it anew", "; another loudness levels it anew"),
    (r"without it leave out --soundfont", "without it leave the SoundFont out"),
    (r": --pack names a pack of the family '([^']*)'", r": choose a pack of the family '\1' on the score's page"),
    (r": --pack names one of yours", ": choose one of yours on the score's page"),
    (r" and `hitpoint packs add FILE`, or name it with --pack FILE", " and add it in the settings, under packs"),
    (r"; `hitpoint packs list` shows (?:which there are|packs)", "; the settings list those that there are"),
    (r": `hitpoint packs remove [^`]*` takes it away", ": remove it in the settings, under packs"),
    (r"; choose another pack, or leave --commercial out", "; choose another pack"),
    (r": --replace puts this one in its place", ": remove that one first, in the settings"),
    (r"; --device cpu works", "; the device cpu in the settings works"),
    (r"only where it is asked for, --device (\S+)", r"only where the settings ask for \1"),
    (r"--in-place says that it may be changed", "“Into the edit itself” says that it may be changed"),
    (r", or --music-only, which writes ", ", or `hitpoint score --music-only` in a terminal, which writes "),
)
_RULES = tuple((re.compile(pattern), words) for pattern, words in _SAID)
_OPTION_FIRST = re.compile(r"^--[a-z][a-z-]*:? ")
_OPTION = r"(?<![\w/'\"-])--(?=[a-z])"  # not a part of a name
_LAST_CLAUSE = re.compile(rf"[;,:] [^;,:]*{_OPTION}[^;,:]*$")
_TOLD = ("warnings", "told", "trouble", "device_words")


def plain(sentence: str) -> str:
    """The sentence without options: the control that does the same is named, or the clause is left out."""
    for pattern, words in _RULES:
        sentence = pattern.sub(words, sentence)
    if "hitpoint score --" in sentence:
        return sentence
    sentence = _OPTION_FIRST.sub("", sentence)
    while _LAST_CLAUSE.search(sentence):
        sentence = _LAST_CLAUSE.sub("", sentence)
    return re.sub(_OPTION, "", sentence)


def plainly(answer: Any) -> Any:
    """A task's answer, its sentences for a person in the panel's words; all else as it is."""
    if not isinstance(answer, dict):
        return answer
    return {key: _each(value) if key in _TOLD else _inside(key, value) for key, value in answer.items()}


def _inside(key: str, value: Any) -> Any:
    if key == "packs" and isinstance(value, list):
        return [plainly(each) for each in value]
    return plainly(value) if key in ("edit", "heard") else value


def _each(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    return [plain(each) if isinstance(each, str) else each for each in value] if isinstance(value, list) else value
