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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qa import confidence
from qa.feedback import LONGEST_TEXT, MOST_MARKS, RIGHT, WRONG, Feedback
from qa.reasons import say
from qa.text import script
from qa.types import Answer, DocumentInfo, Hit, Quote, Span
from qa.web.signin import WORDS
from qa.web.strings import LANGUAGES, Strings
from qa.web.troubles import Trouble

SHOWN_DOCUMENTS = 200
NEAREST = 3
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


def render_turn(turn_id: str, question: str, standalone: str, answer: Answer, strings: Strings) -> str:
    """Return a turn: what was asked, how it was read where that differs, and what was answered."""
    reading = ""
    if standalone.strip() != question.strip():
        reading = _render_reading(standalone, strings)
    return _turn(turn_id, question, reading + render_answer(answer, strings), strings)


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


def _turn(turn_id: str, question: str, body: str, strings: Strings) -> str:
    return (
        f'<article class="turn" id="{escape(turn_id)}" lang="{strings.lang}" dir="{strings.direction}">'
        f'<div class="asked"><span class="unseen">{escape(strings.you_asked)} </span>'
        f'<p class="question" dir="auto">{escape(question)}</p></div>{body}</article>'
    )


def _trouble(trouble: Trouble) -> str:
    details = (
        f'<p class="details" lang="en" dir="ltr">{escape(trouble.details)}</p>' if trouble.details else ""
    )
    sentence = f'<p class="message" dir="auto">{escape(trouble.sentence)}</p>' if trouble.sentence else ""
    return sentence + details


# --- an answer ----------------------------------------------------------------------------------


def render_answer(answer: Answer, strings: Strings) -> str:
    """Return the card of a quote, or of "not in these documents"."""
    if answer.quote is None:
        return _render_abstention(answer, strings)
    return _render_quote(answer, answer.quote, strings)


