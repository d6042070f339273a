"""Plain text: paragraphs, headings and lists found again in lines.

The stored text is the file's. A line break inside a paragraph ends nothing; a blank line ends a paragraph
unless it cuts a sentence in two, as in text taken from newspaper columns. A wrong heading costs less than
a sentence cut apart, and every character that is no space or ruled line belongs to a block.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import regex

from qa.readers.building import Outline, Parsed, first_heading
from qa.readers.byline import byline
from qa.readers.dateline import WITHIN, dateline
from qa.text import is_terminal, sentences, unwrap
from qa.types import Block, Span

PAGE_BREAK = "\f"
MAX_WRAP_WIDTH = 120
"""Columns; text with longer lines has a paragraph on each line."""
MAX_HEADING_WIDTH = 64
MAX_PLAIN_WIDTH = 44
"""Columns; a longer line with commas is part of a sentence."""
MAX_HEADING_LINES = 3
MAX_HEADING_RUN = 4
"""More headings than this in a row, with no text between, are a list of short lines."""

MAX_MENDED_LINES = 300
"""A paragraph longer than this is not joined with the next: the text is no prose."""

_ENDS = 400
"""Characters of a line or paragraph that are looked at: its ends tell how it goes on."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without the spaces around it. ``form`` is one of plain, item, row, pair, rule, numbered."""

    span: Span
    text: str
    """The beginning of a long line."""
    tail: str
    width: int
    indent: int
    page: int
    form: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines that belong together: a block in the making; ``apart`` if a blank line stands before it.

    The kind ``imprint`` is a byline or a dateline: a paragraph that is part of no heading.
    """

    lines: tuple[_Line, ...]
    kind: str
    apart: bool
    rank: int = 0

    @property
    def span(self) -> Span:
        return Span(self.lines[0].span.start, self.lines[-1].span.end)

    @property
    def tail(self) -> str:
        """The end of the text, enough of it to see whether it is finished."""
        return "\n".join(line.tail for line in self.lines[-6:])


def parse(text: str, *, outline_title: str = "") -> Parsed:
    """Return blocks over ``text``, which is kept as it is."""
    paged = PAGE_BREAK in text
    pieces = _headed(_mended(_with_imprint(list(_pieces(_groups(text))))))
    blocks = tuple(_blocks(text, pieces, paged))
    pages = text.rstrip().count(PAGE_BREAK) + 1 if paged else None
    return Parsed(text, blocks, outline_title or first_heading(text, blocks), pages)


# --- lines ---------------------------------------------------------------------------------------------

_WIDE = regex.compile(
    r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]"
)
_RULE = regex.compile(r"(?:([-=~_*#+^—─━═·.•])\1{2,}|--|(?:[-*_=·•] ?){3,})\s*+")
_ITEM = regex.compile(
    r"(?:[-–—*•·●○◦▪■□◆◇▶►‣⁃・※] \s*+|[•●○◦▪■□◆◇▶►‣⁃※]\s*+"
    r"|\(?\d{1,3}[.)、．）](?!\d)\s*+|[(（]\d{1,3}[)）]\s*+|[①-⑳⑴-⒇❶-❿]\s*+|\(?[a-zA-Zа-я][.)] \s*+)(?=\S)"
)
_NUMBERED = (
    regex.compile(
        r"第\s?[一二三四五六七八九十百零〇\d]{1,5}\s?[编編篇部卷]"
        r"|(?:PART|Part|Teil|Partie|Parte|Часть)\s+[\dIVXLC]+\b"
    ),
    regex.compile(
        r"第\s?[一二三四五六七八九十百千零〇\d]{1,6}\s?[章回]|제\s?\d+\s?장"
        r"|(?:CHAPTER|Chapter|Kapitel|Chapitre|Cap[ií]tulo|Глава|Chương|Rozdział|Bölüm)\s+[\dIVXLC]+\b"
    ),
    regex.compile(
        r"第\s?[一二三四五六七八九十百零〇\d]{1,5}\s?[节節]|제\s?\d+\s?절|(?:Section|SECTION|Abschnitt)\s+\d+"
        r"|\d{1,2}\.\d{1,2}(?:\.\d{1,2})*\.?\s(?=\p{L})"
    ),
    regex.compile(r"[一二三四五六七八九十]{1,3}[、．]\s*+(?=\S)"),
    regex.compile(r"[（(][一二三四五六七八九十]{1,3}[)）]\s*+(?=\S)"),
)
_ANY_NUMBERED = regex.compile("|".join(f"(?:{pattern.pattern})" for pattern in _NUMBERED))
_RUN_RANKS = 10
"""Ranks 1 to 10 are for titles in a row; then numbered headings by their kind, then all others."""
_PLAIN_RANK = _RUN_RANKS + len(_NUMBERED) + 2
_HEAD_ITEM = regex.compile(r"(?:[■□◆◇▣◎●○▲△▶]|\d{1,2}[.．、])\s*+(?=\S)")
"""A mark that begins headings as well as list items."""
_PAIR = regex.compile(r"[\p{L}\p{N}][^:：\n，。,.!?？！]{0,24}[:：](?!//)[ \t\u3000]*+(?=\S)")
_ROW = regex.compile(
    r"[^\t|]*+\t+[^\t]|\|?[^|]++\|[^|]++\||\S.*?(?: {3,}|\u3000{2,})\S.*?(?: {3,}|\u3000{2,})\S|\S.*? {6,}\S"
)

_ROW_GAPS = ("\t", "|", "   ", "\u3000\u3000")
"""A row has one of them."""


def _groups(text: str) -> Iterator[list[_Line]]:
    """Yield the runs of lines between blank lines."""
    group: list[_Line] = []
    start, page = 0, 1
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        head = text[start : min(end, start + 200)]
        if PAGE_BREAK in head:
            page += text.count(PAGE_BREAK, start, end)
            yield from [group] if group else []
            group = []
        line = _line(text, start, end, page)
        if line:
            group.append(line)
        elif group:
            yield group
            group = []
        start = end + 1
    if group:
        yield group


def _line(text: str, start: int, end: int, page: int) -> _Line | None:
    raw = text[start:end]
    body = raw.strip()
    if not body:
        return None
    first = start + len(raw) - len(raw.lstrip())
    head = body[:_ENDS]
    indent = _width(raw[: first - start].replace("\t", "    "))
    width = _width(head) if len(body) <= _ENDS else len(body)
    return _Line(Span(first, first + len(body)), head, body[-_ENDS:], width, indent, page, _form(head))


def _width(text: str) -> int:
    """Return the columns of ``text``: two for an ideograph."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def _form(text: str) -> str:
    if not text[0].isalnum() and _RULE.fullmatch(text):
        return "rule"
    if _ANY_NUMBERED.match(text):
        return "numbered"
    if _ITEM.match(text):
        return "item"
    if any(gap in text for gap in _ROW_GAPS) and _ROW.match(text):
        return "row"
    return "pair" if (":" in text or "：" in text) and _PAIR.match(text) else "plain"


