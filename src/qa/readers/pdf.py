"""PDF: characters with places on pages become lines, columns, paragraphs and headings.

pdfminer gives the characters and their lines; the order of columns and what is a paragraph is decided in
``layout`` and here. Paragraphs are stored joined from their lines, across columns and pages too. Lines
repeated at the edge of pages stay out: running heads are kept once, page numbers not at all.
"""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import regex
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTChar, LTContainer, LTFigure, LTImage, LTItem, LTPage, LTTextLine
from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import resolve1

from qa.readers.building import Parsed, TextBuilder, Unreadable, first_heading, one_line
from qa.readers.glyphs import logical, readable
from qa.readers.layout import Line, Region, hyphenated_words, join_lines, regions, table_rows
from qa.text import is_terminal
from qa.text.characters import is_caseless, is_unspaced

MAX_PAGES = 20_000
SCAN_ADVICE = "run OCR first (for example: ocrmypdf in.pdf out.pdf)"

logging.getLogger("pdfminer").addHandler(logging.NullHandler())  # else its warnings reach the terminal


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    height: float
    lines: tuple[Line, ...]
    has_image: bool = False
    problem: str = ""
    running: tuple[Line, ...] = ()
    """Running heads that stand here for the first time."""


def parse(data: bytes) -> Parsed:
    """Return the text of a PDF with the page of each block.

    Raises ``Unreadable`` for encrypted, damaged and empty files and for scans without text.
    """
    document = _open(data)
    pages = list(_pages(document))
    if not pages:
        raise Unreadable("has no pages.")
    warnings = (*_cut_off(data, document, len(pages)), *_warnings(pages))
    if not any(page.lines for page in pages):
        raise Unreadable(_nothing(pages))
    builder = TextBuilder()
    for paragraph in _paragraphs(_without_running_lines(pages)):
        builder.add(paragraph.text, paragraph.kind, page=paragraph.page, rank=paragraph.rank)
    title = _title(document, builder)
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        title,
        len(pages),
        warnings,
        author=_fact(document, "Author"),
        date=_date(_fact(document, "ModDate") or _fact(document, "CreationDate")),
    )


# --- the file ----------------------------------------------------------------------------------------------


def _open(data: bytes) -> PDFDocument:
    start = data.find(b"%PDF-", 0, 4096)
    if start < 0:
        raise Unreadable("is no PDF file, whatever its name says.")
    try:
        document = PDFDocument(PDFParser(io.BytesIO(data[start:])))
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


def _reason(error: Exception) -> str:
    return one_line(f"{type(error).__name__}: {error}".rstrip(": "), 120)


def _pages(document: PDFDocument) -> Iterator[_Page]:
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=LAParams(boxes_flow=None, all_texts=True))
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


def _read_page(
    interpreter: PDFPageInterpreter, device: PDFPageAggregator, page: PDFPage, number: int
) -> _Page:
    try:
        interpreter.process_page(page)
        layout = device.get_result()
        return _Page(number, layout.height, tuple(_lines(layout, number)), _has_image(layout))
    except Exception as error:  # one damaged page leaves the others
        return _Page(number, 0.0, (), problem=_reason(error))


def _has_image(item: LTItem) -> bool:
    if isinstance(item, LTImage):
        return True
    return isinstance(item, LTPage | LTFigure) and any(_has_image(child) for child in item)


def _warnings(pages: Sequence[_Page]) -> Iterator[str]:
    scans = [page.number for page in pages if page.has_image and not page.lines and not page.problem]
    if scans:
        what = "has no text; it is a scan" if len(scans) == 1 else "have no text; they are scans"
        yield f"{_numbered(scans)} {what}: {SCAN_ADVICE}."
    for page in pages:
        if page.problem:
            yield f"page {page.number} could not be read ({page.problem})."
    garbled = [page.number for page in pages if _lost(page) > 0]
    if garbled:
        lost = sum(map(_lost, pages))
        verb = "has" if len(garbled) == 1 else "have"
        yield (
            f"{_numbered(garbled)} {verb} {lost} characters without a Unicode value, shown as \ufffd;"
            f" if whole words are lost, {SCAN_ADVICE}."
        )


def _lost(page: _Page) -> int:
    return sum(line.text.count("\ufffd") for line in page.lines)


def _nothing(pages: Sequence[_Page]) -> str:
    problem = next((page.problem for page in pages if page.problem), "")
    if problem:
        return f"is damaged: no page could be read ({problem}); fetch or save it again."
    if any(page.has_image for page in pages):
        return f"has no text on any of its {len(pages)} pages; it is a scan: {SCAN_ADVICE}."
    return "holds no text."


