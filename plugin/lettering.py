"""Text on a picture without a font on the machine: letters of 5 x 9 dots, drawn here, their corners smoothed."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]  # (height, width, 3)
Colour = tuple[int, int, int]

ADVANCE, LINE = 6, 10  # dots from letter to letter, and from line to line
_WIDTH, _HEIGHT = 5, 9

# A letter is up to nine rows from the top, a digit of base 32 each: 16 is the leftmost of five dots, 1 the rightmost.
_LETTERS = dict(
    part.split(" ", 1)
    for part in """! 4444404|" aaa|# aavavaa|$ 4fke5u4|% op248j3|& cik8lid|' 44|( 2488842|) 8422248|* 04lel4|+ 044v44
, 00000c48|- 000e|. 00000cc|/ 01248g|0 ehjlphe|1 4c4444e|2 eh1248v|3 v2421he|4 26aiv22|5 vgu11he|6 68guhhe|7 v124888
8 ehhehhe|9 ehhf12c|: 0cc0cc|; 0cc0c48|< 248g842|= 00v0v|> 8421248|? eh12404|@ eh1dlle|A ehhvhhh|B uhhuhhu|C ehggghe
D uhhhhhu|E vgguggv|F vgguggg|G ehgnhhe|H hhhvhhh|I e44444e|J 72222ic|K hikokih|L ggggggv|M hrllhhh|N hhpljhh|O ehhhhhe
P uhhuggg|Q ehhhlid|R uhhukih|S fgge11u|T v444444|U hhhhhhe|V hhhhha4|W hhhllla|X hha4ahh|Y hha4444|Z v1248gv|[ e88888e
\\ 0g8421|] e22222e|^ 4ah|_ 000000v|` 84|a 00e1fhf|b ggmphhu|c 00egghe|d 11djhhf|e 00ehvge|f 698s888|g 00fhhhf1e|h ggmphhh
i 40c444e|j 2062222ic|k ggikoki|l c44444e|m 00qllhh|n 00mphhh|o 00ehhhe|p 00uhhhugg|q 00fhhhf11|r 00mpggg|s 00fge1u
t 88s8896|u 00hhhjd|v 00hhha4|w 00hhlla|x 00ha4ah|y 00hhhhf1e|z 00v248v|{ 2448442|} 8442448|~ 008l2""".replace(
        "\n", "|"
    ).split("|")
) | {"|": "4444444", " ": "", "\0": "vhhhhhv"}
_PLAIN = str.maketrans(
    {"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "·": "-", "ß": "ss", "æ": "ae", "Æ": "AE",
     "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "œ": "oe", "Œ": "OE", "\xa0": " ", "\t": " ", "\n": " "}
)  # fmt: skip


def width(text: str, scale: int = 2) -> int:
    return max(0, len(_plain(text)) * ADVANCE - 1) * scale


def write(image: Image, x: int, y: int, text: str, colour: Colour, scale: int = 2, most: int | None = None) -> int:
    """Write one line, its top left at (x, y), no wider than `most`: what does not fit ends in dots. Gives its end."""
    text = _plain(text)
    if most is not None and width(text, scale) > most:
        letters = max(0, (most // scale + 1) // ADVANCE - 2)
        text = text[:letters].rstrip() + ".." if letters else ""
    for letter in text:
        dots = _letter(letter, scale)
        rows, columns = slice(max(y, 0), y + dots.shape[0]), slice(max(x, 0), x + dots.shape[1])
        patch = image[rows, columns]
        shown = dots[max(-y, 0) :, max(-x, 0) :][: patch.shape[0], : patch.shape[1]]
        patch[shown] = colour
        x += ADVANCE * scale
    return x


def wrapped(text: str, most: int, scale: int = 2) -> list[str]:
    """The lines of a text, none wider than `most`."""
    lines: list[str] = []
    letters = max(1, (most // scale + 1) // ADVANCE)
    for word in _plain(text).split():
        while len(word) > letters:
            lines.append(word[:letters])
            word = word[letters:]
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def _plain(text: str) -> str:
    """In letters that are here: accents fall, what is left becomes a box."""
    bare = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(c if c in _LETTERS else "\0" for c in bare if not unicodedata.combining(c))


@lru_cache(512)
def _letter(letter: str, scale: int) -> NDArray[np.bool_]:
    """(9 x scale, 5 x scale)."""
    dots = np.zeros((_HEIGHT, _WIDTH), bool)
    for row, digit in enumerate(_LETTERS[letter]):
        dots[row] = [int(digit, 32) >> bit & 1 for bit in range(_WIDTH - 1, -1, -1)]
    while scale > 1 and scale % 2 == 0:
        dots, scale = _doubled(dots), scale // 2
    return dots.repeat(scale, 0).repeat(scale, 1)


def _doubled(dots: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Twice the size with slanting edges filled (Scale2x)."""
    padded = np.pad(dots, 1)
    up, down, left, right = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    out = np.repeat(np.repeat(dots, 2, 0), 2, 1)
    for row, column, a, b, c, d in (
        (0, 0, left, up, right, down),
        (0, 1, up, right, left, down),
        (1, 0, down, left, right, up),
        (1, 1, right, down, left, up),
    ):
        out[row::2, column::2] = np.where((a == b) & (a != c) & (b != d) & a, True, dots)
    return out
