"""Word documents, read from the parts of the package that hold words.

The XML is read directly: content controls, text boxes, footnotes and Strict documents hold text that an
object model of paragraphs and tables passes over, and pictures need not be unpacked to reach the words.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import regex
from lxml import etree

from qa.readers.building import (
    Parsed,
    TextBuilder,
    Unreadable,
    first_heading,
    iso_date,
    one_line,
    primary_language,
)
from qa.readers.package import attribute, find, left_out, local_name, open_package, xml
from qa.text import is_terminal

_TITLE_RANK = 1
"""The rank of a paragraph in the style Title; "heading 1" is one below."""


def parse(data: bytes) -> Parsed:
    """Return the text of a Word document in its order, with headings by style, lists and table rows."""
    package = open_package(data, "Word document")
    main = _main_part(package)
    styles = _styles(xml(package, _beside(main, "styles.xml")))
    root = _required(package, main)
    reader = _Reader(styles, _page_mark(root))
    paragraphs = [each for body in root for each in reader.paragraphs(body)]
    pages = reader.page if reader.page > 1 else None
    builder = TextBuilder()
    for paragraph in _headed(paragraphs):
        page = paragraph.page if pages else None
        builder.add(paragraph.text, paragraph.kind, page=page, rank=paragraph.rank)
    for notes in ("footnotes.xml", "endnotes.xml"):
        for note in reader.notes(xml(package, _beside(main, notes))):
            builder.add(note)
    for running in _running(package, main, reader):
        builder.add(running)
    core = xml(package, "docProps/core.xml")
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        _core_title(core) or first_heading(builder.text, builder.blocks),
        pages,
        tuple(_warnings(package, root)),
        author=_core_fact(core, "creator"),
        changed=iso_date(_core_fact(core, "modified")),
        language=primary_language(_core_fact(core, "language")),
    )


# --- the package -------------------------------------------------------------------------------------------


def _main_part(package: zipfile.ZipFile) -> str:
    """Return the name of the part with the document, which the package's relations give."""
    relations = xml(package, "_rels/.rels")
    for relation in relations if relations is not None else ():
        if relation.get("Type", "").endswith("/officeDocument"):
            return str(relation.get("Target", "")).lstrip("/")
    return "word/document.xml"


def _beside(main: str, name: str) -> str:
    return f"{main.rpartition('/')[0]}/{name}".lstrip("/")


def _required(package: zipfile.ZipFile, name: str) -> etree._Element:
    root = xml(package, name)
    if root is None or local_name(root) != "document":
        raise Unreadable("is no Word document, whatever its name says.")
    return root


_RUNNING = regex.compile(r"(?:header|footer)\d*\.xml")
_PAGE_NUMBER = regex.compile(r"[\W\d_]*(?:\p{L}{1,6}\.?[\W\d_]+(?:\p{L}{1,3}[\W\d_]+)?)?")


def _running(package: zipfile.ZipFile, main: str, reader: _Reader) -> Iterator[str]:
    """Yield the lines of running heads and feet, each once; page numbers are none."""
    names = [name for name in package.namelist() if _RUNNING.fullmatch(name.removeprefix(_beside(main, "")))]
    roots = (xml(package, name) for name in sorted(names))
    texts = (each.text for root in roots if root is not None for each in reader.paragraphs(root))
    yield from dict.fromkeys(text for text in texts if not _PAGE_NUMBER.fullmatch(text))


def _warnings(package: zipfile.ZipFile, root: etree._Element) -> Iterator[str]:
    """Tell of what Word shows and the text does not hold."""
    chunks = sum(1 for _ in root.iter("{*}altChunk"))
    if chunks:
        what = "1 part of it is" if chunks == 1 else f"{chunks} parts of it are"
        yield f"{what} put in from another file and not read; open it in Word and save it."
    yield from left_out(package)


def _core_fact(core: etree._Element | None, name: str) -> str:
    fact = find(core, name)
    return one_line(fact.text or "") if fact is not None else ""


def _core_title(core: etree._Element | None) -> str:
    text = _core_fact(core, "title")
    return "" if _NO_TITLE.fullmatch(text) else text


_NO_TITLE = regex.compile(r"(?:Microsoft Word - .*|.*\.docx?|untitled|Word Document|Document ?\d*)?", regex.I)


# --- styles ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Style:
    rank: int = 0
    """The rank as a heading, 0 for what is none."""
    listed: bool = False


