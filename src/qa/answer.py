"""One question in, one answer out: retrieve, quote, decide. Read this file first."""

from __future__ import annotations

from qa.confidence import COMPARED, Calibrator
from qa.errors import QuestionError, QuoteMismatch
from qa.extractor import Extractor
from qa.library import Library
from qa.quotes import BestQuote, best_quote
from qa.reasons import language_of, reason_abstained, reason_answered, reason_empty, say
from qa.types import Answer, Hit, Quote, Reason, Retriever, Scope, TokenEncoder

LONGEST_QUESTION = 2000
"""Characters; longer input is a document, not a question."""

TRIES = 5
"""How often a question is asked anew whose passage went away while it was quoted."""

LONGEST_QUERY = 100_000
"""Characters that passages may be searched for: a whole page asks for its like."""


class Answerer:
    """Answers questions by quoting, or says that the documents do not hold the answer."""

    def __init__(
        self,
        retriever: Retriever,
        library: Library,
        token_encoder: TokenEncoder,
        extractor: Extractor,
        calibrator: Calibrator,
        *,
        max_error: float,
    ) -> None:
        self._retriever = retriever
        self._library = library
        self._token_encoder = token_encoder
        self._extractor = extractor
        self._calibrator = calibrator
        self._max_error = max_error

    def answer(self, question: str, *, k: int = 10, scope: Scope | None = None) -> Answer:
        """Retrieve, quote, decide; with ``scope``, from its documents only.

        Raises:
            QuestionError: the question holds no words or is longer than ``LONGEST_QUESTION`` characters.
            ScopeError: no document is in the scope.
            QuoteMismatch: the quote differs from the stored document; it is not shown.
        """
        question = checked(question)
        # how far the first is ahead is evidence
        hits, best, nearest = self._quoted(question, max(k, COMPARED), scope)
        if best is None or nearest is None:
            return _told(question, None, 0.0, reason_empty(), hits[:k])
        probability = self._calibrator.probability(hits, best)
        if probability < self._calibrator.limit(hits, self._max_error):
            why = reason_abstained(question, hits[0], nearest, self._token_encoder)
            return _told(question, None, probability, why, hits[:k], nearest)
        return _told(question, nearest, probability, reason_answered(question, nearest), hits[:k], nearest)

    def _quoted(
        self, question: str, k: int, scope: Scope | None
    ) -> tuple[tuple[Hit, ...], BestQuote | None, Quote | None]:
        """Return the best passages and the quote of the first, none where nothing is found."""
        for tried in range(1, TRIES + 1):
            hits = tuple(self._retriever.search(question, k=k, scope=scope))
            best = self._best_quote(question, hits[0]) if hits else None
            try:
                return hits, best, self._verified(hits[0], best) if best else None
            except QuoteMismatch:
                if tried == TRIES or self._library.sources([hits[0].passage.document_id]):
                    raise
            # the document was removed, or replaced, since it was found
        raise AssertionError("the last try returns or raises")

    def _best_quote(self, question: str, hit: Hit) -> BestQuote | None:
        return best_quote(question, hit.passage, self._token_encoder, self._extractor, hit.tokens)

    def _verified(self, hit: Hit, best: BestQuote) -> Quote:
        """Cut the quote out of the stored document, compared with the passage that was searched."""
        passage = hit.passage
        quote = Quote(
            text=best.span.shift(-passage.span.start).of(passage.text),
            span=best.span,
            document_id=passage.document_id,
            source=hit.source,
            passage_id=passage.id,
            title=passage.title,
            page=passage.page,
            headings=passage.headings,
            highlights=best.highlights,
            also=hit.also,
        )
        if self._library.slice(passage.document_id, best.span) != quote.text:
            raise QuoteMismatch(hit.source, best.span.start, best.span.end)
        return quote


def _told(
    question: str,
    quote: Quote | None,
    probability: float,
    why: Reason,
    hits: tuple[Hit, ...],
    nearest: Quote | None = None,
) -> Answer:
    """Return the answer with its reason in the question's language."""
    return Answer(question, quote, probability, say(why, language_of(question)), hits, nearest, why)


def checked(question: str, *, longest: int = LONGEST_QUESTION) -> str:
    """Return the question without outer space; raise ``QuestionError`` if nothing or too much is left."""
    # half a surrogate pair, as a terminal may hand over, is no character
    question = question.encode("utf-8", "replace").decode("utf-8").strip()
    if not any(char.isalnum() for char in question):
        raise QuestionError("The question holds no words. Ask in a few words, in any language.")
    if len(question) > longest:
        raise QuestionError(
            f"The question has {len(question)} characters; at most {longest} are read. Shorten it."
        )
    return question
