"""Links to quotes: what names a place in a document, so that it opens there again."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from qa.errors import QuestionError
from qa.types import Span

MOST_MARKS = 50


@dataclass(frozen=True, slots=True)
class QuoteLink:
    """A document, the quote's span in it (empty: the document from its beginning), and the answering words."""

    document_id: str
    span: Span
    marks: tuple[Span, ...] = ()

    @classmethod
    def of(cls, document_id: str, start: int, end: int, marks: str = "") -> QuoteLink:
        """Return the place that a link names; ``marks`` are written as ``46-51,60-65``.

        Raises:
            QuestionError: the numbers are no spans, or a mark lies outside.
        """
        try:
            span = Span(start, end)
            pairs = [pair.split("-") for pair in marks.split(",")[:MOST_MARKS] if pair]
            found = tuple(Span(int(first), int(last)) for first, last in pairs)
        except ValueError as error:
            raise QuestionError(f"The link names no place in a document: {error}.") from error
        if not all(span.contains(mark) for mark in found):
            raise QuestionError("The link names no place in a document: a mark lies outside the quote.")
        return cls(document_id, span, found)

    def query(self, source: str = "") -> str:
        """Return the place as the query of a URL; with ``source`` it can say what the document was."""
        marks = ",".join(f"{mark.start}-{mark.end}" for mark in self.marks[:MOST_MARKS])
        fields = {"document": self.document_id, "start": self.span.start, "end": self.span.end}
        return urlencode(fields | ({"marks": marks} if marks else {}) | ({"of": source} if source else {}))
