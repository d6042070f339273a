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


def _joins(before: str, after: str) -> bool:
    if is_unspaced(before):
        return is_unspaced(after) or after in _NEUTRAL
    return before in _NEUTRAL and is_unspaced(after)
