"""Answers, passages, documents and reports as HTML. Pure functions; everything passes through ``escape``.

Documents, file names and questions are written by others: they are shown as text, never as markup.
What a reader copies must be what the document says, so no function adds or drops a character inside
a passage: the ``textContent`` of ``.quote`` equals ``quote.text``, also where it is marked or broken
into lines (only white space is *drawn* differently, by CSS).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qa import confidence
from qa.citing import Citation
from qa.feedback import LONGEST_TEXT, MOST_MARKS, RIGHT, WRONG, Feedback
from qa.history import PastConversation
from qa.reasons import say
from qa.text import fold, script
from qa.types import Answer, DocumentInfo, Explanation, Hit, Meeting, Place, Quote, Span
from qa.web.links import QuoteLink
from qa.web.signin import WORDS
from qa.web.strings import LANGUAGES, Strings
from qa.web.troubles import Trouble

SHOWN_DOCUMENTS = 100
SHOWN_PLACES = 3
MOST_FOLDERS = 500
NEAREST = 3
TELLING = 0.1
"""Points of a score by which a feature must be ahead to be named."""
MOST_TELLING = 3
# Han, kana and their punctuation: written without spaces. (Not Hangul.)
_WIDE = "\u2e80-\u312f\u31a0-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff“”‘’…—"

_LANGUAGE_OF_SCRIPT = {
    "kana": "ja",
    "hangul": "ko",
    "han": "zh",
    "arabic": "ar",
    "hebrew": "he",
    "thai": "th",
    "devanagari": "hi",
    "cyrillic": "ru",
    "greek": "el",
}
# A reference, because the HTML parser turns a bare carriage return into a line feed and the words
# shown would no longer equal the quote. Lone surrogates and NUL cannot be sent to a browser at all.
_CARRIAGE_RETURN = {ord("\r"): "&#13;"}
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
# Overrides and embeddings in a *name* can make "exe.pdf" out of "fdp.exe"; they show as a mark there.
_DECEIVING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    """Return ``text`` as HTML that shows exactly it, inside an element or a quoted attribute."""
    return html.escape(_UNSENDABLE.sub("\ufffd", text), quote=True).translate(_CARRIAGE_RETURN)


def escape_name(name: str) -> str:
    """Return a one-line name as an isolated HTML run in its own direction; hidden controls show."""
    shown = _DECEIVING.sub("\ufffd", name)
    return f'<bdi dir="auto">{escape(shown)}</bdi>'


def _isolated(words: str) -> str:
    """Return words that keep their own order inside a sentence of either direction (Unicode isolates)."""
    return f"\u2068{words}\u2069"


# --- a turn of the conversation -----------------------------------------------------------------


def render_pending(turn_id: str, question: str, strings: Strings) -> str:
    """Return a turn whose answer is on its way."""
    body = f'<p class="pending" role="status">{escape(strings.searching)}</p>'
    return _turn(turn_id, question, body, strings)


def render_turn(
    turn_id: str,
    question: str,
    standalone: str,
    answer: Answer,
    strings: Strings,
    explanations: Sequence[Explanation] = (),
) -> str:
    """Return a turn: what was asked, how it was read where that differs, and what was answered.

    ``explanations`` are those of the first hits: of the quoted one, and of the next, which it was better than.
    """
    reading = ""
    if standalone.strip() != question.strip():
        reading = _render_reading(standalone, strings)
    return _turn(turn_id, question, reading + render_answer(answer, strings, explanations), strings)


def _render_reading(standalone: str, strings: Strings) -> str:
    """Return how a question was read; it unfolds to be mended and asked again."""
    read_as = escape(strings.read_as.format(question=standalone))
    return (
        f'<details class="reading"><summary><span class="read-as" dir="auto">{read_as}</span> '
        f'<span class="mend">{escape(strings.edit)}</span></summary>'
        f'<form class="mending"><input type="text" name="question" dir="auto" value="{escape(standalone)}" '
        f'aria-label="{escape(strings.edit_label)}"><button type="submit">{escape(strings.ask_button)}</button>'
        "</form></details>"
    )


def render_failure(turn_id: str, question: str, trouble: Trouble, strings: Strings) -> str:
    """Return a turn that ended in an error."""
    body = (
        f'<section class="card failed" role="alert"><h3>{escape(strings.failed_question)}</h3>'
        f"{_trouble(trouble)}</section>"
    )
    return _turn(turn_id, question, body, strings)


def render_lost(turn_id: str, question: str, strings: Strings) -> str:
    """Return a turn of a kept conversation whose quote's document changed or is gone; it can be asked again."""
    body = (
        f'<section class="card abstained"><h3>{escape(strings.answer_gone)}</h3>'
        f'<button type="button" class="suggestion" data-question="{escape(question)}" data-within="">'
        f"{escape(strings.ask_again)}</button></section>"
    )
    return _turn(turn_id, question, body, strings)


