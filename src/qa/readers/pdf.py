"""PDF: characters with places on pages become lines, columns, paragraphs and headings.

pdfminer gives the characters; ``lines`` puts them together, ``layout`` finds the order of columns and articles,
and what is a paragraph is decided here. Paragraphs are stored joined from their lines, across columns and pages
too; captions and boxes that interrupt one stand behind it. Lines repeated at the edge of pages stay out: running
heads are kept once, page numbers not at all.
"""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import regex
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTFigure, LTImage, LTItem, LTLine, LTPage, LTRect
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjectNotFound, PDFObjRef, resolve1
from pdfminer.psparser import PSLiteral
from pdfminer.utils import Matrix, Rect, apply_matrix_rect, decode_text

from qa.readers import ocr
from qa.readers.building import NotNow, Parsed, TextBuilder, Unreadable, first_heading, numbered, one_line
from qa.readers.glyphs import MIRRORED, is_right_to_left, readable, with_doors
from qa.readers.layout import (
    Box,
    Line,
    Region,
    hyphenated_words,
    item_starts,
    join_lines,
    regions,
    rows,
    table_cells,
    table_parts,
)
from qa.readers.lines import Glyph, lines_of, turned, vertical_marks
from qa.readers.scan import Scanned
from qa.text import is_terminal
from qa.text.characters import is_caseless
from qa.text.columns import column_names

MAX_PAGES = 20_000

logging.getLogger("pdfminer").addHandler(logging.NullHandler())  # else its warnings reach the terminal


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    height: float
    lines: tuple[Line, ...]
    frames: tuple[Box, ...] = ()
    pictures: tuple[Box, ...] = ()
    upright: tuple[Line, ...] = ()
    """Lines of vertical text, on the page turned by a quarter."""
    problem: str = ""
    running: tuple[Line, ...] = ()
    """Running heads that stand here for the first time."""
    scanned: Scanned | None = None
    notes: int = 0
    """Comments that readers have put on it."""

    @property
    def is_blank(self) -> bool:
        return not (self.lines or self.upright)

    @property
    def has_scanned_text(self) -> bool:
        return self.scanned is not None and bool(self.scanned.paragraphs)

    @property
    def is_read_blank(self) -> bool:
        return self.scanned is not None and not self.has_scanned_text and not self.scanned.problem

    @property
    def is_scan(self) -> bool:
        """Whether there is a picture and no text but what was read from it."""
        return self.is_blank and bool(self.pictures) and not self.problem


def parse(data: bytes) -> Parsed:
    """Return the text of a PDF with the page of each block.

    Raises ``Unreadable`` for encrypted, damaged and empty files and for scans without text.
    """
    document = _open(data)
    pages = list(_pages(document))
    if not pages:
        raise Unreadable("has no pages.")
    pages = _with_scans(pages, data)
    warnings = (*_cut_off(data, document, len(pages)), *_attached(document), *_warnings(pages))
    if all(page.is_blank and not page.has_scanned_text for page in pages):
        raise _nothing(pages)
    builder = TextBuilder()
    for paragraph in _paragraphs(_without_running_lines(pages)):
        if paragraph.begins_table:
            builder.add("")
        builder.add(
            paragraph.text,
            paragraph.kind,
            page=paragraph.page,
            rank=paragraph.rank,
            reading_confidence=paragraph.region.reading_confidence,
        )
    title = _title(document, builder)
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        title,
        len(pages),
        warnings,
        author=_fact(document, "Author"),
        changed=_date(_fact(document, "ModDate") or _fact(document, "CreationDate")),
    )


# --- the file ----------------------------------------------------------------------------------------------


class _Document(PDFDocument):
    """One in which a reference that leads back to itself is to nothing: pdfminer would follow it for ever."""

    def getobj(self, objid: int) -> object:
        found, seen = super().getobj(objid), {objid}
        while isinstance(found, PDFObjRef):
            if found.objid in seen:
                raise PDFObjectNotFound(objid)
            seen.add(found.objid)
            found = super().getobj(found.objid)
        return found


def _open(data: bytes) -> PDFDocument:
    start = data.find(b"%PDF-", 0, 4096)
    if start < 0:
        raise Unreadable("is no PDF file, whatever its name says.")
    try:
        document = _Document(PDFParser(io.BytesIO(data[start:])))
        count = resolve1(resolve1(document.catalog.get("Pages")).get("Count"))
    except (PDFPasswordIncorrect, PDFEncryptionError) as error:
        raise Unreadable("is encrypted; save it without a password and add it again.") from error
    except Exception as error:  # the parser meets damage with any exception there is
        raise Unreadable(f"is cut off or damaged ({_reason(error)}); fetch or save it again.") from error
    if isinstance(count, int) and count > MAX_PAGES:
        raise Unreadable(f"has {count:,} pages; {MAX_PAGES:,} can be read. Split it and add the parts.")
    return document