_HEADING_NAME = regex.compile(r"heading (\d)", regex.I)


def _styles(root: etree._Element | None) -> dict[str, _Style]:
    """Return the paragraph styles by id; what a style does not say it has from the one it is based on."""
    found: dict[str, tuple[int | None, bool, str | None]] = {}
    for style in root if root is not None else ():
        if local_name(style) == "style" and attribute(style, "type") == "paragraph":
            properties = find(style, "pPr")
            name = attribute(find(style, "name")) or ""
            rank = _name_rank(name) or _outline_rank(properties)
            listed = find(properties, "numPr") is not None or name.lower().startswith("list")
            found[attribute(style, "styleId") or ""] = rank, listed, attribute(find(style, "basedOn"))
    return {style_id: _resolved(style_id, found) for style_id in found}


def _name_rank(name: str) -> int | None:
    if name.lower() == "title":
        return _TITLE_RANK
    heading = _HEADING_NAME.fullmatch(name)
    return _TITLE_RANK + int(heading[1]) if heading else None


def _outline_rank(properties: etree._Element | None) -> int | None:
    """Return the rank by outline level; level 9 is body text."""
    level = attribute(find(properties, "outlineLvl"))
    if level is None or not level.isdigit():
        return None
    return _TITLE_RANK + 1 + int(level) if int(level) < 9 else 0


def _resolved(style_id: str, found: dict[str, tuple[int | None, bool, str | None]]) -> _Style:
    rank, listed, base = found[style_id]
    seen = {style_id}
    while base in found and base not in seen:
        seen.add(base)
        base_rank, base_listed, next_base = found[base]
        rank = base_rank if rank is None else rank
        listed = listed or base_listed
        base = next_base
    return _Style(rank or 0, listed and not rank)


# --- paragraphs --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    kind: str = "paragraph"
    rank: int = 0
    page: int = 1
    bold: bool = False


_SKIPPED = frozenset(
    (
        "del",
        "moveFrom",
        "instrText",
        "delText",
        "Fallback",
        "rt",
        "pPr",
        "sectPr",
        "tblPr",
        "trPr",
        "tcPr",
        "sdtPr",
        "rPr",
    )
)
"""Deleted text, field codes, second versions of drawings, reading aids, properties."""
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "footnoteReference": "", "ptab": "\t"}


@dataclass(slots=True)
class _Reader:
    styles: dict[str, _Style]
    page_mark: str
    page: int = 1
    _boxes: list[etree._Element] = field(default_factory=list)

    def paragraphs(self, container: etree._Element) -> Iterator[_Paragraph]:
        """Yield what stands in a body, a content control or a text box, in order."""
        for element in container:
            name = local_name(element)
            if name == "p":
                yield self._paragraph(element)
                yield from self._box_paragraphs()
            elif name == "tbl":
                yield from self._rows(element)
            elif name not in _SKIPPED:  # w:sdt, w:sdtContent, w:ins, w:customXml …
                yield from self.paragraphs(element)

    def notes(self, root: etree._Element | None) -> Iterator[str]:
        """Yield the text of footnotes or endnotes."""
        for note in root if root is not None else ():
            if attribute(note, "type") in (None, "normal"):
                yield " ".join(paragraph.text for paragraph in self.paragraphs(note)).strip()

    def _box_paragraphs(self) -> Iterator[_Paragraph]:
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            yield from self.paragraphs(box)

    def _paragraph(self, element: etree._Element) -> _Paragraph:
        properties = find(element, "pPr")
        style = self.styles.get(attribute(find(properties, "pStyle")) or "", _Style())
        rank = _outline_rank(properties)
        rank = style.rank if rank is None else rank
        listed = style.listed or attribute(find(properties, "numPr", "numId")) not in (None, "0")
        texts: list[str] = []
        page, bold = 0, True
        for text, is_bold in self._runs(element):
            texts.append(text)
            if text.strip():
                page = page or self.page  # a page may turn within the paragraph; where it begins counts
                bold = bold and is_bold
        kind = "heading" if rank else "item" if listed else "paragraph"
        return _Paragraph("".join(texts).strip(), kind, rank, page or self.page, bold and page > 0)

    def _runs(self, element: etree._Element) -> Iterator[tuple[str, bool]]:
        """Yield the text of runs and whether they are bold; text boxes wait until the paragraph is done."""
        for child in element:
            name = local_name(child)
            if name == "txbxContent":
                self._boxes.append(child)
            elif name == "r":
                yield from self._run(child)
            elif name and name not in _SKIPPED:
                yield from self._runs(child)

    def _run(self, run: etree._Element) -> Iterator[tuple[str, bool]]:
        properties = find(run, "rPr")
        if _is_on(find(properties, "vanish")):
            return
        bold = _is_on(find(properties, "b"))
        for child in run:
            name = local_name(child)
            if name == "t":
                yield child.text or "", bold
            elif name == "lastRenderedPageBreak" or (name == "br" and attribute(child, "type") == "page"):
                self.page += name == self.page_mark
            elif name in _BREAKS:
                yield _BREAKS[name], bold
            elif name == "sym":
                yield _symbol(child), bold
            elif name and name not in _SKIPPED:  # drawings with text boxes, ruby
                yield from self._runs(child)

    def _rows(self, table: etree._Element) -> Iterator[_Paragraph]:
        """Yield a table's rows as ``a | b | c``; a cell that goes on from the row above stays empty."""
        for row in _within(table, "tr"):
            page = self.page
            cells = [self._cell(cell) for cell in _within(row, "tc")]
            if any(cells):
                yield _Paragraph(" | ".join(cells), "row", 0, page)

    def _cell(self, cell: etree._Element) -> str:
        return " ".join(
            " ".join(paragraph.text.split()) for paragraph in self.paragraphs(cell) if paragraph.text
        )