def render_conversation(turns: Sequence[str], token: str, *, kept: str = "", left: str | None = None) -> str:
    """Return turns of the conversation ``token`` for the log, each in the place of the one with its id.

    ``kept`` is the id under which the conversation can be opened again, "" before anything of it is kept. With ``left``
    the turns take the place of all that the log shows; it is the token of the conversation that was left for this one,
    "" for none: what comes of that one later is not shown.
    """
    instead = "" if left is None else f' data-left="{escape(left)}"'
    return f'<hr data-conversation="{escape(token)}" data-kept="{escape(kept)}"{instead}>{"".join(turns)}'


def _turn(turn_id: str, question: str, body: str, strings: Strings) -> str:
    return (
        f'<article class="turn" id="{escape(turn_id)}" lang="{strings.lang}" dir="{strings.direction}">'
        f'<div class="asked"><h2 class="unseen">{escape(strings.you_asked)} </h2>'
        f'<p class="question" dir="auto">{escape(question)}</p></div>{body}</article>'
    )


def _trouble(trouble: Trouble) -> str:
    details = (
        f'<p class="details" lang="en" dir="ltr">{escape(trouble.details)}</p>' if trouble.details else ""
    )
    sentence = f'<p class="message" dir="auto">{escape(trouble.sentence)}</p>' if trouble.sentence else ""
    return sentence + details


# --- an answer ----------------------------------------------------------------------------------


def render_answer(answer: Answer, strings: Strings, explanations: Sequence[Explanation] = ()) -> str:
    """Return the card of a quote, or of "not in these documents"."""
    if answer.quote is None:
        return _render_abstention(answer, strings)
    return _render_quote(answer, answer.quote, explanations, strings)


def _render_quote(answer: Answer, quote: Quote, explanations: Sequence[Explanation], strings: Strings) -> str:
    before, after = surroundings(quote, answer.hits)
    others = [hit for hit in answer.hits if hit.passage.id != quote.passage_id]
    step = confidence.step(answer.confidence)
    return (
        '<section class="card answered">'
        f'<header class="place"><h3 class="unseen">{escape(strings.answer)}</h3>'
        f"{render_place(quote.source, quote.page, quote.headings, strings, answer.reading_confidence)}</header>"
        f"{_also(quote.also, strings)}"
        f'<blockquote class="passage" dir="auto"{lang_attribute(quote.text)}>'
        f"{_dimmed(_quote_in_passage(before, quote, after), quote.source)}</blockquote>"
        f'<p class="confidence step-{step}">{escape(strings.confidence[step])}</p>'
        f"{_reason(answer, strings)}{_actions(quote, strings)}"
        f"{_why(explanations, strings)}{_verdict(answer, strings)}{_others(others, strings)}</section>"
    )


def _actions(quote: Quote, strings: Strings) -> str:
    """Return what can be done with a quote: open its document, copy it, cite it, link to it."""
    query = escape(QuoteLink(quote.document_id, quote.span, quote.highlights).query(quote.source))
    copied = f'data-copied="{escape(strings.copied)}"'
    return (
        f'<div class="actions" data-query="{query}">'
        f'<button type="button" class="open" data-query="{query}">{escape(strings.open_source)}</button>'
        f'<button type="button" class="copy" {copied}>{escape(strings.copy)}</button>'
        f'<button type="button" class="link" {copied}>{escape(strings.copy_link)}</button>'
        f'<details class="cite"><summary>{escape(strings.cite)}</summary>'
        '<div class="citations" role="status"></div></details></div>'
    )


def render_citations(citation: Citation, strings: Strings) -> str:
    """Return the citation in its three forms, each with a button that copies it."""
    forms = (
        (strings.cite_plain, citation.plain()),
        ("BibTeX", citation.bibtex()),
        ("GB/T 7714", citation.gbt7714()),
    )
    return "".join(
        f'<div class="citation"><h4>{escape(name)}</h4>'
        f'<pre dir="auto" role="group" tabindex="0" aria-label="{escape(name)}">'
        f'{escape(text)}</pre><button type="button" class="copy-citation" data-copied="{escape(strings.copied)}">'
        f"{escape(strings.copy_form.format(form=name))}</button></div>"
        for name, text in forms
    )


def _why(explanations: Sequence[Explanation], strings: Strings) -> str:
    """Return which word of the question met which of the passage, and what put it ahead of the next one."""
    if not explanations:
        return ""
    first, *rest = explanations
    words = "".join(f"<li>{_meeting(word, strings)}</li>" for word in first.words)
    ahead = f'<p class="note">{escape(_ahead(first, rest[0], strings))}</p>' if rest else ""
    return f'<details class="why"><summary>{escape(strings.why)}</summary><ul class="met">{words}</ul>{ahead}</details>'


def _meeting(word: Meeting, strings: Strings) -> str:
    template = {"passage": strings.why_meets, "title": strings.why_meets_title}.get(
        word.place, strings.why_misses
    )
    asked, met = (f'<b><bdi dir="auto">{escape(each)}</bdi></b>' for each in (word.asked, word.met))
    return escape(template).format(asked=asked, met=met)


