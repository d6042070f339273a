"""Hard line breaks, as searched: a break inside a sentence is a space or nothing."""

from __future__ import annotations

import regex

from qa.text.characters import is_unspaced

_SOFT_HYPHEN = "\u00ad"
_NEUTRAL = "“”‘’…—·"
"""Marks that Chinese and English share; beside a CJK character they need no space."""

_HANGING = "und|oder|bzw|bis|and|or|to|et|ou|y|o|e|и|или|i|og|och|eller|en|of"
"""After a hyphen before one of these the hyphen stays: "Vor- und Nachteile"."""

_HYPHENATED = regex.compile(rf"(?<=\p{{Ll}})[-\u2010][ \t]*+\r?\n\s*+(?=\p{{Ll}})(?!(?:{_HANGING})\b)")


def unwrap(text: str) -> str:
    """Return ``text`` on one line: broken words whole, nothing between CJK or Thai, one space elsewhere."""
    joined = _HYPHENATED.sub("", text.replace(_SOFT_HYPHEN, ""))
    parts: list[str] = []
    for line in joined.splitlines():
        words = " ".join(line.split())
        if not words:
            continue
        if parts and not _joins(parts[-1][-1], words[0]):
            parts.append(" ")
        parts.append(words)
    return "".join(parts)


def unwrapped(text: str) -> tuple[str, list[int]]:
    """Return ``unwrap(text)`` and where in ``text`` each of its characters stands; a space stands behind the one before
    it."""
    flat = unwrap(text)
    if flat == text:
        return flat, list(range(len(text)))
    places: list[int] = []
    at = 0
    for char in flat:
        if char == " ":
            places.append(at)
            continue
        at = text.index(char, at)  # what is left out, white space and hyphens, never comes before its like
        places.append(at)
        at += 1
    return flat, places


def _joins(before: str, after: str) -> bool:
    if is_unspaced(before):
        return is_unspaced(after) or after in _NEUTRAL
    return before in _NEUTRAL and is_unspaced(after)
