"""What a PDF's glyphs say: radicals and ligatures as characters, right-to-left lines in reading order."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby

import regex

_RADICALS = dict(
    zip(
        "⺁⺄⺅⺈⺊⺌⺎⺓⺖⺘⺙⺛⺝⺟⺠⺡⺢⺣⺤⺥⺧⺨⺩⺫⺬⺭⺮⺯⺰⺲⺶⺹⺼⺽⺾⻁⻂⻃⻄⻅⻆⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
        "厂乙亻刀卜小兀幺忄扌攵旡月母民氵氺灬爫爫牛犭王目示礻竹糹纟罒羊耂肉臼艹虎衤覀西见角讠贝足车辶辶辶阝钅長镸长门阝雨青韦页风飞食飠饣马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
        strict=True,
    )
)
"""The radicals fonts give for characters and NFKC leaves alone (EquivalentUnifiedIdeograph.txt)."""

_COMPATIBLE = regex.compile(
    r"[\u2f00-\u2fdf\ufb00-\ufb4f\ufb50-\ufdff\ufe10-\ufe19\ufe30-\ufe48\ufe70-\ufefc]"
)
"""Radicals, ligatures, letters by their place in a word, and the marks of vertical text."""
_UNMAPPED = regex.compile(r"\(cid:\d+\)|[\x00-\x08\x0b\x0e-\x1f\ue000-\uf8ff]")
_LETTERS = regex.compile(r"[\p{Arabic}\p{Hebrew}\p{Syriac}\p{Thaana}]")
_LEFT_TO_RIGHT = regex.compile(r"[\p{Nd}\p{Latin}\p{Cyrillic}\p{Greek}\p{Han}%]")
MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


_DOOR = "⼾"
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_SIMPLIFIED = regex.compile(r"[们这国说为会来时对过发后还没业产经开县]")
_TRADITIONAL = regex.compile(r"[們這國說為會來時對過發後還沒業產經開縣]")


def with_doors(text: str, page: str) -> str:
    """Write the radical of the door, which fonts share with a character, as on the rest of the page: 户, 戶, 戸."""
    if _DOOR not in text:
        return text
    if _KANA.search(page):
        return text.replace(_DOOR, "戸")
    simplified = len(_SIMPLIFIED.findall(page)) >= len(_TRADITIONAL.findall(page))
    return text.replace(_DOOR, "户" if simplified else "戶")


@lru_cache(maxsize=20_000)
def readable(glyph: str) -> str:
    """Return the text of a glyph as people write it; � where the font does not say what it is."""
    glyph = _UNMAPPED.sub("\ufffd", glyph)
    if glyph in _RADICALS:
        return _RADICALS[glyph]
    if glyph == _DOOR:
        return glyph
    return unicodedata.normalize("NFKC", glyph) if _COMPATIBLE.search(glyph) else glyph


_DRAWN_FIRST = "िিਿિெேைেৈେെേൈ"
"""Vowel signs that stand left of the consonant that they follow."""
_BLOCKS = range(0x900, 0xD80, 0x80)
_NUKTAS, _VIRAMAS = ("".join(chr(block + place) for block in _BLOCKS) for place in (0x3C, 0x4D))
_VOWELS = "".join(f"{chr(block + 0x05)}-{chr(block + 0x14)}" for block in _BLOCKS)
_CONSONANT = rf"[\p{{Lo}}--[{_VOWELS}]]"
_CLUSTER = rf"{_CONSONANT}[{_NUKTAS}]?(?:[{_VIRAMAS}]{_CONSONANT}[{_NUKTAS}]?)*"
_AT_FIRST = regex.compile(
    rf"(?<![{_NUKTAS}\u200c\u200d\ufffd]|{_CONSONANT})[{_DRAWN_FIRST}]{_CONSONANT}", regex.V1
)
_FIRST = regex.compile(rf"([{_DRAWN_FIRST}])({_CLUSTER})", regex.V1)
_THAI_AM = regex.compile(r"\u0e4d([\u0e48-\u0e4b]?)\u0e32|([\u0e48-\u0e4b])\u0e4d\u0e32")
_THAI_TONE = regex.compile(r"([\u0e48-\u0e4b])([\u0e31\u0e34-\u0e3a])")


def in_order(text: str) -> str:
    """Return a line with the vowel signs of Indian scripts and Thai in the order in which they are written.

    A sign follows a consonant: where one stands behind none, the line has them as they are drawn.
    """
    if _AT_FIRST.search(text):
        text = _FIRST.sub(r"\2\1", text)
    if max(text, default="") >= "\u0e00":
        text = _THAI_TONE.sub(r"\2\1", _THAI_AM.sub("\\1\\2\u0e33", text))
    return text


def is_right_to_left(text: str) -> bool:
    """Return whether most letters of ``text`` are written from right to left."""
    sample = text[:4000]
    return 2 * len(_LETTERS.findall(sample)) > sum(char.isalpha() for char in sample)


def logical(glyphs: list[str]) -> str:
    """Join the glyphs of a line, which stand from left to right, in the order in which they are read.

    A line mostly of Arabic or Hebrew is turned round; its numbers and foreign words keep their order.
    """
    text = "".join(glyphs)
    turned = len(_LETTERS.findall(text))
    if 2 * turned <= sum(char.isalpha() for char in text):
        return text if not turned else _turned_words(glyphs)
    return _turned(glyphs)


def _turned(glyphs: list[str]) -> str:
    parts = []
    for is_foreign, group in groupby(_runs(glyphs), key=lambda run: run[0]):
        run = [glyph for _, glyph in group]
        parts.append("".join(run) if is_foreign else "".join(reversed(run)).translate(MIRRORED))
    return "".join(reversed(parts))


def _turned_words(glyphs: list[str]) -> str:
    """Turn round the Arabic or Hebrew words of a line that is mostly something else."""
    parts: list[str] = []
    for is_turned, group in groupby(glyphs, key=lambda glyph: bool(_LETTERS.search(glyph))):
        run = list(group)
        parts.extend(reversed(run) if is_turned else run)
    return "".join(parts)


def _runs(glyphs: list[str]) -> list[tuple[bool, str]]:
    """Mark the glyphs that keep their order: letters and digits, and marks between two of them."""
    marks = [bool(_LEFT_TO_RIGHT.search(glyph)) for glyph in glyphs]
    for at in range(1, len(glyphs) - 1):
        if not marks[at] and glyphs[at] in ".,:/-'’ " and marks[at - 1]:
            after = next((i for i in range(at + 1, len(glyphs)) if glyphs[i] != " "), None)
            marks[at] = after is not None and bool(_LEFT_TO_RIGHT.search(glyphs[after]))
    return list(zip(marks, glyphs, strict=True))