def _ahead(first: Explanation, other: Explanation, strings: Strings) -> str:
    """Return in words the features that brought the first passage more than the other, the most telling first."""
    before = {share.name: share.points for share in other.shares}
    leads = [(share.points - before.get(share.name, 0.0), share) for share in first.shares]
    telling = sorted((pair for pair in leads if pair[0] >= TELLING), key=lambda pair: -pair[0])[:MOST_TELLING]
    if not telling:
        return strings.why_close
    names = [strings.features.get(share.name, share.meaning) for _, share in telling]
    return strings.why_ahead.format(features=strings.comma.join(names))


def _render_abstention(answer: Answer, strings: Strings) -> str:
    nearest, rest = answer.hits[:NEAREST], answer.hits[NEAREST:]
    heading = strings.nearest if nearest else strings.nothing_near
    return (
        '<section class="card abstained">'
        f"<h3>{escape(strings.not_found)}</h3>"
        f'<p class="note">{escape(strings.not_found_note)}</p>'
        f"{_reason(answer, strings)}"
        f"{_verdict(answer, strings)}<h4>{escape(heading)}</h4>{_hits(nearest, strings)}"
        f"{_others(rest, strings) if rest else ''}</section>"
    )


def _reason(answer: Answer, strings: Strings) -> str:
    """Return the reason in the reader's language, or as it came where it is told in the question's only."""
    reason = say(answer.why, strings.lang) if answer.why else answer.reason
    return f'<p class="reason" dir="auto">{escape(reason)}</p>'


def _verdict(answer: Answer, strings: Strings) -> str:
    """Return the two buttons that say whether the answer is right, and fields for words; ``log.js`` sends them."""
    request = escape(json.dumps(feedback_request(answer), ensure_ascii=False))
    buttons = "".join(
        f'<button type="button" class="thumb" data-verdict="{verdict}" aria-pressed="false">{escape(words)}</button>'
        for verdict, words in ((RIGHT, strings.verdict_right), (WRONG, strings.verdict_wrong))
    )
    return (
        f'<div class="verdict" role="group" aria-label="{escape(strings.is_right)}" data-request="{request}" '
        f'data-kept="{escape(strings.verdict_kept)}" data-lost="{escape(strings.verdict_lost)}">'
        f'<span aria-hidden="true">{escape(strings.is_right)}</span>{buttons}<span role="status"></span>'
        f'<form class="words" hidden>{_field("expected", strings.expected_ask)}{_field("note", strings.note_ask)}'
        f'<button type="submit" class="thumb">{escape(strings.expected_send)}</button></form></div>'
    )


def _field(name: str, label: str) -> str:
    return (
        f'<label class="{name}">{escape(label)} '
        f'<input type="text" name="{name}" maxlength="{LONGEST_TEXT}" autocomplete="off" dir="auto"></label>'
    )


def feedback_request(answer: Answer) -> dict[str, Any]:
    """Return what ``POST /v1/feedback`` wants to know of an answer, without the verdict.

    The probability stays out: the page says it in words.
    """
    kept = Feedback.on(answer, "")
    request: dict[str, Any] = {"question": kept.question}
    if kept.span is None:
        return request
    marks = [[mark.start, mark.end] for mark in kept.highlights[:MOST_MARKS]]
    place = {"document_id": kept.document_id, "start": kept.span.start, "end": kept.span.end}
    return {**request, **place, "highlights": marks}


def draw(text: str, source: str, *, quote: Span, marks: Sequence[Span] = ()) -> str:
    """Return a text of ``source`` as HTML, the ``quote`` and the ``marks`` in it shown; spans are of the text."""
    breaks = line_breaks(text)
    return _dimmed(
        _lines(text, Span(0, quote.start), breaks)
        + (f'<span class="quote">{_marked(text, quote, marks, breaks)}</span>' if len(quote) else "")
        + _lines(text, Span(quote.end, len(text)), breaks),
        source,
    )


def surroundings(quote: Quote, hits: Sequence[Hit]) -> tuple[str, str]:
    """Return the passage text before and after the quote; empty where no hit covers that side."""
    before = after = ""
    for hit in hits:
        span = hit.passage.span
        if hit.passage.document_id != quote.document_id or not span.overlaps(quote.span):
            continue
        if span.start < quote.span.start:
            before = before or hit.text[: quote.span.start - span.start]
        if span.end > quote.span.end:
            after = after or hit.text[quote.span.end - span.start :]
    return before, after


def _quote_in_passage(before: str, quote: Quote, after: str) -> str:
    """Return the three parts as HTML; line breaks are judged on the whole, drawn part by part."""
    text = before + quote.text + after
    breaks = line_breaks(text)
    start, end = len(before), len(before) + len(quote.text)
    shift = start - quote.span.start
    marks = [Span(mark.start + shift, mark.end + shift) for mark in quote.highlights]
    return (
        _part("context", text, Span(0, start), breaks)
        + f'<span class="quote">{_marked(text, Span(start, end), marks, breaks)}</span>'
        + _part("context", text, Span(end, len(text)), breaks)
    )


