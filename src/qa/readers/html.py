"""HTML: the words a reader of the page sees, in order, with headings, list items and table rows.

The parser follows the HTML standard, so that broken markup comes out as in a browser. The tree is walked
without recursion: pages may nest as deep as they like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qa.readers.building import Parsed, TextBuilder, first_heading, iso_date, one_line, primary_language

_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "iframe",
        "object",
        "canvas",
        "audio",
        "video",
        "nav",
        "button",
        "input",
        "select",
        "textarea",
        "datalist",
        "head",
        "rt",
        "rp",
        "dialog",
        "menu",
        "map",
        "area",
        "progress",
        "meter",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_CONTAINERS = "table,h1,h2,h3,h4,h5,h6,ul,ol,article,section,pre"
"""A table row that holds one of these lays out a page; it is no row of data."""
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SPACE = re.compile(r"[ \t\n\r\f]+")
_MAX_ROW = 2_000
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I)
_XML_CHARSET = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,40})""", re.I)


def declared_charset(data: bytes) -> str | None:
    """Return what the page says of its encoding in its first kilobytes."""
    found = _CHARSET.search(data[:4096]) or _XML_CHARSET.search(data[:200])
    return found[1].decode("ascii") if found else None


def parse(html: str) -> Parsed:
    """Return the visible text of a page; navigation is left out unless there is nothing else."""
    parser = LexborHTMLParser(html)
    builder = TextBuilder()
    _read(parser, _SKIPPED, builder)
    if not builder.blocks:
        _read(parser, _SKIPPED - {"nav", "menu"}, builder)
    text = builder.text
    title = parser.css_first("head title")
    named = one_line(title.text_content or title.text()) if title else ""
    root = parser.css_first("html")
    return Parsed(
        text,
        tuple(builder.blocks),
        named or first_heading(text, builder.blocks),
        author=_meta(parser, "author", "article:author"),
        date=iso_date(_meta(parser, "article:published_time", "date", "dc.date")),
        changed=iso_date(_meta(parser, "article:modified_time")),
        language=primary_language(root.attributes.get("lang") if root else ""),
    )


def _meta(parser: LexborHTMLParser, *names: str) -> str:
    """Return what the head says under the first of ``names``, "" where it says nothing."""
    found = {
        (node.attributes.get("name") or node.attributes.get("property") or "").lower(): node.attributes.get(
            "content"
        )
        for node in parser.css("head meta[content]")
    }
    return next((one_line(text) for name in names if (text := found.get(name))), "")


def read_into(builder: TextBuilder, html: str) -> None:
    """Append the visible text of a page that is part of a larger document; its headings go on from there."""
    _read(LexborHTMLParser(html), _SKIPPED, builder)


def has_heading(html: str) -> bool:
    return LexborHTMLParser(html).css_first(",".join(_HEADINGS)) is not None


@dataclass(slots=True)
class _Page:
    """The state of the walk: the words of the block at hand, and what the block is."""

    builder: TextBuilder
    words: list[str] = field(default_factory=list)
    kind: str = "paragraph"
    rank: int = 0
    preformatted: int = 0
    row: list[str] | None = None
    """The cells of the table row at hand."""
    after_term: bool = False
    """Whether the block at hand is a ``dt`` that waits for its ``dd``: both are one item."""

    def write(self, text: str) -> None:
        self.words.append(text if self.preformatted else _SPACE.sub(" ", text))

    def end_block(self) -> None:
        """Close the block at hand; in a table row that is a line of the cell."""
        text = _tidy("".join(self.words)) if not self.preformatted else "".join(self.words).strip("\n")
        self.words.clear()
        if self.row is not None:
            if text.strip():
                self.row[-1:] = [f"{self.row[-1]} {text}".strip()] if self.row else [text]
            return
        if text.strip():
            self.builder.add(text, self.kind, rank=self.rank)

    def end_row(self) -> None:
        cells, self.row = [_SPACE.sub(" ", cell) for cell in self.row or ()], None
        if any(cells):
            self.builder.add(" | ".join(cells).strip(), "row")


def _tidy(text: str) -> str:
    """Return inline text with single spaces and none around its line breaks."""
    return re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", text)).strip()


def _read(parser: LexborHTMLParser, skipped: frozenset[str], builder: TextBuilder) -> None:
    page = _Page(builder)
    depth = 0  # below the root; nodes are not compared, for that would compare their markup
    node: LexborNode | None = parser.body or parser.root
    while node is not None:
        if not _is_skipped(node, skipped):
            _enter(page, node)
            child = node.child
            if child is not None:
                node, depth = child, depth + 1
                continue
            _leave(page, node)
        after = node.next if depth else None
        while after is None and depth > 0:
            node = node.parent
            if node is None:
                break
            depth -= 1
            _leave(page, node)
            after = node.next if depth else None
        node = after
    page.end_block()


def _is_skipped(node: LexborNode, skipped: frozenset[str]) -> bool:
    tag = node.tag or ""
    if tag.startswith("-"):
        return tag != "-text"
    if tag in skipped:
        return True
    attributes = node.attributes
    return bool(attributes) and (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") == "navigation"
        or bool(_HIDDEN_STYLE.search(attributes.get("style") or ""))
    )


def _enter(page: _Page, node: LexborNode) -> None:
    tag = node.tag
    if tag == "-text":
        page.write(node.text_content or "")
    elif tag == "br":
        page.words.append("\n")
    elif tag in _BLOCKS:
        _open_block(page, node, tag)


def _open_block(page: _Page, node: LexborNode, tag: str) -> None:
    if tag != "dd" or not page.after_term:
        page.end_block()
    page.after_term = False
    page.preformatted += tag == "pre"
    if page.row is not None:
        if tag in ("td", "th"):
            page.row.append("")
        return
    if tag == "tr" and _is_data_row(node):
        page.row = []
    elif tag in _HEADINGS:
        page.kind, page.rank = "heading", _HEADINGS[tag]
    elif tag in ("li", "dt", "dd"):
        page.kind, page.rank = "item", 0


def _is_data_row(node: LexborNode) -> bool:
    return node.css_first(_CONTAINERS) is None and len(node.text()) <= _MAX_ROW


def _leave(page: _Page, node: LexborNode) -> None:
    tag = node.tag
    if tag not in _BLOCKS:
        return
    if tag == "dt" and page.row is None:
        page.words.append("\n")
        page.after_term = True
        return
    page.end_block()
    page.preformatted -= tag == "pre"
    if tag == "tr" and page.row is not None:
        page.end_row()
    if tag == "table":
        page.builder.add("")  # the next one begins anew
    if tag in _HEADINGS or tag in ("li", "dt", "dd"):
        page.kind, page.rank = "paragraph", 0