def _cut_off(data: bytes, document: PDFDocument, found: int) -> Iterator[str]:
    """Tell of pages that must be missing: the file has lost its end, or claims more than it has."""
    claimed = resolve1(resolve1(document.catalog["Pages"]).get("Count"))
    if isinstance(claimed, int) and claimed > found:
        yield f"{claimed} pages are announced, {found} were found; fetch or save the file again."
    elif b"%%EOF" not in data[-4096:]:
        yield "the end of the file is missing, pages may be; fetch or save it again."


def _attached(document: PDFDocument) -> Iterator[str]:
    """Tell of files inside the file."""
    try:
        tree = resolve1(resolve1(document.catalog["Names"])["EmbeddedFiles"])
        names = [one_line(_decoded(resolve1(name))) for name in resolve1(resolve1(tree)["Names"])[::2]]
    except Exception:  # there are none, or what tells of them is damaged or a large tree
        return
    what = "1 file is" if len(names) == 1 else f"{len(names)} files are"
    if names:
        yield f"{what} attached and not read: {one_line(', '.join(names))}; save by itself what you need."


def _reason(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}".rstrip(": "), 120)


_MOST_ACTUAL = 12
"""Glyphs that a text may stand for: a syllable or a ligature; what stands for more has no place on the page."""


class _Device(PDFPageAggregator):
    """One that takes the text that a file gives for glyphs (``ActualText``, ISO 32000-2, 14.9.4) for theirs.

    Glyphs of Hindi and Thai are no characters: a vowel sign is drawn before the consonant that it follows, and two
    consonants are one glyph.
    """

    _marked: list[str]
    """What is said of the glyphs at hand, the outermost first, "" where nothing is."""
    _drawn: list[LTChar]

    matrix: Matrix
    """Of the page at hand: its points to those of the page as it is shown."""

    def begin_page(self, page: PDFPage, ctm: Matrix) -> None:
        self._marked, self._drawn = [], []
        self.matrix = ctm
        super().begin_page(page, ctm)

    def begin_tag(self, tag: PSLiteral, props: Mapping[str, object] | object = None) -> None:
        raw = resolve1(props.get("ActualText")) if isinstance(props, Mapping) else None
        said = _decoded(raw) if isinstance(raw, bytes) else ""
        self._marked.append("" if any(self._marked) else said)

    def end_tag(self) -> None:
        said = self._marked.pop() if self._marked else ""
        if said:
            self._say(said)

    def render_char(self, *args: Any) -> float:
        advance = super().render_char(*args)
        if any(self._marked) and isinstance(last := self.cur_item._objs[-1], LTChar):
            self._drawn.append(last)
        return advance

    def _say(self, said: str) -> None:
        """Make one character of those just drawn, if they stand on one line."""
        drawn, self._drawn = self._drawn, []
        if not 0 < len(drawn) <= _MOST_ACTUAL or not said.strip():
            return
        if said == drawn[0].get_text().translate(MIRRORED):  # a bracket in Arabic: as drawn, like all others
            return
        first = min(drawn, key=lambda char: char.x0)
        if any(abs(char.y0 - first.y0) > 0.7 * first.height for char in drawn):
            return
        first.set_bbox((first.x0, first.y0, max(char.x1 for char in drawn), first.y1))
        for char in drawn:
            char._text = said if char is first else _UNSAID


_UNSAID = "\u2060"
"""The text of a glyph that another one speaks for."""


