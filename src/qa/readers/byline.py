"""The author that a text prints: a line of its own near its beginning, or the reporter of its first paragraph.

A text with several bylines holds several articles, and has no author of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from qa.readers.dateline import without_date
from qa.types import Block

LONGEST = 80
"""Characters of a byline."""
WITHIN = 8
"""Blocks of a text among which its own byline stands."""

_NAME = r"\p{Lu}[\p{L}\p{M}.'’-]*(?:\s(?:(?:al|bin|da|de|del|den|der|di|la|van|von)\s)*\p{Lu}[\p{L}\p{M}.'’-]*){1,3}"
_NAMES = rf"{_NAME}(?:(?:,\s{_NAME})*,?\s(?:and|e|et|und|y|&)\s{_NAME})?"
_HAN = r"\p{Han}{2,4}?(?:[\s、，,]+(?!通[讯訊])\p{Han}{2,4}?)*"
_WORDS = r"[\p{L}\p{M}][\p{L}\p{M} .'’·・、，,-]{1,58}"
_LABEL = (
    "Authors?|Autor(?:a|in)?|Auteur|Autore|Verfasser(?:in)?|Автор|作者|撰文|著者|執筆|文|저자|글|المؤلف|الكاتب|إعداد|"
    "लेखक"
)
_REPORTER = r"(?:[本特實实見见][报報刊網网台約约習习]|新[华華]社)*(?:记者|記者)"
_BYLINE = regex.compile(
    rf"(?:By|BY|Von|Par|Por|Di|Door)\s(?P<name>{_NAMES})(?:\s?[,|·—–]\s?.{{1,40}}|\.)?"
    rf"|(?:{_LABEL})\s*[：:／/]\s*(?P<name>{_WORDS})"
    rf"|بقلم\s*:?\s*(?P<name>{_WORDS})"
    rf"|{_REPORTER}(?:[\s：:／/]+(?P<name>{_HAN})|(?P<name>{_HAN})\s*[报報][道導])(?:\s+通[讯訊][员員].*)?"
    r"|(?P<name>\p{Hangul}{2,4})\s?기자(?:\s\S+@\S+)?"
)
_OPENING = regex.compile(rf"[^（(\n。]{{0,30}}[（(]\s*{_REPORTER}[\s：:／/]*(?P<name>{_HAN})\s*[）)]")
"""A Chinese report begins with its reporter in brackets."""


def printed_author(text: str, blocks: Sequence[Block]) -> str:
    """Return who a text says near its beginning that it is by, "" if it does not or names others further on."""
    flowing = [block for block in blocks if block.kind in ("heading", "item", "paragraph")]
    if flowing and flowing[0].kind == "heading":  # "By Popular Demand" may be a title
        flowing = flowing[1:]
    found = [(at, name) for at, block in enumerate(flowing) if (name := _name(text, block))]
    if not found or found[0][0] >= WITHIN or len({name for _, name in found}) > 1:
        return ""
    return found[0][1]


def _name(text: str, block: Block) -> str:
    for line in block.span.of(text)[: 3 * LONGEST].splitlines()[:2]:
        if name := byline(line) or _one_line(_OPENING.match(line.strip())):
            return name
    return ""


def byline(line: str) -> str:
    """Return the author of a line that is nothing but a byline, "" for any other."""
    line = line.strip()
    return _one_line(_BYLINE.fullmatch(without_date(line))) if len(line) <= LONGEST else ""


def _one_line(found: regex.Match[str] | None) -> str:
    return " ".join(found["name"].split()) if found else ""