# --- pieces: the lines of a group that belong together ----------------------------------------------------


def _pieces(groups: Iterable[list[_Line]]) -> Iterator[_Piece]:
    for group in groups:
        yield from _group_pieces(group)


def _group_pieces(group: list[_Line]) -> Iterator[_Piece]:
    width = max(line.width for line in group)
    margin = min(line.indent for line in group)
    listed = _is_list_of_lines(group, width)
    current: list[_Line] = []
    apart = True
    for place, line in enumerate(group):
        if line.form == "rule":
            if current:
                yield _piece(current, apart, width, underlined=_underlines(line, current))
                current, apart = [], False
        elif current and (listed or _begins(current, line, group, place, width, margin)):
            yield _piece(current, apart, width, listed=listed)
            current, apart = [line], False
        else:
            current.append(line)
    if current:
        yield _piece(current, apart, width, listed=listed)


def _underlines(rule: _Line, above: list[_Line]) -> bool:
    return (
        len(above) == 1
        and rule.text[0] in "=-~^*"
        and abs(rule.width - above[0].width) <= above[0].width // 2
    )


def _is_list_of_lines(group: list[_Line], width: int) -> bool:
    """Tell a list of names or the like: short lines, all broken early, no punctuation at their ends."""
    if len(group) <= MAX_HEADING_LINES or width > MAX_HEADING_WIDTH:
        return False
    if any(line.form != "plain" or line.tail[-1] in _GOES_ON or is_terminal(line.tail) for line in group):
        return False
    return width <= _NAME_WIDTH or not any(_was_forced(line, after, width) for line, after in pairwise(group))


