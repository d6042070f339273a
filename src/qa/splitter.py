"""Whole sentences packed into passages, never across a heading; every passage is a slice of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import regex

from qa.text import fold, script, unwrap
from qa.text.boundaries import iter_sentences
from qa.text.characters import may_cut
from qa.text.columns import OPENING, cells, column_names
from qa.text.terms import ALPHANUMERIC
from qa.types import Block, Document, Passage, Span


@dataclass(frozen=True, slots=True)
class _Size:
    """How many characters a passage should have, and at most has."""

    target: int
    most: int

    @property
    def least(self) -> int:
        """Below this a passage takes in the next paragraph, or is shared out with its neighbour."""
        return self.target * 3 // 5


_DENSE = _Size(target=250, most=350)
_SPACED = _Size(target=450, most=700)
_SIZES = {"han": _DENSE, "kana": _DENSE, "hangul": _DENSE}

_SAMPLE = 400
"""Characters of a block that decide its script."""

_WIDEST_ROW = 2_000
"""Characters of a row that are looked at for the names of columns."""

_ATOM = regex.compile(rf"{ALPHANUMERIC}(?:(?<=\p{{Nd}})[万萬亿億兆千百만억조천백])*+|\X", regex.V1)
"""What is never cut: a number with its unit, a word, a grapheme cluster."""
_BEYOND = 40
"""Characters after the limit that show whether a word or number goes on there."""
_SPACE = regex.compile(r"[\s\x1c-\x1f]*+")
_BLANK = regex.compile(r"\n[ \t\r]*+\n")
_CLAUSE_MARKS = frozenset("，、；：,;:،؛።፣—–")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of one that is too long: what passages are packed from."""

    span: Span
    paragraph: Span
    """What it is a part of and rather stays with: its block, or the whole table or list."""
    page: int | None
    size: _Size
    reading_confidence: float | None
    columns: str
    """The row above it that names the columns of its table, on one line; empty where none does."""


def split_document(document: Document, *, max_chars: int | None = None) -> list[Passage]:
    """Return the passages of ``document`` in order; ``max_chars`` replaces the limit of the script.

    A heading with nothing under it is a passage itself, so that its words are found. What only repeats the title, with
    a page number at most, is none, unless the document says nothing else: it would be found for every question about
    the document, and answer none. A table that goes on from another passage has the row that names its columns as the
    last of its headings.
    """
    passages: list[Passage] = []
    for section in _sections(document.blocks):
        units = (
            unit
            for run in _runs(section)
            for columns, block in _with_columns(document.text, run)
            for unit in _units(
                document.text, block, Span(run[0].span.start, run[-1].span.end), columns, max_chars
            )
        )
        headings = section[0].headings
        passages.extend(_passage(document, group, headings) for group in _packed(units))
    return [passage for passage in passages if not _repeats(passage)] or passages


def search_text(passage: Passage) -> str:
    """Return what is embedded and indexed: title and headings, each once, then the text on one line."""
    above: dict[str, str] = {}
    for line in map(unwrap, (passage.title, *passage.headings)):
        above.setdefault(fold(line), line)
    text = unwrap(passage.text)
    # a bare heading is its own text; no other text is worth folding to find that out
    repeated = len(text) <= 2 * max(map(len, above)) and fold(text) in above
    return "\n".join(line for line in (*above.values(), "" if repeated else text) if line)


_NUMBERED = regex.compile(r"[\p{N}\p{P}\s]+")


def _repeats(passage: Passage) -> bool:
    """Return whether a passage is the title again, which every passage carries, with a number at most."""
    title = _NUMBERED.sub("", fold(passage.title))
    return bool(title) and len(passage.text) < 300 and _NUMBERED.sub("", fold(passage.text)) == title


def _sections(blocks: tuple[Block, ...]) -> Iterator[list[Block]]:
    """Yield runs of blocks under the same headings, each record, and each heading with nothing under it."""
    section: list[Block] = []
    for number, block in enumerate(blocks):
        if block.kind == "heading":
            if section:
                yield section
            section = []
            if _is_bare(blocks, number):
                yield [block]
        else:
            if section and (
                section[0].headings != block.headings or "record" in (section[0].kind, block.kind)
            ):
                yield section
                section = []
            section.append(block)
    if section:
        yield section


def _is_bare(blocks: tuple[Block, ...], number: int) -> bool:
    """Return whether the heading has neither text nor a deeper heading under it."""
    if number + 1 == len(blocks):
        return True
    following = blocks[number + 1]
    return following.kind == "heading" and following.level <= blocks[number].level


def _runs(section: list[Block]) -> Iterator[list[Block]]:
    """Yield the rows of a table together, and the items of a list; every other block by itself."""
    for kind, blocks in groupby(section, key=lambda block: block.kind):
        run = list(blocks)
        yield from [run] if kind in ("row", "item") else ([block] for block in run)


