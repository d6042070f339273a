"""Bytes to text: which of the world's encodings a text file was written in.

A byte order mark or valid UTF-8 settles it. Otherwise every legacy encoding decodes a sample, and the
reading whose characters are the most probable in one of its languages wins: a general detector goes by
bytes and errs on short texts, while "which of these readings looks like a language" works from a few words.
"""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from qa.readers.building import Unreadable
from qa.readers.letters import ALPHABETS, CHARACTERS, WORDS


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, the name of its encoding, and what was lost on the way, in sentences."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


CODECS: dict[str, tuple[str, ...]] = {
    "windows-1252": ("en", "fr", "de", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "is"),
    "gb18030": ("zh", "zh_hant"),
    "cp950": ("zh_hant",),
    "big5hkscs": ("zh_hant",),
    "cp932": ("ja",),
    "euc_jp": ("ja",),
    "cp949": ("ko",),
    "windows-1251": ("ru", "uk", "bg"),
    "koi8-r": ("ru",),
    "koi8-u": ("uk",),
    "cp866": ("ru",),
    "windows-1250": ("pl", "cs", "hu", "ro", "sk", "hr", "sl"),
    "iso8859-2": ("pl", "cs", "hu", "ro", "sk", "hr", "sl"),
    "windows-1253": ("el",),
    "windows-1254": ("tr",),
    "windows-1255": ("he",),
    "windows-1256": ("ar", "fa"),
    "windows-1257": ("lv", "lt", "et"),
    "windows-1258": ("vi",),
    "cp874": ("th",),
}
"""Legacy encodings with the languages they are used for; of equal readings the first one wins."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SIGNATURES = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "an audio, video or WebP file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls, .ppt)"),
    (b"SQLite format 3\0", "a database"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"{\\rtf", "an RTF document"),
)

_SAMPLE = 12_000
_PUNCTUATION = frozenset("“”‘’–—…«»•·°§©€№„‹›¿¡\u00a0")
_SIGNS = "©®£¥¢¤¦§¨«¬°±²³´µ¶¸¹º»¼½¾¿¡×÷№•†‡‰‹›€™¯ª│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀░▒▓∙√≈≤≥⌠⌡"
_CJK_PUNCTUATION = frozenset("，。、；：？！（）《》〈〉“”‘’「」『』【】〔〕…—～·・‧％　－＋／．＂")
_BAD = 22.0
_WORD_GAIN = 2.5
_WORD = re.compile(r"[^\W\d_]+")


def decode(data: bytes, *, declared: str | None = None) -> Decoded:
    """Return the text of ``data``, with ``\\r\\n`` as ``\\n`` and without byte order mark.

    ``declared`` is what the file says of itself (an HTML ``charset``); it is believed if it fits.
    Raises ``Unreadable`` for binary data.
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            return _finish(data[len(mark) :], name)
    _refuse_signatures(data)
    wide = _wide_name(data)
    if wide:
        return _finish(data, wide)
    escaped = _escaped_name(data)
    if escaped or _is_utf8(data):
        return _finish(data, escaped or "utf-8")
    _refuse_binary(data)
    return _finish(data, _declared_name(data, declared) or _legacy_name(data))


def clean(text: str) -> str:
    """Return ``text`` with line ends as ``\\n`` and nothing in it that a database or terminal trips over.

    Control characters become spaces and lone surrogates ``�``, one for one, so that offsets stay.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text))


_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKS_WITHIN = re.compile("^\ufeff+", re.MULTILINE)
"""Byte order marks where files were put together."""
_SURROGATES = re.compile("[\ud800-\udfff]")


def _finish(data: bytes, name: str) -> Decoded:
    text = data.decode(name, "replace")
    if "\ufeff" in text:
        text = _MARKS_WITHIN.sub("", text)
    if name == "windows-1258":  # letters and tone marks are apart there; searches expect them together
        text = unicodedata.normalize("NFC", text)
    warnings = []
    lost = text.count("\ufffd")
    controls = len(_CONTROLS.findall(text))
    if lost + controls > 0.2 * len(text):
        raise Unreadable("holds binary data, no text.")
    if lost:
        what = _plural("character", lost)
        warnings.append(f"{lost} {what} could not be read as {name} and show as \ufffd.")
    if controls:
        one = controls == 1
        what = (
            "control character was replaced by a space"
            if one
            else "control characters were replaced by spaces"
        )
        warnings.append(f"{controls} {what}.")
    return Decoded(clean(text), name, tuple(warnings))


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"


def _refuse_signatures(data: bytes) -> None:
    for signature, what in SIGNATURES:
        if data.startswith(signature):
            raise Unreadable(f"is {what}, whatever its name says.")


def _refuse_binary(data: bytes) -> None:
    """Raise for data whose control bytes are too many for any text (random bytes have 10 %)."""
    sample = data[:65_536]
    controls = len(sample) - len(sample.translate(None, bytes([*range(7), *range(14, 27), *range(28, 32)])))
    if controls > 0.02 * len(sample) + 2:
        raise Unreadable("holds binary data, no text.")


def _is_utf8(data: bytes) -> bool:
    """Tell whether ``data`` is UTF-8, a little damage (one bad sequence in ten) forgiven."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        wide = len(data) - len(data.translate(None, bytes(range(0xC2, 0xF5))))
        return bad * 10 <= wide - bad
    _refuse_binary(data)
    return True