def _pages(document: PDFDocument) -> Iterator[_Page]:
    resources = PDFResourceManager()
    device = _Device(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    number = 0
    try:
        for number, page in enumerate(PDFPage.create_pages(document), 1):
            if number > MAX_PAGES:
                raise Unreadable(f"has more than {MAX_PAGES:,} pages. Split it and add the parts.")
            yield _read_page(interpreter, device, page, number)
    except Unreadable:
        raise
    except Exception as error:
        if number == 0:
            raise Unreadable(f"is cut off or damaged ({_reason(error)}); fetch or save it again.") from error
        yield _Page(number + 1, 0.0, (), problem=_reason(error))


def _read_page(interpreter: PDFPageInterpreter, device: _Device, page: PDFPage, number: int) -> _Page:
    try:
        interpreter.process_page(page)
        written, notes = _written(page, device.matrix, number)
        return replace(_page(device.get_result(), number, written), notes=notes)
    except Exception as error:  # one damaged page leaves the others
        return _Page(number, 0.0, (), problem=_reason(error))


def _with_scans(pages: list[_Page], data: bytes) -> list[_Page]:
    """Read the pages that are scans, where there is a program for it."""
    scans = [page.number for page in pages if page.is_scan]
    if not scans or not ocr.is_available():
        return pages
    read = dict(ocr.read_pages(data, scans))
    return [replace(page, scanned=read.get(page.number)) for page in pages]


def _warnings(pages: Sequence[_Page]) -> Iterator[str]:
    yield from ocr.warnings(
        {page.number: page.scanned for page in pages if page.scanned and page.has_scanned_text}
    )
    for page in pages:
        if page.scanned and page.scanned.problem:
            yield f"page {page.number} {page.scanned.problem}"
    blank = [page.number for page in pages if page.is_read_blank]
    if blank:
        read = ocr.read_in(page.scanned for page in pages if page.scanned and page.is_read_blank)
        yield f"{numbered(blank)}: tesseract found no text ({read})."
    scans = [page.number for page in pages if page.is_scan and page.scanned is None]
    if scans and ocr.is_available():
        yield f"{numbered(scans)} could not be read by tesseract in time. Split the file."
    elif scans:
        what = "has no text; it is a scan" if len(scans) == 1 else "have no text; they are scans"
        yield f"{numbered(scans)} {what}: {ocr.advice()}."
    for page in pages:
        if page.problem:
            yield f"page {page.number} could not be read ({page.problem})."
    noted = [page.number for page in pages if page.notes]
    if noted:
        count = sum(page.notes for page in pages)
        what = "1 comment on" if count == 1 else f"{count:,} comments on"
        yield f"{what} {numbered(noted)} {'was' if count == 1 else 'were'} left out."
    garbled = [page.number for page in pages if _lost(page) > 0]
    if garbled:
        lost = sum(map(_lost, pages))
        verb = "has" if len(garbled) == 1 else "have"
        yield (
            f"{numbered(garbled)} {verb} {lost} characters without a Unicode value, shown as \ufffd;"
            f" if whole words are lost, {ocr.advice()}."
        )


def _lost(page: _Page) -> int:
    return sum(line.text.count("\ufffd") for line in (*page.lines, *page.upright))


def _nothing(pages: Sequence[_Page]) -> Unreadable:
    """Return why there is no text."""
    problem = next((page.problem for page in pages if page.problem), "")
    if problem:
        return Unreadable(f"is damaged: no page could be read ({problem}); fetch or save it again.")
    if not any(page.is_scan for page in pages):
        return Unreadable("holds no text.")
    for page in pages:
        if page.scanned and page.scanned.problem:
            return type(page.scanned.problem)(f"is a scan, and {page.scanned.problem}")
    if not ocr.is_available():
        return Unreadable(f"has no text on any of its {len(pages)} pages; it is a scan: {ocr.advice()}.")
    if any(page.is_scan and page.scanned is None for page in pages):
        return NotNow("is a scan that tesseract could not read in time. Split it.")
    read = ocr.read_in(page.scanned for page in pages if page.scanned)
    return Unreadable(
        f"has no text on any of its {len(pages)} pages; it is a scan, and tesseract found none ({read})."
    )


# --- what a page holds -------------------------------------------------------------------------------------

_BOLD = regex.compile(r"bold|black|heavy|semibold|demi", regex.I)
_CUT = regex.compile(r"^[A-Z]{6}\+|[-,].*|(?:PS)?(?:MT)?$")
"""What the name of a font says more than that of its typeface."""
_THIN = 2.0
_MIN_PICTURE = 20.0


_HIDDEN = 2
_FIELD_SIZE = 11.0


def _written(page: PDFPage, matrix: Matrix, number: int) -> tuple[list[Line], int]:
    """Return what was filled in and typed on a page, as lines in their places, and the number of notes."""
    lines: list[Line] = []
    notes = 0
    for reference in resolve1(page.annots) or ():
        try:
            note = resolve1(reference)
            kind = resolve1(note["Subtype"]).name
            said = _field_value(note) if kind == "Widget" else _said(note.get("Contents"))
            x0, y0, x1, y1 = (float(resolve1(side)) for side in resolve1(note["Rect"]))
            box = apply_matrix_rect(matrix, (x0, y0, x1, y1))
            if not said or int(resolve1(note.get("F", 0))) & _HIDDEN:
                continue
        except Exception:  # a damaged one leaves the page
            continue
        if kind in ("Widget", "FreeText"):
            lines += _field_lines(said, box, number)
        else:
            notes += kind not in ("Link", "Popup")
    return lines, notes


def _field_value(field: Mapping[str, Any]) -> str:
    """Return what is filled in, by the field itself or the one that it is a part of; not of buttons."""
    chain = [field, *filter(None, [resolve1(field.get("Parent"))])]
    kind = next((resolve1(each["FT"]).name for each in chain if "FT" in each), "")
    value = next((resolve1(each["V"]) for each in chain if "V" in each), b"")
    values = value if isinstance(value, list) else [value]
    return "\n".join(map(_said, values)) if kind in ("Tx", "Ch") else ""


def _said(value: object) -> str:
    raw = resolve1(value)
    return _decoded(raw).replace("\r", "\n").strip() if isinstance(raw, bytes) else ""


def _field_lines(text: str, box: Rect, number: int) -> Iterator[Line]:
    x0, y0, x1, y1 = box
    rows = [" ".join(row.split()) for row in text.split("\n") if row.strip()]
    pitch = (y1 - y0) / max(1, len(rows))
    size = min(_FIELD_SIZE, 0.8 * pitch)
    for at, row in enumerate(rows):
        middle = y1 - (at + 0.5) * pitch
        yield Line(row, x0, middle - size / 2, max(x0 + size, x1), middle + size / 2, size, page=number)


def _page(layout: LTPage, number: int, written: Sequence[Line] = ()) -> _Page:
    glyphs: list[Glyph] = []
    rotated: list[Glyph] = []
    inverted: list[Glyph] = []
    boxes: list[Box] = []
    pictures: list[Box] = []
    for item in _items(layout):
        if isinstance(item, LTChar) and item.get_text() != _UNSAID:
            glyph = _glyph(item)
            if item.matrix[0] < 0 and item.matrix[3] < 0:
                inverted.append(turned(turned(glyph, layout.height), layout.width))
            else:
                (glyphs if item.upright or item.matrix[1] < 0 else rotated).append(glyph)
        elif isinstance(item, LTImage):
            pictures.append(_box(item))
        elif isinstance(item, LTRect | LTLine):
            boxes.append(_box(item))
    marks = vertical_marks(glyphs)
    rules = [box for box in boxes if box.x1 - box.x0 < _THIN and box.y1 - box.y0 > 4 * _THIN]
    level = lines_of(
        [glyph for glyph, mark in zip(glyphs, marks, strict=True) if not mark], number, rules=rules
    )
    down = [turned(glyph, layout.height) for glyph, mark in zip(glyphs, marks, strict=True) if mark]
    up = [turned(turned(turned(glyph, layout.height), layout.height), layout.height) for glyph in rotated]
    frames = [box for box in boxes if min(box.x1 - box.x0, box.y1 - box.y0) > 4 * _THIN]
    lines = [*_once(level), *written]
    upright = [
        *_once(lines_of(down, number)),
        *_once(lines_of(up, number)),
        *_once(lines_of(inverted, number)),
    ]
    text = "".join(line.text for line in (*lines, *upright))
    lines, upright = (
        [replace(line, text=with_doors(line.text, text)) for line in found] for found in (lines, upright)
    )
    if is_right_to_left(text):
        lines = [replace(line, x0=-line.x1, x1=-line.x0) for line in lines]
        frames, pictures = ([_mirrored(box) for box in found] for found in (frames, pictures))
    return _Page(number, layout.height, tuple(lines), tuple(frames), tuple(pictures), tuple(upright))


def _items(container: LTPage | LTFigure) -> Iterator[LTItem]:
    for item in container:
        if isinstance(item, LTFigure):
            yield from _items(item)
        else:
            yield item


def _glyph(item: LTChar) -> Glyph:
    size = item.size if item.upright else item.width
    face, bold = _typeface(item.fontname)
    x0, x1 = item.x0, item.x1
    width, up, slant, _, left, _ = item.matrix
    if slant and not up and width > 0:  # a slanted letter leans over the space behind it
        x0, x1 = left, left + width * item.adv
    return Glyph(readable(item.get_text()), x0, item.y0, x1, item.y1, size, face, bold)


@lru_cache(maxsize=1_000)
def _typeface(font: str) -> tuple[str, bool]:
    """Return the name of a font without its cut, and whether it is bold."""
    return _CUT.sub("", font), _BOLD.search(font) is not None


def _box(item: LTImage | LTRect | LTLine) -> Box:
    return Box(item.x0, item.y0, item.x1, item.y1)


def _mirrored(box: Box) -> Box:
    return Box(-box.x1, box.y0, -box.x0, box.y1)


def _once(lines: Iterable[Line]) -> list[Line]:
    """Return lines without those printed twice to look bold."""
    found: dict[tuple[str, int, int], Line] = {}
    for line in lines:
        found.setdefault((line.text, round(line.x0 / 2), round(line.y0 / 2)), line)
    return list(found.values())


# --- running heads and page numbers ------------------------------------------------------------------------

_EDGE = 0.12
"""Of the page's height: how near the edge a running line stands."""
_NUMBER = regex.compile(r"\d+|\b[ivxlc]+\b", regex.I)
_PAGE_NUMBER = regex.compile(
    r"\W*(?:(?:page|seite|p\.|стр\.?|página|pagina|trang|第)\s*)?\d{1,5}(?:\s*(?:/|of|von|de|из|页|頁|ページ|共|쪽|\s)\s*)*"
    r"(?:\d{1,5})?\s*[页頁]?\W*",
    regex.I,
)
_BROWSER_LINE = regex.compile(
    r"(?:https?|file)://\S+(?:\s+\d{1,4}/\d{1,4})?|\d{1,4}/\d{1,4}"
    r"|\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?\s+\d{1,2}:\d{2}(?:\s.*)?"
)


def _without_running_lines(pages: Sequence[_Page]) -> list[_Page]:
    """Take out what is repeated at the edges of pages; a running head stays once, it may be a title."""
    repeated = _repeated(pages)
    if len(pages) == 1:
        repeated |= {_key(line) for line in pages[0].lines if _is_its_number(line, pages[0])}
    kept: set[str] = set()
    cleaned = []
    for page in map(_without_browser_lines, pages):
        out = [line for line in _edge_lines(page) if _key(line) in repeated]
        lines = [line for line in page.lines if line not in out]
        first = [line for line in out if _key(line) not in kept and not _PAGE_NUMBER.fullmatch(line.text)]
        kept.update(map(_key, first))
        cleaned.append(replace(page, lines=tuple(lines), running=tuple(first)))
    return cleaned


def _without_browser_lines(page: _Page) -> _Page:
    """Take out what a browser prints around a page: its address and number, the time of printing and the title."""
    out = [line for line in page.lines if _is_at_edge(line, page) and _BROWSER_LINE.fullmatch(line.text)]
    words = " ".join(line.text for line in out).split()
    is_printed = any("://" in word for word in words) and any(
        word.startswith(f"{page.number}/") for word in words
    )
    return replace(page, lines=tuple(line for line in page.lines if line not in out)) if is_printed else page


def _is_its_number(line: Line, page: _Page) -> bool:
    """Tell whether a line is the number of its page and the last or the first thing on it."""
    outer = all(line.y1 < other.y0 or other is line for other in page.lines) or all(
        line.y0 > other.y1 or other is line for other in page.lines
    )
    return outer and line.text.strip(" -–—·") == str(page.number)


def _repeated(pages: Sequence[_Page]) -> frozenset[str]:
    """Return what stands near the same edge of a third of the pages (left and right pages may differ)."""
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({_key(line) for line in _edge_lines(page)})
    needed = max(2 if len(pages) <= 4 else 3, len(pages) // 3)
    numbers = {key for key, count in counts.items() if count >= 2 and _PAGE_NUMBER.fullmatch(key)}
    return frozenset(key for key, count in counts.items() if count >= needed) | numbers


def _key(line: Line) -> str:
    """Return the line with its numbers made alike."""
    return _NUMBER.sub("0", line.text)


def _edge_lines(page: _Page) -> list[Line]:
    """Return the lines near the edges but cells of tables and figures side by side, which are no page numbers."""
    near = [row for row in rows([line for line in page.lines if _is_at_edge(line, page)]) if row]
    if all(len(row) == 1 for row in near):
        return [line for row in near for line in row]
    cells = table_cells(page.lines)
    return [
        line
        for row in near
        for line in row
        if line not in cells and not (_is_number(line) and sum(map(_is_number, row)) > 1)
    ]


def _is_number(line: Line) -> bool:
    return _PAGE_NUMBER.fullmatch(line.text) is not None


def _is_at_edge(line: Line, page: _Page) -> bool:
    return line.y0 > (1 - _EDGE) * page.height or line.y1 < _EDGE * page.height


# --- paragraphs --------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class _Paragraph:
    lines: list[Line]
    region: Region
    kind: str = "paragraph"
    rank: int = 0
    text: str = ""
    begins_table: bool = False
    """It names the columns of the rows behind it."""

    @property
    def page(self) -> int:
        return self.lines[0].page

    @property
    def last(self) -> Line:
        return self.lines[-1]

    @property
    def text_so_far(self) -> str:
        return self.text or " ".join(line.text for line in self.lines)


_BULLET = regex.compile(r"[•●○◦▪■□◆▶‣⁃]\s*(?=\S)")
_ITEM = regex.compile(r"(?:[•●○◦▪■□◆▶‣⁃–—-]\s*|\(?\d{1,3}[.)、](?!\d)\s*|[①-⑳]|[（(]\d{1,3}[)）])(?=\S)")


def _paragraphs(pages: Sequence[_Page]) -> list[_Paragraph]:
    lines = [line for page in pages for line in (*page.lines, *page.upright)]
    known = hyphenated_words([line.text for line in lines])
    body = _body_size(lines)
    found: list[_Paragraph] = []
    waiting: list[_Paragraph] = []
    last: _Paragraph | None = None
    for region in (region for page in pages for region in _regions(page)):
        if region.reading_confidence is not None:
            found += [_Paragraph([line], region, "ocr", text=line.text) for line in region.lines]
            continue
        if region.is_table or region.is_aside:
            apart = list(_table_rows(region) if region.is_table else _region_paragraphs(region, None, body))
            # what interrupts a paragraph stands behind it
            (waiting if last is not None and _is_unfinished(last) else found).extend(apart)
            continue
        new = list(_region_paragraphs(region, last, body))
        if new:
            found += [*waiting, *new]
            waiting, last = [], new[-1]
    found = _with_continuations([*found, *waiting])
    for paragraph in found:
        if not paragraph.text:
            paragraph.text = join_lines([line.text for line in paragraph.lines], known)
    _mark_headings(found)
    return found


def _regions(page: _Page) -> Iterator[Region]:
    """Yield all a page holds; on one of vertical text, what is written level above it first, all else behind it."""
    if page.scanned is not None:
        for each in page.scanned.paragraphs:
            line = Line(each.text, 0, 0, 0, 0, 0, page=page.number)
            yield Region((line,), reading_confidence=each.confidence)
        return
    for line in page.running:
        yield Region((line,), is_aside=True)
    if not page.upright:
        yield from regions(page.lines, frames=page.frames, pictures=page.pictures)
        return
    top = page.height - min(line.x0 for line in page.upright)
    above = [line for line in page.lines if line.y0 > top - line.size]
    below = [line for line in page.lines if line not in above]
    is_vertical = sum(len(line.text) for line in page.upright) > sum(len(line.text) for line in page.lines)
    if not is_vertical:
        yield from regions(page.lines, frames=page.frames, pictures=page.pictures)
    else:
        yield from regions(above)
    yield from regions(page.upright)
    if is_vertical:
        yield from (replace(region, is_aside=True) for region in regions(below))


def _table_rows(region: Region) -> Iterator[_Paragraph]:
    for part in table_parts(region):
        begins = bool(column_names(part))
        for at, cells in enumerate(part):
            text = " | ".join(cells)
            yield _Paragraph([region.lines[0]], region, "row", text=text, begins_table=begins and at == 0)


def _region_paragraphs(region: Region, before: _Paragraph | None, body: float) -> Iterator[_Paragraph]:
    """Yield the paragraphs of a column; its first lines may go on with the paragraph ``before``."""
    current: _Paragraph | None = None
    starts = item_starts(region) if region.lines[0].size < 1.1 * body else frozenset()
    for at, line in enumerate(region.lines):
        if current is None and before is not None and _goes_on(before, line):
            current = before
            current.lines.append(line)
            current.region = region
            continue
        if current is not None and at not in starts and not _begins(current, line):
            current.lines.append(line)
            continue
        is_alone = (at in starts or at == 0) and (
            at + 1 in starts or (at > 0 and at + 1 == len(region.lines))
        )
        is_item = _ITEM.match(line.text) or (is_alone and not is_terminal(line.text))
        current = _Paragraph([line], region, "item" if is_item else "paragraph")
        yield current


def _goes_on(paragraph: _Paragraph, line: Line) -> bool:
    """Tell whether a paragraph goes on in the next column or on the next page."""
    if (
        paragraph.kind == "row"
        or paragraph.text
        or line.has_drop_cap
        or not _alike(paragraph.last, line)
        or _ITEM.match(line.text)
    ):
        return False
    if _is_right_below(paragraph.last, line):
        return not _begins(paragraph, line)
    if len(paragraph.lines) == 1 and paragraph.last.width < 0.6 * (paragraph.region.x1 - paragraph.region.x0):
        return False
    text = paragraph.last.text
    if is_terminal(text) or text[-1] in ":：" or _is_jump(line.text) or _is_jump(text):
        return False
    first = line.text[0]
    return first.islower() or (_is_full(paragraph) and (is_caseless(first) or not first.isupper()))


def _is_full(paragraph: _Paragraph) -> bool:
    return paragraph.last.x1 > paragraph.region.x1 - 3 * paragraph.last.size


def _is_unfinished(paragraph: _Paragraph) -> bool:
    """Tell whether a paragraph must go on: its last line is full, and no sentence ends there."""
    text = paragraph.last.text
    return (
        paragraph.kind != "row"
        and len(paragraph.lines) > 1
        and _is_full(paragraph)
        and not is_terminal(text)
        and text[-1] not in ":："
    )


def _is_right_below(line: Line, after: Line) -> bool:
    """Tell whether the lines are set as one: a title that is centred, or begins where it began above."""
    centred = abs(line.x0 + line.x1 - after.x0 - after.x1) < 6
    close = line.page == after.page and 0 < line.middle - after.middle <= 1.6 * line.size
    return close and (centred or abs(line.x0 - after.x0) < 3)


def _alike(line: Line, after: Line) -> bool:
    return abs(line.size - after.size) <= 0.08 * line.size and line.bold == after.bold


def _begins(current: _Paragraph, line: Line) -> bool:
    """Tell whether ``line`` begins a paragraph below ``current``, by size, space, indent or a short line."""
    last = current.last
    if _is_jump(line.text) or _is_jump(last.text) or line.has_drop_cap:
        return True
    if last.page != line.page or _BULLET.match(line.text):
        return _ITEM.match(line.text) is not None
    if abs(last.size - line.size) > 0.08 * last.size:
        return True
    if last.bold != line.bold and (len(current.lines) > 1 or last.bold):
        return not (last.text[0].isalpha() and line.text[0].islower())
    pitch = last.middle - line.middle
    usual = current.lines[-2].middle - last.middle if len(current.lines) > 1 else 1.65 * line.size
    if pitch > max(1.3 * usual, 1.2 * line.size) and (usual > 0 or pitch > 1.9 * line.size):
        return True
    if _ITEM.match(line.text) and (
        current.kind == "item" or is_terminal(last.text) or last.text[-1] in ":："
    ):
        return True
    short = last.x1 < current.region.x1 - max(0.12 * (current.region.x1 - current.region.x0), 2 * last.size)
    indented = line.x0 > last.x0 + 0.9 * line.size and current.kind != "item"
    return is_terminal(last.text) and (short or indented)


# --- text continued on another page ------------------------------------------------------------------------

_ONWARD = regex.compile(
    r"\W*(?:(?:continued|turn)\s+(?:on|to)|see\s+page|(?:Fortsetzung|weiter)\s+auf|(?:lire\s+la\s+)?suite\s+(?:en\s+)?page"
    r"|(?:continúa|sigue|pasa)\s+(?:en|a)|continua\s+a|segue\s+a|продолжение\s+на|окончание\s+на"
    r"|下[转轉]第?\s*\w{1,4}\s*[版页頁]|\w{1,4}\s*(?:面|頁|ページ)[にへ](?:続く|つづく)|البقية|التتمة|تتمة\s+في|\w{1,4}\s*면에\s*계속)",
    regex.I,
)
_BACK = regex.compile(
    r"\W*(?:continued\s+from|from\s+page|Fortsetzung\s+von|suite\s+de\s+la|viene\s+de|segue\s+da|начало\s+на"
    r"|[紧緊]?上?接第?\s*\w{1,4}\s*[版页頁]|\w{1,4}\s*(?:面|頁|ページ)から(?:続く|つづく|の続き)|بقية|تتمة|\w{1,4}\s*면에서\s*계속)",
    regex.I,
)
_MAX_JUMP = 45


def _is_jump(text: str) -> bool:
    return len(text) <= _MAX_JUMP and bool(_ONWARD.match(text) or _BACK.match(text))


def _with_continuations(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Put what goes on elsewhere ("continued on page 2") behind what it goes on from, without the lines that say so.

    The two parts belong together if their headlines are alike or, with other headlines, if no other part is left.
    """
    onward = [
        place
        for place in paragraphs
        if len(place.text_so_far) <= _MAX_JUMP and _ONWARD.match(place.text_so_far)
    ]
    back = [
        place
        for place in paragraphs
        if len(place.text_so_far) <= _MAX_JUMP and _BACK.match(place.text_so_far)
    ]
    for jump in onward:
        later = [
            each for each in back if each.page > jump.page or (each.page == jump.page and len(back) == 1)
        ]
        found = max(later, key=lambda each: _likeness(paragraphs, jump, each), default=None)
        if found is None or (len(later) > 1 and _likeness(paragraphs, jump, found) < 0.3):
            continue
        back.remove(found)
        _join_parts(paragraphs, jump, found)
    return paragraphs


def _headline(paragraphs: list[_Paragraph], place: _Paragraph) -> _Paragraph | None:
    """Return the last line set large above a paragraph."""
    body = _body_size(_text_lines(paragraphs))
    at = next(number for number, each in enumerate(paragraphs) if each is place)
    return next((each for each in reversed(paragraphs[:at]) if each.last.size > 1.15 * body), None)


def _likeness(paragraphs: list[_Paragraph], jump: _Paragraph, back: _Paragraph) -> float:
    """Return the share of the letters in pairs that the headline of the second part has from that of the first."""
    pairs = []
    for place in (jump, back):
        headline = _headline(paragraphs, place)
        letters = regex.sub(r"[^\p{L}\p{N}]", "", headline.text_so_far.casefold()) if headline else ""
        pairs.append({letters[at : at + 2] for at in range(len(letters) - 1)})
    return len(pairs[0] & pairs[1]) / max(1, len(pairs[1]))


def _join_parts(paragraphs: list[_Paragraph], jump: _Paragraph, back: _Paragraph) -> None:
    body = _body_size(_text_lines(paragraphs))
    start = paragraphs.index(back) + 1
    end = next(
        (
            at
            for at in range(start, len(paragraphs))
            if paragraphs[at].last.size > 1.15 * body or _is_jump(paragraphs[at].text_so_far)
        ),
        len(paragraphs),
    )
    rest = paragraphs[start:end]
    headline = _headline(paragraphs, back)
    repeated = headline is paragraphs[start - 2] and _likeness(paragraphs, jump, back) > 0.9
    del paragraphs[start - 1 - repeated : end]
    at = paragraphs.index(jump)
    before = next((each for each in reversed(paragraphs[:at]) if not each.region.is_aside), None)
    if rest and before is not None and before.kind != "row" and not is_terminal(before.last.text):
        before.lines += rest.pop(0).lines
    paragraphs[at : at + 1] = rest


# --- headings ----------------------------------------------------------------------------------------------

_MAX_HEADING = 160


def _mark_headings(paragraphs: list[_Paragraph]) -> None:
    """Make headings of what is set larger than the body, or bold and short; ranks go by size.

    Where several headlines stand over columns, as in a newspaper, all that are as large as the least of them begin an
    article, and none is a part of another: they share a rank. The name of the paper is above them.
    """
    body = _body_size(_text_lines(paragraphs))
    headings = [paragraph for paragraph in paragraphs if _is_heading(paragraph, body)]
    sizes = sorted({_step(paragraph.last.size) for paragraph in headings}, reverse=True)
    over_columns = [_step(each.last.size) for each in headings if each.region.is_headline]
    name = headings[:1] if headings and _step(headings[0].last.size) == sizes[0] else []
    alike = [size for size in over_columns if not name or size < sizes[0]]
    least = min(alike) if len(alike) > 1 else np.inf
    before: _Paragraph | None = None
    for paragraph in paragraphs:
        if paragraph in headings:
            size = _step(paragraph.last.size)
            paragraph.kind = "heading"
            paragraph.rank = 1 + sizes.index(size)
            if least <= size < sizes[0] or (size == sizes[0] and not name):
                paragraph.rank = min(paragraph.rank, 2)
            if before is not None and before.kind == "heading" and size < _step(before.last.size):
                paragraph.rank = max(paragraph.rank, before.rank + 1)  # a subtitle
        before = paragraph


def _text_lines(paragraphs: Iterable[_Paragraph]) -> list[Line]:
    """Return the lines of paragraphs but those that were read from a picture."""
    return [line for paragraph in paragraphs if paragraph.kind != "ocr" for line in paragraph.lines]


def _body_size(lines: Iterable[Line]) -> float:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[_step(line.size)] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 0.0


def _step(size: float) -> float:
    return round(size * 2) / 2


def _is_heading(paragraph: _Paragraph, body: float) -> bool:
    text = paragraph.text
    if (
        paragraph.kind in ("row", "ocr")
        or paragraph.region.is_aside
        or len(paragraph.lines) > 4
        or len(text) > _MAX_HEADING
    ):
        return False
    if sum(char.isalpha() for char in text) < 2 or text[-1] in ",，;；、":
        return False
    if " … " in text:
        return False
    size = paragraph.last.size
    if size >= 1.15 * body:
        return not is_terminal(text) or size >= 1.4 * body
    return paragraph.last.bold and size >= 0.95 * body and not is_terminal(text) and len(text) <= 100


def _title(document: PDFDocument, builder: TextBuilder) -> str:
    heading = first_heading(builder.text, builder.blocks)
    return heading or _metadata_title(document)


_NO_TITLE = regex.compile(
    r"(?:Microsoft \w+ - .*|.*\.(?:docx?|indd|pdf|html?|tex|dvi|pptx?|xlsx?)|untitled.*|about:blank|.{0,2})",
    regex.I,
)


def _metadata_title(document: PDFDocument) -> str:
    text = _fact(document, "Title")
    return "" if _NO_TITLE.fullmatch(text) else text


def _fact(document: PDFDocument, name: str) -> str:
    """Return what the file says of itself, "" where it says nothing."""
    for info in document.info:
        raw = resolve1(info.get(name))
        if isinstance(raw, bytes) and (text := one_line(_decoded(raw))):
            return text
    return ""


_DATE = regex.compile(r"(?:D:)?(\d{4})(?:(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?)?")


def _date(text: str) -> str:
    """Return the date of ``D:20240503093000+08'00'``."""
    found = _DATE.match(text)
    return "-".join(filter(None, found.groups())) if found else ""


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return decode_text(raw)
