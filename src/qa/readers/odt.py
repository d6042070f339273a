"""OpenDocument texts, read from the XML that holds the words, as Word documents are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

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
from qa.readers.package import attribute, find, local_name, open_package, part, xml

_TITLE_RANK = 1
"""The rank of a paragraph in the style Title; outline level 1 is one below."""
_SKIPPED = frozenset(
    (
        "tracked-changes",
        "annotation",
        "annotation-end",
        "sequence-decls",
        "variable-decls",
        "forms",
        "ruby-text",
        "bibliography-source",
        "table-of-content-source",
        "image",
        "object",
        "script",
        "event-listeners",
    )
)
"""Deleted text, comments, declarations, reading aids."""
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible"
"""The names of what describes a picture begin so."""
_MOST_SPACES = 1_000
"""Spaces that one element may stand for."""


def parse(data: bytes) -> Parsed:
    """Return the text of an OpenDocument file in its order, with headings, lists and table rows."""
    package = open_package(data, "OpenDocument text")
    if b"encryption-data" in (part(package, "META-INF/manifest.xml") or b""):
        raise Unreadable("is protected by a password; save it without one.")
    root = xml(package, "content.xml")
    text = find(root, "body", "text")
    if root is None or text is None:
        raise Unreadable("is no OpenDocument text, whatever its name says.")
    paged = next(text.iter("{*}soft-page-break"), None) is not None
    builder = TextBuilder()
    reader = _Reader(_titles(root, xml(package, "styles.xml")))
    for paragraph in reader.paragraphs(text, "paragraph"):
        builder.add(
            paragraph.text, paragraph.kind, page=paragraph.page if paged else None, rank=paragraph.rank
        )
    for note in reader.notes:
        builder.add(note)
    facts = find(xml(package, "meta.xml"), "meta")
    title = _fact(facts, "title") or first_heading(builder.text, builder.blocks)
    return Parsed(
        builder.text,
        tuple(builder.blocks),
        title,
        reader.page if paged else None,
        author=_fact(facts, "initial-creator") or _fact(facts, "creator"),
        changed=iso_date(_fact(facts, "date")),
        language=primary_language(_fact(facts, "language")),
    )


def _fact(facts: etree._Element | None, name: str) -> str:
    found = find(facts, name)
    return one_line(found.text or "") if found is not None else ""


def _titles(*roots: etree._Element | None) -> frozenset[str]:
    """Return the names of the style Title and of those that are based on it."""
    parents = {
        attribute(style, "name") or "": attribute(style, "parent-style-name")
        for root in roots
        if root is not None
        for style in root.iter("{*}style")
    }
    return frozenset({"Title", *(name for name, parent in parents.items() if parent == "Title")})


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str
    kind: str
    page: int
    rank: int = 0


@dataclass(slots=True)
class _Reader:
    titles: frozenset[str]
    page: int = 1
    notes: list[str] = field(default_factory=list)
    _boxes: list[etree._Element] = field(default_factory=list)

    def paragraphs(self, container: etree._Element, kind: str) -> Iterator[_Paragraph]:
        """Yield what stands in a text, a section, a list or a text box, in order."""
        for element in container:
            name = local_name(element)
            if name in ("p", "h"):
                yield self._paragraph(element, kind)
                boxes, self._boxes = self._boxes, []
                for box in boxes:
                    yield from self.paragraphs(box, kind)
            elif name == "table":
                yield from self._rows(element)
                yield _Paragraph("", "paragraph", self.page)  # the next one begins anew
            elif name == "soft-page-break":
                self.page += 1
            elif not _is_skipped(element):  # sections, indexes, lists, frames
                yield from self.paragraphs(element, "item" if name == "list" else kind)

    def _paragraph(self, element: etree._Element, kind: str) -> _Paragraph:
        page = self.page  # where the paragraph begins
        text = "".join(self._runs(element)).strip()
        rank = 0
        if local_name(element) == "h":
            level = attribute(element, "outline-level") or "1"
            rank = _TITLE_RANK + (int(level) if level.isdecimal() and len(level) < 3 else 1)
        elif attribute(element, "style-name") in self.titles:
            rank = _TITLE_RANK
        return _Paragraph(text, "heading" if rank else kind, page, rank)

    def _runs(self, element: etree._Element) -> Iterator[str]:
        yield _spaced(element.text)
        for child in element:
            name = local_name(child)
            if name == "s":
                count = attribute(child, "c") or "1"
                yield " " * min(int(count) if count.isdecimal() and len(count) < 6 else 1, _MOST_SPACES)
            elif name == "tab":
                yield "\t"
            elif name == "line-break":
                yield "\n"
            elif name == "soft-page-break":
                self.page += 1
            elif name == "note":
                self.notes += self._note(child)
            elif name == "text-box":
                self._boxes.append(child)
            elif not _is_skipped(child):  # spans, links, fields, frames
                yield from self._runs(child)
            yield _spaced(child.tail)

    def _note(self, note: etree._Element) -> Iterator[str]:
        body = find(note, "note-body")
        if body is not None:
            yield " ".join(paragraph.text for paragraph in self.paragraphs(body, "paragraph")).strip()

    def _rows(self, table: etree._Element) -> Iterator[_Paragraph]:
        """Yield a table's rows as ``a | b | c``; a cell under a wider one stays empty."""
        for row in _within(table, "table-row"):
            page = self.page
            cells = [self._cell(cell) for cell in row if local_name(cell).endswith("table-cell")]
            if any(cells):
                yield _Paragraph(" | ".join(cells), "row", page)

    def _cell(self, cell: etree._Element) -> str:
        return " ".join(
            " ".join(each.text.split()) for each in self.paragraphs(cell, "paragraph") if each.text
        )


def _within(table: etree._Element, wanted: str) -> Iterator[etree._Element]:
    """Yield the rows of a table, in header rows and groups too, not those of inner tables."""
    for child in table:
        name = local_name(child)
        if name == wanted:
            yield child
        elif name in ("table-header-rows", "table-row-group", "table-rows"):
            yield from _within(child, wanted)


def _is_skipped(element: etree._Element) -> bool:
    name = local_name(element)
    return not name or name in _SKIPPED or str(element.tag).startswith(_SVG)


def _spaced(text: str | None) -> str:
    """Return text as OpenDocument means it: white space of the file is one space."""
    if not text:
        return ""
    words = " ".join(text.split())
    return (" " if text[0].isspace() and words else "") + words + (" " if text[-1].isspace() else "")