def _wide_name(data: bytes) -> str | None:
    """Recognise UTF-16 without its mark: read so, nearly every character is a usual one."""
    sample = data[: 2 * _SAMPLE]
    if len(sample) < 2 or (b"\0" not in sample and _is_ascii_or_utf8(sample)):
        return None
    shares = {name: _usual_share(sample[: len(sample) & ~1].decode(name, "replace")) for name in _WIDE}
    name = max(shares, key=lambda name: shares[name])
    return name if shares[name] > 0.6 else None


_WIDE = ("utf-16-le", "utf-16-be")


def _is_ascii_or_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _usual_share(text: str) -> float:
    usual = _usual_characters()
    return sum(char in usual for char in text) / len(text)


@cache
def _usual_characters() -> frozenset[str]:
    letters = "".join(ALPHABETS.values())
    ascii_text = "".join(map(chr, range(32, 127))) + "\n\r\t"
    characters = "".join(CHARACTERS.values())
    return frozenset(ascii_text + letters + letters.upper() + characters) | _PUNCTUATION | _CJK_PUNCTUATION


def _declared_name(data: bytes, declared: str | None) -> str | None:
    if not declared:
        return None
    name = _LABELS.get(declared.strip().lower(), declared.strip().lower())
    try:
        data.decode(name)
    except (LookupError, UnicodeDecodeError):
        return None
    return name


_LABELS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "big5": "cp950",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "windows-1252",
    "latin1": "windows-1252",
    "us-ascii": "windows-1252",
    "iso-8859-9": "windows-1254",
    "tis-620": "cp874",
    "windows-874": "cp874",
}
"""Labels as the web uses them: the superset that such pages are really written in."""


def _escaped_name(data: bytes) -> str | None:
    """Recognise the seven-bit Japanese and Korean of old mail by its escapes."""
    for escape, name in ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$", "iso2022_jp_2")):
        if escape in data and _declared_name(data, name):
            return name
    return None


def _legacy_name(data: bytes) -> str:
    """Return the encoding with the most probable reading of a sample, one that loses nothing first."""
    sample = _sample(data)
    scores = {name: _score(sample, name) for name in CODECS}
    ranked = sorted(CODECS, key=lambda name: -scores[name])
    for name in ranked[:3]:  # a wrong third still beats damage only if it is nearly as probable
        if scores[name] > 1.15 * scores[ranked[0]] - _BAD and _declared_name(data, name):
            return name
    return ranked[0]


