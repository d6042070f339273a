"""How well a quote and its marked words meet the spans that answer a question."""

from __future__ import annotations

from collections.abc import Iterable

from qa.evaluation.questions import Question
from qa.types import Quote, Span


def mark_values(question: Question, quote: Quote | None) -> dict[str, float] | None:
    """Return ``covered``, ``precision``, ``recall`` and ``f1`` of the best quote, shown or withheld.

    ``covered`` is 1 where the quote contains a whole span. The others compare the code points of the marked
    words with those of the span that they meet best (as SQuAD compares words; code points, because not every
    script parts words). All are 0 for no quote, for one of another document, and where nothing is marked.
    None for a question without spans.
    """
    if not question.spans:
        return None
    values = {"covered": 0.0, "precision": 0.0, "recall": 0.0, "f1": 0.0}
    if quote is None or quote.source != question.sources[0]:
        return values
    values["covered"] = float(any(quote.span.contains(span) for span in question.spans))
    marked = _places(quote.highlights)
    scored = [overlap(marked, _places([span])) for span in question.spans]
    return values | max(scored, key=lambda each: each["f1"])


def overlap(marked: set[int], wanted: set[int]) -> dict[str, float]:
    """Return precision, recall and F1 of two sets of places; all 0 where they share none."""
    shared = len(marked & wanted)
    if not shared:
        return {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    precision, recall = shared / len(marked), shared / len(wanted)
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / (precision + recall)}


def _places(spans: Iterable[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}
