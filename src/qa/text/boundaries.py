"""Sentences of a text: every mark that may end one is a candidate, and a rule by kind of mark decides."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import regex

from qa.text.abbreviations import BEFORE_NUMBER, BEFORE_ORDINAL, EITHER, MONTHS, STARTERS, TITLES
from qa.text.characters import HAN, HANGUL, KANA, UNSPACED, is_caseless, may_cut
from qa.types import Span

LONG_FOR_SEMICOLON = 60
LONG_FOR_SPACE = 90
"""Characters a sentence must have before a semicolon, or a space in Thai, ends it."""

_ALWAYS = "。｡！？।॥؟۔܀።፧၊။៕៚᠃᠉։༎"
_EXCLAIMED = "!?‼⁇⁈⁉\u037e"
_SEMICOLONS = ";；؛"
_CLOSERS = (
    r"""["'”’)\]）］】》〉」』〕｝}›»\p{M}\u200d]"""
    r"|[ \u00a0]?\[ ?\d{1,3} ?\]"  # a note: "end.[4] Next"
    r"|[“‘«](?!\w)"  # German „…“ and »…«, but no Chinese opening mark
    r"|[ \u00a0\u202f]»(?!\w)"  # French « … »
    r"|[ ]''(?!\w)"  # tokenised English
)
_STOP = (
    rf"(?P<stop>[.．…‥{_ALWAYS}{_EXCLAIMED}]++)(?P<closers>(?:{_CLOSERS})*+)"
    rf"|(?P<semicolon>[{_SEMICOLONS}])"
)
_BAR = r"(?P<bar>(?<=[\p{Devanagari}\p{Bengali}])\|++(?=\s|$))"  # typed for a danda
_GAP = rf"(?P<space>(?<=[[{UNSPACED}]--[ฯ]])\s++(?=[[{UNSPACED}]--[ๆฯ\p{{M}}]]))"
LONGEST_QUOTATION, LONGEST_DENSE_QUOTATION = 300, 150
"""Characters of a quotation, and of one in Chinese or Japanese, that is never parted; a longer one is a text itself."""

_OPENS = r"(?<![^\s(\[—–])"
"""Before an opening mark that also closes: the beginning, a space, a bracket or a dash."""
_CLOSES = r"(?<=\S)[{}](?!(?!\p{{Hangul}})\w)"
"""Such a closing mark: behind a letter, and before none but a particle in Korean."""
_QUOTED = rf"{{1,{LONGEST_QUOTATION}}}+"
_QUOTATION = regex.compile(
    "|".join(
        (
            *(rf"{a}[^{a}{b}]{_QUOTED}{b}" for a, b in ("«»", "‹›", "「」", "『』", "《》")),
            rf"“[^“”„]{_QUOTED}”",
            rf"„[^„“”]{_QUOTED}[“”]",
            rf"‚[^‚‘’]{_QUOTED}{_CLOSES.format('‘’')}",
            rf"(?<!\w)‘(?=\w)(?:[^‘’]|’(?=\p{{L}})){_QUOTED}{_CLOSES.format('’')}",
            rf"{_OPENS}»(?=\S)[^«»]{_QUOTED}{_CLOSES.format('«')}",
            rf"{_OPENS}”(?=\S)[^“”„]{_QUOTED}{_CLOSES.format('”')}",
            rf'{_OPENS}"(?=\S)[^"]{_QUOTED}{_CLOSES.format(chr(34))}',
        )
    ),
    regex.V1,
)
_CANDIDATE = regex.compile(_STOP, regex.V1)
_ANY_CANDIDATE = regex.compile(f"{_STOP}|{_BAR}|{_GAP}", regex.V1)
_NEEDS_ANY = regex.compile(rf"[{UNSPACED}\p{{Devanagari}}\p{{Bengali}}]")
_WORD_BEFORE = regex.compile(r"""(?r)[^\s"'“”‘’«»„(\[{（「『¿¡—–/]{0,40}+""")
_WORD_AFTER = regex.compile(r"""["'“‘«„»›「『（(\[¿¡]{0,4}+(\w{0,24}+)""")
_SPACE = regex.compile(r"\s*+")
_CONTINUES = frozenset(",;:、，；：)）]」』”" + ".．…‥" + _ALWAYS + _EXCLAIMED)
_PARTICLE = regex.compile(rf"[とっのをがはにもでや{HANGUL}]")
"""What follows a closed quotation within its sentence, in Japanese and Korean."""

