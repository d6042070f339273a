"""The source pane: a whole document in parts, opened at a quote, the quote marked. Pure functions.

The parts are cut from the one stored text and drawn by ``render``: their ``textContent``, one after the other, is
the text, character by character. A part is some screens long, so that a long document opens as fast as a short one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from qa.errors import QuestionError
from qa.types import Block, Document, Span
from qa.web.links import QuoteLink
from qa.web.render import draw, escape, escape_name, lang_attribute, render_alert, render_place
from qa.web.strings import Strings
from qa.web.troubles import Trouble

PART_CHARS = 8_000
PART_PAGES = 20
MOST_HEADINGS = 500


# --- parts --------------------------------------------------------------------------------------


def parts(document: Document) -> list[Span]:
    """Return the document's text cut into parts: between blocks, or else between lines, if there are."""
    starts = [block.span.start for block in document.blocks]
    length, cuts = len(document.text), [0]
    while length - cuts[-1] > PART_CHARS:
        least, most = cuts[-1] + PART_CHARS // 2, cuts[-1] + PART_CHARS
        at = bisect_right(starts, most)
        cut = starts[at - 1] if at and starts[at - 1] > least else document.text.rfind("\n", least, most) + 1
        cuts.append(cut or most)
    return [Span(start, end) for start, end in pairwise([*cuts, length])]


def part_of(cuts: Sequence[Span], offset: int) -> int:
    """Return the number of the part that holds an offset."""
    return max(bisect_right([cut.start for cut in cuts], offset) - 1, 0)


# --- HTML ---------------------------------------------------------------------------------------


def render_source(document: Document, place: QuoteLink, strings: Strings, *, pages: int = 0) -> str:
    """Return the pane with the part of the text that is opened.

    If there are ``pages`` to show, these come first: the text is fetched when it is asked for.
    """
    cuts = parts(document)
    page = page_at(document, place.span.start)
    headings = _headings_at(document, place.span.start)
    views = ""
    if pages:
        views = "".join(
            f'<button type="button" data-view="{view}" aria-pressed="false">{escape(words)}</button>'
            for view, words in (("pages", strings.view_pages), ("text", strings.view_text))
        )
        views = f'<div class="views" role="group" aria-label="{escape(strings.view)}">{views}</div>'
    number = part_of(cuts, place.span.start)
    part = "" if pages else render_part(document, place, number, strings)
    return (
        f'<section class="source-pane" lang="{strings.lang}" dir="{strings.direction}" '
        f'data-query="{escape(place.query())}" data-page="{page or 1}" data-pages="{pages}" '
        f'data-part="{number}" data-parts="{len(cuts)}">'
        f'<header><div class="names"><h2{lang_attribute(document.title)}>'
        f"{escape_name(document.title or document.source)}</h2>"
        f"{render_place(document.source, page, headings, strings)}</div>"
        f'<button type="button" class="ask-this" data-within="{escape(document.source)}">{escape(strings.ask_this)}'
        f'</button><button type="button" class="close" aria-label="{escape(strings.close)}">×</button></header>'
        f'<div class="tools">{views}{_contents(document, strings)}</div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(strings.whole_document)}">{part}</div>'
        "</section>"
    )


def _contents(document: Document, strings: Strings) -> str:
    """Return the document's headings, folded, each opening its place; nothing for fewer than two."""
    headings = [block for block in document.blocks if block.kind == "heading"][:MOST_HEADINGS]
    if len(headings) < 2:
        return ""
    items = "".join(
        f'<li class="level-{min(block.level, 4)}"><button type="button" class="open" dir="auto" '
        f'data-query="{escape(QuoteLink(document.id, block.span).query(document.source))}">'
        f"{escape(' '.join(block.span.of(document.text).split()))}</button></li>"
        for block in headings
    )
    return (
        f'<details class="contents"><summary>{escape(strings.contents)}</summary><ol>{items}</ol></details>'
    )


def render_part(document: Document, place: QuoteLink, number: int, strings: Strings) -> str:
    """Return a part of the text, the quote and its answering words marked."""
    cuts = parts(document)
    if not 0 <= number < len(cuts):
        raise QuestionError(f"The document has {len(cuts)} parts; there is no part {number}.")
    pieces = "".join(_pieces(document, cuts[number], place, strings))
    return f'<div class="part" data-part="{number}">{pieces}</div>'