_MARKUP = re.compile(r"\|[ \t]*:?-{2,}[-:| \t]*|\*{2,3}|\||`+")
"""Marks of Markdown that stand inside its blocks. None of these characters is in a tag that is made here."""


def _dimmed(passage: str, source: str) -> str:
    """Return a passage's HTML with the marks of Markdown set back: they stand in the text, and are not what it says."""
    if not source.lower().endswith((".md", ".markdown")):
        return passage
    return _MARKUP.sub(lambda found: f'<span class="markup">{found[0]}</span>', passage)


def _part(name: str, text: str, span: Span, breaks: Sequence[Span]) -> str:
    return f'<span class="{name}">{_lines(text, span, breaks)}</span>' if len(span) else ""


def _marked(text: str, span: Span, marks: Iterable[Span], breaks: Sequence[Span]) -> str:
    pieces, position = [], span.start
    for mark in marks:
        pieces.append(_lines(text, Span(position, mark.start), breaks))
        pieces.append(f"<mark>{_lines(text, mark, breaks)}</mark>")
        position = mark.end
    pieces.append(_lines(text, Span(position, span.end), breaks))
    return "".join(pieces)


def _lines(text: str, span: Span, breaks: Sequence[Span]) -> str:
    """Return ``text[span]`` escaped, its line breaks wrapped so that CSS draws them or not."""
    pieces, position = [], span.start
    for gap in breaks:
        start, end = max(gap.start, position), min(gap.end, span.end)
        if start < end:
            pieces.append(_unbroken(text, position, start))
            pieces.append(f'<span class="break">{escape(text[start:end])}</span>')
            position = end
    pieces.append(_unbroken(text, position, span.end))
    return "".join(pieces)


_JOINT = re.compile(rf"(?<=[{_WIDE}])([^\S\n]*\n\s*)(?=[{_WIDE}])")


def _unbroken(text: str, start: int, end: int) -> str:
    """Return the part escaped; between characters that are written without spaces, none is drawn."""
    pieces, position = [], start
    for joint in _JOINT.finditer(text, start, end):
        pieces.append(escape(text[position : joint.start()]))
        pieces.append(f'<span class="joint">{escape(joint[0])}</span>')
        position = joint.end()
    pieces.append(escape(text[position:end]))
    return "".join(pieces)


_BREAK = re.compile(r"[^\S\n]*\n\s*")
_ENDS_LINE = re.compile(r"[.!?。！？…:：;；।॥؟۔”’»」』》)）\]】\"']$")
_STARTS_ITEM = re.compile(r"([-–—*•·‣▪◦●○■□]|\(?\d{1,3}[.)、．）]|[（(][一二三四五六七八九十\d]+[)）])\s?")
_FULL_LINE = 0.6
_WIDE_LINE = 48
"""A line shorter than this share of the longest one, and than so many columns, was ended on purpose."""


def line_breaks(text: str) -> list[Span]:
    """Return the white space that ends a line on purpose: of a list, a table, a paragraph, a title.

    The breaks left out are those that a narrow column put into a running sentence; drawn as spaces,
    they let a newspaper's text flow. Only the drawing differs, the characters stay.
    """
    full = min(_WIDE_LINE, _FULL_LINE * max((_columns(line.strip()) for line in text.split("\n")), default=0))
    gaps = list(_BREAK.finditer(text))
    starts = [0, *(gap.end() for gap in gaps)]
    lines = [text[start : gap.start()] for start, gap in zip(starts, gaps, strict=False)]
    runs_on = [_columns(line) >= full and not _ENDS_LINE.search(line) for line in lines]
    # Where a column's edge breaks lines, it also does so, by chance, after a full stop.
    is_column = any(runs and gap[0].count("\n") == 1 for runs, gap in zip(runs_on, gaps, strict=True))
    kept = []
    for line, gap, runs in zip(lines, gaps, runs_on, strict=True):
        by_chance = is_column and gap[0].count("\n") == 1 and _columns(line) >= full
        if "\t" in line or " | " in line or _STARTS_ITEM.match(text, gap.end()) or not (runs or by_chance):
            kept.append(Span(gap.start(), gap.end()))
    return kept


def _columns(line: str) -> int:
    """Return the width of a line in columns: East Asian characters take two."""
    return sum(2 if character >= "\u2e80" else 1 for character in line)


# --- passages -----------------------------------------------------------------------------------


def _others(hits: Sequence[Hit], strings: Strings) -> str:
    if not hits:
        return f'<p class="note">{escape(strings.nothing_else)}</p>'
    summary = escape(strings.others.format(count=len(hits)))
    return f'<details class="others"><summary>{summary}</summary>{_hits(hits, strings)}</details>'