def _sample(data: bytes) -> bytes:
    """Return up to ``_SAMPLE`` bytes of lines that are not ASCII, from four places of the file."""
    starts = (0, len(data) // 4, len(data) // 2, 3 * len(data) // 4) if len(data) > 8 * _SAMPLE else (0,)
    return b"".join(b"".join(_foreign_lines(data, start, _SAMPLE // len(starts))) for start in starts)


def _foreign_lines(data: bytes, start: int, size: int) -> Iterable[bytes]:
    if start:
        start = max(data.find(b"\n", start, start + size), start)
    for line in _lines(data, start, size):
        if not line.isascii():
            yield line[:size]
            size -= len(line)
            if size <= 0:
                return


def _lines(data: bytes, start: int, size: int) -> Iterable[bytes]:
    """Yield lines from ``start``, none longer than ``size``, from at most a megabyte."""
    limit = min(len(data), start + 1_000_000)
    while start < limit:
        end = data.find(b"\n", start, start + size) + 1 or min(start + size, len(data))
        yield data[start:end]
        start = end


def _score(sample: bytes, name: str) -> float:
    """Return the log probability of the sample's characters beyond ASCII, in the likeliest language."""
    text = sample.decode(name, "replace")
    letters = Counter(text.lower())
    words = Counter(_WORD.findall(text.lower()))
    best = max(_language_score(letters, words, language) for language in CODECS[name])
    return best - _context_cost(text) - (0.0 if CODECS[name][0] in WORDS else _stray_cost(text))


def _language_score(letters: Counter[str], words: Counter[str], language: str) -> float:
    costs = _costs(language)
    foreign = [(char, count) for char, count in letters.items() if char > "\x7f"]
    total = sum(count * (costs.get(char) or _cost(char, language)) for char, count in foreign)
    return -total - (_latin_cost(letters, words, language) if language in WORDS else 0.0)


def _latin_cost(letters: Counter[str], words: Counter[str], language: str) -> float:
    """Return how much worse the ASCII part fits this Latin-written language than the one it fits best.

    For other scripts nothing is asked: English words in a Chinese text say nothing against Chinese.
    """
    ascii_letters = [(char, count) for char, count in letters.items() if "a" <= char <= "z"]
    best = min(_ascii_cost(ascii_letters, words, other) for other in WORDS)
    hits = sum(words[word] for word in _words(language) if not word.isascii())
    return _ascii_cost(ascii_letters, words, language) - best - _WORD_GAIN * hits


def _ascii_cost(letters: list[tuple[str, int]], words: Counter[str], language: str) -> float:
    costs = _costs(language)
    hits = sum(words[word] for word in _words(language) if word.isascii())
    return sum(count * costs.get(char, 11.0) for char, count in letters) - _WORD_GAIN * hits


@cache
def _words(language: str) -> tuple[str, ...]:
    return tuple(WORDS[language].split())


@cache
def _costs(language: str) -> dict[str, float]:
    """Return ``-log p`` of each character of a language by its rank, after the usual shape of such counts."""
    if language in CHARACTERS:
        return {char: 3.1 + 0.78 * math.log1p(rank) for rank, char in enumerate(CHARACTERS[language])}
    letters = ALPHABETS[language]
    return {char: 2.0 + 7.0 * (rank / len(letters)) ** 2 for rank, char in enumerate(letters)}


def _cost(char: str, language: str) -> float:
    """Return ``-log p`` of a character that is not on the list of its language."""
    if char in _CJK_PUNCTUATION and language in CHARACTERS:
        return 4.5
    if char in _PUNCTUATION:
        return 6.0 + (language in CHARACTERS)
    code = ord(char)
    if char == "\ufffd":
        return _BAD
    if 0x80 <= code < 0xA0 or 0xE000 <= code < 0xF900:
        return 15.0
    if language in CHARACTERS:
        return _character_cost(code, language)
    return 11.0


def _character_cost(code: int, language: str) -> float:
    if 0x4E00 <= code < 0xA000:
        return 14.0 if language == "ko" else 10.0 if _is_common_han(chr(code), language) else 13.0
    if 0xAC00 <= code < 0xD7A4:
        return 10.0 if language == "ko" and _encodes(chr(code), "euc_kr") else 14.0
    if 0xFF01 <= code < 0xFF5F:  # full-width letters and digits
        return 7.5
    if 0x3040 <= code < 0x3100:
        return 7.5 if language == "ja" else 12.0
    return 13.0


def _is_common_han(char: str, language: str) -> bool:
    """Tell whether the standard of the language puts the character into its first, common level."""
    codec, first, last = _FIRST_LEVEL[language]
    return _encodes(char, codec) and first <= char.encode(codec) <= last


_FIRST_LEVEL = {
    "zh": ("gb2312", b"\xb0\xa1", b"\xd7\xf9"),
    "zh_hant": ("big5", b"\xa4\x40", b"\xc6\x7e"),
    "ja": ("euc_jp", b"\xb0\xa1", b"\xcf\xd3"),
}


def _encodes(char: str, codec: str) -> bool:
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _context_cost(text: str) -> float:
    """Return the cost of neighbours that hardly any writing has: ``pиre``, ``fЕРe``, ``gl№cklich``."""
    return sum(cost * len(pattern.findall(text)) for pattern, cost in _NEIGHBOURS)


def _stray_cost(text: str) -> float:
    """Return the cost of a few characters of another script among Latin words: ``Esta י a cidade``."""
    others = len(_OTHER_LETTER.findall(text))
    latin = len(_ASCII_LETTER.findall(text))
    return 5.0 + 3.0 * others if latin > 4 * others else 0.0


_LOWER = "a-zß-öø-ÿа-яёєіїґα-ωάέήίόύώāăąćčďđēęěğģīįıķļłńņňōőřśşšťūůűųźżžșț"
_UPPER = "A-ZÀ-ÖØ-ÞА-ЯЁЄІЇҐΑ-ΩΆΈΉΊΌΎΏĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶĻŁŃŅŇŌŐŘŚŞŠŤŪŮŰŲŹŻŽȘȚ"
_OTHER = "\u0370-\u03ff\u0400-\u04ff\u0590-\u06ff\u0e00-\u0e7f"
_OTHER_LETTER = re.compile(f"[{_OTHER}\u3400-\u9fff\uac00-\ud7a3]")
_ASCII_LETTER = re.compile("[A-Za-z]")
_NEIGHBOURS = (
    (re.compile(f"(?=[{_LOWER}][{_UPPER}])(?![a-z][A-Z])"), 5.0),
    (re.compile(f"(?=[A-Za-z][{_OTHER}]|[{_OTHER}][A-Za-z])"), 6.0),
    (re.compile(f"(?<=[{_LOWER}])[{re.escape(_SIGNS)}](?=[{_LOWER}])"), 6.0),
    (re.compile(f"(?<=[{_LOWER}])[¿¡]|[{re.escape(_SIGNS)}](?=[{_LOWER}])"), 3.0),
    (re.compile(r"(?<=[a-z])[\u3400-\u9fff\uac00-\ud7a3](?=[a-z])"), 6.0),
    (re.compile(f"[{_UPPER}]"), 0.7),
)