_SHORT_IS_WHOLE = regex.compile(rf"[{HAN}{KANA}{HANGUL}]")
_CJK = regex.compile(rf"[{HAN}{KANA}]")
_KATAKANA = regex.compile(r"[\p{Katakana}ー]")
_UNSPACED = regex.compile(rf"[{UNSPACED}]")
_GREEK = regex.compile(r"\p{Greek}")
_INITIAL = regex.compile(r"\p{L}\p{M}*(?:\.-?\p{L}{1,2}\p{M}*)*")
_NOWHERE = Span(sys.maxsize, sys.maxsize)
_ROMAN = regex.compile(r"[IVXLC]{2,6}")


@dataclass(slots=True)
class _Mark:
    """A candidate: where its sentence starts, the mark itself, and what stands around it."""

    text: str
    sentence: int
    start: int
    end: int
    """After the closing quotes and brackets that belong to the mark."""
    stops: str
    closers: str
    resume: int
    """The next character that is no space; the length of the text at its end."""

    @property
    def next(self) -> str:
        """The character after the space, or "" at the end of the text."""
        return self.text[self.resume : self.resume + 1]

    @property
    def previous(self) -> str:
        return self.text[self.start - 1 : self.start]

    @property
    def glued(self) -> bool:
        """Whether text follows without a space."""
        return self.resume == self.end < len(self.text)

    @property
    def word_before(self) -> str:
        found = _WORD_BEFORE.match(self.text, self.sentence, self.start)
        return found[0] if found else ""

    @property
    def word_after(self) -> str:
        found = _WORD_AFTER.match(self.text, self.resume)
        return found[1] if found else ""


def sentences(text: str) -> list[Span]:
    """Return the sentences of ``text``: ordered, disjoint, trimmed, covering all that is no space.

    The text is one block: a line break in it ends nothing.
    """
    return list(iter_sentences(text))


def iter_sentences(text: str) -> Iterator[Span]:
    """Yield what ``sentences`` returns, for a text of millions of them."""
    start = 0
    quoted = _quotations(text)
    quotation = next(quoted, _NOWHERE)
    for found in _candidates(text):
        mark = _mark(text, start, found)
        while quotation.end <= mark.start:
            quotation = next(quoted, _NOWHERE)
        if quotation.start < mark.start and mark.end < quotation.end:
            continue  # a quotation is never parted
        if _RULES[found.lastgroup or "stop"](mark) and may_cut(text, mark.resume):
            yield from _trimmed(text, start, mark.end)
            start = mark.end
    yield from _trimmed(text, start, len(text))


def _quotations(text: str) -> Iterator[Span]:
    """Yield the quotations that are closed and not too long to stay whole; what is quoted in one is a part of it."""
    for found in _QUOTATION.finditer(text):
        span = Span(*found.span())
        if len(span) <= LONGEST_DENSE_QUOTATION or not _CJK.search(found[0]):
            yield span


def is_terminal(text: str) -> bool:
    """Return whether ``text`` ends like a finished sentence, its closing quotes and notes included.

    "Dr." and "1." do not, nor does a colon or a semicolon.
    """
    end = text.rstrip()[-2 * LONG_FOR_SPACE :]
    if end[-1:].isalnum():  # most lines: no mark is looked for
        return False
    marks = list(_candidates(end))
    if not marks or marks[-1].end() < len(end):
        return False
    rule = _RULES[marks[-1].lastgroup or "stop"]
    return rule not in (_semicolon_ends, _space_ends) and rule(_mark(end, 0, marks[-1]))


def _candidates(text: str) -> Iterator[regex.Match[str]]:
    return (_ANY_CANDIDATE if _NEEDS_ANY.search(text) else _CANDIDATE).finditer(text)


def _mark(text: str, sentence: int, found: regex.Match[str]) -> _Mark:
    start, end = found.span()
    space = _SPACE.match(text, end)
    resume = space.end() if space else end
    return _Mark(text, sentence, start, end, found["stop"] or "", found["closers"] or "", resume)


def _trimmed(text: str, start: int, end: int) -> list[Span]:
    piece = text[start:end]
    whole = piece.strip()
    first = start + len(piece) - len(piece.lstrip())
    return [Span(first, first + len(whole))] if whole else []


