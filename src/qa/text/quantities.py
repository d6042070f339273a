"""The numbers of a text in one form, so that texts in two languages can be compared by them."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import regex

from qa.text.characters import HAN, HANGUL, KANA, UNSPACED, script
from qa.text.folding import fold

_HAN_DIGITS = dict(zip("〇零一二三四五六七八九两壹贰叁肆伍陆柒捌玖", "001234567892123456789", strict=True))
_POWER_OF_UNIT = dict(
    zip("十拾百佰千仟万亿兆백천만억조", (1, 1, 2, 2, 3, 3, 4, 8, 12, 2, 3, 4, 8, 12), strict=True)
)
"""Powers of ten that multiply what stands before them in Chinese, Japanese and Korean (folded)."""

_WORD_POWERS = {
    2: "hundred hundert सौ",
    3: "thousand tausend tsd mille mila mil tys tysiac tysiace tysiecy tusen tusind tuhat tuhatta bin"
    " ribu elfu nghin ngan тыс тысяча тысячи тысяч мың พัน ألف آلاف هزار אלף אלפים हजार हज़ार হাজার వేల"
    " వేలు ሺህ ሺ",
    4: "หมื่น",
    5: "lakh lakhs लाख লাখ লক্ষ లక్షల లక్ష แสน",
    6: "million millions millionen mio mln millon millones milhao milhoes milione milioni miljoen miljon"
    " miljoner miljonit millioner milyon juta milion miliony milionow miljoona miljoonaa trieu млн"
    " миллион миллиона миллионов мільйон мільйона мільйонів مليون ملايين مليونا میلیون מיליון ล้าน"
    " मिलियन মিলিয়ন మిలియన్ ሚሊዮን",
    7: "crore crores करोड़ কোটি కోట్ల కోట్లు",
    9: "billion billions bn milliard milliards milliarde milliarden mrd mld miliardo miliardi miljard"
    " miljarder miljardit miljardi miljardia milliarder milyar miliar miliard miliardy miliardow bilioni"
    " bilhao bilhoes ty ti млрд миллиард миллиарда миллиардов мільярд мільярда мільярдів مليار مليارات"
    " میلیارد מיליארד अरब बिलियन বিলিয়ন ቢሊዮን",
    12: "trillion trillions billionen billones billon triliun trilyon трлн триллион триллиона триллионов"
    " تريليون تریلیون טריליון",
}
"""Words after a number by the power of ten they mean; "billion" has its English meaning."""

_MARK_WORDS = {
    ".": "the of and is was for with to by at on from are this that",
    ",": "der die das und ist den von mit el los las del que es en de la le les des et est du dans il di che"
    " per della o os um uma do da em een het van og och att av som pa ve bir bu yang dan di untuk cua va cac"
    " nhung jest na ja oli",
}
"""Decimal mark to frequent words (folded) of languages that write it."""

_POWERS = {fold(word): power for power, words in _WORD_POWERS.items() for word in words.split()}
_POWER_WORD = "|".join(sorted(map(regex.escape, _POWERS), key=len, reverse=True))
_LETTER = rf"[[\p{{L}}\p{{M}}]--[{HAN}{KANA}{HANGUL}{UNSPACED}]]"
_HAN_DIGIT = "".join(_HAN_DIGITS)
_HAN_UNITS = "".join(unit for unit in _POWER_OF_UNIT if regex.match(HAN, unit))
_UNIT = f"[{''.join(_POWER_OF_UNIT)}]"
_UNITS = rf"[余多来几]?(?:(?!千[米克瓦卡帕伏赫]){_UNIT})++"

_NUMBER = regex.compile(
    r"\p{Latin}[0-9][0-9.,]*+"  # "v3.10" and "H200" are names
    r"|(?P<digits>[0-9]++(?:[.,_][0-9]++)*+)"
    rf"(?:(?P<units>{_UNITS}(?:(?:(?<=[백천만억조])[ ])?[0-9]++(?:\.[0-9]++)?{_UNITS})*+)"
    rf"|(?P<words>(?:[ -]?(?:{_POWER_WORD})(?!{_LETTER})){{1,2}}+))?+"
    rf"|(?:(?P<percent>百分之)|(?<![{_HAN_UNITS}])(?=[十拾{_HAN_DIGIT}]))"
    rf"(?P<han>[{_HAN_DIGIT}{_HAN_UNITS}余多]++(?:点[{_HAN_DIGIT}]++(?!十)[万亿]*+)?)(?P<year>年)?",
    regex.V1,
)
_PART = regex.compile(rf"(?P<number>[0-9][0-9.]*|[{_HAN_DIGIT}]+(?:点[{_HAN_DIGIT}]+)?)|(?P<unit>{_UNIT})")
_IMPLIED_UNIT = regex.compile(r"([百千万亿])[一二三四五六七八九]$")
_NEXT_UNIT = {"百": "十", "千": "百", "万": "千", "亿": "千万"}
"""The unit left out at the end: 一百五 is 150."""
_AS_DIGITS = str.maketrans(_HAN_DIGITS | {"点": "."})
_WORD = regex.compile(_POWER_WORD)
_GROUP_MARK = regex.compile(r"(?<=\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))")
_GROUP_SPACE = regex.compile(r"(?<=(?<![\d.,])\d{1,3}) (?=\d{3}(?!\d))", regex.ASCII)
_DECIMAL_COMMA = regex.compile(
    r"(?<![\d.,])\d++(?:\.\d{3})*+,(?:\d{1,2}|\d{4,})(?![\d,])|\d\.\d{3},\d", regex.ASCII
)
_DECIMAL_POINT = regex.compile(
    r"(?<![\d.,])\d++(?:,\d{3})*+\.(?:\d{1,2}|\d{4,})(?![\d.])|\d,\d{3}\.\d", regex.ASCII
)
_GROUPED = regex.compile(
    r"[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})*,\d{3}", regex.ASCII
)
_LONGEST = 24
"""Digits above which a number is a code: it stays as it is, multiplied by nothing."""


def numbers(text: str) -> list[str]:
    """Return the numbers of ``text`` in order as plain decimals: "7,6 %" is "7.6", "2.3亿" is "230000000".

    Digits of any script, grouping, and the thousands and millions of many languages are read, of words
    for numbers only the Chinese and Japanese ones. Whether "1.234" has a decimal point is decided by
    the other numbers of the text, else by its language.
    """
    folded = fold(_GROUP_MARK.sub("_", text))
    comma = _has_decimal_comma(folded)
    if comma:
        folded = _GROUP_SPACE.sub("_", folded)
    found: list[str] = []
    for number in _NUMBER.finditer(folded):
        if number["digits"]:
            found.extend(_read_digits(number, comma))
        elif number["han"]:
            found.extend(_read_han(number))
    return found


def _has_decimal_comma(folded: str) -> bool:
    """Return whether the text writes 3,14: by its unambiguous numbers, else by its script and words."""
    commas, points = len(_DECIMAL_COMMA.findall(folded)), len(_DECIMAL_POINT.findall(folded))
    if commas != points:
        return commas > points
    written = script(folded)
    if written == "latin":
        counts = Counter(folded.split())
        commas, points = (sum(counts[word] for word in _MARK_WORDS[mark].split()) for mark in ",.")
        return commas > points
    return written in {"cyrillic", "greek"}


def _read_digits(number: regex.Match[str], comma: bool) -> list[str]:
    values = _plain(number["digits"], comma)
    if len(number["digits"]) > _LONGEST:
        return values
    if number["units"]:
        parts = _parts(values[-1] + number["units"])
        values[-1] = _stripped(f"{_multiplied(parts):f}")
    elif number["words"]:
        power = sum(_POWERS[word] for word in _WORD.findall(number["words"]))
        values[-1] = _stripped(f"{Decimal(values[-1]).scaleb(power):f}")
    return values


def _read_han(number: regex.Match[str]) -> list[str]:
    """Read 二十, 三百六十五, 百分之七点六, 二〇二四年, but not the 一 of 一起 or the 千万 of 千万别."""
    han = number["han"]
    spoken = set(han) <= set(_HAN_DIGITS)
    year = "〇" in han or "零" in han or (len(han) == 4 and number["year"])
    if len(han) > _LONGEST or not (number["percent"] or (len(han) > 1 and (year or not spoken))):
        return []
    han = _IMPLIED_UNIT.sub(lambda found: found[0] + _NEXT_UNIT[found[1]], han)
    return [_stripped(f"{_multiplied(_parts(han)):f}")]


def _plain(digits: str, comma: bool) -> list[str]:
    """Return digits with separators as one plain decimal, or as several where they are no one number."""
    digits = digits.replace("_", "")
    marks = sorted({",", "."} & set(digits), key=digits.rindex)
    if not marks:
        return [_stripped(digits)]
    last = marks[-1]
    once = digits.count(last) == 1
    if len(marks) == 2 and once:
        return [_stripped(digits.replace(marks[0], "").replace(last, "."))]
    if _GROUPED.fullmatch(digits) and (not once or (last == ",") != comma):
        return [_stripped(digits.replace(last, ""))]
    if once:
        return [_stripped(digits.replace(last, "."))]
    return [_stripped(part) for part in regex.split("[.,]", digits)]


def _parts(text: str) -> list[Decimal | int]:
    """Return numbers as decimals and units as powers of ten, in order."""
    return [
        _POWER_OF_UNIT[part["unit"]] if part["unit"] else Decimal(part["number"].translate(_AS_DIGITS))
        for part in _PART.finditer(text)
    ]


def _multiplied(parts: list[Decimal | int]) -> Decimal:
    """Return the value of 3 亿 5 千 万: units below 万 make a section, a unit from 万 on multiplies it."""
    total = section = number = Decimal(0)
    largest = 0
    for part in parts:
        if isinstance(part, Decimal):
            number = part
        elif part < _POWER_OF_UNIT["万"]:
            section += (number or Decimal(1)).scaleb(part)
            number = Decimal(0)
        else:
            section += number
            total = (total + section).scaleb(part) if part > largest else total + section.scaleb(part)
            section = number = Decimal(0)
            largest = part
    return total + section + number


def _stripped(digits: str) -> str:
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0")
    return (whole.lstrip("0") or "0") + ("." + fraction if fraction else "")
