"""Conversations that were kept: made answers again with the documents' words of now, and written for other programs.

What leaves here is written by strangers, as everything on the page: Markdown gets no markup of theirs, and a table no
cell that a spreadsheet would take for a formula.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from qa import confidence
from qa.citing import Citation
from qa.errors import DocumentNotFound
from qa.history import PastPlace, PastTurn
from qa.reasons import say
from qa.types import Answer, Document, Hit, Passage, Quote, Turn
from qa.web.links import QuoteLink
from qa.web.service import Service
from qa.web.strings import Strings

COLUMNS = (
    "asked", "question", "read_as", "answered", "quote", "source", "page", "headings", "start", "end", "confidence",
    "link",
)  # fmt: skip


class Recall:
    """Makes turns of kept ones; a document is read once for all of them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._documents: dict[str, Document | None] = {}

    def turn(self, past: PastTurn) -> Turn | None:
        """Return a turn with the words that stand at its places; None if its quote's document changed or is gone."""
        hits = [hit for rank, place in enumerate(past.passages, 1) if (hit := self._hit(rank, place))]
        quote = self._quote(past.quote) if past.quote else None
        if past.answered and quote is None:
            return None
        why = replace(past.why, source=hits[0].source) if past.why and hits else past.why
        reason = say(why, "en") if why else ""
        answer = Answer(past.standalone, quote, past.confidence, reason, tuple(hits), why=why)
        return Turn(past.question, past.standalone, answer)

    def _hit(self, rank: int, place: PastPlace) -> Hit | None:
        if (document := self._document(place)) is None:
            return None
        cited = Citation.of(document, place.span)
        passage = Passage(
            document.id, place.span, cited.text, document.title, cited.headings, cited.page, place.passage_id
        )
        return Hit(rank, 1.0 / rank, passage, document.source)

    def _quote(self, place: PastPlace) -> Quote | None:
        if (document := self._document(place)) is None:
            return None
        cited = Citation.of(document, place.span)
        return Quote(
            cited.text,
            place.span,
            document.id,
            document.source,
            place.passage_id,
            document.title,
            cited.page,
            cited.headings,
            place.marks,
        )

    def _document(self, place: PastPlace) -> Document | None:
        """Return the very version that a place names, its stored text proven; None if that is no longer there."""
        name = place.document_id
        if name not in self._documents:
            try:
                self._documents[name] = self._service.document(name)
            except DocumentNotFound:
                self._documents[name] = None
        found = self._documents[name]
        return found if found and found.id == name and place.span.end <= len(found.text) else None


# --- for other programs -------------------------------------------------------------------------


def as_records(turns: Iterable[PastTurn], recall: Recall, page: str) -> list[dict[str, Any]]:
    """Return turns as JSON objects; ``page`` is the address that links to quotes begin with.

    ``quote`` is null where there was none, and where its document changed or is gone (``answered`` says which).
    """
    return [_record(past, recall.turn(past), page) for past in turns]


def _record(past: PastTurn, turn: Turn | None, page: str) -> dict[str, Any]:
    quote = turn.answer.quote if turn else None
    told: dict[str, Any] | None = None
    if quote:
        link = QuoteLink(quote.document_id, quote.span, quote.highlights).query(quote.source)
        told = {**quote.to_dict(), "link": f"{page}#{link}"}
        del told["passage_id"], told["also"]
    return {
        "asked": past.asked,
        "question": past.question,
        "standalone": past.standalone,
        "answered": past.answered,
        "confidence": past.confidence,
        "quote": told,
    }


def as_jsonl(records: Iterable[dict[str, Any]], _: Strings) -> str:
    """Return a line of JSON for each turn."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def as_csv(records: Iterable[dict[str, Any]], _: Strings) -> str:
    """Return a table (RFC 4180) with the columns of ``COLUMNS``; it begins with a mark by which Excel sees UTF-8."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for record in records:
        quote = record["quote"] or {}
        cells = {
            **record,
            "read_as": record["standalone"] if record["standalone"] != record["question"] else "",
            "answered": "yes" if record["answered"] else "no",
            "confidence": f"{record['confidence']:.2f}",
            **{name: quote.get(name) for name in ("source", "page", "start", "end", "link")},
            "headings": " › ".join(quote.get("headings", ())),
            "quote": quote.get("text"),
        }
        writer.writerow([harmless(str(cells[name] if cells[name] is not None else "")) for name in COLUMNS])
    return "\ufeff" + written.getvalue()


_FORMULA = re.compile(r"[\s\x00-\x1f\ufeff\u200b-\u200f]*[=+\-@\t\r\n＝＋－＠]")
"""What begins like this may be run by a spreadsheet, which drops white space before it and folds full-width signs."""


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that could be gets an apostrophe before it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_markdown(records: Iterable[dict[str, Any]], strings: Strings) -> str:
    """Return the turns to be read, in the reader's language; nothing that strangers wrote acts as markup."""
    return "\n\n".join(_markdown(record, strings) for record in records) + "\n"


def _markdown(record: dict[str, Any], strings: Strings) -> str:
    parts = [f"## {_plain(record['question'])}"]
    if record["standalone"] != record["question"]:
        parts.append(_plain(strings.read_as.format(question=record["standalone"])))
    quote = record["quote"]
    if quote:
        page = (strings.page.format(page=quote["page"]),) if quote["page"] is not None else ()
        place = " · ".join((quote["source"], *page, " › ".join(quote["headings"])))
        parts += [
            "\n".join(f"> {_plain(line)}" for line in quote["text"].splitlines()),
            f"— {_plain(place.removesuffix(' · '))}",
            f"<{quote['link']}>",
            strings.confidence[confidence.step(record["confidence"])],
        ]
    else:
        parts.append(f"**{strings.answer_gone if record['answered'] else strings.not_found}**")
    return "\n\n".join([*parts, record["asked"]])


_MARKUP = re.compile(r"[\\`*_\[\]#|~$!{}]")
_BEGINS_BLOCK = re.compile(r"^(\s*)([-+=:]|\d+(?=[.)]))")


def _plain(text: str) -> str:
    """Return one line of Markdown that shows ``text``."""
    line = " ".join(text.splitlines()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", line)
    # A digit cannot be escaped, what follows it can.
    return _BEGINS_BLOCK.sub(
        lambda found: f"{found[1]}{found[2]}\\" if found[2].isdigit() else f"{found[1]}\\{found[2]}", escaped
    )


Form = Callable[[Sequence[dict[str, Any]], Strings], str]
FORMS: dict[str, tuple[Form, str, str]] = {
    "markdown": (as_markdown, "text/markdown", "md"),
    "jsonl": (as_jsonl, "application/jsonl", "jsonl"),
    "csv": (as_csv, "text/csv", "csv"),
}
"""By name: what writes it, its media type and its extension."""