_MIN_WRAP_WIDTH = 36
_NAME_WIDTH = 20
"""Columns; a group no wider is no wrapped text."""


def _begins(
    current: list[_Line], line: _Line, group: list[_Line], place: int, width: int, margin: int
) -> bool:
    """Tell whether ``line`` begins a new piece rather than going on with the current one."""
    last = current[-1]
    forced = _was_forced(last, line, width)
    done = is_terminal(last.tail)
    if line.form == "row" or last.form == "row":
        return line.form == last.form or _neighbour_is(group, place, "row") or done
    if line.form in ("item", "numbered"):
        return done or not forced or current[0].form in ("item", "numbered") or last.tail[-1] in ":："
    if line.form == "pair" and (current[0].form == "pair" or _neighbour_is(group, place, "pair")):
        return not forced or current[0].form == "pair" or width <= MAX_HEADING_WIDTH
    if _stands_as_heading(current, line, width):
        return True
    if line.indent >= margin + 2 and current[0].form != "item":
        return done or (not forced and line.indent >= last.indent + 2)
    return (done and (not forced or width > MAX_WRAP_WIDTH)) or (
        width > MAX_WRAP_WIDTH and not _continues(line.text)
    )


def _neighbour_is(group: list[_Line], place: int, form: str) -> bool:
    return any(group[at].form == form for at in (place - 1, place + 1) if 0 <= at < len(group))


def _was_forced(line: _Line, after: _Line, width: int) -> bool:
    """Tell whether the break came from the width of the column: the next word would not have fitted."""
    if width > MAX_WRAP_WIDTH:
        return False
    return line.indent + line.width + _width(_FIRST_WORD.match(after.text)[0]) >= width - 4 - width // 20  # type: ignore[index]


_FIRST_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]|\S[^\s\p{Han}\p{Hiragana}\p{Katakana}]*+")


def _stands_as_heading(current: list[_Line], after: _Line, width: int) -> bool:
    """Tell whether the one line so far is a heading without a blank line under it."""
    line = current[0]
    if len(current) == 1 and _is_headed_item(line):
        return after.form == "plain" and not _was_forced(line, after, width) and after.width >= 2 * line.width
    if len(current) > 1 or not _is_heading_like(line.text, current):
        return False
    if line.form == "numbered" or _is_capitals(line.text):
        return width < _MIN_WRAP_WIDTH or not _was_forced(line, after, width) or after.indent > line.indent
    return line.width <= 40 and after.width >= 2 * line.width + 20 and not _MARKS.search(line.text)


_MARKS = regex.compile(r"[\p{P}--[\-&'’“”‘’\"《》〈〉()（）·/]]", regex.V1)


def _piece(
    lines: list[_Line], apart: bool, width: int, *, listed: bool = False, underlined: bool = False
) -> _Piece:
    kind = {"item": "item", "row": "row", "pair": "item"}.get(lines[0].form, "paragraph")
    if lines[0].form == "pair" and (
        len(lines) > 1 or width > MAX_WRAP_WIDTH or lines[0].width > 2 * MAX_HEADING_WIDTH
    ):
        kind = "paragraph"
    if listed:
        kind = "item"
    if underlined and _is_heading_like(lines[0].text, lines):
        return _Piece(tuple(lines), "heading", True, _RUN_RANKS)
    return _Piece(tuple(lines), kind, apart)