def _numbered(numbers: Sequence[int]) -> str:
    """Return "page 3" or "pages 1, 4–7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    names = ", ".join("–".join(map(str, run)) for run in runs)
    return f"page{'s' if len(numbers) > 1 else ''} {names}"


# --- lines -------------------------------------------------------------------------------------------------

_MIN_SPACE = 0.18
_WIDE_GAP = 0.7
"""Of the font size: from here a gap is a space, and from here it parts columns or cells."""
_LEADERS = regex.compile(r"(?:[ \u00a0]?[.·…]){5,}[ \u00a0]?")
"""The dots of a table of contents."""
_LOST_BULLET = regex.compile(r"^\ufffd(?=\s)")
"""Bullets are often drawn by a symbol font that has no Unicode values."""
_BOLD = regex.compile(r"bold|black|heavy|semibold|demi", regex.I)


def _lines(layout: LTPage, page: int) -> Iterator[Line]:
    seen: set[tuple[str, int, int]] = set()
    for text_line in _text_lines(layout):
        for line in _parts(text_line, page):
            place = (line.text, round(line.x0 / 2), round(line.y0 / 2))
            if place not in seen:  # printed twice to look bold
                seen.add(place)
                yield line


def _text_lines(container: Iterable[LTItem]) -> Iterator[LTTextLine]:
    for item in container:
        if isinstance(item, LTTextLine):
            yield item
        elif isinstance(item, LTContainer):
            yield from _text_lines(item)


def _parts(text_line: LTTextLine, page: int) -> Iterator[Line]:
    """Yield a line of pdfminer in parts, cut where columns or cells are apart."""
    chars = [item for item in text_line if isinstance(item, LTChar)]
    part: list[LTChar] = []
    for char in chars:
        if (
            part
            and char.x0 - part[-1].x1 > _WIDE_GAP * max(char.size, part[-1].size)
            and char.get_text().strip()
        ):
            yield from _line(part, page)
            part = []
        if part or char.get_text().strip():
            part.append(char)
    yield from _line(part, page)


def _line(chars: list[LTChar], page: int) -> Iterator[Line]:
    while chars and not chars[-1].get_text().strip():
        chars.pop()
    if not chars:
        return
    text = _LOST_BULLET.sub("•", _LEADERS.sub(" … ", logical(_glyphs(chars))))
    if text.strip():
        sizes = sorted(char.size for char in chars)
        bold = sum(bool(_BOLD.search(char.fontname)) for char in chars) > 0.8 * len(chars)
        x0, x1 = min(char.x0 for char in chars), max(char.x1 for char in chars)
        y0, y1 = min(char.y0 for char in chars), max(char.y1 for char in chars)
        yield Line(text.strip(), x0, y0, x1, y1, sizes[len(sizes) // 2], bold, page)


def _glyphs(chars: list[LTChar]) -> list[str]:
    """Return the text of each glyph, with spaces where the gaps are."""
    glyphs: list[str] = []
    last: LTChar | None = None
    for char in chars:
        text = readable(char.get_text())
        if last is not None and text.strip() and glyphs[-1].strip():
            if text == glyphs[-1] and abs(char.x0 - last.x0) < 0.15 * char.size:
                continue
            cjk = is_unspaced(glyphs[-1][-1]) and is_unspaced(text[0])
            if char.x0 - last.x1 > _MIN_SPACE * char.size and not cjk:
                glyphs.append(" ")
        if text:
            glyphs.append(text)
            last = char
    return glyphs


# --- running heads and page numbers ------------------------------------------------------------------------

_EDGE = 0.12
"""Of the page's height: how near the edge a running line stands."""
_EDGE_LINES = 3
_NUMBER = regex.compile(r"\d+|\b[ivxlc]+\b", regex.I)
_PAGE_NUMBER = regex.compile(
    r"\W*(?:(?:page|seite|p\.|стр\.?|página|pagina|trang|第)\s*)?\d{1,5}(?:\s*(?:/|of|von|de|из|页|頁|ページ|共|쪽|\s)\s*)*"
    r"(?:\d{1,5})?\s*[页頁]?\W*",
    regex.I,
)


def _without_running_lines(pages: Sequence[_Page]) -> list[_Page]:
    """Take out what is repeated at the edges of pages; a running head stays once, it may be a title."""
    repeated = _repeated(pages)
    kept: set[str] = set()
    cleaned = []
    for page in pages:
        out = [line for line in page.lines if _key(line) in repeated and _is_at_edge(line, page)]
        lines = [line for line in page.lines if line not in out]
        first = [line for line in out if _key(line) not in kept and not _PAGE_NUMBER.fullmatch(line.text)]
        kept.update(map(_key, first))
        cleaned.append(replace(page, lines=tuple(lines), running=tuple(first)))
    return cleaned


