"""The date that a text prints on a line of its own near its beginning or end, as newspapers, letters and reports do.

A date in the middle of a sentence is one that the text speaks of. What may stand beside a dateline are a place or a
name, the day of the week and the number of the issue or the page. A text with several of different days is a
chronicle or a diary, and none of them is its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import regex

from qa.types import Block

LONGEST = 80
"""Characters of a dateline."""
WITHIN = 8
"""Blocks of a text that are looked at, and as many lines of each."""
CLOSING = 2
"""Blocks at the end that are looked at, too: official letters are dated there."""

_MONTHS = (
    "january|jan|januar|jänner|janvier|enero|janeiro|gennaio|января|يناير|كانون الثاني|जनवरी|มกราคม",
    "february|feb|februar|février|febrero|fevereiro|febbraio|февраля|فبراير|شباط|फ़रवरी|फरवरी|กุมภาพันธ์",
    "march|mar|märz|mars|marzo|março|марта|مارس|آذار|मार्च|มีนาคม",
    "april|apr|avril|abril|aprile|апреля|أبريل|ابريل|إبريل|نيسان|अप्रैल|เมษายน",
    "may|mai|mayo|maio|maggio|мая|مايو|أيار|मई|พฤษภาคม",
    "june|jun|juni|juin|junio|junho|giugno|июня|يونيو|حزيران|जून|มิถุนายน",
    "july|jul|juli|juillet|julio|julho|luglio|июля|يوليو|تموز|जुलाई|กรกฎาคม",
    "august|aug|août|agosto|августа|أغسطس|اغسطس|آب|अगस्त|สิงหาคม",
    "september|sept|sep|septembre|septiembre|setembro|settembre|сентября|سبتمبر|أيلول|सितंबर|सितम्बर|กันยายน",
    "october|oct|oktober|octobre|octubre|outubro|ottobre|октября|أكتوبر|اكتوبر|تشرين الأول|अक्टूबर|अक्तूबर|ตุลาคม",
    "november|nov|novembre|noviembre|novembro|ноября|نوفمبر|تشرين الثاني|नवंबर|नवम्बर|พฤศจิกายน",
    "december|dec|dezember|décembre|diciembre|dezembro|dicembre|декабря|ديسمبر|كانون الأول|दिसंबर|दिसम्बर|ธันวาคม",
)
_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split("|")}
_WEEKDAYS = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag"
    "|sonnabend|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes"
    "|sábado|domingo|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|الاثنين|الثلاثاء|الأربعاء|الخميس"
    "|الجمعة|السبت|الأحد|सोमवार|मंगलवार|बुधवार|गुरुवार|गुरूवार|शुक्रवार|शनिवार|रविवार|[일월화수목금토]요일|(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|[月火水木金土日]曜日?"
)
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "民国": 1911, "民國": 1911}
"""Of Japan and of Taiwan, and the year before their first."""
_HAN = {
    digit: number for number, digits in enumerate(("〇零○", *"一二三四五六七八九")) for digit in digits
} | {"元": 1}
_HAN_NUMBER = rf"(?:\d{{1,4}}|[{''.join(_HAN)}十]{{1,4}})"
_DATE = (
    rf"(?P<era>{'|'.join(_ERAS)})?(?P<y>{_HAN_NUMBER})(?:年|년)\s*(?P<m>{_HAN_NUMBER})(?:月|월)\s*(?P<d>{_HAN_NUMBER})(?:日|일)"
    r"|(?P<y>\d{4})(?P<mark>[./-])\s?(?P<m>\d{1,2})(?P=mark)\s?(?P<d>\d{1,2})"
    rf"|(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th|er|º)?\s+(?:de\s+)?(?P<name>{_MONTH})\.?(?:\s?[/(]\s?(?:{_MONTH})\)?)?"
    r"(?:\s+de|\s+พ\.ศ\.)?[,،]?\s+(?P<y>\d{4})(?:\s*г\.|\s?م)?"
    rf"|(?P<name>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})"
)
_BETWEEN = r"[\s,،·|—–]*"
_DAY = rf"[\s,،.(（]*(?:يوم )?(?:{_WEEKDAYS})[\s,،.)）]*"
_NAME = r"[\p{L}\p{M}][\p{L}\p{M} .'’-]{0,40}"
_PLACE = (
    rf"{_NAME}[,،·|—–]\s*|(?:[\p{{L}}\p{{M}}]{{2,12}}\s?[:：]\s?)?{_NAME}\s+(?={_DAY})"
    r"|(?:\p{Han}{2,12}[\s|·：]+){1,3}"
)
_ISSUE = (
    rf"{_BETWEEN}(?:[总總]?第\s*{_HAN_NUMBER}\s*[期号號版页頁面]"
    r"|(?:No|Nr|Nº|№|Vol|Page|Seite|Стр|العدد|الصفحة|صفحة|अंक|पृष्ठ)\.?\s*\d+)"
)
_LABEL = (
    "Date|Published|Datum|Date de publication|Fecha|Data|Дата|Дата публикации|日期|时间|時間|发布时间|發布時間|发布日期"
    "|日付|公開日|날짜|التاريخ|تاريخ النشر|दिनांक"
)
_DATELINE = regex.compile(
    rf"(?:(?:{_LABEL})\s?[:：]\s*)?(?:{_ISSUE}{_BETWEEN})?(?:{_PLACE})?(?:{_DAY})?[(（]?(?:{_DATE})[)）.]?(?:{_DAY})?(?:{_ISSUE}){{0,3}}(?:\s\d{{1,2}}:\d{{2}})?\s*",
    regex.I,
)


_AT_END = regex.compile(rf"[\s,،·|—–]+(?:{_DAY})?(?:{_DATE})(?:{_DAY})?$", regex.I)


def printed_date(text: str, blocks: Sequence[Block]) -> str:
    """Return the first dateline near the beginning of a text, else near its end, as ``2023-08-15``; "" without."""
    flowing = [block for block in blocks if block.kind in ("heading", "item", "paragraph")]
    if len({dateline(block.span.of(text)) for block in flowing} - {""}) > 1:
        return ""
    for block in (*flowing[:WITHIN], *flowing[WITHIN:][-CLOSING:]):
        for line in block.span.of(text)[:1_000].splitlines()[:WITHIN]:
            if found := dateline(line):
                return found
    return ""


def dateline(line: str) -> str:
    """Return the date of a line that is nothing but a dateline, "" for any other."""
    line = line.strip()
    found = _DATELINE.fullmatch(line) if len(line) <= LONGEST else None
    if found is None:
        return ""
    name = found["name"]
    year = _number(found["y"]) + _ERAS.get(found["era"] or "", 0)
    if 2400 <= year <= 2699:  # Thai years count from the Buddha's death
        year -= 543
    month, day = _NUMBER[name.casefold()] if name else _number(found["m"]), _number(found["d"])
    is_one = 1000 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= 31
    return f"{year:04}-{month:02}-{day:02}" if is_one else ""


def without_date(line: str) -> str:
    """Return a line without the date at its end."""
    return _AT_END.sub("", line)


def _number(text: str) -> int:
    """Return the number of digits of any script, or of Chinese ones with or without a ten."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_HAN[char]) for char in text))
    return 10 * (_HAN.get(tens, 0) if tens else 1) + (_HAN.get(ones, 0) if ones else 0)
