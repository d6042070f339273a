"""One search form for every way of writing the same letters."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files

_PLAIN_LETTERS = {
    # Latin letters whose stroke is no combining mark
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "æ": "ae", "œ": "oe",
    # Arabic and Persian letters that keyboards exchange
    "ى": "ي", "ی": "ي", "ې": "ي", "ة": "ه", "ۀ": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ک": "ك", "ٱ": "ا",
    # Chinese forms that the tables of OpenCC keep apart
    "著": "着", "妳": "你", "牠": "它",
    # signs within numbers and words
    "٫": ".", "٬": ",", "’": "'", "ʼ": "'", "׳": "'", "״": '"',
}  # fmt: skip
"""Single characters that mean the same in a search."""

_DROPPED = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x0300, 0x036F),  # accents of Latin, Greek, Cyrillic
    (0x0483, 0x0489),  # Cyrillic titlo
    (0x0591, 0x05BD),  # Hebrew accents and points
    (0x05BF, 0x05BF),
    (0x05C1, 0x05C2),
    (0x05C4, 0x05C5),
    (0x05C7, 0x05C7),
    (0x0610, 0x061C),  # Arabic honorifics, Arabic letter mark
    (0x0640, 0x0640),  # tatweel
    (0x064B, 0x065F),  # tashkeel, hamza above and below
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x1AB0, 0x1ACE),
    (0x1DC0, 0x1DFF),
    (0x200B, 0x200F),  # zero-width space, joiners, direction marks
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x20D0, 0x20F0),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFE20, 0xFE2F),
    (0xFEFF, 0xFEFF),
    (0xE0100, 0xE01EF),
)
"""Ranges that make no difference to a search. No Indic vowel sign, no kana dakuten."""


class _Folded(dict[int, str]):
    """The folded form of a code point, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = _fold_character(chr(code))
        return self[code]


_FOLDED = _Folded()


def fold(text: str) -> str:
    """Return ``text`` in the form that is searched, never shown.

    Compatibility forms, case, accents, Arabic tashkeel and tatweel, Hebrew points, digits of any
    script and traditional Chinese characters become plain; Indic vowel signs and dakuten stay.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", text.translate(_FOLDED))


def is_traditional(text: str) -> bool:
    """Return whether a Chinese text has a character that simplified Chinese writes otherwise."""
    return any(character in _simplified() for character in text)


def _fold_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    folded = "".join(_fold_part(part) for part in plain if not _is_dropped(ord(part)))
    return unicodedata.normalize("NFC", folded)


def _fold_part(part: str) -> str:
    digit = unicodedata.decimal(part, None)
    if digit is not None:
        return str(digit)
    return _PLAIN_LETTERS.get(part) or _simplified().get(part, part)


def _is_dropped(code: int) -> bool:
    return any(first <= code <= last for first, last in _DROPPED)


@cache
def _simplified() -> dict[str, str]:
    """Return traditional and Japanese characters with their simplified form, from the tables of OpenCC."""
    pairs = dict(_read_pairs("TSCharacters.txt"))
    simplified = {old: pairs.get(new, new) for old, new in pairs.items() if old != new}
    for old, japanese in _read_pairs("JPVariants.txt"):
        if not _is_chinese(japanese):
            simplified.setdefault(japanese, simplified.get(old, old))
    return simplified


def _read_pairs(name: str) -> list[tuple[str, str]]:
    lines = files("opencc").joinpath("dictionary", name).read_text(encoding="utf-8").splitlines()
    return [(fields[0], fields[1]) for fields in map(str.split, lines) if len(fields) > 1]


def _is_chinese(character: str) -> bool:
    """Return whether simplified Chinese uses ``character``: 芸 is a plant there, not 藝."""
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
