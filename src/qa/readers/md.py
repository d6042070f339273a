"""Markdown: the stored text is what the person wrote, markup and all; blocks are spans over it.

Only the block structure is parsed; markdown-it gives lines, lines give offsets. What belongs to no block
and is no markup (a footnote that reads like a link definition) becomes a paragraph: nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.readers.building import Outline, Parsed, first_heading, iso_date, one_line, primary_language
from qa.types import Block, Span


@dataclass(frozen=True, slots=True)
class _Piece:
    span: Span
    kind: str = "paragraph"
    rank: int = 0


def parse(text: str) -> Parsed:
    """Return blocks over the Markdown ``text``, which is kept as it is."""
    lines = _lines(text)
    front = _front_matter(text, lines)
    body = _blanked(text, lines, front)
    pieces = sorted(_pieces(text, body, lines, front), key=lambda piece: piece.span)
    blocks = tuple(_blocks(text, pieces))
    facts = _front_facts(text, lines[:front])
    return Parsed(
        text,
        blocks,
        facts.get("title") or first_heading(text, blocks),
        author=facts.get("author", ""),
        date=iso_date(facts.get("date")),
        language=primary_language(facts.get("lang") or facts.get("language")),
    )


def _lines(text: str) -> list[Span]:
    """Return the span of each line, without its line break."""
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append(Span(start, start + len(line)))
        start += len(line) + 1
    return spans


# --- front matter ----------------------------------------------------------------------------------------


def _front_matter(text: str, lines: list[Span]) -> int:
    """Return how many lines the YAML or TOML header has, its fences included; 0 without one."""
    fence = lines[0].of(text).rstrip()
    if fence not in ("---", "+++"):
        return 0
    for number, span in enumerate(lines[1:200], 1):
        line = span.of(text).rstrip()
        if line == fence or (fence == "---" and line == "..."):
            return number + 1
        if not line.strip():
            return 0
    return 0


def _front_facts(text: str, lines: list[Span]) -> dict[str, str]:
    """Return the lines ``name: value`` of the header, names in lower case, the first of each name."""
    facts: dict[str, str] = {}
    for span in lines:
        found = _FACT.match(span.of(text))
        if found:
            facts.setdefault(found["name"].lower(), one_line(found["value"].strip().strip("\"'")))
    return facts


_FACT = re.compile(r"(?P<name>[A-Za-z]+)\s*[:=]\s*(?P<value>\S.*)")


def _blanked(text: str, lines: list[Span], front: int) -> str:
    """Return the text with an empty line for each line of the front matter, so that line numbers stay."""
    return "\n" * front + text[lines[front].start :] if 0 < front < len(lines) else "" if front else text


# --- tokens to pieces --------------------------------------------------------------------------------------


def _pieces(text: str, body: str, lines: list[Span], front: int) -> Iterator[_Piece]:
    covered = [True] * front + [False] * (len(lines) - front)
    for span in lines[1 : max(front - 1, 1)]:
        yield from _trimmed(text, span, "item")
    tokens = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"]).parse(body)
    in_item = False
    for place, token in enumerate(tokens):
        if token.map is None:
            continue
        first, last = token.map[0], min(token.map[1], len(lines))
        if token.type in ("list_item_open", "paragraph_open", "blockquote_open"):
            in_item = token.type == "list_item_open" or (in_item and token.type == "paragraph_open")
        if token.type not in _LEAVES:
            continue
        if token.type == "tr_open":
            last += tokens[place - 1].type == "thead_open"  # with the line of dashes under the head
            covered[first:last] = [True] * (last - first)
            yield from _row(text, lines[first])
            continue
        if token.type == "html_block" and _COMMENT.fullmatch(_slice(text, lines, first, last)):
            covered[first:last] = [True] * (last - first)
            continue
        covered[first:last] = [True] * (last - first)
        yield from _leaf(text, lines, token, tokens[place - 1], first, last)
    yield from _uncovered(text, lines, covered)


_LEAVES = frozenset(("heading_open", "paragraph_open", "fence", "code_block", "html_block", "hr", "tr_open"))
_COMMENT = re.compile(r"\s*(?:<!--.*?-->\s*)+", re.S)


def _leaf(
    text: str, lines: list[Span], token: Token, before: Token, first: int, last: int
) -> Iterator[_Piece]:
    if token.type == "hr":
        return
    if token.type == "heading_open":
        last -= token.markup in ("=", "-")  # the line under a setext heading
        yield from _heading(
            text, Span(lines[first].start, lines[last - 1].end), int(token.tag[1]), token.markup
        )
        return
    if token.type == "fence":
        first, last = (
            first + 1,
            last - (1 if _FENCE_END.match(lines[last - 1].of(text)) and last - first > 1 else 0),
        )
    if first < last:
        kind = "item" if before.type == "list_item_open" else "paragraph"
        yield from _trimmed(text, Span(lines[first].start, lines[last - 1].end), kind)


_FENCE_END = re.compile(r"[\s>]*(?:`{3,}|~{3,})\s*$")


def _slice(text: str, lines: list[Span], first: int, last: int) -> str:
    return text[lines[first].start : lines[last - 1].end]


def _heading(text: str, span: Span, rank: int, markup: str) -> Iterator[_Piece]:
    for piece in _trimmed(text, span, "heading"):
        line = piece.span.of(text)
        lead = len(line) - len(line.lstrip("#")) if markup.startswith("#") else 0
        content = line[lead:]
        closed = _CLOSING.sub("", content) if lead else content
        start = piece.span.start + lead + len(closed) - len(closed.lstrip())
        end = piece.span.start + lead + len(closed.rstrip())
        if start < end:
            yield _Piece(Span(start, end), "heading", rank)


_CLOSING = re.compile(r"(?:^|\s)#+\s*$")


def _row(text: str, line: Span) -> Iterator[_Piece]:
    """Yield a table row without its outer bars."""
    for piece in _trimmed(text, line, "row"):
        row = piece.span.of(text)
        inner = row.strip("|")
        start = piece.span.start + len(row) - len(row.lstrip("|"))
        yield from _trimmed(text, Span(start, start + len(inner)), "row")


def _trimmed(text: str, span: Span, kind: str) -> Iterator[_Piece]:
    """Yield the span as a piece without list marks, quote marks and space before it, and space after it."""
    line = span.of(text)
    lead = _LEAD.match(line) if kind != "row" else None
    start = span.start + (lead.end() if lead else len(line) - len(line.lstrip()))
    end = span.start + len(line.rstrip())
    if start < end:
        yield _Piece(Span(start, end), kind)


_LEAD = re.compile(r"\s*(?:(?:>|[-+*](?=\s)|\d{1,9}[.)](?=\s)|\[[ xX]\](?=\s))\s*)*(?=\S)")


def _uncovered(text: str, lines: list[Span], covered: list[bool]) -> Iterator[_Piece]:
    """Yield the lines that no token stands for, but link definitions, comments and bare markup."""
    for span, is_covered in zip(lines, covered, strict=True):
        line = span.of(text)
        if is_covered or not line.strip() or _MARKUP.fullmatch(line):
            continue
        yield from _trimmed(text, span, "paragraph")


_MARKUP = re.compile(r"[\s>|:=*_~`+#-]*(?:\d{1,9}[.)]\s*)?|\s*\[(?!\^)[^\]]+\]:\s*\S+.*|\s*<!--.*-->\s*")


def _blocks(text: str, pieces: list[_Piece]) -> Iterator[Block]:
    outline = Outline()
    for piece in pieces:
        level, headings = 0, outline.headings
        if piece.kind == "heading":
            headings, level = outline.enter(piece.rank, plain(piece.span.of(text)))
        yield Block(piece.span, piece.kind, None, headings, level)


def plain(text: str) -> str:
    """Return a heading as it would be shown: links as their words, no emphasis or code marks."""
    text = re.sub(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?", r"\1", text)
    text = re.sub(r"\s*\{[#.][^}]*\}\s*$", "", text)
    return re.sub(r"(\*\*|__|~~|`+|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w))", "", text)