def _with_imprint(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Set the byline and the dateline near the beginning apart from the title over them and the text under them.

    Where several pieces begin with a date, these are the headings of a diary or a chronicle.
    """
    is_dated = len({dateline(piece.lines[0].text) for piece in pieces} - {""}) > 1
    for number, piece in enumerate(pieces[:WITHIN]):
        start = 0
        for place, line in enumerate(piece.lines[:WITHIN]):
            is_first = number == place == 0  # "By Popular Demand" may be a title
            if (not is_first and byline(line.text)) or (not is_dated and dateline(line.text)):
                if start < place:
                    yield replace(piece, lines=piece.lines[start:place], apart=piece.apart or start > 0)
                yield _Piece((line,), "imprint", True)
                start = place + 1
        if start < len(piece.lines):
            yield replace(piece, lines=piece.lines[start:], apart=piece.apart or start > 0)
    yield from pieces[WITHIN:]


# --- sentences cut in two by a blank line ----------------------------------------------------------------

_GOES_ON = frozenset(",，、;；،؛")
_OPENERS = {
    "“": "”",
    "「": "」",
    "『": "』",
    "（": "）",
    "(": ")",
    "《": "》",
    "【": "】",
    "«": "»",
    "[": "]",
}
_HYPHEN_END = regex.compile(r"\p{Ll}[-\u00ad\u2010]$")
_CREDIT = regex.compile(r"(?:供图|供圖|摄影|攝影|摄|攝|制图|提供|报道|報道|整理|撮影|提供写真)[)）]?$")


def _mended(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Join a paragraph with the next where its last sentence goes on after a blank line."""
    mended: list[_Piece] = []
    for piece in pieces:
        if mended and _is_cut(mended[-1], piece):
            mended[-1] = replace(mended[-1], lines=mended[-1].lines + piece.lines)
        else:
            mended.append(piece)
    return mended


def _is_cut(before: _Piece, after: _Piece) -> bool:
    if len(before.lines) > MAX_MENDED_LINES or before.kind in ("heading", "row", "imprint"):
        return False
    if after.kind != "paragraph" or not after.apart or after.lines[0].form == "numbered":
        return False
    tail = before.tail.rstrip()
    if _is_broken_off(tail):
        return not _is_title_like(before)
    return (  # the cheap tests first
        before.kind == "paragraph"
        and after.lines[0].indent < before.lines[0].indent + 2
        and _continues(after.lines[0].text)
        and _is_unfinished(tail)
        and not _is_title_like(before)
        and not _is_title_like(after)
    )


def _is_title_like(piece: _Piece) -> bool:
    return piece.apart and piece.kind == "paragraph" and _is_heading_like("", list(piece.lines))


def _is_broken_off(tail: str) -> bool:
    """Tell whether the text cannot end here: a comma, a hyphen, an open bracket or quotation mark."""
    if tail[-1] in _GOES_ON or _HYPHEN_END.search(tail):
        return True
    if all(tail.rfind(closer) > tail.rfind(opener) for opener, closer in _OPENERS.items() if opener in tail):
        return False
    last = tail[_last_sentence(tail) :]
    return any(last.count(opener) > last.count(closer) for opener, closer in _OPENERS.items())


def _is_unfinished(tail: str) -> bool:
    """Tell whether a long sentence lacks its end; a short one may be a caption or a signature."""
    if is_terminal(tail) or tail[-1] in ":：)）]】" or _CREDIT.search(tail):
        return False
    return _width(unwrap(tail[_last_sentence(tail) :])) >= 30


def _last_sentence(tail: str) -> int:
    spans = sentences(tail[-_ENDS:])
    return len(tail) - len(tail[-_ENDS:]) + (spans[-1].start if spans else 0)


def _continues(text: str) -> bool:
    """Tell whether a line may go on with a sentence: it begins in lower case, or its script has no case."""
    first = text[0]
    if first.isalpha():
        return not first.isupper() and not first.istitle()
    return first.isdigit() or first in "“‘「『《（(,，.。、；;：:％%"


# --- headings ----------------------------------------------------------------------------------------------


def _headed(pieces: list[_Piece]) -> list[_Piece]:
    """Give the pieces that are headings their kind and rank."""
    candidate = [_is_candidate(pieces, place) for place in range(len(pieces))]
    headed: list[_Piece] = []
    place = depth = 0
    while place < len(pieces):
        run = 0
        while place + run < len(pieces) and candidate[place + run]:
            run += 1
        if run == 0:
            headed.append(pieces[place])
            place += 1
            continue
        opening = pieces[place : place + run]
        if place + run < len(pieces):  # what no text follows is a signature, not a heading
            opening, depth = _ranked(opening, depth, first=place == 0)
        headed.extend(opening)
        place += run
    return headed


def _is_candidate(pieces: list[_Piece], place: int) -> bool:
    piece = pieces[place]
    if piece.kind in ("heading", "imprint"):
        return piece.kind == "heading"
    after = pieces[place + 1] if place + 1 < len(pieces) else None
    form = piece.lines[0].form
    if form == "item":
        return _is_headed_item(piece.lines[0]) and _stands_alone(pieces, place)
    if form == "pair" and place == 0:  # a title with a colon, unless such lines follow
        return piece.lines[0].width <= MAX_HEADING_WIDTH and after is not None and after.kind == "paragraph"
    if piece.kind != "paragraph" or not _is_heading_like("", list(piece.lines)):
        return False
    if form == "numbered" and len(piece.lines) == 1:  # numbered lines in a row are a list
        return after is None or _number_rank(after) != _number_rank(piece)
    if form == "pair" and piece.lines[0].tail[-1] not in ":：" and len(piece.lines) == 1:
        return False
    if piece.apart and (after is None or after.apart):
        return True
    if after is None or after.kind != "paragraph":
        return False
    return _stands_as_heading(
        list(piece.lines), after.lines[0], max(piece.lines[0].width, after.lines[0].width)
    )


def _is_headed_item(line: _Line) -> bool:
    if line.form != "item" or line.width > 40 or not _HEAD_ITEM.match(line.text):
        return False
    return line.tail[-1] not in _GOES_ON and line.tail[-1] not in ":：" and not is_terminal(line.tail)


def _stands_alone(pieces: list[_Piece], place: int) -> bool:
    """Tell a marked heading from the item of a list: one line, text under it, no item of its kind near."""
    if len(pieces[place].lines) > 1 or place + 1 == len(pieces):
        return False
    mark = pieces[place].lines[0].text[0]
    beside = [*pieces[place - 1 : place], pieces[place + 1]] if place else [pieces[1]]
    items = [piece for piece in beside if piece.kind == "item"]
    return not items or (mark in "■□◆◇▣◎▲△" and all(item.lines[0].text[0] != mark for item in items))


def _ranked(run: list[_Piece], depth: int, *, first: bool) -> tuple[list[_Piece], int]:
    """Rank headings that follow each other: titles of an article nest, a single one is a part of it."""
    if len(run) > MAX_HEADING_RUN:
        titles = 1 if first else 0
        return [*(replace(piece, kind="heading", rank=1) for piece in run[:titles]), *run[titles:]], max(
            depth, titles
        )
    unnumbered = [piece for piece in run if not _number_rank(piece) and not piece.rank]
    if first or len(unnumbered) > 1:
        depth = len(unnumbered)
        ranks = {id(piece): rank for rank, piece in enumerate(unnumbered, 1)}
    else:
        ranks = {id(piece): _PLAIN_RANK for piece in unnumbered}
    return [
        replace(
            piece, kind="heading", rank=ranks.get(id(piece)) or piece.rank or _RUN_RANKS + _number_rank(piece)
        )
        for piece in run
    ], depth


def _number_rank(piece: _Piece) -> int:
    text = piece.lines[0].text
    if piece.lines[0].form == "item":
        return len(_NUMBERED) + 1
    return next((rank for rank, pattern in enumerate(_NUMBERED, 1) if pattern.match(text)), 0)


def _is_heading_like(text: str, lines: list[_Line]) -> bool:
    """Tell whether these lines could be a heading by themselves: few, short, no sentence, mostly letters."""
    if len(lines) > MAX_HEADING_LINES or any(line.width > MAX_HEADING_WIDTH for line in lines):
        return False
    if any(line.form in ("item", "row", "rule") for line in lines):
        return False
    text = text or "\n".join(line.text for line in lines)
    if (
        text[-1] in "-…" or text[0].islower() or is_terminal(text)
    ):  # the cheap tests first: most lines fail them
        return False
    if len(_COMMA.findall(text)) > (1 if _width(lines[0].text) > MAX_PLAIN_WIDTH else 3):
        return False
    if _is_broken_off(text) or len(sentences(text)) > 1:
        return False
    letters = sum(char.isalpha() for char in text)
    digits = sum(char.isdigit() for char in text)
    return letters >= 2 and digits <= letters and "@" not in text and "://" not in text


_COMMA = regex.compile(r"[,，、،;；]")


def _is_capitals(text: str) -> bool:
    return text.isupper() and sum(char.isalpha() for char in text) >= 4 and len(text.split()) <= 10


def _blocks(text: str, pieces: Iterable[_Piece], paged: bool) -> Iterator[Block]:
    outline = Outline()
    for piece in pieces:
        level, headings = 0, outline.headings
        if piece.kind == "heading":
            headings, level = outline.enter(piece.rank, piece.span.of(text))
        kind = "paragraph" if piece.kind == "imprint" else piece.kind
        yield Block(piece.span, kind, piece.lines[0].page if paged else None, headings, level)