def _pieces(document: Document, part: Span, place: QuoteLink, strings: Strings) -> Iterator[str]:
    """Yield the blocks of a part, and what stands between them."""
    position, page = part.start, page_at(document, part.start - 1) if part.start else None
    first = max(bisect_right(document.blocks, part.start, key=lambda block: block.span.start) - 1, 0)
    for block in document.blocks[first:]:
        if block.span.start >= part.end:
            break
        span = _within(block.span, Span(position, part.end))
        if not len(span):
            continue
        lead = _lead(document, Span(position, span.start))
        yield _gap(document, Span(position, lead.start), place)
        if block.page is not None and block.page != page:
            page = block.page
            label = escape(strings.page.format(page=page))
            yield f'<div class="page-edge" role="separator" aria-label="{label}" data-label="{label}"></div>'
        yield _block(document, block, span, lead, place)
        position = span.end
    yield _gap(document, Span(position, part.end), place)


def _lead(document: Document, gap: Span) -> Span:
    """Return the mark that stands before a block on its own line, as ``## `` and ``- `` do; empty without one."""
    start = document.text.rfind("\n", gap.start, gap.end) + 1 or gap.start
    return Span(start if document.text[start : gap.end].strip() else gap.end, gap.end)


def _block(document: Document, block: Block, span: Span, lead: Span, place: QuoteLink) -> str:
    text = span.of(document.text)
    classes = f"block {block.kind}" + (f" level-{min(block.level, 4)}" if block.level else "")
    mark = f'<span class="markup">{_drawn(document, lead, place)}</span>' if len(lead) else ""
    return f'<p class="{classes}" dir="auto"{lang_attribute(text)}>{mark}{_drawn(document, span, place)}</p>'


def _gap(document: Document, span: Span, place: QuoteLink) -> str:
    """Return what is in no block: mostly the white space between two, which is kept and not drawn."""
    if not len(span):
        return ""
    if not span.of(document.text).strip():
        return f'<span class="gap">{_drawn(document, span, place)}</span>'
    return f'<p class="block" dir="auto">{_drawn(document, span, place)}</p>'


def _drawn(document: Document, span: Span, place: QuoteLink) -> str:
    quote = _within(place.span, span)
    marks = [_within(mark, span) for mark in place.marks]
    shifted = [mark.shift(-span.start) for mark in marks if len(mark)]
    return draw(span.of(document.text), document.source, quote=quote.shift(-span.start), marks=shifted)


def _within(span: Span, other: Span) -> Span:
    """Return what two spans share, an empty one at the end of ``other`` if that is nothing."""
    start, end = max(span.start, other.start), min(span.end, other.end)
    return Span(start, end) if start < end else Span(other.end, other.end)


def page_at(document: Document, offset: int) -> int | None:
    """Return the page on which the block at an offset begins."""
    at = bisect_right(document.blocks, offset, key=lambda block: block.span.start)
    return document.blocks[max(at - 1, 0)].page if document.blocks else None


def _headings_at(document: Document, offset: int) -> tuple[str, ...]:
    at = bisect_right(document.blocks, offset, key=lambda block: block.span.start)
    return document.blocks[max(at - 1, 0)].headings if document.blocks else ()


def render_pages(
    place: QuoteLink, sizes: Sequence[tuple[float, float]], number: int, strings: Strings
) -> str:
    """Return a part of the pages as pictures that load when they come into sight; their places are kept free."""
    first = number * PART_PAGES
    if not 0 <= first < len(sizes):
        raise QuestionError(f"The document has {len(sizes)} pages; there is no part {number} of them.")
    pictures = "".join(
        f'<figure class="page" data-page="{page}"><img src="page/picture?{escape(place.query())}&amp;page={page}" '
        f'width="{width:.0f}" height="{height:.0f}" loading="lazy" alt="{escape(strings.page.format(page=page))}">'
        f"<figcaption>{escape(strings.page.format(page=page))}</figcaption></figure>"
        for page, (width, height) in enumerate(sizes[first : first + PART_PAGES], first + 1)
    )
    return f'<div class="part" data-part="{number}">{pictures}</div>'


def render_changed(present: str, source: str, strings: Strings) -> str:
    """Return what stands in the pane for a link to a version that is no more; ``present`` is the id of another one."""
    sentence = strings.link_changed if present else strings.link_gone
    name = f'<p class="where"><span class="source">{escape_name(source)}</span></p>' if source else ""
    present = (
        f'<button type="button" class="open" data-query="{escape(QuoteLink(present, Span(0, 0)).query())}">'
        f"{escape(strings.open_present)}</button>"
        if present
        else ""
    )
    return (
        f'<section class="source-pane" lang="{strings.lang}" dir="{strings.direction}"><header>'
        f'<div class="names"><h2>{escape(strings.whole_document)}</h2>{name}</div>'
        f'<button type="button" class="close" aria-label="{escape(strings.close)}">×</button></header>'
        f"{render_alert(Trouble(sentence), strings)}{present}</section>"
    )