def _repeated(pages: Sequence[_Page]) -> frozenset[str]:
    """Return what stands near the same edge of a third of the pages (left and right pages may differ)."""
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({_key(line) for line in page.lines if _is_at_edge(line, page)})
    needed = max(2 if len(pages) <= 4 else 3, len(pages) // 3)
    numbers = {key for key, count in counts.items() if count >= 2 and _PAGE_NUMBER.fullmatch(key)}
    return frozenset(key for key, count in counts.items() if count >= needed) | numbers


def _key(line: Line) -> str:
    """Return the line with its numbers made alike."""
    return _NUMBER.sub("0", line.text)


def _is_at_edge(line: Line, page: _Page) -> bool:
    return line.y0 > (1 - _EDGE) * page.height or line.y1 < _EDGE * page.height


# --- paragraphs --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Paragraph:
    lines: list[Line]
    region: Region
    kind: str = "paragraph"
    rank: int = 0
    text: str = ""

    @property
    def page(self) -> int:
        return self.lines[0].page

    @property
    def last(self) -> Line:
        return self.lines[-1]


_BULLET = regex.compile(r"[•●○◦▪■□◆▶‣⁃]\s*(?=\S)")
_ITEM = regex.compile(r"(?:[•●○◦▪■□◆▶‣⁃–—-]\s*|\(?\d{1,3}[.)、](?!\d)\s*|[①-⑳]|[（(]\d{1,3}[)）])(?=\S)")


def _paragraphs(pages: Sequence[_Page]) -> list[_Paragraph]:
    known = hyphenated_words([line.text for page in pages for line in page.lines])
    found: list[_Paragraph] = []
    last: _Paragraph | None = None
    for page in pages:
        found.extend(_Paragraph([line], Region((line,)), text=line.text) for line in page.running)
        for region in regions(page.lines):
            new = list(_table_rows(region) if region.is_table else _region_paragraphs(region, last))
            found.extend(new)
            last = new[-1] if new else last
    for paragraph in found:
        if not paragraph.text:
            paragraph.text = join_lines([line.text for line in paragraph.lines], known)
    _mark_headings(found)
    return found


def _table_rows(region: Region) -> Iterator[_Paragraph]:
    for cells in table_rows(region):
        yield _Paragraph([region.lines[0]], region, "row", text=" | ".join(cells))


def _region_paragraphs(region: Region, before: _Paragraph | None) -> Iterator[_Paragraph]:
    """Yield the paragraphs of a column; its first lines may go on with the paragraph ``before``."""
    current: _Paragraph | None = None
    for line in region.lines:
        if current is None and before is not None and _goes_on(before, line):
            current = before
            current.lines.append(line)
            current.region = region
            continue
        if current is not None and not _begins(current, line):
            current.lines.append(line)
            continue
        current = _Paragraph([line], region, "item" if _ITEM.match(line.text) else "paragraph")
        yield current


def _goes_on(paragraph: _Paragraph, line: Line) -> bool:
    """Tell whether a paragraph goes on in the next column or on the next page."""
    if (
        paragraph.kind == "row"
        or paragraph.text
        or not _alike(paragraph.last, line)
        or _ITEM.match(line.text)
    ):
        return False
    if _is_right_below(paragraph.last, line):
        return not _begins(paragraph, line)
    if len(paragraph.lines) == 1 and paragraph.last.width < 0.6 * (paragraph.region.x1 - paragraph.region.x0):
        return False
    text = paragraph.last.text
    if is_terminal(text) or text[-1] in ":：":
        return False
    full = paragraph.last.x1 > paragraph.region.x1 - 3 * line.size
    return line.text[0].islower() or (full and (is_caseless(line.text[0]) or not line.text[0].isupper()))


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


# --- headings ----------------------------------------------------------------------------------------------

_MAX_HEADING = 160


def _mark_headings(paragraphs: list[_Paragraph]) -> None:
    """Make headings of what is set larger than the body, or bold and short; ranks go by size."""
    body = _body_size(paragraphs)
    headings = [paragraph for paragraph in paragraphs if _is_heading(paragraph, body)]
    sizes = sorted({_step(paragraph.last.size) for paragraph in headings}, reverse=True)
    for paragraph in headings:
        paragraph.kind = "heading"
        paragraph.rank = 1 + sizes.index(_step(paragraph.last.size))


def _body_size(paragraphs: Iterable[_Paragraph]) -> float:
    weights: Counter[float] = Counter()
    for paragraph in paragraphs:
        for line in paragraph.lines:
            weights[_step(line.size)] += len(line.text)
    return weights.most_common(1)[0][0]


def _step(size: float) -> float:
    return round(size * 2) / 2


def _is_heading(paragraph: _Paragraph, body: float) -> bool:
    text = paragraph.text
    if paragraph.kind == "row" or len(paragraph.lines) > 4 or len(text) > _MAX_HEADING:
        return False
    if not any(char.isalpha() for char in text) or text[-1] in ",，;；、":
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
    return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