def _semicolon_ends(mark: _Mark) -> bool:
    if mark.glued and not (_CJK.match(mark.next) or mark.text[mark.start] == "；"):
        return False
    return mark.start - mark.sentence > LONG_FOR_SEMICOLON or _GREEK.match(mark.previous) is not None


def _space_ends(mark: _Mark) -> bool:
    return mark.start - mark.sentence > LONG_FOR_SPACE


def _ends(mark: _Mark) -> bool:
    """Decide on full stops, question marks and the like by the strongest among them."""
    if mark.next and mark.next in _CONTINUES:
        return False
    if mark.glued and mark.closers and _PARTICLE.match(mark.next):
        return False
    if not set(_ALWAYS).isdisjoint(mark.stops):
        return True
    if not set(_EXCLAIMED).isdisjoint(mark.stops):
        return _exclamation_ends(mark)
    if mark.stops not in ".．":
        return _ellipsis_ends(mark)
    return _full_stop_ends(mark)


def _exclamation_ends(mark: _Mark) -> bool:
    if mark.glued:
        if _CJK.match(mark.next) or _CJK.match(mark.previous):
            return True
        return not mark.closers and is_caseless(mark.next)
    if mark.next.islower():  # "Yahoo! is", '"Why?" he asked'
        return not mark.closers and "?" in mark.stops
    return True


def _ellipsis_ends(mark: _Mark) -> bool:
    if mark.glued:
        return bool(mark.closers and _CJK.match(mark.next))
    return not mark.next.islower()


def _full_stop_ends(mark: _Mark) -> bool:
    if mark.glued:
        return _glued_full_stop_ends(mark)
    before, after = mark.word_before, mark.next
    word = before.casefold()
    if not before:
        return not after.islower()
    if word in TITLES or (word in BEFORE_NUMBER and after.isdigit()):
        return False
    if word in EITHER:
        return not after or _starts_sentence(mark)
    if before.isdigit():
        return _number_ends(mark, before)
    if _ROMAN.fullmatch(before) or (_INITIAL.fullmatch(before) and not _SHORT_IS_WHOLE.match(before)):
        return not _opens_sentence(mark, before) and (_starts_sentence(mark) if after else len(before) > 1)
    if len(before) < 5:  # an unknown abbreviation rather than a word, if anything speaks for it
        return not after.islower() and not _UNSPACED.match(before)
    return True


def _glued_full_stop_ends(mark: _Mark) -> bool:
    """Without a space it is an end only between letters without case: "했다.그는", never "Node.js"."""
    if mark.closers or not (mark.previous and is_caseless(mark.previous) and is_caseless(mark.next)):
        return False
    if _KATAKANA.match(mark.previous) and _KATAKANA.match(mark.next):  # ジョン．スミス
        return False
    return len(mark.word_before) >= (5 if _UNSPACED.match(mark.previous) else 3)


def _number_ends(mark: _Mark, number: str) -> bool:
    """A number with a full stop ends a sentence unless it numbers a list or is an ordinal."""
    if mark.next.islower() or (len(number) <= 3 and _opens_sentence(mark, number)):
        return False
    if len(number) > 2:
        return True
    head = mark.start - len(number)
    previous = mark.text[max(mark.sentence, head - 16) : head].split()
    ordinal = bool(previous) and previous[-1].casefold() in BEFORE_ORDINAL
    return not ordinal and mark.word_after.casefold() not in MONTHS


def _opens_sentence(mark: _Mark, word: str) -> bool:
    """Return whether nothing stands before ``word`` in its sentence, as in "1. First" and "a. One"."""
    head = mark.start - len(word)
    return not mark.text[max(mark.sentence, head - LONG_FOR_SPACE) : head].strip()


def _starts_sentence(mark: _Mark) -> bool:
    word = mark.word_after
    if len(word) == 1 and mark.text[mark.resume + 1 : mark.resume + 2] == ".":  # the second of two initials
        return False
    return word[:1].isupper() and word.casefold() in STARTERS


def _bar_ends(mark: _Mark) -> bool:
    return True


_RULES = {
    "stop": _ends,
    "closers": _ends,
    "semicolon": _semicolon_ends,
    "bar": _bar_ends,
    "space": _space_ends,
}
