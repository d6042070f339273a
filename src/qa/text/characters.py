"""Which characters belong to which script, and where a text may be cut between characters."""

from __future__ import annotations

import unicodedata
from collections import Counter

import regex

HAN = r"\p{Han}"
KANA = r"\p{Hiragana}\p{Katakana}ー"
HANGUL = r"\p{Hangul}"
UNSPACED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts without spaces between words whose words are several clusters long."""

SCRIPTS = {
    "han": HAN,
    "kana": KANA,
    "hangul": HANGUL,
    "latin": r"\p{Latin}",
    "cyrillic": r"\p{Cyrillic}",
    "arabic": r"\p{Arabic}",
    "hebrew": r"\p{Hebrew}",
    "devanagari": r"\p{Devanagari}",
    "thai": r"\p{Thai}",
    "greek": r"\p{Greek}",
    "bengali": r"\p{Bengali}",
    "gurmukhi": r"\p{Gurmukhi}",
    "gujarati": r"\p{Gujarati}",
    "tamil": r"\p{Tamil}",
    "telugu": r"\p{Telugu}",
    "kannada": r"\p{Kannada}",
    "malayalam": r"\p{Malayalam}",
    "sinhala": r"\p{Sinhala}",
    "lao": r"\p{Lao}",
    "khmer": r"\p{Khmer}",
    "myanmar": r"\p{Myanmar}",
    "tibetan": r"\p{Tibetan}",
    "georgian": r"\p{Georgian}",
    "armenian": r"\p{Armenian}",
    "ethiopic": r"\p{Ethiopic}",
    "mongolian": r"\p{Mongolian}",
}
"""Script name to the characters of it, as the inside of a regex set."""

_DENSE = {"han": 2, "kana": 2, "hangul": 2}
"""How many letters one character weighs: a CJK word is about half as long as a Latin one."""

_SCRIPT_OF = regex.compile("|".join(f"(?P<{name}>[{members}])" for name, members in SCRIPTS.items()))
_UNSPACED_CHARACTER = regex.compile(rf"[{HAN}{KANA}{UNSPACED}\u3000-\u303f\uff01-\uff65]")
_CLUSTER = regex.compile(r"\X")
_JOINER = "\u200d"
_VIRAMA = 9
"""The combining class of the marks that join two Indic consonants."""


class _Scripts(dict[str, str]):
    """The script of a letter, looked up once per letter; "" for what is no letter."""

    def __missing__(self, character: str) -> str:
        found = _SCRIPT_OF.match(character)
        name = (found.lastgroup if found else "other") if character.isalpha() else ""
        self[character] = name or ""
        return self[character]


_SCRIPTS = _Scripts()


def script(text: str) -> str:
    """Return the script most letters of ``text`` are in, "other" where there is none.

    A text is "kana" when at least a seventh of its Han and kana is kana: Japanese is mostly kanji.
    """
    weights: Counter[str] = Counter()
    for character, count in Counter(text).items():
        name = _SCRIPTS[character]
        weights[name] += count * _DENSE.get(name, 1)
    del weights[""]
    if not weights:
        return "other"
    if weights["kana"] * 6 >= weights["han"] > 0:
        weights["kana"] += weights.pop("han")
    return max(sorted(weights), key=weights.__getitem__)


def is_unspaced(character: str) -> bool:
    """Return whether ``character`` is of a script written without spaces, its punctuation included."""
    return _UNSPACED_CHARACTER.match(character) is not None


def is_caseless(character: str) -> bool:
    """Return whether ``character`` is a letter (or a mark on one) that has no upper and lower case."""
    return unicodedata.category(character) in {"Lo", "Mn", "Mc"}


def may_cut(text: str, position: int) -> bool:
    """Return whether a cut before ``position`` leaves every grapheme cluster whole.

    Looks at the two neighbours only, so it says no in a few places where a cut would be fine
    (between two flags, after a zero-width joiner), and never yes where it would not.
    """
    if not 0 < position < len(text):
        return True
    before = text[position - 1]
    if before == _JOINER or unicodedata.combining(before) == _VIRAMA:  # they may join what follows
        return False
    pair = text[position - 1 : position + 1]
    return _CLUSTER.fullmatch(pair) is None