def _hits(hits: Sequence[Hit], strings: Strings) -> str:
    if not hits:
        return ""
    documents: dict[str, list[Hit]] = {}  # in the order of the best passage of each
    for hit in hits:
        documents.setdefault(hit.passage.document_id, []).append(hit)
    items = "".join(
        f"<li>{''.join(_hit(hit, strings, named=not at) for at, hit in enumerate(found))}</li>"
        for found in documents.values()
    )
    return f'<ol class="hits">{items}</ol>'


def _hit(hit: Hit, strings: Strings, *, named: bool) -> str:
    """Return a passage; ``named`` says its document, which need not be said again for the next one of it."""
    text = hit.text
    source = hit.source if named else ""
    query = QuoteLink(hit.passage.document_id, hit.passage.span).query(hit.source)
    return (
        f'<div class="place">{render_place(source, hit.page, hit.headings, strings, hit.reading_confidence)}'
        f'<button type="button" class="open" data-query="{escape(query)}">{escape(strings.open_source)}</button></div>'
        f"{_also(hit.also, strings)}"
        f'<p class="passage" dir="auto"{lang_attribute(text)}>'
        f"{_dimmed(_lines(text, Span(0, len(text)), line_breaks(text)), hit.source)}</p>"
    )


def render_place(
    source: str,
    page: int | None,
    headings: Sequence[str],
    strings: Strings,
    reading_confidence: float | None = None,
) -> str:
    """Return source · page · headings, each part in its own direction; without a source where it is empty.

    Of what was read from a scan it says so, and how surely in words.
    """
    parts = [f'<span class="source">{escape_name(source)}</span>'] if source else []
    if page is not None:
        parts.append(f'<span class="page">{escape(strings.page.format(page=page))}</span>')
    if headings:
        path = '<span class="under" aria-hidden="true"> › </span>'.join(map(escape_name, headings))
        parts.append(f'<span class="headings">{path}</span>')
    if reading_confidence is not None:
        scanned = strings.scanned[confidence.reading_step(reading_confidence)]
        parts.append(f'<span class="scanned">{escape(scanned)}</span>')
    return '<span class="where">' + '<span class="dot"> · </span>'.join(parts) + "</span>"


def _also(places: Sequence[Place], strings: Strings) -> str:
    """Return where else a passage is printed; nothing where it stands in one document only."""
    if not places:
        return ""
    items = "".join(
        f"<li>{render_place(place.source, place.page, (), strings)}</li>" for place in places[:SHOWN_PLACES]
    )
    hidden = len(places) - SHOWN_PLACES
    more = f"<li>+{hidden}</li>" if hidden > 0 else ""
    return f'<div class="also"><span>{escape(strings.also)}</span><ul>{items}{more}</ul></div>'


def lang_attribute(text: str) -> str:
    """Return the ``lang`` attribute that picks the right glyphs: Han characters differ by language."""
    return f' lang="{_LANGUAGE_OF_SCRIPT.get(script(text), "")}"'


# --- around the conversation --------------------------------------------------------------------


def render_header(strings: Strings, user: str = "", *, keeps: bool = False) -> str:
    """Return the masthead; ``user`` is who signed in, and may sign out, and ``keeps`` says that there is a history."""
    options = "".join(
        f'<option value="{each.lang}" lang="{each.lang}"{" selected" if each is strings else ""}>'
        f"{escape(each.name)}</option>"
        for each in LANGUAGES.values()
    )
    return (
        f'<header class="masthead" lang="{strings.lang}" dir="{strings.direction}" '
        f'data-ask="{escape(strings.ask_button)}" data-lost="{escape(strings.connection_lost)}" '
        f'data-again="{escape(strings.ask_again)}" data-asked="{escape(strings.you_asked)}">'
        f"<div><h1>{escape(strings.title)}</h1><p>{escape(strings.tagline)}</p></div>{_views(strings, keeps=keeps)}"
        f'<select class="language" aria-label="{escape(strings.language)}" autocomplete="off">{options}</select>'
        f"{_sign_out(user, strings)}</header>"
    )


def _sign_out(user: str, strings: Strings) -> str:
    if not user:
        return ""
    return (
        f'<form class="user" method="post" action="/logout">{escape_name(user)} '
        f'<button type="submit" class="language">{escape(WORDS[strings.lang].sign_out)}</button></form>'
    )


def render_save(strings: Strings) -> str:
    """Return the buttons that end the conversation, and that keep it as a file; ``log.js`` writes it."""
    return (
        f'<span class="of-conversation"><button type="button" class="anew">{escape(strings.history_new)}</button>'
        f'<button type="button" class="save">{escape(strings.save_conversation)}</button></span>'
    )


