"""Search terms of a text, and the words of a text as spans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import add

import regex

from qa.text.characters import HAN, HANGUL, KANA, UNSPACED
from qa.text.folding import fold
from qa.types import Span

_LETTERS = rf"[[\p{{L}}\p{{M}}]--[{HAN}{KANA}{HANGUL}{UNSPACED}]]"
_SEMITIC = r"\p{Arabic}\p{Hebrew}"
_ETHIOPIC = r"\p{Ethiopic}"
_BASE = rf"[[{UNSPACED}]--\p{{M}}]"
_CLUSTER = rf"[เ-ไເ-ໄ]?+{_BASE}(?:[\u17d2\u1039]{_BASE}|\p{{M}}|[ะาำๅະາຳ])*+"

_TERM = regex.compile(
    rf"(?P<cased>\p{{Ll}}[{_LETTERS}\p{{N}}]*+)"
    r"|(?P<number>[0-9]++(?:[.,][0-9]++)*+)"
    rf"|(?P<cjk>[{HAN}{KANA}]++)"
    rf"|(?P<syllables>[{HANGUL}]++|{_ETHIOPIC}++)"
    rf"|(?P<semitic>[{_SEMITIC}][{_LETTERS}\p{{N}}]*+)"
    rf"|(?P<uncased>{_LETTERS}[{_LETTERS}\p{{N}}]*+)"
    rf"|(?P<unspaced>[{UNSPACED}\p{{M}}]++)",
    regex.V1,
)
STEM = 5
"""First letters of a word that are a term too: they find its other forms, better than Snowball's stemmers do."""
UNCASED_STEM = 4
"""The same in scripts without capitals, whose letters carry more: Indic, Arabic, Hebrew."""
_LONGEST = 8
"""Letters of a word that count: what comes later is its ending."""
_COMPOUND = 12
_HEAD = 5
"""Last letters of a Latin word of at least ``_COMPOUND`` that are a term too: "Wasserstrasse" is found by "strasse"."""
HEAD = "-"
"""Begins the term of a last part."""
_PREFIX = regex.compile(r"(?:وال|بال|كال|فال|لل|ال|و|ו?[הבלמשכ]{1,2}|ו)(?=\p{L}{3})")
"""The article, "and", "in" … written onto Arabic and Hebrew words (folded)."""

_INNER = rf"[{_LETTERS}\p{{Nl}}\p{{No}}\u00ad\u200c\u200d]"
_APOSTROPHE = r"""(?:['’ʼ׳]|(?<=\p{Hebrew})["״](?=\p{Hebrew}))"""
_WORD = rf"{_LETTERS}{_INNER}*+(?:{_APOSTROPHE}{_LETTERS}{_INNER}*+)*+"
_NUMBER = r"\p{Nd}++(?:[.,:٫٬'’]\p{Nd}++)*+[%％‰٪]?"
ALPHANUMERIC = rf"(?:{_NUMBER}|{_WORD})++"
"""A number, a word of a spaced script, or both grown together ("100km"): never to be cut. Needs regex.V1."""

_WORD_SPAN = regex.compile(
    rf"{ALPHANUMERIC}"
    rf"|{HAN}\p{{M}}*"
    r"|\p{Hiragana}[\p{Hiragana}ー\p{M}]*|[\p{Katakana}ー][\p{Katakana}ー\uff9e\uff9f\p{M}]*"
    rf"|[{HANGUL}][{HANGUL}\p{{M}}]*"
    rf"|{_CLUSTER}",
    regex.V1,
)
_UNSPACED_PART = regex.compile(rf"{_CLUSTER}|.", regex.V1 | regex.DOTALL)
_HAN = regex.compile(HAN)
_LATIN = regex.compile(r"\p{Latin}")
_KATAKANA = regex.compile(r"[\p{Katakana}ー]{3,}")
_KANA = regex.compile(rf"[{KANA}]")
_GROUPED = regex.compile(r"[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]+)?")
_GROUPED_BY_DOTS = regex.compile(r"(?!0)[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?")
_DECIMAL = regex.compile(r"[0-9]+[.,][0-9]+")


def words(text: str) -> list[str]:
    """Return the folded search terms of ``text`` in order.

    Numbers are whole ("1,000" is "1000"). A word of a spaced script, cut to its first eight letters, is
    followed by its stem, the first few of them, when it has more, a long Latin one also by its last letters after
    a hyphen. Han, Hangul, Ethiopic and the clusters of Thai and its like are terms and so are pairs of them; kana
    give pairs and katakana words. ``weight`` says how much each counts.
    """
    terms: list[str] = []
    for found in _TERM.finditer(fold(text)):
        kind, term = found.lastgroup, found[0]
        if kind != "cased":
            terms.extend(_EXPAND[kind](term))
        elif len(term) <= STEM:
            terms.append(term)
        elif len(term) < _COMPOUND or not _LATIN.match(term):
            terms += (term[:_LONGEST], term[:STEM])
        else:
            terms += (term[:_LONGEST], term[:STEM], HEAD + term[-_HEAD:])
    return terms


def word_spans(text: str) -> list[Span]:
    """Return the words of ``text`` as spans, for marking and for cutting; there are no n-grams.

    A word is a number with its percent sign, a word of a spaced script with its inner apostrophes,
    one Han character, a run of hiragana or of katakana, or one cluster of Thai and its like.
    """
    return [Span(*found.span()) for found in _WORD_SPAN.finditer(text)]


def _number_terms(number: str) -> Iterable[str]:
    """Return a number without its grouping; "1.000" is also 1000, "2024.07.15" is three numbers."""
    if number.isdigit():
        return (number[1:] if len(number) == 2 and number[0] == "0" else number,)
    if _GROUPED.fullmatch(number):
        return (number.replace(",", ""),)
    if _GROUPED_BY_DOTS.fullmatch(number):
        whole = number.replace(".", "").replace(",", ".")
        return (number, whole) if number.count(".") == 1 and "," not in number else (whole,)
    if _DECIMAL.fullmatch(number):
        return (number.replace(",", "."),)
    return [term for part in regex.split("[.,]", number) for term in _number_terms(part)]


def _cjk_terms(run: str) -> Iterable[str]:
    if _KANA.search(run):
        return _japanese_terms(run)
    return _units_and_pairs(run)


def _japanese_terms(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [*_HAN.findall(run), *_pairs(run), *_KATAKANA.findall(run)]


def _units_and_pairs(run: Sequence[str]) -> list[str]:
    terms = [""] * (2 * len(run) - 1)
    terms[::2] = run
    terms[1::2] = _pairs(run)
    return terms


def _uncased_terms(word: str) -> Iterable[str]:
    return (word[:_LONGEST], word[:UNCASED_STEM]) if len(word) > UNCASED_STEM else (word,)


def _semitic_terms(word: str) -> list[str]:
    prefix = _PREFIX.match(word)
    start = prefix.end() if prefix else 0
    stem = word[start : start + UNCASED_STEM]
    return [word] if stem == word else [word, stem]


def _unspaced_terms(run: str) -> list[str]:
    return _units_and_pairs(_UNSPACED_PART.findall(run))


def _pairs(run: Sequence[str]) -> list[str]:
    return list(map(add, run, run[1:]))


_EXPAND: dict[str | None, Callable[[str], Iterable[str]]] = {
    "number": _number_terms,
    "cjk": _cjk_terms,
    "syllables": _units_and_pairs,
    "semitic": _semitic_terms,
    "uncased": _uncased_terms,
    "unspaced": _unspaced_terms,
}
