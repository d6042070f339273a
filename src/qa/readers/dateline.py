"""The date that a text prints on a line of its own near its beginning, as newspapers, letters and reports do.

A date in the middle of a sentence is one that the text speaks of. What may stand beside a dateline are a place or a
name before a comma, the day of the week and the number of the issue.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import regex

from qa.types import Block

LONGEST = 80
"""Characters of a dateline."""
WITHIN = 8
"""Blocks of a text that are looked at."""

_MONTHS = (
    "january|jan|januar|jänner|janvier|enero|janeiro|gennaio|января|يناير",
    "february|feb|februar|février|febrero|fevereiro|febbraio|февраля|فبراير",
    "march|mar|märz|mars|marzo|março|марта|مارس",
    "april|apr|avril|abril|aprile|апреля|أبريل|ابريل|إبريل",
    "may|mai|mayo|maio|maggio|мая|مايو",
    "june|jun|juni|juin|junio|junho|giugno|июня|يونيو",
    "july|jul|juli|juillet|julio|julho|luglio|июля|يوليو",
    "august|aug|août|agosto|августа|أغسطس|اغسطس",
    "september|sept|sep|septembre|septiembre|setembro|settembre|сентября|سبتمبر",
    "october|oct|oktober|octobre|octubre|outubro|ottobre|октября|أكتوبر|اكتوبر",
    "november|nov|novembre|noviembre|novembro|ноября|نوفمبر",
    "december|dec|dezember|décembre|diciembre|dezembro|dicembre|декабря|ديسمبر",
)
_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split("|")}
_WEEKDAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag"
    "|sonnabend|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes"
    "|sábado|domingo|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|الاثنين|الثلاثاء|الأربعاء|الخميس"
    "|الجمعة|السبت|الأحد|[일월화수목금토]요일|(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|[月火水木金土日]曜日?"
)
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DATE = (
    r"(?P<y>\d{4})(?:年|년)\s*(?P<m>\d{1,2})(?:月|월)\s*(?P<d>\d{1,2})(?:日|일)|(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    rf"|(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th|er|º)?\s+(?:de\s+)?(?P<name>{_MONTH})\.?(?:\s+de)?,?\s+(?P<y>\d{{4}})(?:\s*г\.)?"
    rf"|(?P<name>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})"
)
_DAY = rf"[\s,،.(（]*(?:{_WEEKDAYS})[\s,،.)）]*"
_PLACE = r"[\p{L}\p{M}][\p{L}\p{M} .'’-]{0,30}[,،·|—–]\s*|\p{Han}{2,12}[\s|·]+"
_ISSUE = r"[\s,·|—–]*(?:第\s*\d+\s*[期号號]|(?:No|Nr|Nº|№)\.?\s*\d+)"
_DATELINE = regex.compile(
    rf"(?:{_PLACE})?(?:{_DAY})?[(（]?(?:{_DATE})[)）.]?(?:{_DAY})?(?:{_ISSUE})?\s*", regex.I
)


def printed_date(text: str, blocks: Sequence[Block]) -> str:
    """Return the first dateline near the beginning of a text as ``2023-08-15``, "" without one."""
    for block in islice((block for block in blocks if block.kind in ("heading", "paragraph")), WITHIN):
        for line in block.span.of(text)[:1_000].splitlines()[:WITHIN]:
            found = _DATELINE.fullmatch(line.strip()) if len(line.strip()) <= LONGEST else None
            if found:
                return _iso(found)
    return ""


def _iso(found: regex.Match[str]) -> str:
    name = found["name"]
    year, day = int(found["y"]), int(found["d"])
    month = _NUMBER[name.casefold()] if name else int(found["m"])
    is_one = 1000 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= 31
    return f"{year:04}-{month:02}-{day:02}" if is_one else ""