def _with_columns(text: str, run: list[Block]) -> Iterator[tuple[str, Block]]:
    """Yield each block with the row above it that names its columns; a blank line parts two tables."""
    end, columns, is_above = -1, "", False
    for at, block in enumerate(run):
        if block.kind == "row" and (is_above or end < 0 or _BLANK.search(text, end, block.span.start)):
            columns = _columns(text, run[at : at + OPENING])
            is_above = len(list(filter(None, cells(_opening(text, block))))) == 1  # a title over the names
            yield "", block
        else:
            yield columns, block
        end = block.span.end


def _columns(text: str, rows: list[Block]) -> str:
    """Return the first of ``rows`` on one line if it names the columns and is shorter than half a passage."""
    if len(rows[0].span) > _WIDEST_ROW:
        return ""
    line = " | ".join(filter(None, column_names([cells(_opening(text, row)) for row in rows])))
    return line if len(line) <= _size(line, None).most // 2 else ""


def _opening(text: str, row: Block) -> str:
    return text[row.span.start : min(row.span.end, row.span.start + _WIDEST_ROW)]


def _units(text: str, block: Block, paragraph: Span, columns: str, max_chars: int | None) -> Iterator[_Unit]:
    content = block.span.of(text)
    size = _size(content, max_chars)
    whole = block.kind == "record" and len(content) <= size.most
    for sentence in [Span(0, len(content))] if whole else iter_sentences(content):
        for piece in _pieces(content, sentence, size.most):
            span = piece.shift(block.span.start)
            yield _Unit(span, paragraph, block.page, size, block.reading_confidence, columns)


def _size(content: str, max_chars: int | None) -> _Size:
    size = _SIZES.get(script(content[:_SAMPLE]), _SPACED)
    if max_chars is None:
        return size
    return replace(size, target=min(size.target, max_chars), most=max_chars)


def _packed(units: Iterable[_Unit]) -> Iterator[list[_Unit]]:
    """Pack units greedily: a group closes when it is full, or long enough and its paragraph ends."""
    before: list[_Unit] = []
    group: list[_Unit] = []
    for unit in units:
        if group and not _takes(group, unit):
            if before:
                yield before
            before, group = group, []
        group.append(unit)
    if before and _length(group) < group[0].size.least:
        yield from _shared(before + group)
    else:
        yield from (each for each in (before, group) if each)


def _takes(group: list[_Unit], unit: _Unit) -> bool:
    """Return whether the next unit joins: within the limit, and rather with its whole paragraph."""
    length, size = _length(group), unit.size
    if unit.span.end - group[0].span.start > size.most:
        return False
    fits = unit.paragraph.end - group[0].span.start <= size.most
    if unit.paragraph == group[-1].paragraph:
        return fits or length < size.target
    return length < (size.least if fits else size.least // 2)


def _shared(units: list[_Unit]) -> list[list[_Unit]]:
    """Make one group of the last units where they fit, else two that are as equal as can be."""
    if _length(units) <= units[0].size.most:
        return [units]
    cut = min(range(1, len(units)), key=lambda i: max(_length(units[:i]), _length(units[i:])))
    return [units[:cut], units[cut:]]


def _length(group: list[_Unit]) -> int:
    return group[-1].span.end - group[0].span.start


def _passage(document: Document, group: list[_Unit], headings: tuple[str, ...]) -> Passage:
    span = Span(group[0].span.start, group[-1].span.end)
    sure = [unit.reading_confidence for unit in group if unit.reading_confidence is not None]
    return Passage(
        document_id=document.id,
        span=span,
        text=span.of(document.text),
        title=document.title,
        headings=(*headings, group[0].columns) if group[0].columns else headings,
        page=group[0].page,
        sentences=tuple(unit.span for unit in group),
        reading_confidence=min(sure, default=None),
    )


def _pieces(text: str, sentence: Span, most: int) -> Iterator[Span]:
    """Cut a sentence longer than ``most`` after a clause, else at a space, else between words."""
    start = sentence.start
    while sentence.end - start > most:
        end = _cut(text, start, start + most)
        yield Span(start, start + len(text[start:end].rstrip()))
        start = _after_space(text, end)
    yield Span(start, sentence.end)


def _cut(text: str, start: int, limit: int) -> int:
    """Return the best place to cut in ``(start, limit]``; a longer word or cluster is cut at ``limit``."""
    middle = (start + limit) // 2

    def rank(position: int) -> tuple[bool, int, int]:
        return position > middle, _border(text, position), position

    # a slice, because \X looks back as far as it can see; beyond the limit, where "7." may go on as 7.6
    starts = (start + found.start() for found in _ATOM.finditer(text[start : limit + _BEYOND]))
    borders = sorted((place for place in starts if start < place <= limit), key=rank, reverse=True)
    places = borders or range(limit, start, -1)
    return next((place for place in places if may_cut(text, place)), places[0])


def _border(text: str, position: int) -> int:
    """Return how good a place to cut is: 2 after a clause, 1 at a space, 0 between words."""
    before = text[position - 1]
    if before.isspace():
        return 2 if text[max(0, position - 2)] in _CLAUSE_MARKS else 1
    return 2 if before in _CLAUSE_MARKS else 0


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return int(found.end()) if found else position