def _render_quote(answer: Answer, quote: Quote, strings: Strings) -> str:
    before, after = surroundings(quote, answer.hits)
    others = [hit for hit in answer.hits if hit.passage.id != quote.passage_id]
    step = confidence.step(answer.confidence)
    return (
        '<section class="card answered">'
        f'<header class="place"><h3 class="unseen">{escape(strings.answer)}</h3>'
        f"{_place(quote.source, quote.page, quote.headings, strings)}"
        f'<button type="button" class="copy" data-copied="{escape(strings.copied)}">'
        f"{escape(strings.copy)}</button></header>"
        f'<blockquote class="passage" dir="auto"{_lang(quote.text)}>'
        f"{_dimmed(_quote_in_passage(before, quote, after), quote.source)}</blockquote>"
        f'<p class="confidence step-{step}">{escape(strings.confidence[step])}</p>'
        f"{_reason(answer, strings)}"
        f"{_verdict(answer, strings)}{_others(others, strings)}</section>"
    )


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
    """Return the two buttons that say whether the answer is right; ``log.js`` sends what they carry."""
    request = escape(json.dumps(feedback_request(answer), ensure_ascii=False))
    buttons = "".join(
        f'<button type="button" class="thumb" data-verdict="{verdict}" aria-pressed="false">{escape(words)}</button>'
        for verdict, words in ((RIGHT, strings.verdict_right), (WRONG, strings.verdict_wrong))
    )
    return (
        f'<div class="verdict" role="group" aria-label="{escape(strings.is_right)}" data-request="{request}" '
        f'data-kept="{escape(strings.verdict_kept)}" data-lost="{escape(strings.verdict_lost)}">'
        f'<span aria-hidden="true">{escape(strings.is_right)}</span>{buttons}<span role="status"></span>'
        f'<form class="expected" hidden><label>{escape(strings.expected_ask)} '
        f'<input type="text" name="expected" maxlength="{LONGEST_TEXT}" autocomplete="off" dir="auto"></label>'
        f'<button type="submit" class="thumb">{escape(strings.expected_send)}</button></form></div>'
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
    items = "".join(f"<li>{_hit(hit, strings)}</li>" for hit in hits)
    return f'<ol class="hits">{items}</ol>'


def _hit(hit: Hit, strings: Strings) -> str:
    text = hit.text
    return (
        f'<div class="place">{_place(hit.source, hit.page, hit.headings, strings)}</div>'
        f'<p class="passage" dir="auto"{_lang(text)}>'
        f"{_dimmed(_lines(text, Span(0, len(text)), line_breaks(text)), hit.source)}</p>"
    )


def _place(source: str, page: int | None, headings: Sequence[str], strings: Strings) -> str:
    """Return source · page · headings, each part in its own direction."""
    parts = [f'<span class="source">{escape_name(source)}</span>']
    if page is not None:
        parts.append(f'<span class="page">{escape(strings.page.format(page=page))}</span>')
    if headings:
        path = '<span class="under" aria-hidden="true"> › </span>'.join(map(escape_name, headings))
        parts.append(f'<span class="headings">{path}</span>')
    return '<span class="where">' + '<span class="dot"> · </span>'.join(parts) + "</span>"


def _lang(text: str) -> str:
    """Return the ``lang`` attribute that picks the right glyphs: Han characters differ by language."""
    return f' lang="{_LANGUAGE_OF_SCRIPT.get(script(text), "")}"'


# --- around the conversation --------------------------------------------------------------------


def render_header(strings: Strings, user: str = "") -> str:
    """Return the masthead; ``user`` is who signed in, and may sign out."""
    options = "".join(
        f'<option value="{each.lang}" lang="{each.lang}"{" selected" if each is strings else ""}>'
        f"{escape(each.name)}</option>"
        for each in LANGUAGES.values()
    )
    return (
        f'<header class="masthead" lang="{strings.lang}" dir="{strings.direction}" '
        f'data-ask="{escape(strings.ask_button)}">'
        f"<div><h1>{escape(strings.title)}</h1><p>{escape(strings.tagline)}</p></div>"
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


def render_examples(questions: Sequence[str], strings: Strings) -> str:
    """Return the example questions as buttons; nothing where there is none."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button type="button" class="example" dir="auto"{_lang(question)} '
        f'data-question="{escape(question)}">{escape(question)}</button></li>'
        for question in questions
    )
    return (
        f'<section class="examples" lang="{strings.lang}" dir="{strings.direction}">'
        f"<h2>{escape(strings.examples)}</h2><ul>{buttons}</ul></section>"
    )


def render_invitation(strings: Strings) -> str:
    """Return what stands in place of the examples while there is no document."""
    return (
        f'<section class="empty" lang="{strings.lang}" dir="{strings.direction}">'
        f"<h2>{escape(strings.no_documents)}</h2><p>{escape(strings.no_documents_note)}</p></section>"
    )


def render_documents(documents: Sequence[DocumentInfo], strings: Strings) -> str:
    """Return the list of documents, the latest first."""
    shown = sorted(documents, key=lambda info: info.added, reverse=True)[:SHOWN_DOCUMENTS]
    count = strings.documents_count.format(
        documents=len(documents), passages=sum(info.passages for info in documents)
    )
    items = "".join(f"<li>{_document(info, strings)}</li>" for info in shown)
    listed = f'<ul class="list">{items}</ul>' if items else ""
    hidden = len(documents) - len(shown)
    more = f'<p class="note">{escape(strings.documents_more.format(count=hidden))}</p>' if hidden else ""
    return (
        f'<section class="documents" lang="{strings.lang}" dir="{strings.direction}">'
        f'<h2>{escape(strings.documents)}</h2><p class="note">{escape(count)}</p>{listed}{more}</section>'
    )


def _document(info: DocumentInfo, strings: Strings) -> str:
    facts = [strings.passages_count.format(count=info.passages)]
    if info.pages is not None:
        facts.insert(0, strings.pages_count.format(count=info.pages))
    facts.append(strings.added_on.format(date=_isolated(info.added[:10])))
    title = ""
    if info.title and info.title != info.source:
        title = f'<span class="title"{_lang(info.title)}>{escape_name(info.title)}</span>'
    return (
        f'<span class="source">{escape_name(info.source)}</span>{title}'
        f'<span class="facts">{escape(" · ".join(facts))}</span>'
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


def render_alert(trouble: Trouble, strings: Strings) -> str:
    """Return what is wrong with the library as a whole."""
    return f'<div class="alert" role="alert" lang="{strings.lang}" dir="{strings.direction}">{_trouble(trouble)}</div>'