def _views(strings: Strings, *, keeps: bool) -> str:
    """Return the buttons that change between the views of the page; ``header.js`` marks the current one."""
    views = (
        ("ask", strings.ask_view),
        *((("history", strings.history_view),) if keeps else ()),
        ("documents", strings.documents_view),
        ("evaluation", strings.evaluation_view),
    )
    buttons = "".join(
        f'<button type="button" data-go="{name}">{escape(words)}</button>' for name, words in views
    )
    return f'<nav class="views-of-page" aria-label="{escape(strings.views)}">{buttons}</nav>'


def render_examples(questions: Sequence[str], strings: Strings) -> str:
    """Return the example questions as buttons; nothing where there is none."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button type="button" class="example" dir="auto"{lang_attribute(question)} '
        f'data-question="{escape(question)}">{escape(question)}</button></li>'
        for question in questions
    )
    return (
        f'<section class="examples" lang="{strings.lang}" dir="{strings.direction}">'
        f"<h2>{escape(strings.examples)}</h2><ul>{buttons}</ul></section>"
    )


def render_suggestions(headings: Sequence[str], source: str, strings: Strings) -> str:
    """Return headings of a document as questions to it; nothing where there is none."""
    if not headings:
        return ""
    buttons = "".join(
        f'<li><button type="button" class="suggestion" dir="auto"{lang_attribute(heading)} '
        f'data-question="{escape(heading)}" data-within="{escape(source)}">{escape(heading)}</button></li>'
        for heading in headings
    )
    return f'<div class="suggestions"><h4>{escape(strings.suggestions)}</h4><ul>{buttons}</ul></div>'


def render_invitation(strings: Strings) -> str:
    """Return what stands in place of the examples while there is no document."""
    return (
        f'<section class="empty" lang="{strings.lang}" dir="{strings.direction}">'
        f"<h2>{escape(strings.no_documents)}</h2><p>{escape(strings.no_documents_note)}</p>"
        f'<button type="button" class="go" data-go="documents">{escape(strings.upload)}</button></section>'
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which documents the list shows: those with all ``words`` in source, title or author, from number ``first`` on."""

    words: str = ""
    language: str = ""
    first: int = 0

    def holds(self, info: DocumentInfo) -> bool:
        if self.language and info.language != self.language:
            return False
        words = fold(self.words).split()
        where = fold(f"{info.source}\n{info.title}\n{info.author}") if words else ""
        return all(word in where for word in words)


def render_documents(documents: Sequence[DocumentInfo], strings: Strings, *, edits: bool = True) -> str:
    """Return the documents with what chooses among them; ``documents.js`` fetches the list for another choice.

    Who ``edits`` may remove them.
    """
    return (
        f'<section class="documents" lang="{strings.lang}" dir="{strings.direction}" '
        f'data-failed="{escape(strings.remove_failed)}" data-receipt="{escape(strings.receipt)}" '
        f'data-ask="{escape(strings.remove_ask)}" data-no="{escape(strings.remove_no)}">'
        f"<h2>{escape(strings.documents)}</h2>"
        f'<form class="choice" role="search"><input type="search" name="words" dir="auto" autocomplete="off" '
        f'placeholder="{escape(strings.filter_documents)}" aria-label="{escape(strings.filter_documents)}">'
        f'<select name="language" aria-label="{escape(strings.filter_language)}">'
        f"{_language_options(documents, strings)}</select></form>"
        f'<p class="receipt" role="status"></p>'
        f'<div class="chosen">{render_list(documents, Choice(), strings, edits=edits)}</div></section>'
    )


def _language_options(documents: Sequence[DocumentInfo], strings: Strings) -> str:
    """Return the languages that there are, by their tags: the browser knows their names in every language."""
    tags = sorted({info.language for info in documents if info.language})
    options = "".join(
        f'<option value="{escape(tag)}" data-tag="{escape(tag)}">{escape(tag)}</option>' for tag in tags
    )
    return f'<option value="">{escape(strings.all_languages)}</option>{options}'


def render_list(
    documents: Sequence[DocumentInfo], choice: Choice, strings: Strings, *, edits: bool = True
) -> str:
    """Return a part of the documents that were chosen, the latest first, how many there are, and a button for more."""
    chosen = sorted(filter(choice.holds, documents), key=lambda info: info.added, reverse=True)
    shown = chosen[choice.first : choice.first + SHOWN_DOCUMENTS]
    items = "".join(f"<li>{_document(info, strings, edits=edits)}</li>" for info in shown)
    count = strings.documents_count.format(
        documents=len(documents), passages=sum(info.passages for info in documents)
    )
    if choice.words or choice.language:
        count = strings.documents_found.format(count=len(chosen))
    told = "" if choice.first else f'<p class="note" role="status">{escape(count)}</p>'
    after = choice.first + len(shown)
    more = ""
    if after < len(chosen):
        words = escape(strings.documents_more.format(count=len(chosen) - after))
        more = f'<button type="button" class="more" data-first="{after}">{words}</button>'
    return f'{told}{f"""<ul class="list">{items}</ul>""" if items else ""}{more}'