def _page_mark(root: etree._Element) -> str:
    """Return what tells pages: where Word last broke them, or the breaks that were typed."""
    rendered = "lastRenderedPageBreak"
    return rendered if next(root.iter(f"{{*}}{rendered}"), None) is not None else "br"


def _within(element: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Yield the rows of a table or the cells of a row, in content controls too, not those of inner tables."""
    for child in element:
        name = local_name(child)
        if name == wanted:
            yield child
        elif name not in _SKIPPED and name not in ("tbl", "tr", "tc", "p"):
            yield from _within(child, wanted)


def _is_on(element: etree._Element | None) -> bool:
    return element is not None and attribute(element) not in ("0", "false", "off", "none")


def _symbol(element: etree._Element) -> str:
    """Return a symbol where its code is a character; symbol fonts put theirs into the private area."""
    try:
        code = int(attribute(element, "char") or "", 16)
    except ValueError:
        return ""
    return "•" if 0xF000 <= code <= 0xF0FF else chr(code) if 32 <= code < 0xD800 else ""


# --- headings without styles -----------------------------------------------------------------------------

_NUMBERED = regex.compile(
    r"第[一二三四五六七八九十百零〇\d]{1,5}[章节節编編部篇]"
    r"|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十]{1,3}[)）]"
)


def _headed(paragraphs: list[_Paragraph]) -> list[_Paragraph]:
    """Return the paragraphs; where no style marks a heading, short bold and numbered lines are headings."""
    if any(paragraph.rank > _TITLE_RANK for paragraph in paragraphs):
        return paragraphs
    texts = [paragraph for paragraph in paragraphs if paragraph.text]
    headings = {
        id(paragraph)
        for paragraph, after in pairwise(texts)
        if _is_heading_like(paragraph) and not _same_numbering(paragraph.text, after.text)
    }
    return [
        replace(each, kind="heading", rank=_plain_rank(each, texts[0])) if id(each) in headings else each
        for each in paragraphs
    ]


def _same_numbering(text: str, after: str) -> bool:
    """Tell whether two numbered lines follow each other as in a list: 一、 and 二、."""
    first, second = _NUMBERED.match(text), _NUMBERED.match(after)
    return first is not None and second is not None and (first[0][0] in "（(") == (second[0][0] in "（(")


def _is_heading_like(paragraph: _Paragraph) -> bool:
    text = paragraph.text
    if paragraph.kind != "paragraph" or len(text) > 80 or is_terminal(text) or text[-1] in ",，;；、":
        return False
    return paragraph.bold or (bool(_NUMBERED.match(text)) and len(text) <= 40)


def _plain_rank(paragraph: _Paragraph, first: _Paragraph) -> int:
    if _NUMBERED.match(paragraph.text):
        return _TITLE_RANK + (3 if paragraph.text[0] in "（(" else 2)
    return _TITLE_RANK + (paragraph is not first)