def _document(info: DocumentInfo, strings: Strings, *, edits: bool) -> str:
    facts = [strings.passages_count.format(count=info.passages)]
    if info.pages is not None:
        facts.insert(0, strings.pages_count.format(count=info.pages))
    if info.date:
        facts.append(strings.dated.format(date=_isolated(info.date)))
    facts.append(strings.added_on.format(date=_isolated(info.added[:10])))
    told = escape(" · ".join([*filter(None, [_isolated(info.author) if info.author else ""]), *facts]))
    title = ""
    if info.title and info.title != info.source:
        title = f'<span class="title"{lang_attribute(info.title)}>{escape_name(info.title)}</span>'
    tag = (
        f' · <span data-tag="{escape(info.language)}">{escape(info.language)}</span>' if info.language else ""
    )
    remove = ""
    if edits:
        words = escape(strings.remove)
        remove = f'<button type="button" class="remove" data-document="{escape(info.id)}">{words}</button>'
    return (
        f'<span class="source">{escape_name(info.source)}</span>{title}'
        f'<span class="facts">{told}{tag}</span><span class="deeds">'
        f'<button type="button" class="open" data-query="{escape(QuoteLink(info.id, Span(0, 0)).query(info.source))}">'
        f"{escape(strings.open_document)}</button>"
        f'<button type="button" class="ask-this" data-within="{escape(info.source)}">'
        f"{escape(strings.ask_this)}</button>"
        f"{remove}</span>"
    )


def render_scope(documents: Sequence[DocumentInfo], strings: Strings) -> str:
    """Return what chooses the documents that are asked, folded; ``scope.js`` keeps what is chosen."""
    names = sorted({folder for info in documents for folder in _folders(info.source)})[:MOST_FOLDERS]
    options = "".join(f'<option value="{escape(name)}"></option>' for name in names)
    dates = "".join(
        f'<label>{escape(words)} <input name="{name}" inputmode="numeric" autocomplete="off" dir="ltr" '
        f'placeholder="{escape(strings.scope_date)}" pattern="[0-9]{{4}}(-[0-9]{{2}}){{0,2}}"></label>'
        for name, words in (("since", strings.scope_since), ("until", strings.scope_until))
    )
    return (
        f'<details class="scope" lang="{strings.lang}" dir="{strings.direction}"><summary>'
        f'<span class="scope-label">{escape(strings.scope)}:</span> '
        f'<span class="scope-told" data-all="{escape(strings.scope_all)}">{escape(strings.scope_all)}</span></summary>'
        f'<form><label>{escape(strings.scope_folder)} <input name="within" list="scope-names" dir="auto" '
        f'autocomplete="off" maxlength="1000"></label><datalist id="scope-names">{options}</datalist>'
        f'<label>{escape(strings.filter_language)} <select name="language">'
        f"{_language_options(documents, strings)}</select></label>{dates}"
        f'<button type="reset">{escape(strings.scope_clear)}</button></form></details>{render_save(strings)}'
    )


def _folders(source: str) -> Iterator[str]:
    """Yield the folders that hold a document, the outermost first."""
    for at, character in enumerate(source):
        if character == "/":
            yield source[:at]


# --- conversations that are kept ----------------------------------------------------------------


def render_history(conversations: Sequence[PastConversation], strings: Strings, *, shared: bool) -> str:
    """Return the conversations of a user, or those ``shared`` by all who use this machine.

    They can be opened again, saved and removed; ``history.js`` does it.
    """
    items = "".join(f"<li>{_past(each, strings)}</li>" for each in conversations)
    everything = ""
    if conversations:
        everything = f"<span>{escape(strings.history_all)}:</span> {_exports('', strings)}"
    listed = f'<ul class="list">{items}</ul>' if items else f"<p>{escape(strings.history_empty)}</p>"
    note = strings.history_note_shared if shared else strings.history_note
    return (
        f'<section class="documents" lang="{strings.lang}" dir="{strings.direction}" '
        f'data-ask="{escape(strings.history_remove_ask)}" data-no="{escape(strings.remove_no)}" '
        f'data-done="{escape(strings.history_removed)}" data-failed="{escape(strings.history_remove_failed)}">'
        f'<h2>{escape(strings.history_view)}</h2><p class="note">{escape(note)}</p>'
        f'<p class="deeds"><button type="button" class="anew" data-go="ask">{escape(strings.history_new)}</button>'
        f'{everything}</p><p class="receipt" role="status"></p>{listed}</section>'
    )


def _past(kept: PastConversation, strings: Strings) -> str:
    time = _isolated(f"{kept.changed[:16].replace('T', ' ')} UTC")
    when = f'<time datetime="{escape(kept.changed)}">{escape(time)}</time>'
    count = escape(strings.history_questions.format(count=kept.turns))
    return (
        f'<button type="button" class="reopen" data-go="ask" data-conversation="{escape(kept.id)}" dir="auto"'
        f'{lang_attribute(kept.title)}>{escape(kept.title)}</button><span class="facts">{when} · {count}</span>'
        f'<span class="deeds">{_exports(kept.id, strings)}'
        f'<button type="button" class="remove" data-conversation="{escape(kept.id)}">{escape(strings.remove)}</button>'
        "</span>"
    )


def _exports(conversation: str, strings: Strings) -> str:
    """Return links that save a conversation, or all of them where none is named, in each form."""
    return "".join(
        f'<a class="export" download href="v1/conversations/{escape(conversation or "all")}/{name}" '
        f'title="{escape(strings.history_save.format(form=words))}">{escape(words)}</a>'
        for name, words in (("markdown", "Markdown"), ("csv", "CSV"), ("jsonl", "JSON"))
    )


# --- uploads ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one uploaded file: ``added updated unchanged failed``, and what to know about it."""

    name: str
    outcome: str
    trouble: Trouble | None = None


def render_upload_limits(kinds: Sequence[str], size_mb: int, count: int, strings: Strings) -> str:
    note = strings.upload_note.format(kinds=_isolated(", ".join(kinds)), size=size_mb, count=count)
    return (
        f'<div class="limits" lang="{strings.lang}" dir="{strings.direction}">'
        f"<h3>{escape(strings.upload)}</h3><p>{escape(note)}</p></div>"
    )


def render_report(
    outcomes: Sequence[FileOutcome],
    strings: Strings,
    *,
    total: int,
    reading: str | None = None,
    share: float = 0.0,
    note: str = "",
) -> str:
    """Return the report of an upload, one line a file; ``share`` (0 to 1) of the file ``reading`` is done."""
    done = len(outcomes)
    lines = [_outcome(outcome, strings) for outcome in outcomes]
    if reading is not None:
        label = strings.indexing.format(name=reading, number=done + 1, total=total)
        lines.append(f'<li class="reading">{escape_name(label)}</li>')
    warning = f'<p class="note" role="alert">{escape(note)}</p>' if note else ""
    heading = escape(strings.report.format(done=done, total=total))
    bar = f'<progress max="{total}" value="{done + share:.4g}"></progress>'
    return (
        f'<section class="report" role="status" lang="{strings.lang}" dir="{strings.direction}">'
        f'<p class="progress"><label>{heading} {bar}</label></p>'
        f"{warning}<ul>{''.join(lines)}</ul></section>"
    )


def _outcome(outcome: FileOutcome, strings: Strings) -> str:
    words = {
        "added": strings.added,
        "updated": strings.updated,
        "unchanged": strings.unchanged,
        "failed": strings.failed,
    }[outcome.outcome]
    message = _trouble(outcome.trouble) if outcome.trouble else ""
    return (
        f'<li class="{outcome.outcome}"><span class="source">{escape_name(outcome.name)}</span> '
        f'<span class="outcome">{escape(words)}</span>{message}</li>'
    )


# --- evaluation ---------------------------------------------------------------------------------


def render_evaluation(count: int, strings: Strings, *, edits: bool = True) -> str:
    """Return what an evaluation is, above the box that takes a question set of at most ``count`` questions.

    For who does not edit there is none.
    """
    if not edits:
        note = f'<p class="note">{escape(strings.only_editors)}</p>'
        return f'<section class="limits" lang="{strings.lang}" dir="{strings.direction}">{note}</section>'
    return (
        f'<section class="limits" lang="{strings.lang}" dir="{strings.direction}"><h2>{escape(strings.evaluation)}</h2>'
        f"<p>{escape(strings.evaluation_note.format(count=count))}</p></section>"
    )


def render_evaluating(share: float, strings: Strings) -> str:
    """Return how far an evaluation is, ``share`` from 0 to 1."""
    return (
        f'<section class="report" role="status" lang="{strings.lang}" dir="{strings.direction}"><p class="progress">'
        f'<label>{escape(strings.evaluating)} <progress max="1" value="{share:.3f}"></progress></label></p></section>'
    )


def render_evaluated(report: str | Trouble, name: str, strings: Strings) -> str:
    """Return the report in a frame of its own, in which nothing runs, or what was wrong with the questions."""
    if isinstance(report, Trouble):
        return (
            f'<section class="card failed" role="alert" lang="{strings.lang}" dir="{strings.direction}">'
            f"<h2>{escape(strings.evaluation_failed)}</h2>{_trouble(report)}</section>"
        )
    return (
        f'<section class="evaluated" lang="{strings.lang}" dir="{strings.direction}">'
        f'<header class="place"><h2>{escape(strings.evaluation_report)} {escape_name(name)}</h2>'
        f'<button type="button" class="download">{escape(strings.download_report)}</button></header>'
        f'<iframe sandbox title="{escape(strings.evaluation_report)}" srcdoc="{escape(report)}"></iframe></section>'
    )


def render_alert(trouble: Trouble, strings: Strings) -> str:
    """Return what is wrong with the library as a whole."""
    return f'<div class="alert" role="alert" lang="{strings.lang}" dir="{strings.direction}">{_trouble(trouble)}</div>'
